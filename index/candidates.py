"""Candidates of one search: the clauses nearest in meaning, and those that share most words with the question.

dense passages ∪ BM25 clauses ∪ addressed clauses → their cosines and word scores → the likeliest, with their words
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from index.forms import Form
from index.lexical import LexicalIndex
from index.query import Query
from index.ranking import Candidate, promise
from index.store import PassageStore, Scope, WordStore
from index.words import Tokenizer

DENSE_PASSAGES = 200
"""Passages asked of the vector store; several belong to one clause."""
LEXICAL_CLAUSES = 60
FLOOR = 0.75
"""Cosine that two unrelated texts have under this model; stands in where none was computed."""
CONCEPT_WEIGHT = 1.0
"""BM25 points that naming a concept of the question adds, per unit of its inverse document frequency."""
CANDIDATES_READ = 160
"""Candidates whose words are read and compared; of more, those that promise least by their scores are left out. On
STARD, where a question has 230, R@10 stays at 0.597 (300 questions, 110,778 articles) and 40 % of the time goes."""


@dataclass(frozen=True, slots=True)
class Breadth:
    """How much of each search is looked at; 0 takes that search away (`evals.ablation`)."""

    passages: int = DENSE_PASSAGES
    clauses: int = LEXICAL_CLAUSES
    read: int = CANDIDATES_READ


class Candidates:
    """Finds them in one open index; see `index.search`."""

    def __init__(
        self,
        store: PassageStore,
        lexical: LexicalIndex,
        tokenizer: Tokenizer,
        rows: Mapping[str, int],
        form: Callable[[int], Form],
        breadth: Breadth | None = None,
    ) -> None:
        """Look in a store and a lexical index whose clauses stand in these rows (by id) and whose forms this gives, by row."""
        self._store, self._lexical, self._tokenizer = store, lexical, tokenizer
        self._row, self._ids = rows, list(rows)
        self._form = form
        self._breadth = breadth or Breadth()

    def of(
        self,
        query: Query,
        words: Mapping[str, float],
        weights: npt.NDArray[np.float32],
        vectors: npt.NDArray[np.float32],
        scope: Scope,
        addressed: set[int],
    ) -> list[Candidate]:
        """Clauses that may answer, in clause order.

        Args:
            query: the question, read.
            words: its tokens with their weights.
            weights: of the features (`index.ranking`).
            vectors: float32 [1 + parts, dimension]: the question's, then those of its parts.
            scope: what may be shown.
            addressed: rows that the question names; they are candidates in any case.
        """
        bm25 = self._lexical.scores(self._tokenizer.tokens(query.topic))
        lexical = bm25.copy()
        for concept in query.concepts:
            # A clause that names what was said in other words gets a part of what the words would have given.
            bonus = CONCEPT_WEIGHT * self._lexical.concept_weight(concept.group)
            lexical[self._lexical.concept_rows(concept.group)] += bonus
        best: dict[int, float] = {}
        whole: dict[int, float] = {}
        allowed = scope.rows
        wanted = self._breadth.passages if allowed is None or allowed.any() else 0
        hits = self._store.query(vectors[:1], wanted, scope)[0] if wanted else []
        for hit in hits:
            row = self._row[hit.clause_id]
            if allowed is not None and not allowed[row]:
                continue
            best[row] = max(best.get(row, -1.0), hit.similarity)
            if hit.passage_id.endswith("#0"):
                whole[row] = hit.similarity
        if allowed is not None:
            lexical[~allowed] = -1.0
        fused: set[int] = set()
        if isinstance(self._store, WordStore) and hits:
            both = self._store.hybrid(vectors[0], query.topic, LEXICAL_CLAUSES, scope)
            fused = {r for r in (self._row[h.clause_id] for h in both) if allowed is None or allowed[r]}
        rows = set(best) | addressed | fused | set(_highest(lexical, self._breadth.clauses))
        part = self._parts_in(rows, vectors[1:], wanted, scope)
        if self._breadth.passages:
            whole |= self._whole(vectors[0], [r for r in rows if r not in whole])
        order = sorted(rows)
        wholes = np.array([whole.get(r, FLOOR) for r in order], dtype=np.float32)
        bests = np.maximum(wholes, np.array([best.get(r, -1.0) for r in order], dtype=np.float32))
        parts = np.maximum(bests, np.array([part.get(r, FLOOR) for r in order], dtype=np.float32))
        scores = bm25[order]
        kept = list(range(len(order)))
        if len(order) > self._breadth.read:
            likely = promise(words, wholes, bests, parts, scores, weights)
            likely[[i for i, r in enumerate(order) if r in addressed]] = np.inf
            kept = sorted(np.argpartition(-likely, self._breadth.read - 1)[: self._breadth.read].tolist())
        return [
            Candidate(
                order[i], self._form(order[i]), float(wholes[i]), float(bests[i]), float(parts[i]), float(scores[i])
            )
            for i in kept
        ]

    def _parts_in(self, rows: set[int], parts: npt.NDArray[np.float32], wanted: int, scope: Scope) -> dict[int, float]:
        """Best cosine of a part of the question with a passage of each of these rows, where it is among the `wanted`
        nearest of them.

        Only rows that the whole question or its words found are looked at: a part brings no candidates of its own.
        """
        if not wanted or not len(parts):
            return {}
        inside = np.zeros(len(self._ids), dtype=bool)
        inside[list(rows)] = True
        best: dict[int, float] = {}
        for nearest in self._store.query(parts, wanted, Scope(scope.documents, scope.regions, inside)):
            for hit in nearest:
                row = self._row[hit.clause_id]
                best[row] = max(best.get(row, -1.0), hit.similarity)
        return best

    def _whole(self, vector: npt.NDArray[np.float32], rows: list[int]) -> dict[int, float]:
        """Cosine with whole clauses that the nearest passages did not include."""
        ids = [self._ids[r] + "#0" for r in rows]
        found = self._store.vectors(ids) if ids else {}
        return {r: float(vector @ found[i]) for r, i in zip(rows, ids, strict=True) if i in found}


def _highest(scores: npt.NDArray[np.float32], count: int) -> list[int]:
    """Rows of the `count` highest scores above 0, and of those that equal the last of them."""
    rows = np.flatnonzero(scores > 0)
    if 0 < count < len(rows):
        found = scores[rows]
        rows = rows[found >= np.partition(found, len(rows) - count)[len(rows) - count]]
    return rows.tolist() if count else []
