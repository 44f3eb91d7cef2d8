"""The lexical index: BM25 over words and character pairs, saved beside the vectors and memory-mapped.

The only file that touches bm25s. Beside the BM25 scores it keeps each clause's tokens and each token's
weight, so that ranking can ask how much of a question a clause, or its title, covers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from index.clause import Clause
from index.errors import IndexDamagedError
from index.passages import context
from index.words import STOP, Tokenizer, load_terms, normalise

Scores = npt.NDArray[np.float32]
_NO_WORD = "\x00"
K1, B = 1.2, 0.6
"""Shorter saturation and weaker length norm than bm25s' 1.5/0.75: clauses are 40 to 400 characters."""


class LexicalIndex:
    """BM25 over clauses, in the order they were given."""

    def __init__(self, bm25: object, idf: npt.NDArray[np.float32], body: _Rows, title: _Rows, concepts: _Rows) -> None:
        self._bm25 = bm25
        self._concepts = concepts
        self._vocabulary: dict[str, int] = bm25.vocab_dict  # type: ignore[attr-defined]
        self._idf = idf
        self._body = body
        self._title = title
        self.unknown_idf = float(idf.max()) if len(idf) else 1.0
        """Weight of a word that no clause holds."""

    @classmethod
    def build(cls, clauses: Sequence[Clause], tokenizer: Tokenizer, headings: bool = True) -> LexicalIndex:
        """Index clauses: their text, departments and footnotes, and their titles and headings unless told not to."""
        import bm25s

        titles = [tokenizer.tokens(context(c)) if headings else [] for c in clauses]
        bodies = [
            tokenizer.tokens("\n".join([c.text, c.label, c.department_text, *(n.text for n in c.footnotes)]))
            for c in clauses
        ]
        bm25 = bm25s.BM25(k1=K1, b=B, method="lucene")
        rows = [t + b for t, b in zip(titles, bodies, strict=True)]
        # bm25s cannot index texts without a single word (only emoji or punctuation).
        bm25.index(rows if any(rows) else [[_NO_WORD]] * max(1, len(rows)), show_progress=False)
        vocabulary = bm25.vocab_dict
        count = np.zeros(max(vocabulary.values(), default=-1) + 1, dtype=np.int64)
        body_rows = _Rows.of([[vocabulary[t] for t in set(row)] for row in bodies])
        title_rows = _Rows.of([[vocabulary[t] for t in set(row)] for row in titles])
        for row_title, row_body in zip(titles, bodies, strict=True):
            count[[vocabulary[t] for t in {*row_title, *row_body}]] += 1
        idf = np.log(1 + (len(clauses) - count + 0.5) / (count + 0.5)).astype(np.float32)
        return cls(bm25, idf, body_rows, title_rows, _concept_rows(clauses))

    def save(self, folder: Path) -> None:
        """Write everything below `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        self._bm25.save(str(folder / "bm25"), show_progress=False)  # type: ignore[attr-defined]
        np.save(folder / "idf.npy", self._idf)
        self._body.save(folder / "body")
        self._title.save(folder / "title")
        self._concepts.save(folder / "concepts")

    @classmethod
    def load(cls, folder: Path) -> LexicalIndex:
        """Open a saved index, memory-mapped.

        Raises:
            IndexDamagedError: files are missing or cut short.
        """
        import bm25s

        try:
            bm25 = bm25s.BM25.load(str(folder / "bm25"), mmap=True)
            idf = np.load(folder / "idf.npy", mmap_mode="r")
            rows = [_Rows.load(folder / name) for name in ("body", "title", "concepts")]
            return cls(bm25, idf, *rows)
        except (OSError, ValueError, KeyError, json.JSONDecodeError) as error:
            raise IndexDamagedError(f"词法索引 {folder} 无法读取（{error}）；请运行 `wence index --rebuild`") from None

    def scores(self, tokens: Iterable[str]) -> Scores:
        """BM25 of each clause for a bag of tokens: float32 [clauses], 0 and up."""
        known = [t for t in dict.fromkeys(tokens) if t in self._vocabulary]
        if not known:
            return np.zeros(len(self._body), dtype=np.float32)
        return np.asarray(self._bm25.get_scores(known), dtype=np.float32)  # type: ignore[attr-defined]

    def rows_holding(self, expression: str) -> npt.NDArray[np.int32] | None:
        """Rows of clauses that hold every character pair of a normalised expression; None when it has no pair.

        A clause that holds the expression is among them; not each of them holds it.
        """
        pairs = ["~" + expression[i : i + 2] for i in range(len(expression) - 1)]
        pairs = [p for p in pairs if all("\u3400" <= c <= "\u9fff" for c in p[1:]) and p[1:] not in STOP]
        if not pairs:
            return None
        if not all(p in self._vocabulary for p in pairs):
            return np.zeros(0, dtype=np.int32)
        columns: dict[str, npt.NDArray[np.int32]] = self._bm25.scores  # type: ignore[attr-defined]
        found: npt.NDArray[np.int32] | None = None
        for token in {self._vocabulary[p] for p in pairs}:
            rows = np.asarray(columns["indices"][columns["indptr"][token] : columns["indptr"][token + 1]])
            found = rows if found is None else np.intersect1d(found, rows)
        return np.sort(found) if found is not None else None

    def concept_rows(self, group: int) -> npt.NDArray[np.int32]:
        """Rows of the clauses that name a group of the word list in any of its expressions."""
        return self._concepts.row(group)

    def concept_weight(self, group: int) -> float:
        """How telling a group is: its inverse document frequency, 0 when no clause names it."""
        count = len(self._concepts.row(group))
        return float(np.log(1 + (len(self._body) - count + 0.5) / (count + 0.5))) if count else 0.0

    def weight(self, token: str) -> float:
        """How telling a token is: its inverse document frequency."""
        row = self._vocabulary.get(token)
        return float(self._idf[row]) if row is not None else self.unknown_idf

    def knows(self, token: str) -> bool:
        """Whether any clause holds the token."""
        return token in self._vocabulary

    def covered(self, tokens: Mapping[str, float], rows: Sequence[int]) -> npt.NDArray[np.float32]:
        """Share of the tokens' weight found in each clause and in its headings: [len(rows), 2], 0..1."""
        total = sum(tokens.values())
        ids = {self._vocabulary[t]: w for t, w in tokens.items() if t in self._vocabulary}
        result = np.zeros((len(rows), 2), dtype=np.float32)
        if not total or not ids:
            return result
        # Token → its place among the wanted ones, -1 for the rest; one look-up for all rows at once.
        place = np.full(len(self._idf), -1, dtype=np.int32)
        place[np.fromiter(ids, dtype=np.int64)] = np.arange(len(ids), dtype=np.int32)
        title, body = self._title.marked(rows, place, len(ids)), self._body.marked(rows, place, len(ids))
        weights = np.fromiter(ids.values(), dtype=np.float32)
        result[:, 0], result[:, 1] = (title | body).astype(np.float32) @ weights, title.astype(np.float32) @ weights
        return result / total


