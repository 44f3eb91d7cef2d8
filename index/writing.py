"""One generation written: vectors taken over or computed, the words, the clauses, and last the stamp."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import numpy as np

from index.contents import write_clauses, write_records
from index.encode import Encoder
from index.errors import IndexDamagedError, SearchError, StorageError, cause
from index.generation import FORMAT, Stamp, write_stamp
from index.holdings import Holding, Holdings
from index.lexical import LexicalIndex
from index.nearest import NearestPassages
from index.parse import PARSER_VERSION
from index.passages import Passage, passages_of, words_of
from index.report import Report
from index.server_collections import note_collections, noted_collections
from index.store import Entry, Vectors, create_store
from index.unfinished import Unfinished
from index.words import Tokenizer

AT_ONCE = 256
"""Clauses embedded before their vectors are kept: 2 s of work on two cores, the most that a kill costs. Of like length,
they take no longer than all at once (900 articles: 24.8 and 26.6 s of a core)."""


class Progress(Protocol):
    """Shown while building; `tqdm` fits."""

    def update(self, n: int) -> object:
        """So many more passages are embedded."""


def write_generation(
    home: Path,
    folder: Path,
    entries: dict[str, Holding],
    old: Holdings,
    encoder: Encoder,
    url: str,
    begun: Unfinished,
    report: Report,
    bar: Callable[..., Progress] | None,
) -> None:
    """Write all of a generation into `folder`, the stamp last.

    Raises:
        StorageError: the disk refuses. SearchError: a server does not answer.
    """
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


def _vectors(
    passages: Sequence[Sequence[Passage]],
    old: Holdings,
    encoder: Encoder,
    begun: Unfinished,
    report: Report,
    bar: Callable[..., Progress] | None,
) -> Vectors:
    """Vectors of the clauses' passages, [all passages, dimension].

    Taken over where the index, or a build that was interrupted, holds a clause of the same words; computed once for
    all clauses of the same words.
    """
    keys = [words_of(of) for of in passages]
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
