"""A test of the tests: mutations that change the meaning, and what guard and judge make of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from assistant.verdict import Evidence
from evals import mutating
from evals.folder import write_lines
from evals.mutate import KINDS, Mutation
from evals.mutating import RIGHT, Right, changes_meaning, drawn, table
from evals.schema import ClaimLine

Wence = Callable[..., Any]
CLAUSE = "支持企业升规提质，首年给予不超过 30 万元的奖励，第二年给予不超过 20 万元的奖励。鼓励各区予以配套支持。"
DEPARTMENTS = "（责任单位：市科委、市财政局）"


def right(text: str, status: str = "draft") -> Right:
    return Right(text, (Evidence(CLAUSE, DEPARTMENTS, status, "上海市", "若干措施"),), (CLAUSE + DEPARTMENTS,))


@pytest.mark.parametrize(
    ("kind", "before", "after", "changes"),
    [
        ("department", "责任单位：市科委、市财政局", "责任单位：市科委、市财政局", False),
        ("department", "责任单位：市科委", "责任单位：市财政局", False),  # the clause names both
        ("department", "责任单位：市科委、市财政局", "责任单位：市教委、市财政局", True),
        (
            "figure",
            "首年给予不超过 30 万元的奖励",
            "首年给予不超过 20 万元的奖励",
            False,
        ),  # the clause says 20 elsewhere
        ("figure", "首年给予不超过 30 万元的奖励", "首年给予不超过30万元的奖励", False),
        ("figure", "首年给予不超过 30 万元的奖励", "首年给予不超过300000元的奖励", False),
        ("figure", "首年给予不超过 30 万元的奖励", "首年给予不超过 45 万元的奖励", True),
        ("unit", "首年给予不超过 30 万元的奖励", "首年给予不超过 30 亿元的奖励", True),
        ("cap", "首年给予不超过 30 万元的奖励", "首年给予最高不超过 30 万元的奖励", False),
        ("cap", "首年给予不超过 30 万元的奖励", "首年给予不低于 30 万元的奖励", True),
        ("added", "给予奖励", "给予奖励，鼓励各区予以配套支持", False),  # said a sentence further on
        ("added", "给予奖励", "给予奖励，并减免三年房租", True),
        ("region", "上海市企业", "上海市企业", False),
        ("scope", "支持企业升规提质", "支持高校升规提质", True),
    ],
)
def test_what_only_changes_the_writing_or_is_said_elsewhere_is_no_error(
    kind: str, before: str, after: str, changes: bool
) -> None:
    assert changes_meaning(Mutation(kind, after, ""), right(before)) is changes


@pytest.mark.parametrize(
    ("status", "opening", "changes"),
    [
        ("draft", "现行有效的政策规定，", True),
        ("in_force", "现行有效的政策规定，", False),
        ("issued", "已经正式施行的文件明确，", False),
        ("reply", "企业可以直接依据答复函申请：", True),
        ("draft", "企业可以直接依据答复函申请：", False),
    ],
)
def test_a_standing_that_the_document_has_is_no_error(status: str, opening: str, changes: bool) -> None:
    text = "首年给予不超过 30 万元的奖励"
    assert changes_meaning(Mutation("status", opening + text, ""), right(text, status)) is changes


def test_every_drawn_mutation_differs_from_the_clause_and_no_kind_exceeds_its_number() -> None:
    rights = [right(s + "。") for s in CLAUSE.split("。") if s] + [right(DEPARTMENTS.strip("（）"))]
    made, _ = drawn(rights, 2, seed=5)
    kinds = [m.kind for m, _ in made]
    assert {"figure", "cap", "status", "department", "added"} <= set(kinds) and max(map(kinds.count, kinds)) == 2
    assert all(m.text not in r.ground for m, r in made if m.kind in KINDS)
    assert [(m.kind, m.text) for m, _ in drawn(rights, 2, seed=5)[0]] == [(m.kind, m.text) for m, _ in made]


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run with one answer: a verbatim sentence, one of a model, one uncited."""
    citation = {
        "n": 1, "clause_id": "a:1", "text": CLAUSE, "department_text": DEPARTMENTS, "status": "draft", "region": "上海市",
        "document_title": "若干措施", "document_number": "", "path": [], "title": "", "footnotes": [],
    }  # fmt: skip
    sentences = [
        {"text": "支持企业升规提质，首年给予不超过 30 万元的奖励，第二年给予不超过 20 万元的奖励。", "citations": [1], "support": "verbatim"},
        {"text": "模型写的句子，第一年最多三十万元。", "citations": [1], "support": "supported"},
        {"text": "最接近的条款列在下面，供参考：", "citations": [], "support": "notice"},
    ]  # fmt: skip
    folder = tmp_path / "run"
    folder.mkdir()
    write_lines(folder / "outputs.jsonl", [{"id": "d1", "sentences": sentences, "citations": [citation]}])
    return folder


