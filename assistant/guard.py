"""The guard: does the cited text support this sentence? Rules for what can be named, a small score for the rest.

    sentence + evidence → case → checks (figures, names, force) → alignment → score → verdict

A finding of any check makes the sentence unsupported; so does a score below the threshold, and so does a check
that cannot run. Knows nothing of models, search or the user; about 2 ms a sentence.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

from assistant.alignment import EMPTY, LITERAL, MASKED, NEW, SHORT, SYNONYM, Vocabulary, bigrams, explain, runs
from assistant.figures import check_figures, check_relation
from assistant.names import NAMED, check_departments, check_documents, check_entities, check_places, check_status
from assistant.slots import check_condition, check_modality, check_negation, check_scope
from assistant.verdict import Case, Evidence, Finding, Ground, Verdict, prepare
from assistant.wording import ATTRIBUTION, OPEN_DATE

CHECKS: tuple[Callable[[Case], list[Finding]], ...] = (
    check_figures, check_relation, check_condition, check_scope, check_modality, check_negation,
    check_departments, check_places, check_status, check_documents, check_entities,
)  # fmt: skip
WEIGHTS_FILE = Path(__file__).with_name("guard_weights.json")


def check(sentence: str, evidence: Sequence[Evidence | str]) -> Verdict:
    """Whether the evidence supports the whole sentence.

    Args:
        sentence: one sentence of an answer, without citation marks.
        evidence: the cited texts; plain strings work, but then nothing is known of document and status.

    Returns:
        Verdict with every finding, most telling first. Empty evidence or an empty sentence is unsupported.
    """
    known = tuple(e if isinstance(e, Evidence) else Evidence(e) for e in evidence)
    if not sentence.strip() or not any(e.text.strip() for e in known):
        return Verdict(False, 0.0, (), "没有句子或没有依据，无法核对")
    try:
        return _check(sentence, prepare(known))
    except Exception as error:  # noqa: BLE001 - whatever breaks in here, the sentence must not be shown
        finding = Finding(
            "alignment", sentence, f"核对没有完成（{type(error).__name__}），按不支持处理", 0, len(sentence)
        )
        return Verdict(False, 0.0, (finding,), finding.message)


def _check(sentence: str, ground: Ground) -> Verdict:
    case = Case.of(sentence, ground)
    if case.quoted is not None and not check_status(case):
        return Verdict(True, 1.0, (), "与条款原文一致")
    findings = [finding for run in CHECKS for finding in run(case)]
    level = explain(case.claim, mask(case), ground.vocabulary)
    values = features(case, level)
    weights = load_weights()
    score = 1.0 / (1.0 + math.exp(-weights.logit(values)))
    if score < weights.threshold and not findings:
        findings += new_claims(case, level)
    if findings:
        score = min(score, weights.threshold / 2)
        return Verdict(
            False, round(score, 4), tuple(findings), "；".join(dict.fromkeys(f.message for f in findings[:3]))
        )
    return Verdict(True, round(score, 4), (), "句中各项都有条款依据")


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


def new_claims(case: Case, level: bytearray) -> list[Finding]:
    """Findings for the words that nothing explains; one for the whole when no run stands out."""
    spans = [(a, b) for a, b in runs(level) if b - a >= 2] or runs(level)
    if not spans:
        return [case.finding("alignment", 0, len(case.claim), "整句与条款对不上")]
    return [case.finding("added", a, b, f"条款里没有“{_printed(case, a, b)}”的依据") for a, b in spans[:4]]


def _printed(case: Case, start: int, end: int) -> str:
    a, b = case.normal.span(start, end)
    return re.sub(r"\s+", "", case.sentence[a:b])


FEATURES = (
    "new_chars", "new_runs", "longest_new", "new_share", "synonym_share", "short_share", "empty_share", "literal_share",
    "pair_coverage", "best_window", "local_new", "local_longest", "local_share", "weakest_part", "weakest_words", "short_sentence",
)  # fmt: skip
"""Names of the values that `features` gives, in order; the weights file must hold the same."""
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
    open_text = "".join(c if v != MASKED else "，" for c, v in zip(case.claim, level, strict=True))
    open_pairs = bigrams(open_text)
    shares = [len(open_pairs & p.pairs) / max(1, len(open_pairs)) for p in case.ground.passages]
    best = max(shares, default=0.0)
    near = _near(case, open_text, shares)
    local = explain(case.claim, bytearray(v == MASKED for v in level), near)
    weakest, weakest_words = _weakest(case, open_text, level)
    new, long_runs, longest = _amount(level)
    local_new, _, local_longest = _amount(local)
    return (
        min(new, 10) / 10,
        min(long_runs, 4) / 4,
        min(longest, 8) / 8,
        new / size,
        content.count(SYNONYM) / size,
        content.count(SHORT) / size,
        content.count(EMPTY) / size,
        content.count(LITERAL) / size,
        len(open_pairs & case.ground.vocabulary.pairs) / max(1, len(open_pairs)),
        best,
        min(local_new, 10) / 10,
        min(local_longest, 8) / 8,
        local_new / size,
        weakest,
        weakest_words,
        float(size < 8),
    )


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


def _weakest(case: Case, open_text: str, level: bytearray) -> tuple[float, float]:
    """(least share of pairs that one sentence of the evidence has of a part; least explained share of a part)."""
    covered, explained = 1.0, 1.0
    for start, end in case.segments:
        pairs = bigrams(open_text[start:end])
        if len(pairs) >= 4:
            covered = min(covered, max((len(pairs & p.pairs) for p in case.ground.passages), default=0) / len(pairs))
        inner = [v for v in level[start:end] if v != MASKED]
        if len(inner) >= 4:
            explained = min(explained, sum(v in (LITERAL, SYNONYM, SHORT) for v in inner) / len(inner))
    return covered, explained


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


__all__ = ["FEATURES", "NEW", "Evidence", "Finding", "Verdict", "check", "features", "load_weights", "mask"]
