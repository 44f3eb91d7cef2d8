"""Evidence for a question on a day: from what is in force then and, only where that does not answer, from the rest.

search → choose → calculate → refuse or answer;   once more over what is not in force when that refuses

A clause that is repealed by itself keeps silent as a document does. A clause that another changed since is led in by
what changed it: new words stand in the place of the old ones, and a part that was changed comes before the old text.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant import compose
from assistant.answer import Sentence
from assistant.arithmetic import calculate
from assistant.evidence import Chosen, choose, likelihoods
from assistant.refusal import Decision, decide
from assistant.when import AsOf
from index.clause import Clause
from index.passages import sentence_spans
from index.search import Found, Scored, Searcher

LEAST_BESIDE = 0.05
LEAST_BESIDE_REPLACED = 0.001
"""Likelihood of all that may speak, relative to a withheld clause, below which it does not speak of the subject."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What one question is answered from."""

    found: Found
    chosen: list[Chosen]
    calculated: Sentence | None
    """A sum that was asked for, from clauses in force on the day."""
    decision: Decision
    literal: bool = False
    """Old and new wording stand side by side: only the clauses' own words tell them apart."""


def gather(found: Found, searcher: Searcher, when: AsOf, top: int, region: str) -> Gathered:
    """Choose evidence and decide whether it answers.

    Args:
        found: the search over what speaks on the day.
        searcher: the index.
        when: the question without its time, and the day.
        top: clauses ranked when it has to be searched again.
        region: of askers who name none.
    """
    day = when.day.isoformat()
    asked = found.query
    speaking = found if when.earlier else _speaking(found, searcher, day)
    silent = len(speaking.ranked) < len(found.ranked)
    first = _weighed(speaking, searcher, when)
    ceased = searcher.lineage.ceased(day) if when.earlier else frozenset()
    tries = []
    if ceased:  # 以前的政策: what held before comes first
        tries.append(frozenset(d.document_id for d in searcher.documents) - ceased)
    elif first.decision.reason is None:
        if not asked.without and not silent:
            return first
        every = found
        if asked.without:
            every = searcher.search(when.rest, top, region, replace(asked, without=frozenset()), day)
        # What only an expired document speaks of is said of it, with its end, and never of another subject.
        return _weighed(every, searcher, when) if _only_withheld_speaks(every, asked.without, searcher, day) else first
    if asked.without or silent:
        tries.append(frozenset())
    for without in tries:
        again = found
        if without != asked.without:
            again = searcher.search(when.rest, top, region, replace(asked, without=without), day)
        gathered = _weighed(again, searcher, when)
        if gathered.decision.reason is None:
            return gathered
        if first.decision.reason is None:
            break
    return first


def look(searcher: Searcher, question: str, top: int, region: str = "", today: dt.date | None = None) -> Found:
    """Ranked clauses for somebody who reads them himself: what is in force first, then the rest, each with its status.

    Args:
        searcher: the index.
        question: as typed.
        top: at most so many clauses.
        region: the asker's, when the question names none.
        today: None takes the clock.
    """
    day = (today or dt.date.today()).isoformat()
    found = searcher.search(question, top, region, day=day)
    order = sorted(found.ranked, key=lambda s: not s.addressed and _ended(s, searcher, day))
    found = replace(found, ranked=tuple(order))
    if not found.query.without or len(found.ranked) >= top:
        return found
    every = searcher.search(question, top, region, replace(found.query, without=frozenset()), day)
    known = {s.clause.clause_id for s in found.ranked}
    rest = [s for s in every.ranked if s.clause.clause_id not in known]
    return replace(found, ranked=(*found.ranked, *rest)[:top])


def stands(clause: Clause, searcher: Searcher, day: str) -> bool:
    """Whether a clause's figures hold on a day (ISO), as far as is known."""
    lineage = searcher.lineage
    if lineage.on(clause.document_id, day).passed_over or lineage.changes(clause, day):
        return False
    # “将……的“30%”修改为“50%””: of two figures one holds no more.
    return not lineage.made(clause, day)


def _ended(scored: Scored, searcher: Searcher, day: str) -> bool:
    """Whether what search found on a day is a clause that is repealed by itself: one that nobody changed is not."""
    return bool(scored.clause.changes) and searcher.lineage.ended(scored.clause, day)


def _speaking(found: Found, searcher: Searcher, day: str) -> Found:
    """What search found without clauses that are repealed by themselves, but for one that is asked for by its number."""
    kept = tuple(s for s in found.ranked if s.addressed or not _ended(s, searcher, day))
    return found if len(kept) == len(found.ranked) else replace(found, ranked=kept)


def _led_in(chosen: Sequence[Chosen], searcher: Searcher, day: str, *, old: bool = False) -> tuple[list[Chosen], bool]:
    """Evidence with what changed it: before a clause stands the clause that changed it, with the words that say so.

    A clause whose words were all put in new ones does not speak beside them, unless who gave the new ones has ceased.

    Args:
        chosen: the evidence.
        searcher: the index.
        day: ISO.
        old: what held before is asked for, so that it speaks beside the new.

    Returns:
        The evidence, and whether old wording is left in it.
    """
    lineage = searcher.lineage
    own = {c.clause.clause_id: c for c in chosen}
    found: dict[str, Chosen] = {}
    left = False
    for c in chosen:
        changes = lineage.changes(c.clause, day)
        for e in changes:
            if e.source is not None:
                name = e.source.clause_id
                known = found.get(name) or own.get(name) or replace(c, spans=())
                told = [s for s in sentence_spans(e.source.text) if s.start < e.end and e.start < s.end]
                found[name] = replace(
                    known,
                    scored=replace(known.scored, clause=lineage.as_of(e.source, day)),
                    spans=tuple(sorted({*known.spans, *told}, key=lambda s: s.start)),
                )
        if old or not any(e.ends and e.done == "replaced" and lineage.on(e.by, day).holds for e in changes):
            found.setdefault(c.clause.clause_id, c)
            left = left or bool(changes)
    return list(found.values()), left


def _only_withheld_speaks(every: Found, without: frozenset[str], searcher: Searcher, day: str) -> bool:
    """Whether what may speak is nothing beside a withheld clause: 0.0009 and less where another subject was taken.

    Where a document in force took its place, that one speaks even of what it words otherwise (0.006 was seen).
    """
    silent = [s.clause.document_id in without or (not s.addressed and _ended(s, searcher, day)) for s in every.ranked]
    if not any(silent[:1]):
        return False
    shares = likelihoods(every.ranked)
    may = sum(float(p) for p, held_back in zip(shares, silent, strict=True) if not held_back)
    replaced = searcher.lineage.current(every.ranked[0].clause.document_id, day) is not None
    return may < (LEAST_BESIDE_REPLACED if replaced else LEAST_BESIDE) * float(shares[0])


def _weighed(found: Found, searcher: Searcher, when: AsOf) -> Gathered:
    day = when.day.isoformat()
    chosen, literal = _led_in(choose(found, searcher, when.rest), searcher, day, old=when.earlier)
    calculated = None
    # What is repealed, changed since or not yet in force adds up to nothing that anybody gets.
    if chosen and not literal and stands(chosen[0].clause, searcher, day):
        calculated = calculate(when.rest, chosen, compose.cite(chosen, searcher))
    decision = decide(when.rest, found, chosen, searcher, calculated is not None)
    return Gathered(found, chosen, calculated, decision, literal)
