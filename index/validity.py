"""Whether a document holds on a day: a pure function of its own facts and of what other documents did to it.

Days are ISO text (`2025-06-01`), which compares as dates do. A first day and a last day belong to the time in which
a document holds; the day from which it is repealed does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from index.clause import Document, Status


class Kind(StrEnum):
    """Standing of a document on one day."""

    IN_FORCE = "in_force"
    AMENDED = "amended"
    """In force, with parts that another document has changed since."""
    UNKNOWN = "unknown"
    """Issued, and nothing says from when or until when."""
    NOT_YET = "not_yet"
    EXPIRED = "expired"
    REPEALED = "repealed"
    DRAFT = "draft"
    REPLY = "reply"


EventKind = Literal["repealed", "amended", "final"]
HOLDING = frozenset({Kind.IN_FORCE, Kind.AMENDED, Kind.UNKNOWN})
CEASED = frozenset({Kind.EXPIRED, Kind.REPEALED})


@dataclass(frozen=True, slots=True)
class Event:
    """What another document does to this one."""

    kind: EventKind
    """final: it is what became of a draft."""
    by: str
    """document_id."""
    name: str
    """《标题》（文号） of that document."""
    day: str = ""
    """From when; "" when nothing says it, which counts as always."""
    said: str = ""
    """The words that say so; "" when the catalog does, or equal titles."""


@dataclass(frozen=True, slots=True)
class Validity:
    """Standing of a document on a day, and what it comes from."""

    kind: Kind
    since: str = ""
    """Day from which it has been so; "" when unknown."""
    events: tuple[Event, ...] = ()
    """Events that bring it about: who repealed or amended it, what became of a draft."""

    @property
    def holds(self) -> bool:
        """One may rely on it, as far as is known."""
        return self.kind in HOLDING

    @property
    def passed_over(self) -> bool:
        """It must not speak where a document in force does: ceased, not yet begun, or a draft whose final text is here."""
        return self.kind in CEASED or self.kind is Kind.NOT_YET or (self.kind is Kind.DRAFT and bool(self.events))

    def status(self, document: Document) -> Status:
        """The same in the words of `Status`, which every clause bears."""
        if self.kind in CEASED:
            return Status(self.kind.value)
        if self.holds and document.status in (Status.EXPIRED, Status.REPEALED):
            return Status.IN_FORCE  # it was, on that day
        return document.status


def first_day(document: Document) -> str:
    """From when a document can hold: its stated first day, else the day on which it was issued; "" when unknown."""
    return document.effective or min(filter(None, (document.signed, document.published)), default="")


def validity_of(document: Document, day: str, events: Sequence[Event] = ()) -> Validity:
    """Standing on a day.

    Args:
        document: with the facts that its text and catalog state.
        day: ISO.
        events: what documents of the same index did to it, at any time.
    """
    happened = [e for e in events if e.day <= day]
    if document.status is Status.DRAFT:
        return Validity(Kind.DRAFT, events=tuple(e for e in happened if e.kind == "final"))
    begins = first_day(document)
    if begins > day:
        return Validity(Kind.NOT_YET)
    if document.status is Status.REPLY:
        return Validity(Kind.REPLY, begins)
    repeals = [e for e in happened if e.kind == "repealed"]
    ended = [e.day for e in repeals] + [d for d in (document.repealed,) if d and d <= day]
    dated = document.repealed or any(e.kind == "repealed" and e.day for e in events)
    if document.status is Status.REPEALED and not dated:
        ended.append("")
    expired = bool(document.expires) and document.expires < day
    expired = expired or (document.status is Status.EXPIRED and not document.expires)
    if expired and not any(d <= document.expires for d in ended):
        return Validity(Kind.EXPIRED, document.expires, tuple(repeals))
    if ended:
        return Validity(Kind.REPEALED, min(ended), tuple(repeals))
    if amended := tuple(e for e in happened if e.kind == "amended"):
        return Validity(Kind.AMENDED, max(e.day for e in amended), amended)
    stated = document.status is not Status.UNKNOWN and document.status is not Status.ISSUED
    return Validity(Kind.IN_FORCE if stated or document.effective or document.expires else Kind.UNKNOWN, begins)
