"""Searching passages that are handed in with a question instead of an index (public benchmarks do that)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from index.clause import Clause, Document, Source, Status, clause_id
from index.encode import Encoder
from index.lexical import LexicalIndex
from index.passages import passages_of
from index.search import Searcher
from index.store import Hit
from index.words import Tokenizer

SCRATCH_DOCUMENT = "passages"


class MemoryStore:
    """The two queries of `VectorStore` over vectors in memory."""

    def __init__(self, ids: Sequence[str], vectors: npt.NDArray[np.float32], clause_ids: Sequence[str]) -> None:
        self._ids, self._vectors, self._clause_ids = list(ids), vectors, list(clause_ids)
        self._row = {i: n for n, i in enumerate(self._ids)}

    def query(self, vector: npt.NDArray[np.float32], top: int, documents: Sequence[str] | None = None) -> list[Hit]:
        """Nearest passages, best first; there is one document only."""
        similarity = self._vectors @ vector
        order = np.argsort(-similarity)[:top]
        return [Hit(self._ids[i], self._clause_ids[i], float(similarity[i])) for i in order]

    def vectors(self, ids: Sequence[str]) -> dict[str, npt.NDArray[np.float32]]:
        """Vectors by passage id."""
        return {i: self._vectors[self._row[i]] for i in ids if i in self._row}


def scratch_searcher(texts: Sequence[str], encoder: Encoder, tokenizer: Tokenizer) -> Searcher:
    """A searcher over `texts`, each one clause of an untitled document."""
    clauses = []
    for number, text in enumerate(t for t in texts if t.strip()):
        identity = clause_id(SCRATCH_DOCUMENT, (str(number),), "", text)
        clauses.append(
            Clause(
                identity, SCRATCH_DOCUMENT, "", "", "", "", Status.UNKNOWN, (), "", "", text.strip(), (), "",
                Source("", 0, len(text)), ordinal=number,
            )
        )  # fmt: skip
    passages = [p for c in clauses for p in passages_of(c)]
    vectors = encoder.encode_passages([p.text for p in passages])
    store = MemoryStore([p.passage_id for p in passages], vectors, [p.clause_id for p in passages])
    lexical = LexicalIndex.build(clauses, tokenizer)
    return Searcher(encoder, store, lexical, clauses, [Document(SCRATCH_DOCUMENT, "")], "passages", tokenizer)
