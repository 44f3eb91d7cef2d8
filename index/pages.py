"""Page furniture of paged text: running headers and footers, bare page numbers, and tables set in columns.

One line alone never shows what it is; these look at lines together. A digits-only line is text unless
page breaks or a running count through broken sentences prove it a page number.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from index.account import Account
from index.lines import Line
from index.markers import find_marker

MIN_REPEATS = 3
"""A line must stand at this many page edges to be a running header or footer."""
MAX_HEADER_CHARS = 60
MIN_PAGE_CHARS = 80
"""Text between two bare page numbers, at least: the numbers of a list or table column stand closer."""

_ENDED = re.compile(r"[。！？；：!?;:][”）)]*$")
_COLUMN_GAP = re.compile(r"\t|(?<=\S)[ \u3000\xa0]{2,}(?=\S)")


def display_width(text: str) -> int:
    """Columns a text takes on a page: two for a full-width character, one for any other."""
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)


def set_aside_pages(account: Account, lines: list[Line]) -> None:
    """Mark running headers, footers and bare page numbers, and enter them as noise."""
    shown = [i for i, line in enumerate(lines) if line.kind == "text"]
    _bare_page_numbers(account, lines, shown)
    edges = _page_edges(lines)
    if len(edges) < MIN_REPEATS - 1:
        return
    places: dict[str, list[int]] = {}
    for i in {i for edge in edges for i in edge}:
        line = lines[i]
        if line.kind == "text" and len(line.text) <= MAX_HEADER_CHARS and not _ENDED.search(line.text):
            places.setdefault(_pattern(line.text), []).append(i)
    top = next((i for i, line in enumerate(lines) if line.kind == "text"), -1)
    for pattern, where in places.items():
        repeats = len(where) + (top not in where and top >= 0 and _pattern(lines[top].text) == pattern)
        if repeats >= MIN_REPEATS and find_marker(lines[where[0]].text) is None:
            for i in where:
                if i != top:  # the first page's line may be the title itself
                    _set_aside(account, lines[i], "running_header")


def _page_edges(lines: list[Line]) -> list[list[int]]:
    """For each page break the lines that may be furniture: up to two texts before and two after it."""
    edges: list[list[int]] = []
    breaks = [i for i, line in enumerate(lines) if line.page_start or line.kind == "page_number"]
    for i in breaks:
        before = [j for j in range(i - 1, max(i - 8, -1), -1) if lines[j].kind == "text"][:1]
        first = i if lines[i].kind == "text" else i + 1
        after = [j for j in range(first, min(first + 8, len(lines))) if lines[j].kind == "text"][:1]
        edges.append(before + after)
    return edges


def _pattern(text: str) -> str:
    """A line with its spaces and figures evened out, so that page 3 and page 4 look alike."""
    return re.sub(r"[0-9０-９]+", "#", re.sub(r"\s", "", text))


def _bare_page_numbers(account: Account, lines: list[Line], shown: list[int]) -> None:
    numbers = [i for i in shown if re.fullmatch(r"[0-9０-９]{1,4}", lines[i].text)]
    for i in numbers:
        following = next((line for line in lines[i + 1 : i + 4] if line.kind == "text" or line.page_start), None)
        if following is not None and following.page_start:
            _set_aside(account, lines[i], "page_number")
    runs: list[list[int]] = []
    for i in (i for i in numbers if lines[i].kind == "text"):
        alone = (i == 0 or lines[i - 1].kind == "blank") and (i + 1 == len(lines) or lines[i + 1].kind == "blank")
        if not alone:
            continue
        if runs and int(lines[i].text) == int(lines[runs[-1][-1]].text) + 1:
            runs[-1].append(i)
        else:
            runs.append([i])
    for run in runs:
        if len(run) < MIN_REPEATS:
            continue
        between = [sum(len(line.text) for line in lines[a + 1 : b]) for a, b in zip(run, run[1:], strict=False)]
        broken = sum(_breaks_sentence(lines, i) for i in run)
        if min(between) >= MIN_PAGE_CHARS and broken * 2 >= len(run):
            for i in run:
                _set_aside(account, lines[i], "page_number")


def _breaks_sentence(lines: list[Line], i: int) -> bool:
    before = next((line.text for line in reversed(lines[max(i - 4, 0) : i]) if line.kind == "text"), "")
    return len(before) > 12 and not _ENDED.search(before)


def _set_aside(account: Account, line: Line, kind: str) -> None:
    line.kind = kind  # type: ignore[assignment]
    account.enter(line.offsets, "noise", kind)


def find_tables(lines: list[Line]) -> None:
    """Mark runs of two or more lines that are set in the same number of columns as table rows."""
    run: list[Line] = []
    width = 0
    for line in [*lines, Line("", [], kind="blank")]:
        columns = _columns(line)
        if columns and (not run or abs(columns - width) <= 1):
            run.append(line)
            width = max(width, columns)
            continue
        if len(run) >= 2 and Counter(_columns(row) for row in run).most_common(1)[0][1] * 2 > len(run):
            for row in run:
                row.kind = "table"
        run, width = ([line], columns) if columns else ([], 0)


def _columns(line: Line) -> int:
    """Columns of a line that may be a table row; 0 for running text."""
    if line.kind != "text" or len(line.text) > 200 or "。" in line.text or line.level:
        return 0
    columns = len(_COLUMN_GAP.split(line.text))
    return columns if columns >= 3 or (columns == 2 and "\t" in line.text) else 0
