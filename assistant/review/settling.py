"""Seeing to open questions: an owner, a due day, and the ways out, each with its proof.

A question is closed as answered only when the system, asked again, answers it: the same wordings, without a model. As
“no policy says this” only when the system does find nothing. Both become questions of the evaluation set.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy.orm import Session

from assistant.answer import Answer, Asker
from assistant.ask import Assistant
from assistant.people.person import STAFF, Person
from assistant.records import audit
from assistant.records.database import Database
from assistant.records.tables import AnswerRow, OpenQuestionRow, now
from assistant.review.editing import Forbidden
from assistant.review.evalset import keep_answered, keep_unanswerable
from assistant.review.pins import count_up
from assistant.review.queue import (
    ANSWERED,
    HANDED,
    NO_POLICY,
    OPEN,
    REFUSED,
    STATES,
    OpenQuestion,
    due_after,
    load_question,
    load_questions,
)
from index.errors import InputError

MOST_WORDINGS = 10
"""Wordings that are asked again before a question is closed, the latest."""


def require_staff(person: Person | None) -> Person:
    """Somebody who may see to open questions.

    Raises:
        Forbidden: nobody, or without the role.
    """
    if person is None or person.role not in STAFF:
        raise Forbidden("只有坐席、编辑和管理员可以处理待办问题")
    return person


class Settling:
    """Open questions for staff.

    Args:
        database: where they are.
        assistant: asked again before one is closed; keeps no record of that.
        home: evaluation questions are written below it; None writes none.
    """

    def __init__(self, database: Database, assistant: Assistant, home: Path | None) -> None:
        self._database, self._home = database, home
        self._assistant = replace(assistant, records=None, writer=None)

    def all(self, states: Sequence[str] = (OPEN, HANDED)) -> list[OpenQuestion]:
        """Open questions in some states: overdue first."""
        with self._database.read() as session:
            return load_questions(session, states)

    def get(self, question_id: str) -> OpenQuestion:
        """One open question.

        Raises:
            InputError: there is none.
        """
        with self._database.read() as session:
            found = load_question(session, question_id)
        if found is None:
            raise InputError(f"没有待办问题 {question_id}；请刷新列表")
        return found

    def assign(self, person: Person | None, question_id: str, owner: str, due: dt.date | None) -> None:
        """Say who sees to it by when."""
        staff = require_staff(person)
        with self._database.write() as session:
            row = _row(session, question_id)
            row.owner, row.due = owner.strip()[:64], due
            audit.note(session, staff.name, "question.assign", row.id, owner=row.owner, due=str(due or ""))

    def hand(self, person: Person | None, question_id: str, note: str = "") -> None:
        """Give it to the editors."""
        staff = require_staff(person)
        with self._database.write() as session:
            row = _row(session, question_id)
            row.state, row.note, row.due = HANDED, note.strip() or row.note, row.due or due_after(now().date())
            audit.note(session, staff.name, "question.hand", row.id, note=note)

    def reopen(self, person: Person | None, question_id: str, why: str = "") -> None:
        """Take a settled question up again."""
        staff = require_staff(person)
        self._reopened(question_id, staff.name, why or "人工重开")

    def close(self, person: Person | None, question_id: str) -> OpenQuestion:
        """Close as answered, when all its wordings now are.

        Raises:
            InputError: says which wording is still not answered, and what it was told.
        """
        staff = require_staff(person)
        question = self.get(question_id)
        answers = {w: self.ask(w, question.region) for w in _latest(question)}
        problems = [p for w, a in answers.items() if (p := self._unsettled(question, w, a))]
        if problems:
            raise InputError("还不能结案：" + "；".join(problems))
        answer = answers[question.text]
        proof = {
            "answer": answer.answer_id, "sentences": [s.text for s in answer.sentences], "pin": answer.pin,
            "clauses": [c.clause.clause_id for c in answer.citations], "index_version": answer.index_version,
            "wordings": list(answers), "time": now().isoformat(timespec="seconds"), "by": staff.name,
        }  # fmt: skip
        with self._database.write() as session:
            row = _row(session, question_id)
            row.state, row.proof = ANSWERED, proof
            count_up(self._database, session)
            audit.note(
                session, staff.name, "question.answered", row.id, **{k: proof[k] for k in ("answer", "pin", "clauses")}
            )
        if self._home:
            keep_answered(self._home, question, answer)
        return self.get(question_id)

    def no_policy(self, person: Person | None, question_id: str, note: str, today: dt.date) -> OpenQuestion:
        """Close as settled by no collected document.

        Raises:
            InputError: the system does answer it, or no note says what was looked at.
        """
        staff = require_staff(person)
        question = self.get(question_id)
        if not note.strip():
            raise InputError("请写明核对了哪些文件、为什么认定没有规定")
        for wording in _latest(question):
            answer = self.ask(wording, question.region)
            if not answer.refused:
                raise InputError(f"“{wording}”现在有条款可答：{answer.text[:80]}；不能标为无规定")
        proof = {
            "said": f"经人工核对（{today.isoformat()}），已收录的文件没有规定。", "by": staff.name,
            "time": now().isoformat(timespec="seconds"), "index_version": self._assistant.searcher.version,
        }  # fmt: skip
        with self._database.write() as session:
            row = _row(session, question_id)
            row.state, row.note, row.proof = NO_POLICY, note.strip(), proof
            count_up(self._database, session)
            audit.note(session, staff.name, "question.no_policy", row.id, note=row.note)
        if self._home:
            keep_unanswerable(self._home, question)
        return self.get(question_id)

    def review(self) -> int:
        """Take up again what a new index or a lost pin has unsettled; how many."""
        count = 0
        for question in self.all((NO_POLICY, ANSWERED)):
            answer = self.ask(question.text, question.region)
            if question.state == NO_POLICY and not answer.refused:
                self._reopened(question.id, "", "索引更新后有条款可答")
            elif question.state == ANSWERED and (answer.refused or (question.proof.get("pin") and not answer.pin)):
                self._reopened(question.id, "", "核定答案已撤回" if question.proof.get("pin") else "现在又答不了")
            else:
                continue
            count += 1
        return count

    def ask(self, text: str, region: str) -> Answer:
        """What a visitor of a region is now told, in the clauses' own words."""
        return self._assistant.answer(text, (), Asker(region), llm=False)

    def _unsettled(self, question: OpenQuestion, wording: str, answer: Answer) -> str:
        """Why a wording does not count as answered; "" when it does."""
        said = " ".join(s.text for s in answer.sentences)[:80]
        if answer.refused or not answer.citations:
            return f"“{wording}”仍未回答（{said}）"
        before = [a for a in question.askings if a.text == wording and a.cause != REFUSED]
        if answer.pin or not before:
            return ""
        with self._database.read() as session:
            rows = [session.get(AnswerRow, a.answer) for a in before]
        told = {tuple(s["text"] for s in row.record.get("sentences", [])) for row in rows if row is not None}
        same = tuple(s.text for s in answer.sentences) in told
        return f"“{wording}”的回答与当时相同（{said}），请先核定答案" if same else ""

    def _reopened(self, question_id: str, name: str, why: str) -> None:
        with self._database.write() as session:
            row = _row(session, question_id)
            if row.state in (OPEN, HANDED):
                return
            row.state, row.due = OPEN, due_after(now().date())
            count_up(self._database, session)
            audit.note(session, name, "question.reopen", row.id, why=why)


def _latest(question: OpenQuestion) -> list[str]:
    return list(dict.fromkeys([question.text, *question.wordings[::-1]]))[:MOST_WORDINGS]


def _row(session: Session, question_id: str) -> OpenQuestionRow:
    row = session.get(OpenQuestionRow, question_id, with_for_update=True)
    if row is None:
        raise InputError(f"没有待办问题 {question_id}；请刷新列表")
    return row


__all__ = ["STATES", "Settling", "require_staff"]
