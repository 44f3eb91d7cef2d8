"""PDF files: characters with their places to lines, ruled tables, and pages that are pictures.

Source of the method: pdfplumber's characters and ruled tables; a page without characters is rendered by pdfium
and recognised (`scan.py`).
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

import pdfplumber
from pdfminer.pdfdocument import PDFPasswordIncorrect
from pdfplumber.utils.exceptions import PdfminerException

from index.errors import DocumentError, cause
from index.files.page import Line, Page, Table, column_gap, in_columns
from index.files.printed import compose
from index.files.sheet import Composer, Reading, Run

MAX_PAGES = 2_000
MAX_CHARACTERS_PER_PAGE = 30_000
"""A newspaper page has 10,000."""
RENDER_DPI = 200
"""For recognising: at 150 dpi figures of small print begin to blur, at 300 recognition takes twice as long."""
MIN_CHARACTERS = 16
"""A page with a picture and fewer characters than this is a scan with a stamp of text on it."""
_RADICALS = str.maketrans(
    "⺠⺟⻁⻄⻅⻆⻉⻋⻓⻔⻘⻚⻛⻜⻝⻢⻣⻤⻥⻦⻨⻩⻬⻮⻰⻳",
    "民母虎西见角贝车长门青页风飞食马骨鬼鱼鸟麦黄齐齿龙龟",
)
"""Some fonts name a character by its radical's code point; NFKC mends those of the Kangxi block only."""
_MAINLAND = str.maketrans("戶靑黃", "户青黄")
"""Forms that NFKC gives for radicals whose glyph mainland fonts share with these."""


def read_pdf(data: bytes, name: str, turned: Callable[[int], None] = lambda page: None) -> Reading:
    """Text of a PDF file.

    Args:
        data: the file.
        name: for messages.
        turned: called with each page number when the page is done.

    Raises:
        DocumentError: damaged, locked, or too many pages.
    """
    logging.getLogger("pdfminer").setLevel(logging.ERROR)  # it warns of every odd font
    out = Composer()
    pages: list[Page] = []
    pictures: list[int] = []
    try:
        with pdfplumber.open(BytesIO(data)) as pdf:
            if len(pdf.pages) > MAX_PAGES:
                raise DocumentError(f"{name} 有 {len(pdf.pages):,} 页，超过上限 {MAX_PAGES:,}；请拆成单个文件")
            for number, page in enumerate(pdf.pages, 1):
                if _is_picture(page):
                    pictures.append(number)
                    pages.append(_recognised(page, number, out))
                else:
                    pages.append(_page(page, number, out))
                page.close()
                turned(number)
    except (PDFPasswordIncorrect, PdfminerException) as error:
        if isinstance(error, PDFPasswordIncorrect) or any(isinstance(a, PDFPasswordIncorrect) for a in error.args):
            raise DocumentError(f"{name} 有打开密码；请去掉密码后再试") from None
        raise DocumentError(f"{name} 不是完好的 PDF（{cause(error)}）；请重新下载或导出") from None
    except DocumentError:
        raise
    except Exception as error:  # pdfminer raises whatever a damaged structure leads it into
        raise DocumentError(f"{name} 不是完好的 PDF（{cause(error)}）；请重新下载或导出") from None
    if not pages:
        raise DocumentError(f"{name} 不是完好的 PDF（没有一页）；请重新下载或导出")
    compose(pages, out)
    if pictures:
        shown = "、".join(map(str, pictures[:20])) + ("…" if len(pictures) > 20 else "")
        out.warnings.append(f"第 {shown} 页是图片，文字由识别得出")
    return out.finish("scan" if len(pictures) == len(pages) else "pdf")


def _is_picture(page: Any) -> bool:
    """A page whose words are in a picture, or in a font that does not say which characters it shows."""
    text = [c["text"] for c in page.chars if not c["text"].isspace()]
    unknown = sum(t.startswith("(cid:") or "\ue000" <= t[:1] <= "\uf8ff" for t in text)
    if text and unknown > 0.3 * len(text):
        return True
    covered = sum(abs(i["x1"] - i["x0"]) * abs(i["bottom"] - i["top"]) for i in page.images)
    return len(text) < MIN_CHARACTERS and covered > 0.3 * float(page.width * page.height)


