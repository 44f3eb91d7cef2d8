"""The index on disk: whole generations side by side, and one small file that says which is current.

    <home>/index/CURRENT            name of the generation that readers open
    <home>/index/g-000007/          stamp.json, documents.jsonl, clauses.jsonl, forms.jsonl, columns.npz, ids.txt,
                                    lexical/, nearest/, vectors/ (unless a server holds them)

A generation is built beside the current one and becomes current by one rename, so a kill at any moment
leaves the old index or the new one, never half of one. Who reads one holds a lock on its stamp (`hold`), and what
is held is not removed: the lock goes with the process, so a kill leaves none behind.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from index.card import is_card
from index.clause import Clause, Department, Document, Footnote, Relation, Source, Status
from index.errors import IndexDamagedError, IndexMissingError, IndexStampError, StorageError, cause
from index.forms import Form, form_from, form_of
from index.record_file import RecordFile, write_record_file

if sys.platform != "win32":
    import fcntl

CURRENT = "CURRENT"
FORMAT = "3"
REBUILD = "请运行 `wence index --rebuild`"
_NAME = re.compile(r"g-\d{6,}")
T = TypeVar("T")


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
    documents: int
    clauses: int
    """Records in clauses.jsonl, cards included; a file with fewer has been cut short."""
    passages: int
    """Vectors in the collection."""


def index_home(home: Path) -> Path:
    """Folder of all generations."""
    return home / "index"


def current_generation(home: Path) -> Path:
    """Folder of the current generation.

    Raises:
        IndexMissingError: nothing has been indexed.
        IndexDamagedError: the pointer is gone or names a folder that is not there.
        StorageError: the machine does not let it be read.
    """
    pointer = index_home(home) / CURRENT
    try:
        name = pointer.read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        if complete_generations(home):
            raise IndexDamagedError(f"索引指针 {pointer} 不见了；请运行 `wence index` 恢复") from None
        raise IndexMissingError(f"{home} 里还没有索引；请先运行 `wence index`") from None
    except OSError as error:
        raise StorageError(f"无法读取 {pointer}（{cause(error)}）；请检查 WENCE_HOME 和权限") from None
    folder = index_home(home) / name
    if not _NAME.fullmatch(name) or not (folder / "stamp.json").is_file():
        raise IndexDamagedError(f"索引指针 {pointer} 指向不存在的 {name[:40]!r}；请运行 `wence index` 恢复")
    return folder


def complete_generations(home: Path) -> list[Path]:
    """Generations that were written to the end, oldest first."""
    found = (p for p in index_home(home).glob("g-*") if _NAME.fullmatch(p.name) and (p / "stamp.json").is_file())
    return sorted(found, key=_number)


def latest_generation(home: Path) -> Path | None:
    """The current generation or, when its pointer is lost, the newest complete one; None when there is none."""
    try:
        return current_generation(home)
    except (IndexMissingError, IndexDamagedError):
        complete = complete_generations(home)
        return complete[-1] if complete else None


def pointer_mark(home: Path) -> tuple[str, int] | None:
    """What tells one pointer from the next: its words and its time; None while it cannot be read.

    Reading these few bytes takes 20 µs, so it can be done often. (Its number on the disk would say no more, and on
    some network drives it changes by itself.)
    """
    try:
        with (index_home(home) / CURRENT).open(encoding="utf-8", errors="replace") as file:
            return file.read(64).strip(), os.fstat(file.fileno()).st_mtime_ns
    except OSError:
        return None


def hold(folder: Path) -> int | None:
    """Keep a generation from being removed until the descriptor is closed; None where locks are not to be had.

    Without one (Windows, a network drive that knows no locks) a reader still has the current generation and the one
    before it, and what it has mapped.
    """
    if sys.platform == "win32":
        return None
    return _locked_stamp(folder, os.O_RDONLY, fcntl.LOCK_SH)


def _locked_stamp(folder: Path, mode: int, kind: int) -> int | None:
    """A descriptor that holds a lock on a generation's stamp; None when somebody else's lock stands against it."""
    try:
        descriptor = os.open(folder / "stamp.json", mode)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _remove(folder: Path) -> None:
    """Remove a generation that nobody reads; where locks are not to be had, one that nobody should."""
    if sys.platform == "win32" or not (folder / "stamp.json").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        return
    # Held while it goes, so that nobody takes it up half gone.
    if (descriptor := _locked_stamp(folder, os.O_RDWR, fcntl.LOCK_EX)) is not None:
        try:
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(descriptor)


def new_generation(home: Path) -> Path:
    """An empty folder for the next generation."""
    folder = index_home(home) / f"g-{max(map(_number, complete_generations(home)), default=0) + 1:06d}"
    folder.mkdir(parents=True)
    return folder


def clear_leftovers(home: Path) -> None:
    """Remove what no reader is in: half-written generations, those never made current, and old ones.

    The current generation and the one before it stay, and those that somebody holds. While the pointer is lost,
    every complete one stays.
    """
    complete = complete_generations(home)
    try:
        keep = complete[: complete.index(current_generation(home)) + 1][-2:]
    except (IndexMissingError, IndexDamagedError, ValueError):
        keep = complete
    for folder in index_home(home).glob("g-*"):
        if folder not in keep:
            _remove(folder)


def _number(folder: Path) -> int:
    return int(folder.name.removeprefix("g-"))


def make_current(home: Path, folder: Path) -> None:
    """Point readers at `folder` in one step; the generation before it stays for readers still in it."""
    base = index_home(home)
    draft = base / (CURRENT + ".new")
    with draft.open("w", encoding="utf-8") as file:
        file.write(folder.name + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(base / CURRENT)
    clear_leftovers(home)


def read_stamp(folder: Path) -> Stamp:
    """Stamp of a generation.

    Raises:
        IndexStampError: another version of this program laid out the folder.
        IndexDamagedError: it cannot be read.
    """
    path = folder / "stamp.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["format"] != FORMAT:
            raise IndexStampError(
                f"索引的格式是 {record['format']}，当前是 {FORMAT}；请运行 `wence index --rebuild` 重建索引"
            )
        return Stamp(**record)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise IndexDamagedError(f"索引标记 {path} 无法读取（{cause(error)}）；{REBUILD}") from None


def write_stamp(folder: Path, stamp: Stamp) -> None:
    """Write the stamp last: a generation without one is not complete."""
    (folder / "stamp.json").write_text(json.dumps(asdict(stamp), ensure_ascii=False, indent=1), encoding="utf-8")


def write_records(path: Path, records: Iterable[dict[str, Any]]) -> None:
    """JSON Lines."""
    with path.open("w", encoding="utf-8") as file:
        for record in records:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


def _records(path: Path, make: Callable[[dict[str, Any]], T], remedy: str) -> list[T]:
    """What `make` makes of each line of a JSON Lines file."""
    found: list[T] = []
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                found.append(make(json.loads(line)))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        why = cause(error) if isinstance(error, OSError) else f"第 {len(found) + 1} 行损坏"
        raise IndexDamagedError(f"索引文件 {path} 无法读取（{why}）；{remedy}") from None
    return found


def _complete(path: Path, found: int, expected: int) -> None:
    if found != expected:
        raise IndexDamagedError(f"索引文件 {path} 有 {found} 条记录，应为 {expected} 条；{REBUILD}")


def clause_record(clause: Clause) -> dict[str, Any]:
    """A clause as it is kept on disk (offsets left out)."""
    record = asdict(clause)
    record.pop("offsets")
    return record


def write_clauses(folder: Path, clauses: Sequence[Clause], documents: Sequence[Document]) -> None:
    """Write the clauses, their forms, and the columns by which they are looked up."""
    write_record_file(folder / "clauses.jsonl", (clause_record(c) for c in clauses))
    write_record_file(folder / "forms.jsonl", (form_of(c).to_json() for c in clauses))
    columns = Columns.of(clauses, documents)
    np.savez(folder / "columns.npz", document=columns.document, card=columns.card)
    (folder / "ids.txt").write_text("\0".join(columns.ids), encoding="utf-8", newline="")


def read_clauses(folder: Path) -> list[Clause]:
    """All clauses of a generation, in the order of the lexical index.

    Raises:
        IndexDamagedError: the file is missing, cut short or not what was written.
    """
    path = folder / "clauses.jsonl"
    found = _records(path, _clause, REBUILD)
    _complete(path, len(found), read_stamp(folder).clauses)
    return found


@dataclass(frozen=True, slots=True)
class Columns:
    """What search knows of every clause without reading it, in the order of clauses.jsonl."""

    ids: list[str]
    document: npt.NDArray[np.int32]
    """Row of its document in documents.jsonl."""
    card: npt.NDArray[np.bool_]
    """It is a document's card."""

    @classmethod
    def of(cls, clauses: Sequence[Clause], documents: Sequence[Document]) -> Columns:
        """Columns of clauses in memory."""
        number = {d.document_id: i for i, d in enumerate(documents)}
        return cls(
            [c.clause_id for c in clauses],
            np.array([number[c.document_id] for c in clauses], dtype=np.int32),
            np.array([is_card(c) for c in clauses], dtype=bool),
        )


