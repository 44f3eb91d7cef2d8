"""Each measure on cases small enough to work out by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from evals import answers
from evals.answers import NOTICE_SIGNS, said
from evals.costs import costs, modes, percentiles
from evals.intervals import estimate, mean_of_means
from evals.questions import DATASETS, Gold, Question, load_questions
from evals.retrieval import as_run, first, needs_of, ranks, within
from evals.stard import exact_store, recall


def question(**changed: Any) -> Question:
    fields: dict[str, Any] = {
        "id": "q", "question": "首台套补多少", "history": (), "region": "", "type": "amount", "answerable": True,
        "why_not": "", "gold": (Gold("d", "最高2000万元"),), "gold_mode": "any", "must_say": (), "must_not_say": (),
        "notices": (),
    }  # fmt: skip
    return Question(**{**fields, **changed})


def sentence(text: str, *citations: int, support: str = "verbatim") -> dict[str, Any]:
    return {"text": text, "citations": list(citations), "support": support}


def record(*sentences: dict[str, Any], **changed: Any) -> dict[str, Any]:
    clause = {
        "n": 1, "text": "给予不超过合同金额的 30%、\n最高不超过 2000 万元支持。第二句。",
        "departments": [{"name": "市科委", "role": "lead"}], "department_text": "（责任单位：市科委、市经济信息化委）",
        "footnotes": [{"mark": "①", "text": "首台套是指首次销售的产品。"}],
    }  # fmt: skip
    fields = {
        "sentences": list(sentences),
        "citations": [clause],
        "notices": [],
        "refused": False,
        "refusal_reason": None,
    }
    return {**fields, **changed}


GOLD = [{"a"}, {"b", "c"}]


def test_first_counts_any_gold_clause_at_rank_one() -> None:
    assert first(["c", "a"], GOLD) == 1.0
    assert first(["x", "a"], GOLD) == 0.0
    assert first([], GOLD) == 0.0


def test_within_asks_for_one_quote_or_for_all() -> None:
    assert within(["x", "a"], GOLD, 2, "any") == 1.0
    assert within(["x", "a"], GOLD, 2, "all") == 0.0
    assert within(["x", "a", "c"], GOLD, 3, "all") == 1.0
    assert within(["x", "a", "c"], GOLD, 2, "all") == 0.0


def test_reciprocal_rank_is_of_the_first_right_clause_within_ten() -> None:
    found = ranks(["x", "y", "b", "a"], GOLD, "any")
    assert found and found.mrr10 == pytest.approx(1 / 3)
    late = ranks([*"0123456789", "a"], GOLD, "any")
    assert late and late.mrr10 == late.top10 == late.recall10 == late.ndcg10 == 0.0
    nothing = ranks([], GOLD, "any")
    assert nothing and nothing.mrr10 == nothing.recall5 == 0.0


def test_alternatives_are_one_need_and_demands_are_one_each() -> None:
    """A search must not be asked for every copy of the words that answer a question."""
    assert needs_of(GOLD, "any") == [frozenset("abc")]
    assert needs_of(GOLD, "all") == [frozenset("a"), frozenset("bc")]
    assert needs_of([{"a"}, {"a"}], "all") == [frozenset("a")], "two quotes of one clause are one need"
    assert needs_of([{"a", "b"}, {"a"}], "all") == [frozenset("a")], "what meets the narrower meets the wider"
    assert needs_of([{"a"}, set()], "all") == [frozenset("a"), frozenset()], "an unfindable quote is never met"


def test_a_need_is_met_once_and_later_copies_keep_their_place() -> None:
    assert as_run(["x", "c", "b", "a"], needs_of(GOLD, "all")) == ["x", "need 1", "b", "need 0"]


def test_recall_and_ndcg_count_needs() -> None:
    found = ranks(["x", "c", "b", "y", "z", "a"], GOLD, "all")
    assert found and (found.recall5, found.recall10, found.top5, found.top10) == (0.5, 1.0, 0.0, 1.0)
    gains = 1 / math.log2(3) + 1 / math.log2(7)
    assert found.ndcg10 == pytest.approx(gains / (1 + 1 / math.log2(3)))
    unfindable = ranks(["a"], [{"a"}, set()], "all")
    assert unfindable and unfindable.recall10 == 0.5
    either = ranks(["x", "c", "b"], GOLD, "any")
    assert either and either.recall5 == either.top5 == 1.0


def test_a_question_without_gold_has_no_retrieval_measures() -> None:
    assert ranks(["a"], [], "any") is None


def test_recall_divides_by_all_gold_articles() -> None:
    assert recall(frozenset("ab"), ["x", "a", "b"], 2) == 0.5


@pytest.mark.parametrize(
    ("needle", "text", "expected"),
    [
        ("2000万元", "最高不超过 2,000 万元", True),
        ("2000万元", "最高不超过２０００万元", True),
        ("200万元", "最高1200万元", False),
        ("200万元", "最高 2000 万元", False),
        ("5%", "给予2.5%补贴", False),
        ("到2026", "有效期到2026年", True),
        ("到202", "有效期到2026年", False),
        ("张江", "在张江试点", True),
        ("12", "第1,2条", False),
        ("30万元", "奖励三十万元", True),
        ("30万元", "奖励 300,000 元", True),
        ("300000元", "奖励30万", True),
        ("30万元", "奖励三百万元", False),
        ("30%", "百分之三十", True),
        ("30%", "给三成", True),
        ("30%", "百分之三", False),
        ("合同金额的30%", "不超过合同金额的百分之三十", True),
        ("3至5个", "建设3-5个平台", True),
        ("5个", "建设3-5个平台", False),
        ("30万元", "引进三十万人才", False),
        ("30家", "奖励三十万元", False),
    ],
)
def test_saying_is_blind_to_spacing_and_width_but_not_to_figures(needle: str, text: str, expected: bool) -> None:
    assert said(needle, text) is expected


def test_points_are_shares_and_complete_needs_all() -> None:
    asked = question(must_say=(("2000万元",), ("不超过", "上限"), ("张江",)))
    found = record(sentence("最高不超过 2000 万元。", 1))
    assert answers.must_say(asked, found) == pytest.approx(2 / 3)
    assert answers.complete(asked, found) == 0.0
    assert answers.complete(asked, {**found, "notices": ["仅在张江范围内适用。"]}) == 1.0
    assert answers.must_say(question(), found) is answers.complete(question(), found) is None


def test_points_are_not_read_across_two_sentences() -> None:
    asked = question(must_say=(("2000万元",),))
    assert answers.must_say(asked, record(sentence("共20", 1), sentence("00万元", 1))) == 0.0


def test_a_wrong_statement_counts_unless_it_is_denied() -> None:
    asked = question(must_not_say=("500万元",))
    assert answers.must_not_say(asked, record(sentence("补 500 万元。", 1))) == 0.0
    assert answers.must_not_say(asked, record(sentence("补 1500 万元。", 1))) == 1.0
    assert answers.must_not_say(asked, record(notices=["所列条款没有写“500万元”，请以条款原文为准。"])) == 1.0
    assert answers.must_not_say(asked, record(sentence("规定没有写上限，可补500万元。", 1))) == 0.0
    assert answers.must_not_say(question(), record()) is None


def test_refusals_are_right_or_wrong_or_do_not_apply() -> None:
    due, kept, small = (
        question(answerable=False, why_not="no_evidence"), question(), question(answerable=False, why_not="smalltalk"),
    )  # fmt: skip
    refused = record(refused=True, refusal_reason="out_of_scope")
    assert answers.refused_when_due(due, refused) == 1.0
    assert answers.refused_when_due(due, record()) == 0.0
    assert answers.refused_when_due(kept, refused) is answers.refused_when_due(small, refused) is None
    assert answers.refused_wrongly(kept, refused) == answers.refused_wrongly(small, refused) == 1.0
    assert answers.refused_wrongly(due, refused) is None
    assert answers.reason_right(due, refused) == 0.0
    assert answers.reason_right(due, {**refused, "refusal_reason": "no_evidence"}) == 1.0
    assert answers.reason_right(due, record()) is answers.reason_right(kept, refused) is None


def test_notices_due_are_found_by_what_they_say() -> None:
    asked = question(notices=("draft", "pilot_area"))
    given = record(notices=["《某措施》（征求意见稿）是征求意见稿，尚未正式施行。"])
    assert answers.notices(asked, given) == 0.5
    assert answers.notices(question(), given) is None


def test_every_notice_that_a_dataset_names_is_known() -> None:
    named = {n for p in DATASETS.glob("policy.*.jsonl") for q in load_questions(p) for n in q.notices}
    assert named <= set(NOTICE_SIGNS)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("给予不超过合同金额的30%、最高不超过2000万元支持。", 1.0),
        ("给予不超过合同金额的 30%、 最高不超过 2000 万元支持。 第二句。", 1.0),
        ("责任单位：市科委、市经济信息化委。", 1.0),
        ("首台套是指首次销售的产品。", 1.0),
        ("最高2000万元支持。", 0.0),
        ("第二句。另有一句。", 0.0),
    ],
)
def test_verbatim_means_in_the_cited_clause_spacing_aside(text: str, share: float) -> None:
    assert answers.verbatim(question(), record(sentence(text, 1))) == share


def test_verbatim_and_cited_leave_notices_out_and_need_a_citation_that_exists() -> None:
    found = record(
        sentence("第二句。", 1), sentence("第二句。", 2), sentence("第二句。"), sentence("【上海市】", support="notice")
    )
    assert answers.verbatim(question(), found) == pytest.approx(1 / 3)
    assert answers.cited(question(), found) == pytest.approx(1 / 3)
    written = record(sentence("最多补2000万元。", 1, support="supported"), sentence("第二句。", 1))
    assert answers.verbatim(question(), written) == 1.0, "what a model worded does not claim to be a quote"
    only_notice = record(sentence("您好。", support="notice"))
    assert answers.verbatim(question(), only_notice) is answers.cited(question(), only_notice) is None


def test_characters_are_those_of_the_sentences() -> None:
    assert answers.characters(question(), record(sentence("一二三。", 1), sentence("四。", 1), notices=["提示"])) == 6.0


def test_an_interval_holds_its_mean_and_is_reproducible() -> None:
    found = estimate([0.0, 1.0] * 20)
    assert found and found == estimate([0.0, 1.0] * 20)
    assert found.value == 0.5 and found.n == 40
    assert 0.3 < found.low < 0.5 < found.high < 0.7
    assert estimate([]) is None


def test_refusing_more_or_less_often_cannot_raise_the_balanced_accuracy() -> None:
    always = mean_of_means([[1.0] * 40, [0.0] * 10])
    assert always and always.value == always.low == always.high == 0.5
    assert mean_of_means([[1.0], []]) is None
    good = mean_of_means([[1.0] * 30 + [0.0] * 10, [1.0] * 9 + [0.0]])
    assert good and good.value == pytest.approx((0.75 + 0.9) / 2) and good.n == 50


def test_costs_are_read_where_the_record_has_them() -> None:
    written = {"timings_ms": {"total": 900.0, "evidence": 40.0}, "usage": {"prompt_tokens": 512}, "mode": "llm"}
    assert costs(written) == {
        "latency_ms": 900.0, "evidence_ms": 40.0, "sentence_ms": None, "prompt_tokens": 512, "completion_tokens": None,
    }  # fmt: skip
    plain = {"timings_ms": {"total": 100.0}, "mode": "verbatim", "degraded": "模型没有按时回应"}
    assert percentiles([written, plain])["latency_ms"] == {"p50": 500.0, "p95": 860.0, "n": 2}
    assert "sentence_ms" not in percentiles([written, plain])
    assert modes([written, plain, {"mode": "verbatim"}]) == {"degraded": 1, "llm": 1, "verbatim": 2}


def test_the_exact_store_ranks_by_cosine_within_the_scope_asked() -> None:
    import numpy as np

    from evals.stard import _clause
    from index.store import Scope

    rows = [
        {"doc_id": i, "law": law, "article": "第一条", "text": "文"} for i, law in enumerate(("甲法", "乙法", "甲法"))
    ]
    vectors = np.array([[1, 0], [0.9, 0.1], [0, 1]], dtype=np.float32)
    store = exact_store(vectors, [_clause(r) for r in rows])
    query = np.array([1, 0], dtype=np.float32)
    assert [h.clause_id for h in store.query(query[None], 2)[0]] == ["0", "1"]
    within = Scope(rows=np.array([True, False, True]))
    assert [h.clause_id for h in store.query(query[None], 5, within)[0]] == ["0", "2"]
    assert list(store.vectors(["2#0", "9#0"])) == ["2#0"]
