"""Search over the five documents: addresses, places, document numbers, spellings, and every clause by its own title."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.card import is_card
from index.clause import Clause
from index.encode import Encoder
from index.scratch import scratch_searcher
from index.search import Searcher


def found(searcher: Searcher, question: str, top: int = 5, region: str = "") -> list[Clause]:
    return [s.clause for s in searcher.search(question, top, region).ranked]


@pytest.mark.parametrize(
    ("question", "document", "label"),
    [
        ("409号文第8条", "sh-rnd-2023-409", "8."),
        ("409号文第八条", "sh-rnd-2023-409", "8."),
        ("沪经信技〔2023〕409号第8条说了什么", "sh-rnd-2023-409", "8."),
        ("若干意见第（九）条", "sh-opinions-2025-11", "（九）"),
        ("若干意见第9条", "sh-opinions-2025-11", "（九）"),
        ("深圳那个方案第14条是什么", "sz-plan-draft", "14."),
        ("上海征求意见稿第九条", "sh-measures-draft", "9."),
    ],
)
def test_a_typed_address_stands_first(question: str, document: str, label: str, searcher: Searcher) -> None:
    first = searcher.search(question).ranked[0]
    assert (first.clause.document_id, first.clause.label) == (document, label)
    assert first.addressed


@pytest.mark.parametrize("number", ["409号文", "沪府办发〔2025〕11号", "沪科建复〔2025〕36号", "2023年409号"])
def test_a_document_number_keeps_to_its_document(number: str, searcher: Searcher) -> None:
    (expected,) = {d.document_id for d in searcher.documents if number.rstrip("文")[-4:-1].strip("〕年") in d.number}
    assert {c.document_id for c in found(searcher, f"{number}里对企业有什么支持", 10)} == {expected}


@pytest.mark.parametrize(
    "subject", ["小升规奖励多少", "孵化器补贴", "人才政策", "创新券", "知识产权", "谁负责", "2030年目标"]
)
@pytest.mark.parametrize(
    ("city", "region"), [("深圳", "深圳市"), ("上海", "上海市"), ("浦东", "上海市"), ("南山", "深圳市")]
)
def test_clauses_of_another_city_are_never_given(subject: str, city: str, region: str, searcher: Searcher) -> None:
    clauses = found(searcher, f"{city}{subject}", 30)
    assert clauses
    assert {c.region for c in clauses} == {region}
    preset = found(searcher, subject, 30, region)
    assert {c.region for c in preset} == {region}


def test_a_city_in_the_question_outweighs_the_region_preset(searcher: Searcher) -> None:
    assert {c.region for c in found(searcher, "深圳小升规奖励", 10, "上海市")} == {"深圳市"}


def test_a_city_without_documents_gets_no_clause_of_another(searcher: Searcher) -> None:
    assert found(searcher, "杭州小升规奖励多少", 10) == []


def test_two_cities_asked_take_turns(searcher: Searcher) -> None:
    regions = [c.region for c in found(searcher, "上海和深圳对小升规的支持有什么不同", 4)]
    assert sorted(regions[:2]) == ["上海市", "深圳市"]


@pytest.mark.parametrize(("typed", "meant"), [("创薪券", "创新券"), ("首台涛", "首台套")])
def test_one_wrong_character_that_sounds_alike_is_mended(typed: str, meant: str, searcher: Searcher) -> None:
    assert searcher.mend(f"{typed}怎么领") == f"{meant}怎么领"
    assert any(meant in c.text or meant in c.title for c in found(searcher, f"{typed}怎么领", 3))


@pytest.mark.parametrize("question", ["创新券怎么用", "首台套最高补多少", "小升规奖励"])
def test_a_right_question_is_not_mended(question: str, searcher: Searcher) -> None:
    assert searcher.mend(question) == question


@pytest.mark.parametrize(
    ("tight", "spaced"), [("小升规30万元", "小升规 30 万元"), ("首台套2000万元", "首台套２０００ 万元")]
)
def test_a_figure_is_found_whichever_way_it_is_spaced(tight: str, spaced: str, searcher: Searcher) -> None:
    first, second = found(searcher, tight, 1), found(searcher, spaced, 1)
    assert first == second
    assert tight.lstrip("小升规首台套") in first[0].text.replace(" ", "")


def test_every_clause_is_found_by_its_own_title(searcher: Searcher) -> None:
    """A title may head several clauses; the first five must hold one of them."""
    missed = []
    for clause in searcher.clauses:
        if is_card(clause) or len(clause.title) < 4:
            continue
        titles = {c.title for c in found(searcher, clause.title)}
        if clause.title not in titles:
            missed.append(f"{clause.document_id} {clause.label} {clause.title}")
    assert not missed


@pytest.mark.parametrize(
    "question",
    [
        "",
        " ",
        "？",
        "😀🎉",
        "\x00\x1b[31m",
        "a" * 10_000,
        "小升规" * 3000,
        "\ud83d",
        "第",
        "号文",
        "第条",
        "上海",
        "《》",
    ],
)
def test_any_text_at_all_can_be_searched(question: str, searcher: Searcher) -> None:
    assert len(searcher.search(question, 5).ranked) <= 5


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=40))
def test_no_text_breaks_search_and_scores_fall(searcher: Searcher, question: str) -> None:
    scored = searcher.search(question, 8).ranked
    assert len({s.clause.clause_id for s in scored}) == len(scored) <= 8
    plain = [s.score for s in scored if not s.addressed]
    query = searcher.search(question, 8).query
    if len(query.regions) < 2 and len(query.documents.certain) < 2:
        assert plain == sorted(plain, reverse=True)


def test_passages_handed_in_are_searched_instead_of_the_index(encoder: Encoder, searcher: Searcher) -> None:
    texts = ["人才公寓租金减半。", "", "首台套最高补贴2000万元。", "首台套最高补贴2000万元。"]
    scratch = scratch_searcher(texts, encoder, searcher.tokenizer)
    clauses = found(scratch, "首台套补多少")
    assert clauses[0].text == texts[2]
    assert len({c.clause_id for c in clauses}) == len(clauses) == 3
    assert scratch_searcher(["", " "], encoder, searcher.tokenizer).search("首台套").ranked == ()
