"""The only file that touches pymilvus: passages in Milvus Lite (one file) or in a Milvus cluster.

Milvus keeps the passage's text beside its vector and searches both: cosine, and BM25 over words cut by jieba, fused
by reciprocal rank. The region is the partition key, so a question about one city reads that city's partition only;
document and status are scalar fields.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from index.errors import IndexMissingError, SearchError, StorageError, WenceError, cause
from index.store import Entry, Hit, Scope, Vectors

ADD_BATCH = 1000
"""Rows a call; a call may hold 64 MiB, 1,000 passages have 3."""
NAME_BYTES, TEXT_BYTES = 512, 8_192
"""Longest id and longest text; a passage has at most 420 characters and its headings."""
RRF_K = 60
"""The constant of reciprocal rank fusion (Cormack et al. 2009)."""
MAX_TOP = 16_384
"""Milvus gives no more rows a query."""
_STAMP = "wence.stamp"
_FLAT_FIELDS = ("clause_id", "document_id", "region", "status")


class MilvusStore:
    """One collection of passages."""

    def __init__(self, client: Any, uri: str, collection: str) -> None:
        self._client, self._uri, self._collection = client, uri, collection

    @classmethod
    def create(cls, uri: str, name: str, stamp: dict[str, str], dimension: int, token: str = "") -> MilvusStore:
        """A new empty collection; one of the same name is replaced. `uri` is a file `….db` or `http://host:port`."""
        store = cls(_client(uri, token), uri, _plain(name))
        try:
            if store._client.has_collection(store._collection):
                store._client.drop_collection(store._collection)
            schema, indexes = _schema(store._client, dimension)
            store._client.create_collection(
                store._collection, schema=schema, index_params=indexes,
                properties={_STAMP: json.dumps(stamp)}, consistency_level="Strong",
            )  # fmt: skip
        except Exception as error:
            store.close()
            raise _wrapped(error, uri) from error
        return store

    @classmethod
    def open(cls, uri: str, name: str, token: str = "") -> MilvusStore:
        """An existing collection.

        Raises:
            IndexMissingError: there is none of that name.
            SearchError: the server does not answer.
        """
        if not _is_server(uri) and not os.path.exists(uri):  # noqa: PTH110 - a URI, only here a path
            raise IndexMissingError(f"向量库 {uri} 不存在；请运行 `wence index` 重建")
        store = cls(_client(uri, token), uri, _plain(name))
        try:
            if not store._client.has_collection(store._collection):
                raise IndexMissingError(f"向量库 {uri} 里没有集合 {name}；请运行 `wence index` 重建")
            store._client.load_collection(store._collection)
        except Exception as error:
            store.close()
            raise _wrapped(error, uri) from error
        return store

    @property
    def stamp(self) -> dict[str, str]:
        """What the collection was created with."""
        described = self._call("describe_collection", self._collection)
        return dict(json.loads((described.get("properties") or {}).get(_STAMP, "{}")))

    def count(self) -> int:
        """Number of passages."""
        found = self._call("query", self._collection, filter="", output_fields=["count(*)"])
        return int(found[0]["count(*)"])

    def add(self, entries: Sequence[Entry], vectors: Vectors, progress: Callable[[int], object] | None = None) -> None:
        """Add passages; `vectors` is [len(entries), dimension]."""
        for start in range(0, len(entries), ADD_BATCH):
            part = entries[start : start + ADD_BATCH]
            rows = [
                {
                    "passage_id": e.passage_id, "clause_id": e.clause_id, "document_id": e.document_id,
                    "region": e.region, "status": e.status, "text": _cut(e.text), "vector": vector.tolist(),
                }
                for e, vector in zip(part, vectors[start : start + ADD_BATCH], strict=True)
            ]  # fmt: skip
            self._call("insert", self._collection, rows)
            if progress:
                progress(len(part))

    def vectors(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """Stored vectors by passage id; ids that are not there are left out."""
        wanted = list(dict.fromkeys(ids))
        found: dict[str, Vectors] = {}
        for start in range(0, len(wanted), ADD_BATCH):
            part = wanted[start : start + ADD_BATCH]
            for row in self._call("get", self._collection, ids=part, output_fields=["vector"]):
                found[row["passage_id"]] = np.asarray(row["vector"], dtype=np.float32)
        return {i: found[i] for i in wanted if i in found}

    def query(self, vectors: Vectors, top: int, scope: Scope | None = None) -> list[list[Hit]]:
        """Nearest passages of each question, best first; see `PassageStore`."""
        if not len(vectors):
            return []
        found = self._call(
            "search", self._collection, data=vectors.tolist(), anns_field="vector", limit=_top(top),
            filter=_filter(scope), output_fields=["clause_id"],
        )  # fmt: skip
        return [_hits(rows) for rows in found]

    def hybrid(self, vector: Vectors, words: str, top: int, scope: Scope | None = None) -> list[Hit]:
        """Best passages by reciprocal rank fusion of cosine and BM25, both searched by the engine."""
        from pymilvus import AnnSearchRequest, RRFRanker

        requests = [
            AnnSearchRequest([given], field, {}, limit=_top(top), expr=_filter(scope) or None)
            for given, field in ((vector.tolist(), "vector"), (words, "sparse"))
        ]
        found = self._call(
            "hybrid_search", self._collection, requests, RRFRanker(RRF_K), limit=_top(top), output_fields=["clause_id"]
        )
        return _hits(found[0])

    def drop(self, name: str) -> None:
        """Delete a collection of this store, if it is there."""
        if self._call("has_collection", _plain(name)):
            self._call("drop_collection", _plain(name))

    def names(self) -> list[str]:
        """Collections of this store, as they were named."""
        return [str(name).replace("__", "-") for name in self._call("list_collections")]

    def close(self) -> None:
        """Release files and threads; once is enough, twice does no harm."""
        client, self._client = self._client, None
        if client:
            client.close()

    def seal(self) -> None:
        """Close a store that was filled; what was added is on disk then."""
        if self._client:
            self._call("flush", self._collection)
        self.close()

    def _call(self, method: str, *arguments: Any, **options: Any) -> Any:
        try:
            return getattr(self._client, method)(*arguments, **options)
        except Exception as error:
            raise _wrapped(error, self._uri) from error


def _schema(client: Any, dimension: int) -> tuple[Any, Any]:
    from pymilvus import DataType, Function, FunctionType

    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("passage_id", DataType.VARCHAR, is_primary=True, max_length=NAME_BYTES)
    for name in _FLAT_FIELDS:
        schema.add_field(name, DataType.VARCHAR, max_length=NAME_BYTES, is_partition_key=name == "region")
    schema.add_field(
        "text", DataType.VARCHAR, max_length=TEXT_BYTES, enable_analyzer=True, analyzer_params={"tokenizer": "jieba"}
    )
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
    schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
    schema.add_function(
        Function(
            name="bm25", function_type=FunctionType.BM25, input_field_names=["text"], output_field_names=["sparse"]
        )
    )
    indexes = client.prepare_index_params()
    indexes.add_index("vector", index_type="AUTOINDEX", metric_type="COSINE")
    indexes.add_index("sparse", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25")
    return schema, indexes


def _client(uri: str, token: str) -> Any:
    try:
        from pymilvus import MilvusClient
    except ImportError:
        raise StorageError('未安装 pymilvus；请运行 pip install "wence[milvus]"，或改用 Chroma') from None
    try:
        return MilvusClient(uri, token=token)
    except Exception as error:
        raise _wrapped(error, uri) from error


def _is_server(uri: str) -> bool:
    return uri.startswith(("http://", "https://", "tcp://"))


def _plain(name: str) -> str:
    """Milvus takes letters, digits and underscores only."""
    return name.replace("-", "__")


def _top(top: int) -> int:
    return min(max(1, top), MAX_TOP)


def _cut(text: str) -> str:
    return text.encode("utf-8", "ignore")[:TEXT_BYTES].decode("utf-8", "ignore")


def _filter(scope: Scope | None) -> str:
    """Milvus's filter; documents are the narrower one."""
    if scope is not None and scope.documents:
        return f"document_id in {json.dumps(list(scope.documents), ensure_ascii=False)}"
    if scope is not None and scope.regions:
        return f"region in {json.dumps(list(scope.regions), ensure_ascii=False)}"
    return ""


def _hits(rows: Any) -> list[Hit]:
    return [Hit(str(r["passage_id"]), str(r["entity"]["clause_id"]), float(r["distance"])) for r in rows]


def _wrapped(error: Exception, uri: str) -> Exception:
    if isinstance(error, WenceError):
        return error
    why = cause(error)
    if _is_server(uri) and re.search(
        r"unauthenticated|auth check failure|permission ?deny|permission denied", why, re.I
    ):
        return SearchError(f"Milvus {uri} 不认这个访问口令；请检查 WENCE_STORE_TOKEN")
    if not _is_server(uri) and re.search(r"lock|in use|opened by", why, re.I):
        return StorageError(f"{uri} 正被另一个进程使用（Milvus Lite 只供一个进程）；请停下它，或改用 Milvus 服务")
    if not _is_server(uri) and (isinstance(error, OSError) or re.search(r"no space|read-only|permission", why, re.I)):
        return StorageError(f"无法写入 {uri}（{why}）；请检查磁盘空间和权限")
    return SearchError(f"Milvus {uri} 没有回答（{why}）；请确认服务已启动，或检查 WENCE_STORE")
