"""LlamaIndex's recipe, as its starter tutorial with local models gives it:

SimpleDirectoryReader → VectorStoreIndex.from_documents (SentenceSplitter, 1,024 tokens / 20) → retriever, top 2

The model's own prompts are given as `query_instruction` and `text_instruction`; by default it finds them by a model's
public name only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from llama_index.core import Settings, SimpleDirectoryReader, VectorStoreIndex
from llama_index.embeddings.huggingface import HuggingFaceEmbedding

from evals.beside.protocol import Piece, run


class LlamaIndex:
    """See the top of this module."""

    top = 2

    def __init__(self, model: Path) -> None:
        Settings.embed_model = HuggingFaceEmbedding(
            model_name=str(model), query_instruction="query: ", text_instruction="passage: "
        )

    def build(self, folder: Path) -> int:
        """Split, embed and keep."""
        documents = SimpleDirectoryReader(str(folder), required_exts=[".txt"]).load_data()
        self._index = VectorStoreIndex.from_documents(documents)
        self._retrievers: dict[int, Any] = {}
        return len(self._index.docstore.docs)

    def search(self, asked: dict[str, Any], top: int) -> list[Piece]:
        """The question as typed."""
        if top not in self._retrievers:
            self._retrievers[top] = self._index.as_retriever(similarity_top_k=top)
        found = self._retrievers[top].retrieve(asked["question"])
        return [Piece(Path(str(n.metadata["file_name"])).stem, n.get_content()) for n in found]


if __name__ == "__main__":
    run(LlamaIndex)
