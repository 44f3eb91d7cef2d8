"""Files to a searchable index: incremental by content, built beside the old one, swapped in one step.

Vectors of passages whose text did not change are taken over from the current generation, so adding one
document embeds that document only.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from index.card import card_of, is_card
from index.catalog import load_catalog
from index.clause import Clause, Document
from index.encode import Encoder
from index.errors import (
    IndexDamagedError,
    IndexMissingError,
    IndexStampError,
    InputError,
    SearchError,
    StorageError,
    WenceError,
    cause,
)
from index.generation import (
    FORMAT,
    Stamp,
    clause_record,
    clear_leftovers,
    complete_generations,
    current_generation,
    index_home,
    latest_generation,
    make_current,
    new_generation,
    noted_paths,
    read_clauses,
    read_documents,
    read_stamp,
    write_records,
    write_stamp,
)
from index.lexical import LexicalIndex
from index.parse import PARSER_VERSION, parse_text
from index.passages import passages_of
from index.reading import find_files, read_text
from index.store import Vectors, VectorStore
from index.words import Tokenizer

Outcome = Literal["added", "updated", "unchanged", "removed", "rejected"]
COLLECTIONS = "collections.json"
"""Collections that this home may have on Chroma servers: [[URL, name], …], noted before each is made."""


class Progress(Protocol):
    """Shown while building; `tqdm` fits."""

    def update(self, n: int) -> object:
        """So many more passages are embedded."""


@dataclass(frozen=True, slots=True)
class Row:
    """What happened to one file."""

    file: str
    outcome: Outcome
    clauses: int = 0
    reason: str = ""


@dataclass(slots=True)
class Report:
    """What a build did."""

    rows: list[Row] = field(default_factory=list)
    documents: int = 0
    clauses: int = 0
    """Clauses of the documents; their cards are not counted."""
    passages: int = 0
    embedded: int = 0
    """Passages whose vectors were computed now; the rest were taken over."""

    def count(self, outcome: Outcome) -> int:
        """Files with an outcome."""
        return sum(r.outcome == outcome for r in self.rows)


@dataclass(slots=True)
class _Entry:
    """A document that will be in the next generation."""

    document: Document
    clauses: list[Clause]
    """The document's clauses, then its card."""
    noted: dict[str, Any]
    """Where it was read and what it was read from: path, and hashes of text and catalog entry."""


@dataclass(slots=True)
class _Old:
    """What the index holds already."""

    entries: dict[str, _Entry] = field(default_factory=dict)
    reread: list[Path] = field(default_factory=list)
    """Files that have to be read again before anything else: their clauses are of another parser, or lost."""
    store: VectorStore | None = None
    """Where vectors can be taken over from; None when all have to be computed."""
    passages: dict[str, str] = field(default_factory=dict)
    """Passage text → id in that store."""
    current: bool = False
    """Readers can open it as it is, so nothing has to be written when nothing changed."""


def build_index(
    home: Path,
    paths: Sequence[Path],
    encoder: Encoder,
    *,
    chroma_url: str = "",
    rebuild: bool = False,
    bar: Callable[[int, int, int], Progress] | None = None,
) -> Report:
    """Add or update documents.

    Args:
        home: WENCE_HOME; the index lives below it.
        paths: files, or folders that are searched for text files; a folder's catalog.toml is used. Documents
            read earlier from a folder given here whose file has been deleted leave the index.
        encoder: makes the vectors; its name and dimension go into the stamp.
        chroma_url: keep vectors on this Chroma server; "" keeps them in the generation's folder.
        rebuild: compute everything again. With paths the index then holds these only; without, every
            document of the index is read again from its file.
        bar: called with (documents, clauses, passages to embed), returns what shows progress.

    Returns:
        A report with one row a file. When nothing changed, no new generation is made.

    Raises:
        InputError: a path or catalog is unusable (single unreadable files are rejected in the report).
        IndexDamagedError: documents of the current index can neither be taken over nor read again.
        StorageError: the disk refuses; the current index is left as it was.
        SearchError: the Chroma server does not answer; the current index is left as it was.
    """
    from filelock import FileLock, Timeout

    try:
        index_home(home).mkdir(parents=True, exist_ok=True)
        lock = FileLock(str(index_home(home) / "build.lock"))
        lock.acquire(timeout=0.1)
    except Timeout:
        raise StorageError(f"另一个进程正在 {home} 建立索引；请等它结束后再试") from None
    except OSError as error:
        raise StorageError(f"无法写入 {home}（{cause(error)}）；请检查权限，或用 WENCE_HOME 换一个文件夹") from None
    with lock:
        return _build(home, paths, encoder, chroma_url, rebuild, bar)


