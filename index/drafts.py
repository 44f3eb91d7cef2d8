"""What an outline is made of while a document is read: parts, and clauses being gathered."""

from __future__ import annotations

from dataclasses import dataclass, field

from index.clause import Department
from index.levels import Key
from index.markers import Family


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
class Part:
    """A title with the text below it: a notice, the measures attached to it, an annex."""

    title: str
    offsets: list[int] = field(default_factory=list)
    """Source offsets of `title`."""


@dataclass(slots=True)
class Outline:
    """What a document is made of."""

    parts: list[Part] = field(default_factory=lambda: [Part("")])
    drafts: list[Draft] = field(default_factory=list)
    metadata: dict[str, list[str]] = field(default_factory=dict)
    gaps: list[str] = field(default_factory=list)
