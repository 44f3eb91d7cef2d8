"""The judge before it judges: its own figures on labelled claims that it was not made with.

A judge that misses its bar says nothing about answers, so the scores that rest on it are withheld. The bar is the
one in use elsewhere (Husain, “Using LLM-as-a-judge”: sensitivity and specificity over 90 % on unseen labels).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.corrected import Rates
from evals.guard_figures import DATASETS, Claim, read_claims
from evals.judge import Unscored
from evals.judge_figures import figures
from evals.verdicts import Memory

BAR = 0.90
"""TPR and TNR must both be over it."""
LABELLED = ("claims.heldout.jsonl", "claims.fresh.jsonl")
"""Claims that no judge is fitted on. The first alone would let the judge over its bar (0.906, 0.953), the second,
which others wrote later and made hard on purpose, does not: who stakes a release on a judge has to know that."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A judge's pin and its figures."""

    pin: dict[str, Any]
    pin_sha256: str
    rates: Rates
    figures: dict[str, Any]
    """Totals, by kind, confusion and calibration (`evals.judge_figures`)."""
    labelled: dict[str, str]
    """File → SHA-256 of the labelled claims."""
    unscored: int
    """Labelled claims that the judge could not grade; they count as errors of it."""

    @property
    def meets_bar(self) -> bool:
        """Whether its scores may be published."""
        return self.rates.tpr > BAR and self.rates.tnr > BAR

    @property
    def why_withheld(self) -> str:
        """One Chinese line; "" when the judge meets its bar."""
        if self.meets_bar:
            return ""
        return (
            f"裁判在标注论断上未达标（有依据认出 {self.rates.tpr:.3f}，无依据认出 {self.rates.tnr:.3f}，"
            f"均应高于 {BAR:.2f}），由它评的分数不公布"
        )

    def to_json(self) -> dict[str, Any]:
        """judge.json."""
        return {
            "pin": self.pin, "pin_sha256": self.pin_sha256, "rates": self.rates.to_json(), "figures": self.figures,
            "labelled": self.labelled, "unscored": self.unscored, "bar": BAR, "meets_bar": self.meets_bar,
            "withheld": self.why_withheld,
        }  # fmt: skip


def standing(judge: Memory, labels: Path | None = None) -> Standing:
    """Judge the labelled claims.

    Args:
        judge: whose figures are wanted.
        labels: further labelled claims, left out where there is no such file.

    Raises:
        InputError: a file of labelled claims is missing or damaged.
    """
    rows: list[tuple[bool, float, str]] = []
    said: list[tuple[bool, bool]] = []
    unscored = 0
    paths = [*(DATASETS / name for name in LABELLED), *([labels] if labels and labels.is_file() else [])]
    for path in paths:
        for claim in read_claims(path):
            truth = claim.label == "supported"
            try:
                found = judge(claim.claim, texts_of(claim))
            except Unscored:
                unscored += 1
                said.append((truth, not truth))
                continue
            rows.append((truth, found.score, claim.kind))
            said.append((truth, found.label == "supported"))
    rates = Rates(
        kept=sum(t and s for t, s in said),
        supported=sum(t for t, _ in said),
        caught=sum(not t and not s for t, s in said),
        unsupported=sum(not t for t, _ in said),
    )
    hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    return Standing(judge.pin, judge.pin_sha256, rates, figures(rows).to_json(), hashes, unscored)


def texts_of(claim: Claim) -> tuple[str, ...]:
    """Evidence as a run hands it to the judge: the bracket of departments after the text it belongs to."""
    if len(claim.evidence) == 1 and claim.departments:
        return (f"{claim.evidence[0]}\n{claim.departments}",)
    return claim.evidence
