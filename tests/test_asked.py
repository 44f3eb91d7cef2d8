"""What a question wants, and whether the clauses say it: the refusals that relevance alone cannot see."""

import pytest

from assistant.answer import Refusal
from assistant.answer_type import wanted_types
from assistant.ask import Assistant
from index.words import normalise


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
        ("深圳人才公寓最长能住几年", "年数"),
        ("专利快速预审几天出结果", "天数"),
        ("上海服务专员一家企业配几个人", "人数"),
        ("技术经理人证一年考几次", "次数"),
        ("概念验证中心得有多大面积", "面积"),
        ("第0412号代表建议的答复讲了什么", "第412号"),
        ("2025年全年上海科技服务业规上营收是多少", "2025年"),
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
        "第0353号代表建议的答复讲了什么",
        "技术转移方面上海出过哪些地方标准，列几个给我",
        "研发机构引进的人才在上海能不能不排队直接落户",
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


@pytest.mark.parametrize(
    ("question", "types"),
    [
        ("住房补贴能领几年", ["年数"]),
        ("出险以后多久能赔、最多赔几回", ["次数", "时间长短"]),
        ("我们好几个人跑了十几家单位，来这几次都没办成", []),
        ("几乎没人知道，列几个给我", []),
        ("中方占股多少才可以", ["具体数字"]),
        ("补贴是看投入多少还是看效果", []),
        ("409号文是几号发的", ["具体时间"]),
        ("基地在哪条路", ["具体地址"]),
    ],
)
def test_a_question_wants_answers_of_a_type(question: str, types: list[str]) -> None:
    """Numerals that ask, and none that tell."""
    assert [t.name for t in wanted_types(question)] == types


@pytest.mark.parametrize(
    ("question", "told", "other"),
    [
        ("能住几年", "租期不超过三年。", "自2024年起施行。"),
        ("几天出结果", "在10个工作日内办结。", "2025年5月17日印发。"),
        ("能抵几成", "按不超过 30% 抵扣。", "打造世界级领军企业。"),
        ("配几个人", "每家配备2名专员。", "推广服务专员制度。"),
    ],
)
def test_a_sentence_shows_an_answer_of_a_type(question: str, told: str, other: str) -> None:
    (wanted,) = wanted_types(question)
    assert wanted.shown.search(normalise(told))
    assert not wanted.shown.search(normalise(other))
