"""Evidence for a question on a day: from what is in force then and, only where that does not answer, from the rest.

search → choose → calculate → refuse or answer;   once more over documents not in force when that refuses
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from assistant import compose
from assistant.answer import Sentence
from assistant.arithmetic import calculate
from assistant.evidence import Chosen, choose, likelihoods
from assistant.refusal import Decision, decide
from assistant.when import AsOf
from index.clause import Clause
from index.search import Found, Searcher

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
    first = _weighed(found, searcher, when)
    asked = found.query
    ceased = searcher.lineage.ceased(day) if when.earlier else frozenset()
    tries = []
    if ceased:  # 以前的政策: what held before comes first
        tries.append(frozenset(d.document_id for d in searcher.documents) - ceased)
    elif first.decision.reason is None:
        if not asked.without:
            return first
        every = searcher.search(when.rest, top, region, replace(asked, without=frozenset()), day)
        # What only an expired document speaks of is said of it, with its end, and never of another subject.
        return _weighed(every, searcher, when) if _only_withheld_speaks(every, asked.without, searcher, day) else first
    if asked.without:
        tries.append(frozenset())
    for without in tries:
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
    if not found.query.without or len(found.ranked) >= top:
        return found
    every = searcher.search(question, top, region, replace(found.query, without=frozenset()), day)
    known = {s.clause.clause_id for s in found.ranked}
    rest = [s for s in every.ranked if s.clause.clause_id not in known]
    return replace(found, ranked=(*found.ranked, *rest)[:top])


def stands(clause: Clause, searcher: Searcher, day: str) -> bool:
    """Whether a clause's figures hold on a day (ISO), as far as is known."""
    standing = searcher.lineage.on(clause.document_id, day)
    return not standing.passed_over and not searcher.lineage.amended(clause, day)


def _only_withheld_speaks(every: Found, without: frozenset[str], searcher: Searcher, day: str) -> bool:
    """Whether what may speak is nothing beside a withheld clause: 0.0009 and less where another subject was taken.

    Where a document in force took its place, that one speaks even of what it words otherwise (0.006 was seen).
    """
    if not every.ranked or every.ranked[0].clause.document_id not in without:
        return False
    shares = likelihoods(every.ranked)
    may = sum(float(p) for s, p in zip(every.ranked, shares, strict=True) if s.clause.document_id not in without)
    replaced = searcher.lineage.current(every.ranked[0].clause.document_id, day) is not None
    return may < (LEAST_BESIDE_REPLACED if replaced else LEAST_BESIDE) * float(shares[0])


def _weighed(found: Found, searcher: Searcher, when: AsOf) -> Gathered:
    chosen = choose(found, searcher, when.rest)
    calculated = None
    # What is repealed, changed since or not yet in force adds up to nothing that anybody gets.
    if chosen and stands(chosen[0].clause, searcher, when.day.isoformat()):
        calculated = calculate(when.rest, chosen, compose.cite(chosen, searcher))
    return Gathered(found, chosen, calculated, decide(when.rest, found, chosen, searcher, calculated is not None))
