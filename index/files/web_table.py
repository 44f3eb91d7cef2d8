"""Tables of web pages: rows with merged cells filled in, told apart from tables that only lay a page out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

MAX_CELL_CHARS = 600
"""A longer cell holds the page's text: the table is its frame."""


def collapsed(text: str) -> str:
    """White space as a browser shows it; a line break of the source between two Chinese characters shows nothing."""
    text = re.sub(r"(?<=[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef])[ \t\r\f]*\n[ \t\r\n\f]*(?=[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef])", "", text)  # fmt: skip
    return re.sub(r"[ \t\r\n\f]+", " ", text).replace("\xa0", " ")


def data_rows(table: Any) -> list[list[str]]:
    """Rows of a table of data with merged cells filled in; [] for a table that only lays the page out."""
    if next(table.iterdescendants("table"), None) is not None:
        return []
    rows: list[list[str]] = []
    waiting: dict[int, tuple[int, str]] = {}
    for row in table.iter("tr"):
        cells: list[str] = []
        for cell in _cells(row):
            while (kept := waiting.get(len(cells), (0, "")))[0]:
                waiting[len(cells)] = (kept[0] - 1, kept[1])
                cells.append(kept[1])
            text = collapsed(" ".join("".join(cell.itertext()).split()))
            span, down = _number(cell.get("colspan")), _number(cell.get("rowspan"))
            if down > 1:
                waiting[len(cells)] = (down - 1, text)
            cells += [text] + [""] * (span - 1)
        while (kept := waiting.get(len(cells), (0, "")))[0]:
            waiting[len(cells)] = (kept[0] - 1, kept[1])
            cells.append(kept[1])
        if any(cells):
            rows.append(cells)
    if len(rows) < 2 or max(sum(bool(c) for c in row) for row in rows) < 2:
        return []
    longest = max(len(cell) for row in rows for cell in row)
    return rows if longest <= MAX_CELL_CHARS else []


def _cells(row: Any) -> Iterator[Any]:
    return (cell for cell in row if cell.tag in ("td", "th"))


def _number(text: str | None) -> int:
    return min(max(int(text), 1), 100) if text and text.isascii() and text.isdigit() and len(text) < 5 else 1
