"""Vectors that a build has computed and no index holds yet, so that a build that was killed goes on where it stopped.

    <home>/index/unfinished.vectors      one record a clause, appended while the build embeds, removed when it is done

A record is what its vectors were made from (SHA-256 of model, parser and the words), their number, the vectors, and a
checksum: a record that a kill cut short is taken off, and all before it hold. Caching never stops a build: a disk that
has no room for it loses the cache and nothing else.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np

from index.encode import Encoder
from index.generation import index_home
from index.parse import PARSER_VERSION
from index.store import Vectors

FILE = "unfinished.vectors"
_HEAD = struct.Struct("<32sI")
"""What the vectors are of, and how many."""
_TAIL = struct.Struct("<I")
"""CRC-32 of head and vectors."""


class Unfinished:
    """What one build has computed, and what the interrupted ones before it have. Made by `unfinished`."""

    def __init__(self, path: Path, encoder: Encoder) -> None:
        self._path, self._dimension = path, encoder.dimension
        self._salt = f"{encoder.name}\0{encoder.dimension}\0{PARSER_VERSION}\0".encode()
        self._file: BinaryIO | None = None
        self._places: dict[bytes, tuple[int, int]] = {}

    def _open(self) -> None:
        """Find the whole records of the builds before, and go on behind the last of them."""
        file = self._path.open("a+b")
        file.seek(0)
        end = 0
        while record := self._next(file):
            digest, count = record
            self._places[digest] = (end + _HEAD.size, count)
            end = file.tell()
        file.truncate(end)
        self._file = file

    def _next(self, file: BinaryIO) -> tuple[bytes, int] | None:
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return None
        digest, count = _HEAD.unpack(head)
        data, tail = file.read(min(count * self._dimension * 4, 1 << 30)), file.read(_TAIL.size)
        whole = len(data) == count * self._dimension * 4 and len(tail) == _TAIL.size
        return (digest, count) if whole and _TAIL.unpack(tail)[0] == zlib.crc32(data, zlib.crc32(head)) else None

    def take(self, keys: Iterable[tuple[str, int]]) -> dict[str, Vectors]:
        """Vectors that are there already, by key; each key comes with the number of its vectors."""
        found: dict[str, Vectors] = {}
        if self._file is None:
            return found
        for key, count in keys:
            place, held = self._places.get(self._digest(key), (0, 0))
            if held != count or not count:
                continue
            self._file.seek(place)
            data = self._file.read(count * self._dimension * 4)
            found[key] = np.frombuffer(data, dtype="<f4").reshape(count, self._dimension).astype(np.float32)
        return found

    def keep(self, computed: dict[str, Vectors]) -> None:
        """Add vectors, float32 [passages, dimension] each; on a kill from now on they are there."""
        if self._file is None:
            return
        try:
            for key, vectors in computed.items():
                head = _HEAD.pack(self._digest(key), len(vectors))
                data = np.ascontiguousarray(vectors, dtype="<f4").tobytes()
                self._file.write(head + data + _TAIL.pack(zlib.crc32(data, zlib.crc32(head))))
            self._file.flush()
        except OSError:  # a full disk: the room is the index's
            self._drop()

    def _digest(self, key: str) -> bytes:
        return hashlib.sha256(self._salt + key.encode("utf-8", "surrogatepass")).digest()

    def _drop(self) -> None:
        file, self._file = self._file, None
        if file:
            with suppress(OSError):
                os.truncate(self._path, 0)  # closing writes what is still buffered, which needs room
                file.close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


@contextmanager
def unfinished(home: Path, encoder: Encoder) -> Iterator[Unfinished]:
    """The store of unfinished work of a home; gone when the block ends well, kept when it fails."""
    held = Unfinished(index_home(home) / FILE, encoder)
    try:
        held._open()
    except OSError:
        held._drop()
    try:
        yield held
    except BaseException:
        with suppress(OSError):
            if held._file:
                held._file.close()
        raise
    held._drop()


def discard(home: Path) -> None:
    """Nothing is unfinished: what an interrupted build had begun is not wanted any more."""
    with suppress(OSError):
        (index_home(home) / FILE).unlink(missing_ok=True)
