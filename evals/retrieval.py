"""Does search find the gold clause? Pure measures over ranked clause ids, and their table.

A question may have several gold quotes; each is a set of clauses, any of which holds it (`GoldFinder`).
`any`: one of them answers the question; `all`: the answer needs every one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from assistant.understand import understand
from evals.intervals import Estimate, estimate
from evals.questions import GoldFinder, Question
from index.search import Searcher

DEPTH = 10


@dataclass(frozen=True, slots=True)
class Ranks:
    """How one question fared, each 0 or 1 except the reciprocal rank."""

    first: float
    top5: float
    top10: float
    mrr: float


MEASURES: dict[str, Callable[[Ranks], float]] = {
    "首位": lambda r: r.first,
    "前5": lambda r: r.top5,
    "前10": lambda r: r.top10,
    "MRR@10": lambda r: r.mrr,
}


def first(ranked: Sequence[str], gold: Sequence[Collection[str]]) -> float:
    """1 when the clause ranked first holds any of the gold quotes (success@1); one clause cannot hold them all."""
    return float(bool(ranked) and any(ranked[0] in g for g in gold))


def within(ranked: Sequence[str], gold: Sequence[Collection[str]], k: int, mode: str) -> float:
    """Success@k: 1 when the first k clauses hold one (`any`) or each (`all`) of the gold quotes."""
    held = [not set(ranked[:k]).isdisjoint(g) for g in gold]
    return float(all(held) if mode == "all" else any(held))


def reciprocal_rank(ranked: Sequence[str], gold: Sequence[Collection[str]]) -> float:
    """1 / rank of the first clause that holds any gold quote, 0 when none of `ranked` does (Voorhees 1999)."""
    return next((1 / rank for rank, i in enumerate(ranked, 1) if any(i in g for g in gold)), 0.0)


def ranks(ranked: Sequence[str], gold: Sequence[Collection[str]], mode: str) -> Ranks | None:
    """All measures of one question; None when it has no gold (there is nothing to find)."""
    if not gold:
        return None
    return Ranks(
        first(ranked, gold),
        within(ranked, gold, 5, mode),
        within(ranked, gold, 10, mode),
        reciprocal_rank(ranked[:DEPTH], gold),
    )


def measurable(question: Question) -> bool:
    """Whether a question has something to be found."""
    return question.answerable and bool(question.gold)


def standalone(question: Question) -> str:
    """What the product searches for: the question with what it refers to."""
    return understand(question.question, question.history).standalone or question.question


def search_all(questions: Iterable[Question], searcher: Searcher) -> list[tuple[Question, Ranks]]:
    """Search for every question that has gold, as the product does."""
    finder = GoldFinder(searcher.clauses)
    rows = []
    for question in filter(measurable, questions):
        found = searcher.search(standalone(question), DEPTH, question.region)
        gold = [finder.clause_ids(g) for g in question.gold]
        if measured := ranks([s.clause.clause_id for s in found.ranked], gold, question.gold_mode):
            rows.append((question, measured))
    return rows


def summary(rows: Sequence[tuple[Question, Ranks]]) -> dict[str, dict[str, Estimate]]:
    """Means with intervals, over all questions (`全部`) and by type: {type: {measure: estimate}}."""
    kinds = {"全部": list(rows)}
    for question, measured in rows:
        kinds.setdefault(question.type, []).append((question, measured))
    return {
        kind: {name: e for name, value in MEASURES.items() if (e := estimate([value(r) for _, r in members]))}
        for kind, members in kinds.items()
    }