@dataclass(frozen=True, slots=True)
class OpenClauses:
    """A generation's clauses, opened and not read."""

    clauses: RecordFile[Clause]
    forms: RecordFile[Form]
    columns: Columns


def open_clauses(folder: Path) -> OpenClauses:
    """Open the clauses of a generation; each is read when it is asked for.

    Raises:
        IndexDamagedError: a file is missing, cut short or does not belong to the others.
    """
    clauses = RecordFile(folder / "clauses.jsonl", _clause)
    forms = RecordFile(folder / "forms.jsonl", form_from)
    try:
        with np.load(folder / "columns.npz", allow_pickle=False) as data:
            document, card = data["document"], data["card"]
        text = (folder / "ids.txt").read_text(encoding="utf-8")
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise IndexDamagedError(f"索引 {folder} 的条款目录无法读取（{cause(error)}）；{REBUILD}") from None
    columns = Columns(text.split("\0") if text else [], document, card)
    expected = read_stamp(folder).clauses
    for name, found in (
        ("clauses.jsonl", len(clauses)), ("forms.jsonl", len(forms)), ("ids.txt", len(columns.ids)),
        ("columns.npz", len(document)),
    ):  # fmt: skip
        _complete(folder / name, found, expected)
    return OpenClauses(clauses, forms, columns)


