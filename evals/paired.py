"""Two runs over the same questions: is the difference of a measure more than noise?

Everything is paired by question, because questions differ far more than builds do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from evals.intervals import estimate

RESAMPLES = 9_999
"""Sign flips drawn where there are too many to try all; p-values are then exact to about 0.005."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure in both runs, over the questions that have it in both."""

    measure: str
    n: int
    before: float
    after: float
    value: float
    """after − before."""
    low: float
    high: float
    """95 % interval of the difference (paired bootstrap)."""
    test: str
    """mcnemar (0/1 measures) or permutation (others)."""
    p: float
    p_holm: float
    """Corrected for all the measures that were compared."""
    up: int
    """Questions whose value rose."""
    down: int

    def to_json(self) -> dict[str, Any]:
        """Rounded."""
        return {k: round(v, 6) if isinstance(v, float) else v for k, v in asdict(self).items()}


def difference(measure: str, before: Sequence[float], after: Sequence[float], seed: int = 0) -> Difference | None:
    """One measure, uncorrected; None without common questions.

    Args:
        measure: its name.
        before: values, one a question.
        after: of the same questions, in the same order.
        seed: of the resampling.
    """
    change = np.asarray(after, dtype=np.float64) - np.asarray(before, dtype=np.float64)
    mean = estimate(change.tolist(), seed)
    if mean is None:
        return None
    up, down = int((change > 0).sum()), int((change < 0).sum())
    binary = set(before) | set(after) <= {0.0, 1.0}
    p = mcnemar(up, down) if binary else sign_flip(change.tolist(), seed)
    return Difference(
        measure, len(change), float(np.mean(before)), float(np.mean(after)), mean.value, mean.low, mean.high,
        "mcnemar" if binary else "permutation", p, p, up, down,
    )  # fmt: skip


def mcnemar(up: int, down: int) -> float:
    """Exact two-sided p-value of McNemar's test: of the questions that changed, half would rise by chance."""
    from scipy.stats import binomtest

    return float(binomtest(up, up + down).pvalue) if up + down else 1.0


def sign_flip(change: Sequence[float], seed: int = 0) -> float:
    """Two-sided p-value of the sign-flip permutation test (Fisher 1935): without an effect, a question's difference
    could as well have the other sign. All sign patterns when they are few, else `RESAMPLES` of them."""
    from scipy.stats import permutation_test

    moved = [c for c in change if c]  # a question that did not move has no sign to flip
    if len(moved) < 2:
        return 1.0
    found = permutation_test(
        (moved,), lambda x, axis: np.mean(x, axis=axis), permutation_type="samples", n_resamples=RESAMPLES,
        vectorized=True, rng=np.random.default_rng(seed),
    )  # fmt: skip
    return float(found.pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number (Holm 1979), in the order given.

    Written out because scipy has only the false discovery rate, and four lines are no reason for statsmodels and
    its four packages.
    """
    adjusted = [0.0] * len(p_values)
    floor = 0.0
    for rank, i in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        floor = max(floor, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = floor
    return adjusted
