"""LangChain's recipe with its Chroma store on the disk, the usual one where an index has to outlive the process."""

from __future__ import annotations

import tempfile
from pathlib import Path

from chromadb.config import Settings
from langchain_chroma import Chroma

from evals.beside.protocol import run
from evals.beside.recipe_langchain import LangChain


class LangChainChroma(LangChain):
    """See the top of this module."""

    def build(self, folder: Path) -> int:
        """Split, embed and write to the disk."""
        splits = self.splits(folder)
        self._home = tempfile.TemporaryDirectory(prefix="wence-beside-", ignore_cleanup_errors=True)
        self._store = Chroma.from_documents(
            splits,
            self._embeddings,
            persist_directory=self._home.name,
            client_settings=Settings(anonymized_telemetry=False, is_persistent=True),
        )
        return len(splits)


if __name__ == "__main__":
    run(LangChainChroma)