def test_a_run_is_mutated_and_both_methods_are_asked(wence: Wence, run: Path, tmp_path: Path) -> None:
    """With the real guard and the real judge."""
    out = tmp_path / "mutations.jsonl"
    ran = wence("eval", "mutate", str(run), "--out", str(out), "--limit", "1")
    assert ran.status == 0, ran.err
    rows = rows_of(out)
    assert {r["kind"] for r in rows} >= {"original", "figure", "cap", "status", "added"}
    assert all("模型写的" not in r["claim"] for r in rows)
    for row in rows:
        assert {row["guard"]["label"], row["judge"]["label"]} <= {"supported", "unsupported"}
        line = {k: v for k, v in row.items() if k not in ("guard", "judge")}
        assert ClaimLine.model_validate(line).label == ("supported" if row["kind"] in RIGHT else "unsupported")
    wrong = next(r for r in rows if r["kind"] == "figure")
    assert wrong["guard"]["label"] == "unsupported"
    assert "核对（guard）" in ran.out and "评判（judge）" in ran.out and "误报" in ran.out
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("dataset", ["policy.dev", "claims.dev"])
def test_a_dataset_is_mutated_with_the_guard_alone(wence: Wence, tmp_path: Path, dataset: str) -> None:
    out = tmp_path / "mutations.jsonl"
    ran = wence("eval", "mutate", "--dataset", dataset, "--out", str(out), "--limit", "3", "--no-judge")
    assert ran.status == 0, ran.err
    rows = rows_of(out)
    assert "评判" not in ran.out and all("judge" not in r for r in rows)
    assert len({r["kind"] for r in rows}) >= 12
    caught = [r["guard"]["label"] == "unsupported" for r in rows if r["kind"] not in RIGHT]
    assert sum(caught) / len(caught) > 0.8
    assert wence("eval", "judge", str(out), "--out", str(tmp_path / "j.jsonl"), "--method", "guard").status == 0


def test_what_the_judge_cannot_grade_is_counted_and_left_out(
    wence: Wence, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from evals.judge import Judged, Unscored

    class Fails:
        def judge(self, claim: str, evidence: Sequence[str]) -> Judged:
            if claim.startswith("支持企业升规提质，首年给予不超过 30 万元"):
                raise Unscored("没有回答")
            return Judged("unsupported", 0.1, "不同")

    monkeypatch.setattr(mutating, "_judge", lambda llm: Fails())
    out = tmp_path / "mutations.jsonl"
    ran = wence("eval", "mutate", str(run), "--out", str(out), "--limit", "1")
    assert ran.status == 0 and "–（未评 1）" in ran.out
    original = next(r for r in rows_of(out) if r["kind"] == "original")
    assert original["judge"] == {"label": None, "score": None, "reason": "没有回答"}


def test_intervals_are_those_of_wilson() -> None:
    """Nothing missed of ten is no proof that nothing is ever missed."""
    row = {"kind": "figure", "label": "unsupported", "guard": {"label": "unsupported"}}
    text = table([row] * 10 + [{**row, "kind": "original", "guard": {"label": "supported"}}])
    assert "1.000 [0.722, 1.000]" in text and "0.000 [0.000, 0.793]" in text


def test_wrong_use_is_one_line(wence: Wence, run: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "o.jsonl")
    for arguments in ([], [str(run), "--dataset", "policy.dev"]):
        ran = wence("eval", "mutate", *arguments, "--out", out)
        assert ran.status == 2 and "二者取一" in ran.err
    assert wence("eval", "mutate", str(run), "--out", out, "--limit", "0").status == 2
    assert wence("eval", "mutate", str(tmp_path), "--out", out, "--no-judge").status == 1
