"""Legal time of single clauses: what repeals, replaces or changes them, and what an answer makes of it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from assistant.ask import Assistant
from assistant.gathering import gather, look
from assistant.review.pins import Source
from assistant.review.standing import fault
from assistant.staff.caller import Caller
from assistant.staff.cards import Cards
from assistant.staff.package import package_of
from assistant.staff.shelf import Shelf
from assistant.when import read_when
from index.amendments import Said, read_amendments
from index.build import build_index
from index.clause import Clause, Status
from index.encode import Encoder
from index.lineage import Lineage
from index.parse import Parsed, parse_text
from index.quoted import FILL, without_quotes
from index.search import Searcher

TODAY = dt.date(2026, 11, 21)
CHANGING = "关于修改《甲办法》的决定"


@pytest.mark.parametrize(
    ("text", "title", "changes"),
    [
        ("《甲办法》第五条至第八条同时废止。", "乙办法", ["repealed 5", "repealed 6", "repealed 7", "repealed 8"]),
        ("《甲办法》第五条、第七条自2025年1月1日起停止执行。", "乙办法", ["repealed 5 2025-01-01", "repealed 7 2025-01-01"]),
        ("自2027年1月1日起，《甲办法》第五条停止执行。", "乙办法", ["repealed 5 2027-01-01"]),
        ("废止《甲办法》第三条第二款。", "乙办法", ["repealed 3第二款"]),
        ("本办法施行，同时废止《甲办法》第三条。", "乙办法", ["repealed 3"]),
        ("《甲办法》第三条的规定同时废止。", "乙办法", ["repealed 3"]),
        ("《甲办法》第十条之一至第十条之三、第十二条同时废止。", "乙办法", ["repealed 10之1", "repealed 10之2", "repealed 10之3", "repealed 12"]),
        ("《甲办法》第五至七条停止执行。", "乙办法", ["repealed 5", "repealed 6", "repealed 7"]),
        ("《甲办法》第三条第（二）项和第五条第一款、第三款同时废止。", "乙办法", ["repealed 3第（二）项", "repealed 5第一款", "repealed 5第三款"]),
        ("《甲办法》第二章废止。", "乙办法", ["repealed 2章"]),
        ("《甲办法》第三条不再执行，第四条停止执行。", "乙办法", ["repealed 3", "repealed 4"]),
        ("删去第十条，第十一条改为第十条。", CHANGING, ["repealed 10", "amended 11"]),
        ("将第九条修改为：“第九条 按《丙办法》第一条废止的，给予50万元。《丁办法》第二条同时废止。”", CHANGING, ["replaced 9"]),
        ("将第九条修改为：‘企业的“自有资金”不低于50万元。’", CHANGING, ["replaced 9"]),
        ("将第九条修改为：“（一）资助。\n“（二）《丁办法》第二条同时废止。”\n删去第十条。", CHANGING, ["replaced 9", "repealed 10"]),
        ("第九条修改为：“给予50万元。", CHANGING, ["replaced 9"]),
        ("第九条修改为：\n“给予50万元。其中甲类不超过30万元。”", CHANGING, ["replaced 9"]),
        ("第九条修改为：", CHANGING, ["amended 9"]),
        ("将第九条、第十条合并为第九条，修改为：“给予50万元。”", CHANGING, ["amended 9", "amended 10"]),
        ("《甲办法》第三条关于补贴标准的规定自2025年1月1日起停止执行。", "乙办法", ["amended 3 2025-01-01"]),
        ("第九条第一款中的“30%”修改为“50%”。", CHANGING, ["amended 9第一款"]),
        ("将第九条第一款修改为：“给予50万元。”", CHANGING, ["amended 9第一款"]),
        ("第十二条增加一款，作为第二款：“每年报告。”", CHANGING, ["amended 12"]),
        ("删去第三条中的“技术转移”。", CHANGING, ["amended 3"]),
        ("将“市科委”统一修改为“市科技局”。", CHANGING, ["amended 0市科委"]),
        ("在第十二条后增加一条，作为第十三条：“每年报告。”", CHANGING, []),
        ("将该办法第五条修改为：“给予50万元。”", CHANGING, ["replaced 5"]),
        ("对《甲办法》作如下修改：\n删去第五条。", "关于调整部分政策的通知", ["repealed 5"]),
        ("将《甲办法》（以下简称“办法”）第五条删去。\n《办法》第六条删去。", "关于修改部分文件的决定", ["repealed 5", "repealed 6"]),
        ("一、废止《甲办法》第三条。", "关于清理规范性文件的决定", ["repealed 3"]),
        ("《甲办法》第五、六、八条同时废止。", "乙办法", ["repealed 5", "repealed 6", "repealed 8"]),
        ("《甲办法》第三条第（一）、（二）项和第五条第一、二款同时废止。", "乙办法", ["repealed 3第（一）、（二）项", "repealed 5第一、二款"]),
        ("《甲办法》第五条规定的补贴政策，自2025年1月1日起停止执行。", "乙办法", ["amended 5 2025-01-01"]),
        ("《甲办法》第五条已于2024年12月31日失效。", "乙办法", ["repealed 5 2024-12-31"]),
        ("《甲办法》第五条自2025年1月1日起，由本办法第三条代替。", "乙办法", ["repealed 5 2025-01-01"]),
        ("《甲办法》第三条、《甲办法》（试行）第四条同时废止。", "乙办法", ["repealed 3", "repealed 4"]),
        ("废止《甲办法》第三条、《甲办法》（试行）第四条。", "乙办法", ["repealed 3", "repealed 4"]),
        ("将《甲办法》第三条、《甲办法》（试行）第四条中的“甲局”修改为“乙局”。", "关于修改部分文件的决定", ["amended 3", "amended 4"]),
        ("将第五条规定的最高资助额度由100万元提高到200万元。", "关于调整《甲办法》有关标准的通知", ["amended 5"]),
        ("现将《甲办法》部分条款修改如下：\n第五条修改为：“给予50万元。”", "关于调整种子资金政策的通知", ["replaced 5"]),
        ("第九条第二款后增加一款：“每年报告。”", CHANGING, ["amended 9第二款"]),
        ("第九条第一句修改为：“每年报告。”", CHANGING, ["amended 9"]),
        ("第九条中的“甲局”替换为“乙局”。", CHANGING, ["amended 9"]),
        ("第五条第一款调整为符合条件的企业，均可申报。", CHANGING, ["amended 5第一款"]),
        ("第九条修改为：有第五条情形的，资助比例调整为30%。", CHANGING, ["replaced 9"]),
        # What only speaks of a clause changes none.
        ("为落实《甲办法》第五条，将贷款贴息比例调整为50%。", "乙办法", []),
        ("对《甲办法》第五条规定的企业，补贴比例调整为50%。", "乙办法", []),
        ("获得《甲办法》第三条资助的企业，应当增加研发投入。", "乙办法", []),
        ("《甲办法》第三条规定的企业信息应当予以删除。", "乙办法", []),
        ("《甲办法》第五条规定的项目负责人变更为他人的，应当报备。", "乙办法", []),
        ("各部门应当做好废止《甲办法》第三条的衔接工作。", "乙办法", []),
        ("将《甲办法》第五条资助比例调整为50%。", "2026年工作要点", []),
        ("现对《甲办法》（某科规〔2020〕1号）进行修订，形成本办法。\n符合第三条条件的，补贴比例调整为50%。", "甲办法", []),
        ("一、废止《甲办法》第三条。", "某市工作要点", []),
        ("拟废止《甲办法》第三条。", "乙办法", []),
        ("建议将《甲办法》第三条修改为：“给予50万元。”", "乙办法", []),
        ("根据已废止的《甲办法》第三条，申请补贴。", "乙办法", []),
        ("如国家另有规定，《甲办法》第三条同时废止。", "乙办法", []),
        ("《甲办法》第三条不予废止。", "乙办法", []),
        ("按照《甲办法》第三条，合同金额变更的，补贴相应调整为变更后金额。", "乙办法", []),
        ("有人说：“《甲办法》第三条同时废止。”", "乙办法", []),
        ("本办法第五条停止执行的，应当公告。", "乙办法", []),
        ("第五条同时废止。", "乙办法", []),
        ("将第九条修改为：“给予50万元。”", "《关于修改〈甲办法〉的决定》的解读", []),
    ],
)  # fmt: skip
def test_what_is_done_to_clauses_is_read_from_the_words_that_order_it(
    text: str, title: str, changes: list[str]
) -> None:
    found = read_amendments([Said((), "", text)], title)
    assert {a.target.split("》")[0] for a in found} <= {"《甲办法"}
    told = [
        f"{a.done} {a.number}{'章' if a.heading else ''}{f'之{a.branch}' if a.branch else ''}{a.below} {a.day}".strip()
        for a in found
    ]
    assert told == changes


@pytest.mark.parametrize(
    "text", ["第三条修改为：\n“给予50万元。\n“甲类不超过30万元。”", "第三条修改为：给予50万元。其中甲类不超过30万元。"]
)
def test_new_words_are_taken_whole(text: str) -> None:
    (found,) = read_amendments([Said((), "", text)], CHANGING)
    assert text[found.start : found.end].rstrip("”").endswith("甲类不超过30万元。")


def test_a_run_in_title_says_what_is_done_to_the_words_behind_it() -> None:
    clauses = [
        Said((), "将第三条修改为", "“给予50万元。”"),
        Said((), "第五条", "修改为：“给予60万元。”"),
        Said((), "删去第六条", ""),
    ]
    found = read_amendments(clauses, CHANGING)
    assert [(a.by, a.done, a.number, a.start, a.end) for a in found] == [
        (0, "replaced", 3, 0, 9), (1, "replaced", 5, 0, 13), (2, "repealed", 6, 0, 0),
    ]  # fmt: skip


def test_headings_say_which_of_several_documents_is_meant() -> None:
    text = "一、对《甲办法》作出修改\n（一）将第五条修改为：“给予50万元。”\n（二）删去第六条。\n二、对《乙规定》作出修改\n（一）删去第六条。\n"
    parsed = parse_text(f"某科规〔2025〕1号\n\n关于修改部分文件的决定\n\n{text}", "a.txt")
    found = parsed.document.amendments
    assert [(a.target, a.done, a.number) for a in found] == [
        ("《甲办法》", "replaced", 5), ("《甲办法》", "repealed", 6), ("《乙规定》", "repealed", 6),
    ]  # fmt: skip
    assert [parsed.clauses[a.by].text[a.start : a.end] for a in found][1:] == ["第六条。", "第六条。"]


def test_each_part_of_a_decision_on_several_documents_means_its_own() -> None:
    said = [Said((), "", "对《甲办法》等2件文件作如下修改："), Said((), "", "一、《乙规定》\n删去第六条。")]
    said += [Said(("二、《丙规定》（某科规〔2020〕1号）",), "", "删去第七条。")]
    found = read_amendments(said, "关于修改部分规范性文件的决定")
    assert [(a.target, a.number) for a in found] == [("《乙规定》", 6), ("《丙规定》（某科规〔2020〕1号）", 7)]
    beside = [Said((), "", "《丙规定》第三条同时废止。"), Said((), "", "第七条修改为：“给予60万元。”")]
    assert [(a.target, a.number) for a in read_amendments(beside, CHANGING)] == [("《丙规定》", 3), ("《甲办法》", 7)]


def test_a_quote_that_is_several_clauses_is_one() -> None:
    texts = ("将第二章修改为：“第二章 资助", "给予50万元。", "《丁办法》第二条同时废止。”", "删去第十条。")
    found = read_amendments([Said((), "", text) for text in texts], CHANGING)
    assert [(a.by, a.done, a.number) for a in found] == [(0, "amended", 2), (3, "repealed", 10)]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("“十四五”与《“十四五”规划》", "“···”与《“十四五”规划》"), ("将“A‘b’c”改", "将“·····”改"), ("“没有关上。后面“好”的", "“····。后面“·”的"),
        ("“一。\n“二。”\n三", "“······”\n三"), ("“a“b”c”d", "“·····”d"), ("（以下简称“办法”）第五条", "（以下简称“办法”）第五条"), ('说"好。"了', '说"··"了'),
    ],
)  # fmt: skip
def test_what_is_quoted_is_set_aside_where_it_stands(text: str, left: str) -> None:
    assert without_quotes(text).replace(FILL, "·") == left


MEASURES = """沪科规〔2023〕11号

