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
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from index.card import card_of
from index.catalog import load_catalog
from index.clause import Clause, Document
from index.encode import Encoder
from index.errors import IndexDamagedError, IndexMissingError, InputError, SearchError, StorageError, WenceError
from index.generation import (
    FORMAT,
    Stamp,
    clause_record,
    current_generation,
    index_home,
    make_current,
    new_generation,
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
from index.store import VectorStore
from index.words import Tokenizer

Outcome = Literal["added", "updated", "unchanged", "rejected"]
EMBED_CHUNK = 256
"""Passages between two progress reports to disk-bound steps; the encoder batches further by length."""


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
    noted: dict[str, Any]


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
        paths: files, or folders that are searched for text files; a folder's catalog.toml is used.
        encoder: makes the vectors; its name and dimension go into the stamp.
        chroma_url: keep vectors on this Chroma server; "" keeps them in the generation's folder.
        rebuild: forget the current index instead of extending it.
        bar: called with (documents, clauses, passages to embed), returns what shows progress.

    Returns:
        A report with one row a file. When nothing changed, no new generation is made.

    Raises:
        InputError: a path or catalog is unusable (single unreadable files are rejected in the report).
        StorageError: the disk refuses; the current index is left as it was.
    """
    from filelock import FileLock, Timeout

    try:
        index_home(home).mkdir(parents=True, exist_ok=True)
        lock = FileLock(str(index_home(home) / "build.lock"))
        lock.acquire(timeout=0.1)
    except Timeout:
        raise StorageError(f"另一个进程正在 {home} 建立索引；请等它结束后再试") from None
    except OSError as error:
        raise StorageError(f"无法写入 {home}（{error.strerror or error}）；请检查权限，或用 WENCE_HOME 换一个文件夹") from None
    with lock:
        return _build(home, paths, encoder, chroma_url, rebuild, bar)


def _build(
    home: Path, paths: Sequence[Path], encoder: Encoder, url: str, rebuild: bool, bar: Callable[..., Progress] | None
) -> Report:
    report = Report()
    old = None if rebuild else _old_entries(home, encoder, url)
    entries: dict[str, _Entry] = dict(old.entries) if old else {}
    for path in paths:
        for file, catalog in _files(path):
            report.rows.append(_read(file, catalog, entries))
    if not entries:
        reasons = "；".join(f"{r.file}：{r.reason}" for r in report.rows[:3])
        raise InputError(f"没有可以建立索引的文件（{reasons}）")
    report.documents = len(entries)
    if old and not report.count("added") and not report.count("updated"):
        report.clauses = sum(len(e.clauses) for e in entries.values())
        return report
    with _cleaned(home) as folder:
        _write(folder, entries, old, encoder, url, report, bar)
        make_current(home, folder)
    if url:
        _drop_old_collections(url, home)
    return report


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
            raise InputError(f"{folder / 'catalog.toml'}：file = \"{absent[0]}\" 不在文件夹里；请改正文件名或删去这一段")


def _read(file: Path, catalog: dict[str, Any], entries: dict[str, _Entry]) -> Row:
    try:
        text = read_text(file)
    except WenceError as error:
        return Row(str(file), "rejected", reason=str(error))
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
        return Row(str(file), "unchanged", len(known.clauses))
    if known and known.noted["path"] != noted["path"] and known.noted["content"] != content:
        reason = f"与已收录的 {known.noted['path']} 同名；请改名，或在 catalog.toml 写明不同的 document_id"
        return Row(str(file), "rejected", reason=reason)
    twin = next((e for n, e in entries.items() if n != name and e.noted["content"] == content), None)
    if twin:
        return Row(str(file), "rejected", reason=f"内容与 {twin.noted['path']} 完全相同")
    parsed = parse_text(text, file.name, catalog)
    if not parsed.clauses:
        return Row(str(file), "rejected", reason="没有读出任何条款；请用 `wence parse --coverage` 查看")
    entries[name] = _Entry(parsed.document, [*parsed.clauses, card_of(parsed.document)], noted)
    return Row(str(file), "updated" if known else "added", len(parsed.clauses))


@dataclass(slots=True)
class _Old:
    entries: dict[str, _Entry]
    store: VectorStore
    passages: dict[str, str]
    """Passage text → id in the old store."""


def _old_entries(home: Path, encoder: Encoder, url: str) -> _Old | None:
    """What the current generation holds, or None when it cannot be extended."""
    try:
        folder = current_generation(home)
        stamp = read_stamp(folder)
        if (stamp.format, stamp.model, stamp.parser) != (FORMAT, encoder.name, PARSER_VERSION):
            return _reparse_only(folder)
        clauses = read_clauses(folder)
        store = VectorStore.open(url or folder / "vectors", stamp.collection)
    except (IndexMissingError, IndexDamagedError, SearchError):
        return None
    by_document: dict[str, list[Clause]] = {}
    for clause in clauses:
        by_document.setdefault(clause.document_id, []).append(clause)
    entries = {
        d.document_id: _Entry(d, by_document.get(d.document_id, []), noted) for d, noted in read_documents(folder)
    }
    passages = {p.text: p.passage_id for c in clauses for p in passages_of(c)}
    return _Old(entries, store, passages)


def _reparse_only(folder: Path) -> None:
    """Another model or parser built the index: documents have to be read again from their files."""
    missing = [n["path"] for _, n in read_documents(folder) if not Path(n["path"]).is_file()]
    if missing:
        raise IndexDamagedError(
            f"索引由另一个模型或解析器版本建立，而原文件 {missing[0]} 已不在；请放回该文件后运行 `wence index --rebuild 文件夹`"
        )


def _write(
    folder: Path,
    entries: dict[str, _Entry],
    old: _Old | None,
    encoder: Encoder,
    url: str,
    report: Report,
    bar: Callable[..., Progress] | None,
) -> None:
    clauses = [c for e in entries.values() for c in e.clauses]
    passages = [(p, c.document_id) for c in clauses for p in passages_of(c)]
    kept = old.store.vectors([old.passages[p.text] for p, _ in passages if p.text in old.passages]) if old else {}
    vectors = np.zeros((len(passages), encoder.dimension), dtype=np.float32)
    fresh = []
    for i, (passage, _) in enumerate(passages):
        known = kept.get(old.passages.get(passage.text, "")) if old else None
        if known is None:
            fresh.append(i)
        else:
            vectors[i] = known
    report.clauses, report.passages, report.embedded = len(clauses) - len(entries), len(passages), len(fresh)
    progress = bar(len(entries), report.clauses, len(fresh)) if bar else None
    if fresh:
        update = progress.update if progress else None
        vectors[fresh] = encoder.encode_passages([passages[i][0].text for i in fresh], progress=update)
    stamp = Stamp(
        FORMAT, PARSER_VERSION, encoder.name, encoder.dimension,
        collection=f"wence-{datetime.now(UTC):%Y%m%d%H%M%S%f}", store=url or "folder",
        built=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    )  # fmt: skip
    try:
        store = VectorStore.create(
            url or folder / "vectors", stamp.collection, {"model": stamp.model, "parser": stamp.parser}
        )
        store.add(
            [p.passage_id for p, _ in passages], vectors, [p.clause_id for p, _ in passages], [d for _, d in passages]
        )
        store.close()
        LexicalIndex.build(clauses, Tokenizer()).save(folder / "lexical")
        write_records(folder / "clauses.jsonl", (clause_record(c) for c in clauses))
        write_records(folder / "documents.jsonl", ({**asdict(e.document), "noted": e.noted} for e in entries.values()))
        write_stamp(folder, stamp)
    except OSError as error:
        raise StorageError(f"写入索引失败（{error.strerror or error}）；原有索引未受影响，请检查磁盘空间") from error


@contextmanager
def _cleaned(home: Path) -> Iterator[Path]:
    """A new generation's folder, removed again when building it fails."""
    try:
        folder = new_generation(home)
    except OSError as error:
        raise StorageError(f"无法写入 {home}（{error.strerror or error}）；请检查磁盘空间和权限") from None
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _drop_old_collections(url: str, home: Path) -> None:
    """Remove this home's collections on the server that no generation kept on disk names."""
    named = {read_stamp(g).collection for g in index_home(home).glob("g-*") if (g / "stamp.json").is_file()}
    path = index_home(home) / "collections.json"
    ours = set(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else set()
    store = VectorStore.open(url, read_stamp(current_generation(home)).collection)
    for name in ours - named:
        store.drop(name)
    path.write_text(json.dumps(sorted(named)), encoding="utf-8")
    store.close()
