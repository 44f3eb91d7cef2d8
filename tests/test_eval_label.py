"""A person's verdicts: what the machines disagree on comes first, every verdict is kept at once, and the file is of
the schema that the judge reads."""

from __future__ import annotations

import csv
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

if sys.platform == "win32":
    pytest.skip("needs a pseudo-terminal", allow_module_level=True)

import pty

from evals.folder import write_lines
from evals.label import Labels, waiting
from evals.schema import ClaimLine, read_lines
from index.errors import InputError

Wence = Callable[..., Any]
CLAUSE = "对首次认定的企业，给予不超过 30 万元的一次性奖励。"


def machine(label: str, score: float, reason: str = "理由") -> dict[str, Any]:
    return {"label": label, "score": score, "reason": reason, "span": None}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of four claims: one on which guard and judge disagree, one near the middle, two clear."""
    folder = tmp_path / "run"
    folder.mkdir()
    clear, unclear = machine("supported", 0.99), machine("supported", 0.55)
    no = machine("unsupported", 0.05, "金额不同")
    rows = [
        ("给予奖励。", clear, clear),
        ("奖励不超过30万元。", clear, unclear),
        ("奖励300万元。", clear, no),
        ("一次性奖励。", clear, clear),
    ]
    verdicts = [
        {"question_id": "d1", "sentence": n, "claim": c, "evidence": [CLAUSE], "support": "supported", "guard": g, "judge": j}
        for n, (c, g, j) in enumerate(rows)
    ]  # fmt: skip
    cited = {
        "n": 1,
        "clause_id": "sh-a:0123",
        "status": "draft",
        "region": "上海市",
        "department_text": "（市科委）",
        "text": CLAUSE,
    }
    answer = {
        "id": "d1",
        "sentences": [{"text": v["claim"], "citations": [1], "support": "supported"} for v in verdicts],
        "citations": [cited],
    }
    write_lines(folder / "verdicts.jsonl", [*verdicts, verdicts[0]])
    write_lines(folder / "outputs.jsonl", [answer])
    return folder


class Terminal:
    """`wence eval label` in a real terminal."""

    def __init__(self, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
        command = [sys.executable, "-m", "assistant", "eval", "label", *arguments]
        self._process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True, env=environment
        )
        os.close(theirs)
        self.shown = ""
        self._read = b""

    def until(self, words: str, times: int = 1) -> None:
        """Wait until the screen shows `words`."""
        end = time.monotonic() + 300
        while self.shown.count(words) < times and time.monotonic() < end:
            if not select.select([self._ours], [], [], 0.5)[0]:
                continue
            try:
                self._read += os.read(self._ours, 65536)
            except OSError:  # the other side has closed
                break
            self.shown = self._read.decode("utf-8", "ignore")
        assert self.shown.count(words) >= times, self.shown

    def press(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def end(self) -> int:
        return self._process.wait(60)


def test_claims_are_judged_by_single_keys_with_notes_and_the_session_goes_on_later(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "human.jsonl"
    screen = Terminal(str(run), "--out", str(out))
    screen.until("[1/4] 核对与评判有分歧")
    assert "论断：奖励300万元。" in screen.shown and "金额不同" not in screen.shown
    screen.press("5")
    screen.until("评判：不支持 0.05 金额不同")
    screen.press("4")
    screen.until("备注：")
    screen.press("多写了一个零\n")
    screen.until("1 支持", 2)
    screen.press("2")
    screen.until("→ 不支持（多写了一个零）")
    screen.until("[2/4]")
    assert "奖励不超过30万元。" in screen.shown.split("[2/4]")[1]
    kept = out.read_text(encoding="utf-8")  # on disk before the next key
    assert json.loads(kept) | {"id": "h"} == {
        "id": "h", "claim": "奖励300万元。", "evidence": [CLAUSE], "document": "sh-a", "document_status": "draft",
        "region": "上海市", "departments": "（市科委）", "label": "unsupported", "kind": "human", "note": "多写了一个零",
    }  # fmt: skip
    screen.press("1")
    screen.until("[3/4]")
    screen.press("3")
    screen.until("[4/4]")
    screen.press("0")
    assert screen.end() == 0
    screen.until("核对与人一致 1/2，评判与人一致 2/2")
    # A kill in the middle of a line costs that line only.
    with out.open("a", encoding="utf-8") as file:
        file.write('{"id": "hhalf')
    again = Terminal(str(run), "--out", str(out))
    again.until("2 条待判断，其中 0 条")
    again.press("1")
    again.until("[2/2]")
    again.press("1")
    assert again.end() == 0
    assert [line.label for _, line in read_lines(out, ClaimLine)] == [
        "unsupported",
        "supported",
        "supported",
        "supported",
    ]
    done = Terminal(str(run), "--out", str(out))
    done.until("4 条论断都已判断")
    assert done.end() == 0


def test_verdicts_are_given_in_a_sheet_and_read_back(wence: Wence, run: Path, tmp_path: Path) -> None:
    sheet, out = tmp_path / "list.csv", tmp_path / "human.jsonl"
    command = ("eval", "label", str(run), "--out", str(out))
    assert wence(*command, "--sheet", str(sheet)).status == 0
    rows = list(csv.DictReader(sheet.open(encoding="utf-8-sig")))
    assert [r["论断"] for r in rows][:2] == ["奖励300万元。", "奖励不超过30万元。"] and rows[0]["分歧"] == "有"
    for row, said in zip(rows, ("不支持", "支持", "", "跳过"), strict=True):
        row["判断"] = said
    rows[0]["备注"] = "金额"
    fill(sheet, rows)
    ran = wence(*command, "--from", str(sheet))
    assert ran.status == 0 and "收下 2 条判断" in ran.out and "评判与人一致 2/2" in ran.out
    lines = [line for _, line in read_lines(out, ClaimLine)]
    assert [(line.label, line.note) for line in lines] == [("unsupported", "金额"), ("supported", "")]
    rows[1]["判断"] = "不支持"  # thought better of
    fill(sheet, rows)
    assert wence(*command, "--from", str(sheet)).status == 0
    assert [line.label for _, line in read_lines(out, ClaimLine)] == ["unsupported", "unsupported"]
    assert "已经存在" in wence(*command, "--sheet", str(sheet)).err


def fill(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_wrong_rows_of_a_sheet_are_all_named_and_nothing_is_kept(wence: Wence, run: Path, tmp_path: Path) -> None:
    sheet, out = tmp_path / "list.csv", tmp_path / "human.jsonl"
    one = waiting(run)[0].id
    said = [("x1", "支持"), (one, "大概"), (one, "支持"), (one, "不支持")]
    fill(sheet, [{"编号": a, "判断": b} for a, b in said])
    ran = wence("eval", "label", str(run), "--out", str(out), "--from", str(sheet))
    assert ran.status == 1
    assert [line.split(" ", 1)[1][:4] for line in ran.err.splitlines()[:-1]] == ["第 2 ", "第 3 ", "第 5 "]
    assert "'x1'" in ran.err and "'大概'" in ran.err and "有 3 处问题" in ran.err
    assert not out.exists()


def test_without_a_terminal_the_way_out_is_named(wence: Wence, run: Path, tmp_path: Path) -> None:
    ran = wence("eval", "label", str(run), "--out", str(tmp_path / "o.jsonl"))
    assert ran.status == 2 and "--sheet" in ran.err and "--from" in ran.err
    ran = wence("eval", "label", str(tmp_path / "absent"))
    assert ran.status == 1 and "找不到" in ran.err and ran.err.count("\n") == 1


def test_the_judge_reads_what_a_person_labelled_and_the_judged_file_can_be_labelled(
    wence: Wence, run: Path, tmp_path: Path
) -> None:
    sheet, out, judged = tmp_path / "list.csv", tmp_path / "human.jsonl", tmp_path / "judged.jsonl"
    fill(sheet, [{"编号": c.id, "判断": "支持"} for c in waiting(run)])
    assert wence("eval", "label", str(run), "--out", str(out), "--from", str(sheet)).status == 0
    assert wence("eval", "judge", str(out), "--out", str(judged), "--method", "guard").status == 0
    again = waiting(judged)
    assert {c.id for c in again} == {c.id for c in waiting(run)}
    assert all(set(c.machines) == {"评判"} for c in again)


def test_a_file_of_verdicts_that_is_not_of_the_schema_is_named_and_left_alone(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "human.jsonl"
    out.write_text('{"id": "h1"}\n', encoding="utf-8")
    with pytest.raises(InputError, match="第 1 行：字段 claim：应为 必填"):
        Labels(out)
    assert out.read_text(encoding="utf-8") == '{"id": "h1"}\n'
