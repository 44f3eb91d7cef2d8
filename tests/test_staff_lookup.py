"""Looking up while a caller talks: words, addresses, document numbers, filters, facts of documents, departments."""

from __future__ import annotations

import datetime as dt

import pytest

from assistant.quantities import find_quantities
from assistant.staff.cards import Cards
from assistant.staff.compare import compare
from assistant.staff.facts import standing
from assistant.staff.filters import Filters
from assistant.staff.lookup import Looked, look_up
from assistant.staff.marks import spans_of
from assistant.staff.shelf import Shelf
from index.clause import Document, Status
from index.search import Searcher

TODAY = dt.date(2026, 11, 21)


@pytest.fixture(scope="module")
def shelf(searcher: Searcher) -> Shelf:
    return Shelf(searcher)


def labels(found: Looked) -> list[str]:
    return [c.label for c in found.clauses]


@pytest.mark.parametrize("line", ["首台套", "首台套补", "首台套补多少", "装备首台套 软件首版次", "创薪券和首台套"])
def test_half_a_question_finds_the_clause(shelf: Shelf, line: str) -> None:
    titles = [c.title for c in look_up(shelf, line, Filters()).clauses]
    assert "加快创新产品应用推广" in titles[:3]


def test_what_was_typed_is_marked_as_printed(shelf: Shelf) -> None:
    found = look_up(shelf, "首台套最高补多少", Filters())
    text = found.clauses[0].text
    marked = [text[s.start : s.end] for s in spans_of(text, found.words)]
    assert "首台套" in marked and "最高" not in marked
    spans = spans_of("奖励 30 万元，再奖励30万元", ["30万元"])
    assert ["奖励 30 万元，再奖励30万元"[s.start : s.end] for s in spans] == ["30 万元", "30万元"]


@pytest.mark.parametrize(
    ("line", "document", "label"),
    [
        ("409号文第8条", "sh-rnd-2023-409", "8."), ("沪经信技〔2023〕409号第十五条", "sh-rnd-2023-409", "15."),
        ("若干意见第（九）条", "sh-opinions-2025-11", "（九）"), ("11号文第九条", "sh-opinions-2025-11", "（九）"),
        ("深圳方案第3条", "sz-plan-draft", "3."),
    ],
)  # fmt: skip
def test_a_typed_address_gives_that_clause_alone(shelf: Shelf, line: str, document: str, label: str) -> None:
    found = look_up(shelf, line, Filters())
    assert found.addressed
    assert {(c.document_id, c.label) for c in found.clauses} == {(document, label)}


@pytest.mark.parametrize(
    ("line", "document"),
    [
        ("409号", "sh-rnd-2023-409"), ("沪经信技〔2023〕409号", "sh-rnd-2023-409"), ("沪府办发2025 11号", "sh-opinions-2025-11"),
        ("上海市吸引集聚企业研发机构 推进研发产业化的实施意见", "sh-rnd-2023-409"), ("深圳方案", "sz-plan-draft"), ("409号文全文", "sh-rnd-2023-409"),
    ],
)  # fmt: skip
def test_a_document_number_or_title_alone_opens_the_document(shelf: Shelf, line: str, document: str) -> None:
    found = look_up(shelf, line, Filters())
    assert found.kind == "document" and found.document and found.document.document_id == document
    assert found.clauses == shelf.members(document)
    assert [c.ordinal for c in found.clauses] == sorted(c.ordinal for c in found.clauses)


def test_what_is_not_here_is_said_before_anything_else(shelf: Shelf) -> None:
    assert "没有收录沪府办规〔2024〕14号的正文" in look_up(shelf, "沪府办规〔2024〕14号", Filters()).remark
    beijing = look_up(shelf, "北京首台套", Filters())
    assert not beijing.clauses and "没有收录北京市的文件" in beijing.remark
    assert "没有找到第99条" in look_up(shelf, "409号文第99条", Filters()).remark
    unlike = look_up(shelf, "首台套", Filters(region="深圳市"))
    assert "没有条款含有这些字词" in unlike.remark and len(unlike.clauses) <= 8
    assert look_up(shelf, "  ", Filters()).kind == "start"