def _recognised(page: Any, number: int, out: Composer) -> Page:
    from index.files.scan import picture_page  # loads the recogniser, which most files do not need

    image = page.to_image(resolution=RENDER_DPI).original.convert("RGB")
    return picture_page(image, number, out)


def _page(page: Any, number: int, out: Composer) -> Page:
    if len(page.chars) > MAX_CHARACTERS_PER_PAGE:
        raise DocumentError(f"第 {number} 页有 {len(page.chars):,} 个字符，超过上限 {MAX_CHARACTERS_PER_PAGE:,}")
    made = Page(number, float(page.width), float(page.height))
    page = page.dedupe_chars(tolerance=1)
    tables = [_table(table, number) for table in page.find_tables()]
    found = [(table, box) for table, box in tables if len(table.rows) >= 2 and len(table.rows[0]) >= 2]
    turned: list[dict[str, Any]] = []
    upright: list[dict[str, Any]] = []
    for char in page.chars:
        middle = ((char["x0"] + char["x1"]) / 2, (char["top"] + char["bottom"]) / 2)
        if any(x0 <= middle[0] <= x1 and top <= middle[1] <= bottom for _, (x0, top, x1, bottom) in found):
            continue
        (upright if char["upright"] else turned).append(char)
    out.remove(number, "watermark", "".join(c["text"] for c in turned))
    lines = _lines(upright, number, float(page.width))
    made.items = _in_order(lines, [table for table, _ in found])
    rules = [
        shape["top"] for shape in (*page.lines, *page.rects)
        if shape["height"] < 2.5 and 20 < shape["width"] < 0.5 * made.width and shape["top"] > 0.35 * made.height
    ]  # fmt: skip
    made.note_rule = max(rules) if rules and not found else None
    return made


def _in_order(lines: list[Line], tables: list[Table]) -> list[Line | Table]:
    """Tables go before the first line that stands below them; lines are in reading order already."""
    items: list[Line | Table] = list(lines)
    for table in sorted(tables, key=lambda t: t.top, reverse=True):
        at = next((i for i, item in enumerate(items) if isinstance(item, Line) and item.top >= table.top), len(items))
        items.insert(at, table)
    return items