上海市种子资金管理办法

第一条 为支持早期科技项目，设立种子资金，制定本办法。
第二条 种子资金对每个立项项目给予最高不超过100万元的资助。
第三条 立项项目的银行贷款，按实际利息的30%给予贴息。
贴息期限最长为2年。
第四条 路演活动的场地租金，每场补贴5000元。
第五条 立项项目聘请财务顾问的，给予一次性补贴2万元。
第六条 申报单位应当建立研发辅助账。
第七条 本办法自2023年6月1日起施行。

上海市科学技术委员会
2023年4月20日
"""
DECISION = """沪科规〔2025〕21号

上海市科学技术委员会关于修改《上海市种子资金管理办法》的决定

经研究，决定对《上海市种子资金管理办法》（沪科规〔2023〕11号）作如下修改：

一、将第二条修改为：“种子资金对每个立项项目给予最高不超过200万元的资助。”
二、第三条第一款中的“30%”修改为“50%”。
三、删去第三条第二款。
四、本决定自2025年7月1日起施行。

上海市科学技术委员会
2025年6月1日
"""
RENT = """沪科规〔2025〕22号

上海市科技活动管理办法

第一条 为规范科技活动，制定本办法。
第二条 科技节由市科委组织。
第三条 本办法自2025年9月1日起施行。《上海市种子资金管理办法》第四条同时废止，第五条自2027年1月1日起停止执行。

