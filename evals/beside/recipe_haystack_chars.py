"""Haystack's recipe with the one change that Chinese asks for: its RecursiveDocumentSplitter, which counts characters
where it is told to. 200 of them are that splitter's default length."""

from __future__ import annotations

from typing import Any

from haystack.components.preprocessors import RecursiveDocumentSplitter

from evals.beside.protocol import run
from evals.beside.recipe_haystack import Haystack


class HaystackChars(Haystack):
    """See the top of this module."""

    def splitter(self) -> Any:
        """Characters, not words."""
        return RecursiveDocumentSplitter(split_unit="char", separators=["\n\n", "\n", "。", " "])


if __name__ == "__main__":
    run(HaystackChars)
