"""A build that is killed goes on where it stopped, and the same words are embedded once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.settings import BUNDLED_CORPUS
from index import readings, writing
from index.build import build_index
from index.encode import Encoder
from index.errors import SearchError
from index.files.sheet import Reading, Recognised, Removed
from index.generation import complete_generations, current_generation
from index.nearest import NearestPassages
from index.unfinished import FILE, Unfinished, unfinished

BUILDS_HALF = """
import sys, time
from pathlib import Path
from index import writing
from index.build import build_index
from index.encode import load_encoder

writing.AT_ONCE = 8

class Bar:
    done = 0
    def update(self, n):
        Bar.done += n
        if Bar.done > 150:
            print("half", flush=True)
            time.sleep(3600)

home, cache, corpus = map(Path, sys.argv[1:])
build_index(home, [corpus], load_encoder("bundled", cache), bar=lambda *_: Bar())
"""


class Counting:
    """The real encoder; counts what it embeds, and breaks when it is told to."""

    def __init__(self, encoder: Encoder, limit: int = 1 << 30) -> None:
        self._encoder, self._limit = encoder, limit
        self.name, self.dimension = encoder.name, encoder.dimension
        self.embedded = 0
        self.read: list[str] = []
        """The words of each clause that was embedded."""

    def encode_clauses(self, clauses: Any, progress: Any = None) -> Any:
        self.embedded += sum(map(len, clauses))
        self.read += ["|".join(p.text for p in of) for of in clauses]
        if self.embedded > self._limit:
            raise SearchError("停电")
        return self._encoder.encode_clauses(clauses, progress)


def vectors_of(home: Path) -> np.ndarray:
    folder = current_generation(home)
    ids = (folder / "ids.txt").read_text(encoding="utf-8").split("\0")
    return np.array(NearestPassages.load(folder / "nearest", ids)._vectors)


def test_after_a_kill_only_the_rest_is_embedded(
    tmp_path: Path, encoder: Encoder, model_cache: Path, corpus_home: Path
) -> None:
    home = tmp_path / "home"
    command = [sys.executable, "-c", BUILDS_HALF, str(home), str(model_cache), str(BUNDLED_CORPUS)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout and process.stdout.readline() == b"half\n"
    process.kill()
    process.wait()
    assert complete_generations(home) == [] and (home / "index" / FILE).stat().st_size > 0
    counting = Counting(encoder)
    report = build_index(home, [BUNDLED_CORPUS], counting)  # type: ignore[arg-type]
    assert report.resumed > 100, "what was computed before the kill, less the last few clauses"
    assert counting.embedded == report.embedded == report.passages - report.resumed
    assert not (home / "index" / FILE).exists()
    assert np.abs(vectors_of(home) - vectors_of(corpus_home)).max() < 1e-5, "as if nothing had happened"


def test_a_failure_keeps_what_was_computed_and_success_removes_it(
    tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "AT_ONCE", 8)
    home = tmp_path / "home"
    with pytest.raises(SearchError):
        build_index(home, [BUNDLED_CORPUS], Counting(encoder, 100))  # type: ignore[arg-type]
    kept = home / "index" / FILE
    data = kept.read_bytes()
    kept.write_bytes(data[:-7] + b"\0" * 3)  # the last record was cut short and something else written behind it
    report = build_index(home, [BUNDLED_CORPUS], encoder)
    assert 0 < report.resumed < 100 and report.resumed + report.embedded == report.passages
    assert not kept.exists()
    kept.write_bytes(data)
    assert build_index(home, [BUNDLED_CORPUS], encoder).embedded == 0
    assert not kept.exists(), "nothing is unfinished"


def test_vectors_of_another_model_or_length_are_not_taken(tmp_path: Path, encoder: Encoder) -> None:
    (tmp_path / "index").mkdir()
    vectors = np.eye(2, encoder.dimension, dtype=np.float32)
    with pytest.raises(KeyboardInterrupt), unfinished(tmp_path, encoder) as begun:
        begun.keep({"甲": vectors})
        raise KeyboardInterrupt
    other = Counting(encoder)
    other.name = "another"
    for asked, expected in ((encoder, {"甲"}), (other, set())):
        held = Unfinished(tmp_path / "index" / FILE, asked)  # type: ignore[arg-type]
        held._open()
        assert held.take([("甲", 2), ("乙", 1)]).keys() == expected
        assert held.take([("甲", 3)]) == {}
    assert np.array_equal(Unfinished.take(_opened(tmp_path, encoder), [("甲", 2)])["甲"], vectors)


def _opened(home: Path, encoder: Encoder) -> Unfinished:
    held = Unfinished(home / "index" / FILE, encoder)
    held._open()
    return held


def test_a_full_disk_loses_the_cache_and_not_the_build(small_disk: Path, encoder: Encoder) -> None:
    (small_disk / "index").mkdir()
    with unfinished(small_disk, encoder) as begun:
        begun.keep({"甲": np.ones((8, encoder.dimension), np.float32)})
        begun.keep({"乙": np.ones((4000, encoder.dimension), np.float32)})
        assert not (small_disk / "index" / FILE).exists(), "the room is the index's"
        begun.keep({"丙": np.ones((8, encoder.dimension), np.float32)})
        assert begun.take([("甲", 8), ("乙", 4000)]) == {}
    assert list((small_disk / "index").iterdir()) == []


def test_the_same_words_are_embedded_once_within_a_run_and_across_documents(tmp_path: Path, encoder: Encoder) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    text = "甲市测试办法\n第一条 对首次升规的企业给予不超过30万元奖励。\n第二条 支持建设中试基地，最高补助200万元。\n"
    (folder / "一.txt").write_text(text, encoding="utf-8")
    first, second, once = (Counting(encoder) for _ in range(3))
    build_index(tmp_path / "home", [folder], first)  # type: ignore[arg-type]
    (folder / "二.txt").write_text(text + "第三条 支持建设概念验证中心。\n", encoding="utf-8")
    both = build_index(tmp_path / "home", [folder], second)  # type: ignore[arg-type]
    assert second.embedded == both.embedded < both.passages
    assert set(second.read).isdisjoint(first.read), "what another document has is taken over"
    build_index(tmp_path / "other", [folder], once)  # type: ignore[arg-type]
    assert len(once.read) == len(set(once.read)) and sorted(once.read) == sorted(first.read + second.read)


def test_what_took_long_to_read_is_not_read_again_after_a_failure(
    tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def reading_of(data: bytes, path: Path) -> Reading:
        read.append(path.name)
        return real(data, path)

    real = readings.reading_of
    monkeypatch.setattr(readings, "reading_of", reading_of)
    monkeypatch.setattr(readings, "SLOW_S", -1.0)
    home = tmp_path / "home"
    with pytest.raises(SearchError):
        build_index(home, [BUNDLED_CORPUS], Counting(encoder, 100))  # type: ignore[arg-type]
    kept = home / "index" / readings.FOLDER
    assert len(read) == len(list(kept.iterdir())) == 5
    next(kept.iterdir()).write_text("{", encoding="ascii")
    report = build_index(home, [BUNDLED_CORPUS], encoder)
    assert len(read) == 6, "the one that is damaged is read again"
    assert (report.documents, report.count("added")) == (5, 5) and not kept.exists()


def test_a_reading_comes_back_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = Reading(
        "第一条\ud800", "scan", ((0, 1), (3, 2)), (Recognised(0, 2, 0.5),), (Removed(1, "stamp", "市政府"),), ("歪",)
    )
    monkeypatch.setattr(readings, "reading_of", lambda data, path: reading)
    monkeypatch.setattr(readings, "SLOW_S", -1.0)
    (tmp_path / "index").mkdir()
    assert [readings.Readings(tmp_path).read(b"x", Path("a.pdf")) for _ in range(2)] == [reading] * 2
    assert len(list((tmp_path / "index" / readings.FOLDER).iterdir())) == 1
