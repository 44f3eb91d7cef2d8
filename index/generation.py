"""The index on disk: whole generations side by side, and one small file that says which is current.

    <home>/index/CURRENT            name of the generation that readers open
    <home>/index/g-000007/          stamp.json, documents.jsonl, clauses.jsonl, lexical/, vectors/

A generation is built beside the current one and becomes current by one rename, so a kill at any moment
leaves the old index or the new one, never half of one.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from index.clause import Clause, Department, Document, Footnote, Source, Status
from index.errors import IndexDamagedError, IndexMissingError

CURRENT = "CURRENT"
FORMAT = "1"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an index was built by; another stamp cannot search it."""

    format: str
    parser: str
    model: str
    dimension: int
    collection: str
    """Collection name in the vector store."""
    store: str
    """`folder`, or the URL of the Chroma server that holds the vectors."""
    built: str
    """UTC time, ISO 8601."""


def index_home(home: Path) -> Path:
    """Folder of all generations."""
    return home / "index"


def current_generation(home: Path) -> Path:
    """Folder of the current generation.

    Raises:
        IndexMissingError: nothing has been indexed.
        IndexDamagedError: the pointer names a folder that is not there.
    """
    pointer = index_home(home) / CURRENT
    try:
        name = pointer.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise IndexMissingError(f"{home} 里还没有索引；请先运行 `wence index`") from None
    folder = index_home(home) / name
    if not name or not (folder / "stamp.json").is_file():
        raise IndexDamagedError(f"索引指针 {pointer} 指向不存在的 {name or '（空）'}；请运行 `wence index --rebuild`")
    return folder


def new_generation(home: Path) -> Path:
    """An empty folder for the next generation; leftovers of killed builds are removed first."""
    base = index_home(home)
    base.mkdir(parents=True, exist_ok=True)
    try:
        current = current_generation(home).name
    except (IndexMissingError, IndexDamagedError):
        current = ""
    names = sorted(p.name for p in base.glob("g-*") if p.is_dir())
    for name in names:
        if name > current or not current:
            shutil.rmtree(base / name, ignore_errors=True)
    number = int((current or "g-0").split("-")[1]) + 1
    folder = base / f"g-{number:06d}"
    folder.mkdir()
    return folder


def make_current(home: Path, folder: Path) -> None:
    """Point readers at `folder` in one step; the generation before it stays for readers still in it."""
    base = index_home(home)
    draft = base / (CURRENT + ".new")
    with draft.open("w", encoding="utf-8") as file:
        file.write(folder.name + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(base / CURRENT)
    keep = sorted(p.name for p in base.glob("g-*"))[-2:]
    for old in base.glob("g-*"):
        if old.name not in keep:
            shutil.rmtree(old, ignore_errors=True)


def read_stamp(folder: Path) -> Stamp:
    """Stamp of a generation.

    Raises:
        IndexDamagedError: it cannot be read.
    """
    try:
        return Stamp(**json.loads((folder / "stamp.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise IndexDamagedError(f"索引标记 {folder / 'stamp.json'} 无法读取（{error}）；请运行 `wence index --rebuild`") from None


def write_stamp(folder: Path, stamp: Stamp) -> None:
    """Write the stamp last: a generation without one is not complete."""
    (folder / "stamp.json").write_text(json.dumps(asdict(stamp), ensure_ascii=False, indent=1), encoding="utf-8")


def write_records(path: Path, records: Iterable[dict[str, Any]]) -> None:
    """JSON Lines."""
    with path.open("w", encoding="utf-8") as file:
        for record in records:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)
    except (OSError, ValueError) as error:
        raise IndexDamagedError(f"索引文件 {path} 无法读取（{error}）；请运行 `wence index --rebuild`") from None


def clause_record(clause: Clause) -> dict[str, Any]:
    """A clause as it is kept on disk (offsets left out)."""
    record = asdict(clause)
    record.pop("offsets")
    return record


def read_clauses(folder: Path) -> list[Clause]:
    """All clauses of a generation, in the order of the lexical index."""
    return [
        Clause(
            **{
                **row,
                "status": Status(row["status"]),
                "path": tuple(row["path"]),
                "departments": tuple(Department(**d) for d in row["departments"]),
                "source": Source(**row["source"]),
                "footnotes": tuple(Footnote(**f) for f in row["footnotes"]),
            }
        )
        for row in _rows(folder / "clauses.jsonl")
    ]


def read_documents(folder: Path) -> list[tuple[Document, dict[str, Any]]]:
    """All documents of a generation, each with what was noted when it was read (path, hashes)."""
    found = []
    for row in _rows(folder / "documents.jsonl"):
        noted = row.pop("noted", {})
        row["status"] = Status(row["status"])
        row["aliases"] = tuple(row["aliases"])
        found.append((Document(**row), noted))
    return found
