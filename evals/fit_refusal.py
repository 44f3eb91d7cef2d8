"""Fits assistant/refusal.json and draws its threshold curve: `python -m evals.fit_refusal [--write]`.

A logistic model over how near the best clause is to the question: is it about what the documents are about?
On-subject: development questions that are answerable, or that the documents touch without answering
(`no_evidence`). Off-subject: everyday legal questions of STARD's fitting half, which sound like policy and are
not, and the development questions marked `out_of_scope`. What `understand` settles alone (small talk, unsafe)
never reaches the model and is left out. scikit-learn is needed only here.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from assistant.evidence import choose
from assistant.refusal import SUBJECT_FEATURES, subject_values
from assistant.understand import understand
from evals.bundled import bundled_searcher
from evals.questions import DATASETS, load_questions
from evals.stard import add_option, is_there, load_stard
from index.search import Searcher

MODEL_FILE = Path(__file__).resolve().parents[1] / "assistant" / "refusal.json"
THRESHOLDS = tuple(round(0.02 * step, 2) for step in range(1, 31))
MAX_FALSE_REFUSALS = 0.03
"""The threshold is the largest that refuses no more of the on-subject questions. `assistant.asked` refuses wrongly,
too, mostly the same ones: together they refuse 0.031 of the answerable development questions."""
STARD_QUESTIONS = 300
"""As many as there are on-subject questions, about; more moves nothing, as classes are weighted alike."""
FOLDS = 10
RANKED = 30

Array = npt.NDArray[np.float64]


def values_of(question: str, region: str, searcher: Searcher) -> list[float] | None:
    """Values of SUBJECT_FEATURES; None when search finds nothing to judge by."""
    found = searcher.search(question, RANKED, region)
    chosen = choose(found, searcher, question)
    return subject_values(found, chosen, searcher) if chosen else None


def policy_values(searcher: Searcher) -> tuple[list[list[float]], list[list[float]]]:
    """(on-subject, off-subject) values of the development questions."""
    on: list[list[float]] = []
    off: list[list[float]] = []
    for question in load_questions(DATASETS / "policy.dev.jsonl"):
        understood = understand(question.question, question.history)
        if understood.kind != "question":
            continue
        values = values_of(understood.standalone, question.region, searcher)
        if values and (question.answerable or question.why_not == "no_evidence"):
            on.append(values)
        elif values and question.why_not == "out_of_scope":
            off.append(values)
    return on, off


def law_values(questions: Iterable[str], searcher: Searcher) -> list[list[float]]:
    """Off-subject values of everyday legal questions."""
    return [v for q in questions if (v := values_of(q, "", searcher))]


def fit(x: Array, y: Array) -> LogisticRegression:
    """The model; both classes weigh alike however many questions each has."""
    return LogisticRegression(C=1.0, class_weight="balanced", max_iter=2000).fit(x, y)


def cross_validated(x: Array, y: Array) -> Array:
    """Probability of being on subject, for each row by a model that never saw it."""
    probability = np.zeros(len(y))
    order = np.random.default_rng(0).permutation(len(y))
    for fold in range(FOLDS):
        test = order[fold::FOLDS]
        train = np.setdiff1d(order, test)
        probability[test] = fit(x[train], y[train]).predict_proba(x[test])[:, 1]
    return probability


def curve(probability: Array, y: Array, policy: npt.NDArray[np.bool_]) -> list[dict[str, float]]:
    """For each threshold: on-subject questions refused, legal and out-of-scope questions refused."""
    rows = []
    for threshold in THRESHOLDS:
        refused = probability < threshold
        off_policy = refused[(y == 0) & policy]
        rows.append(
            {
                "threshold": threshold,
                "false_refusals": round(float(refused[y == 1].mean()), 4),
                "refused_law": round(float(refused[(y == 0) & ~policy].mean()), 4),
                "refused_policy": round(float(off_policy.mean()), 4) if len(off_policy) else 0.0,
            }
        )
    return rows


def choose_threshold(rows: list[dict[str, float]]) -> float:
    """The largest threshold with at most MAX_FALSE_REFUSALS; the smallest when none keeps to that."""
    kept = [r["threshold"] for r in rows if r["false_refusals"] <= MAX_FALSE_REFUSALS]
    return max(kept, default=THRESHOLDS[0])


def main() -> int:
    """Fit, print the curve, and with --write replace the model."""
    from assistant.settings import load_settings
    from index.encode import load_encoder

    parser = argparse.ArgumentParser(prog="python -m evals.fit_refusal", description="拟合范围判断与拒答阈值")
    add_option(parser)
    parser.add_argument("--write", action="store_true", help=f"写入 {MODEL_FILE.name}（默认只打印）")
    options = parser.parse_args()
    if not is_there(options.stard):
        print("没有 STARD 就没有足够的范围外问题，无法拟合")
        return 1
    settings = load_settings()
    encoder = load_encoder(settings.embedding, settings.cache, settings.embedding_backend)
    laws = [q.text for q in load_stard(options.stard).split()[0]]
    laws = random.Random(1).sample(laws, STARD_QUESTIONS)
    with bundled_searcher(encoder) as searcher:
        on, off = policy_values(searcher)
        off_laws = law_values(laws, searcher)
    x = np.array([*on, *off, *off_laws])
    y = np.array([1.0] * len(on) + [0.0] * (len(off) + len(off_laws)))
    policy = np.arange(len(y)) < len(on) + len(off)
    rows = curve(cross_validated(x, y), y, policy)
    threshold = choose_threshold(rows)
    print(f"范围内 {len(on)} 题，范围外 {len(off)} 题，法律问题 {len(off_laws)} 题；{FOLDS} 折交叉验证")
    print("阈值   误拒    法律问题被拒  范围外被拒")
    for row in rows:
        mark = "  ← 采用" if row["threshold"] == threshold else ""
        print(
            f"{row['threshold']:.2f}   {row['false_refusals']:.3f}   {row['refused_law']:.3f}         {row['refused_policy']:.3f}{mark}"
        )
    model = fit(x, y)
    record = {
        "weights": {name: round(float(w), 4) for name, w in zip(SUBJECT_FEATURES, model.coef_[0], strict=True)},
        "intercept": round(float(model.intercept_[0]), 4),
        "threshold": threshold,
        "provenance": {
            "made_by": "python -m evals.fit_refusal --write",
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
            "data": {"on_subject": len(on), "out_of_scope": len(off), "stard": len(off_laws)},
            "curve": rows,
        },
    }
    text = json.dumps(record, ensure_ascii=False, indent=1) + "\n"
    print(text)
    if options.write:
        MODEL_FILE.write_text(text, encoding="utf-8")
    print(f"已写入 {MODEL_FILE}" if options.write else "未写入；加 --write 写入")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