def _concept_rows(clauses: Sequence[Clause]) -> _Rows:
    groups = [[normalise(m) for m in group] for group in load_terms().groups]
    rows: list[list[int]] = [[] for _ in groups]
    for i, clause in enumerate(clauses):
        text = normalise(f"{context(clause)} {clause.text}")
        for group, members in enumerate(groups):
            if any(m in text for m in members):
                rows[group].append(i)
    return _Rows.of(rows)


class _Rows:
    """Ragged integer rows in two flat arrays."""

    def __init__(self, flat: npt.NDArray[np.int32], starts: npt.NDArray[np.int64]) -> None:
        self._flat, self._starts = flat, starts

    def __len__(self) -> int:
        return len(self._starts) - 1

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> _Rows:
        starts = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum([len(r) for r in rows], out=starts[1:])
        flat = np.fromiter((t for r in rows for t in r), dtype=np.int32, count=int(starts[-1]))
        return cls(flat, starts)

    def row(self, i: int) -> npt.NDArray[np.int32]:
        return self._flat[self._starts[i] : self._starts[i + 1]]

    def marked(self, rows: Sequence[int], place: npt.NDArray[np.int32], width: int) -> npt.NDArray[np.bool_]:
        """Which of `width` wanted values each row holds: bool [len(rows), width]."""
        found = np.zeros((len(rows), width), dtype=bool)
        pieces = [self.row(r) for r in rows]
        at = place[np.concatenate(pieces)] if pieces else np.zeros(0, dtype=np.int32)
        owner = np.repeat(np.arange(len(rows)), [len(p) for p in pieces])
        held = at >= 0
        found[owner[held], at[held]] = True
        return found

    def save(self, stem: Path) -> None:
        np.save(stem.with_suffix(".flat.npy"), self._flat)
        np.save(stem.with_suffix(".starts.npy"), self._starts)

    @classmethod
    def load(cls, stem: Path) -> _Rows:
        return cls(
            # Plain arrays over the map: a slice of a memmap object costs ten times as much.
            np.load(stem.with_suffix(".flat.npy"), mmap_mode="r").view(np.ndarray),
            np.load(stem.with_suffix(".starts.npy"), mmap_mode="r").view(np.ndarray),
        )
