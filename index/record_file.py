"""JSON Lines of which single lines are read: 110,000 clauses take 5 s to read whole, and a question needs ten.

Beside `clauses.jsonl` stands `clauses.starts.npy`, where each line begins; the file itself is memory-mapped, so
several processes share it.
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar, overload

import numpy as np

from index.errors import IndexDamagedError, cause
from index.remembering import remembering

KEPT = 4096
"""Records kept in memory a file: those that questions ask for again and again."""
REPAIR = "请运行 `wence index --rebuild`"
T = TypeVar("T")


class RecordFile(Sequence[T], Generic[T]):
    """Records in the order they were written. Safe to share between threads."""

    def __init__(self, path: Path, make: Callable[[dict[str, Any]], T]) -> None:
        """Open a file that `write_record_file` wrote.

        Raises:
            IndexDamagedError: a file is missing or cut short.
        """
        self._path = path
        try:
            self._starts = np.load(starts_of(path), allow_pickle=False)
            with path.open("rb") as file:
                size = file.seek(0, 2)
                self._data: Any = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
        except (OSError, ValueError, EOFError) as error:
            why = cause(error) if isinstance(error, OSError) else "行首表损坏"
            raise IndexDamagedError(f"索引文件 {path} 无法读取（{why}）；{REPAIR}") from None
        if len(self._starts) == 0 or size != self._starts[-1]:
            expected = int(self._starts[-1]) if len(self._starts) else "?"
            raise IndexDamagedError(f"索引文件 {path} 有 {size} 字节，应为 {expected} 字节；{REPAIR}")
        self._make = make
        self._read = remembering(self._record, KEPT)

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> list[T]: ...

    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            return [self._record(i) for i in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self._read(int(index))

    def __iter__(self) -> Iterator[T]:
        return map(self._record, range(len(self)))

    def _record(self, index: int) -> T:
        try:
            return self._make(json.loads(self._data[self._starts[index] : self._starts[index + 1]]))
        except (ValueError, TypeError, KeyError, AttributeError):
            raise IndexDamagedError(f"索引文件 {self._path} 第 {index + 1} 行损坏；{REPAIR}") from None


def starts_of(path: Path) -> Path:
    """Where the beginnings of the lines of a file are kept."""
    return path.with_suffix(".starts.npy")


def write_record_file(path: Path, records: Iterable[dict[str, Any]]) -> None:
    """Write JSON Lines and where each begins."""
    starts = [0]
    with path.open("wb") as file:
        for record in records:
            starts.append(starts[-1] + file.write(json.dumps(record, ensure_ascii=False).encode() + b"\n"))
    np.save(starts_of(path), np.array(starts, dtype=np.int64))
