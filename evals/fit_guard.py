"""Fits the guard's score: `python -m evals.fit_guard` writes assistant/guard_weights.json and prints what it reached.

Trained on the values of `scoring.features` over (1) the labelled claims of claims.dev.jsonl and (2) mutations of the
bundled clauses; figures are cross-validated leaving out one document after another. claims.heldout.jsonl is
never opened here. numpy and scikit-learn are needed only for this.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from assistant.alignment import explain
from assistant.guard import CHECKS, Evidence
from assistant.scoring import FEATURES, WEIGHTS_FILE, features, mask
from assistant.verdict import Case, prepare
from evals.guard_figures import DEV, Claim, balanced_accuracy, evidence_of, read_claims
from evals.mutate import harmless, mutate
from index.catalog import load_catalog
from index.parse import parse_text
from index.reading import read_text

CORPUS = Path(__file__).parents[1] / "index" / "corpus"
SEED = 20
DEV_WEIGHT = 8.0
"""A labelled claim counts for this many mutations: there are 244 of them and 703 mutations, and only the labelled
ones are worded as people word things. 2, 4 and 8 were tried; 8 keeps most honest paraphrases (0.992)."""
_INVERSE_RIDGE = 10.0
"""Of 0.3, 1, 3, 10 and 30: the smallest with which 96 % of the mutations are found at the same 0.992."""
THRESHOLD = 0.5
"""Not fitted: a threshold fitted to lose 1 or 2 % of the training claims lost 2 to 4 % of those left out."""
# What the score must not learn to reward: unexplained words never make a sentence better.
_SIGNS = {name: 1 if name in ("weakest_part", "best_window") else -1 for name in FEATURES}


@dataclass(frozen=True)
class Pair:
    """One training pair."""

    claim: str
    evidence: tuple[Evidence, ...]
    supported: bool
    group: str
    """Document the pair comes from."""
    weight: float


def labelled() -> Iterator[Pair]:
    """Pairs of the development claims."""
    for claim in read_claims(DEV):
        yield Pair(claim.claim, evidence_of(claim), claim.label == "supported", claim.document, DEV_WEIGHT)


def mutated(rng: random.Random) -> Iterator[Pair]:
    """Pairs made from the bundled clauses."""
    catalog = load_catalog(CORPUS)
    sentences: list[tuple[str, Evidence, str]] = []
    for path in sorted(CORPUS.glob("*.txt")):
        for clause in parse_text(read_text(path), path.name, catalog.get(path.name, {})).clauses:
            pieces = [s.strip() for s in re.split(r"(?<=[。；！？\n])", clause.text)]
            sentences += [(s, Evidence.of(clause), path.stem) for s in pieces if len(s) > 12]
    everything = [s for s, _, _ in sentences]
    for sentence, evidence, group in sentences:
        for kept in harmless(sentence, rng)[1:]:
            yield Pair(kept.text, (evidence,), True, group, 1.0)
        for made in mutate(sentence, rng.sample(everything, 5), rng, ("added", "entity")):
            yield Pair(made.text, (evidence,), False, group, 1.0)


def values(pair: Pair) -> tuple[tuple[float, ...], bool]:
    """(features, whether a rule already rejects the pair)."""
    case = Case.of(pair.claim, prepare(pair.evidence))
    ruled = any(run(case) for run in CHECKS)
    return features(case, explain(case.claim, mask(case), case.ground.vocabulary)), ruled


def fit(x: np.ndarray, y: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, float]:
    """Logistic weights; those whose sign contradicts what a value means are set to 0 and the rest refitted."""
    kept = np.ones(x.shape[1], bool)
    while True:
        model = LogisticRegression(C=_INVERSE_RIDGE, max_iter=5000, class_weight="balanced")
        model.fit(x[:, kept], y, sample_weight=w)
        weights = np.zeros(x.shape[1])
        weights[kept] = model.coef_[0]
        wrong = [i for i, name in enumerate(FEATURES) if name in _SIGNS and weights[i] * _SIGNS[name] < 0]
        if not wrong:
            return weights, float(model.intercept_[0])
        kept[wrong] = False


def main() -> None:
    """Fit, print cross-validated figures, write the weights."""
    rng = random.Random(SEED)
    pairs = [*labelled(), *mutated(rng)]
    computed = [values(p) for p in pairs]
    x, ruled = np.array([v for v, _ in computed]), np.array([r for _, r in computed])
    y, w = np.array([p.supported for p in pairs]), np.array([p.weight for p in pairs])
    groups = np.array([p.group for p in pairs])
    open_rows = ~ruled  # the score decides only where no rule has spoken
    said = ~ruled
    for train, test in GroupKFold(5).split(x, y, groups):
        rows = train[open_rows[train]]
        weights, bias = fit(x[rows], y[rows], w[rows])
        scores = 1 / (1 + np.exp(-(x @ weights + bias)))
        said[test] = ~ruled[test] & (scores[test] >= THRESHOLD)
    for name, rows in (("claims.dev", w > 1), ("mutations", w == 1)):
        accuracy = balanced_accuracy(y[rows].tolist(), said[rows].tolist())
        print(f"{name}: cross-validated balanced accuracy {accuracy:.3f}, "
              f"supported kept {said[rows & y].mean():.3f}, unsupported found {1 - said[rows & ~y].mean():.3f}, "
              f"by rules alone {ruled[rows & ~y].mean():.3f}")  # fmt: skip
    weights, bias = fit(x[open_rows], y[open_rows], w[open_rows])
    record = {
        "features": list(FEATURES),
        "weights": {n: round(float(v), 3) for n, v in zip(FEATURES, weights, strict=True)},
        "bias": round(bias, 3),
        "threshold": THRESHOLD,
        "trained": f"evals/fit_guard.py, seed {SEED}, {int((w > 1).sum())} claims, {int((w == 1).sum())} mutations",
    }
    WEIGHTS_FILE.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(record, ensure_ascii=False, indent=1))


__all__ = ["Claim", "fit", "labelled", "mutated"]

if __name__ == "__main__":
    main()