@pytest.mark.parametrize("line", ["", "奖励", "支持科技服务业企业"])
def test_filters_hold_for_every_clause_shown(shelf: Shelf, line: str) -> None:
    def found(**chosen: object) -> Looked:
        return look_up(shelf, line, Filters(**chosen), top=100)  # type: ignore[arg-type]

    assert {c.region for c in found(region="深圳市").clauses} == {"深圳市"}
    assert {c.document_id for c in found(document="sh-opinions-2025-11").clauses} == {"sh-opinions-2025-11"}
    assert {c.status for c in found(status="draft").clauses} == {Status.DRAFT}
    named = found(department="市科学技术委员会").clauses
    assert named and all(any(d.name == "市科委" for d in c.departments) for c in named)
    both = found(region="上海市", department="市财政局", least=100).clauses
    assert both and all(c.region == "上海市" for c in both)
    none = found(region="深圳市", department="市科委")
    assert not none.clauses and "请放宽筛选" in none.remark


@pytest.mark.parametrize(("least", "most"), [(500, None), (None, 30), (100, 300), (2000, 2000)])
def test_the_amount_filter_compares_yuan_whatever_the_unit(
    shelf: Shelf, least: float | None, most: float | None
) -> None:
    found = look_up(shelf, "", Filters(least=least, most=most), top=100).clauses
    assert found
    for clause in found:
        yuan = [q.value for q in find_quantities(clause.text) if q.kind == "money"]
        assert any((least or 0) * 10_000 <= y <= (most or 1e12) * 10_000 for y in yuan), clause.text
    if least == 500:
        assert any("亿元" in c.text for c in found) and any("500 万元" in c.text for c in found)


@pytest.mark.parametrize(
    ("facts", "text", "detail"),
    [
        ({"status": Status.IN_FORCE}, "现行有效", "未载明有效期"),
        ({"status": Status.IN_FORCE, "expires": "2025-12-31"}, "已过期", "有效期至2025年12月31日，已届满"),
        ({"status": Status.IN_FORCE, "expires": "2026-12-31"}, "现行有效", "即将届满"),
        ({"status": Status.DRAFT, "expires": "2026-01-31"}, "征求意见稿", "拟定有效期至2026年1月31日，已届满"),
        ({"status": Status.IN_FORCE, "effective": "2027-01-01"}, "尚未施行", "自2027年1月1日起施行"),
        ({"status": Status.REPLY}, "答复函（非政策）", ""),
        ({"status": Status.DRAFT, "superseded_by": "《办法》"}, "征求意见稿", "已有正式文件《办法》"),
    ],
)  # fmt: skip
def test_the_standing_of_a_document_is_told_as_of_today(facts: dict[str, str], text: str, detail: str) -> None:
    found = standing(Document("d", "某办法", **facts), TODAY)  # type: ignore[arg-type]
    assert found.text == text and detail in found.detail


def test_departments_have_the_role_that_the_clause_gives_them(shelf: Shelf) -> None:
    cards = Cards(shelf, TODAY)

    def rows(document: str, label: str) -> list[tuple[str, list[str]]]:
        clause = next(c for c in shelf.members(document) if c.label == label)
        return [(o.role, o.names) for o in cards.clause(clause).offices]

    assert rows("sz-plan-draft", "4.") == [
        ("牵头", ["市投资促进局"]), ("配合", ["前海管理局", "河套发展署", "各相关单位", "各区"]),
    ]  # fmt: skip
    assert rows("sz-plan-draft", "1.")[0][0] == "按职责分工", "nobody leads where the clause ranks nobody"
    assert rows("sh-rnd-2023-409", "8.")[0][0] == "责任单位"
    clause = cards.clause(next(c for c in shelf.members("sh-rnd-2023-409") if c.label == "8."))
    assert "联系电话、网址或办理地点" in clause.unsaid and "办理流程" in clause.unsaid


def test_two_places_side_by_side_and_what_one_does_not_say(searcher: Searcher) -> None:
    found = compare(searcher, "上海和深圳的升规奖励", "上海市", "深圳市")
    assert not found.remarks
    assert all(p.left is None or p.left.region == "上海市" for p in found.pairs)
    assert all(p.right is None or p.right.region == "深圳市" for p in found.pairs)
    first = found.pairs[0]
    assert first.left and first.right and "小升规" in first.left.title and "达规纳统" in first.right.title
    alone = compare(searcher, "首台套", "深圳市", "上海市")
    assert alone.remarks == ("深圳市的文件里没有找到相应条款。",)
    assert all(p.left is None for p in alone.pairs) and alone.pairs[0].right
    nothing = compare(searcher, "今天天气怎么样", "上海市", "深圳市")
    assert not nothing.pairs and len(nothing.remarks) == 2
