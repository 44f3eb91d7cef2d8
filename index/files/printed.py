"""Printed pages to text: furniture set aside, lines joined to paragraphs, footnotes and tables in their place.

Works on lines with their position, whether they come from a PDF's text or from recognising a picture. Every rule
is about geometry (margins, indents, gaps, sizes); which words a line has matters only where geometry cannot tell.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from index.files.furniture import set_aside_furniture, set_aside_notes
from index.files.page import Line, Page, Table
from index.files.sheet import Composer, Run, glue
from index.markers import find_marker
from index.paragraphs import is_ended, is_unit_name

TITLE_SIZE = 1.15
"""Titles are printed at least this much larger than text."""
SHORT_EM = 1.9
"""A line that ends this far from the right edge is a paragraph's last: a punctuation mark never needs two widths."""


@dataclass(frozen=True, slots=True)
class _Measure:
    """How a page is set."""

    left: float
    right: float
    size: float
    """Of the text's characters."""
    leading: float
    """Usual distance from a line's bottom to the next one's top."""
    indented: bool
    """Paragraphs begin with an indent."""


def compose(pages: Sequence[Page], out: Composer) -> None:
    """Write all pages."""
    size = _body_size(pages)
    set_aside_furniture(pages, size, out)
    for page in pages:
        set_aside_notes(page, size, out)
    document = _measure([line for page in pages for line in page.lines], size)
    flow: list[tuple[Line | Table, _Measure, int]] = []
    for page in pages:
        measures = {}
        for column in {line.column for line in page.lines}:
            lines = [line for line in page.lines if line.column == column]
            wide = [line for line in lines if column or line.x1 - line.x0 > 0.6 * (document.right - document.left)]
            measures[column] = _measure(lines, size) if len(wide) >= 5 else document
        flow += [(i, measures[i.column] if isinstance(i, Line) else document, page.number) for i in page.items]
    _write(flow, out)


def _body_size(pages: Sequence[Page]) -> float:
    """Size of the character in the middle when all are put in order of size."""
    sizes = sorted((line.size, len(line.text)) for page in pages for line in page.lines)
    half = sum(count for _, count in sizes) / 2
    for size, count in sizes:
        half -= count
        if half <= 0:
            return size
    return 12.0


def _measure(lines: Sequence[Line], size: float) -> _Measure:
    """Margins and distances of lines that are set alike."""
    body = [line for line in lines if abs(line.size - size) <= 0.15 * size] or list(lines)
    if not body:
        return _Measure(0, 0, size, size, False)
    widest = max(line.x1 - line.x0 for line in body)
    full = [line for line in body if line.x1 - line.x0 >= 0.7 * widest]
    left = sorted(line.x0 for line in full)[len(full) // 10]
    right = sorted(line.x1 for line in full)[-1 - len(full) // 10]
    gaps = [b.top - a.bottom for a, b in zip(body, body[1:], strict=False) if 0 <= b.top - a.bottom < 3 * size]
    indents = sum(1.2 * size <= line.x0 - left <= 3 * size for line in full)
    return _Measure(left, right, size, median(gaps) if gaps else size, indents >= 2)


def _write(flow: Sequence[tuple[Line | Table, _Measure, int]], out: Composer) -> None:
    gathered: list[tuple[Line, _Measure, int]] = []
    rows: list[list[list[Run]]] = []
    for item, measure, page in flow:
        if isinstance(item, Table):
            _paragraph(gathered, out)
            gathered = []
            again = rows and item.rows and [_plain(c) for c in item.rows[0]] == [_plain(c) for c in rows[0]]
            if rows and item.rows and len(item.rows[0]) != len(rows[0]):
                out.table(rows)
                rows = []
            rows += item.rows[1:] if again else item.rows  # a head printed again on the next page
            continue
        if rows:
            out.table(rows)
            rows = []
        if gathered and _begins(gathered, item, measure, page):
            _paragraph(gathered, out)
            gathered = []
        gathered.append((item, measure, page))
    _paragraph(gathered, out)
    out.table(rows)


def _plain(runs: Sequence[Run]) -> str:
    return "".join(run.text for run in runs).strip()


def _begins(gathered: list[tuple[Line, _Measure, int]], line: Line, measure: _Measure, page: int) -> bool:
    """Whether a line begins a paragraph of its own after the lines gathered."""
    before, was, page_before = gathered[-1]
    size = max(measure.size, 1.0)
    scale = max(before.size, line.size) / max(min(before.size, line.size), 0.1)
    recognised = any(run.confidences for run in line.runs)
    if scale > (1.35 if recognised else 1.08) or before.red != line.red:
        return True
    if _large(before, was) and _large(line, measure) and _middle(before, was) and _middle(line, measure):
        close = page == page_before and line.top - before.bottom < 1.2 * line.size
        return not close or is_unit_name(before.text.strip()) or line.text.startswith(("（", "("))
    if _centred(before, was) or line.x0 > measure.left + 1.1 * size:
        return True
    if page == page_before and line.top - before.bottom > was.leading + 0.75 * size:
        return True
    token = re.match(r"[A-Za-z0-9.,%:/_〔〕()（）+\-]*[，。；、：）》”]?", line.text.lstrip())
    unbreakable = len(token.group(0)) * 0.6 * size if token else 0.0
    short = was.right - before.x1 > max(SHORT_EM * size, unbreakable + 0.6 * size)
    ended = is_ended(before.text.rstrip())
    if short:
        return True
    return ended and not measure.indented and find_marker(line.text.strip()) is not None


def _centred(line: Line, measure: _Measure) -> bool:
    before, after = line.x0 - measure.left, measure.right - line.x1
    # An indented line whose last punctuation mark was cut off stands two widths in at one side, under one at the other.
    return min(before, after) > 1.2 * measure.size and abs(before - after) < 1.6 * measure.size


def _middle(line: Line, measure: _Measure) -> bool:
    """As far from one margin as from the other, be it centred or full."""
    return abs((line.x0 - measure.left) - (measure.right - line.x1)) < 1.6 * measure.size


def _large(line: Line, measure: _Measure) -> bool:
    return line.size >= TITLE_SIZE * measure.size


def _paragraph(gathered: list[tuple[Line, _Measure, int]], out: Composer) -> None:
    if not gathered:
        return
    first, measure, _ = gathered[0]
    runs: list[Run] = []
    for line, _, _ in gathered:
        runs += [*glue(runs, line.runs), *line.runs]
    text = "".join(run.text for run in runs).strip()
    title = _large(first, measure) and _middle(first, measure) and not first.red and len(text) <= 80
    title = title and not is_unit_name(text) and not text.endswith("文件") and not text.startswith(("（", "("))
    offset = first.x0 - measure.left
    indent = 1.1 * measure.size < offset < 3.2 * measure.size and not _centred(first, measure)
    out.paragraph(_stripped(runs), level=int(title), indent=indent)


def _stripped(runs: list[Run]) -> list[Run]:
    """Runs without white space at the start, which is the page's."""
    for i, run in enumerate(runs):
        lead = len(run.text) - len(run.text.lstrip())
        if lead < len(run.text):
            head = Run(run.text[lead:], run.page, run.bold, run.mark, run.confidences[lead:])
            return [head, *runs[i + 1 :]]
    return runs
