"""What staff choose beside the box: city, document, status, department, amount."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from assistant.quantities import find_quantities
from assistant.staff.offices import has_office
from index.clause import Clause, Document, Status
from index.regions import contains

YUAN = 10_000
"""Amounts are typed in 万元."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What staff have chosen beside the box; "" and None choose nothing."""

    region: str = ""
    document: str = ""
    """document_id."""
    status: str = ""
    department: str = ""
    least: float | None = None
    """The clause names an amount of at least so many 万元."""
    most: float | None = None

    @property
    def any(self) -> bool:
        """Whether something is chosen."""
        return self != Filters()

    @property
    def looks_inside(self) -> bool:
        """Whether clauses of one document may fare differently."""
        return bool(self.department) or self.least is not None or self.most is not None

    def lets_document(self, document: Document, status: Status) -> bool:
        """Whether clauses of a document, which has this status today, may be shown at all."""
        return (
            (not self.region or contains(document.region, self.region))
            and self.document in ("", document.document_id)
            and self.status in ("", str(status))
        )

    def lets(self, clause: Clause) -> bool:
        """Whether a clause of a document that may be shown may be."""
        return (not self.department or has_office(clause, self.department)) and (
            self.least is None and self.most is None or self._names_amount(clause)
        )

    def _names_amount(self, clause: Clause) -> bool:
        low = 0.0 if self.least is None else self.least * YUAN
        high = float("inf") if self.most is None else self.most * YUAN
        return any(a <= high and b >= low for a, b in amounts_of(clause.text))


@lru_cache(maxsize=1 << 16)
def amounts_of(text: str) -> tuple[tuple[float, float], ...]:
    """Amounts of money in a text, in yuan, as (lower, upper); equal when it is no range."""
    money = (q for q in find_quantities(text) if q.kind == "money" and q.unit == "元")
    return tuple((q.value, q.upper or q.value) for q in money)
