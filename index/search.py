"""Search: a question in, ranked clauses out.

    read the question → filter by place and document → dense + lexical candidates → features → order

A typed address (409号文第8条) is looked up and stands first. Region and document filters hold for every
candidate: a clause of Shanghai is never given to somebody who asks about Shenzhen.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from index.address import clauses_at
from index.card import is_card
from index.clause import Clause, Document
from index.encode import Encoder
from index.errors import IndexStampError
from index.generation import FORMAT, current_generation, read_clauses, read_documents, read_stamp
from index.lexical import LexicalIndex
from index.parse import PARSER_VERSION
from index.query import Intent, Query, read_query
from index.ranking import Candidate, featurise, load_weights, score
from index.regions import contains
from index.store import Hit, VectorStore
from index.words import Tokenizer, load_terms, sound_alike

DENSE_PASSAGES = 200
"""Passages asked of the vector store; several belong to one clause."""
LEXICAL_CLAUSES = 60
FLOOR = 0.75
"""Cosine that two unrelated texts have under this model; stands in where none was computed."""
MIN_PART_CHARS = 5
CONCEPT_WEIGHT = 1.0
"""BM25 points that naming a concept of the question adds, per unit of its inverse document frequency."""
CLOSING_TEXT = re.compile(r"有效期(?:至|为|自)|自.{0,24}起?(?:施行|实施|生效|执行)")
"""A clause that states from when or until when its document holds."""
FACTS = frozenset({Intent.FACTS, Intent.VALIDITY})


class PassageStore(Protocol):
    """What search needs of a vector store."""

    def query(self, vector: npt.NDArray[np.float32], top: int, documents: Sequence[str] | None = None) -> list[Hit]:
        """Nearest passages, best first."""

    def vectors(self, ids: Sequence[str]) -> dict[str, npt.NDArray[np.float32]]:
        """Stored vectors by passage id."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A clause with its place in the order."""

    clause: Clause
    score: float
    """Utility; higher is better, comparable within one question only."""
    features: npt.NDArray[np.float32]
    dense: float
    """Best cosine of the question with a passage of the clause."""
    addressed: bool = False
    """Found by a typed address."""


@dataclass(frozen=True, slots=True)
class Found:
    """Result of one search."""

    query: Query
    ranked: tuple[Scored, ...]
    vector: npt.NDArray[np.float32]
    """The question's own vector, float32 [dimension]."""
    timings_ms: dict[str, float] = field(default_factory=dict)


