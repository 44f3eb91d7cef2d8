"""Sums are made by code, from figures of shown clauses, with the formula; in doubt nothing is calculated."""

from __future__ import annotations

import pytest

from assistant.ask import Assistant

SHARE = "给予不超过创新产品合同金额的 30%"


@pytest.mark.parametrize(
    ("question", "formula", "says"),
    [
        ("我有套首台套设备合同500万，最多补多少", "500万元×30%＝150万元", "未超过2000万元的上限，即最多150万元"),
        ("软件首版次签了1个亿的单子能拿多少", "1亿元×30%＝3000万元", "按上限计最多2000万元"),
        ("张江企业花8000万收购一家研发公司能拿多少", "8000万元×5%＝400万元", "即最多400万元"),
        ("并购交易额2亿元，按5%是1000万，能全拿到吗", "2亿元×5%＝1000万元", "按上限计最多500万元"),
        ("临港中试总投入3000万 三年能补多少", "3000万元×50%＝1500万元", "按上限计最多1000万元"),
        ("上规三年奖励加起来一共多少", "30万元＋20万元＋10万元＝60万元", "即最多60万元"),
        ("9000万发给496家，平均一家多少", "9000万元÷496家≈18.1万元", "平均每家"),
        ("Innomatch对接2674项签了339项，成功率大概几成", "339项÷2674项≈12.7%", "12.7%"),
    ],
)
def test_a_sum_shows_its_formula_and_cites_the_clause(
    question: str, formula: str, says: str, assistant: Assistant
) -> None:
    answer = assistant.answer(question)
    first = answer.sentences[0]
    assert first.formula == formula and says in first.text
    assert not answer.refused and first.citations and first.support == "supported"
    cited = next(c for c in answer.citations if c.n == first.citations[0])
    assert cited.clause.text in {c.clause.text for c in answer.citations}
    assert first.to_json()["formula"] == formula


@pytest.mark.parametrize(
    "question",
    [
        "首台套最高补多少",  # no amount of the asker's
        "注册资本500万的公司首台套最高补多少",  # an amount, but not what the share is of
        "首台套合同500万，研发花了300万，能补多少",  # two amounts that do not agree
        "上海升规奖励发了，一共多少家拿到了",  # a number of companies
        "听说首台套补500万对吗",  # an expectation
        "科技服务业企业贷款3000万能补多少",  # no share of a loan stands in any clause
        "首台套合同金额1亿5000万能补多少",  # an amount in two parts
        "首台套合同1 000万元补多少",
        "首台套合同三千万美元补多少",
        "首台套合同300到500万补多少",
        "首台套合同不到1000万补多少",
        "首台套合同300多万补多少",
        "三份首台套合同每份300万，一共补多少",
        "首台套合同1000万的一半能补多少",
        "想拿2000万补贴，首台套合同要签多少",  # asked backwards
        "并购标的注册资本2000万 张江 补多少",
        "中试投了3000万，在浦东不在临港，补多少",  # the share holds in a pilot area only
        "小升规前两年一共多少",
        "三家公司小升规一共能拿多少",
        "每年补贴100万，三年一共多少 小升规",
        "把公司卖了，卖价3000万，首台套补多少",
        "首台套合同金额" + "9" * 59 + "元补多少",
    ],
)
def test_in_doubt_nothing_is_calculated(question: str, assistant: Assistant) -> None:
    assert not any(s.formula for s in assistant.answer(question).sentences)


def test_a_sum_of_money_comes_with_a_caution_and_a_statistic_without(assistant: Assistant) -> None:
    assert any("以主管部门核定为准" in n for n in assistant.answer("首台套合同500万，最多补多少").notices)
    assert not any("以主管部门核定为准" in n for n in assistant.answer("9000万发给496家，平均一家多少").notices)


def test_a_new_amount_in_a_follow_up_takes_the_place_of_the_old_one(assistant: Assistant) -> None:
    from assistant.answer import Turn

    history = [Turn("user", "首台套合同3000万补多少"), Turn("assistant", "最多900万元。")]
    answer = assistant.answer("那要是一个亿呢", history)
    assert answer.sentences[0].formula == "1亿元×30%＝3000万元"
