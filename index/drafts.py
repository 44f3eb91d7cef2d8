"""What an outline is made of while a document is read: parts, open numbering levels, clauses being gathered."""

from __future__ import annotations

from dataclasses import dataclass, field

from index.clause import Department
from index.markers import Family

Key = tuple[Family | None, int]
"""What is numbered together (see `Marker.key`); (None, 0) for a heading without a number."""


@dataclass(slots=True)
class Draft:
    """A clause being gathered."""

    path: tuple[str, ...]
    label: str = ""
    title: str = ""
    family: Family | None = None
    run_in: bool = False
    """Numbered with text of its own, so unnumbered paragraphs below still belong to it."""
    title_offsets: list[int] = field(default_factory=list)
    """Source offsets of a title that stands on its own line."""
    pieces: list[tuple[str, list[int]]] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    departments: list[Department] = field(default_factory=list)
    department_text: str = ""
    item_keys: list[Key] = field(default_factory=list)
    """Numbering of the list items taken into this clause, outermost first."""
    table: bool = False
    listing: bool = False
    """A run of short lines without stops: names, table cells, form fields."""
    part: int = 0

    @property
    def last(self) -> str:
        """Text of the last paragraph."""
        return self.pieces[-1][0] if self.pieces else ""


@dataclass(slots=True)
class Node:
    """An open numbering level."""

    key: Key
    heading: str
    """As it appears in a path; "" for a numbered clause without a title."""
    label: str
    title: str
    line: bool
    """The heading stands on a line of its own."""
    label_offsets: list[int] = field(default_factory=list)
    title_offsets: list[int] = field(default_factory=list)
    """Source offsets of `title`, for a heading that turns out to be all there is."""
    marks: list[str] = field(default_factory=list)
    used: bool = False
    """A clause stands below it."""


@dataclass(slots=True)
class Part:
    """A title with the text below it: a notice, the measures attached to it, an annex."""

    title: str


@dataclass(slots=True)
class Outline:
    """What a document is made of."""

    parts: list[Part] = field(default_factory=lambda: [Part("")])
    drafts: list[Draft] = field(default_factory=list)
    metadata: dict[str, list[str]] = field(default_factory=dict)
    gaps: list[str] = field(default_factory=list)
