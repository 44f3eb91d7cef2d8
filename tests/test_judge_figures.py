"""The figures of a judge, counted by hand."""

from __future__ import annotations

import json

import pytest

from evals.judge_figures import Share, figures

ROWS = [
    (True, 0.9, "paraphrase"),
    (True, 0.8, "paraphrase"),
    (True, 0.2, "spoken"),
    (True, 0.7, "spoken"),
    (False, 0.1, "cap"),
    (False, 0.6, "cap"),
]


def test_balanced_accuracy_is_the_mean_of_both_recalls() -> None:
    found = figures(ROWS)
    assert found.tpr and found.tnr and (found.tpr.value, found.tnr.value) == (0.75, 0.5)
    assert found.balanced_accuracy == pytest.approx(0.625)


def test_precision_is_of_what_was_called_unsupported() -> None:
    precision = figures(ROWS).precision_unsupported
    assert precision and (precision.value, precision.n) == (0.5, 2)


def test_every_claim_stands_once_in_the_confusion_table_and_among_the_kinds() -> None:
    found = figures(ROWS)
    assert found.confusion == {
        "supported": {"supported": 3, "unsupported": 1},
        "unsupported": {"supported": 1, "unsupported": 1},
    }
    assert found.kinds["supported"] == {"paraphrase": {"right": 2, "n": 2}, "spoken": {"right": 1, "n": 2}}
    assert found.kinds["unsupported"] == {"cap": {"right": 1, "n": 2}}


def test_calibration_lays_the_mean_score_beside_the_share_that_is_supported() -> None:
    found = figures(ROWS)
    assert sum(b.n for b in found.bins) == len(ROWS)
    top = found.bins[-1]
    assert (top.low, top.n, top.supported) == (0.8, 2, 1.0) and top.mean_score == pytest.approx(0.85)
    assert found.brier == pytest.approx((0.01 + 0.04 + 0.64 + 0.09 + 0.01 + 0.36) / 6)


def test_a_score_on_the_threshold_counts_as_supported() -> None:
    assert figures([(True, 0.5, "")]).confusion["supported"] == {"supported": 1, "unsupported": 0}


def test_what_does_not_apply_is_none_and_said_so() -> None:
    found = figures([(True, 0.9, "")])
    assert found.balanced_accuracy is None and found.tnr is None and found.precision_unsupported is None
    assert "不适用" in str(found)
    assert figures([]).brier is None


def test_an_interval_is_honest_where_nothing_went_wrong() -> None:
    share = Share.of(20, 20)
    assert share and share.high == pytest.approx(1) and 0.8 < share.low < 0.9


def test_the_figures_go_into_json_and_into_a_chinese_table() -> None:
    found = figures(ROWS)
    assert json.loads(json.dumps(found.to_json()))["tpr"]["n"] == 4
    assert all(word in str(found) for word in ("平衡准确率 0.625", "精确率", "召回率", "混淆表", "校准", "cap 1/2"))
