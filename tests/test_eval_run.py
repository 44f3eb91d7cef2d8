"""`wence eval run` and `wence eval judge`, end to end, through the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.__main__ import main
from assistant.ask import Assistant
from assistant.settings import BUNDLED_CORPUS
from evals.questions import DATASETS
from index.build import build_index
from index.encode import load_encoder

TYPES = ("amount", "department", "followup", "unanswerable", "out_of_scope", "smalltalk")


@pytest.fixture(scope="module")
def at_home(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> Iterator[Path]:
    """WENCE_HOME with the bundled policies indexed."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WENCE_HOME", str(home))
        patch.setenv("WENCE_CACHE", str(model_cache))
        patch.setenv("WENCE_TODAY", "2026-11-21")
        patch.setenv("WENCE_LLM", "none")
        encoder = load_encoder("bundled", model_cache)
        patch.setattr("index.encode.load_encoder", lambda *_: encoder)  # loading it four times takes 10 s
        build_index(home, [BUNDLED_CORPUS], encoder)
        yield home


@pytest.fixture
def six(tmp_path: Path) -> Path:
    """Six development questions, one of each of six types."""
    rows = [json.loads(line) for line in (DATASETS / "policy.dev.jsonl").read_text(encoding="utf-8").splitlines()]
    chosen = [next(r for r in rows if r["type"] == kind) for kind in TYPES]
    return lines(tmp_path / "six.jsonl", chosen)


