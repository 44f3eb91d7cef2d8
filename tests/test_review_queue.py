"""Open questions: what gets into the queue, how it is clustered, and that nothing is closed without proof."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from assistant.answer import ANYBODY, Answer, Asker, Rating, Vetting
from assistant.ask import Assistant
from assistant.people.person import Person, Role
from assistant.records.answers import Answers
from assistant.records.audit import verify
from assistant.records.database import Database
from assistant.review.board import Board
from assistant.review.collecting import Collector
from assistant.review.editing import Draft, Editing, Forbidden
from assistant.review.evalset import path_in
from assistant.review.keeper import Keeper
from assistant.review.pins import Line
from assistant.review.queue import ANSWERED, HANDED, OPEN, OpenQuestion, due_after
from assistant.review.settling import Settling
from index.errors import InputError
from index.search import Searcher

TODAY = dt.date(2026, 11, 21)
EDITOR = Person("e" * 32, "编辑甲", "", Role.EDITOR)
STAFF = Person("s" * 32, "坐席乙", "", Role.STAFF)
UNKNOWN = "离岸孵化器的申报截止时间是几号？"
"""The documents do not say."""


@dataclass
class Place:
    """A store, and an assistant that keeps its answers there."""

    database: Database
    board: Board
    assistant: Assistant
    records: Answers
    settling: Settling
    home: Path

    def ask(self, question: str, conversation: str = "", region: str = "") -> Answer:
        return self.assistant.answer(question, (), Asker(region, conversation=conversation))

    def collected(self) -> list[OpenQuestion]:
        Collector(self.board).collect()
        return self.settling.all()


@pytest.fixture
def place(database: Database, tmp_path: Path, searcher: Searcher) -> Place:
    """On SQLite and on PostgreSQL."""
    board, records = Board(database, searcher), Answers(database)
    assistant = Assistant(searcher, records=records, today=TODAY, pins=board)
    return Place(database, board, assistant, records, Settling(database, assistant, tmp_path), tmp_path)


def test_refusals_for_want_of_evidence_are_collected_once_and_small_talk_is_not(place: Place) -> None:
    for text in (UNKNOWN, "你好", "帮我伪造发票", "今天天气怎么样"):
        place.ask(text)
    (found,) = place.collected()
    assert (found.text, found.state, found.counts) == (UNKNOWN, OPEN, {"refused": 1})
    assert found.due == due_after(found.first.date())
    assert place.collected() == [found], "a second run changes nothing"


def test_one_matter_in_several_wordings_is_one_question_and_others_are_not(place: Place) -> None:
    for text in (UNKNOWN, "离岸孵化器申报几号截止", "请问离岸孵化器的申报截止时间是几号"):
        assert place.ask(text).refused, text
    assert place.ask("首台套的申报截止时间是几号？").refused
    place.ask(UNKNOWN, region="深圳市")
    found = place.collected()
    assert sorted((q.region, len(q.askings)) for q in found) == [("", 1), ("", 3), ("深圳市", 1)]


def test_ratings_down_dropped_sentences_and_repeated_questions_are_collected(place: Place) -> None:
    liked, disliked = place.ask("首台套最高补多少？"), place.ask("离岸孵化器最多给多少资金支持？")
    place.records.rate(Rating(liked.answer_id, "up"))
    place.records.rate(Rating(disliked.answer_id, "down", "wrong"))
    answer = Answer(
        "临港中试最多支持多少", "临港中试最多支持多少", vetting=[Vetting("草稿", (1,), "dropped", "", "数字不符")]
    )
    answer.retrieved = liked.retrieved
    assert place.records.keep(answer)
    for _ in range(3):
        place.ask("上海小升规奖励多少？", conversation="c" * 32)
    causes = {q.text: q.counts for q in place.collected()}
    assert causes == {
        "离岸孵化器最多给多少资金支持？": {"disliked": 1},
        "临港中试最多支持多少": {"dropped": 1},
        "上海小升规奖励多少？": {"repeated": 1},
    }


def test_closing_is_refused_until_the_same_question_is_answered_and_becomes_an_evaluation(
    place: Place, searcher: Searcher
) -> None:
    question = "离岸孵化器能不能分期拿到支持？"
    place.ask(question)
    place.ask(question)
    if not (found := place.collected()):  # not refused by itself: somebody was not content
        place.records.rate(Rating(place.ask(question).answer_id, "down"))
        found = place.collected()
    (first, *_) = found
    with pytest.raises(InputError, match="还不能结案"):
        place.settling.close(STAFF, first.id)
    assert place.settling.get(first.id).state == OPEN and not path_in(place.home).exists()

    (clause,) = [c for c in searcher.clauses if "对符合条件的离岸孵化器" in c.text]
    own = next(s for s in clause.text.split("。") if "离岸孵化器，在" in s) + "。"
    Editing(place.board).save(EDITOR, Draft(question, (Line(own, (clause.clause_id,)),)), TODAY)
    closed = place.settling.close(STAFF, first.id)
    assert closed.state == ANSWERED and closed.proof["pin"] and closed.proof["clauses"] == [clause.clause_id]

    from evals.questions import load_questions

    (line,) = load_questions(path_in(place.home))
    assert line.question == question and line.answerable
    assert line.gold[0].document == clause.document_id and line.gold[0].quote in clause.text
    assert not verify(place.database).broken


def test_a_question_that_no_policy_settles_becomes_one_that_must_be_refused(place: Place) -> None:
    from evals.questions import load_questions

    place.ask(UNKNOWN)
    (found,) = place.collected()
    place.settling.no_policy(STAFF, found.id, "五份文件都没有写申报时间", TODAY)
    (line,) = load_questions(path_in(place.home))
    assert not line.answerable and line.why_not == "no_evidence"


def test_what_no_policy_settles_is_said_beside_the_refusal(place: Place) -> None:
    place.ask(UNKNOWN)
    (found,) = place.collected()
    with pytest.raises(InputError, match="请写明"):
        place.settling.no_policy(STAFF, found.id, " ", TODAY)
    place.settling.no_policy(STAFF, found.id, "五份文件都没有写申报时间", TODAY)
    said = "经人工核对（2026-11-21），已收录的文件没有规定。"
    for text in (UNKNOWN, "离岸孵化器申报几号截止"):
        answer = place.ask(text)
        assert answer.refused and answer.notices[0] == said, text
    assert said not in place.ask("首台套的申报截止时间是几号？").notices


def test_what_can_be_answered_is_not_marked_as_settled_by_no_policy(place: Place) -> None:
    place.records.rate(Rating(place.ask("首台套最高补多少？").answer_id, "down"))
    (found,) = place.collected()
    with pytest.raises(InputError, match="现在有条款可答"):
        place.settling.no_policy(STAFF, found.id, "没有", TODAY)


def test_a_settled_question_is_opened_again_when_documents_answer_it(place: Place) -> None:
    place.ask(UNKNOWN)
    (found,) = place.collected()
    place.settling.no_policy(STAFF, found.id, "没有写", TODAY)
    assert Settling(place.database, place.assistant, None).review() == 0

    class Answering(Assistant):
        """The same assistant over an index that has come to say it."""

        def answer(self, message, history=(), asker=ANYBODY, *, llm=True):  # type: ignore[no-untyped-def]
            return Assistant.answer(self, "首台套最高补多少？", history, asker, llm=llm)

    later = Answering(place.assistant.searcher, today=TODAY)
    assert Settling(place.database, later, None).review() == 1
    assert place.settling.get(found.id).state == OPEN


def test_a_closed_question_is_opened_again_when_its_pin_is_withdrawn(place: Place, searcher: Searcher) -> None:
    question = "深圳超出年度预算会核减补贴吗？"
    place.records.rate(Rating(place.ask(question).answer_id, "down"))
    (found,) = place.collected()
    (clause,) = [c for c in searcher.clauses if "统一按比例核减" in c.text]
    line = Line("超出年度经费预算的，奖励或资助标准统一按比例核减。", (clause.clause_id,))
    Editing(place.board).save(EDITOR, Draft(question, (line,)), TODAY)
    assert place.settling.close(EDITOR, found.id).state == ANSWERED
    after = replace(place.assistant, today=dt.date(2027, 1, 1))
    assert Keeper(place.board, after).look()[1] == 2, "the pin and the question"
    assert place.settling.get(found.id).state == OPEN


def test_staff_assign_and_hand_over_and_visitors_do_nothing(place: Place) -> None:
    place.ask(UNKNOWN)
    (found,) = place.collected()
    place.settling.assign(STAFF, found.id, "坐席丙", dt.date(2026, 11, 30))
    place.settling.hand(STAFF, found.id, "请编辑核定")
    after = place.settling.get(found.id)
    assert (after.owner, after.due, after.state, after.note) == ("坐席丙", dt.date(2026, 11, 30), HANDED, "请编辑核定")
    visitor = replace(STAFF, role=Role.EVALUATOR)
    for person in (None, visitor):
        for act in (
            lambda p: place.settling.assign(p, found.id, "x", None), lambda p: place.settling.hand(p, found.id),
            lambda p: place.settling.close(p, found.id), lambda p: place.settling.reopen(p, found.id),
            lambda p: place.settling.no_policy(p, found.id, "x", TODAY),
        ):  # fmt: skip
            with pytest.raises(Forbidden):
                act(person)
    place.settling.reopen(STAFF, found.id)
    assert place.settling.get(found.id).state == HANDED, "still open: nothing to take up again"


@pytest.mark.parametrize(("day", "due"), [("2026-11-23", "2026-11-26"), ("2026-11-19", "2026-11-24"), ("2026-11-21", "2026-11-25")])  # fmt: skip
def test_a_question_has_three_working_days(day: str, due: str) -> None:
    assert due_after(dt.date.fromisoformat(day)) == dt.date.fromisoformat(due)
