"""Fits index/ranking.json: `python -m evals.fit_ranking [--write]`.

A conditional logit (McFadden 1974): P(clause | question) = exp(w·x) / Σ exp(w·x) over the question's
candidates, fitted by maximum likelihood with an L2 penalty; with several gold clauses the likelihood is that
of any of them. Data: the development questions over the bundled policies and half of STARD's questions over
its articles; the other half and every held-out question stay unseen. numpy and scipy are needed only here.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from evals.bundled import bundled_searcher
from evals.intervals import estimate
from evals.questions import DATASETS, GoldFinder, Question, load_questions
from evals.retrieval import Ranks, measurable, search_all, standalone
from evals.stard import FITTED, LayQuestion, add_option, is_there, load_stard, open_stard, recall
from index.ranking import FEATURES
from index.search import Found, Searcher

WEIGHTS_FILE = Path(__file__).resolve().parents[1] / "index" / "ranking.json"
L2 = 0.0005
"""Of 0.0003 to 0.01: figures of dev move by under 0.01; the least one is best on STARD."""
FOLDS = 5
ALL_CANDIDATES = 100_000

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Example:
    """The candidates of one question."""

    x: Array
    """[candidates, features]"""
    gold: npt.NDArray[np.bool_]
    """[candidates]"""

    @property
    def usable(self) -> bool:
        """Whether there is something to learn: a gold clause among the candidates, and another beside it."""
        return bool(self.gold.any() and not self.gold.all())


def example(found: Found, is_gold: Callable[[str], bool]) -> Example:
    """An example from a search that kept all its candidates."""
    x = np.array([s.features for s in found.ranked], dtype=np.float64).reshape(-1, len(FEATURES))
    return Example(x, np.array([is_gold(s.clause.clause_id) for s in found.ranked], dtype=bool))


def policy_example(question: Question, searcher: Searcher, finder: GoldFinder) -> Example:
    """The candidates of a question over the bundled policies."""
    gold = set().union(*(finder.clause_ids(g) for g in question.gold))
    return example(searcher.search(standalone(question), ALL_CANDIDATES, question.region), gold.__contains__)


def law_example(question: LayQuestion, searcher: Searcher) -> Example:
    """The candidates of a STARD question."""
    return example(searcher.search(question.text, ALL_CANDIDATES), question.gold.__contains__)


def fit(examples: Sequence[Example], l2: float = L2) -> Array:
    """Weights [features] that minimise the mean negative log-likelihood + l2·|w|²; examples count alike."""
    usable = [e for e in examples if e.usable]
    counts = np.array([len(e.x) for e in usable])
    starts = np.cumsum(counts) - counts
    x, gold = np.concatenate([e.x for e in usable]), np.concatenate([e.gold for e in usable])

    def loss(w: Array) -> tuple[float, Array]:
        utility = x @ w
        weight = np.exp(utility - np.repeat(np.maximum.reduceat(utility, starts), counts))
        gold_weight = weight * gold
        total, right = np.add.reduceat(weight, starts), np.add.reduceat(gold_weight, starts)
        gradient = x.T @ (weight / np.repeat(total, counts) - gold_weight / np.repeat(right, counts))
        value = -np.log(right / total).mean() + l2 * float(w @ w)
        return float(value), gradient / len(usable) + 2 * l2 * w

    return np.asarray(minimize(loss, np.zeros(len(FEATURES)), jac=True, method="L-BFGS-B").x)


def set_weights(searcher: Searcher, weights: Array) -> None:
    """Let the product's own search rank by these weights."""
    searcher.weights = weights.astype(np.float32)


