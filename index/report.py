"""What a build did, one row a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from index.clause import Clause

Outcome = Literal["added", "updated", "unchanged", "removed", "rejected"]


@dataclass(frozen=True, slots=True)
class Row:
    """What happened to one file."""

    file: str
    outcome: Outcome
    clauses: int = 0
    reason: str = ""
    doubts: int = 0
    """Places where a recognised character is so unsure that a person should compare it with the picture."""
    before: tuple[Clause, ...] = ()
    """Clauses that an updated document had, so that what changed can be told; () where they are not known."""
    after: tuple[Clause, ...] = ()


@dataclass(slots=True)
class Report:
    """What a build did."""

    rows: list[Row] = field(default_factory=list)
    documents: int = 0
    clauses: int = 0
    """Clauses of the documents; their cards are not counted."""
    passages: int = 0
    embedded: int = 0
    """Passages whose vectors were computed now; the rest were taken over."""
    resumed: int = 0
    """Passages whose vectors an interrupted build had computed."""

    def count(self, outcome: Outcome) -> int:
        """Files with an outcome."""
        return sum(r.outcome == outcome for r in self.rows)
