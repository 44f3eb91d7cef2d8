"""The answers that people settled, ready to be given: `assistant.reviewed.Reviews`.

Each question looks at one counter of the store (0.2 ms), so that what an editor saves is given by every process from
the next question on. Only wordings that come near enough are read and searched, and those are kept.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from sqlalchemy import select

from assistant.alignment import bigrams, normalise
from assistant.answer import Sentence
from assistant.evidence import Chosen
from assistant.records.database import Database
from assistant.records.tables import AskedRow, OpenQuestionRow
from assistant.review import standing
from assistant.review.checking import check_lines
from assistant.review.matching import LEAST_COSINE, matches
from assistant.review.pins import Pin, counter, load_pins
from assistant.review.wordings import Reader, Wording
from assistant.reviewed import Pinned
from index.errors import WenceError
from index.passages import Span, sentence_spans
from index.search import Found, Scored, Searcher

MOST_TRIED = 6
"""Known wordings that are read and searched for one question, nearest first."""
MOST_KEPT = 4096
"""Read wordings that are kept; the oldest go."""

log = logging.getLogger("wence.review")


@dataclass(frozen=True, slots=True)
class Known:
    """One wording with what it belongs to: a pin, or a question that no policy settles."""

    text: str
    wanted: bool
    pin: Pin | None
    settled: str = ""
    """What to say beside the refusal."""
    place: str = ""

    @property
    def owner(self) -> str:
        """Id of the pin, or what is said."""
        return self.pin.id if self.pin else self.settled


@dataclass(frozen=True, slots=True)
class _Loaded:
    version: int
    known: tuple[Known, ...]
    vectors: npt.NDArray[np.float32]
    """[len(known), dimension]."""
    pins: tuple[Pin, ...] = field(default=())


class Board:
    """Over one generation of the index. Shared by all askers of one process."""

    def __init__(self, database: Database, searcher: Searcher) -> None:
        self.database, self.searcher = database, searcher
        self.reader = Reader(searcher)
        self._loaded: _Loaded | None = None
        self._lock = threading.Lock()
        self._read: dict[tuple[str, str, frozenset[str], str], Wording] = {}

    def at(self, searcher: Searcher) -> Board:
        """The board over another generation; this one where it is its own."""
        return self if searcher is self.searcher else Board(self.database, searcher)

    def pinned(self, question: str, found: Found, region: str, today: dt.date) -> Pinned | None:
        """The answer that people gave to this question; None when there is none, or when in doubt."""
        try:
            return self._pinned(question, found, region, today)
        except WenceError as error:
            log.error("核定答案没有查到：%s", error)
            return None

    def unregulated(self, question: str, found: Found, region: str) -> str:
        """What to say beside a refusal when people found that no document settles the question; "" for nothing."""
        try:
            loaded = self.loaded()
            asked = self._asked(question, found, region)
            best = self._best(loaded, asked, region, lambda k: k.pin is None)
            return best[1].settled if best else ""
        except WenceError as error:
            log.error("核定的无规定问题没有查到：%s", error)
            return ""

    def loaded(self) -> _Loaded:
        """All wordings as of now."""
        with self.database.read() as session:
            version = counter(session)
            current = self._loaded
            if current and current.version == version:
                return current
            pins = load_pins(session)
            known = [Known(e.text, e.wanted, p, place=p.place) for p in pins for e in p.examples]
            vectors = [e.vector for p in pins for e in p.examples]
            settled = select(AskedRow, OpenQuestionRow).join(
                OpenQuestionRow, AskedRow.open_question_id == OpenQuestionRow.id
            )
            for asked, open_question in session.execute(settled.where(OpenQuestionRow.state == "no_policy")):
                said = open_question.proof.get("said", "")
                known.append(Known(asked.text, True, None, said, open_question.region))
                vectors.append(np.frombuffer(asked.vector, dtype="<f4"))
        dimension = self.searcher.encoder.dimension
        if again := [i for i, v in enumerate(vectors) if v.shape != (dimension,)]:  # made by another model, or not yet
            for i, v in zip(again, self.reader.encode([known[i].text for i in again]), strict=True):
                vectors[i] = v
        matrix = np.stack(vectors).astype(np.float32) if vectors else np.zeros((0, dimension), dtype=np.float32)
        loaded = _Loaded(version, tuple(known), matrix, tuple(pins))
        with self._lock:
            self._loaded = loaded
        return loaded

    def match(self, question: str, region: str = "", found: Found | None = None, without: str = "") -> Pin | None:
        """The pin that answers a question; `without` leaves one out."""
        found = found or self.searcher.search(question, 30, region)
        best = self._best(
            self.loaded(),
            self._asked(question, found, region),
            region,
            lambda k: k.pin is not None and k.pin.id != without,
        )
        return best[1].pin if best else None

    def wording(self, known: Known, region: str = "") -> Wording:
        """A known wording, read and searched as for an asker of a region."""
        return self.read(known.text, known.place, known.pin.documents if known.pin else frozenset(), region)

    def read(self, text: str, place: str, documents: frozenset[str], region: str = "") -> Wording:
        """A wording, read and searched as for an asker of a region; kept."""
        key = (text, place, documents, region)
        if (kept := self._read.get(key)) is None:
            kept = self.reader.search(text, place, documents, region)
            with self._lock:
                while len(self._read) >= MOST_KEPT:
                    del self._read[next(iter(self._read))]
                self._read[key] = kept
        return kept

    def _asked(self, question: str, found: Found, region: str) -> Wording:
        return self.reader.read(question, found.vector, place=region, found=found)

    def _pinned(self, question: str, found: Found, region: str, today: dt.date) -> Pinned | None:
        loaded = self.loaded()
        if not loaded.pins or not len(found.vector):
            return None
        if (loaded.vectors @ found.vector).max(initial=-1.0) < LEAST_COSINE:
            return None
        best = self._best(loaded, self._asked(question, found, region), region, lambda k: k.pin is not None)
        pin = best[1].pin if best else None
        if pin is None:
            return None
        if reason := self.fault(pin, today):
            standing.withdraw(self.database, pin, reason, self.searcher)
            return None
        return self.given(pin)

    def fault(self, pin: Pin, today: dt.date) -> str:
        """Why a pin may no longer be given: its clauses, or a guard that no longer lets its sentences pass; "" when it may."""
        if reason := standing.fault(pin.sources, self.searcher, today):
            return reason
        faults = check_lines(pin.lines, self.searcher, today)[1]
        return f"按现在的核对不能通过：{faults[0]}" if faults else ""

    def _best(
        self, loaded: _Loaded, asked: Wording, region: str, take: Callable[[Known], bool]
    ) -> tuple[float, Known] | None:
        """The owner whose wanted wordings a question matches most nearly."""
        if not loaded.known:
            return None
        near = loaded.vectors @ asked.vector
        order = [int(i) for i in np.argsort(-near) if near[i] >= LEAST_COSINE and take(loaded.known[i])]
        best: tuple[float, Known] | None = None
        for owner in dict.fromkeys(loaded.known[i].owner for i in order[: MOST_TRIED * 2]):
            rows = [i for i in order if loaded.known[i].owner == owner][:MOST_TRIED]
            wanted = [self.wording(loaded.known[i], region) for i in rows if loaded.known[i].wanted]
            unwanted = [self.wording(loaded.known[i], region) for i in rows if not loaded.known[i].wanted]
            score, reason = matches(asked, wanted, unwanted, self.searcher.lexical)
            if wanted and not reason and (best is None or score > best[0]):
                best = (score, loaded.known[rows[0]])
        return best

    def given(self, pin: Pin) -> Pinned:
        """A pin as an answer."""
        ids = list(dict.fromkeys(i for line in pin.lines for i in line.clauses))
        number = {clause_id: n for n, clause_id in enumerate(ids, 1)}
        chosen = tuple(self._chosen(i, [line.text for line in pin.lines if i in line.clauses]) for i in ids)
        sentences = tuple(
            Sentence(
                line.text,
                tuple(number[i] for i in line.clauses),
                "verbatim" if line.support == "verbatim" else "supported",
            )
            for line in pin.lines
        )
        return Pinned(pin.id, pin.reviewed, sentences, chosen)

    def _chosen(self, clause_id: str, texts: Sequence[str]) -> Chosen:
        """A cited clause with its sentences that the answer's sentences are nearest to."""
        clause = self.searcher.clause(clause_id)
        assert clause is not None, "standing.fault comes before"
        spans = {_nearest(text, clause.text) for text in texts}
        scored = Scored(clause, 1.0, np.zeros(0, dtype=np.float32), 1.0)
        return Chosen(scored, tuple(sorted(spans, key=lambda s: s.start)), 1.0, 1.0, 1.0)


class Boards:
    """The board of whichever generation of the index is asked for; the last one is kept, with what it has read."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._last: Board | None = None

    def at(self, searcher: Searcher) -> Board:
        """The board over one generation."""
        if (last := self._last) is None or last.searcher is not searcher:
            last = self._last = Board(self.database, searcher)
        return last


def _nearest(text: str, clause: str) -> Span:
    """The sentence of a clause that shares most pairs of characters with a text."""
    pairs = bigrams(normalise(text).text)
    return max(sentence_spans(clause), key=lambda s: len(pairs & bigrams(normalise(clause[s.start : s.end]).text)))
