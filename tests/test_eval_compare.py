"""Paired statistics, and `wence eval compare` on recorded runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.__main__ import main
from evals.compare import compare
from evals.paired import difference, holm, mcnemar, sign_flip
from evals.power import fewest_changes, questions_needed, smallest_drop
from index.errors import InputError


def rows(path: Path, content: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in content), encoding="utf-8")


def recorded(folder: Path, complete: dict[str, float | None], **header: Any) -> Path:
    """A scored run in which only the points of the answers differ."""
    folder.mkdir()
    shared: dict[str, Any] = {"judge_sha256": "j", "dataset_sha256": "d", "git": "abc"}
    (folder / "header.json").write_text(json.dumps({**shared, **header}), encoding="utf-8")
    rows(folder / "questions.jsonl", [
        {"id": i, "question": f"{i} 补多少", "history": [], "region": None, "type": "amount", "answerable": True,
         "why_not": None, "gold": [{"document": "d", "quote": "最高30万元"}], "gold_mode": "any",
         "must_say": [["30万元"]], "must_not_say": [], "notices": [], "note": ""} for i in complete
    ])  # fmt: skip
    (folder / "gold.json").write_text(json.dumps({i: [["c"]] for i in complete}), encoding="utf-8")
    rows(folder / "outputs.jsonl", [
        {"id": i, "answer": "最高30万元。[1]" if v else "有奖励。[1]", "notices": [], "retrieved": [],
         "sentences": [{"text": "最高30万元。" if v else "有奖励。", "citations": [1], "support": "verbatim"}],
         "refused": False, "refusal_reason": None, "citations": []} for i, v in complete.items()
    ])  # fmt: skip
    rows(folder / "verdicts.jsonl", [])
    rows(folder / "measures.jsonl", [
        {"id": i, "type": "amount", "split": "", "measures": {"complete": v, "characters": 5.0},
         "unscored": {} if v is not None else {"complete": "裁判没有回答"}} for i, v in complete.items()
    ])  # fmt: skip
    return folder


def test_mcnemar_is_the_exact_binomial_of_the_questions_that_changed() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(0, 5) == mcnemar(5, 0) == pytest.approx(2 * 0.5**5)
    assert mcnemar(3, 3) == 1.0


def test_sign_flips_are_tried_all_when_they_are_few() -> None:
    """Six changes of one sign: 2 of 64 patterns are as extreme, p = 1/32, whatever did not change."""
    assert sign_flip([0.2] * 6 + [0.0] * 50) == pytest.approx(2 / 64)
    assert sign_flip([0.5, -0.5] * 5) == 1.0
    assert sign_flip([0.0, 0.0]) == sign_flip([0.4]) == 1.0
    assert sign_flip([0.3, 0.1] * 40) < 0.001


def test_holm_corrects_by_rank_and_never_reverses_the_order() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_a_difference_takes_the_test_that_fits_its_values() -> None:
    found = difference("complete", [1.0, 1.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0])
    assert found and (found.test, found.up, found.down, found.value) == ("mcnemar", 0, 2, -0.5)
    assert found.low <= found.value <= found.high
    shares = difference("must_say", [1.0, 0.5], [0.5, 0.5])
    assert shares and shares.test == "permutation"
    assert difference("complete", [], []) is None


def test_power_agrees_with_the_exact_test_where_both_are_known() -> None:
    assert fewest_changes(0.05) == 5 and 0.5**5 <= 0.05 < 0.5**4
    needed = questions_needed(0.10, 0.0)
    assert needed is not None and smallest_drop(needed) == pytest.approx(0.10, abs=0.03)
    assert questions_needed(0.02, 0.02) is None
    more = questions_needed(0.10, 0.05)
    assert more is not None and more > needed, "questions that turn good hide those that turn bad"
    assert smallest_drop(4) == 1.0


def test_compare_lists_what_turned_with_the_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept: dict[str, float | None] = dict.fromkeys((f"q{i}" for i in range(20)), 1.0)
    before = recorded(tmp_path / "a", {**kept, "new": 0.0})
    after = recorded(tmp_path / "b", {**kept, "new": 1.0, **dict.fromkeys(list(kept)[:8], 0.0)}, git="def")
    assert main(["eval", "compare", str(before), str(after), "--show", "2"]) == 0
    shown = capsys.readouterr().out
    assert "变坏的题 8 道" in shown and "变好的题 1 道" in shown and "另有 6 道" in shown
    assert "要点全：缺要点：30万元" in shown and "要点全：要点齐全" in shown and "最高30万元。[1]" in shown
    assert "不同之处：代码" in shown
    found = compare(before, after)
    assert [d.measure for d in found.differences] == ["complete"], "length is neither better nor worse"
    d = found.differences[0]
    assert (d.n, d.up, d.down) == (21, 1, 8) and d.p == pytest.approx(mcnemar(1, 8)) == d.p_holm
    assert [t.better for t in found.turned] == [False] * 8 + [True]


def test_unscored_questions_are_left_out_and_counted(tmp_path: Path) -> None:
    before = recorded(tmp_path / "a", {"x": 1.0, "y": 1.0})
    after = recorded(tmp_path / "b", {"x": 0.0, "y": None})
    found = compare(before, after)
    assert found.differences[0].n == 1
    assert any("1 题含未评分的指标" in note for note in found.notes)


@pytest.mark.parametrize(("key", "what"), [("judge_sha256", "裁判不同"), ("dataset_sha256", "题集不同")])
def test_runs_of_another_judge_or_dataset_are_not_compared_unless_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str, what: str
) -> None:
    before = recorded(tmp_path / "a", {"x": 1.0})
    after = recorded(tmp_path / "b", {"x": 1.0}, **{key: "other"})
    assert main(["eval", "compare", str(before), str(after)]) == 1
    captured = capsys.readouterr()
    assert what in captured.err and "--force" in captured.err and not captured.out
    assert main(["eval", "compare", str(before), str(after), "--force"]) == 0
    assert capsys.readouterr().out.startswith(f"注意：{what}")


def test_compare_as_json_is_one_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, after = recorded(tmp_path / "a", {"x": 1.0}), recorded(tmp_path / "b", {"x": 0.0})
    assert main(["eval", "compare", str(before), str(after), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["differences"][0]["p_holm"] == 1.0
    assert found["turned"][0]["reasons"][0]["after"] == "缺要点：30万元"


def test_what_cannot_be_compared_is_said(tmp_path: Path) -> None:
    before, other = recorded(tmp_path / "a", {"x": 1.0}), recorded(tmp_path / "b", {"y": 1.0})
    with pytest.raises(InputError, match="没有相同的题"):
        compare(before, other)
    with pytest.raises(InputError, match="没有 header.json"):
        compare(before, tmp_path / "nowhere")
    (other / "measures.jsonl").write_text('{"id": "y"\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"measures.jsonl 第 1 行：不是 JSON"):
        compare(before, other)
