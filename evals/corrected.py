"""What share of claims is really supported, given that the judge errs at known rates.

Rogan and Gladen (1978): a judge with sensitivity TPR and specificity TNR that calls a share q supported has seen

    p = (q + TNR − 1) / (TPR + TNR − 1)

The rates come from labelled claims, so they are uncertain too; the interval carries both uncertainties by
simulation (Lang and Reiczigel 2014 compare such intervals). Prediction-powered inference (Angelopoulos et al. 2023)
would need labelled claims drawn from the very run: the labelled sets are half wrong by design, and only the
two rates, not the mix, carry over to a run. That is why it is not used here.

Where a run is called supported more often than the judge recognises supported claims (q > TPR: labelled claims are
reworded, verbatim answers are not), that rate does not carry over either. The interval then takes TPR = 1, which
gives the lowest p; taking the rate as it stands would give 1 with no uncertainty at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from evals.intervals import Estimate

_DRAWS = 5_000
"""Ends of the interval move by under 0.002 between seeds."""


@dataclass(frozen=True, slots=True)
class Rates:
    """A judge on labelled claims: counts, from which its rates and their uncertainty follow."""

    kept: int
    """Supported claims that it called supported."""
    supported: int
    caught: int
    """Unsupported claims that it called unsupported."""
    unsupported: int

    @property
    def tpr(self) -> float:
        """Share of the supported claims that it recognises."""
        return self.kept / self.supported if self.supported else 0.0

    @property
    def tnr(self) -> float:
        """Share of the unsupported claims that it recognises."""
        return self.caught / self.unsupported if self.unsupported else 0.0

    def to_json(self) -> dict[str, float]:
        """Counts and rates."""
        return {**asdict(self), "tpr": round(self.tpr, 4), "tnr": round(self.tnr, 4)}


def corrected(verdicts: Sequence[Sequence[bool]], rates: Rates, seed: int = 0) -> Estimate | None:
    """Share of claims really supported with its 95 % interval, cut to 0..1.

    Args:
        verdicts: for each question, the judge's verdict on each of its claims (True: supported).
        rates: of the same judge on labelled claims that it was not fitted on.

    Returns:
        None without claims, or when the judge is no better than chance (TPR + TNR ≤ 1). `n` counts claims.
    """
    claims = [v for question in verdicts for v in question]
    if not claims or not rates.supported or not rates.unsupported or rates.tpr + rates.tnr <= 1:
        return None
    rng = np.random.default_rng(seed)
    share = sum(claims) / len(claims)
    n = _effective(verdicts, share)
    # Jeffreys' beta for each of the three shares: defined also where nothing went wrong (0 of 64).
    q = rng.beta(share * n + 0.5, (1 - share) * n + 0.5, _DRAWS)
    tpr = rng.beta(rates.kept + 0.5, rates.supported - rates.kept + 0.5, _DRAWS)
    tnr = rng.beta(rates.caught + 0.5, rates.unsupported - rates.caught + 0.5, _DRAWS)
    tpr = np.where(q > tpr, 1.0, tpr)
    able = tpr + tnr > 1
    drawn = np.clip((q[able] + tnr[able] - 1) / (tpr[able] + tnr[able] - 1), 0, 1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    value = min(1.0, max(0.0, (share + rates.tnr - 1) / (rates.tpr + rates.tnr - 1)))
    return Estimate(value, min(float(low), value), max(float(high), value), len(claims))


def _effective(verdicts: Sequence[Sequence[bool]], share: float) -> float:
    """Number of independent claims that say as much: claims of one answer stand or fall together (design effect,
    Kish 1965, by the variance of a ratio over questions). Without any variation, the number of questions."""
    groups = [(sum(v), len(v)) for v in verdicts if v]
    claims = sum(size for _, size in groups)
    if share in (0.0, 1.0) or len(groups) < 2:
        return float(len(groups))
    residuals = [good - share * size for good, size in groups]
    variance = len(groups) / (len(groups) - 1) * sum(r * r for r in residuals) / claims**2
    return float(min(claims, share * (1 - share) / variance)) if variance else float(claims)
