"""`wence eval gate` and `wence eval baseline`: each exit status, and real regressions of the product."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.__main__ import main
from evals.baseline import read_baseline
from index.errors import InputError

IDS = [f"q{i:03}" for i in range(100)]
PIN = {"method": "scripted", "version": 1}


def lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def scored(folder: Path, bad: dict[str, int], **changed: Any) -> Path:
    """A scored run over 100 questions; of each measure the first so many questions are bad.

    `changed` may name `judge_sha256`, `llm`, `withheld`, `unscored` (how many) and `label` (of the questions).
    """
    folder.mkdir()
    sha, unscored = changed.get("judge_sha256", "j"), changed.get("unscored", 0)
    header = {"dataset": "policy.dev.jsonl", "git": "abc", "llm": changed.get("llm", False), "judge_sha256": sha}
    (folder / "header.json").write_text(json.dumps(header), encoding="utf-8")
    judge = {"pin": PIN, "pin_sha256": sha, "withheld": changed.get("withheld", "")}
    (folder / "judge.json").write_text(json.dumps(judge), encoding="utf-8")
    lines(folder / "questions.jsonl", [
        {"id": i, "question": f"{i} 补多少", "history": [], "region": None, "type": "amount", "answerable": True,
         "why_not": None, "gold": [{"document": "d", "quote": "最高30万元"}], "gold_mode": "any",
         "must_say": [[changed.get("label", "30万元")]], "must_not_say": [], "notices": [], "note": ""} for i in IDS
    ])  # fmt: skip
    (folder / "gold.json").write_text(json.dumps({i: [["c"]] for i in IDS}), encoding="utf-8")
    lines(folder / "verdicts.jsonl", [])
    lines(folder / "outputs.jsonl", [
        {"id": i, "answer": "", "notices": [], "retrieved": [], "sentences": [], "refused": False} for i in IDS
    ])  # fmt: skip
    rows = []
    for n, i in enumerate(IDS):
        values: dict[str, float | None] = {name: float(n >= count) for name, count in bad.items()}
        failed = {name: "裁判没有回答" for name in bad if n >= 100 - unscored}
        rows.append(
            {"id": i, "type": "amount", "split": "dev", "measures": values | dict.fromkeys(failed), "unscored": failed}
        )
    lines(folder / "measures.jsonl", rows)
    return folder


@pytest.fixture
def kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A baseline in which every question is good, with floors far off and two questions allowed to drop."""
    out = tmp_path / "baseline.json"
    assert (
        main(["eval", "baseline", str(scored(tmp_path / "good", {"top5": 0, "complete": 0})), "--out", str(out)]) == 0
    )
    row = json.loads(out.read_text(encoding="utf-8"))
    for gated in row["measures"].values():
        gated |= {"floor": 0.5, "allowed_drop": 0.02}
    out.write_text(json.dumps(row), encoding="utf-8")
    capsys.readouterr()
    return out


def gate(run: Path, baseline: Path) -> int:
    return main(["eval", "gate", str(run), "--baseline", str(baseline)])


