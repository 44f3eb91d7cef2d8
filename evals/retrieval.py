"""Does search find the gold clauses? Ranked clause ids against gold quotes, by ir-measures (trec_eval's code).

A question may have several gold quotes; each is a set of clauses, any of which holds it (`GoldFinder`).
`any`: one of them answers the question; `all`: the answer needs every one. Both become qrels of *needs*, see
`needs_of` and `as_run`, because qrels of clauses would ask a search for every copy of the same words.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass

from assistant.understand import understand
from evals.questions import GoldFinder, Question
from index.search import Searcher

DEPTH = 10
"""Clauses of an answer's record that are looked at."""


@dataclass(frozen=True, slots=True)
class Ranks:
    """How one question fared, each 0 to 1."""

    first: float
    """Success@1, of any quote."""
    top5: float
    """Success@5: 1 when the first five clauses hold what the question needs, by its mode."""
    top10: float
    mrr10: float
    """1 / rank of the first clause that holds any gold quote (Voorhees 1999)."""
    recall5: float
    """Share of the needs found among the first five clauses; equals `top5` for questions of mode `any`."""
    recall10: float
    ndcg10: float
    """Normalised discounted cumulative gain (Järvelin and Kekäläinen 2002), binary gains, one a need."""

    def to_json(self) -> dict[str, float]:
        """By name."""
        return asdict(self)


def first(ranked: Sequence[str], gold: Sequence[Collection[str]]) -> float:
    """1 when the clause ranked first holds any of the gold quotes (success@1); one clause cannot hold them all."""
    return float(bool(ranked) and any(ranked[0] in g for g in gold))


def within(ranked: Sequence[str], gold: Sequence[Collection[str]], k: int, mode: str) -> float:
    """Success@k: 1 when the first k clauses hold one (`any`) or each (`all`) of the gold quotes."""
    held = [not set(ranked[:k]).isdisjoint(g) for g in gold]
    return float(all(held) if mode == "all" else any(held))


def needs_of(gold: Sequence[Collection[str]], mode: str) -> list[frozenset[str]]:
    """What has to be found: sets of clauses, any of which meets the need.

    `any` is one need, met by every clause that holds one of the quotes. `all` is one need a quote, except that a
    need whose clauses include all those of another is met with it and does not count twice (two quotes from one
    clause are one need). A quote that no clause holds stays a need that nothing meets.
    """
    if mode == "any":
        return [frozenset().union(*gold)] if gold else []
    distinct = list(dict.fromkeys(frozenset(g) for g in gold))
    return [need for need in distinct if not need or not any(other and other < need for other in distinct)]


def as_run(ranked: Sequence[str], needs: Sequence[Collection[str]]) -> list[str]:
    """The ranking in terms of needs: `need 0` where the clause is the first to meet it, else the clause's own id.

    A later clause that meets the same need again is neither gain nor loss: it holds its place as any other. A
    clause that meets several needs stands for the first of them still open; the bundled questions have none.
    """
    open_needs = dict(enumerate(needs))
    run = []
    for clause_id in ranked:
        met = next((i for i, need in open_needs.items() if clause_id in need), None)
        if met is None:
            run.append(clause_id)
        else:
            run.append(f"need {met}")
            del open_needs[met]
    return run


def ranks(ranked: Sequence[str], gold: Sequence[Collection[str]], mode: str) -> Ranks | None:
    """All measures of one question; None when it has no gold (there is nothing to find). 0.7 ms."""
    if not gold:
        return None
    import ir_measures
    from ir_measures import RR, R, nDCG

    needs = needs_of(gold, mode)
    qrels = {"q": {f"need {i}": 1 for i in range(len(needs))}}
    # trec_eval orders by score, so a rank becomes a score that falls by one from clause to clause.
    run = {"q": {name: float(-rank) for rank, name in enumerate(as_run(ranked[:DEPTH], needs))}}
    found = {str(m): v for m, v in ir_measures.calc_aggregate([RR @ 10, R @ 5, R @ 10, nDCG @ 10], qrels, run).items()}
    return Ranks(
        first(ranked, gold),
        within(ranked, gold, 5, mode),
        within(ranked, gold, 10, mode),
        found["RR@10"],
        found["R@5"],
        found["R@10"],
        found["nDCG@10"],
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
