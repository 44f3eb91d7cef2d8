"""What other documents do to single clauses: the places that they name, found in the clauses that are here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from index.address import Address, clauses_at
from index.clause import Amendment, Clause, Done
from index.dates import say_day
from index.markers import Family, find_marker
from index.numerals import chinese_ordinal
from index.words import normalise

Members = Callable[[str], Sequence[Clause]]
"""Clauses of a document, by its id."""


@dataclass(frozen=True, slots=True)
class Applied:
    """An amendment whose target is here."""

    amendment: Amendment
    by: str
    """document_id of who amends."""
    name: str
    """《标题》（文号） of that document."""
    day: str


@dataclass(frozen=True, slots=True)
class Effect:
    """What one document does to one clause of another."""

    done: Done
    day: str
    """From when; "" when nothing says it, which counts as always."""
    by: str
    """document_id of who does it."""
    name: str
    """《标题》（文号） of that document."""
    clause: Clause | None
    """The clause it is done to; None where a document says that it changes another and not where."""
    below: str = ""
    """第一款: that much of the clause is meant; "" for the whole."""
    source: Clause | None = None
    """The clause that says so."""
    start: int = 0
    """Where it says so: offsets into that clause's text, end exclusive."""
    end: int = 0

    @property
    def ends(self) -> bool:
        """Nothing of the clause's own words is left."""
        return self.done != "amended" and not self.below

    def line(self) -> str:
        """For the place where the standing is shown: 第一款自2025年7月1日起由《…》第二条废止."""
        return f"{self.below}{self.since}由{self.who}{self.word}"

    @property
    def since(self) -> str:
        """自2025年7月1日起, "" when nothing says it."""
        return f"自{say_day(self.day)}起" if self.day else ""

    @property
    def word(self) -> str:
        """What was done: 废止 or 修改."""
        return "废止" if self.done == "repealed" else "修改"

    @property
    def who(self) -> str:
        """The document with the place where it says so: 《…》（…）第二条."""
        return self.name + (place_of(self.source) if self.source else "")


def place_of(clause: Clause) -> str:
    """Where a clause stands in its document, as a person would say it: 第二条, “一、（二）”; "" when it bears no number.

    Items 一、 of a decision are its articles; a number below another heading is not found without it.
    """
    marker = find_marker(clause.label + " ") if clause.label else None
    if marker is None:
        return ""
    if marker.family is Family.ARTICLE:
        return clause.label
    above = [m.label for h in clause.path if (m := find_marker(h))]
    if above:
        return f"“{''.join([*above, clause.label])}”"
    return f"第{chinese_ordinal(marker.number)}条" if marker.number < 10_000 else ""


def effects_on(target: Sequence[Clause], applied: Iterable[Applied], members: Members) -> dict[str, list[Effect]]:
    """What is done to each clause of one document, by clause id, in the order of days.

    Args:
        target: the document's clauses.
        applied: amendments that mean it.
        members: clauses of those who amend.
    """
    own = [c for c in target if c.ordinal >= 0]  # without its card
    found: dict[str, list[Effect]] = {}
    for a in sorted(applied, key=lambda a: a.day):
        m = a.amendment
        source = next((c for c in members(a.by) if c.ordinal == m.by), None)
        effect = Effect(m.done, a.day, a.by, a.name, None, m.below if m.number else "", source, m.start, m.end)
        for clause in _meant(m, own):
            found.setdefault(clause.clause_id, []).append(replace(effect, clause=clause))
    return found


def _meant(m: Amendment, clauses: Sequence[Clause]) -> list[Clause]:
    if not m.number:  # words that are put in others wherever they stand
        old = normalise(m.below)
        return [c for c in clauses if old in normalise(c.text)]
    found = clauses_at(Address(m.number, m.heading, m.branch), clauses)
    if found and not m.heading:
        return found
    # An article whose items are clauses of their own is a heading here.
    return [c for c in clauses if any(_heads(h, m) for h in c.path)] or ([] if m.heading else found)


def _heads(heading: str, m: Amendment) -> bool:
    marker = find_marker(heading)
    if marker is None or (marker.number, marker.branch) != (m.number, m.branch):
        return False
    return (marker.family is not Family.ARTICLE) if m.heading else marker.family is Family.ARTICLE


def lasting(effects: Sequence[Effect]) -> list[Effect]:
    """Of what happened to one clause, in the order of days, what still counts: nothing from before its last new words."""
    last = max((e.day for e in effects if e.ends), default=None)
    return [e for e in effects if last is None or e.day >= last]