def test_the_same_answers_twice_pass(tmp_path: Path, kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gate(tmp_path / "good", kept) == 0
    shown = capsys.readouterr().out
    assert "放行（0）" in shown and "80% 的把握" in shown


def test_a_drop_within_what_is_allowed_passes(tmp_path: Path, kept: Path) -> None:
    assert gate(scored(tmp_path / "now", {"top5": 2, "complete": 0}), kept) == 0


def test_a_drop_beyond_it_that_is_significant_blocks_and_names_the_questions(
    tmp_path: Path, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(scored(tmp_path / "now", {"top5": 0, "complete": 9}), kept) == 1
    shown = capsys.readouterr().out
    assert "拦下（1）" in shown and "明显变差" in shown and "要点全 q000 q000 补多少：缺要点：30万元" in shown


def test_a_drop_beyond_it_that_could_be_chance_is_inconclusive_and_says_how_many_more(
    tmp_path: Path, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Four of 100 lost, p = 1/16: with the drop as seen, McNemar needs 194 questions at α = 0.05 / 2."""
    assert gate(scored(tmp_path / "now", {"top5": 4, "complete": 0}), kept) == 2
    shown = capsys.readouterr().out
    assert "不能判断（2）" in shown and "再加 94 题才有 80% 的把握" in shown


def test_a_single_question_under_the_floor_blocks(
    tmp_path: Path, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = json.loads(kept.read_text(encoding="utf-8"))
    row["measures"]["top5"]["floor"] = 1.0
    kept.write_text(json.dumps(row), encoding="utf-8")
    assert gate(scored(tmp_path / "now", {"top5": 1, "complete": 0}), kept) == 1
    assert "低于下限" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"judge_sha256": "other"}, "裁判与基线的不同"),
        ({"withheld": "裁判在标注论断上未达标"}, "裁判在标注论断上未达标"),
        ({"llm": True}, "基线是只用条款原文"),
        ({"label": "40万元"}, "题目或标注与基线的不同"),
        ({"unscored": 6}, "6/100 题未评分（裁判没有回答）"),
    ],
)
def test_what_the_gate_cannot_judge_is_never_a_verdict(
    tmp_path: Path, kept: Path, capsys: pytest.CaptureFixture[str], changed: dict[str, Any], why: str
) -> None:
    assert gate(scored(tmp_path / "now", {"top5": 0, "complete": 0}, **changed), kept) == 3
    captured = capsys.readouterr()
    assert why in captured.err and captured.err.count("\n") == 1 and not captured.out


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{", "不是 JSON"),
        ('{"format": 2}', "应为 1，实为 2"),
        ('{"format": 1}', "缺字段"),
        ("[]", "缺字段"),
    ],
)
def test_a_damaged_baseline_breaks_the_gate(
    tmp_path: Path, kept: Path, capsys: pytest.CaptureFixture[str], content: str, why: str
) -> None:
    kept.write_text(content, encoding="utf-8")
    assert gate(tmp_path / "good", kept) == 3
    assert why in capsys.readouterr().err


def test_fields_of_a_baseline_are_checked(kept: Path) -> None:
    whole = json.loads(kept.read_text(encoding="utf-8"))
    for name, field, value, why in (
        ("top5", "good", "10", "应为 100 个"), ("top5", "floor", 5, "应为 0 到 1"), ("nothing", "good", "", "没有这个指标"),
    ):  # fmt: skip
        row = json.loads(json.dumps(whole))
        row["measures"].setdefault(name, dict(row["measures"]["top5"]))[field] = value
        kept.write_text(json.dumps(row), encoding="utf-8")
        with pytest.raises(InputError, match=why):
            read_baseline(kept)


def test_wrong_use_and_missing_files_break_the_gate(
    tmp_path: Path, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """2 means inconclusive here, so a mistyped command must not end with it."""
    assert main(["eval", "gate"]) == 3
    assert main(["eval", "gate", str(tmp_path / "good"), "--baseline", str(kept), "--nonsense"]) == 3
    assert main(["eval", "gate", str(tmp_path / "nowhere"), "--baseline", str(kept)]) == 3
    assert main(["eval", "gate", str(tmp_path / "good"), "--baseline", str(tmp_path / "none.json")]) == 3
    assert "用法不对" in capsys.readouterr().err


def test_a_crash_inside_the_gate_is_no_verdict_either(
    tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("evals.gate.decide", lambda *_: 1 // 0)
    assert gate(tmp_path / "good", kept) == 3
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_new_baseline_keeps_the_limits_that_people_set(tmp_path: Path, kept: Path) -> None:
    run = scored(tmp_path / "now", {"top5": 1, "complete": 3})
    assert main(["eval", "baseline", str(run), "--out", str(kept)]) == 0
    found = read_baseline(kept)
    assert {g.floor for g in found.measures.values()} == {0.5}
    assert found.measures["complete"].good.count("0") == 3
    assert kept.stat().st_size < 2_000


def test_what_is_under_its_floor_makes_no_baseline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    poor = scored(tmp_path / "poor", {"top5": 40, "complete": 0})
    out = tmp_path / "baseline.json"
    assert main(["eval", "baseline", str(poor), "--out", str(out)]) == 1
    assert "低于下限" in capsys.readouterr().err
    assert not out.exists()


def test_a_judge_below_its_bar_is_not_gated_on_and_the_rules_still_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rules need no judge; whoever reads the gate is told what is not in it."""
    told = "裁判在标注论断上未达标"
    blind = scored(tmp_path / "blind", {"top5": 0, "faithfulness": 0}, withheld=told)
    out = tmp_path / "baseline.json"
    assert main(["eval", "baseline", str(blind), "--out", str(out)]) == 0
    assert told in capsys.readouterr().err
    assert list(read_baseline(out).measures) == ["top5"]
    assert gate(blind, out) == 0
    assert "由它评的指标（忠实、引用）不在门禁之内" in capsys.readouterr().out
    assert gate(scored(tmp_path / "now", {"top5": 9, "faithfulness": 0}, withheld=told), out) == 1
