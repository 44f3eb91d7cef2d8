"""The score beside the rules: how much of a sentence the clauses explain, weighed by a few trained numbers.

case → level of each character → features → weights (guard_weights.json) → 0..1
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from assistant.alignment import MASKED, NEW, SHORT, Vocabulary, bigrams, explain, runs
from assistant.places import NAMED
from assistant.verdict import Case, Finding
from assistant.wording import ATTRIBUTION, OPEN_DATE

WEIGHTS_FILE = Path(__file__).with_name("guard_weights.json")


def mask(case: Case) -> bytearray:
    """1 for characters of the normal sentence that a check of their own answers for."""
    masked = bytearray(len(case.claim))
    place = {raw: i for i, raw in enumerate(case.normal.offsets)}
    for q in case.quantities:
        for raw in range(*q.outer):
            if raw in place:
                masked[place[raw]] = 1
    patterns = (
        (*ATTRIBUTION, NAMED, OPEN_DATE)
        if any(q.open_date for _, q in case.ground.quantities)
        else (*ATTRIBUTION, NAMED)
    )
    for pattern in patterns:
        for m in pattern.finditer(case.claim):
            masked[m.start() : m.end()] = b"\x01" * (m.end() - m.start())
    return masked


_SUBJECT = re.compile(
    r"(?:支持|鼓励|引导|推动|动员|对|为|给|向|让)"
    r"([^，。、]{2,12}?(?:企业|机构|院校|高校|院所|协会|团队|人才|平台|银行|公司|单位|个人|居民|主体))"
)


def check_subject(case: Case) -> list[Finding]:
    """Who is supported, granted or asked must be who the sentence of the clause names, not another's neighbour."""
    if case.quoted is not None:
        return []
    level = explain(case.claim, mask(case), case.ground.vocabulary)
    local = nearby_level(case, level)
    for m in _SUBJECT.finditer(case.claim):
        # 协会: 会 alone is an everyday word, so the kind of body is looked at as a whole.
        if not all(local[m.end(1) - 2 : m.end(1)]):
            return [case.finding("entity", *m.span(1), f"条款这里说的不是“{m.group(1)}”")]
        for start, end in runs(local):
            if end - start >= 2 and m.start(1) <= start and end <= m.end(1):
                return [case.finding("entity", *m.span(1), f"条款这里说的不是“{m.group(1)}”")]
    return []


FEATURES = (
    "new_chars", "new_runs", "longest_new", "new_share", "short_share", "borrowed", "weakest_part", "best_window",
)  # fmt: skip
"""Names of the values that `features` gives, in order; the weights file must hold the same."""
_TOPIC_CHARS = 2
"""So many characters may come from a neighbouring sentence of the clause: people name the topic (升规奖励) so."""
_SPOKEN_OF = 0.4
"""A sentence of the clause belongs to what is spoken of when it shares this part of what the best one shares."""


def features(case: Case, level: bytearray) -> tuple[float, ...]:
    """What the score is made of; every value lies in about 0..1.

    Args:
        case: the sentence and its ground.
        level: how each character is explained by the whole evidence, from `alignment.explain`.
    """
    content = [v for v in level if v != MASKED]
    size = max(1, len(content))
    open_text = _open(case, level)
    open_pairs = bigrams(open_text)
    shares = [len(open_pairs & p.pairs) / max(1, len(open_pairs)) for p in case.ground.passages]
    best = max(shares, default=0.0)
    local = nearby_level(case, level)
    new, long_runs, longest = _amount(level)
    borrowed = max(0.0, _amount(local)[0] - new - _TOPIC_CHARS)
    return (
        min(new, 10) / 10,
        min(long_runs, 4) / 4,
        min(longest, 8) / 8,
        new / size,
        content.count(SHORT) / size,
        min(borrowed, 10) / 10,
        _weakest(case, open_text),
        best,
    )


def nearby_level(case: Case, level: bytearray) -> bytearray:
    """How each character is explained by only those sentences of the evidence that are spoken of."""
    open_text = _open(case, level)
    pairs = bigrams(open_text)
    shares = [len(pairs & p.pairs) / max(1, len(pairs)) for p in case.ground.passages]
    return explain(case.claim, bytearray(v == MASKED for v in level), _near(case, open_text, shares))


def _open(case: Case, level: bytearray) -> str:
    return "".join(c if v != MASKED else "，" for c, v in zip(case.claim, level, strict=True))


def _amount(level: bytearray) -> tuple[float, int, int]:
    """(unexplained characters, those standing alone counted half; runs of two and more; the longest of these)."""
    lengths = [b - a for a, b in runs(level)]
    return (
        sum(n if n >= 2 else 0.5 for n in lengths),
        sum(n >= 2 for n in lengths),
        max((n for n in lengths if n >= 2), default=0),
    )


def _near(case: Case, open_text: str, shares: list[float]) -> Vocabulary:
    """Words of the sentences of the evidence that this sentence speaks of, as a whole or in one of its parts."""
    chosen = {i for i, s in enumerate(shares) if s and s >= max(shares) * _SPOKEN_OF}
    for start, end in case.segments:
        pairs = bigrams(open_text[start:end])
        counts = [len(pairs & p.pairs) for p in case.ground.passages]
        if counts and max(counts) >= 3:
            chosen.add(counts.index(max(counts)))
    return Vocabulary.of(*(case.ground.passages[i].text for i in sorted(chosen)), case.ground.context)


def _weakest(case: Case, open_text: str) -> float:
    """Of the parts between commas, the least share of pairs that one sentence of the evidence has of it."""
    covered = 1.0
    for start, end in case.segments:
        pairs = bigrams(open_text[start:end])
        if len(pairs) >= 4:
            covered = min(covered, max((len(pairs & p.pairs) for p in case.ground.passages), default=0) / len(pairs))
    return covered


class Weights:
    """Logistic weights, a few hundred bytes of reviewed JSON written by `evals/fit_guard.py`."""

    def __init__(self, values: Sequence[float], bias: float, threshold: float) -> None:
        self.values = tuple(values)
        self.bias = bias
        self.threshold = threshold

    def logit(self, values: Sequence[float]) -> float:
        """Weighted sum; positive means supported."""
        return self.bias + sum(w * v for w, v in zip(self.values, values, strict=True))


@lru_cache(maxsize=1)
def load_weights() -> Weights:
    """Weights from the package.

    Raises:
        ValueError: the file was made for other features.
    """
    data = json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))
    if tuple(data["features"]) != FEATURES:
        raise ValueError(f"{WEIGHTS_FILE.name}：特征与程序不一致；请重新运行 evals/fit_guard.py")
    return Weights([data["weights"][name] for name in FEATURES], data["bias"], data["threshold"])


def score_of(case: Case, level: bytearray) -> float:
    """0..1, the higher the more certainly supported as far as words go."""
    return 1.0 / (1.0 + math.exp(-load_weights().logit(features(case, level))))


__all__ = ["FEATURES", "NEW", "WEIGHTS_FILE", "check_subject", "features", "load_weights", "mask", "score_of"]
