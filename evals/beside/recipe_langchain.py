"""LangChain's recipe, as its tutorials "Build a semantic search engine" and "Build a RAG agent" give it:

RecursiveCharacterTextSplitter 1,000 / 200 → HuggingFaceEmbeddings → InMemoryVectorStore → similarity_search, k = 4

The model's own prompts are named, as its card asks; the tutorials leave that to the model.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from langchain_core.documents import Document
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore
from langchain_huggingface import HuggingFaceEmbeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter

from evals.beside.protocol import Piece, run


class LangChain:
    """See the top of this module."""

    top = 4

    def __init__(self, model: Path) -> None:
        self._embeddings = HuggingFaceEmbeddings(
            model_name=str(model),
            encode_kwargs={"prompt_name": "document"},
            query_encode_kwargs={"prompt_name": "query"},
        )

    def splits(self, folder: Path) -> list[Document]:
        """The files in pieces."""
        documents = [
            Document(page_content=file.read_text(encoding="utf-8"), metadata={"source": file.stem})
            for file in sorted(folder.glob("*.txt"))
        ]
        splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200, add_start_index=True)
        return splitter.split_documents(documents)

    def build(self, folder: Path) -> int:
        """Split, embed and keep."""
        splits = self.splits(folder)
        self._store: VectorStore = InMemoryVectorStore(self._embeddings)
        self._store.add_documents(documents=splits)
        return len(splits)

    def search(self, asked: dict[str, Any], top: int) -> list[Piece]:
        """The question as typed."""
        found = self._store.similarity_search(asked["question"], k=top)
        return [Piece(str(d.metadata["source"]), d.page_content) for d in found]


if __name__ == "__main__":
    run(LangChain)
