"""Means with intervals. A figure without one invites reading noise as progress."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

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
    return mean_of_means([values], seed)


def mean_of_means(groups: Sequence[Sequence[float]], seed: int = 0) -> Estimate | None:
    """The mean of the groups' means, each group resampled by itself; None when a group has no value.

    With the groups "refused when due" and "answered when due" it is the balanced accuracy of refusing, which no
    system raises by refusing more or less often.
    """
    if not groups or not all(groups):
        return None
    rng = np.random.default_rng(seed)
    arrays = [np.asarray(values, dtype=np.float64) for values in groups]
    drawn = np.mean([_resampled_means(array, rng) for array in arrays], axis=0)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Estimate(float(np.mean([a.mean() for a in arrays])), float(low), float(high), sum(map(len, groups)))


def _resampled_means(values: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """[DRAWS]: the mean of each resample."""
    return np.array([values[rng.integers(0, len(values), len(values))].mean() for _ in range(DRAWS)])