class Searcher:
    """An open index. Safe to share between threads; opening costs a second, so keep it."""

    def __init__(
        self,
        encoder: Encoder,
        store: PassageStore,
        lexical: LexicalIndex,
        clauses: Sequence[Clause],
        documents: Sequence[Document],
        version: str,
        tokenizer: Tokenizer | None = None,
    ) -> None:
        self.encoder, self.store, self.lexical = encoder, store, lexical
        self.clauses, self.documents = list(clauses), list(documents)
        self.version = version
        self.tokenizer = tokenizer or Tokenizer()
        self.weights = load_weights()
        self._row = {c.clause_id: i for i, c in enumerate(self.clauses)}
        self._card = np.array([is_card(c) for c in self.clauses], dtype=bool)
        self._by_id = {d.document_id: d for d in self.documents}
        # Documents as small integers: comparing 110,000 names a question took 63 ms, a look-up takes 0.1.
        self._code = {
            document_id: i for i, document_id in enumerate(dict.fromkeys(c.document_id for c in self.clauses))
        }
        self._codes = np.array([self._code[c.document_id] for c in self.clauses], dtype=np.int32)
        self._rare = sorted(w for w in load_terms().words if len(w) >= 3)
        self.tokenizer.words("预热")

    @classmethod
    def open(cls, home: Path, encoder: Encoder, chroma_url: str = "") -> Searcher:
        """Open the current index.

        Raises:
            IndexMissingError: nothing has been indexed.
            IndexStampError: another model or parser built it; the message names the command that repairs it.
            IndexDamagedError: files are missing or cut short.
        """
        folder = current_generation(home)
        stamp = read_stamp(folder)
        for what, built, now in (
            ("格式", stamp.format, FORMAT),
            ("解析器版本", stamp.parser, PARSER_VERSION),
            ("向量模型", stamp.model, encoder.name),
            ("向量维度", str(stamp.dimension), str(encoder.dimension)),
        ):
            if built != now:
                raise IndexStampError(f"索引的{what}是 {built}，当前是 {now}；请运行 `wence index --rebuild` 重建索引")
        store = VectorStore.open(chroma_url or folder / "vectors", stamp.collection)
        documents = [d for d, _ in read_documents(folder)]
        version = f"{folder.name}@{stamp.built}"
        return cls(encoder, store, LexicalIndex.load(folder / "lexical"), read_clauses(folder), documents, version)

    def clause(self, clause_id: str) -> Clause | None:
        """A clause by its id."""
        row = self._row.get(clause_id)
        return None if row is None else self.clauses[row]

    def document(self, document_id: str) -> Document:
        """A document by its id."""
        return self._by_id[document_id]

    def neighbours(self, clause: Clause) -> tuple[Clause | None, Clause | None]:
        """The clauses before and after one in its document."""
        row = self._row[clause.clause_id]
        around = []
        for i in (row - 1, row + 1):
            other = self.clauses[i] if 0 <= i < len(self.clauses) else None
            around.append(other if other and other.document_id == clause.document_id and not is_card(other) else None)
        return around[0], around[1]

    def search(self, question: str, top: int = 10, region: str = "", query: Query | None = None) -> Found:
        """Rank clauses for a standalone question.

        Args:
            question: one question, as typed.
            top: at most so many clauses.
            region: the asker's region when the question names none, e.g. 上海市.
            query: the question already read, to override what the rules find.
        """
        started = time.perf_counter()
        question = self.mend(question.encode("utf-8", "replace").decode())  # a lone surrogate cannot be tokenised
        query = query or read_query(question, self.documents, region)
        if not self.clauses:
            return Found(query, (), np.zeros(self.encoder.dimension, dtype=np.float32))
        vectors = self.encoder.encode_queries([question, *_parts(question)])
        encoded = time.perf_counter()
        allowed = self._allowed(query)
        addressed = self._addressed(query, allowed)
        candidates = self._candidates(query, vectors, allowed, addressed)
        features = featurise(query, self.weigh(query), candidates, self.lexical)
        utilities = score(features, self.weights)
        order = sorted(range(len(candidates)), key=lambda i: (candidates[i].row not in addressed, -utilities[i]))
        order = self._shared(query, [candidates[i] for i in order], order)
        ranked = tuple(
            Scored(
                candidates[i].clause, float(utilities[i]), features[i], candidates[i].dense_best,
                candidates[i].row in addressed,
            )
            for i in order[:top]
        )  # fmt: skip
        done = time.perf_counter()
        timings = {"encode": (encoded - started) * 1000, "search": (done - encoded) * 1000}
        return Found(query, ranked, vectors[0], timings)

    def _shared(self, query: Query, candidates: list[Candidate], order: list[int]) -> list[int]:
        """Two cities or two documents asked: their clauses take turns, so that neither crowds out the other."""
        if len(query.documents.certain) > 1:
            group = [c.clause.document_id for c in candidates]
        elif len(query.regions) > 1:
            group = [c.clause.region for c in candidates]
        else:
            return order
        turn: dict[str, int] = {}
        keys = []
        for place, name in enumerate(group):
            turn[name] = turn.get(name, -1) + 1
            keys.append((turn[name], place))
        return [order[i] for i in sorted(range(len(order)), key=lambda i: keys[i])]

    def weigh(self, query: Query) -> dict[str, float]:
        """The question's tokens with their weights (inverse document frequency)."""
        tokens = dict.fromkeys(self.tokenizer.tokens(query.topic))
        return {t: self.lexical.weight(t) for t in tokens}

    def mend(self, question: str) -> str:
        """The question with policy terms that have one wrong character put right (创薪券 → 创新券).

        Only a character that sounds the same counts as wrong, as typing by sound makes such mistakes, and only
        where the clauses know neither of the pairs it makes.
        """
        for term in self._rare:
            size = len(term)
            for i in range(len(question) - size + 1) if term not in question else ():
                piece = question[i : i + size]
                wrong = [k for k in range(size) if piece[k] != term[k]]
                if len(wrong) != 1 or not sound_alike(piece[wrong[0]], term[wrong[0]]):
                    continue
                pairs = [piece[j : j + 2] for j in (wrong[0] - 1, wrong[0]) if 0 <= j < size - 1]
                if not any(self.lexical.knows("~" + p) for p in pairs):
                    question = question[:i] + term + question[i + size :]
                    break
        return question

    def _allowed(self, query: Query) -> npt.NDArray[np.bool_]:
        """Which rows may be shown: place and certain documents filter, cards only when facts are asked."""
        ids = set(query.documents.certain)
        shown = np.zeros(len(self._code), dtype=bool)
        for d in self.documents:
            good = (
                d.document_id in ids if ids else not query.regions or any(contains(d.region, r) for r in query.regions)
            )
            if good and d.document_id in self._code:
                shown[self._code[d.document_id]] = True
        allowed: npt.NDArray[np.bool_] = shown[self._codes]
        if not FACTS & query.intents:
            allowed &= ~self._card
        return allowed

    def _documents_of(self, rows: npt.NDArray[np.bool_]) -> list[str]:
        """Documents that have a clause among the rows."""
        counts = np.bincount(self._codes[rows], minlength=len(self._code))
        return [document_id for document_id, i in self._code.items() if counts[i]]

    def allowed_clauses(self, query: Query) -> list[Clause]:
        """Clauses that the place and documents of a question let be shown, cards left out."""
        return [self.clauses[i] for i in np.flatnonzero(self._allowed(query) & ~self._card)]

    def _addressed(self, query: Query, allowed: npt.NDArray[np.bool_]) -> set[int]:
        documents = set(query.documents.certain or query.documents.likely)
        if not documents and len(only := self._documents_of(allowed)) == 1:
            documents = set(only)  # one document speaks for this place, so “这个文件” can mean no other
        if query.address is None and not (documents and FACTS & query.intents):
            return set()
        rows = allowed
        if documents:
            rows = allowed & np.isin(self._codes, [self._code[d] for d in documents if d in self._code])
        inside = [self.clauses[i] for i in np.flatnonzero(rows)]
        if query.address is not None:
            return {self._row[c.clause_id] for c in clauses_at(query.address, inside, query.text)}
        # “409号文是谁发的”: the named document's card; “深圳方案有效期到哪天”: the clause that says so, then the card.
        found = [c for c in inside if is_card(c)] if Intent.FACTS in query.intents else []
        if Intent.VALIDITY in query.intents:
            stated = [c for c in inside if not is_card(c) and CLOSING_TEXT.search(c.text)]
            found += stated or [c for c in inside if is_card(c)]
        return {self._row[c.clause_id] for c in found}

    def _candidates(
        self, query: Query, vectors: npt.NDArray[np.float32], allowed: npt.NDArray[np.bool_], addressed: set[int]
    ) -> list[Candidate]:
        bm25 = self.lexical.scores(self.tokenizer.tokens(query.topic))
        concepts = np.zeros(len(self.clauses), dtype=np.float32)
        for concept in query.concepts:
            # A clause that names what was said in other words gets a part of what the words would have given.
            bonus = CONCEPT_WEIGHT * self.lexical.concept_weight(concept.group)
            concepts[self.lexical.concept_rows(concept.group)] += bonus
        best: dict[int, float] = {}
        whole: dict[int, float] = {}
        part: dict[int, float] = {}
        for number, vector in enumerate(vectors):
            for clause_id, similarity, is_whole in self._dense(vector, allowed):
                row = self._row[clause_id]
                if number:
                    part[row] = max(part.get(row, -1.0), similarity)
                    continue
                best[row] = max(best.get(row, -1.0), similarity)
                if is_whole:
                    whole[row] = similarity
        lexical = np.where(allowed, bm25 + concepts, -1.0)
        count = min(LEXICAL_CLAUSES, len(lexical))
        rows = set(best) | {int(r) for r in np.argpartition(-lexical, count - 1)[:count] if lexical[r] > 0}
        rows |= addressed
        whole |= self._whole(vectors[0], [r for r in rows if r not in whole])
        found = []
        for row in sorted(rows):
            dense = max(best.get(row, -1.0), whole.get(row, FLOOR))
            found.append(
                Candidate(
                    row,
                    self.clauses[row],
                    whole.get(row, FLOOR),
                    dense,
                    max(part.get(row, FLOOR), dense),
                    float(bm25[row]),
                )
            )
        return found

    def _dense(self, vector: npt.NDArray[np.float32], allowed: npt.NDArray[np.bool_]) -> list[tuple[str, float, bool]]:
        """(clause id, cosine, is the whole clause) of the nearest passages that may be shown."""
        if not allowed.any():
            return []
        hits = self.store.query(vector, DENSE_PASSAGES)
        usable = [h for h in hits if allowed[self._row[h.clause_id]]]
        if len(usable) < DENSE_PASSAGES // 4 and len(hits) == DENSE_PASSAGES:
            documents = sorted(self._documents_of(allowed))
            hits = self.store.query(vector, DENSE_PASSAGES, documents)
            usable = [h for h in hits if allowed[self._row[h.clause_id]]]
        return [(h.clause_id, h.similarity, h.passage_id.endswith("#0")) for h in usable]

    def _whole(self, vector: npt.NDArray[np.float32], rows: list[int]) -> dict[int, float]:
        """Cosine with whole clauses that the nearest passages did not include."""
        ids = [self.clauses[r].clause_id + "#0" for r in rows]
        found = self.store.vectors(ids) if ids else {}
        return {r: float(vector @ found[i]) for r, i in zip(rows, ids, strict=True) if i in found}


def _parts(question: str) -> list[str]:
    """Parts of a long question between commas and stops: what is asked often stands in one of them."""
    parts = [p for p in re.split(r"[，,。！!？?；;：:\s]+", question) if len(p) >= MIN_PART_CHARS]
    return parts[-4:] if len(parts) > 1 else []
