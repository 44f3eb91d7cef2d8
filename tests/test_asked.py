"""What a question wants, and whether the clauses say it: the refusals that relevance alone cannot see."""

import pytest

from assistant.answer import Refusal
from assistant.ask import Assistant


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("升规奖励申报截止到几号", "申报起止时间"),
        ("申请首台套要准备哪些材料", "申报材料"),
        ("离岸孵化器申请电话是多少", "电话"),
        ("深圳升规一次性到底给几万", "具体金额"),
        ("沪科专贷利率多少", "利率"),
        ("409号文第20条", "第20条"),
        ("沪府办规〔2024〕14号第九条怎么写的", "14号"),
        ("北京有没有离岸孵化器补贴", "北京市"),
        ("企业研发机构奖励哪天到账", "申报起止时间"),
        ("上海首台套的30%是含税还是不含税", "含税"),
        ("上海开放式创新中心要几年一次复审", "复审"),
        ("申报首台套会不会有现场考察", "现场核查的要求"),
        ("上海升规奖励被骗了去哪投诉", "投诉举报"),
        ("拿了首台套补贴以后设备能不能卖掉", "处置要求"),
        ("深圳人才公寓的租金一个月多少", "租金"),
        ("深圳重大平台一次能补几家", "家数"),
        ("租办公室满几个月才能申请深圳场地补贴", "年限"),
        ("上海概念验证平台要几个全职员工", "员工"),
    ],
)
def test_what_the_clauses_do_not_say_is_refused_by_name(assistant: Assistant, question: str, missing: str) -> None:
    answer = assistant.answer(question)
    assert answer.refused
    assert answer.refusal_reason == Refusal.NO_EVIDENCE
    assert missing in answer.text


@pytest.mark.parametrize(
    "question",
    [
        "首台套最高补多少",
        "新材料首批次支持比例",
        "临港创业失败了怎么办",
        "深圳院士工作站给钱吗",
        "9000万奖励惠及多少家企业",
        "上海升规奖励要连续增长几年才有",
        "创业失败的无偿资助要还吗",
        "上海的奖励各区有没有配套",
        "城镇土地使用税能不能少交一点 上海",
        "技术经理人2024年培训了多少人",
    ],
)
def test_what_the_clauses_say_is_not_refused(assistant: Assistant, question: str) -> None:
    """新材料 is no application paper, 怎么办 asks no procedure."""
    assert not assistant.answer(question).refused


def test_a_refusal_still_shows_the_nearest_clauses_and_whom_to_ask(assistant: Assistant) -> None:
    answer = assistant.answer("深圳升规一次性到底给几万")
    assert any("一定金额" in c.clause.text for c in answer.citations)
    assert "市科技创新局" in answer.text


def test_a_figure_to_be_confirmed_that_no_clause_has_is_named(assistant: Assistant) -> None:
    answer = assistant.answer("听说深圳升规给30万对吧")
    assert "30万" not in answer.text
    assert any("30万" in notice for notice in answer.notices)


def test_everyday_legal_questions_are_out_of_scope(assistant: Assistant) -> None:
    assert assistant.answer("邻居的狗咬了人要赔钱吗").refusal_reason == Refusal.OUT_OF_SCOPE
