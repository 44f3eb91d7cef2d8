"""Single records are read from a large file as they were written, and a file that is not whole is never read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.errors import IndexDamagedError
from index.record_file import RecordFile, starts_of, write_record_file

RECORDS: list[dict[str, Any]] = [
    {"n": i, "text": f"第{i}条　对首次升规的企业\n给予奖励。😀" * (i % 3)} for i in range(50)
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_record_file(tmp_path / "rows.jsonl", RECORDS)
    return tmp_path / "rows.jsonl"


def test_records_come_back_one_by_one_by_slice_and_in_order(path: Path) -> None:
    rows = RecordFile(path, dict)
    assert len(rows) == 50
    assert [rows[i] for i in (7, 0, -1, 7)] == [RECORDS[i] for i in (7, 0, 49, 7)]
    assert rows[3:6] == RECORDS[3:6]
    assert list(rows) == RECORDS
    with pytest.raises(IndexError):
        rows[50]


def test_threads_may_read_at_once(path: Path) -> None:
    rows = RecordFile(path, dict)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(rows.__getitem__, list(range(50)) * 20)) == RECORDS * 20


def test_no_records_are_a_file_too(tmp_path: Path) -> None:
    write_record_file(tmp_path / "none.jsonl", [])
    assert list(RecordFile(tmp_path / "none.jsonl", dict)) == []


def test_a_file_that_is_gone_cut_or_changed_is_damage_that_names_the_repair(path: Path) -> None:
    whole, starts = path.read_bytes(), starts_of(path).read_bytes()
    for file, data in ((path, whole[:-3]), (path, b""), (starts_of(path), starts[:40]), (starts_of(path), b"")):
        file.write_bytes(data)
        with pytest.raises(IndexDamagedError, match="wence index --rebuild"):
            RecordFile(path, dict)
        path.write_bytes(whole)
        starts_of(path).write_bytes(starts)
    path.write_bytes(whole.replace(b'"n"', b"'n'"))
    with pytest.raises(IndexDamagedError, match="第 1 行"):
        RecordFile(path, dict)[0]
    np.save(starts_of(path), np.zeros(0, dtype=np.int64))
    with pytest.raises(IndexDamagedError):
        RecordFile(path, dict)
    path.unlink()
    with pytest.raises(IndexDamagedError):
        RecordFile(path, dict)
