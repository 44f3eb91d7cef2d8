"""Plain text tables for a terminal, in columns that hold Chinese."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines; the first column is set left, the others right."""
    widths = [max(width(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(pad(cell, w, left=i == 0) for i, (cell, w) in enumerate(zip(row, widths, strict=True))).rstrip()
        for row in rows
    ]


def beside(left: str, right: str, each: int) -> list[str]:
    """Two texts in two columns of `each` terminal cells, wrapped."""
    a, b = wrapped(left, each), wrapped(right, each)
    height = max(len(a), len(b))
    a, b = a + [""] * (height - len(a)), b + [""] * (height - len(b))
    return [f"{pad(x, each)} │ {y}".rstrip() for x, y in zip(a, b, strict=True)]


def wrapped(text: str, cells: int) -> list[str]:
    """Lines of at most so many terminal cells; breaks anywhere, as Chinese does."""
    lines = []
    for paragraph in text.split("\n"):
        line, used = "", 0
        for c in paragraph:
            if used + width(c) > cells:
                lines.append(line)
                line, used = "", 0
            line += c
            used += width(c)
        lines.append(line)
    return lines


def width(text: str) -> int:
    """Terminal cells; Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def pad(text: str, cells: int, left: bool = True) -> str:
    """Text with spaces up to so many cells, after it (`left`) or before."""
    space = " " * (cells - width(text))
    return text + space if left else space + text
