"""What the index holds already, and what of it the next generation takes over; nothing is left out in silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from index.clause import Clause, Document
from index.contents import noted_paths, open_clauses, read_clauses, read_documents
from index.encode import Encoder
from index.errors import IndexDamagedError, IndexMissingError, IndexStampError, SearchError, StorageError
from index.generation import current_generation, latest_generation, read_stamp
from index.lexical import LexicalIndex
from index.nearest import NearestPassages
from index.parse import PARSER_VERSION
from index.passages import passages_of, words_of
from index.reading import is_there
from index.store import VectorStore, open_store


@dataclass(slots=True)
class Holding:
    """A document that will be in the next generation."""

    document: Document
    clauses: list[Clause]
    """The document's clauses, then its card."""
    noted: dict[str, Any]
    """Where it was read and what it was read from: path, and hashes of text and catalog entry."""


@dataclass(slots=True)
class Holdings:
    """What the index holds already."""

    entries: dict[str, Holding] = field(default_factory=dict)
    reread: list[Path] = field(default_factory=list)
    """Files that have to be read again before anything else: their clauses are of another parser, or lost."""
    store: VectorStore | None = None
    """Where vectors can be taken over from; None when all have to be computed."""
    passages: dict[str, list[str]] = field(default_factory=dict)
    """Texts of a clause's passages (`_key`) → their ids in that store."""
    current: bool = False
    """Readers can open it as it is, so nothing has to be written when nothing changed."""


def holdings_of(home: Path, encoder: Encoder, url: str, rebuild: bool) -> Holdings:
    """What can be taken over from the index there is; nothing of it is ever left out in silence."""
    folder = latest_generation(home)
    if folder is None:
        return Holdings()
    try:
        stamp, documents, clauses = read_stamp(folder), read_documents(folder), read_clauses(folder)
    except (IndexDamagedError, IndexStampError):
        return Holdings(reread=_files_again(folder, noted_paths(folder)))
    if rebuild or stamp.parser != PARSER_VERSION:
        return Holdings(reread=_files_again(folder, [n["path"] for _, n in documents]))
    by_document: dict[str, list[Clause]] = {}
    for clause in clauses:
        by_document.setdefault(clause.document_id, []).append(clause)
    old = Holdings({d.document_id: Holding(d, by_document.get(d.document_id, []), noted) for d, noted in documents})
    if (stamp.model, stamp.dimension) != (encoder.name, encoder.dimension):
        return old
    try:
        where = url if stamp.store == url else stamp.store  # the same place, and `url` has its token
        old.store = open_store(folder / "vectors" if where == "folder" else where, stamp.collection)
        if old.store.count() != stamp.passages:
            old.store = None
    except (IndexMissingError, IndexDamagedError, SearchError, StorageError):
        return old
    for clause in clauses:
        of = passages_of(clause)
        old.passages[words_of(of)] = [p.passage_id for p in of]
    old.current = old.store is not None and stamp.store == (url or "folder") and _opens(home, folder)
    return old


def _opens(home: Path, folder: Path) -> bool:
    """Whether readers find this generation and can open what stands in it beside the vectors."""
    try:
        LexicalIndex.load(folder / "lexical")
        found = open_clauses(folder)
        if (folder / "vectors").is_dir():
            NearestPassages.load(folder / "nearest", found.columns.ids)
        return current_generation(home) == folder
    except (IndexMissingError, IndexDamagedError):
        return False


def _files_again(folder: Path, paths: Sequence[str]) -> list[Path]:
    """Files of an index whose clauses cannot be taken over."""
    missing = [p for p in paths if not is_there(Path(p))]
    if missing:
        raise IndexDamagedError(
            f"索引 {folder.name} 要从原文件重新解析，但 {missing[0]} 已不在（共缺 {len(missing)} 份）；"
            "请放回后再试，或用 `wence index --rebuild 路径…` 只收录给出的文件"
        )
    return [Path(p) for p in paths]
