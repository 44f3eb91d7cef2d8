"""Where passages and their vectors are kept: one small interface, and the engines behind it.

    a folder                        Chroma in this process        index/stores/chroma.py
    http://host:port                a Chroma server               index/stores/chroma.py
    milvus:FILE.db                  Milvus Lite in this process   index/stores/milvus.py
    milvus:http://host:19530        a Milvus cluster              index/stores/milvus.py

A collection bears the stamp of what built it; opening never creates one. A server that asks for a token gets it from
an `Address`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from index.place import Place, token_of

Vectors = npt.NDArray[np.float32]
MILVUS = "milvus:"
"""What the place of a Milvus store begins with."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that is near a question."""

    passage_id: str
    clause_id: str
    similarity: float
    """Cosine, -1..1."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which passages a question may be given, in the terms that each store can filter by."""

    documents: tuple[str, ...] = ()
    """Only these; () means all."""
    regions: tuple[str, ...] = ()
    """Only documents of these regions, spelt as the index has them; () means all."""
    rows: npt.NDArray[np.bool_] | None = None
    """The same by clause, bool [clauses], for a store that knows the clauses' rows; None means all."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A passage as a store keeps it beside its vector."""

    passage_id: str
    clause_id: str
    document_id: str
    region: str = ""
    status: str = ""
    text: str = ""
    """What was embedded; kept only by engines that search words themselves."""


class PassageStore(Protocol):
    """What search needs of a store."""

    def query(self, vectors: Vectors, top: int, scope: Scope | None = None) -> list[list[Hit]]:
        """Nearest passages of each of [questions, dimension], best first, at most `top` each.

        Raises:
            SearchError: the store did not answer.
        """

    def vectors(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """Stored vectors by passage id; ids that are not there are left out."""

    def count(self) -> int:
        """Number of passages."""

    def close(self) -> None:
        """Release files and threads; once is enough, twice does no harm."""


class VectorStore(PassageStore, Protocol):
    """What building needs besides: one collection that is filled once and then sealed."""

    @property
    def stamp(self) -> dict[str, str]:
        """What the collection was created with."""

    def add(self, entries: Sequence[Entry], vectors: Vectors, progress: Callable[[int], object] | None = None) -> None:
        """Add passages; `vectors` is [len(entries), dimension]."""

    def seal(self) -> None:
        """Close a store that was filled, so that whoever opens it finds all of it."""

    def names(self) -> list[str]:
        """Collections at this place."""

    def drop(self, name: str) -> None:
        """Delete a collection at this place, if it is there."""


@runtime_checkable
class WordStore(Protocol):
    """An engine that also searches words, and fuses both searches itself."""

    def hybrid(self, vector: Vectors, words: str, top: int, scope: Scope | None = None) -> list[Hit]:
        """Best passages by reciprocal rank fusion of cosine and BM25; `similarity` is the fused score."""


def create_store(place: Place, name: str, stamp: dict[str, str], dimension: int) -> VectorStore:
    """A new empty collection; one of the same name is replaced.

    Args:
        place: see the top of this module.
        name: 3 to 255 characters of letters, digits, `_`, `-`.
        stamp: kept with the collection.
        dimension: of its vectors.
    """
    if isinstance(place, str) and place.startswith(MILVUS):
        from index.stores.milvus import MilvusStore

        return MilvusStore.create(place.removeprefix(MILVUS), name, stamp, dimension, token_of(place))
    from index.stores.chroma import ChromaStore

    return ChromaStore.create(place, name, stamp)


def open_store(place: Place, name: str) -> VectorStore:
    """An existing collection.

    Raises:
        IndexMissingError: there is none of that name.
        IndexDamagedError: the folder is not what was written.
        SearchError: the server does not answer.
    """
    if isinstance(place, str) and place.startswith(MILVUS):
        from index.stores.milvus import MilvusStore

        return MilvusStore.open(place.removeprefix(MILVUS), name, token_of(place))
    from index.stores.chroma import ChromaStore

    return ChromaStore.open(place, name)
