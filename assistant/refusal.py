"""Whether to answer at all. A refusal is a declared outcome with a reason; the nearest clauses are still shown.

Two separate questions: is this our subject (a logistic model over how near the best clause is), and do the
clauses say what is asked (`assistant.asked`). The threshold is chosen on data; its curve is in
ARCHITECTURE.md and is drawn again by `python -m evals.fit_refusal`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from assistant.answer import Refusal
from assistant.asked import gaps
from assistant.evidence import Chosen, weighed_subjects
from index.ranking import FEATURES
from index.search import Found, Searcher
from index.words import normalise

SUBJECT_FEATURES = ("dense_best", "dense_part", "bm25_share", "covered", "meaning", "concepts", "unknown", "named")

_POLICY = re.compile(r"科委|科技局|经信委|发改委|财政局|主管部门|申报|补贴|奖励|资助|政策|扶持|补助")
TELLING_WEIGHT = 3.0
"""A listed subject that fewer than one clause in twenty names (首台套, 离岸孵化器) makes a question ours."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Answer (reason None), or refuse."""

    reason: Refusal | None
    missing: tuple[str, ...] = ()
    """What the documents do not say, in words; with an answer, the part of the question that stays open."""
    on_subject: float = 1.0
    """Probability that the question is about what the documents are about, 0..1."""


def decide(
    question: str, found: Found, chosen: Sequence[Chosen], searcher: Searcher, calculated: bool = False
) -> Decision:
    """Decide from the question and its evidence.

    Args:
        question: standalone.
        found: what search found for it.
        chosen: the evidence.
        searcher: the index.
        calculated: a sum that the question asks for was made from the evidence, so no figure is missing.
    """
    regions = {d.region for d in searcher.documents}
    everywhere = bool(regions & {"", "全国"})  # a document that names no place may hold anywhere
    foreign = [r for r in found.query.regions if r not in regions and not everywhere]
    if foreign and len(foreign) == len(found.query.regions):
        return Decision(Refusal.NO_EVIDENCE, tuple(f"{r}的规定" for r in foreign))
    if not chosen:
        return Decision(Refusal.NO_EVIDENCE)
    probability = on_subject(found, chosen, searcher)
    named = bool(found.query.documents.certain or found.query.documents.absent)
    named = named or named_weight(found, chosen, searcher, literally=True) >= TELLING_WEIGHT
    wanting = gaps(question, found.query, chosen, searcher)
    wanting = [g for g in wanting if not (calculated and g.figure)]
    missing = tuple(g.what for g in wanting)
    off_subject = probability < load_model()["threshold"] and not named and not chosen[0].scored.addressed
    if off_subject and not (missing and _POLICY.search(question)):  # 申报截止到哪天 is ours, though no clause says it
        return Decision(Refusal.OUT_OF_SCOPE, (), probability)
    answered = all(g.partial for g in wanting)
    return Decision(None if answered else Refusal.NO_EVIDENCE, missing, probability)


def named_weight(found: Found, chosen: Sequence[Chosen], searcher: Searcher, literally: bool = False) -> float:
    """Weight (inverse document frequency) of the most telling listed subject that the evidence names, else 0.

    With `literally`, only an expression that the question itself used counts: 赔钱 is no 亏损 of a company.

    首台套 (4.4) says that a question is ours however it is worded; 贷款 (2.3) says little.
    """
    texts = [normalise(f"{c.clause.title} {c.clause.text}") for c in chosen]
    weights = [
        weight
        for weight, expressions in weighed_subjects(found.query, searcher)
        if any(e in text for e in expressions for text in texts if not literally or e in found.query.text)
    ]
    return max(weights, default=0.0)


def subject_values(found: Found, chosen: Sequence[Chosen], searcher: Searcher) -> list[float]:
    """Values of SUBJECT_FEATURES for the best evidence."""
    words = {t: w for t, w in searcher.weigh(found.query).items() if not t.startswith("~")}
    total = max(sum(words.values()), 1e-6)
    features = dict(zip(FEATURES, (float(v) for v in chosen[0].scored.features), strict=True))
    features["meaning"] = chosen[0].meaning
    features["unknown"] = sum(w for t, w in words.items() if not searcher.lexical.knows(t)) / total
    features["named"] = named_weight(found, chosen, searcher)
    return [features[name] for name in SUBJECT_FEATURES]


def on_subject(found: Found, chosen: Sequence[Chosen], searcher: Searcher) -> float:
    """Probability that a question is about what the documents are about, 0..1."""
    model = load_model()
    values = subject_values(found, chosen, searcher)
    total = model["intercept"] + sum(model["weights"][n] * v for n, v in zip(SUBJECT_FEATURES, values, strict=True))
    return 1 / (1 + math.exp(-total))


@lru_cache(maxsize=1)
def load_model() -> dict[str, Any]:
    """Fitted weights and threshold, `assistant/refusal.json`."""
    return dict(json.loads(files("assistant").joinpath("refusal.json").read_text(encoding="utf-8")))
