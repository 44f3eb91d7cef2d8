"""A second look at the clauses that search ranked first, by a model that reads question and clause together.

Off unless a model is named: none with Chinese comes in a package, and search finds what it finds without one. A
reranker only re-orders the first `DEPTH` clauses among themselves: it adds none, so every filter still holds, and
clauses at a typed address stay first.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from index.encode import load_cross_encoder
from index.errors import SearchError, cause

Scores = npt.NDArray[np.float32]
DEPTH = 30
"""Clauses that are read again; each costs a forward pass over question and clause."""
BATCH_PAIRS = 16


class Reranker(Protocol):
    """Says how well each text answers a question; safe to share between threads."""

    name: str

    def scores(self, question: str, texts: Sequence[str]) -> Scores:
        """Float32 [len(texts)], higher is better, comparable within one question only.

        Raises:
            SearchError: the model failed.
        """


def load_reranker(model: str) -> Reranker | None:
    """The reranker of a setting: a folder, or a name that sentence-transformers knows; None for "".

    Raises:
        WeightsError: no such folder or model.
    """
    return CrossEncoderReranker(model) if model else None


class CrossEncoderReranker:
    """A sentence-transformers CrossEncoder with one output."""

    def __init__(self, model: str) -> None:
        """Load it.

        Raises:
            WeightsError: no such folder or model.
        """
        self.name = model
        self._model: Any = load_cross_encoder(model)
        self._lock = threading.Lock()  # torch threads of two callers would fight for the cores

    def scores(self, question: str, texts: Sequence[str]) -> Scores:
        """See `Reranker`."""
        pairs = [(question, text) for text in texts]
        try:
            with self._lock:
                found = self._model.predict(pairs, batch_size=BATCH_PAIRS, show_progress_bar=False) if pairs else []
        except Exception as error:  # torch and each tokenizer raise their own
            raise SearchError(
                f"重排模型 {self.name} 出错（{cause(error)}）；请检查模型，或去掉 WENCE_RERANKER"
            ) from error
        scores = np.asarray(found, dtype=np.float32)
        if not np.isfinite(scores).all():
            raise SearchError(f"重排模型 {self.name} 给出的分数不是数字；请换一个模型，或去掉 WENCE_RERANKER")
        return scores
