"""服务包: conditions found in clauses of any wording, held against what a caller tells, sums, and the page of Word."""

from __future__ import annotations

import datetime as dt
import io
import re
from dataclasses import replace

import pytest
from docx import Document as WordDocument

from assistant.quantities import find_quantities
from assistant.staff.caller import Caller
from assistant.staff.conditions import Condition, ConditionKind, offers_of
from assistant.staff.fitting import Check, check
from assistant.staff.package import Item, Package, package_of
from assistant.staff.sheet import CAUTION, sheet_of
from assistant.staff.shelf import Shelf
from index.clause import Clause, Source, Status
from index.search import Searcher

TODAY = dt.date(2026, 11, 21)


def clause_of(text: str) -> Clause:
    """A clause of no known document."""
    return Clause(
        "x:1", "x", "某市办法", "", "", "某市", Status.IN_FORCE, (), "第一条", "", text, (), "", Source("x", 0, 0)
    )


def conditions(text: str) -> list[tuple[str, str]]:
    """(kind, words) of all conditions of a text's offers; each is a span of it."""
    clause = clause_of(text)
    found = [c for offer in offers_of(clause) for c in offer.conditions]
    assert all(text[c.start : c.start + len(c.text)] == c.text for c in found), found
    return [(c.kind, c.text) for c in found]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            "对首次获评省级专精特新的中小企业，给予20万元奖励。",
            [("first", "首次获评省级专精特新"), ("kind", "中小企业")],
        ),
        (
            "对年营业收入增长20%以上且首次达到规模以上的批发企业，一次性奖励10万元。",
            [("growth", "年营业收入增长20%以上"), ("first", "首次达到规模以上"), ("kind", "批发企业")],
        ),
        (
            "对签订合同金额1000万元以上的服务外包企业，按合同金额的2%给予补贴。",
            [("amount", "签订合同金额1000万元以上"), ("kind", "服务外包企业")],
        ),
        (
            "经认定的省级工程研究中心，给予最高不超过100万元支持。",
            [("recognised", "经认定的省级工程研究中心")],
        ),
        (
            "对连续五年盈利的外资企业，在前海试点给予每年50万元资助。",
            [("years", "连续五年盈利"), ("kind", "外资企业"), ("place", "在前海试点")],
        ),
        (
            "支持养老机构扩建床位，符合条件的，给予每张床位1万元补助。",
            [("kind", "养老机构"), ("event", "扩建床位"), ("qualified", "符合条件")],
        ),
        (
            "企业购置设备的，给予补贴；对达到一定规模的园区，给予奖励。",
            [("event", "企业购置设备"), ("open", "达到一定规模"), ("kind", "园区")],
        ),
        (
            "申请资助的企业应当符合下列条件：\n（一）在本市依法注册；\n（二）上年度营业收入2000万元以上；\n（三）连续三年增长。",
            [("kind", "企业"), ("event", "在本市依法注册"), ("amount", "上年度营业收入2000万元以上"), ("years", "连续三年增长")],
        ),
        ("市有关部门加强统筹协调，做好宣传工作。", []),
    ],
)  # fmt: skip
def test_conditions_are_found_by_wording_in_texts_never_seen(
    text: str, wanted: list[tuple[ConditionKind, str]]
) -> None:
    assert conditions(text) == wanted


def test_every_condition_of_every_document_is_its_own_words(searcher: Searcher) -> None:
    offers = [(c, o) for c in searcher.clauses for o in offers_of(c)]
    assert len(offers) > 40
    for clause, offer in offers:
        assert offer.text in clause.text and offer.given in offer.text
        for c in offer.conditions:
            assert clause.text[c.start : c.start + len(c.text)] == c.text


@pytest.fixture(scope="module")
def shelf(searcher: Searcher) -> Shelf:
    return Shelf(searcher)


def item_of(package: Package, given: str) -> Item:
    return next(i for i in package.items if given in i.offer.text)


def verdicts(item: Item) -> dict[str, str]:
    return {c.condition.text: c.verdict for c in item.checks}


SHANGHAI = Caller("上海市", kinds=("科技服务业企业",), story="首次升规，连续三年增长")


