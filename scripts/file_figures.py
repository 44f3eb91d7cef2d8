"""Figures on reading files: makes every kind from the bundled documents, reads them, and compares with the text.

Text files must give the very clauses of the text. Scans are measured page by page against the printed text: share of
characters that are right, and of figures (amounts, percentages, dates, numbers of documents and articles) that are
right, or wrong and marked as doubtful.

    python scripts/file_figures.py [--folder F] [--dpi 150 200] [--pages 3]
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rapidfuzz.distance import Levenshtein

sys.path.insert(0, str(Path(__file__).parent.parent))
from index.files.printed import compose
from index.files.scan import picture_page
from index.files.sheet import LOW_CONFIDENCE, Composer, Reading
from index.parse import parse_reading
from index.reading import read_source
from tests import sample_files as samples

FIGURE = re.compile(
    r"\d[\d,.]*\s*(?:[%％]|万亿元|亿元|万元|元|万|亿|家|个|项|年|月|日|号|倍)?|第[一二三四五六七八九十百]+[条章节款项]"
    r"|（[一二三四五六七八九十]+）|[一二三四五六七八九十]+、"
)


@dataclass
class Count:
    """Characters and figures over some pages."""

    pages: int = 0
    characters: int = 0
    wrong: int = 0
    figures: int = 0
    figures_wrong: int = 0
    figures_silent: int = 0
    """Wrong, and no character of it marked."""
    marked: int = 0
    """Characters marked as doubtful."""
    cpu: float = 0.0
    missed: list[str] = field(default_factory=list)
    worst: list[tuple[float, str]] = field(default_factory=list)
    """(lowest confidence in it, printed → read) of each wrong figure."""


def plain(reading: Reading) -> tuple[str, list[float]]:
    """Characters of a reading without layout signs, and the confidence of each."""
    text = re.sub(r"\*\*|</?sup>|^#+ ", lambda m: "\x00" * len(m.group(0)), reading.text, flags=re.M)
    sure = np.ones(len(text))
    for span in reading.recognised:
        sure[span.start : span.end] = span.confidence
    kept = [i for i, c in enumerate(text) if not c.isspace() and c != "\x00"]
    return "".join(text[i] for i in kept), [float(sure[i]) for i in kept]


EVEN = str.maketrans("（）：，；—－", "():,;--")


def compare(truth: str, read: str, sure: list[float], count: Count) -> None:
    """Add one page."""
    truth, read = truth.translate(EVEN), read.translate(EVEN)
    edits = Levenshtein.opcodes(truth, read)
    place = np.zeros(len(truth) + 1, dtype=int)
    for edit in edits:
        a, b, x, y = edit.src_start, edit.src_end, edit.dest_start, edit.dest_end
        for i in range(a, b):
            place[i] = min(x + (i - a), y)
    place[len(truth)] = len(read)
    count.pages += 1
    count.characters += len(truth)
    count.wrong += sum(max(e.src_end - e.src_start, e.dest_end - e.dest_start) for e in edits if e.tag != "equal")
    count.marked += sum(s < LOW_CONFIDENCE for s in sure)
    for m in FIGURE.finditer(truth.replace("(", "（").replace(")", "）")):
        start, end = int(place[m.start()]), int(place[m.end() - 1]) + 1
        count.figures += 1
        wanted = truth[m.start() : m.end()]
        if read[start:end] != wanted:
            count.figures_wrong += 1
            lowest = min(sure[max(start - 1, 0) : end + 1], default=1.0)
            count.worst.append(
                (lowest, f"{truth[max(m.start() - 6, 0) : m.end() + 4]} → {read[max(start - 6, 0) : end + 4]}")
            )
            if lowest >= LOW_CONFIDENCE:
                count.figures_silent += 1


def page_text(reading: Reading, page: int) -> str:
    """What a reading says on one page."""
    ends = [start for start, _ in reading.pages[1:]] + [len(reading.text)]
    parts = [
        reading.text[start:end] for (start, number), end in zip(reading.pages, ends, strict=True) if number == page
    ]
    return plain(Reading("".join(parts)))[0]


def scans(pdfs: list[Path], dpi: int, most: int) -> Count:
    """Recognise pages of printed files."""
    count = Count()
    for pdf in pdfs:
        printed = read_source(pdf)
        pages = sorted({number for _, number in printed.pages})
        for number in pages[:most]:
            image = samples.photograph(pdf, [number - 1], dpi)[0]
            started = time.process_time()
            out = Composer()
            compose_alone(image, out)
            count.cpu += time.process_time() - started
            read, sure = plain(out.finish("image"))
            compare(page_text(printed, number), read, sure, count)
    return count


def compose_alone(image: samples.Image.Image, out: Composer) -> None:
    """One page, without the neighbours that show what a running header is."""
    page = picture_page(image, 1, out)
    page.items = [i for i in page.items if not is_furniture(getattr(i, "text", ""), i.bottom / page.height)]
    compose([page], out)


def is_furniture(text: str, place: float) -> bool:
    """The header and footer that the samples are printed with."""
    return (place < 0.12 and "公报" in text) or (place > 0.88 and len(text) < 8)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "wence-files")
    parser.add_argument("--dpi", type=int, nargs="*", default=[150, 200])
    parser.add_argument("--pages", type=int, default=1000, help="pages of each document to recognise")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    documents = samples.manuscripts()
    pdfs = [options.folder / f"{d.name}.pdf" for d in documents]
    if not all(p.is_file() for p in pdfs):
        samples.make_pdf(list(zip(documents, pdfs, strict=True)))
    print("| 文件 | docx | html | pdf |\n|---|---|---|---|")
    for document, pdf in zip(documents, pdfs, strict=True):
        wanted = samples.words_of(document.parsed.clauses)
        cells = []
        for path in (
            samples.make_docx(document, options.folder / f"{document.name}.docx"),
            samples.make_html(document, options.folder / f"{document.name}.html"), pdf,
        ):  # fmt: skip
            got = samples.words_of(parse_reading(read_source(path), path.name).clauses)
            cells.append(f"{sum(a == b for a, b in zip(wanted, got, strict=False))}/{len(wanted)}")
        print(f"| {document.name} | {' | '.join(cells)} |")
    print(
        "\n| dpi | 页 | 字准确率 | 数字 | 数字正确 | 正确或已标存疑 | 标为存疑的字 | CPU 秒/页 |\n|---|---|---|---|---|---|---|---|"
    )
    for dpi in options.dpi:
        c = scans(pdfs, dpi, options.pages)
        print(
            f"| {dpi} | {c.pages} | {1 - c.wrong / c.characters:.4f} | {c.figures} | {1 - c.figures_wrong / c.figures:.4f} | "
            f"{1 - c.figures_silent / c.figures:.4f} | {c.marked / c.characters:.4f} | {c.cpu / c.pages:.1f} |"
        )
        for lowest, words in sorted(c.worst, reverse=True):
            print(f"  {lowest:.3f} {words}")


if __name__ == "__main__":
    main()
