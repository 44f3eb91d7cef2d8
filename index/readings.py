"""Readings of files that took long, kept until an index holds them, so that a build that was killed reads no scan twice.

    <home>/index/unfinished.readings/…json      named by the SHA-256 of the parser, the file's suffix and its bytes

Recognising a page takes 4 s of a core, so a folder of scans is read for hours before the first vector is computed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from index.files.sheet import Reading, Recognised, Removed
from index.generation import index_home
from index.parse import PARSER_VERSION
from index.reading import reading_of

FOLDER = "unfinished.readings"
SLOW_S = 1.0
"""What takes less to read is read again."""


class Readings:
    """Reads files for the builds of one home."""

    def __init__(self, home: Path) -> None:
        self._folder = index_home(home) / FOLDER

    def read(self, data: bytes, path: Path) -> Reading:
        """As `index.reading.reading_of`, from what an interrupted build has kept where there is such."""
        salt = f"{PARSER_VERSION}\0{path.suffix.lower()}\0".encode()
        kept = self._folder / f"{hashlib.sha256(salt + data).hexdigest()}.json"
        with suppress(OSError, ValueError, TypeError, KeyError):
            return reading_from(json.loads(kept.read_text(encoding="ascii")))
        started = time.perf_counter()
        reading = reading_of(data, path)
        if time.perf_counter() - started > SLOW_S:
            with suppress(OSError):  # no room for it: then it is read again
                self._folder.mkdir(exist_ok=True)
                draft = kept.with_suffix(".new")
                draft.write_text(json.dumps(asdict(reading)), encoding="ascii")
                draft.replace(kept)
        return reading

    def discard(self) -> None:
        """An index holds them all."""
        shutil.rmtree(self._folder, ignore_errors=True)


def reading_from(row: dict[str, object]) -> Reading:
    """A reading that was kept as JSON."""
    pages, recognised, removed, warnings = (row[key] for key in ("pages", "recognised", "removed", "warnings"))
    return Reading(
        str(row["text"]), str(row["kind"]),
        tuple((int(start), int(page)) for start, page in pages),  # type: ignore[attr-defined]
        tuple(Recognised(**r) for r in recognised),  # type: ignore[attr-defined]
        tuple(Removed(**r) for r in removed),  # type: ignore[attr-defined]
        tuple(warnings),  # type: ignore[arg-type]
    )  # fmt: skip
