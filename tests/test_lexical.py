"""The lexical index finds words and pairs of characters, in every spelling, and opens as it was saved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from index.clause import Clause
from index.errors import IndexDamagedError
from index.lexical import LexicalIndex
from index.parse import parse_text
from index.words import Tokenizer

TEXT = """测试办法
第一条 支持企业小升规，首次升规的给予不超过 30 万元奖励。
第二条 科技创新券每家企业每年不超过50万元。
第三条 首台套装备按合同金额给予支持，比例不超过30%。
第四条 建设概念验证中心和中试基地。
"""


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer()


@pytest.fixture(scope="module")
def clauses() -> list[Clause]:
    found = [c for c in parse_text(TEXT, "test.txt").clauses if c.label]
    assert len(found) == 4
    return found


@pytest.fixture(scope="module")
def lexical(clauses: list[Clause], tokenizer: Tokenizer) -> LexicalIndex:
    return LexicalIndex.build(clauses, tokenizer)


def first(lexical: LexicalIndex, tokenizer: Tokenizer, question: str) -> int:
    scores = lexical.scores(tokenizer.tokens(question))
    assert scores.max() > 0
    return int(scores.argmax())


@pytest.mark.parametrize(
    ("question", "row"),
    [
        ("30万元", 0), ("30 万元", 0), ("３０万元", 0), ("50万元", 1), ("50 万元", 1), ("30%", 2),
        ("创新券", 1), ("首台套", 2), ("概念验证", 3), ("中试基地", 3), ("小升规", 0),
    ],
)  # fmt: skip
def test_a_word_is_found_whichever_way_it_is_typed(
    question: str, row: int, lexical: LexicalIndex, tokenizer: Tokenizer
) -> None:
    assert first(lexical, tokenizer, question) == row


@pytest.mark.parametrize("term", ["小升规", "首台套", "概念验证", "创新券", "中试基地", "规上"])
def test_policy_terms_are_kept_whole(term: str, tokenizer: Tokenizer) -> None:
    assert term in tokenizer.words(f"申请{term}要什么材料")


def test_words_that_no_clause_holds_score_nothing(lexical: LexicalIndex, tokenizer: Tokenizer) -> None:
    scores = lexical.scores(tokenizer.tokens("火锅"))
    assert scores.shape == (4,) and not scores.any()
    assert not lexical.scores([]).any()


def test_a_saved_index_scores_as_before_and_is_memory_mapped(
    lexical: LexicalIndex, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    lexical.save(tmp_path / "lexical")
    opened = LexicalIndex.load(tmp_path / "lexical")
    for question in ("小升规奖励", "中试基地", "50万元"):
        tokens = tokenizer.tokens(question)
        assert np.allclose(opened.scores(tokens), lexical.scores(tokens))
        weights = dict.fromkeys(tokens, 1.0)
        assert np.allclose(opened.covered(weights, range(4)), lexical.covered(weights, range(4)))
    assert isinstance(opened._idf, np.memmap)


def test_a_file_cut_short_is_damage_that_names_the_repair(lexical: LexicalIndex, tmp_path: Path) -> None:
    lexical.save(tmp_path / "lexical")
    for file in sorted(p for p in (tmp_path / "lexical").rglob("*") if p.is_file()):
        whole = file.read_bytes()
        file.write_bytes(whole[: len(whole) // 3])
        with pytest.raises(IndexDamagedError, match="wence index"):
            LexicalIndex.load(tmp_path / "lexical")
        file.write_bytes(whole)
    assert LexicalIndex.load(tmp_path / "lexical")


@pytest.mark.parametrize("text", ["……\n——", "😀"])
def test_clauses_without_a_single_word_can_be_indexed(text: str, clauses: list[Clause], tokenizer: Tokenizer) -> None:
    from dataclasses import replace

    empty = replace(clauses[0], text=text, title="", path=(), document_title="", label="", department_text="")
    lexical = LexicalIndex.build([empty], tokenizer)
    assert lexical.scores(tokenizer.tokens("小升规")).tolist() == [0.0]
    assert len(LexicalIndex.build([], tokenizer).scores(["小升规"])) == 0