上海市科学技术委员会
2025年8月1日
"""
LATER = """沪科规〔2026〕3号

上海市科学技术委员会关于修改《上海市种子资金管理办法》的决定

一、将第二条修改为：“种子资金对每个立项项目给予最高不超过400万元的资助。”
二、本决定自2026年3月1日起施行。

上海市科学技术委员会
2026年2月1日
"""


def related(*texts: str) -> tuple[Lineage, list[Parsed]]:
    parsed = [parse_text(text, f"{n}.txt") for n, text in enumerate(texts)]
    members = {p.document.document_id: p.clauses for p in parsed}
    return Lineage([p.document for p in parsed], members.__getitem__), parsed


def told(lineage: Lineage, clause: Clause, day: str) -> list[str]:
    return [f"{e.done} {e.below} {e.day} {e.source.label if e.source else ''}" for e in lineage.changes(clause, day)]


def test_each_clause_stands_as_the_day_has_it() -> None:
    lineage, (base, decision, rent) = related(MEASURES, DECISION, RENT)
    _, second, third, fourth, fifth, sixth, _ = base.clauses
    assert told(lineage, second, "2025-06-30") == [] and told(lineage, sixth, "2027-06-01") == []
    assert told(lineage, second, "2025-07-01") == ["replaced  2025-07-01 一、"]
    assert told(lineage, third, "2026-01-01") == ["amended 第一款 2025-07-01 二、", "repealed 第二款 2025-07-01 三、"]
    assert not lineage.ended(fourth, "2025-08-31") and lineage.ended(fourth, "2025-09-01")
    assert not lineage.ended(third, "2026-01-01"), "of a paragraph that is repealed the article stays"
    assert lineage.as_of(fourth, "2026-01-01").status is Status.REPEALED
    assert lineage.as_of(third, "2026-01-01").status is base.document.status
    said = lineage.as_of(third, "2026-01-01").changes[1]
    assert said.startswith("第二款自2025年7月1日起由《上海市科学技术委员会关于修改") and said.endswith("第三条废止")
    assert not lineage.ended(fifth, TODAY.isoformat()) and lineage.ended(fifth, "2027-01-01")
    assert [e.day for e in lineage.coming(fifth, TODAY.isoformat())] == ["2027-01-01"]
    assert lineage.as_of(second, "2025-06-30") is second
    assert [e.clause for e in lineage.made(decision.clauses[1], "2026-01-01")] == [second]
    alone, (same,) = related(MEASURES)
    assert not alone.ended(same.clauses[3], "2026-01-01"), "without the document that repeals it, it stands"
    assert not Lineage([base.document, rent.document]).ended(fourth, "2026-01-01"), "without clauses none is known"


def test_new_words_put_an_end_to_those_before_and_a_later_change_to_both() -> None:
    lineage, (base, decision, later) = related(MEASURES, DECISION, LATER)
    second, first_change = base.clauses[1], decision.clauses[1]
    assert [e.by for e in lineage.changes(second, "2026-02-28")] == [decision.document.document_id]
    assert [e.by for e in lineage.changes(second, "2026-03-01")] == [later.document.document_id]
    assert lineage.changes(first_change, "2026-02-28") == () and lineage.made(first_change, "2026-03-01") == ()
    (overtaken,) = lineage.changes(first_change, "2026-03-01")
    assert overtaken.ends and overtaken.by == later.document.document_id


def test_a_text_printed_with_its_changes_is_not_changed_again() -> None:
    """第三条 that was deleted is the former 第四条 there; the note may name the decision by its number alone."""
    note = "上海市种子资金管理办法\n（2023年4月20日印发 根据2025年6月1日沪科规〔2025〕21号修正）\n"
    lineage, (printed, _) = related(MEASURES.replace("上海市种子资金管理办法\n", note), DECISION)
    assert all(not lineage.changes(c, "2026-01-01") for c in printed.clauses)


def test_a_clause_that_repeals_is_itself_repealed() -> None:
    """A repeal that has begun stays; one that had not begun never does."""
    undone = """沪科规〔2026〕9号

