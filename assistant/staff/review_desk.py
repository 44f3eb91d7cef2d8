"""What the tabs of pinned answers, open questions and trends share; made once from the desk of the workbench."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.people.person import EDITORS, Person
from assistant.people.reception import Asking
from assistant.review.board import Board, Boards
from assistant.review.editing import Editing
from assistant.review.queue import CAUSES, OpenQuestion
from assistant.review.settling import Settling
from assistant.staff.desk import StaffDesk
from assistant.staff.review_marks import told
from index.clause import Clause
from index.errors import WenceError
from index.search import Searcher

FOUND = 8
"""Clauses offered for one search."""

log = logging.getLogger("wence.review")


@dataclass(frozen=True, slots=True)
class ReviewDesk:
    """One for a server; shared by all staff."""

    desk: StaffDesk
    boards: Board | Boards

    @classmethod
    def of(cls, desk: StaffDesk) -> ReviewDesk:
        """Over the pins that visitors are answered from, where there are any."""
        pins = desk.assistant.pins
        return cls(desk, pins if isinstance(pins, Board | Boards) else Boards(desk.database))

    @property
    def searcher(self) -> Searcher:
        """The index as of now."""
        return self.desk.assistant.searcher

    @property
    def board(self) -> Board:
        """Pins over the index as of now; what is made of it keeps to that index."""
        return self.boards.at(self.searcher)

    @property
    def editing(self) -> Editing:
        """Writes pins."""
        return Editing(self.board)

    @property
    def settling(self) -> Settling:
        """Sees to open questions."""
        return Settling(self.desk.database, self.desk.assistant.held(), self.desk.home)

    @property
    def today(self) -> dt.date:
        """The day that answers are given on."""
        return self.desk.assistant.today or dt.date.today()

    def person(self, request: Asking | None) -> Person | None:
        """Who pressed; asked anew each time, so that who lost a role has lost it here too."""
        return self.desk.reception.person_of(request) if request else None

    def edits(self, request: Asking | None) -> bool:
        """Whether who looks may pin."""
        person = self.person(request)
        return person is not None and person.role in EDITORS

    def clauses(self, text: str) -> list[tuple[str, str]]:
        """Clauses for a search, as (shown, id)."""
        found = self.searcher.search(text, FOUND) if text.strip() else None
        return [(label_of(s.clause), s.clause.clause_id) for s in found.ranked] if found else []


def label_of(clause: Clause) -> str:
    """A clause in a list."""
    text = clause.text if len(clause.text) <= 90 else clause.text[:89] + "…"
    return f"{clause.address} {clause.title}：{text}"


def question_label(question: OpenQuestion, today: dt.date) -> str:
    """An open question in a list."""
    counts = "，".join(f"{CAUSES[cause]} {n}" for cause, n in question.counts.items())
    late = "逾期 · " if question.due and question.due < today else ""
    region = f"[{question.region}] " if question.region else ""
    return f"{late}{region}{question.text}（{counts}{f'；{question.owner}' if question.owner else ''}；{question.due or '无期限'}）"


def said(act: Callable[[], str]) -> str:
    """What a button did, or in one line why it did not."""
    try:
        return told(act())
    except WenceError as error:
        return told(str(error), "bad")
    except Exception:
        log.exception("a button of the review tabs failed")
        return told("出错了，没有完成；请稍后再试", "bad")


def choices(labels: Sequence[tuple[str, str]], chosen: str) -> dict[str, Any]:
    """Arguments of an update of a list; what was chosen stays chosen while it is there."""
    ids = {i for _, i in labels}
    return {"choices": list(labels), "value": chosen if chosen in ids else None}
