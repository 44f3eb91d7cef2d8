"""Question sets: mistakes are named to the field, and gold quotes outlive the parser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.settings import BUNDLED_CORPUS
from evals.questions import DATASETS, GoldFinder, load_questions, squeeze
from index.card import card_of, is_card
from index.catalog import load_catalog
from index.clause import Clause
from index.errors import InputError
from index.parse import parse_text
from index.reading import read_text

SETS = sorted(p.stem for p in DATASETS.glob("policy.*.jsonl"))
ROW: dict[str, Any] = {
    "id": "q1", "question": "首台套最高补多少", "history": [], "region": None, "type": "amount", "answerable": True,
    "why_not": None, "gold": [{"document": "d", "quote": "最高2000万元"}], "gold_mode": "any",
    "must_say": [["2000万元"]], "must_not_say": [], "notices": [], "note": "",
}  # fmt: skip


def write(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("change", "field", "expected", "found"),
    [
        ({"question": 3}, "question", "文字", "3"),
        ({"question": " "}, "question", "不空的文字", '" "'),
        ({"answerable": "yes"}, "answerable", "true 或 false", '"yes"'),
        ({"region": ["上海市"]}, "region", "文字 或 null", '["上海市"]'),
        ({"gold_mode": "some"}, "gold_mode", "any、all", '"some"'),
        ({"why_not": "else"}, "why_not", "no_evidence、out_of_scope、unsafe、smalltalk 或 null", '"else"'),
        ({"extra": 1}, "extra", "没有这个字段", "1"),
        ({"gold": [{"document": "d"}]}, "gold 第 1 项 quote", "必填", "缺失"),
        ({"gold": ["引文"]}, "gold 第 1 项", "JSON 对象", '"引文"'),
        ({"history": [{"role": "system", "content": ""}]}, "history 第 1 项 role", "user、assistant", '"system"'),
        ({"must_say": ["200万元"]}, "must_say 第 1 项", "列表", '"200万元"'),
        ({"must_say": [[]]}, "must_say 第 1 项", "至少一项的列表", "[]"),
        ({"notices": ["soon"]}, "notices 第 1 项", "draft、expiry", '"soon"'),
        ({"why_not": "unsafe"}, "why_not", "应为 null", ""),
        ({"answerable": None}, "answerable", "尚未标注", "null"),
        ({"type": ""}, "type", "尚未标注", '""'),
    ],
)
def test_a_bad_field_is_named_with_file_line_expected_and_found(
    tmp_path: Path, change: dict[str, Any], field: str, expected: str, found: str
) -> None:
    path = write(tmp_path / "set.jsonl", ROW, {**ROW, "id": "q2", **change})
    with pytest.raises(InputError) as error:
        load_questions(path)
    for part in (str(path), "第 2 行", f"字段 {field}", expected, found):
        assert part in str(error.value)


def test_a_missing_field_is_named(tmp_path: Path) -> None:
    row = {k: v for k, v in ROW.items() if k != "must_say"}
    with pytest.raises(InputError, match=r"第 1 行：字段 must_say：应为 必填，实为 缺失"):
        load_questions(write(tmp_path / "set.jsonl", row))


def test_a_line_that_is_no_object_and_a_broken_line_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"第 1 行：字段 （整行）：应为 JSON 对象，实为 \[1\]"):
        load_questions(write(tmp_path / "list.jsonl", [1]))
    broken = tmp_path / "broken.jsonl"
    broken.write_text(json.dumps(ROW) + "\n{\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"broken\.jsonl 第 2 行：不是 JSON"):
        load_questions(broken)


def test_a_repeated_id_and_a_missing_file_are_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"第 2 行：字段 id：应为不重复的编号，实为 'q1'（第 1 行已有）"):
        load_questions(write(tmp_path / "set.jsonl", ROW, ROW))
    with pytest.raises(InputError, match="无法读取"):
        load_questions(tmp_path / "absent.jsonl")


@pytest.fixture(scope="module")
def sources() -> dict[str, tuple[str, list[Clause]]]:
    """Document id → (source text, its clauses and card)."""
    catalog = load_catalog(BUNDLED_CORPUS)
    found = {}
    for path in sorted(BUNDLED_CORPUS.glob("*.txt")):
        text = read_text(path)
        parsed = parse_text(text, path.name, catalog.get(path.name, {}))
        found[parsed.document.document_id] = (text, [*parsed.clauses, card_of(parsed.document)])
    return found


@pytest.mark.parametrize("name", SETS)
def test_every_dataset_loads_and_what_is_answerable_has_gold(name: str) -> None:
    questions = load_questions(DATASETS / f"{name}.jsonl")
    assert len(questions) >= 60
    # Counts only, here and below: items of the unseen sets are never shown, not even by a failing test.
    assert sum(q.answerable and not q.gold for q in questions) == 0
    assert sum(not q.answerable and not q.why_not for q in questions) == 0


@pytest.mark.parametrize("name", SETS)
def test_every_gold_quote_stands_in_its_document_and_maps_to_a_clause(
    name: str, sources: dict[str, tuple[str, list[Clause]]]
) -> None:
    finder = GoldFinder([c for _, clauses in sources.values() for c in clauses])
    flat = {d: squeeze(text) for d, (text, _) in sources.items()}
    golds = [g for q in load_questions(DATASETS / f"{name}.jsonl") for g in q.gold]
    assert sum(g.document not in sources for g in golds) == 0
    assert sum(squeeze(g.quote) not in flat[g.document] for g in golds) == 0
    assert sum(not finder.clause_ids(g) for g in golds) == 0


@pytest.mark.parametrize("name", SETS)
def test_a_quote_from_running_text_never_maps_to_the_card(
    name: str, sources: dict[str, tuple[str, list[Clause]]]
) -> None:
    """A card holds what a letterhead says; a quote that stands inside a clause must be found there."""
    finder = GoldFinder([c for _, clauses in sources.values() for c in clauses])
    strayed = 0
    for question in load_questions(DATASETS / f"{name}.jsonl"):
        for gold in question.gold:
            text, clauses = sources[gold.document]
            start = text.find(gold.quote)
            inside = start >= 0 and any(
                not is_card(c) and c.source.start <= start and start + len(gold.quote) <= c.source.end for c in clauses
            )
            cards = {c.clause_id for c in clauses if is_card(c)}
            strayed += inside and bool(finder.clause_ids(gold) & cards)
    assert strayed == 0