上海市科学技术委员会关于清理规范性文件的决定

一、废止《上海市科技活动管理办法》第三条。
二、本决定自2026年6月1日起施行。

上海市科学技术委员会
2026年5月1日
"""
    lineage, parsed = related(MEASURES, RENT, undone)
    fourth, fifth = parsed[0].clauses[3:5]
    assert lineage.ended(parsed[1].clauses[2], "2026-06-01")
    assert lineage.ended(fourth, "2027-06-01") and not lineage.ended(fifth, "2027-06-01")


def test_only_the_document_that_is_meant_is_changed() -> None:
    trial = MEASURES.replace("上海市种子资金管理办法", "上海市种子资金管理办法（试行）").replace("11号", "12号")
    far = MEASURES.replace("上海市", "深圳市").replace("沪科规〔2023〕11号", "深科规〔2023〕11号")
    same = far.replace("深圳市种子资金", "上海市种子资金")
    ends = RENT.replace("第五条自2027年1月1日起停止执行", "第六条停止执行")
    lineage, parsed = related(MEASURES, trial, far, same, ends)
    assert [lineage.ended(p.clauses[3], "2026-01-01") for p in parsed[:4]] == [True, False, False, False]
    outside = ends.replace("管理办法》第四条", "管理办法》（试行）第四条")
    lineage, parsed = related(MEASURES, trial, outside)
    assert [lineage.ended(p.clauses[3], "2026-01-01") for p in parsed[:2]] == [False, True]
    draft = ends.replace("上海市科技活动管理办法", "上海市科技活动管理办法（征求意见稿）")
    lineage, parsed = related(MEASURES, draft)
    assert not lineage.changes(parsed[0].clauses[3], "2026-01-01"), "a draft repeals nothing"
    branch = MEASURES.replace("第五条 立项", "第四条之一 立项")
    lineage, parsed = related(branch, ends)
    assert [lineage.ended(c, "2026-01-01") for c in parsed[0].clauses[3:5]] == [True, False]


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Assistant:
    folder, home = tmp_path_factory.mktemp("changed"), tmp_path_factory.mktemp("home")
    for name, text in (("base", MEASURES), ("decision", DECISION), ("rent", RENT), ("later", LATER)):
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    build_index(home, [folder], encoder)
    return Assistant(Searcher.open(home, encoder), today=TODAY)


def test_new_words_answer_in_the_place_of_the_old(changed: Assistant) -> None:
    answer = changed.answer("种子资金每个立项项目最高资助多少")
    assert "400万元" in answer.text and "100万元" not in answer.text and "200万元" not in answer.text
    assert answer.sentences[0].support == "notice" and "第二条已由" in answer.sentences[0].text
    assert any("第二条自2026年3月1日起已由" in n and "（沪科规〔2026〕3号）第一条修改" in n for n in answer.notices)
    assert answer.citations[0].clause.document_number == "沪科规〔2026〕3号"
    between = changed.answer("种子资金每个立项项目最高资助多少", as_of=dt.date(2025, 12, 1))
    assert "200万元" in between.text and "400万元" not in between.text and "100万元" not in between.text
    before = changed.answer("种子资金每个立项项目最高资助多少", as_of=dt.date(2024, 5, 1))
    assert "100万元" in before.text and "200万元" not in before.text
    assert any("请以修改后的条文为准" in n for n in before.notices)


def test_a_part_that_was_changed_stands_before_the_old_text_and_no_sum_is_made(changed: Assistant) -> None:
    answer = changed.answer("立项项目银行贷款利息10万元，贴息能拿多少")
    assert not any(s.formula for s in answer.sentences)
    assert "第三条已由" in answer.sentences[0].text and "修改前的文字" in answer.sentences[0].text
    assert answer.text.index("“30%”修改为“50%”") < answer.text.index("按实际利息的30%给予贴息")
    assert any("第三条的第二款自2025年7月1日起已由" in n and n.endswith("废止。") for n in answer.notices)
    (article,) = [c for c in answer.citations if c.clause.label == "第三条" and "贴息" in c.clause.text]
    assert any("第二款" in line for line in article.to_json()["changes"])
    question = "贷款贴息比例是多少"
    found = changed.searcher.search(question, 30, day=TODAY.isoformat())
    assert gather(found, changed.searcher, read_when(question, TODAY), 30, "").literal, "no model mixes old and new"


def test_a_repealed_clause_is_no_rule_today_and_was_one_before(changed: Assistant) -> None:
    answer = changed.answer("路演活动场地租金每场补贴多少")
    assert "第四条已由" in answer.sentences[0].text and "不是现行有效的规定" in answer.sentences[0].text
    assert any("第四条自2025年9月1日起已由" in n and "第三条废止" in n for n in answer.notices)
    assert {c.clause.document_number for c in answer.citations} >= {"沪科规〔2025〕22号"}, "who repeals it is shown"
    then = changed.answer("2024年的时候路演活动场地租金每场补贴多少")
    assert "5000元" in then.text and "当时有效" in then.sentences[0].text
    named = changed.answer("种子资金管理办法第四条")
    assert "不是现行有效的规定" in named.sentences[0].text


def test_a_day_to_come_is_answered_by_what_is_known_today(changed: Assistant) -> None:
    today = changed.answer("聘请财务顾问补贴多少")
    assert "2万元" in today.text and any("第五条将自2027年1月1日起由" in n for n in today.notices)
    later = changed.answer("明年3月申报聘请财务顾问补贴多少")
    assert later.as_of == "2027-03-31" and "不是届时有效的规定" in later.sentences[0].text
    assert any("现在已知的规定推算到明年3月（2027年3月）" in n for n in later.notices)
    rest = changed.answer("明年3月申报种子资金每个立项项目最高资助多少")
    assert "400万元" in rest.text and any("推算到明年3月" in n for n in rest.notices)


def test_what_has_expired_by_a_day_to_come_says_so(encoder: Encoder, tmp_path: Path) -> None:
    (tmp_path / "base.txt").write_text(MEASURES.replace("起施行", "起施行，有效期至2027年2月28日"), encoding="utf-8")
    build_index(tmp_path / "home", [tmp_path / "base.txt"], encoder)
    held = Assistant(Searcher.open(tmp_path / "home", encoder), today=TODAY)
    answer = held.answer("明年3月申报财务顾问补贴多少")
    assert "已过期" in answer.sentences[0].text and "届时" in answer.sentences[0].text
    assert any("有效期至2027年2月28日" in n for n in answer.notices)
    assert "已过期" not in str(held.answer("明年2月申报财务顾问补贴多少").to_json())


def test_lists_of_clauses_say_how_each_stands(changed: Assistant) -> None:
    found = look(changed.searcher, "路演活动场地租金每场补贴多少", 20, today=TODAY).ranked
    places = [s.clause.label for s in found if s.clause.document_number == "沪科规〔2023〕11号"]
    fourth = next(s.clause for s in found if s.clause.label == "第四条")
    assert places[-1] == "第四条" and fourth.standing.startswith("已废止；自2025年9月1日起由")
    assert fourth.to_json()["status"] == "repealed" and fourth.to_json()["changes"]
    card = Cards(Shelf(changed.searcher), TODAY).clause(fourth)
    assert card.changes == list(fourth.changes)
    package = package_of(
        Caller("上海市", story="路演活动租了场地，项目立项了，聘请了财务顾问"), Shelf(changed.searcher), TODAY
    )
    offered = {i.clause.clause_id for i in package.items}
    assert offered and fourth.clause_id not in offered and not any("100万元" in i.clause.text for i in package.items)
    assert "第四条已由" in fault([Source.of(fourth, "")], changed.searcher, TODAY)


def test_reading_takes_time_in_proportion_to_the_text() -> None:
    """Each of these is read to its end in well under a second; a pattern that goes back over it would take minutes."""
    for text in ("《甲办法》第一条至第三百条同时废止。" * 1500, "第一条、" * 20000, "《甲》" * 20000 + "第一条废止", "将第九条“" * 10000 + "修改为", "删去" * 30000 + "第一条", "第五条" + "“a”" * 20000 + "修改为", "“" * 40000):  # fmt: skip
        assert len(read_amendments([Said((), "", text)], CHANGING)) <= 20000
