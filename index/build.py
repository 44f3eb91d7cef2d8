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

from index.card import card_of, is_card, renew_cards
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
    clear_leftovers,
    complete_generations,
    current_generation,
    index_home,
    latest_generation,
    make_current,
    new_generation,
    noted_paths,
    open_clauses,
    read_clauses,
    read_documents,
    read_stamp,
    write_clauses,
    write_records,
    write_stamp,
)
from index.lexical import LexicalIndex
from index.nearest import NearestPassages
from index.parse import PARSER_VERSION, parse_reading
from index.passages import Passage, passages_of
from index.reading import catalog_place, find_files, is_there, read_file
from index.readings import Readings
from index.store import Entry, Vectors, VectorStore, create_store, open_store
from index.unfinished import Unfinished, discard, unfinished
from index.words import Tokenizer

Outcome = Literal["added", "updated", "unchanged", "removed", "rejected"]
AT_ONCE = 256
"""Clauses embedded before their vectors are kept: 2 s of work on two cores, the most that a kill costs. Of like length,
they take no longer than all at once (900 articles: 24.8 and 26.6 s of a core)."""
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
    doubts: int = 0
    """Places where a recognised character is so unsure that a person should compare it with the picture."""
    before: tuple[Clause, ...] = ()
    """Clauses that an updated document had, so that what changed can be told; () where they are not known."""
    after: tuple[Clause, ...] = ()


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
    resumed: int = 0
    """Passages whose vectors an interrupted build had computed."""

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
    passages: dict[str, list[str]] = field(default_factory=dict)
    """Texts of a clause's passages (`_key`) → their ids in that store."""
    current: bool = False
    """Readers can open it as it is, so nothing has to be written when nothing changed."""


def build_index(
    home: Path,
    paths: Sequence[Path],
    encoder: Encoder,
    *,
    place: str = "",
    rebuild: bool = False,
    without: Sequence[Path] = (),
    wanted: Callable[[Path], bool] | None = None,
    readings: Readings | None = None,
    bar: Callable[[int, int, int], Progress] | None = None,
) -> Report:
    """Add or update documents.

    Args:
        home: WENCE_HOME; the index lives below it.
        paths: files, or folders that are searched for text files; a folder's catalog.toml is used. Documents
            read earlier from a folder given here whose file has been deleted leave the index.
        encoder: makes the vectors; its name and dimension go into the stamp.
        place: keep vectors on this server or in this Milvus file (`index.store`); "" keeps them in the generation's
            folder.
        rebuild: compute everything again. With paths the index then holds these only; without, every
            document of the index is read again from its file.
        without: files whose documents leave the index in the same step, there or not; when one of `paths` is
            rejected, they stay and nothing is written.
        wanted: of the files at `paths`, only these are looked at (`index.changes`); the others stay as the index has
            them, there or not. None looks at all.
        readings: reads the files, where somebody has read them before; None reads them anew.
        bar: called with (documents, clauses, passages to embed), returns what shows progress.

    Returns:
        A report with one row a file. When nothing changed, no new generation is made.

    Raises:
        InputError: a path or catalog is unusable (single unreadable files are rejected in the report).
        IndexDamagedError: documents of the current index can neither be taken over nor read again.
        StorageError: the disk refuses; the current index is left as it was.
        SearchError: the Chroma server does not answer; the current index is left as it was.
    """
    with locked(home):
        keeper = readings or Readings(home)
        return _build(home, paths, encoder, place, rebuild, without, wanted or (lambda _: True), keeper, bar)


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Nobody else writes an index of this home meanwhile.

    Raises:
        StorageError: somebody does, or nothing can be written here.
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
        yield


