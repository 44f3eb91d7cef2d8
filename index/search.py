"""Search: a question in, ranked clauses out.

    read the question → filter by place and document → dense + lexical candidates → features → order

A typed address (409号文第8条) is looked up and stands first. Region and document filters hold for every
candidate: a clause of Shanghai is never given to somebody who asks about Shenzhen.
"""

from __future__ import annotations

import os
import re
import time
import weakref
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from index.address import clauses_at
from index.candidates import Breadth, Candidates
from index.card import is_card
from index.clause import Clause, Document
from index.contents import Columns, open_clauses, read_documents
from index.encode import Encoder
from index.errors import IndexDamagedError, IndexMissingError, IndexStampError
from index.forms import Form, form_of
from index.generation import FORMAT, current_generation, hold, read_stamp
from index.lexical import LexicalIndex
from index.lineage import Lineage
from index.mending import Mender
from index.naming import Naming
from index.nearest import NearestPassages
from index.parse import PARSER_VERSION
from index.passages import passages_of
from index.query import Intent, Query, read_query
from index.ranking import Candidate, featurise, load_weights, score
from index.regions import contains
from index.remembering import remembering
from index.rerank import DEPTH, Reranker
from index.store import PassageStore, Scope, open_store
from index.stores.chroma import check_folder
from index.timely import withheld
from index.words import Tokenizer, load_terms