def test_what_the_caller_tells_meets_conditions_and_the_rest_is_asked(shelf: Shelf) -> None:
    package = package_of(SHANGHAI, shelf, TODAY)
    first = package.items[0]
    assert verdicts(first) == {"首次升规": "met", "连续三年保持增长": "met", "科技服务业企业": "met"}
    assert first.sums == ("3年合计：30万元＋20万元＋10万元＝60万元，即最多60万元。",)
    assert first.standing.text == "征求意见稿"
    loss = item_of(package, "发生亏损")
    asked = [c for c in loss.checks if c.verdict == "ask"]
    assert asked and all(c.question.endswith(("？", "。")) and c.condition.text in c.question for c in asked)
    assert all(i.document.region == "上海市" and i.document.status != Status.REPLY for i in package.items)


@pytest.mark.parametrize(
    ("caller", "given", "wanted", "formula"),
    [
        (
            Caller("上海市", "临港新片区", story="做中试，总投入3000万元"), "总投入最高 50%",
            {"在临港新片区试点": "met", "经事前备案立项后": "ask"}, "3000万元×50%＝1500万元，超过1000万元的上限",
        ),
        (
            Caller("上海市", "张江", story="做中试", amounts={"总投入": 8e6}), "总投入最高 50%",
            {"在临港新片区试点": "unmet"}, "",
        ),
        (
            Caller("上海市", story="首台套合同", amounts={"合同金额": 5e6}), "创新产品合同金额的 30%",
            {"符合条件": "ask"}, "500万元×30%＝150万元，未超过2000万元的上限，即最多150万元",
        ),
        (
            Caller("上海市", "张江", story="收购一家公司，交易额2亿元"), "并购交易额",
            {"在张江、临港新片区试点": "met", "并购方企业": "met", "符合条件": "ask"}, "2亿元×5%＝1000万元，超过500万元的上限",
        ),
        (
            Caller("上海市", kinds=("科技服务业中小企业",), story="没有亏损"), "困难减免", {"发生亏损": "unmet"}, "",
        ),
        (
            Caller("上海市", kinds=("科技服务业企业",), story="不是第一次升规，前年升过"), "首年给予不超过",
            {"首次升规": "unmet"}, "",
        ),
        (
            Caller("上海市", kinds=("科技服务业企业",), story="首次升规", years=2), "首年给予不超过",
            {"连续三年保持增长": "unmet"}, "",
        ),
        (
            Caller("深圳市", kinds=("科技服务业企业",), story="第一次纳入规模以上企业库", growth=15), "超上一年度且达到",
            {"当年度或次年度营业收入超上一年度": "met", "达到一定金额以上": "ask"}, "",
        ),
        (
            Caller("深圳市", kinds=("科技服务业企业",), story="营收下降8%"), "超上一年度且达到",
            {"当年度或次年度营业收入超上一年度": "unmet"}, "",
        ),
    ],
)  # fmt: skip
def test_files_of_callers(shelf: Shelf, caller: Caller, given: str, wanted: dict[str, str], formula: str) -> None:
    item = item_of(package_of(caller, shelf, TODAY), given)
    found = verdicts(item)
    assert {text: found.get(text) for text in wanted} == wanted
    assert item.unmet == ("unmet" in wanted.values())
    if formula:
        assert any(formula in s for s in item.sums), item.sums


def test_an_answer_to_a_question_decides_its_condition_only(shelf: Shelf) -> None:
    before = item_of(package_of(replace(SHANGHAI, story="首次升规"), shelf, TODAY), "首年给予不超过")
    asked = next(c for c in before.checks if c.condition.text == "连续三年保持增长")
    assert asked.verdict == "ask"
    for reply, verdict in (("yes", "met"), ("no", "unmet")):
        caller = replace(SHANGHAI, story="首次升规", replies={asked.key: reply})
        after = item_of(package_of(caller, shelf, TODAY), "首年给予不超过")
        told: Check = next(c for c in after.checks if c.key == asked.key)
        assert told.verdict == verdict and "来电人答" in told.reason
        assert {c.key: c.verdict for c in after.checks if c.key != asked.key} == {
            c.key: c.verdict for c in before.checks if c.key != asked.key
        }


def test_thresholds_compare_the_callers_figure_of_the_same_kind(shelf: Shelf) -> None:
    from assistant.staff.fitting import check

    offer = offers_of(clause_of("对签订合同金额1000万元以上、年营业收入增长20%以上的企业，给予100万元奖励。"))[0]

    def found(**told: object) -> list[str]:
        caller = Caller("某市", **told)  # type: ignore[arg-type]
        return [
            check(c, caller, shelf.searcher, "x:1").verdict for c in offer.conditions if c.kind in ("amount", "growth")
        ]

    assert found() == ["ask", "ask"]
    assert found(amounts={"合同金额": 1e7}, growth=20.0) == ["met", "met"]
    assert found(amounts={"合同金额": 9.9e6}, growth=19.9) == ["unmet", "unmet"]
    assert found(amounts={"总投入": 1e8}) == ["ask", "ask"], "money for something else says nothing of the contract"