def _lines(chars: list[dict[str, Any]], number: int, width: float) -> list[Line]:
    """Lines of a page in reading order: down the left column, then down the right one."""
    shown = [c for c in chars if not c["text"].isspace()]
    if not shown:
        return []
    size = sorted(c["size"] for c in shown)[len(shown) // 2]
    height = max(c["bottom"] for c in shown)
    body = [c for c in shown if 0.08 * height < c["top"] < 0.92 * height]
    gap = column_gap([(c["x0"], c["x1"]) for c in body], width, 1.2 * size) if len(body) > 300 else None
    if gap is None:
        return [_line(row, number) for row in _rows(chars)]
    across = [row for row in _rows(chars) if any(c["x1"] > gap[0] + 1 and c["x0"] < gap[1] - 1 for c in row)]
    inside = {id(c) for row in across for c in row}
    middle = (gap[0] + gap[1]) / 2
    left = [c for c in chars if id(c) not in inside and c["x1"] <= middle]
    right = [c for c in chars if id(c) not in inside and c["x1"] > middle]
    return in_columns([_line(row, number) for row in (*across, *_rows(left), *_rows(right))], gap)


def _rows(chars: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Characters that stand on one line, from left to right; lines from top to bottom."""
    rows: list[list[dict[str, Any]]] = []
    spans: list[tuple[float, float]] = []
    for char in sorted(chars, key=lambda c: (-c["size"], c["top"])):
        middle = (char["top"] + char["bottom"]) / 2
        best, overlap = -1, 0.4
        for i in range(len(spans) - 1, -1, -1):
            top, bottom = spans[i]
            shared = min(bottom, char["bottom"]) - max(top, char["top"])
            share = shared / max(min(bottom - top, char["bottom"] - char["top"]), 0.1)
            if share > overlap and (top <= middle <= bottom or share > 0.7):
                best, overlap = i, share
        if best < 0:
            if char["text"].isspace():
                continue
            rows.append([char])
            spans.append((char["top"], char["bottom"]))
        else:
            rows[best].append(char)
    for row in rows:
        row.sort(key=lambda c: c["x0"])
    rows.sort(key=lambda row: max(c["bottom"] for c in row))
    return [_trimmed(row) for row in rows]


def _trimmed(row: list[dict[str, Any]]) -> list[dict[str, Any]]:
    words = [i for i, c in enumerate(row) if not c["text"].isspace()]
    return row[words[0] : words[-1] + 1] if words else row


def _line(row: list[dict[str, Any]], number: int) -> Line:
    size = max(c["size"] for c in row)
    bottom = max(c["bottom"] for c in row if c["size"] > 0.9 * size)
    gaps = sorted(b["x0"] - a["x1"] for a, b in zip(row, row[1:], strict=False))
    spread = gaps[len(gaps) // 2] if gaps else 0.0  # of a line whose characters are set apart to fill the width
    wide = max(1.8 * size, 3 * spread)
    runs: list[Run] = []
    before: dict[str, Any] | None = None
    for char in row:
        raised = char["size"] < 0.8 * size and char["bottom"] < bottom - 0.12 * size
        mark = raised and bool(re.fullmatch(r"[\d①-⑳*\[\]〔〕]", char["text"]))
        bold = bool(re.search(r"bold|heavy|black", char["fontname"], re.I))
        text = mainland(char["text"])
        if before is not None and not text.isspace() and not before["text"].isspace():
            gap = char["x0"] - before["x1"]
            latin = before["text"].isascii() and text.isascii()
            if gap > wide or (latin and gap > 0.25 * size):
                runs.append(Run("  " if gap > wide else " ", number, bold))
        last = runs[-1] if runs else None
        if last and last.mark == mark and (last.bold == bold or mark or text.isspace()):
            runs[-1] = Run(last.text + text, number, last.bold, mark)
        else:
            runs.append(Run(text, number, bold, mark))
        before = char
    runs = [Run(run.text.strip("[]〔〕"), run.page, run.bold, True) if run.mark else run for run in runs]
    return Line(
        runs, row[0]["x0"], row[-1]["x1"], min(c["top"] for c in row), bottom, size,
        sum(_is_red(c.get("non_stroking_color")) for c in row) > len(row) / 2,
    )  # fmt: skip


def mainland(text: str) -> str:
    """Characters as mainland texts write them where a font names them by their radicals."""
    if any("\u2e80" <= c <= "\u2fdf" or "\uf900" <= c <= "\ufaff" for c in text):
        return unicodedata.normalize("NFKC", text.translate(_RADICALS)).translate(_MAINLAND)
    return text.replace("\xa0", " ").replace("\x00", "")


def _is_red(colour: object) -> bool:
    if not isinstance(colour, (tuple, list)) or len(colour) != 3:
        return False
    red, green, blue = (float(v) for v in colour)
    return red > 0.7 and green < 0.35 and blue < 0.35


def _table(table: Any, number: int) -> tuple[Table, tuple[float, float, float, float]]:
    """A ruled table; a cell that spans rows speaks for each of them."""
    words = table.extract()
    rows: list[list[list[Run]]] = []
    for i, row in enumerate(table.rows):
        cells: list[list[Run]] = []
        for j, box in enumerate(row.cells):
            text = words[i][j] if box is not None else _merged(table, words, i, j)
            text = re.sub(r"(?<![A-Za-z0-9])\n|\n(?![A-Za-z0-9])", "", text or "").replace("\n", " ")
            cells.append([Run("".join(map(mainland, text)), number)] if text else [])
        rows.append(cells)
    rows = [row for row in rows if any(row)]
    return Table(rows, table.bbox[1], table.bbox[3]), table.bbox


def _merged(table: Any, words: list[list[str | None]], i: int, j: int) -> str:
    top = table.rows[i].bbox[1]
    for above in range(i - 1, -1, -1):
        cells = table.rows[above].cells
        if j < len(cells) and cells[j] is not None:
            return (words[above][j] or "") if cells[j][3] > top + 2 else ""
    return ""
