"""`wence ask --batch`: every question once, whatever happens in between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ran

Wence = Callable[..., Ran]

ASKED = ["上海小升规奖励多少", "首台套最高补多少", "概念验证中心谁负责", "离岸孵化器能给多少钱", "火锅店怎么开"]


def written(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def answers(path: Path) -> list[dict[str, Any]]:
    """Split by line feed only, as a reader of JSON Lines must."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    return written(tmp_path / "in.jsonl", [{"id": f"q{i}", "question": q} for i, q in enumerate(ASKED)])


def test_each_line_is_the_answer_object_with_its_id(wence: Wence, asked: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    assert wence("ask", "--batch", str(asked), "--out", str(out)).status == 0
    rows = answers(out)
    assert [(r["id"], r["question"]) for r in rows] == [(f"q{i}", q) for i, q in enumerate(ASKED)]
    (alone,) = wence("ask", ASKED[0], "--json").rows
    batched = dict(rows[0])
    assert batched.pop("id") == "q0"
    for name in ("timings_ms", "answer_id"):
        alone.pop(name), batched.pop(name)
    assert batched == alone


def test_a_finished_batch_is_not_answered_again(wence: Wence, asked: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    wence("ask", "--batch", str(asked), "--out", str(out))
    before = out.read_bytes()
    ran = wence("ask", "--batch", str(asked), "--out", str(out))
    assert ran.status == 0 and "已有全部 5 条" in ran.err
    assert out.read_bytes() == before


@pytest.mark.parametrize("cut", [1, 40, 0])
def test_half_a_last_line_is_answered_again(cut: int, wence: Wence, asked: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    wence("ask", "--batch", str(asked), "--out", str(out))
    lines = out.read_bytes().splitlines(keepends=True)
    out.write_bytes(b"".join(lines[:3]) + (lines[3][:-cut] if cut else b""))
    assert wence("ask", "--batch", str(asked), "--out", str(out)).status == 0
    assert [r["id"] for r in answers(out)] == ["q0", "q1", "q2", "q3", "q4"]
    assert out.read_bytes().splitlines(keepends=True)[:3] == lines[:3]


def test_a_batch_that_was_killed_goes_on_without_losing_or_repeating_any(
    wence: Wence, corpus_home: Path, model_cache: Path, tmp_path: Path
) -> None:
    many = written(tmp_path / "many.jsonl", [{"id": i, "question": ASKED[i % 5]} for i in range(60)])
    out = tmp_path / "out.jsonl"
    environment = {
        **os.environ,
        "WENCE_HOME": str(corpus_home),
        "WENCE_CACHE": str(model_cache),
        "WENCE_RECORD": "false",
    }
    command = [sys.executable, "-m", "assistant", "ask", "--batch", str(many), "--out", str(out)]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (out.exists() and out.read_bytes().count(b"\n") >= 3) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = out.read_bytes().count(b"\n")
    assert 3 <= done < 60
    assert wence("ask", "--batch", str(many), "--out", str(out)).status == 0
    assert [r["id"] for r in answers(out)] == list(range(60))


def test_a_second_run_on_the_same_output_is_sent_away(wence: Wence, asked: Path, tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    out = tmp_path / "out.jsonl"
    with out.open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        ran = wence("ask", "--batch", str(asked), "--out", str(out))
    assert ran.status == 1 and "另一个进程" in ran.err
    assert out.read_bytes() == b""


def test_passages_handed_in_are_the_evidence(wence: Wence, tmp_path: Path) -> None:
    passages = ["首台套装备最高补贴777万元。", "人才公寓租金减半。"]
    source = written(
        tmp_path / "in.jsonl",
        [
            {"id": 1, "question": "首台套装备最高补贴多少", "passages": passages},
            {"id": 2, "question": "首台套装备最高补贴多少", "passages": []},
            {"id": 3, "question": "首台套装备最高补贴多少", "passages": ["……", " "]},
            {"id": 4, "question": "首台套最高补多少"},
        ],
    )
    assert wence("ask", "--batch", str(source), "--out", str(tmp_path / "out.jsonl")).status == 0
    handed, none, wordless, indexed = answers(tmp_path / "out.jsonl")
    assert "777万元" in handed["answer"] and not handed["refused"]
    assert {c["text"] for c in handed["citations"]} <= set(passages)
    assert {r["text"] for r in handed["retrieved"]} <= set(passages)
    assert none["refused"] and none["retrieved"] == []
    assert wordless["refused"]
    assert "2000 万元" in indexed["answer"]


def test_history_and_odd_characters_go_through(wence: Wence, tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "上海小升规奖励多少"}, {"role": "assistant", "content": "30万元"}]
    source = tmp_path / "in.jsonl"
    source.write_bytes(
        b"\xef\xbb\xbf"
        + json.dumps({"id": 1, "question": "那深圳呢", "history": turns}, ensure_ascii=False).encode()
        + b"\r\n\n"
        + json.dumps({"id": "二", "question": "小升规\u2028奖励\u0085多少"}, ensure_ascii=False).encode()
        + b'\n{"id": 3, "question": "\\ud83d\xe5\xb0\x8f\xe5\x8d\x87\xe8\xa7\x84", "history": null}'
    )
    out = tmp_path / "out.jsonl"
    for _ in range(2):
        assert wence("ask", "--batch", str(source), "--out", str(out)).status == 0
    rows = answers(out)
    assert [r["id"] for r in rows] == [1, "二", 3]
    assert "小升规" in rows[0]["standalone_question"]
    assert rows[2]["question"] == "\ud83d小升规"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"\xff\xfe{}", "UTF-8"),
        (b"not json", "JSON"),
        (b"[1]", "question"),
        (b'{"id": 2}', "question"),
        (b'{"id": 2, "question": 5}', "question"),
        (b'{"question": "x"}', "id"),
        (b'{"id": [2], "question": "x"}', "id"),
        (b'{"id": true, "question": "x"}', "id"),
        (b'{"id": 1, "question": "x"}', "重复".encode().decode()),
        (b'{"id": 2, "question": "x", "passages": "y"}', "passages"),
        (b'{"id": 2, "question": "x", "passages": [1]}', "passages"),
        (b'{"id": 2, "question": "x", "history": [{"role": "x"}]}', "history"),
        (b"[" * 100_000, "JSON"),
    ],
)
def test_a_broken_line_is_named_before_any_is_answered(line: bytes, said: str, wence: Wence, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(b'{"id": 1, "question": "' + "首台套".encode() + b'"}\n' + line + b"\n")
    out = tmp_path / "out.jsonl"
    ran = wence("ask", "--batch", str(source), "--out", str(out))
    assert (ran.status, ran.out) == (1, "")
    assert "第 2 行" in ran.err and said in ran.err and ran.err.count("\n") == 1
    assert not out.exists()


def test_files_that_cannot_be_used_are_named(wence: Wence, asked: Path, tmp_path: Path) -> None:
    other = written(tmp_path / "notes.jsonl", [{"note": "somebody's own file"}])
    before = other.read_bytes()
    for source, out in (
        (tmp_path / "missing.jsonl", tmp_path / "out.jsonl"),
        (tmp_path, tmp_path / "out.jsonl"),
        (asked, tmp_path),
        (asked, tmp_path / "missing" / "out.jsonl"),
        (asked, asked),
        (asked, other),
        (written(tmp_path / "none.jsonl", []), tmp_path / "out.jsonl"),
    ):
        ran = wence("ask", "--batch", str(source), "--out", str(out))
        assert (ran.status, ran.out) == (1, ""), (source, out)
        assert ran.err.count("\n") == 1
    assert other.read_bytes() == before
    assert len(asked.read_text(encoding="utf-8").splitlines()) == 5


def test_devices_are_no_files(wence: Wence, asked: Path, tmp_path: Path) -> None:
    """/dev/zero has no end."""
    for source, out in (("/dev/zero", str(tmp_path / "out.jsonl")), (str(asked), "/dev/full")):
        ran = wence("ask", "--batch", source, "--out", out)
        assert ran.status == 1 and ran.err.count("\n") == 1


def test_on_a_full_disk_the_run_says_so_and_goes_on_later(wence: Wence, asked: Path, small_disk: Path) -> None:
    out = small_disk / "out.jsonl"
    with (small_disk / "fill").open("wb", buffering=0) as fill, pytest.raises(OSError):  # noqa: PT011 - the disk fills up
        while True:
            fill.write(b"\0" * 4096)
    os.truncate(small_disk / "fill", (small_disk / "fill").stat().st_size - 12 * 1024)
    ran = wence("ask", "--batch", str(asked), "--out", str(out))
    assert ran.status == 1
    assert "磁盘已满" in ran.err.splitlines()[-1] and "接续" in ran.err.splitlines()[-1]
    (small_disk / "fill").unlink()
    assert wence("ask", "--batch", str(asked), "--out", str(out)).status == 0
    assert [r["id"] for r in answers(out)] == ["q0", "q1", "q2", "q3", "q4"]
