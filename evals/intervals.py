"""Means with intervals. A figure without one invites reading noise as progress."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

DRAWS = 2000
"""Resamples; the ends of the interval move by about 0.002 between seeds."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over questions with its 95 % interval."""

    value: float
    low: float
    high: float
    n: int
    """Questions it was taken over."""

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"

    def to_json(self) -> dict[str, float]:
        """Rounded, for scores.json."""
        return {k: round(v, 4) for k, v in asdict(self).items()}


def estimate(values: Sequence[float], seed: int = 0) -> Estimate | None:
    """Mean and its 95 % interval by the percentile bootstrap (Efron 1979); None when there is no value.

    Args:
        values: one a question; questions are drawn with replacement.
        seed: of the draws, so that a figure can be reproduced.
    """
    if not values:
        return None
    array = np.asarray(values, dtype=np.float64)
    rng = np.random.default_rng(seed)
    means = [float(array[rng.integers(0, len(array), len(array))].mean()) for _ in range(DRAWS)]
    low, high = np.percentile(means, [2.5, 97.5])
    return Estimate(float(array.mean()), float(low), float(high), len(array))
