"""服务包: which clauses may apply to a caller's enterprise, each condition met, not met or to be asked, with sums.

Nothing here says that somebody gets something: the clause decides, and the department it names.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from assistant.answer import Citation, Quote
from assistant.arithmetic import calculate, say
from assistant.evidence import Chosen
from assistant.gathering import stands
from assistant.staff.caller import Caller
from assistant.staff.conditions import Offer, offers_of
from assistant.staff.facts import Standing, standing
from assistant.staff.fitting import Check, check, share_said
from assistant.staff.offices import HandOver
from assistant.staff.shelf import Shelf
from index.card import is_card
from index.clause import Clause, Document, Status
from index.passages import Span
from index.query import read_query
from index.regions import contains
from index.search import Scored, Searcher

RANKED = 60
RANKED_A_PART = 20
MOST_PARTS = 5
MOST = 12
MATTER_SHARE = 0.5
"""Share of the telling words of one thing that happened, which an offer names, or what it leans on."""
TELLING = frozenset({"first", "years", "growth", "amount", "recognised", "event"})
"""Conditions about what happened; to be an enterprise of some kind or at some place fits half of all clauses."""
_NO_FEATURES = np.zeros(0, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Item:
    """One offer of one clause, held against the file."""

    clause: Clause
    document: Document
    standing: Standing
    offer: Offer
    checks: tuple[Check, ...]
    sums: tuple[str, ...]
    """Calculations with their formula, each a sentence."""
    told: HandOver
    about: bool
    """It names what happened, or a condition about that is met; else search alone put it here."""

    @property
    def unmet(self) -> bool:
        """A condition is plainly not met."""
        return any(c.verdict == "unmet" for c in self.checks)

    @property
    def met(self) -> int:
        """Conditions that are met."""
        return sum(c.verdict == "met" for c in self.checks)

    @property
    def told_of(self) -> int:
        """Conditions about what happened that are met."""
        return sum(c.verdict == "met" and c.condition.kind in TELLING for c in self.checks)

    @property
    def asks(self) -> int:
        """Conditions still to be asked."""
        return sum(c.verdict == "ask" for c in self.checks)


@dataclass(frozen=True, slots=True)
class Package:
    """A caller's file with what may apply; items without a contradiction first."""

    caller: Caller
    items: tuple[Item, ...]
    remark: str = ""
    """Why there is nothing, one line; "" when there is something."""


def package_of(caller: Caller, shelf: Shelf, today: dt.date) -> Package:
    """The package for a file.

    Args:
        caller: the file; its region holds for every clause shown.
        shelf: the index.
        today: decides what has expired.
    """
    searcher = shelf.searcher
    here = [d for d in searcher.documents if contains(d.region, caller.region)]
    if not here:
        return Package(caller, (), f"没有收录{caller.region}的文件，不能用其他城市的规定答复。")
    if not caller.question.strip():
        return Package(caller, (), "请先写明企业是什么、发生了什么。")
    items = []
    for rank, clause in _candidates(caller, searcher, today):
        items += _items(clause, caller, shelf, today, rank)
    items.sort(key=lambda i: (i.unmet, not i.about, -i.told_of, -i.met))  # the order of search decides between equals
    shown = tuple(items[:MOST])
    return Package(caller, shown, "" if shown else "没有找到可能适用的条款，请补充企业的类型和发生的事。")


def _candidates(caller: Caller, searcher: Searcher, today: dt.date) -> list[tuple[int, Clause]]:
    """(best rank, clause) for the file as a whole and for each thing that happened, the best first."""
    ranks: dict[str, tuple[int, Clause]] = {}
    # Nobody can apply under what has ceased or not begun; a draft whose final text is here would only mislead.
    silent = searcher.lineage.passed_over(today.isoformat())
    whole = [(caller.question, RANKED)]
    parts = [(" ".join((*caller.kinds, part)), RANKED_A_PART) for part in phrases(caller.story)[:MOST_PARTS]]
    for question, top in whole + (parts if len(parts) > 1 else []):
        query = replace(read_query(question, searcher.naming, caller.region), regions=(caller.region,), without=silent)
        for rank, scored in enumerate(searcher.search(question, top, query=query).ranked):
            known = ranks.get(scored.clause.clause_id)
            if known is None or rank < known[0]:
                ranks[scored.clause.clause_id] = (rank, scored.clause)
    # A reply letter tells what was done; it entitles nobody.
    useful = [r for r in ranks.values() if not is_card(r[1]) and r[1].status != Status.REPLY]
    # Nor does a clause that was repealed by itself, or whose words were all put in new ones.
    day = today.isoformat()
    useful = [r for r in useful if not any(e.ends for e in searcher.lineage.changes(r[1], day))]
    return sorted(useful, key=lambda r: r[0])


def phrases(story: str) -> list[str]:
    """What happened, one thing each."""
    return [p.strip() for p in re.split(r"[，,。；;！!？?\n]", story) if len(p.strip()) > 1]


def _items(clause: Clause, caller: Caller, shelf: Shelf, today: dt.date, rank: int) -> list[Item]:
    searcher = shelf.searcher
    document = searcher.document(clause.document_id)
    items = []
    for offer in offers_of(clause):
        checks = tuple(check(c, caller, searcher, clause.clause_id) for c in offer.conditions)
        about = _about(clause, offer, checks, caller, searcher)
        if not about and rank:
            continue
        sums = tuple(_sums(clause, offer, caller)) if stands(clause, searcher, today.isoformat()) else ()
        items.append(
            Item(
                clause, document, standing(document, today, searcher.lineage), offer, checks, sums,
                shelf.hand_over(clause),
                about,
            )
        )  # fmt: skip
    return items


def _about(clause: Clause, offer: Offer, checks: Sequence[Check], caller: Caller, searcher: Searcher) -> bool:
    """Whether an offer is about what the file tells: it names what happened, not only that it is an enterprise."""
    if any(c.key in caller.replies or (c.verdict == "met" and c.condition.kind in TELLING) for c in checks):
        return True
    if not caller.story:
        return any(c.verdict == "met" and c.condition.kind == "kind" for c in checks)
    words = f"{clause.title} {offer.before} {offer.text}" if offer.before else offer.text
    return any(share_said(part, words, searcher)[0] >= MATTER_SHARE for part in phrases(caller.story))


def _sums(clause: Clause, offer: Offer, caller: Caller) -> list[str]:
    """Calculations that the stated amounts allow, and staged amounts together."""
    from decimal import Decimal

    span = Span(offer.start, offer.start + len(offer.text))
    chosen = [Chosen(Scored(clause, 0.0, _NO_FEATURES, 0.0), (span,), 1.0, 1.0, 1.0)]
    citation = [Citation(1, clause, (Quote(span.start, span.end),))]
    asked = [f"{caller.area}，{what}{say(Decimal(str(yuan)))}，能补多少" for what, yuan in caller.stated.items()]
    found = (calculate(question, chosen, citation) for question in (*asked, "一共多少"))
    return list(dict.fromkeys(s.text for s in found if s))
