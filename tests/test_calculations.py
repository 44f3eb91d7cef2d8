"""A sentence that calculates is checked as a sum, from its operands to what it says of the cap."""

from __future__ import annotations

import pytest

from evals.calculations import check_sum

CLAUSE = "给予不超过创新产品合同金额的 30%、最高不超过 2000 万元支持。"
ASKED = "合同500万，最多补多少"


@pytest.mark.parametrize(
    ("sentence", "formula", "asked", "supported"),
    [
        ("500万元×30%＝150万元，未超过2000万元的上限，即最多150万元。", "500万元×30%＝150万元", ASKED, True),
        ("1亿元×30%＝3000万元，超过2000万元的上限，按上限计最多2000万元。", "1亿元×30%＝3000万元", "合同一个亿", True),
        ("500万元×30%＝160万元，未超过2000万元的上限，即最多160万元。", "500万元×30%＝160万元", ASKED, False),
        ("500万元×50%＝250万元，未超过2000万元的上限，即最多250万元。", "500万元×50%＝250万元", ASKED, False),
        ("600万元×30%＝180万元，未超过2000万元的上限，即最多180万元。", "600万元×30%＝180万元", ASKED, False),
        ("500万元×30%＝150万元，超过2000万元的上限，按上限计最多2000万元。", "500万元×30%＝150万元", ASKED, False),
        ("500万元×30%＝150万元，未超过3000万元的上限，即最多150万元。", "500万元×30%＝150万元", ASKED, False),
        ("1亿元×30%＝3000万元，超过2000万元的上限，即最多3000万元。", "1亿元×30%＝3000万元", "合同一个亿", False),
        ("最多150万元。", "500万元×30%＝150万元", ASKED, False),
        ("大约150万元", "大约150万元", ASKED, False),
    ],
)
def test_a_sum_holds_only_if_all_of_it_does(sentence: str, formula: str, asked: str, supported: bool) -> None:
    found = check_sum(sentence, formula, [CLAUSE], asked)
    assert found.supported is supported, found.reason


def test_averages_and_ratios_may_be_rounded_but_not_wrong() -> None:
    clause = "向496家企业拨付9000万元；2674项需求中339项签约。"
    assert check_sum("9000万元÷496家≈18.1万元。", "9000万元÷496家≈18.1万元", [clause], "平均一家多少").supported
    assert check_sum("339项÷2674项≈12.7%。", "339项÷2674项≈12.7%", [clause], "成功率").supported
    assert not check_sum("339项÷2674项≈13.7%。", "339项÷2674项≈13.7%", [clause], "成功率").supported


def test_a_sum_of_the_askers_figures_alone_has_no_clause_behind_it() -> None:
    assert not check_sum("3万元×5家＝15万元。", "3万元×5家＝15万元", [CLAUSE], "每家3万，5家").supported
