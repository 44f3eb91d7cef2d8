"""The usual recipe, as the baseline that benchmarks run beside our own:

    500-character splits with 50 overlap → sentence-transformers, float32 → a Chroma collection → nearest chunks

Same model, same texts, same machine. Defaults are left as people leave them; region is kept as metadata and
filtered with Chroma's `where`. Needs the `bench` extra.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from index.errors import WeightsError

CHUNK_CHARS, OVERLAP_CHARS = 500, 50
ADD_ROWS = 1000
"""Chroma takes at most 5,461 rows a call."""

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document as the recipe stores it."""

    text: str
    document: str
    region: str = ""


class Recipe:
    """One collection of chunks."""

    def __init__(self, model: Any, client: Any, collection: Any) -> None:
        self._model = model
        self._client = client
        self._collection = collection

    @classmethod
    def empty(cls, model: Any, folder: Path) -> Recipe:
        """A new collection below `folder`."""
        client = _client(folder)
        made = client.create_collection("recipe", metadata={"hnsw:space": "cosine"}, embedding_function=None)
        return cls(model, client, made)

    @classmethod
    def open(cls, model: Any, folder: Path) -> Recipe:
        """The collection that stands below `folder`."""
        client = _client(folder)
        return cls(model, client, client.get_collection("recipe", embedding_function=None))

    def add_texts(self, texts: Sequence[tuple[str, str, str]]) -> int:
        """Split, embed and store (document, region, text) triples; returns how many chunks that made."""
        split = splitter()
        chunks = [Chunk(piece, document, region) for document, region, text in texts for piece in split(text)]
        self.add(chunks, self._model.encode_document([c.text for c in chunks], normalize_embeddings=True))
        return len(chunks)

    def add(self, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        """Store chunks that are embedded already: [len(chunks), dimension]."""
        start = self._collection.count()
        for i in range(0, len(chunks), ADD_ROWS):
            part = chunks[i : i + ADD_ROWS]
            self._collection.add(
                ids=[str(start + i + n) for n in range(len(part))],
                embeddings=vectors[i : i + ADD_ROWS],
                documents=[c.text for c in part],
                metadatas=[{"document": c.document, "region": c.region} for c in part],
            )

    def close(self) -> None:
        """Release files and threads."""
        self._client.close()

    def search(self, question: str, top: int, region: str = "") -> list[Chunk]:
        """Nearest chunks, the question's embedding included."""
        vector = self._model.encode_query([question], normalize_embeddings=True, show_progress_bar=False)
        found = self._collection.query(
            query_embeddings=vector,
            n_results=top,
            where={"region": region} if region else None,
            include=["documents", "metadatas"],
        )
        pairs = zip(found["documents"][0], found["metadatas"][0], strict=True)
        return [Chunk(text, str(m["document"]), str(m["region"])) for text, m in pairs]


def splitter() -> Any:
    """LangChain's default splitter as a function from text to chunks.

    Raises:
        WeightsError: the `bench` extra is not installed.
    """
    try:
        from langchain_text_splitters import RecursiveCharacterTextSplitter
    except ImportError:
        raise WeightsError('未安装 langchain-text-splitters；请运行 pip install -e ".[bench]"') from None
    return RecursiveCharacterTextSplitter(chunk_size=CHUNK_CHARS, chunk_overlap=OVERLAP_CHARS).split_text


def load_model(cache: Path) -> Any:
    """The bundled model in sentence-transformers, float32 on torch."""
    from sentence_transformers import SentenceTransformer

    from index.weights import bundled_model

    return SentenceTransformer(str(bundled_model(cache)), local_files_only=True, device="cpu")


def _client(folder: Path) -> Any:
    import chromadb
    from chromadb.config import Settings

    return chromadb.PersistentClient(path=str(folder), settings=Settings(anonymized_telemetry=False))
