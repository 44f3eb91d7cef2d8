"""What stands in a generation: its clauses with their forms and columns, and its documents."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from index.card import is_card
from index.clause import Amendment, Clause, Department, Document, Footnote, Relation, Source, Status
from index.errors import IndexDamagedError, cause
from index.forms import Form, form_from, form_of
from index.generation import REBUILD, read_stamp
from index.record_file import RecordFile, write_record_file

T = TypeVar("T")


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
    """A clause as it is kept on disk, without offsets and without what others did to it."""
    record = asdict(clause)
    record.pop("offsets")
    record.pop("changes")
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
    # An index of before clauses had a standing of their own is read as it is; it has to be rebuilt to learn of them.
    row["relations"] = tuple(Relation(**{k: v for k, v in r.items() if k != "articles"}) for r in row["relations"])
    row["amendments"] = tuple(Amendment(**a) for a in row.get("amendments", ()))
    return Document(**row), noted


def noted_paths(folder: Path) -> list[str]:
    """Source files of a generation, read from its documents alone; for repairing what is damaged otherwise.

    Raises:
        IndexDamagedError: this file is damaged too.
    """
    remedy = "不知道收录过哪些文件，请用 `wence index --rebuild 路径…` 给出全部文件重建"
    return _records(folder / "documents.jsonl", lambda row: str(row["noted"]["path"]), remedy)
