"""Collecting what was not answered well into open questions, after the fact: no asker waits for it.

Refusals for want of evidence, ratings down, answers of which the guard dropped a sentence, and matters asked again and
again. Each goes to the open question that asks the same (`matching`), or makes a new one. Running twice changes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from assistant.records import audit
from assistant.records.tables import AnswerRow, AskedRow, OpenQuestionRow, RatingRow, VersionRow, new_id, now
from assistant.review.board import Board
from assistant.review.matching import LEAST_COSINE, differences, why_not
from assistant.review.pins import Vector
from assistant.review.queue import ANSWERED, DISLIKED, DROPPED, OPEN, REFUSED, REPEATED, due_after
from assistant.review.wordings import Wording

WATERMARK = "collected"
"""Name of the row that says up to which second answers were looked at."""
OVERLAP = dt.timedelta(minutes=10)
"""Looked at again, as a transaction of another process may have ended late."""
MOST_AT_ONCE = 2000
OFTEN = 3
"""Askings of one matter in a conversation or on a day that make it an open question."""
WORDINGS = 5
"""Of each open question, the latest are compared."""
_EPOCH = dt.datetime(2020, 1, 1)


@dataclass(frozen=True, slots=True)
class Case:
    """One answer that belongs into the queue."""

    answer: str
    time: dt.datetime
    text: str
    region: str
    cause: str


@dataclass(slots=True)
class _Cluster:
    id: str
    region: str
    state: str
    wordings: list[tuple[str, Vector]]


class Collector:
    """Collects for one store."""

    def __init__(self, board: Board) -> None:
        self._board, self._database = board, board.database

    def collect(self) -> int:
        """Put what is new into the queue; how many askings came in.

        Raises:
            StorageError: the store failed; the next run takes up where this one began.
        """
        begun = now()
        with self._database.read() as session:
            since = self._since(session)
            cases = [c for c in _cases(session, since, self._board) if not self._known(session, c)]
            clusters = _clusters(session, self._board)
        if not cases:
            self._mark(begun)
            return 0
        vectors = self._board.reader.encode([c.text for c in cases])
        for case, vector in zip(cases, vectors, strict=True):
            self._place(case, vector, clusters)
        self._mark(begun)
        return len(cases)

    def _since(self, session: Session) -> dt.datetime:
        seconds = session.scalar(select(VersionRow.value).where(VersionRow.name == WATERMARK)) or 0
        return _EPOCH + dt.timedelta(seconds=seconds) - OVERLAP

    def _mark(self, moment: dt.datetime) -> None:
        value = int((moment - _EPOCH).total_seconds())
        with self._database.write() as session:
            self._database.put(session, VersionRow, {"name": WATERMARK, "value": value}, changes=("value",))

    def _known(self, session: Session, case: Case) -> bool:
        asked = select(AskedRow.id).where(AskedRow.answer == case.answer, AskedRow.cause == case.cause)
        return session.scalar(asked) is not None

    def _place(self, case: Case, vector: Vector, clusters: list[_Cluster]) -> None:
        """Into the nearest open question that asks the same, or a new one."""
        cluster = self._same(case, vector, clusters)
        asked = AskedRow(
            answer=case.answer, time=case.time, text=case.text, cause=case.cause,
            vector=np.asarray(vector, dtype="<f4").tobytes(), model=self._board.searcher.encoder.name,
        )  # fmt: skip
        with self._database.write() as session:
            row = session.get(OpenQuestionRow, cluster.id) if cluster else None
            if row is None:
                row = OpenQuestionRow(
                    id=new_id(), text=case.text, region=case.region, due=due_after(case.time.date()), first=case.time,
                    last=case.time, state=OPEN, owner="", note="", proof={},
                )  # fmt: skip
                session.add(row)
                session.flush()
                clusters.append(_Cluster(row.id, row.region, OPEN, [(case.text, vector)]))
            elif cluster:
                row.last = max(row.last, case.time)
                cluster.wordings = [(case.text, vector), *cluster.wordings][:WORDINGS]
                if row.state == ANSWERED and case.cause in (REFUSED, DISLIKED) and case.time > _closed(row):
                    row.state, row.due, cluster.state = OPEN, due_after(now().date()), OPEN
                    audit.note(session, "", "question.reopen", row.id, why=f"又有人提问，{case.cause}")
            asked.open_question_id = row.id
            session.add(asked)

    def _same(self, case: Case, vector: Vector, clusters: Sequence[_Cluster]) -> _Cluster | None:
        near = [(float(vector @ v), text, c) for c in clusters for text, v in c.wordings if vector @ v >= LEAST_COSINE]
        asked: Wording | None = None
        for _, text, cluster in sorted(near, key=lambda n: -n[0])[:8]:
            asked = asked or self._board.read(case.text, case.region, frozenset(), case.region)
            known = self._board.read(text, cluster.region, frozenset(), cluster.region)
            if cluster.region == case.region and not why_not(asked, known, self._board.searcher.lexical):
                return cluster
        return None


def _closed(row: OpenQuestionRow) -> dt.datetime:
    said = row.proof.get("time")
    return dt.datetime.fromisoformat(said) if isinstance(said, str) else row.first


def _clusters(session: Session, board: Board) -> list[_Cluster]:
    rows = session.scalars(select(OpenQuestionRow)).all()
    clusters = {row.id: _Cluster(row.id, row.region, row.state, []) for row in rows}
    model = board.searcher.encoder.name
    for asked in session.scalars(select(AskedRow).order_by(AskedRow.id.desc())):
        cluster = clusters[asked.open_question_id]
        texts = [t for t, _ in cluster.wordings]
        if len(texts) < WORDINGS and asked.text not in texts:
            vector = (
                np.frombuffer(asked.vector, dtype="<f4")
                if asked.model == model
                else board.reader.encode([asked.text])[0]
            )
            cluster.wordings.append((asked.text, vector))
    return list(clusters.values())


def _cases(session: Session, since: dt.datetime, board: Board) -> Iterator[Case]:
    """What belongs into the queue since a moment, oldest first."""
    recent = select(AnswerRow).where(AnswerRow.time >= since).order_by(AnswerRow.time).limit(MOST_AT_ONCE)
    rows = [row for row in session.scalars(recent) if _asks(row)]
    for row in rows:
        if row.refused:
            yield _case(row, REFUSED)
        elif row.dropped and not row.pin:
            yield _case(row, DROPPED)
    down = select(AnswerRow, RatingRow.time).join(RatingRow, RatingRow.answer == AnswerRow.id)
    for row, time in session.execute(down.where(RatingRow.rating == "down", RatingRow.time >= since)):
        if _asks(row) or row.reason == "out_of_scope":
            yield Case(row.id, time, row.standalone, row.region, DISLIKED)
    yield from _repeated(session, [r for r in rows if not r.refused and not r.pin], board)


def _asks(row: AnswerRow) -> bool:
    """A question about policy, also one that was refused for want of evidence: no small talk, nothing unsafe."""
    return bool(row.record.get("retrieved")) and row.reason in ("", "no_evidence")


def _case(row: AnswerRow, cause: str) -> Case:
    return Case(row.id, row.time, row.standalone, row.region, cause)


def _repeated(session: Session, rows: Sequence[AnswerRow], board: Board) -> Iterator[Case]:
    """Answers to a matter that was asked OFTEN by then, in one conversation or on one day."""
    if not rows:
        return
    day = dt.timedelta(days=1)
    around = select(AnswerRow).where(AnswerRow.time >= rows[0].time - day, AnswerRow.time <= rows[-1].time)
    others = [r for r in session.scalars(around.order_by(AnswerRow.time).limit(2 * MOST_AT_ONCE)) if _asks(r)]
    texts = list(dict.fromkeys(r.standalone for r in others))
    if not texts or len(others) < OFTEN:
        return
    number = {text: i for i, text in enumerate(texts)}
    vectors = np.stack(board.reader.encode(texts))
    lexical = board.searcher.lexical
    for row in rows:
        i = number[row.standalone]
        near = {texts[j] for j in np.flatnonzero(vectors @ vectors[i] >= LEAST_COSINE)}
        asked = board.reader.read(row.standalone, vectors[i], row.region)
        count = 0
        for other in others:
            if other.time > row.time or other.region != row.region or other.standalone not in near:
                continue
            if other.time.date() != row.time.date() and (
                not row.conversation or other.conversation != row.conversation
            ):
                continue
            known = board.reader.read(other.standalone, vectors[number[other.standalone]], other.region)
            count += not differences(asked, known, lexical)
        if count >= OFTEN:
            yield _case(row, REPEATED)