def _build(
    home: Path, paths: Sequence[Path], encoder: Encoder, url: str, rebuild: bool, bar: Callable[..., Progress] | None
) -> Report:
    report = Report()
    clear_leftovers(home)
    old = _Old() if rebuild and paths else _old(home, encoder, url, rebuild)
    entries = old.entries
    for path in paths:
        if path.is_dir():
            report.rows += _remove_deleted(path, entries)
    for file in old.reread:
        row = _read(file, dict(_files(file))[file], entries)
        if row.outcome == "rejected":
            raise IndexDamagedError(f"索引里的文件要重新解析，但读不了：{row.reason}；请修好该文件后再试")
        report.rows.append(replace(row, outcome="updated"))
    again = {file.resolve() for file in old.reread}
    for path in paths:
        for file, catalog in _files(path):
            if file.resolve() not in again:
                report.rows.append(_read(file, catalog, entries))
                again.add(file.resolve())
    if not entries:
        reasons = "；".join(f"{r.file}：{r.reason or '文件已删除'}" for r in report.rows[:3])
        raise InputError(f"没有可以建立索引的文件（{reasons}）；原有索引未受影响")
    report.documents = len(entries)
    report.clauses = sum(not is_card(c) for e in entries.values() for c in e.clauses)
    if old.current and not any(report.count(o) for o in ("added", "updated", "removed")):
        return report
    try:
        with _cleaned(home) as folder:
            _write(home, folder, entries, old, encoder, url, report, bar)
            make_current(home, folder)
    finally:
        if old.store:
            old.store.close()
    if url:
        _drop_old_collections(url, home)
    return report


def _remove_deleted(folder: Path, entries: dict[str, _Entry]) -> list[Row]:
    """Take out documents that were read below `folder` and whose file is not there any more."""
    if not find_files(folder):
        return []
    below = folder.resolve()
    gone = [n for n, e in entries.items() if below in (p := Path(e.noted["path"])).parents and not p.is_file()]
    return [Row(entries.pop(name).noted["path"], "removed") for name in gone]


