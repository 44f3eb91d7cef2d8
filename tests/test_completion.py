"""What a model leaves out of an answer is added in the clauses' own words, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from assistant import compose
from assistant.answer import Sentence
from assistant.ask import Assistant
from assistant.completion import complete
from assistant.evidence import choose


def added(assistant: Assistant, question: str, *told: tuple[str, int]) -> Sequence[str]:
    found = assistant.searcher.search(question, 30)
    chosen = choose(found, assistant.searcher, question)
    place = compose.by_place(chosen, compose.cite(chosen, assistant.searcher))[0]
    shown = [Sentence(text, (n,), "supported") for text, n in told]
    return [s.text for s in complete(place.chosen, place.citations, found.query, question, shown)]


def test_nothing_told_gives_the_whole_verbatim_answer(assistant: Assistant) -> None:
    question = "上海升规奖励多少"
    assert "".join(added(assistant, question)) == "".join(s.text for s in assistant.answer(question).sentences)


def test_what_was_asked_and_told_is_not_repeated(assistant: Assistant) -> None:
    told = "对首次升规并连续三年保持增长的科技服务业企业，首年给予不超过30万元的一次性奖励，第二年给予不超过20万元的奖励支持，第三年给予不超过10万元的奖励支持。"
    assert not any("30 万元" in line for line in added(assistant, "上海升规奖励多少", (told, 1)))


def test_an_amount_that_was_asked_and_not_told_is_added(assistant: Assistant) -> None:
    assert any("不超过 30 万元" in line for line in added(assistant, "上海升规奖励多少", ("鼓励各区予以配套支持。", 1)))


def test_the_kind_of_thing_that_was_asked_is_named(assistant: Assistant) -> None:
    question = "产品要进什么目录才好让政府采购买我们的创新产品 上海"
    rest = "在政府采购中推广企业研发机构创新产品首购订购，加大装备首台套、软件首版次、新材料首批次等“三首”支持力度，加快推动自主安全可控的创新成果落地应用和市场推广。"
    assert any("创新产品推荐目录" in line for line in added(assistant, question, (rest, 1)))
    assert not any(
        "推荐目录" in line for line in added(assistant, question, ("发挥上海市创新产品推荐目录作用，" + rest, 1))
    )


@pytest.mark.parametrize("question", ["上海2025年研发产业要达到哪些指标", "创业失败资助什么条件能拿"])
def test_lists_and_conditions_are_told_whole(question: str, assistant: Assistant) -> None:
    whole = added(assistant, question)[0]
    short = whole[: len(whole) // 3]
    assert whole in added(assistant, question, (short, 1))


def test_departments_follow_unless_all_were_named(assistant: Assistant) -> None:
    question = "首台套最高补多少"
    told = ("对符合条件的，给予不超过创新产品合同金额的30%、最高不超过2000万元支持。", 1)
    departments = [line for line in added(assistant, question, told) if line.startswith("责任单位")]
    assert len(departments) == 1
    assert not any(line.startswith("责任单位") for line in added(assistant, question, told, (departments[0], 1)))
