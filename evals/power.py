"""How many questions a paired comparison of 0/1 values needs, and what a given number can show.

`bad` and `good` are the shares of questions that turn bad and turn good between two runs; their difference is the
drop. Formulas for McNemar's test: Miettinen 1968, as in Connor 1987; normal approximation, one-sided.
"""

from __future__ import annotations

import math

ALPHA = 0.05
"""Chance of blocking a build that is no worse."""
POWER = 0.80
"""Chance of seeing a drop that is there."""


def questions_needed(bad: float, good: float, alpha: float = ALPHA, power: float = POWER) -> int | None:
    """Questions with which a drop of bad − good is significant with the stated power; None when nothing drops.

    Args:
        bad: share of questions that turn bad, 0..1.
        good: share that turn good.
        alpha: one-sided.
        power: 0..1.
    """
    from scipy.stats import norm

    drop, changed = bad - good, bad + good
    if drop <= 0:
        return None
    z_alpha, z_power = float(norm.ppf(1 - alpha)), float(norm.ppf(power))
    spread = z_alpha * math.sqrt(changed) + z_power * math.sqrt(max(0.0, changed - drop**2))
    return max(math.ceil((spread / drop) ** 2), fewest_changes(alpha))


def fewest_changes(alpha: float = ALPHA) -> int:
    """Questions that must turn bad, none good, before the exact one-sided test reaches alpha: 0.5^k ≤ alpha."""
    return math.ceil(math.log(alpha) / math.log(0.5))


def smallest_drop(n: int, alpha: float = ALPHA, power: float = POWER) -> float:
    """The smallest drop that n questions show with the stated power when nothing turns good; at most 1.

    Exact: the number that turn bad is binomial, and `fewest_changes` of them are needed.
    """
    from scipy.optimize import brentq
    from scipy.stats import binom

    needed = fewest_changes(alpha)
    if n < needed:
        return 1.0
    return float(brentq(lambda drop: binom.sf(needed - 1, n, drop) - power, 0.0, 1.0))