def _build(
    home: Path, paths: Sequence[Path], encoder: Encoder, url: str, rebuild: bool, without: Sequence[Path],
    wanted: Callable[[Path], bool], readings: Readings, bar: Callable[..., Progress] | None,
) -> Report:  # fmt: skip
    report = Report()
    clear_leftovers(home)
    old = _Old() if rebuild and paths else _old(home, encoder, url, rebuild)
    entries = old.entries
    leaving = {str(path.resolve()) for path in without}
    for name in [name for name, entry in entries.items() if entry.noted["path"] in leaving]:
        report.rows.append(Row(entries.pop(name).noted["path"], "removed"))
    old.reread = [file for file in old.reread if str(file) not in leaving]
    for path in paths:
        if path.is_dir():
            report.rows += _remove_deleted(path, entries, wanted)
    for file in old.reread:
        row = _read(file, dict(_files(file))[file], entries, readings)
        if row.outcome == "rejected":
            raise IndexDamagedError(f"索引里的文件要重新解析，但读不了：{row.reason}；请修好该文件后再试")
        report.rows.append(replace(row, outcome="updated"))
    again = {file.resolve() for file in old.reread}
    for path in paths:
        for file, catalog in _files(path):
            if file.resolve() not in again and wanted(file):
                report.rows.append(_read(file, catalog, entries, readings))
                again.add(file.resolve())
    refused = [row.reason for row in report.rows if row.outcome == "rejected"]
    if without and refused:
        raise InputError(f"{refused[0]}；原有索引未受影响")
    if not entries:
        reasons = "；".join(f"{r.file}：{r.reason or '文件已删除'}" for r in report.rows[:3])
        raise InputError(f"没有可以建立索引的文件（{reasons}）；原有索引未受影响")
    renew_cards([(e.document, e.clauses) for e in entries.values()])
    report.documents = len(entries)
    report.clauses = sum(not is_card(c) for e in entries.values() for c in e.clauses)
    if old.current and not any(report.count(o) for o in ("added", "updated", "removed")):
        discard(home)
        readings.discard()
        return report
    try:
        with unfinished(home, encoder) as begun, cleaned(home) as folder:
            _write(home, folder, entries, old, encoder, url, begun, report, bar)
            make_current(home, folder)
        readings.discard()
    finally:
        if old.store:
            old.store.close()
    if url:
        drop_old_collections(url, home)
    return report


def _remove_deleted(folder: Path, entries: dict[str, _Entry], wanted: Callable[[Path], bool]) -> list[Row]:
    """Take out documents that were read below `folder` and whose file is not there any more."""
    if not find_files(folder):
        return []
    below = folder.resolve()
    gone = [
        n for n, e in entries.items() if below in (p := Path(e.noted["path"])).parents and wanted(p) and not is_there(p)
    ]
    return [Row(entries.pop(name).noted["path"], "removed") for name in gone]


