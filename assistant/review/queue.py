"""Open questions as they are kept: one matter that was not answered well, all its askings, who sees to it by when."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from assistant.records.tables import AskedRow, OpenQuestionRow

OPEN, HANDED, ANSWERED, NO_POLICY = "open", "handed", "answered", "no_policy"
STATES = {OPEN: "待办", HANDED: "已转编辑", ANSWERED: "已回答", NO_POLICY: "无规定"}
REFUSED, DISLIKED, DROPPED, REPEATED = "refused", "disliked", "dropped", "repeated"
CAUSES = {REFUSED: "未能回答", DISLIKED: "评价不满意", DROPPED: "有句子未通过核对", REPEATED: "反复询问"}
DUE_DAYS = 3
"""Working days that a new question has."""


@dataclass(frozen=True, slots=True)
class Asking:
    """One time that somebody asked it."""

    answer: str
    """Id of the answer given then."""
    time: dt.datetime
    text: str
    cause: str


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """One matter."""

    id: str
    text: str
    region: str
    state: str
    owner: str
    due: dt.date | None
    first: dt.datetime
    last: dt.datetime
    note: str
    proof: dict[str, object]
    askings: tuple[Asking, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Askings by cause, in the order of CAUSES."""
        counted = Counter(a.cause for a in self.askings)
        return {cause: counted[cause] for cause in CAUSES if counted[cause]}

    @property
    def wordings(self) -> list[str]:
        """What was asked, each wording once, the shown one first."""
        return list(dict.fromkeys([self.text, *(a.text for a in self.askings)]))


def load_questions(session: Session, states: Sequence[str] = tuple(STATES)) -> list[OpenQuestion]:
    """Open questions in some states: overdue ones first, then those asked most."""
    rows = session.scalars(select(OpenQuestionRow).where(OpenQuestionRow.state.in_(states))).all()
    askings: dict[str, list[Asking]] = {row.id: [] for row in rows}
    # Without the vectors, which are most of a row.
    columns = (AskedRow.open_question_id, AskedRow.answer, AskedRow.time, AskedRow.text, AskedRow.cause)
    for a in session.execute(select(*columns).order_by(AskedRow.id)):
        if a.open_question_id in askings:
            askings[a.open_question_id].append(Asking(a.answer, a.time, a.text, a.cause))
    found = [_question(row, askings[row.id]) for row in rows]
    return sorted(found, key=lambda q: (q.due or dt.date.max, -len(q.askings), q.id))


def load_question(session: Session, question_id: str) -> OpenQuestion | None:
    """One open question."""
    row = session.get(OpenQuestionRow, question_id)
    if row is None:
        return None
    asked = session.scalars(select(AskedRow).where(AskedRow.open_question_id == question_id).order_by(AskedRow.id))
    return _question(row, [Asking(a.answer, a.time, a.text, a.cause) for a in asked])


def _question(row: OpenQuestionRow, askings: Sequence[Asking]) -> OpenQuestion:
    return OpenQuestion(
        row.id,
        row.text,
        row.region,
        row.state,
        row.owner,
        row.due,
        row.first,
        row.last,
        row.note,
        row.proof,
        tuple(askings),
    )


def due_after(day: dt.date, working_days: int = DUE_DAYS) -> dt.date:
    """The day so many working days later; public holidays are not known here."""
    while working_days:
        day += dt.timedelta(days=1)
        working_days -= day.weekday() < 5
    return day