MIN_PART_CHARS = 5
ADDRESS_DOCUMENTS = 50
"""An article number that names no document is looked up among so many documents at most."""
NAMED_EXPRESSIONS = 512
"""Expressions whose clauses are remembered: those of the word list come again and again."""
CLOSING_TEXT = re.compile(r"有效期(?:至|为|自)|自.{0,24}起?(?:施行|实施|生效|执行)")
"""A clause that states from when or until when its document holds."""
FACTS = frozenset({Intent.FACTS, Intent.VALIDITY})


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
        forms: Sequence[Form] | None = None,
        columns: Columns | None = None,
        reranker: Reranker | None = None,
        mender: Mender | None = None,
        breadth: Breadth | None = None,
    ) -> None:
        """Search clauses; `forms` and `columns` are made from the clauses where they are not at hand.

        `mender` is that of the word list's terms, and `breadth` what is measured above, unless others are given.
        """
        self.encoder, self.store, self.lexical = encoder, store, lexical
        self.clauses, self.documents = clauses, list(documents)
        self.version = version
        self.tokenizer = tokenizer or Tokenizer()
        self.weights = load_weights()
        self.naming = Naming(self.documents)
        columns = columns or Columns.of(clauses, self.documents)
        self._form = partial(_form, clauses) if forms is None else forms.__getitem__
        self._ids = columns.ids
        self._row = {clause_id: row for row, clause_id in enumerate(columns.ids)}
        # Documents and their regions as small integers: comparing 110,000 names a question took 63 ms.
        self._codes = columns.document
        # Without `self`, so that an index that is let go of is gone at once.
        self.lineage = Lineage(self.documents, partial(_members, clauses, columns.document, self.naming.place))
        self.documents = self.lineage.stated()
        regions = list(dict.fromkeys(d.region for d in self.documents))
        self._regions = regions
        self._region_codes = np.array([regions.index(d.region) for d in self.documents], dtype=np.int32)
        self._card = columns.card
        self._text_rows = ~columns.card
        self._mend = mender or Mender(sorted(w for w in load_terms().words if len(w) >= 3))
        self._candidates = Candidates(store, lexical, self.tokenizer, self._row, self._form, breadth)
        self.reranker = reranker
        self._naming = remembering(self._rows_naming, NAMED_EXPRESSIONS)
        self.tokenizer.words("预热")

    @classmethod
    def open(cls, home: Path, encoder: Encoder, place: str = "", reranker: Reranker | None = None) -> Searcher:
        """Open the current index.

        Args:
            home: WENCE_HOME.
            encoder: makes the questions' vectors.
            place: the server or Milvus file that holds the passages (`index.store`); "" for the index's own folder.
            reranker: looks at the first clauses again.

        Raises:
            IndexMissingError: nothing has been indexed.
            IndexStampError: another model or parser built it; the message names the command that repairs it.
            IndexDamagedError: files are missing or cut short.
        """
        while True:
            folder = current_generation(home)
            held = hold(folder)
            try:
                found = cls._opened(folder, encoder, place)
            except BaseException as error:
                if held is not None:
                    os.close(held)
                gone = isinstance(error, IndexMissingError | IndexDamagedError) and current_generation(home) != folder
                if not gone:  # else two newer ones were made meanwhile, and the third is opened
                    raise
                continue
            if held is not None:
                weakref.finalize(found, os.close, held)
            found.reranker = reranker
            return found

    @classmethod
    def _opened(cls, folder: Path, encoder: Encoder, place: str) -> Searcher:
        stamp = read_stamp(folder)
        for what, built, now in (
            ("格式", stamp.format, FORMAT),
            ("解析器版本", stamp.parser, PARSER_VERSION),
            ("向量模型", stamp.model, encoder.name),
            ("向量维度", str(stamp.dimension), str(encoder.dimension)),
        ):
            if built != now:
                raise IndexStampError(f"索引的{what}是 {built}，当前是 {now}；请运行 `wence index --rebuild` 重建索引")
        found = open_clauses(folder)
        store: PassageStore
        if stamp.store == "folder" and not place:
            check_folder(folder / "vectors")
            store = NearestPassages.load(folder / "nearest", found.columns.ids)
        else:
            store = open_store(place or folder / "vectors", stamp.collection)
        documents = [d for d, _ in read_documents(folder)]
        version = f"{folder.name}@{stamp.built}"
        lexical = LexicalIndex.load(folder / "lexical")
        return cls(encoder, store, lexical, found.clauses, documents, version, forms=found.forms, columns=found.columns)

    def now(self) -> Searcher:
        """Itself: an open index stays what it is (`index.live` follows what becomes current)."""
        return self

    @cached_property
    def regions(self) -> list[str]:
        """Regions to choose from, those with most documents first; a country-wide document needs no choice."""
        counts = Counter(d.region for d in self.documents if d.region and d.region != "全国")
        return sorted(counts, key=lambda name: (-counts[name], name))

    def _clause(self, row: int, day: str) -> Clause:
        clause = self.clauses[row]
        return self.lineage.as_of(clause, day) if day else clause

    def clause(self, clause_id: str) -> Clause | None:
        """A clause by its id."""
        row = self._row.get(clause_id)
        return None if row is None else self.clauses[row]

    def document(self, document_id: str) -> Document:
        """A document by its id."""
        return self.documents[self.naming.place[document_id]]

    def neighbours(self, clause: Clause) -> tuple[Clause | None, Clause | None]:
        """The clauses before and after one in its document."""
        row = self._row[clause.clause_id]
        inside = [i for i in (row - 1, row + 1) if 0 <= i < len(self._codes) and self._codes[i] == self._codes[row]]
        near = {i: self.clauses[i] for i in inside if not self._card[i]}
        return near.get(row - 1), near.get(row + 1)

    def search(
        self, question: str, top: int = 10, region: str = "", query: Query | None = None, day: str = ""
    ) -> Found:
        """Rank clauses for a standalone question.

        Args:
            question: one question, as typed.
            top: at most so many clauses.
            region: the asker's region when the question names none, e.g. 上海市.
            query: the question already read, to override what the rules find.
            day: ISO; documents not in force then keep silent, and clauses bear the status of that day. "" takes
                every document as it says of itself. With `query`, who keeps silent is what the query says.
        """
        started = time.perf_counter()
        question = self.mend(question.encode("utf-8", "replace").decode())  # a lone surrogate cannot be tokenised
        if query is None:
            query = read_query(question, self.naming, region)
            query = replace(query, without=withheld(query, self.naming, self.lineage, day)) if day else query
        if not len(self.clauses):
            return Found(query, (), np.zeros(self.encoder.dimension, dtype=np.float32))
        vectors = self.encoder.encode_question(question, _parts(question))
        encoded = time.perf_counter()
        scope = self._scope(query)
        addressed = self._addressed(query, scope)
        words = self.weigh(query)
        candidates = self._candidates.of(query, words, self.weights, vectors, scope, addressed)
        features = featurise(query, words, candidates, self.lexical)
        utilities = score(features, self.weights)
        if self.reranker:
            utilities = self._reranked(self.reranker, question, candidates, utilities, addressed)
        order = sorted(range(len(candidates)), key=lambda i: (candidates[i].row not in addressed, -utilities[i]))
        order = self._shared(query, [candidates[i] for i in order], order)
        ranked = tuple(
            Scored(
                self._clause(candidates[i].row, day), float(utilities[i]), features[i], candidates[i].dense_best,
                candidates[i].row in addressed,
            )
            for i in order[:top]
        )  # fmt: skip
        done = time.perf_counter()
        timings = {"encode": (encoded - started) * 1000, "search": (done - encoded) * 1000}
        return Found(query, ranked, vectors[0], timings)

    def _reranked(
        self,
        reranker: Reranker,
        question: str,
        candidates: list[Candidate],
        utilities: npt.NDArray[np.float32],
        addressed: set[int],
    ) -> npt.NDArray[np.float32]:
        """The same utilities, those of the best clauses handed out among them anew: [candidates]."""
        best = [i for i in np.argsort(-utilities, kind="stable").tolist() if candidates[i].row not in addressed][:DEPTH]
        texts = [passages_of(self.clauses[candidates[i].row])[0].text for i in best]
        order = np.argsort(-reranker.scores(question, texts), kind="stable")
        again = utilities.copy()
        again[np.array(best, dtype=np.int64)[order]] = utilities[best]
        return again

    def _shared(self, query: Query, candidates: list[Candidate], order: list[int]) -> list[int]:
        """Two cities or two documents asked: their clauses take turns, so that neither crowds out the other."""
        if len(query.documents.certain) > 1:
            group = [self._codes[c.row] for c in candidates]
        elif len(query.regions) > 1:
            group = [self._region_codes[self._codes[c.row]] for c in candidates]
        else:
            return order
        turn: dict[int, int] = {}
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
        return self._mend.mend(question, self.lexical)

    def _scope(self, query: Query) -> Scope:
        """Which clauses may be shown: place and certain documents filter, cards only when facts are asked."""
        rows = None if FACTS & query.intents else self._text_rows
        documents = tuple(d for d in query.documents.certain if d in self.naming.place and d not in query.without)
        if query.without:
            speaking = np.ones(len(self.documents), dtype=bool)
            speaking[[self.naming.place[d] for d in query.without]] = False
            rows = speaking[self._codes] if rows is None else speaking[self._codes] & rows
        regions: tuple[str, ...] = ()
        if query.documents.certain:
            shown = np.zeros(len(self.documents), dtype=bool)
            shown[[self.naming.place[d] for d in documents]] = True
            rows = shown[self._codes] if rows is None else shown[self._codes] & rows
        elif query.regions:
            regions = tuple(r for r in self._regions if any(contains(r, asked) for asked in query.regions))
            shown = np.array([r in regions for r in self._regions], dtype=bool)[self._region_codes]
            if not shown.all():
                rows = shown[self._codes] if rows is None else shown[self._codes] & rows
        return Scope(documents, regions, rows)

    def _rows(self, scope: Scope) -> npt.NDArray[np.bool_]:
        """The scope as rows, bool [clauses]."""
        return np.ones(len(self._codes), dtype=bool) if scope.rows is None else scope.rows

    def named(self, query: Query, expressions: tuple[str, ...]) -> bool | None:
        """Whether a clause that may be shown names something in one of these normal forms; None when none anywhere does."""
        rows = [row for expression in expressions for row in self._naming(expression)]
        return bool(self._rows(self._scope(query))[rows].any()) if rows else None

    def _rows_naming(self, expression: str) -> tuple[int, ...]:
        """Rows whose clause holds an expression in headings, text or footnotes."""
        held = self.lexical.rows_holding(expression)
        rows = range(len(self._ids)) if held is None else held.tolist()
        return tuple(
            row
            for row in rows
            for form in (self._form(row),)
            if expression in form.heads or expression in form.text or any(expression in n for n in form.notes)
        )

    def _addressed(self, query: Query, scope: Scope) -> set[int]:
        if query.address is None and not FACTS & query.intents:
            return set()
        allowed = self._rows(scope)
        likely = query.documents.likely if len(query.documents.likely) <= ADDRESS_DOCUMENTS else ()
        wanted = [self.naming.place[d] for d in query.documents.certain or likely]
        if not wanted:
            # One document speaks for this place, so “这个文件” can mean no other; an article's number alone
            # names nothing among many documents.
            there = np.flatnonzero(np.bincount(self._codes[allowed], minlength=len(self.documents)))
            if len(there) == 1:
                wanted = there.tolist()
            elif query.address is None or len(there) > ADDRESS_DOCUMENTS:
                return set()
        rows = np.flatnonzero(allowed & np.isin(self._codes, wanted) if wanted else allowed)
        inside = [self.clauses[i] for i in rows.tolist()]
        if query.address is not None:
            return {self._row[c.clause_id] for c in clauses_at(query.address, inside, query.text)}
        # “409号文是谁发的”: the named document's card; “深圳方案有效期到哪天”: the clause that says so, then the card.
        found = [c for c in inside if is_card(c)] if Intent.FACTS in query.intents else []
        if Intent.VALIDITY in query.intents:
            stated = [c for c in inside if not is_card(c) and CLOSING_TEXT.search(c.text)]
            found += stated or [c for c in inside if is_card(c)]
        return {self._row[c.clause_id] for c in found}


def _form(clauses: Sequence[Clause], row: int) -> Form:
    return form_of(clauses[row])


def _members(
    clauses: Sequence[Clause], codes: npt.NDArray[np.int32], place: Mapping[str, int], document_id: str
) -> list[Clause]:
    """Clauses of one document, its card included, in their order."""
    return [clauses[row] for row in np.flatnonzero(codes == place[document_id]).tolist()]


def _parts(question: str) -> list[str]:
    """Parts of a long question between commas and stops: what is asked often stands in one of them."""
    parts = [p for p in re.split(r"[，,。！!？?；;：:\s]+", question) if len(p) >= MIN_PART_CHARS]
    return parts[-4:] if len(parts) > 1 else []
