"""An index moved to another store: clauses and words are taken as they are, vectors are carried over, none is computed.

The copy is a generation of its own that becomes current in one step, so readers of the old store go on until they
have taken it on, and a copy that fails leaves everything as it was.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from index.contents import open_clauses
from index.errors import IndexDamagedError, InputError, StorageError, cause
from index.generation import Stamp, current_generation, locked, make_current, read_stamp, write_stamp, written_anew
from index.nearest import NearestPassages
from index.passages import passages_of
from index.server_collections import drop_old_collections, note_collections, noted_collections
from index.store import Entry, VectorStore, create_store, open_store

FOLDER = "folder"
"""The store in the index's own folder, as a stamp spells it."""
_TAKEN = ("clauses.jsonl", "clauses.starts.npy", "forms.jsonl", "forms.starts.npy", "columns.npz", "ids.txt")
_BATCH = 512
"""Clauses carried over at a time: 4 MB of vectors."""


def copy_index(
    home: Path, source: str, target: str, progress: Callable[[int, int], Callable[[int], object]] | None = None
) -> Stamp:
    """Copy the current index of `home` from one store to another and make the copy current.

    Args:
        home: WENCE_HOME.
        source: where its passages are, "folder" or a place (`index.store`).
        target: where they go.
        progress: called with (clauses, passages), returns what is told how many more passages are there.

    Returns:
        The stamp of the copy.

    Raises:
        InputError: the index is not in `source`, or `target` is the same.
        IndexDamagedError: the store does not hold all passages of the index.
        StorageError: the disk refuses. SearchError: a server does not answer.
    """
    with locked(home):
        folder = current_generation(home)
        stamp = read_stamp(folder)
        if stamp.store != source:
            raise InputError(
                f"当前索引在 {stamp.store}，不在 {source}；请写成 `wence store copy {stamp.store} {target}`"
            )
        if target == source:
            raise InputError(f"索引已经在 {target}；没有要复制的")
        made = replace(stamp, collection=f"wence-{datetime.now(UTC):%Y%m%d%H%M%S%f}", store=target)
        old = open_store(folder / "vectors" if source == FOLDER else source, stamp.collection)
        try:
            with written_anew(home) as new:
                _copy(home, folder, new, old, made, progress)
                make_current(home, new)
        except OSError as error:
            raise StorageError(f"写入索引失败（{cause(error)}）；原有索引未受影响，请检查磁盘空间和权限") from error
        finally:
            old.close()
        for place in {source, target} - {FOLDER}:
            drop_old_collections(place, home)
    return made


def _copy(
    home: Path,
    folder: Path,
    new: Path,
    old: VectorStore,
    made: Stamp,
    progress: Callable[[int, int], Callable[[int], object]] | None,
) -> None:
    labels = {"model": made.model, "dimension": str(made.dimension), "parser": made.parser}
    if made.store != FOLDER:
        note_collections(home, [*noted_collections(home), (made.store, made.collection)])
    store = create_store(
        new / "vectors" if made.store == FOLDER else made.store, made.collection, labels, made.dimension
    )
    opened = open_clauses(folder)
    clauses = opened.clauses
    told = progress(len(clauses), made.passages) if progress else None
    kept: list[np.ndarray] = []
    sizes: list[int] = []
    try:
        for start in range(0, len(clauses), _BATCH):
            pairs = [(c, p) for c in clauses[start : start + _BATCH] for p in passages_of(c)]
            sizes += [len(passages_of(c)) for c in clauses[start : start + _BATCH]]
            found = old.vectors([p.passage_id for _, p in pairs])
            if missing := [p.passage_id for _, p in pairs if p.passage_id not in found]:
                raise IndexDamagedError(f"原向量库缺 {len(missing)} 段（如 {missing[0]}）；请先运行 `wence index` 补齐")
            vectors = np.stack([found[p.passage_id] for _, p in pairs])
            store.add(
                [Entry(p.passage_id, c.clause_id, c.document_id, c.region, str(c.status), p.text) for c, p in pairs],
                vectors,
                told,
            )
            if made.store == FOLDER:
                kept.append(vectors)
        store.seal()
    finally:
        store.close()
    for name in (*_TAKEN, "documents.jsonl"):
        shutil.copyfile(folder / name, new / name)
    shutil.copytree(folder / "lexical", new / "lexical")
    if made.store == FOLDER:
        owners = np.repeat(np.arange(len(clauses), dtype=np.int32), sizes)
        NearestPassages(np.concatenate(kept), owners, opened.columns.ids).save(new / "nearest")
    write_stamp(new, made)