def _files(path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    catalogs: dict[Path, dict[str, dict[str, Any]]] = {}
    for file in find_files(path):
        folder = file.parent
        if folder not in catalogs:
            catalogs[folder] = load_catalog(folder)
        yield file, catalogs[folder].get(file.name, {})
    for folder, catalog in catalogs.items():
        absent = [name for name in catalog if not (folder / name).is_file()]
        if absent and path.is_dir():
            raise InputError(f'{folder / "catalog.toml"}：file = "{absent[0]}" 不在文件夹里；请改正文件名或删去这一段')


def _read(file: Path, catalog: dict[str, Any], entries: dict[str, _Entry]) -> Row:
    try:
        str(file).encode()
        text = read_text(file)
    except UnicodeEncodeError:
        return Row(str(file), "rejected", reason="文件名不是 UTF-8；请改名")
    except WenceError as error:
        return Row(str(file), "rejected", reason=str(error).removeprefix(str(file)).strip())
    content = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    noted = {
        "path": str(file.resolve()),
        "content": content,
        "catalog": hashlib.sha256(json.dumps(catalog, sort_keys=True, ensure_ascii=False).encode()).hexdigest(),
        "parser": PARSER_VERSION,
    }
    name = str(catalog.get("document_id") or file.stem)
    known = entries.get(name)
    if known and known.noted == noted:
        return Row(str(file), "unchanged", sum(not is_card(c) for c in known.clauses))
    elsewhere = known and known.noted["path"] != noted["path"] and Path(known.noted["path"]).is_file()
    if known and elsewhere and known.noted["content"] != content:
        reason = f"与已收录的 {known.noted['path']} 同名；请改名，或在 catalog.toml 写明不同的 document_id"
        return Row(str(file), "rejected", reason=reason)
    twins = [n for n, e in entries.items() if e.noted["content"] == content and e.noted["path"] != noted["path"]]
    for twin in twins:
        if Path(entries[twin].noted["path"]).is_file():
            return Row(str(file), "rejected", reason=f"内容与 {entries[twin].noted['path']} 完全相同")
        del entries[twin]  # the file was moved or renamed
    parsed = parse_text(text, file.name, catalog)
    if not parsed.clauses:
        return Row(str(file), "rejected", reason="没有读出任何条款；请用 `wence parse --coverage` 查看")
    entries[name] = _Entry(parsed.document, [*parsed.clauses, card_of(parsed.document)], noted)
    return Row(str(file), "updated" if known else "added", len(parsed.clauses))


def _old(home: Path, encoder: Encoder, url: str, rebuild: bool) -> _Old:
    """What can be taken over from the index there is; nothing of it is ever left out in silence."""
    folder = latest_generation(home)
    if folder is None:
        return _Old()
    try:
        stamp, documents, clauses = read_stamp(folder), read_documents(folder), read_clauses(folder)
    except (IndexDamagedError, IndexStampError):
        return _Old(reread=_files_again(folder, noted_paths(folder)))
    if rebuild or stamp.parser != PARSER_VERSION:
        return _Old(reread=_files_again(folder, [n["path"] for _, n in documents]))
    by_document: dict[str, list[Clause]] = {}
    for clause in clauses:
        by_document.setdefault(clause.document_id, []).append(clause)
    old = _Old({d.document_id: _Entry(d, by_document.get(d.document_id, []), noted) for d, noted in documents})
    if (stamp.model, stamp.dimension) != (encoder.name, encoder.dimension):
        return old
    try:
        old.store = VectorStore.open(folder / "vectors" if stamp.store == "folder" else stamp.store, stamp.collection)
        if old.store.count() != stamp.passages:
            old.store = None
    except (IndexMissingError, IndexDamagedError, SearchError, StorageError):
        return old
    old.passages = {p.text: p.passage_id for c in clauses for p in passages_of(c)}
    old.current = old.store is not None and stamp.store == (url or "folder") and _opens(home, folder)
    return old


def _opens(home: Path, folder: Path) -> bool:
    """Whether readers find this generation and can open what stands in it beside the vectors."""
    try:
        LexicalIndex.load(folder / "lexical")
        return current_generation(home) == folder
    except (IndexMissingError, IndexDamagedError):
        return False


def _files_again(folder: Path, paths: Sequence[str]) -> list[Path]:
    """Files of an index whose clauses cannot be taken over."""
    missing = [p for p in paths if not Path(p).is_file()]
    if missing:
        raise IndexDamagedError(
            f"索引 {folder.name} 要从原文件重新解析，但 {missing[0]} 已不在（共缺 {len(missing)} 份）；"
            "请放回后再试，或用 `wence index --rebuild 路径…` 只收录给出的文件"
        )
    return [Path(p) for p in paths]


def _write(
    home: Path,
    folder: Path,
    entries: dict[str, _Entry],
    old: _Old,
    encoder: Encoder,
    url: str,
    report: Report,
    bar: Callable[..., Progress] | None,
) -> None:
    clauses = [c for e in entries.values() for c in e.clauses]
    passages = [p for c in clauses for p in passages_of(c)]
    document_of = {c.clause_id: c.document_id for c in clauses}
    stamp = Stamp(
        FORMAT, PARSER_VERSION, encoder.name, encoder.dimension,
        collection=f"wence-{datetime.now(UTC):%Y%m%d%H%M%S%f}", store=url or "folder",
        built=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        documents=len(entries), clauses=len(clauses), passages=len(passages),
    )  # fmt: skip
    try:
        if url:
            _note_collections(home, [*_collections(home), (url, stamp.collection)])
        # Made before anything is embedded: a full disk or an absent server is known at once.
        labels = {"model": stamp.model, "dimension": str(stamp.dimension), "parser": stamp.parser}
        store = VectorStore.create(url or folder / "vectors", stamp.collection, labels)
        try:
            vectors = _vectors([p.text for p in passages], old, encoder, report, bar)
            store.add(
                [p.passage_id for p in passages],
                vectors,
                [p.clause_id for p in passages],
                [document_of[p.clause_id] for p in passages],
            )
        finally:
            store.close()
        store.seal()
        LexicalIndex.build(clauses, Tokenizer()).save(folder / "lexical")
        write_records(folder / "clauses.jsonl", (clause_record(c) for c in clauses))
        write_records(folder / "documents.jsonl", ({**asdict(e.document), "noted": e.noted} for e in entries.values()))
        write_stamp(folder, stamp)
    except OSError as error:
        raise StorageError(f"写入索引失败（{cause(error)}）；原有索引未受影响，请检查磁盘空间和权限") from error


def _vectors(
    texts: list[str], old: _Old, encoder: Encoder, report: Report, bar: Callable[..., Progress] | None
) -> Vectors:
    """Vectors of passages, [len(texts), dimension]: taken over where the text is known, computed where not."""
    known: dict[str, Any] = {}
    if old.store:
        try:
            known = old.store.vectors([old.passages[t] for t in texts if t in old.passages])
        except (IndexDamagedError, SearchError, StorageError):
            known = {}  # readable enough to be opened only; all are computed again
    vectors = np.zeros((len(texts), encoder.dimension), dtype=np.float32)
    fresh = []
    for i, text in enumerate(texts):
        vector = known.get(old.passages.get(text, ""))
        if vector is None:
            fresh.append(i)
        else:
            vectors[i] = vector
    report.passages, report.embedded = len(texts), len(fresh)
    progress = bar(report.documents, report.clauses, len(fresh)) if bar else None
    if fresh:
        vectors[fresh] = encoder.encode_passages(
            [texts[i] for i in fresh], progress=progress.update if progress else None
        )
    return vectors


@contextmanager
def _cleaned(home: Path) -> Iterator[Path]:
    """A new generation's folder, removed again when building it fails."""
    try:
        folder = new_generation(home)
    except OSError as error:
        raise StorageError(f"无法写入 {home}（{cause(error)}）；请检查磁盘空间和权限") from None
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _drop_old_collections(url: str, home: Path) -> None:
    """Remove this home's collections on the server that no generation on disk names.

    The new index is current already, so a failure here is left for the next build to make good.
    """
    stamps = [read_stamp(g) for g in complete_generations(home)]
    named = {(s.store, s.collection) for s in stamps}
    noted = _collections(home)
    try:
        store = VectorStore.open(url, read_stamp(current_generation(home)).collection)
        for place, name in noted:
            if place == url and (place, name) not in named:
                store.drop(name)
        store.close()
        _note_collections(home, [pair for pair in noted if pair[0] != url or pair in named])
    except (WenceError, OSError):
        return


def _collections(home: Path) -> list[tuple[str, str]]:
    try:
        rows = json.loads((index_home(home) / COLLECTIONS).read_text(encoding="utf-8"))
        return [(str(url), str(name)) for url, name in rows]
    except (OSError, ValueError, TypeError):
        return []


def _note_collections(home: Path, collections: Sequence[tuple[str, str]]) -> None:
    draft = index_home(home) / (COLLECTIONS + ".new")
    draft.write_text(json.dumps(collections), encoding="utf-8")
    draft.replace(index_home(home) / COLLECTIONS)