def test_places_without_documents_and_empty_files_are_said(shelf: Shelf) -> None:
    assert "没有收录北京市的文件" in package_of(Caller("北京市", story="首次升规"), shelf, TODAY).remark
    assert "请先写明" in package_of(Caller("上海市"), shelf, TODAY).remark


def test_nothing_promises_money(shelf: Shelf) -> None:
    stories = ("首次升规，连续三年增长", "首台套合同500万元", "做中试，总投入3000万元")
    for story in stories:
        for item in package_of(replace(SHANGHAI, area="临港新片区", story=story), shelf, TODAY).items:
            ours = "".join([*item.sums, *(c.reason + c.question for c in item.checks)])
            assert not re.search(r"可以拿|能拿|可获得|一定能|保证|已批准", ours)
            assert all("最多" in s for s in item.sums)


def test_the_page_of_word_holds_conditions_sums_and_sources(shelf: Shelf) -> None:
    package = package_of(replace(SHANGHAI, amounts={"合同金额": 5e6}), shelf, TODAY)
    word = WordDocument(io.BytesIO(sheet_of(package, TODAY)))
    text = "\n".join(p.text for p in word.paragraphs)
    first = package.items[0]
    assert first.offer.text in text and CAUTION in text
    assert "依据：《上海市加快科技服务业高质量发展的若干措施（征求意见稿）》第9条（征求意见稿" in text
    assert "【符合】首次升规" in text and "【需询问】" in text and "合同金额500万元" in text
    assert first.sums[0] in text and "文件没有写明" in text and "2026年11月21日" in text
    assert len(word.sections) == 1 and round(word.sections[0].page_width.cm, 1) == 21.0


@pytest.mark.parametrize(
    "story",
    ["首次升规，合同，中试，并购，亏损，落户，上市，贷款", "知识产权，人才，设备更新，研发费用，孵化器，概念验证"],
)
def test_a_page_of_word_stays_one_page_and_counts_what_it_leaves_out(shelf: Shelf, story: str) -> None:
    package = package_of(Caller("上海市", "临港新片区", ("科技服务业企业",), story), shelf, TODAY)
    word = WordDocument(io.BytesIO(sheet_of(package, TODAY)))
    # 54 characters of 9 pt fill a line of 17.4 cm, 62 lines of 12 pt a page of 26.9 cm.
    lines = sum(max(1, -(-len(p.text) // 54)) for p in word.paragraphs)
    assert lines <= 62
    fitting = sum(not i.unmet for i in package.items)
    shown = sum(p.text.startswith("依据：") for p in word.paragraphs)
    text = "\n".join(p.text for p in word.paragraphs)
    assert shown == fitting or f"另有 {fitting - shown} 项可能相关" in text


@pytest.mark.parametrize(
    ("text", "kind", "caller"),
    [
        # What the caller denies, doubts, lost or has yet to do is asked, never taken as said.
        ("首次升规", "first", Caller("上海市", kinds=("科技服务业企业",), story="还没首次升规")),
        ("首次升规", "first", Caller("上海市", story="首次升规申请被退回")),
        ("连续三年保持增长", "years", Caller("上海市", story="首次升规，营收连续三年下降")),
        ("连续三年保持增长", "years", Caller("上海市", story="没有连续三年增长")),
        ("经认定的高新技术成果转化项目", "event", Caller("上海市", story="认定了高新技术成果转化项目，后来被撤销了")),
        # Conditions that want something not to be, or to be small.
        ("未列入经营异常名录", "event", Caller("上海市", story="我们被列入经营异常名录")),
        ("未实施并购重组的企业", "kind", Caller("上海市", story="实施了并购重组")),
    ],
)
def test_what_is_denied_or_reversed_is_never_met(
    text: str, kind: ConditionKind, caller: Caller, searcher: Searcher
) -> None:
    quantity = next(iter(find_quantities(text)), None)
    assert check(Condition(kind, text, 0, quantity), caller, searcher, "x:1").verdict != "met"


def test_revenue_that_fell_while_profit_grew_did_not_grow() -> None:
    assert Caller("上海市", story="利润增长30%，营业收入下降").grown is None
    assert Caller("上海市", story="并购没谈成，谈的是2亿元").stated == {}
    assert Caller("上海市", story="今年首次升规，营收增长15%，签了500万元首台套合同").grown == 15
