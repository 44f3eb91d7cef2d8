"""The only file that touches chromadb: passages' vectors, in a folder or on a Chroma server.

A collection bears its stamp; opening never creates. Search over an index on this machine does not ask Chroma but
`index.nearest`, because a filtered query costs 500 ms at 100,000 vectors where an unfiltered one costs 6 ms
(Chroma 1.5.9).
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from index.errors import IndexDamagedError, IndexMissingError, SearchError, StorageError, WenceError, cause
from index.place import token_of
from index.store import Entry, Hit, Scope, Vectors

_DATABASE = "chroma.sqlite3"
_SQLITE = b"SQLite format 3\0"
_REFUSED = r"disk is full|disk i/o|no space|readonly|read-only|unable to open"
"""Words by which SQLite and Chroma's Rust side say that the machine refuses."""
ADD_BATCH = 1000
"""Rows a call; Chroma's SQLite takes at most 5,461 rows of this shape at once."""
_SIZES = "sizes.json"
"""Sizes of the files of the graph, by path below the folder."""


class ChromaStore:
    """One collection of passage vectors."""

    def __init__(
        self, collection: Any, client: Any, place: str | Path, copy: TemporaryDirectory[str] | None = None
    ) -> None:
        self._collection = collection
        self._client = client
        self._place = place
        self._copy = copy
        """Holds what is searched when the folder itself cannot be written; removed on closing."""

    @classmethod
    def create(cls, place: str | Path, name: str, stamp: dict[str, str]) -> ChromaStore:
        """A new empty collection; one of the same name is replaced.

        Args:
            place: a folder, or `http://host:port` of a Chroma server.
            name: 3 to 512 characters of letters, digits, `.`, `_`, `-`.
            stamp: kept with the collection and checked by whoever opens it.
        """
        client = _client(place)
        try:
            if name in [c.name for c in client.list_collections()]:
                client.delete_collection(name)
            collection = client.create_collection(
                name,
                metadata=stamp,
                embedding_function=None,
                configuration={"hnsw": {"space": "cosine", "ef_construction": 200, "ef_search": 200}},
            )
        except Exception as error:
            raise _wrapped(error, place) from error
        return cls(collection, client, place)

    @classmethod
    def open(cls, place: str | Path, name: str) -> ChromaStore:
        """An existing collection.

        Raises:
            IndexMissingError: there is none of that name.
            IndexDamagedError: the folder is not what was written.
            SearchError: the server does not answer.
        """
        if isinstance(place, Path) and not (place / _DATABASE).is_file():
            # Chroma would make a new, empty one here.
            raise IndexMissingError(f"向量库 {place} 不存在；请运行 `wence index` 重建")
        if isinstance(place, Path):
            _check_whole(place)
        try:
            return cls._opened(place, name)
        except StorageError as error:
            if not isinstance(place, Path):
                raise
            # Chroma writes even to read; on a full disk or a read-only one a copy elsewhere is searched.
            try:
                copy = TemporaryDirectory(prefix="wence-vectors-", ignore_cleanup_errors=True)
                shutil.copytree(place, copy.name, dirs_exist_ok=True)
                return cls._opened(Path(copy.name), name, copy)
            except (OSError, WenceError):
                raise error from None

    @classmethod
    def _opened(cls, place: str | Path, name: str, copy: TemporaryDirectory[str] | None = None) -> ChromaStore:
        client = _client(place)
        try:
            if name not in [c.name for c in client.list_collections()]:
                raise IndexMissingError(f"向量库 {place} 里没有集合 {name}；请运行 `wence index` 重建")
            return cls(client.get_collection(name, embedding_function=None), client, place, copy)
        except Exception as error:
            raise _wrapped(error, place) from error

    @property
    def stamp(self) -> dict[str, str]:
        """What the collection was created with."""
        return dict(self._collection.metadata or {})

    def count(self) -> int:
        """Number of passages."""
        try:
            return int(self._collection.count())
        except Exception as error:
            raise _wrapped(error, self._place) from error

    def add(self, entries: Sequence[Entry], vectors: Vectors, progress: Callable[[int], object] | None = None) -> None:
        """Add passages; `vectors` is [len(entries), dimension]."""
        for start in range(0, len(entries), ADD_BATCH):
            part = entries[start : start + ADD_BATCH]
            rows = [
                {"clause_id": e.clause_id, "document_id": e.document_id, "region": e.region, "status": e.status}
                for e in part
            ]
            try:
                self._collection.add(
                    ids=[e.passage_id for e in part], embeddings=vectors[start : start + ADD_BATCH], metadatas=rows
                )
            except Exception as error:
                raise _wrapped(error, self._place) from error
            if progress:
                progress(len(part))

    def vectors(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """Stored vectors by passage id; ids that are not there are left out."""
        wanted = list(dict.fromkeys(ids))
        found: dict[str, Vectors] = {}
        for start in range(0, len(wanted), ADD_BATCH):
            try:
                got = self._collection.get(ids=wanted[start : start + ADD_BATCH], include=["embeddings"])
            except Exception as error:
                raise _wrapped(error, self._place) from error
            found.update(zip(got["ids"], np.asarray(got["embeddings"], dtype=np.float32), strict=True))
        return found

    def query(self, vectors: Vectors, top: int, scope: Scope | None = None) -> list[list[Hit]]:
        """Nearest passages of each question, best first; see `PassageStore`.

        Raises:
            SearchError: the store failed.
        """
        if not len(vectors):
            return []
        try:
            found = self._collection.query(
                query_embeddings=vectors, n_results=max(1, top), where=_where(scope), include=["distances", "metadatas"]
            )
        except Exception as error:
            raise SearchError(f"向量库 {self._place} 没有回答（{cause(error)}）；请运行 `wence check`") from error
        return [
            [Hit(i, str(m["clause_id"]), 1.0 - float(d)) for i, m, d in zip(*columns, strict=True)]
            for columns in zip(found["ids"], found["metadatas"], found["distances"], strict=True)
        ]

    def drop(self, name: str) -> None:
        """Delete a collection of this store, if it is there."""
        try:
            if name in self.names():
                self._client.delete_collection(name)
        except Exception as error:
            raise _wrapped(error, self._place) from error

    def names(self) -> list[str]:
        """Collections of this store."""
        return [c.name for c in self._client.list_collections()]

    def close(self) -> None:
        """Release files and threads; once is enough, twice does no harm."""
        client, self._client = self._client, None
        if client:
            client.close()
        if self._copy:
            self._copy.cleanup()

    def seal(self) -> None:
        """Close a store that was filled, and note what its files must be for it to be opened again."""
        self.close()
        if isinstance(self._place, Path):
            (self._place / _SIZES).write_text(json.dumps(_sizes(self._place)), encoding="utf-8")


def _sizes(folder: Path) -> dict[str, int]:
    """Files of the graph; the database beside them may grow when it is only read."""
    return {str(p.relative_to(folder)): p.stat().st_size for p in folder.glob("*/*") if p.is_file()}


def check_folder(folder: Path) -> None:
    """Refuse a folder that is not what was written, without opening it: search does not need it, updating does.

    Raises:
        IndexMissingError: there is no store.
        IndexDamagedError: a file is missing, cut short or no database.
    """
    try:
        with (folder / _DATABASE).open("rb") as file:
            head = file.read(len(_SQLITE))
    except OSError:
        raise IndexMissingError(f"向量库 {folder} 不存在；请运行 `wence index` 重建") from None
    if head != _SQLITE:
        raise IndexDamagedError(f"向量库 {folder} 无法使用（{_DATABASE} 不是数据库）；请运行 `wence index --rebuild`")
    _check_whole(folder)


def _check_whole(folder: Path) -> None:
    """Refuse a graph with files missing or cut short: Chroma would find less in silence, or crash the process."""
    try:
        noted = json.loads((folder / _SIZES).read_text(encoding="utf-8"))
        wrong = [name for name, size in noted.items() if _sizes(folder).get(name) != size]
    except (OSError, ValueError, AttributeError):
        wrong = [_SIZES]
    if wrong:
        raise IndexDamagedError(f"向量库文件 {folder / wrong[0]} 缺失或不完整；请运行 `wence index --rebuild`")


def _where(scope: Scope | None) -> dict[str, Any] | None:
    """Chroma's filter; documents are the narrower one."""
    if scope is not None and scope.documents:
        return {"document_id": {"$in": list(scope.documents)}}
    if scope is not None and scope.regions:
        return {"region": {"$in": list(scope.regions)}}
    return None


def _client(place: str | Path) -> Any:
    import chromadb
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False)
    if isinstance(place, Path):
        try:
            return chromadb.PersistentClient(path=str(place), settings=settings)
        except Exception as error:
            raise _wrapped(error, place) from error
    url = urlsplit(place)
    try:
        return chromadb.HttpClient(
            host=url.hostname or "localhost",
            port=url.port or (443 if url.scheme == "https" else 8000),
            ssl=url.scheme == "https",
            headers={"Authorization": f"Bearer {token}"} if (token := token_of(place)) else None,
            settings=settings,
        )
    except Exception as error:
        raise _wrapped(error, place) from error


def _wrapped(error: Exception, place: str | Path) -> Exception:
    if isinstance(error, WenceError):
        return error
    why = cause(error)
    if not isinstance(place, Path) and _denied(error):
        return SearchError(f"Chroma 服务 {place} 不认这个访问口令；请检查 WENCE_STORE_TOKEN")
    if not isinstance(place, Path):
        return SearchError(f"连不上 Chroma 服务 {place}（{why}）；请确认服务已启动，或去掉 WENCE_CHROMA_URL")
    if isinstance(error, OSError) or re.search(_REFUSED, why, re.I):
        return StorageError(f"无法写入 {place}（{why}）；请检查磁盘空间和权限")
    return IndexDamagedError(f"向量库 {place} 无法使用（{why}）；请运行 `wence index --rebuild`")


def _denied(error: BaseException | None) -> bool:
    """Whether the server, or a proxy before it, refused the token; chromadb keeps the reply behind its own error."""
    while error:
        if getattr(getattr(error, "response", None), "status_code", None) in (401, 403):
            return True
        error = error.__cause__ or error.__context__
    return False
