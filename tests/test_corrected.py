"""The corrected estimate: on simulated judges the truth is known, so its interval can be held to its promise."""

from __future__ import annotations

import numpy as np
import pytest

from evals.corrected import Rates, corrected

GOOD = Rates(kept=190, supported=200, caught=188, unsupported=200)


def test_it_undoes_the_judges_errors_by_rogan_and_gladen() -> None:
    verdicts = [[True]] * 80 + [[False]] * 20
    found = corrected(verdicts, GOOD)
    assert found and found.n == 100
    assert found.value == pytest.approx((0.8 + 0.94 - 1) / (0.95 + 0.94 - 1))
    assert found.low < found.value < found.high


def test_it_stays_within_zero_and_one_and_knows_uncertainty_where_nothing_went_wrong() -> None:
    found = corrected([[True, True]] * 50, GOOD)
    assert found and found.value == found.high == 1.0 and 0.9 < found.low < 1.0


def test_a_rate_that_does_not_fit_the_run_gives_no_false_certainty() -> None:
    """Verbatim answers all pass a judge that recognises nine honest rewordings in ten: 1.000 [1.000, 1.000] would
    say that nothing can be wrong, though 100 answers cannot show that."""
    found = corrected([[True]] * 100, Rates(90, 100, 90, 100))
    assert found and found.value == 1.0 and 0.95 < found.low < 0.99


def test_a_judge_no_better_than_chance_corrects_nothing() -> None:
    assert corrected([[True]], Rates(50, 100, 50, 100)) is None
    assert corrected([[True]], Rates(0, 0, 0, 0)) is None
    assert corrected([], GOOD) is None


def test_claims_of_one_answer_count_for_less_than_claims_of_many() -> None:
    together = corrected([[True] * 10] * 16 + [[False] * 10] * 4, GOOD)
    apart = corrected([[True]] * 160 + [[False]] * 40, GOOD)
    assert together and apart
    assert together.high - together.low > 1.5 * (apart.high - apart.low)


def test_its_interval_holds_the_truth_nineteen_times_in_twenty() -> None:
    """100 simulated studies: a judge of TPR 0.95 and TNR 0.9 is measured on 200 claims, then grades 60 answers."""
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(100):
        rates = Rates(int(rng.binomial(100, 0.95)), 100, int(rng.binomial(100, 0.9)), 100)
        truth = rng.random((60, 3)) < 0.85
        said = np.where(truth, rng.random((60, 3)) < 0.95, rng.random((60, 3)) >= 0.9)
        found = corrected(said.tolist(), rates)
        held += bool(found and found.low <= 0.85 <= found.high)
    assert 90 <= held <= 100
