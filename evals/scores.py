"""Outputs to scores: every measure over all questions and by type, as JSON and as one table."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from evals.answers import MEASURES as ANSWER_MEASURES
from evals.answers import Value
from evals.intervals import Estimate, estimate
from evals.questions import GoldFinder, Question
from evals.retrieval import MEASURES as RETRIEVAL_MEASURES
from evals.retrieval import measurable, ranks
from index.clause import Clause

Scores = dict[str, dict[str, Estimate]]
"""Type of question (`全部` first) → name of measure → estimate; a measure that nowhere applies is absent."""
ALL = "全部"
_RETRIEVAL_NAMES = dict(zip(RETRIEVAL_MEASURES, ("first", "top5", "top10", "mrr10"), strict=True))
HEADINGS = {
    **{name: heading for heading, name in _RETRIEVAL_NAMES.items()},
    **{name: measure.heading for name, measure in ANSWER_MEASURES.items()},
}


def measure(question: Question, record: Mapping[str, Any], finder: GoldFinder) -> dict[str, Value]:
    """Every measure of one recorded answer; None where it does not apply."""
    values: dict[str, Value] = dict.fromkeys(HEADINGS)
    if measurable(question):
        gold = [finder.clause_ids(g) for g in question.gold]
        ranked = ranks([r["clause_id"] for r in record["retrieved"]], gold, question.gold_mode)
        values |= {_RETRIEVAL_NAMES[h]: of(ranked) for h, of in RETRIEVAL_MEASURES.items() if ranked}
    return values | {name: m.of(question, record) for name, m in ANSWER_MEASURES.items()}


def score(
    questions: Sequence[Question], records: Sequence[Mapping[str, Any]], clauses: Sequence[Clause]
) -> tuple[Scores, dict[str, float]]:
    """(scores, milliseconds of a whole answer at p50 and p95)."""
    finder = GoldFinder(clauses)
    groups: dict[str, list[dict[str, Value]]] = {ALL: []}
    for question, record in zip(questions, records, strict=True):
        values = measure(question, record, finder)
        groups[ALL].append(values)
        groups.setdefault(question.type, []).append(values)
    times = [r["timings_ms"]["total"] for r in records if "total" in r["timings_ms"]]
    p50, p95 = np.percentile(times, [50, 95]) if times else (0.0, 0.0)
    found = {kind: _means(rows) for kind, rows in groups.items()}
    return found, {"p50": round(float(p50), 1), "p95": round(float(p95), 1)}


def _means(rows: Sequence[Mapping[str, Value]]) -> dict[str, Estimate]:
    means = {}
    for name in HEADINGS:
        if found := estimate([v for row in rows if (v := row[name]) is not None]):
            means[name] = found
    return means


def table(scores: Scores, counts: Mapping[str, int]) -> str:
    """One table; `-` where a measure does not apply. The first row's intervals follow below it."""
    names = list(HEADINGS)
    rows = [["题型", "题数", *HEADINGS.values()]]
    for kind, means in scores.items():
        rows.append([kind, str(counts[kind]), *(_cell(name, means.get(name)) for name in names)])
    widths = [max(_width(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(_pad(cell, w, i == 0) for i, (cell, w) in enumerate(zip(row, widths, strict=True))) for row in rows
    ]
    intervals = [
        f"{HEADINGS[n]} {e.value:.3f} [{e.low:.3f}, {e.high:.3f}]（{e.n} 题）"
        for n, e in scores[ALL].items()
        if n != "characters"
    ]
    return "\n".join([*lines, "", "全部题目的 95 % 区间（自助法）：", *intervals])


def _cell(name: str, found: Estimate | None) -> str:
    if found is None:
        return "-"
    return f"{found.value:.0f}" if name == "characters" else f"{found.value:.3f}"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _pad(text: str, width: int, left: bool) -> str:
    space = " " * (width - _width(text))
    return text + space if left else space + text
