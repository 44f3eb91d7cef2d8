"""A folder under watch: what is added, changed and removed goes into the index, half copies and failures do not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from assistant.watching import Watch
from index.build import build_index
from index.changes import Changes
from index.contents import read_documents
from index.encode import Encoder
from index.generation import current_generation, locked
from tests.conftest import Ran

ONE = "第一条 对首次升规的企业给予不超过30万元奖励。\n第二条 支持建设概念验证中心。\n"
TWO = "第一条 首台套装备按合同金额给予最高不超过2000万元支持。\n"
WAIT_S = 300
REST_S = 3.0


class Clock:
    """Seconds that pass when they are told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "政策"
    folder.mkdir()
    (folder / "升规.txt").write_text(ONE, encoding="utf-8")
    return folder


def test_a_file_counts_once_it_has_come_to_rest(folder: Path) -> None:
    clock = Clock()
    changes = Changes([folder], REST_S, clock)
    assert changes.look() is None and changes.moving
    clock.now += 2
    copied = folder / "首台套.txt"
    copied.write_text(TWO[:5], encoding="utf-8")
    assert changes.look() is None
    clock.now += 2
    change = changes.look()
    assert change and change.first and change.wants(folder / "升规.txt") and not change.wants(copied)
    assert change.wants(folder / "以前收录又删掉的.txt"), "what went while nobody looked"
    changes.done(change)
    copied.write_text(TWO, encoding="utf-8")
    assert changes.look() is None, "it grew, so it begins to rest anew"
    clock.now += 2
    assert changes.look() is None
    clock.now += 2
    change = changes.look()
    assert change and change.wants(copied) and not change.wants(folder / "升规.txt") and not change.first
    changes.done(change)
    clock.now += 60
    assert changes.look() is None and not changes.moving


def test_a_file_that_is_replaced_is_changed_and_one_that_stays_away_is_gone(folder: Path) -> None:
    clock = Clock()
    changes, file = Changes([folder], REST_S, clock), folder / "升规.txt"
    changes.look()
    clock.now += REST_S
    first = changes.look()
    assert first
    changes.done(first)
    file.rename(folder.parent / "elsewhere")
    assert changes.look() is None
    clock.now += 1
    file.write_text(TWO, encoding="utf-8")
    assert changes.look() is None
    clock.now += REST_S
    change = changes.look()
    assert change and change.marks[file.resolve()][0] == file.stat().st_size
    changes.done(change)
    file.unlink()
    changes.look()
    clock.now += REST_S
    change = changes.look()
    assert change and change.wants(file)
    changes.done(change)
    clock.now += REST_S
    assert changes.look() is None and changes.empty == [folder.resolve()]


def test_a_catalog_speaks_of_its_folder_and_an_archive_of_its_members(folder: Path) -> None:
    clock = Clock()
    changes = Changes([folder], REST_S, clock)
    below = folder / "区县"
    below.mkdir()
    (below / "首台套.txt").write_text(TWO, encoding="utf-8")
    changes.look()
    clock.now += REST_S
    first = changes.look()
    assert first
    changes.done(first)
    (below / "catalog.toml").write_text('[[document]]\nfile = "首台套.txt"\n', encoding="utf-8")
    (folder / "包.zip").write_bytes(b"PK")
    changes.look()
    clock.now += REST_S
    change = changes.look()
    assert change and change.wants(below / "首台套.txt") and not change.wants(folder / "升规.txt")
    assert change.wants(folder / "包.zip" / "方案.docx")


def watch_of(folder: Path, home: Path, encoder: Encoder) -> Watch:
    return Watch([folder], partial(build_index, home, encoder=encoder), 0.05, rest=0.05)