def cross_validate(
    questions: Sequence[Question], examples: Sequence[Example], laws: Sequence[Example], searcher: Searcher
) -> list[Ranks]:
    """Ranks of each question by weights that never saw it, through the product's own search."""
    order = np.random.default_rng(0).permutation(len(questions))
    ranks: list[Ranks] = []
    for fold in range(FOLDS):
        left_out = set(order[fold::FOLDS].tolist())
        set_weights(searcher, fit([*(e for i, e in enumerate(examples) if i not in left_out), *laws]))
        ranks += [r for _, r in search_all([questions[i] for i in sorted(left_out)], searcher)]
    return ranks


def law_recalls(questions: Sequence[LayQuestion], searcher: Searcher) -> dict[str, list[float]]:
    """R@10 and R@100 of each question by the searcher's present weights."""
    found = [[s.clause.clause_id for s in searcher.search(q.text, 100).ranked] for q in questions]
    pairs = list(zip(questions, found, strict=True))
    return {f"R@{k}": [recall(q.gold, ids, k) for q, ids in pairs] for k in (10, 100)}


def main() -> int:
    """Fit, print the figures, and with --write replace the weights."""
    from assistant.settings import load_settings
    from index.encode import load_encoder

    parser = argparse.ArgumentParser(prog="python -m evals.fit_ranking", description="拟合检索排序权重")
    add_option(parser)
    parser.add_argument("--write", action="store_true", help=f"写入 {WEIGHTS_FILE.name}（默认只打印）")
    options = parser.parse_args()
    settings = load_settings()
    encoder = load_encoder(settings.embedding, settings.cache, settings.embedding_backend)
    questions = [q for q in load_questions(DATASETS / "policy.dev.jsonl") if measurable(q)]
    figures: dict[str, Any] = {}
    laws: list[Example] = []
    law_searcher = None
    if is_there(options.stard):
        stard = load_stard(options.stard)
        law_searcher, _ = open_stard(stard, encoder, settings.cache)
        laws = [law_example(q, law_searcher) for q in stard.split()[0]]
        print(f"STARD：{len(laws)} 题用于拟合，其中 {sum(e.usable for e in laws)} 题的候选里有正确法条")
    with bundled_searcher(encoder) as searcher:
        finder = GoldFinder(searcher.clauses)
        examples = [policy_example(q, searcher, finder) for q in questions]
        print(f"policy.dev：{len(questions)} 题，其中 {sum(e.usable for e in examples)} 题的候选里有正确条款")
        ranks = cross_validate(questions, examples, laws, searcher)
        weights = fit([*examples, *laws])
        set_weights(searcher, weights)
        seen = [r for _, r in search_all(questions, searcher)]
    for name, of in (("first", lambda r: r.first), ("top5", lambda r: r.top5), ("top10", lambda r: r.top10)):
        held = estimate([of(r) for r in ranks])
        fitted = estimate([of(r) for r in seen])
        assert held and fitted
        figures[f"dev_cross_validated_{name}"] = round(held.value, 4)
        print(f"policy.dev {name}：{FOLDS} 折交叉验证 {held}，全部用于拟合 {fitted.value:.3f}")
    if law_searcher:
        set_weights(law_searcher, weights)
        for name, values in law_recalls(stard.split()[1], law_searcher).items():
            found = estimate(values)
            assert found
            figures[f"stard_test_{name}"] = round(found.value, 4)
            print(f"STARD 未用于拟合的 {found.n} 题 {name}：{found}")
    record = {
        "weights": {name: round(float(w), 3) for name, w in zip(FEATURES, weights, strict=True)},
        "provenance": {
            "made_by": "python -m evals.fit_ranking --write",
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
            "data": {"policy.dev": len(questions), f"stard train, seeded half ({FITTED})": len(laws)},
            "usable": sum(e.usable for e in [*examples, *laws]),
            "l2": L2,
            "figures": figures,
        },
    }
    text = json.dumps(record, ensure_ascii=False, indent=1) + "\n"
    print(text)
    if options.write:
        WEIGHTS_FILE.write_text(text, encoding="utf-8")
    print(f"已写入 {WEIGHTS_FILE}" if options.write else "未写入；加 --write 写入")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