def _clause(row: dict[str, Any]) -> Clause:
    row["status"] = Status(row["status"])
    row["path"] = tuple(row["path"])
    row["departments"] = tuple(Department(**d) for d in row["departments"])
    row["source"] = Source(**row["source"])
    row["footnotes"] = tuple(Footnote(**f) for f in row["footnotes"])
    return Clause(**row)


def read_documents(folder: Path) -> list[tuple[Document, dict[str, Any]]]:
    """All documents of a generation, each with what was noted when it was read (path, hashes).

    Raises:
        IndexDamagedError: the file is missing, cut short or not what was written.
    """
    path = folder / "documents.jsonl"
    found = _records(path, _document, REBUILD)
    _complete(path, len(found), read_stamp(folder).documents)
    return found


def _document(row: dict[str, Any]) -> tuple[Document, dict[str, Any]]:
    noted = dict(row.pop("noted"))
    row["status"] = Status(row["status"])
    row["aliases"] = tuple(row["aliases"])
    row["relations"] = tuple(Relation(**r | {"articles": tuple(r["articles"])}) for r in row["relations"])
    return Document(**row), noted


def noted_paths(folder: Path) -> list[str]:
    """Source files of a generation, read from its documents alone; for repairing what is damaged otherwise.

    Raises:
        IndexDamagedError: this file is damaged too.
    """
    remedy = "不知道收录过哪些文件，请用 `wence index --rebuild 路径…` 给出全部文件重建"
    return _records(folder / "documents.jsonl", lambda row: str(row["noted"]["path"]), remedy)