def until(watch: Watch, met: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not met():
        watch.look()
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def held(home: Path) -> set[str]:
    return {d.document_id for d, _ in read_documents(current_generation(home))}


def test_what_is_added_changed_and_removed_is_indexed_and_told_in_one_line(
    folder: Path, tmp_path: Path, encoder: Encoder, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    watch = watch_of(folder, home, encoder)
    until(watch, lambda: (home / "index" / "CURRENT").exists())
    assert capsys.readouterr().out.count("\n") == 1
    (folder / "首台套.txt").write_text(TWO, encoding="utf-8")
    until(watch, lambda: held(home) == {"升规", "首台套"})
    (line,) = capsys.readouterr().out.splitlines()
    assert "新增 1，更新 0，未变 0，移除 0，未收录 0；索引共 2 份文件、3 条条款" in line, (
        "the other file is not read again"
    )
    (folder / "升规.txt").write_text(ONE.replace("30", "35"), encoding="utf-8")
    (folder / "坏.pdf").write_bytes(b"%PDF-1.4 nothing")
    told = {"out": "", "err": ""}

    def both() -> bool:
        now = capsys.readouterr()
        told["out"] += now.out
        told["err"] += now.err
        return "更新 1" in told["out"] and "坏.pdf" in told["err"]

    until(watch, both)
    assert told["err"].count("未收录") == 1
    (folder / "首台套.txt").unlink()
    until(watch, lambda: held(home) == {"升规"})
    assert "移除 1" in capsys.readouterr().out
    before = current_generation(home)
    for _ in range(3):
        assert not watch.look()
    assert current_generation(home) == before and capsys.readouterr() == ("", "")


def test_a_drive_that_is_away_another_process_and_a_bad_catalog_are_said_once_and_outlasted(
    folder: Path, tmp_path: Path, encoder: Encoder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.watching.AGAIN_S", 0.05)
    home = tmp_path / "home"
    watch = watch_of(folder, home, encoder)
    until(watch, lambda: (home / "index" / "CURRENT").exists())
    capsys.readouterr()

    said = ""

    def told(part: str) -> bool:
        nonlocal said
        said += capsys.readouterr().err
        return part in said

    away = folder.rename(tmp_path / "away")
    until(watch, lambda: told("不在，或里面没有政策文件"))
    for _ in range(5):
        watch.look()
    assert held(home) == {"升规"}, "what was collected stays"
    away.rename(folder)
    (folder / "首台套.txt").write_text(TWO, encoding="utf-8")
    with locked(home):
        until(watch, lambda: told("另一个进程正在"))
        for _ in range(5):
            watch.look()
            time.sleep(0.05)
    until(watch, lambda: held(home) == {"升规", "首台套"})
    (folder / "catalog.toml").write_text("[[document]\n", encoding="utf-8")
    until(watch, lambda: told("catalog.toml"))
    (folder / "catalog.toml").write_text('[[document]]\nfile = "首台套.txt"\ntitle = "首台套办法"\n', encoding="utf-8")
    until(watch, lambda: "首台套办法" in {d.title for d, _ in read_documents(current_generation(home))})
    told("")
    assert said.count("不在，或里面没有政策文件") == said.count("另一个进程正在") == 1
    assert said.count("\n") == 3, said


def test_the_command_watches_until_it_is_told_to_stop(folder: Path, tmp_path: Path, model_cache: Path) -> None:
    home = tmp_path / "home"
    command = [sys.executable, "-m", "assistant", "index", str(folder), "--watch", "--every", "1"]
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("WENCE_")},
        "WENCE_HOME": str(home), "WENCE_CACHE": str(model_cache), "PYTHONIOENCODING": "utf-8",
    }  # fmt: skip
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    assert "正在看守" in process.stdout.readline().decode()
    assert "新增 1" in process.stdout.readline().decode()
    process.send_signal(signal.SIGTERM)
    out, error = process.communicate(timeout=WAIT_S)
    assert (process.returncode, out) == (0, b"") and "已停止看守" in error.decode()
    assert "Traceback" not in error.decode()
    assert held(home) == {"升规"}


def test_watching_needs_a_folder_and_a_second_writer_says_so_in_one_line(
    wence: Callable[..., Ran], folder: Path, tmp_path: Path
) -> None:
    for arguments in (["--watch"], [str(folder), "--watch", "--rebuild"], [str(folder), "--watch", "--every", "0"]):
        ran = wence("index", *arguments, home=tmp_path / "home")
        assert ran.status == 2 and ran.err.count("\n") == 1, ran.err
    with locked(tmp_path / "home"):
        ran = wence("index", str(folder), home=tmp_path / "home")
    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1) and "另一个进程正在" in ran.err