def lines(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
    return path


def run(*arguments: object) -> int:
    return main(["eval", "run", *map(str, arguments)])


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def read_all(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_run_leaves_all_that_made_it_and_prints_its_scores(
    at_home: Path, six: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert run("--dataset", six, "--out", out) == 0
    header = read(out / "header.json")
    assert {"git", "packages", "settings", "index_sha256", "dataset_sha256", "python", "machine", "started"} <= set(
        header
    )
    assert header["today"] == "2026-11-21" and header["questions"] == 6 and header["judge"]["method"]
    assert all(name.endswith(".md") and len(digest) == 12 for name, digest in header["prompts"].items())
    asked = [row["id"] for row in read_all(six)]
    outputs = read_all(out / "outputs.jsonl")
    assert [o["id"] for o in outputs] == asked
    assert all({"answer", "sentences", "citations", "refused", "timings_ms"} <= set(o) for o in outputs)
    assert read_all(out / "questions.jsonl") == read_all(six)
    measures = read_all(out / "measures.jsonl")
    assert [m["id"] for m in measures] == asked
    assert all(m["measures"]["first"] is None for m in measures if m["type"] == "smalltalk")
    verdicts = read_all(out / "verdicts.jsonl")
    assert {v["question_id"] for v in verdicts} <= set(asked)
    assert all(v["evidence"] and v["judge"]["label"] and v["guard"]["label"] for v in verdicts)
    scores = read(out / "scores.json")
    assert scores["counts"] == {"全部": 6, **dict.fromkeys(TYPES, 1)}
    assert scores["modes"] == {"verbatim": 6}
    assert scores["scores"]["全部"]["refused_wrongly"]["n"] == 4
    assert scores["scores"]["全部"]["refused_when_due"]["n"] == 2
    assert scores["scores"]["全部"]["refusal_balanced"]["n"] == 6
    assert "top5" not in scores["scores"]["smalltalk"]
    assert scores["scores"]["全部"]["verbatim"]["value"] == 1.0
    assert scores["claims"]["all"] == len(verdicts)
    judge = read(out / "judge.json")
    assert judge["pin"] == header["judge"] and 0 <= judge["rates"]["tpr"] <= 1 and judge["figures"]
    shown = capsys.readouterr().out
    assert all(
        word in shown for word in ("题型", "要点", "该拒则拒", "全部", "95% 区间", "回答方式：条款原文 6 题", *TYPES)
    )
    assert not (at_home / "records").exists()


def test_no_secret_reaches_a_run_folder(
    at_home: Path, six: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WENCE_LLM_API_KEY", "sk-very-secret")
    monkeypatch.setenv("WENCE_LLM_BASE_URL", "https://name:hunter2@llm.example.org/v1?key=abcdef")
    out = tmp_path / "run"
    assert run("--dataset", six, "--out", out, "--limit", 1) == 0
    assert read(out / "header.json")["settings"]["llm_base_url"] == "https://llm.example.org/v1"
    written = b"".join(path.read_bytes() for path in out.iterdir())
    assert not any(secret in written for secret in (b"very-secret", b"hunter2", b"abcdef"))


def test_a_part_is_asked_when_told_and_never_mixes_with_another(
    at_home: Path, six: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert run("--dataset", six, "--out", out, "--sample", 2, "--no-llm") == 0
    assert len(read_all(out / "outputs.jsonl")) == 2 and read(out / "header.json")["llm"] is False
    assert run("--dataset", six, "--out", out, "--limit", 3, "--no-llm") == 1
    assert "questions_sha256" in capsys.readouterr().err
    assert run("--dataset", six, "--out", out, "--sample", 2) == 1
    assert "llm：那次 False，这次 True" in capsys.readouterr().err


def test_the_gates_part_is_what_its_baseline_names(
    at_home: Path, six: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = [row["id"] for row in read_all(six)]
    kept = {
        "format": 1, "dataset": "six.jsonl", "questions_sha256": "", "git": "", "llm": False, "judge_sha256": "",
        "judge": {}, "ids": f"{ids[1]} {ids[4]}",
        "measures": {"refused_wrongly": {"floor": 0.5, "allowed_drop": 0.02, "good": "1-"}},
    }  # fmt: skip
    baseline, out = tmp_path / "baseline.json", tmp_path / "run"
    baseline.write_text(json.dumps(kept), encoding="utf-8")
    assert run("--dataset", six, "--part-of", baseline, "--no-llm", "--out", out) == 0
    assert [row["id"] for row in read_all(out / "outputs.jsonl")] == [ids[1], ids[4]]
    baseline.write_text(json.dumps({**kept, "ids": f"{ids[1]} gone"}), encoding="utf-8")
    assert run("--dataset", six, "--part-of", baseline, "--no-llm", "--out", tmp_path / "other") == 1
    assert "1 题（如 gone）" in capsys.readouterr().err


def test_score_grades_old_answers_again_without_asking(
    at_home: Path, six: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert run("--dataset", six, "--out", out) == 0
    before = {
        name: (out / name).read_bytes() for name in ("scores.json", "measures.jsonl", "verdicts.jsonl", "judge.json")
    }
    for name in before:
        (out / name).unlink()
    monkeypatch.setattr(Assistant, "answer", lambda *_, **__: pytest.fail("score must not ask"))
    assert main(["eval", "score", str(out)]) == 0
    assert {name: (out / name).read_bytes() for name in before} == before
    outputs = out / "outputs.jsonl"
    outputs.write_bytes(b"".join(outputs.read_bytes().splitlines(keepends=True)[:4]))
    assert main(["eval", "score", str(out)]) == 1
    assert "还有 2 题没有回答" in capsys.readouterr().err


def test_a_cut_run_goes_on_where_it_stopped(
    at_home: Path, six: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    command = ["eval", "run", "--dataset", str(six), "--out", str(out)]
    real, asked = Assistant.answer, []

    def cut_at_the_fourth(self: Assistant, message: str, *rest: Any, **more: Any) -> Any:
        if len(asked) == 3:
            raise KeyboardInterrupt
        asked.append(message)
        return real(self, message, *rest, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Assistant, "answer", cut_at_the_fourth)
        assert main(command) == 1
    assert f"--out {out}" in capsys.readouterr().err
    outputs = out / "outputs.jsonl"
    kept = outputs.read_bytes()
    assert kept.count(b"\n") == 3
    with outputs.open("ab") as file:
        file.write(b'{"id": "half a li')
    asked.clear()

    def counted(self: Assistant, message: str, *rest: Any, **more: Any) -> Any:
        asked.append(message)
        return real(self, message, *rest, **more)

    monkeypatch.setattr(Assistant, "answer", counted)
    assert main(command) == 0
    assert len(asked) == 3
    assert outputs.read_bytes().startswith(kept)
    assert len([json.loads(line) for line in outputs.read_text(encoding="utf-8").splitlines()]) == 6


def test_answers_of_two_builds_never_mix(
    at_home: Path, six: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert main(["eval", "run", "--dataset", str(six), "--out", str(out)]) == 0
    before = (out / "outputs.jsonl").read_bytes()
    other = lines(tmp_path / "other.jsonl", [json.loads(six.read_text(encoding="utf-8").splitlines()[0])])
    assert main(["eval", "run", "--dataset", str(other), "--out", str(out)]) == 1
    assert "dataset_sha256" in capsys.readouterr().err
    assert (out / "outputs.jsonl").read_bytes() == before


def test_two_runs_never_write_one_folder(
    at_home: Path, six: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from filelock import FileLock

    out = tmp_path / "run"
    out.mkdir()
    with FileLock(out / ".lock"):
        assert run("--dataset", six, "--out", out) == 1
    assert "另一次评测正在写" in capsys.readouterr().err


def test_an_unknown_dataset_is_one_line_with_the_names(at_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "run", "--dataset", "nothing"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "policy.dev" in error


def test_wrong_use_exits_with_two(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ["eval"], ["eval", "run"], ["eval", "judge", "x", "--out", "y", "--method", "z"],
        ["eval", "run", "--dataset", "dev", "--limit", "0"], ["eval", "run", "--dataset", "dev", "--limit", "1", "--sample", "1"],
    ):  # fmt: skip
        with pytest.raises(SystemExit) as left:
            main(arguments)
        assert left.value.code == 2
        assert "用法不对" in capsys.readouterr().err


EVIDENCE = "对首次认定的企业，给予不超过 30 万元的一次性奖励。"


def test_judge_adds_label_score_and_reason_and_keeps_the_rest(tmp_path: Path) -> None:
    rows = [
        {"id": 1, "claim": "首次认定的企业可获不超过30万元一次性奖励", "evidence": [EVIDENCE], "kind": "kept"},
        {"id": "b", "claim": "首次认定的企业可获不超过300万元一次性奖励", "evidence": [EVIDENCE]},
        {"id": "c", "claim": "首次认定的企业有奖励", "evidence": []},
    ]
    out = tmp_path / "out.jsonl"
    assert main(["eval", "judge", str(lines(tmp_path / "in.jsonl", rows)), "--out", str(out)]) == 0
    judged = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [j["label"] for j in judged] == ["supported", "unsupported", "unsupported"]
    assert judged[0]["kind"] == "kept"
    assert all(0 <= j["score"] <= 1 and j["reason"] for j in judged)


@pytest.mark.parametrize(
    ("row", "field", "expected", "found"),
    [
        ({"id": 1, "claim": "句"}, "evidence", "文字列表", "缺失"),
        ({"id": 1, "claim": "句", "evidence": "条款"}, "evidence", "文字列表", "'条款'"),
        ({"id": 1, "claim": 5, "evidence": []}, "claim", "文字", "5"),
        ({"claim": "句", "evidence": []}, "id", "文字或整数", "缺失"),
        ([], "（整行）", "JSON 对象", "list"),
        ({"id": 0, "claim": "句", "evidence": []}, "id", "不重复的编号", "0"),
    ],
)
def test_judge_names_file_line_field_expected_and_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], row: Any, field: str, expected: str, found: str
) -> None:
    source = lines(tmp_path / "in.jsonl", [{"id": 0, "claim": "句", "evidence": ["条"]}, row])
    out = tmp_path / "out.jsonl"
    assert main(["eval", "judge", str(source), "--out", str(out)]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    for part in (str(source), "第 2 行", field, expected, found):
        assert part in error
    assert not out.exists()


def test_a_line_separator_inside_a_text_does_not_break_a_line(tmp_path: Path) -> None:
    from evals.folder import read_lines, write_lines

    rows = [{"id": "a", "answer": "一\u2028二\x85三"}, {"id": "b"}]
    write_lines(tmp_path / "rows.jsonl", rows)
    assert read_lines(tmp_path / "rows.jsonl") == rows