def _files(path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    catalogs: dict[Path, dict[str, dict[str, Any]]] = {}
    for file in find_files(path):
        folder, name = catalog_place(file)
        if folder not in catalogs:
            catalogs[folder] = load_catalog(folder)
        yield file, catalogs[folder].get(name, {})
    for folder, catalog in catalogs.items():
        absent = [name for name in catalog if not is_there(folder / name)]
        if absent and path.is_dir():
            raise InputError(f'{folder / "catalog.toml"}：file = "{absent[0]}" 不在文件夹里；请改正文件名或删去这一段')


def _read(file: Path, catalog: dict[str, Any], entries: dict[str, _Entry], readings: Readings) -> Row:
    try:
        str(file).encode()
        data = read_file(file)
        noted = {
            "path": str(file.resolve()),
            "bytes": hashlib.sha256(data).hexdigest(),
            "catalog": hashlib.sha256(json.dumps(catalog, sort_keys=True, ensure_ascii=False).encode()).hexdigest(),
            "parser": PARSER_VERSION,
        }
        name = str(catalog.get("document_id") or file.stem)
        known = entries.get(name)
        if known and {key: known.noted.get(key) for key in noted} == noted:  # a scan takes seconds a page to read
            return Row(str(file), "unchanged", sum(not is_card(c) for c in known.clauses))
        reading = readings.read(data, file)
    except UnicodeEncodeError:
        return Row(str(file), "rejected", reason="文件名不是 UTF-8；请改名")
    except WenceError as error:
        return Row(str(file), "rejected", reason=str(error).removeprefix(str(file)).strip())
    content = hashlib.sha256(reading.text.encode("utf-8", "surrogatepass")).hexdigest()
    noted["content"] = content
    elsewhere = known and known.noted["path"] != noted["path"] and is_there(Path(known.noted["path"]))
    if known and elsewhere and known.noted["content"] != content:
        reason = f"与已收录的 {known.noted['path']} 同名；请改名，或在 catalog.toml 写明不同的 document_id"
        return Row(str(file), "rejected", reason=reason)
    twins = [n for n, e in entries.items() if e.noted["content"] == content and e.noted["path"] != noted["path"]]
    for twin in twins:
        if is_there(Path(entries[twin].noted["path"])):
            return Row(str(file), "rejected", reason=f"内容与 {entries[twin].noted['path']} 完全相同")
        del entries[twin]  # the file was moved or renamed
    parsed = parse_reading(reading, catalog_place(file)[1], catalog)
    if not parsed.clauses:
        return Row(str(file), "rejected", reason="没有读出任何条款；请用 `wence parse --coverage` 查看")
    entries[name] = _Entry(parsed.document, [*parsed.clauses, card_of(parsed.document)], noted)
    low = len(parsed.receipt.low)
    before, after = (tuple(known.clauses), parsed.clauses) if known else ((), ())
    return Row(str(file), "updated" if known else "added", len(parsed.clauses), "", low, before, after)


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
        where = url if stamp.store == url else stamp.store  # the same place, and `url` has its token
        old.store = open_store(folder / "vectors" if where == "folder" else where, stamp.collection)
        if old.store.count() != stamp.passages:
            old.store = None
    except (IndexMissingError, IndexDamagedError, SearchError, StorageError):
        return old
    for clause in clauses:
        of = passages_of(clause)
        old.passages[_key(of)] = [p.passage_id for p in of]
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


def _write(
    home: Path,
    folder: Path,
    entries: dict[str, _Entry],
    old: _Old,
    encoder: Encoder,
    url: str,
    begun: Unfinished,
    report: Report,
    bar: Callable[..., Progress] | None,
) -> None:
    clauses = [c for e in entries.values() for c in e.clauses]
    passages = [passages_of(c) for c in clauses]
    stamp = Stamp(
        FORMAT, PARSER_VERSION, encoder.name, encoder.dimension,
        collection=f"wence-{datetime.now(UTC):%Y%m%d%H%M%S%f}", store=url or "folder",
        built=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        documents=len(entries), clauses=len(clauses), passages=sum(map(len, passages)),
    )  # fmt: skip
    try:
        if url:
            note_collections(home, [*noted_collections(home), (url, stamp.collection)])
        # Made before anything is embedded: a full disk or an absent server is known at once.
        labels = {"model": stamp.model, "dimension": str(stamp.dimension), "parser": stamp.parser}
        store = create_store(url or folder / "vectors", stamp.collection, labels, stamp.dimension)
        try:
            vectors = _vectors(passages, old, encoder, begun, report, bar)
            pairs = ((c, p) for c, of in zip(clauses, passages, strict=True) for p in of)
            store.add(
                [Entry(p.passage_id, c.clause_id, c.document_id, c.region, str(c.status), p.text) for c, p in pairs],
                vectors,
            )
        finally:
            store.close()
        store.seal()
        LexicalIndex.build(clauses, Tokenizer()).save(folder / "lexical")
        if not url:
            owners = np.repeat(np.arange(len(clauses), dtype=np.int32), [len(of) for of in passages])
            NearestPassages(vectors, owners, [c.clause_id for c in clauses]).save(folder / "nearest")
        write_clauses(folder, clauses, [e.document for e in entries.values()])
        write_records(folder / "documents.jsonl", ({**asdict(e.document), "noted": e.noted} for e in entries.values()))
        write_stamp(folder, stamp)
    except OSError as error:
        raise StorageError(f"写入索引失败（{cause(error)}）；原有索引未受影响，请检查磁盘空间和权限") from error


def _key(passages: Sequence[Passage]) -> str:
    """What the vectors of a clause depend on: a piece's vector is read from the whole."""
    return "\x1f".join(p.text for p in passages)


def _vectors(
    passages: Sequence[Sequence[Passage]],
    old: _Old,
    encoder: Encoder,
    begun: Unfinished,
    report: Report,
    bar: Callable[..., Progress] | None,
) -> Vectors:
    """Vectors of the clauses' passages, [all passages, dimension].

    Taken over where the index, or a build that was interrupted, holds a clause of the same words; computed once for
    all clauses of the same words.
    """
    keys = [_key(of) for of in passages]
    known: dict[str, Vectors] = {}
    if old.store:
        taken = {key: old.passages[key] for key in keys if key in old.passages}
        try:
            found = old.store.vectors([i for ids in taken.values() for i in ids])
        except (IndexDamagedError, SearchError, StorageError):
            found = {}  # readable enough to be opened only; all are computed again
        known = {key: np.stack([found[i] for i in ids]) for key, ids in taken.items() if all(i in found for i in ids)}
    fresh = {key: of for key, of in zip(keys, passages, strict=True) if key not in known}
    resumed = begun.take((key, len(of)) for key, of in fresh.items())
    known |= resumed
    # Clauses of like length together: the encoder reads those of one length at a time.
    order = sorted((key for key in fresh if key not in resumed), key=len)
    report.passages, report.embedded = sum(map(len, passages)), sum(len(fresh[key]) for key in order)
    report.resumed = sum(map(len, resumed.values()))
    progress = bar(report.documents, report.clauses, report.embedded) if bar else None
    for start in range(0, len(order), AT_ONCE):
        part = order[start : start + AT_ONCE]
        sizes = [len(fresh[key]) for key in part]
        computed = encoder.encode_clauses([fresh[k] for k in part], progress=progress.update if progress else None)
        found = dict(zip(part, np.split(computed, np.cumsum(sizes)[:-1]), strict=True))
        begun.keep(found)
        known |= found
    return np.concatenate([known[key] for key in keys]) if keys else np.zeros((0, encoder.dimension), np.float32)


@contextmanager
def cleaned(home: Path) -> Iterator[Path]:
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


def drop_old_collections(url: str, home: Path) -> None:
    """Remove this home's collections on the server that no generation on disk names.

    The new index is current already, so a failure here is left for the next build to make good.
    """
    stamps = [read_stamp(g) for g in complete_generations(home)]
    named = {(s.store, s.collection) for s in stamps}
    noted = noted_collections(home)
    try:
        store = open_store(url, read_stamp(current_generation(home)).collection)
        for place, name in noted:
            if place == url and (place, name) not in named:
                store.drop(name)
        store.close()
        note_collections(home, [pair for pair in noted if pair[0] != url or pair in named])
    except (WenceError, OSError):
        return


def noted_collections(home: Path) -> list[tuple[str, str]]:
    """(place, name) of every collection that this home may have outside its own folder."""
    try:
        rows = json.loads((index_home(home) / COLLECTIONS).read_text(encoding="utf-8"))
        return [(str(url), str(name)) for url, name in rows]
    except (OSError, ValueError, TypeError):
        return []


def note_collections(home: Path, collections: Sequence[tuple[str, str]]) -> None:
    """Keep that list; a collection is noted before it is made, so that none is ever forgotten."""
    draft = index_home(home) / (COLLECTIONS + ".new")
    draft.write_text(json.dumps(collections), encoding="utf-8")
    draft.replace(index_home(home) / COLLECTIONS)
