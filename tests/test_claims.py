"""Sentences into claims: the same words always give the same claims, and none of the words is lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.claims import claims_of, faithfulness


@pytest.mark.parametrize(
    ("sentence", "claims"),
    [
        ("给予30万元奖励。由市科委负责！可以申请吗？", ["给予30万元奖励。", "由市科委负责！", "可以申请吗？"]),
        ("按沪科规〔2024〕5号，投入1.5亿元的可获奖励。2.0版另行发布", ["按沪科规〔2024〕5号，投入1.5亿元的可获奖励。", "2.0版另行发布"]),
        ("1. 支持升规；2. 支持研发。3.5%以内免申报", ["支持升规；", "支持研发。", "3.5%以内免申报"]),
        ("- 甲方案\n- 乙方案", ["甲方案", "乙方案"]),
        ("《关于甲；乙的通知》（见附件。）有效期5年", ["《关于甲；乙的通知》（见附件。）有效期5年"]),
        ("文件说“可以。不收费。”但需申请", ["文件说“可以。不收费。”", "但需申请"]),
        ("比例（不含税不超过30%。另有上限。", ["比例（不含税不超过30%。", "另有上限。"]),
        ("首次升规的，首年给予30万元；第二年给予20万元", ["首次升规的，首年给予30万元；第二年给予20万元"]),
        ("支持甲；支持乙；并给予奖励", ["支持甲；", "支持乙；并给予奖励"]),
        ("条件：\n（一）注册在本市；（二）信用良好", ["条件：\n（一）注册在本市；", "信用良好"]),
        ("有效期5年。[1]另有要求[2]", ["有效期5年。", "另有要求"]),
        ("。", []),
        ("", []),
    ],
)  # fmt: skip
def test_a_sentence_is_split_where_a_reader_would(sentence: str, claims: list[str]) -> None:
    assert [c.text for c in claims_of(sentence)] == claims


@given(st.text(alphabet="甲乙丙万元。！？；;，、（）“”《》〔〕[]1234.%：\n -①", max_size=60))
def test_claims_stand_in_order_and_lose_no_word(text: str) -> None:
    """Only list marks, citation marks and space may be missing from the claims."""
    found = claims_of(text)
    assert found == claims_of(text)
    assert all(a.end <= b.start for a, b in zip(found, found[1:], strict=False))
    for claim in found:
        assert re.sub(r"\[\d{1,3}\]", "", text[claim.start : claim.end]).strip() == claim.text
    kept = "".join(c.text for c in found)
    assert [kept.count(c) for c in "甲乙丙"] == [text.count(c) for c in "甲乙丙"]


def test_faithfulness_is_the_supported_share_and_nothing_without_claims() -> None:
    assert faithfulness([True, True, False, True]) == 0.75
    assert faithfulness([]) is None
