"""What stands on a printed page: lines, ruled tables, columns; whether a PDF says so or a picture was recognised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from index.files.sheet import Run

CROSSING_SHARE = 0.15
"""A gutter may be crossed by this share of the lines that stand beside it."""


@dataclass(slots=True)
class Line:
    """One printed line; lengths are in the page's own unit, y grows downwards."""

    runs: list[Run]
    x0: float
    x1: float
    top: float
    bottom: float
    size: float
    red: bool = False
    """Printed in the red of letterheads and stamps."""
    column: int = 0
    """1 or 2 on a page of two columns, else 0."""

    @property
    def text(self) -> str:
        """Its words, footnote marks left out."""
        return "".join(run.text for run in self.runs if not run.mark)


@dataclass(slots=True)
class Table:
    """A table with ruled cells."""

    rows: list[list[list[Run]]]
    top: float
    bottom: float


@dataclass(slots=True)
class Page:
    """What stands on a page, in reading order."""

    number: int
    """From 1."""
    width: float
    height: float
    items: list[Line | Table] = field(default_factory=list)
    note_rule: float | None = None
    """Height of the short line that footnotes stand under."""

    @property
    def lines(self) -> list[Line]:
        """The lines that are in no table."""
        return [item for item in self.items if isinstance(item, Line)]


def column_gap(boxes: Sequence[tuple[float, float]], width: float, unit: float) -> tuple[float, float] | None:
    """Edges of the white gutter between two columns; None when a page has one column.

    A title over both columns may cross it: few boxes do, where many stand on either side.

    Args:
        boxes: left and right edge of each line or character.
        width: of the page.
        unit: width of a character; a gutter is at least this wide.
    """
    cells = [0] * (int(width) + 2)
    for x0, x1 in boxes:
        for x in range(max(int(x0), 0), min(int(x1) + 1, len(cells))):
            cells[x] += 1
    few = CROSSING_SHARE * max(cells)
    best: tuple[int, int] | None = None
    start = None
    for x in range(int(0.35 * width), int(0.65 * width) + 1):
        if cells[x] <= few:
            start = x if start is None else start
            if best is None or x - start > best[1] - best[0]:
                best = (start, x)
        else:
            start = None
    if best is None or best[1] - best[0] < unit:
        return None
    left = sum(x1 <= best[1] for _, x1 in boxes)
    right = sum(x0 >= best[0] for x0, _ in boxes)
    return best if min(left, right) >= 0.3 * len(boxes) else None


def in_columns(lines: Sequence[Line], gap: tuple[float, float]) -> list[Line]:
    """Lines in reading order: what goes over both columns at the top, the left column, the right one, the rest."""
    middle = (gap[0] + gap[1]) / 2
    over = [line for line in lines if line.x0 < middle < line.x1]
    left = [line for line in lines if line.x1 <= middle]
    right = [line for line in lines if line.x0 >= middle]
    for column, members in ((1, left), (2, right)):
        for line in members:
            line.column = column
    begin = min((line.top for line in (*left, *right)), default=0.0)
    return [
        *(line for line in over if line.top < begin), *left, *right, *(line for line in over if line.top >= begin),
    ]  # fmt: skip
