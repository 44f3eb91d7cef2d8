"""Haystack's recipe, as its tutorial "Preprocessing Different File Types" gives it:

TextFileToDocument → DocumentCleaner → DocumentSplitter, 150 words / 50 → SentenceTransformersDocumentEmbedder →
InMemoryDocumentStore → InMemoryEmbeddingRetriever, top 10 (its default)

The splitter's words are what stands between spaces, of which Chinese has few: its pieces are long. The model's own
prompts are given as the embedders' `prefix`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from haystack import Pipeline
from haystack.components.converters import TextFileToDocument
from haystack.components.preprocessors import DocumentCleaner, DocumentSplitter
from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
from haystack.components.writers import DocumentWriter
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)

from evals.beside.protocol import Piece, run


class Haystack:
    """See the top of this module."""

    top = 10

    def __init__(self, model: Path) -> None:
        self._documents = SentenceTransformersDocumentEmbedder(model=str(model), prefix="passage: ", progress_bar=False)
        self._question = SentenceTransformersTextEmbedder(model=str(model), prefix="query: ", progress_bar=False)

    def splitter(self) -> Any:
        """The tutorial's."""
        return DocumentSplitter(split_by="word", split_length=150, split_overlap=50)

    def build(self, folder: Path) -> int:
        """Split, embed and keep."""
        store = InMemoryDocumentStore()
        indexing = Pipeline()
        for name, component in (
            ("converter", TextFileToDocument()),
            ("cleaner", DocumentCleaner()),
            ("splitter", self.splitter()),
            ("embedder", self._documents),
            ("writer", DocumentWriter(store)),
        ):
            indexing.add_component(name, component)
        for one, next_ in (
            ("converter", "cleaner"),
            ("cleaner", "splitter"),
            ("splitter", "embedder"),
            ("embedder", "writer"),
        ):
            indexing.connect(one, next_)
        indexing.run({"converter": {"sources": sorted(folder.glob("*.txt"))}})
        self._querying = Pipeline()
        self._querying.add_component("embedder", self._question)
        self._querying.add_component("retriever", InMemoryEmbeddingRetriever(document_store=store))
        self._querying.connect("embedder.embedding", "retriever.query_embedding")
        return int(store.count_documents())

    def search(self, asked: dict[str, Any], top: int) -> list[Piece]:
        """The question as typed."""
        found = self._querying.run({"embedder": {"text": asked["question"]}, "retriever": {"top_k": top}})
        return [Piece(Path(str(d.meta["file_path"])).stem, d.content) for d in found["retriever"]["documents"]]


if __name__ == "__main__":
    run(Haystack)
