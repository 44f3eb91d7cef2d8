"""Answers that people settle: what the guard lets through, which questions they answer, and when they are taken back."""

from __future__ import annotations

import datetime as dt
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from assistant.answer import Asker
from assistant.ask import Assistant
from assistant.people.person import Person, Role
from assistant.records.audit import verify
from assistant.records.database import Database
from assistant.records.tables import AuditRow, PinRow
from assistant.review.board import Board
from assistant.review.editing import Draft, Editing, Forbidden, NotKept
from assistant.review.pins import ACTIVE, WITHDRAWN, Line, count_up
from index.build import build_index
from index.encode import Encoder
from index.search import Searcher
from tests.serving import events, running

TODAY = dt.date(2026, 11, 21)
EDITOR = Person("e" * 32, "编辑甲", "", Role.EDITOR)
STAFF = Person("s" * 32, "坐席乙", "", Role.STAFF)
QUESTION = "首台套最高补多少？"
SENTENCE = "对符合条件的，给予不超过创新产品合同金额的30%、最高不超过2000万元支持。"


@dataclass
class Place:
    """One store over the five documents."""

    database: Database
    board: Board
    editing: Editing
    assistant: Assistant


def open_place(database: Database, searcher: Searcher) -> Place:
    board = Board(database, searcher)
    return Place(database, board, Editing(board), Assistant(searcher, today=TODAY, pins=board))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    found = Database.open(tmp_path)
    yield found
    found.close()


@pytest.fixture
def place(database: Database, searcher: Searcher) -> Place:
    return open_place(database, searcher)


def clause_with(searcher: Searcher, words: str) -> str:
    """Id of the one clause that holds the words."""
    (found,) = [c.clause_id for c in searcher.clauses if words in c.text.replace(" ", "")]
    return found


def draft(searcher: Searcher, **changes: object) -> Draft:
    line = Line(SENTENCE, (clause_with(searcher, "首台套"),))
    return replace(Draft(QUESTION, (line,)), **changes)  # type: ignore[arg-type]


def test_a_pinned_answer_is_given_for_its_question_and_paraphrases_with_its_mark(place: Place) -> None:
    pin = place.editing.save(EDITOR, draft(place.assistant.searcher), TODAY)
    for question in (QUESTION, "首台套最多能补多少钱", "我们做首台套的，封顶能给多少补贴"):
        answer = place.assistant.answer(question)
        assert answer.pin == pin.id, question
        assert [s.text for s in answer.sentences] == [SENTENCE]
        assert answer.notices[0] == "人工核定 · 2026-11-21"
        assert answer.to_json()["reviewed"] == {"by": "人工核定", "date": "2026-11-21"}
        assert answer.citations[0].clause.clause_id == pin.sources[0].clause_id
    assert "编辑甲" not in str(answer.to_json())


def test_every_face_says_that_people_reviewed_it(place: Place, tmp_path: Path) -> None:
    from assistant.ask_commands import readable

    place.editing.save(EDITOR, draft(place.assistant.searcher), TODAY)
    mark = "人工核定 · 2026-11-21"
    assert f"提示：{mark}" in readable(place.assistant.answer(QUESTION)), "the terminal"
    with running(place.assistant, tmp_path, database=place.database) as server, httpx.Client(timeout=60) as client:
        body = {"model": "wence", "messages": [{"role": "user", "content": QUESTION}]}
        whole = client.post(f"{server.url}/v1/chat/completions", json=body).json()
        assert mark in whole["choices"][0]["message"]["content"]
        assert whole["wence"]["reviewed"] == {"by": "人工核定", "date": "2026-11-21"}
        stream = events(client.post(f"{server.url}/api/chat", json={"question": QUESTION}).text)
    kinds = [kind for kind, _ in stream]
    assert kinds[:3] == ["evidence", "notice", "sentence"] and stream[1][1]["text"] == mark
    assert stream[-1][1]["reviewed"]["date"] == "2026-11-21" and "编辑甲" not in str(stream)


@pytest.mark.parametrize(
    ("question", "region"),
    [
        ("深圳首台套最高补多少？", ""),
        (QUESTION, "深圳市"),
        ("首台套不能补的有哪些", ""),
        ("首台套必须申请吗", ""),
        ("非首台套最高补多少？", ""),
        ("进口的首台套最高补多少", ""),
        ("除了首台套最高补多少", ""),
        ("首台套归哪个部门管", ""),
        ("应用场景示范项目最高补多少？", ""),
        ("首台套最高补3000万元吗", ""),
        ("《深圳实施方案》里首台套最高补多少", ""),
    ],
)  # fmt: skip
def test_another_question_gets_its_own_answer(place: Place, question: str, region: str) -> None:
    place.editing.save(EDITOR, draft(place.assistant.searcher), TODAY)
    answer = place.assistant.answer(question, (), Asker(region))
    assert not answer.pin and answer.to_json()["reviewed"] is None


@pytest.mark.parametrize(
    ("sentence", "check"),
    [
        ("对符合条件的，给予不超过创新产品合同金额的30%、最高不超过5000万元支持。", "数字"),
        ("对符合条件的，给予创新产品合同金额的30%、2000万元支持。", "上下限"),
        ("深圳对符合条件的，给予不超过创新产品合同金额的30%、最高不超过2000万元支持。", "地区"),
        ("对符合条件的，给予不超过创新产品合同金额的30%支持。", "漏了同一句里的“最高不超过 2000 万元”"),
        ("首台套企业必须向市税务局申请，最高不超过2000万元。", ""),
        ("首台套最高补多少？", "句子形式"),
    ],
)
def test_the_guard_refuses_an_editors_sentence_and_says_why(place: Place, sentence: str, check: str) -> None:
    searcher = place.assistant.searcher
    wrong = draft(searcher, lines=(Line(sentence, (clause_with(searcher, "首台套"),)),))
    with pytest.raises(NotKept) as refused:
        place.editing.save(EDITOR, wrong, TODAY)
    assert refused.value.faults and check in str(refused.value) and "第 1 句" in str(refused.value)
    assert place.editing.all() == []


def test_words_of_the_clause_pass_as_verbatim_and_others_as_supported(place: Place) -> None:
    searcher = place.assistant.searcher
    clause = searcher.clause(clause_with(searcher, "首台套"))
    assert clause is not None
    own = clause.text.split("。")[-2] + "。"
    lines = (Line(own, (clause.clause_id,)), Line("首台套最高不超过2000万元支持。", (clause.clause_id,)))
    pin = place.editing.save(EDITOR, draft(searcher, lines=lines), TODAY)
    assert [line.support for line in pin.lines] == ["verbatim", "supported"]


def test_only_editors_pin(place: Place) -> None:
    for person in (None, STAFF, replace(STAFF, role=Role.EVALUATOR)):
        with pytest.raises(Forbidden):
            place.editing.save(person, draft(place.assistant.searcher), TODAY)
        with pytest.raises(Forbidden):
            place.editing.retire(person, "x", "")
    assert place.editing.all() == []


def test_examples_widen_and_counter_examples_narrow(place: Place) -> None:
    searcher = place.assistant.searcher
    odd = "第一台样机卖出去国家给报几成"
    assert not place.assistant.answer(odd).pin
    pin = place.editing.save(EDITOR, draft(searcher, wanted=(odd,), unwanted=("首台套最多能补多少钱",)), TODAY)
    assert place.assistant.answer(odd).pin == pin.id
    assert not place.assistant.answer("首台套最多能补多少钱").pin
    assert place.assistant.answer(QUESTION).pin == pin.id


def test_saving_says_which_wordings_fail(place: Place) -> None:
    searcher = place.assistant.searcher
    with pytest.raises(NotKept, match="深圳首台套给多少.*地区不同"):
        place.editing.save(EDITOR, draft(searcher, wanted=("深圳首台套给多少",)), TODAY)
    with pytest.raises(NotKept, match="同时是问法和反例"):
        place.editing.save(EDITOR, draft(searcher, unwanted=(QUESTION,)), TODAY)


def test_two_pins_do_not_answer_one_question(place: Place) -> None:
    searcher = place.assistant.searcher
    first = place.editing.save(EDITOR, draft(searcher), TODAY)
    with pytest.raises(NotKept, match=rf"/staff/\?pin={first.id}"):
        place.editing.save(EDITOR, draft(searcher, question="首台套最多能补多少钱"), TODAY)


def test_two_editors_who_save_one_question_at_once_keep_one_answer(place: Place, searcher: Searcher) -> None:
    both = threading.Barrier(2, timeout=60)
    told: list[str] = []

    def save() -> None:
        both.wait()
        try:
            place.editing.save(EDITOR, draft(searcher), TODAY)
        except NotKept as error:
            told.append(str(error))

    threads = [threading.Thread(target=save) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(place.editing.all()) == 1
    assert len(told) == 1 and "另一条核定答案" in told[0]


def test_a_pin_that_the_guard_no_longer_lets_pass_is_withdrawn(place: Place, searcher: Searcher) -> None:
    pin = place.editing.save(EDITOR, draft(searcher), TODAY)
    with place.database.write() as session:  # as if an older guard had let it pass
        row = session.get_one(PinRow, pin.id)
        row.sentences = [{**row.sentences[0], "text": SENTENCE.replace("2000", "5000")}]
        count_up(place.database, session)
    answer = place.assistant.answer(QUESTION)
    assert not answer.pin and "5000" not in answer.text
    after = place.editing.get(pin.id)
    assert after.state == WITHDRAWN and "数字" in after.why


def test_who_saves_an_older_version_is_told(place: Place) -> None:
    searcher = place.assistant.searcher
    pin = place.editing.save(EDITOR, draft(searcher), TODAY)
    changed = place.editing.save(EDITOR, draft(searcher, pin=pin.id, version=1, wanted=("首台套给多少",)), TODAY)
    assert changed.version == 2 and changed.texts(True) == ["首台套给多少"]
    with pytest.raises(NotKept, match="刚被别人改过"):
        place.editing.save(EDITOR, draft(searcher, pin=pin.id, version=1), TODAY)


def test_what_one_process_saves_another_gives_at_once(place: Place, searcher: Searcher) -> None:
    other = open_place(Database.open(place.database.path.parent), searcher)  # type: ignore[union-attr]
    assert not other.assistant.answer(QUESTION).pin
    pin = place.editing.save(EDITOR, draft(searcher), TODAY)
    assert other.assistant.answer(QUESTION).pin == pin.id
    place.editing.retire(EDITOR, pin.id, "有新政策")
    assert not other.assistant.answer(QUESTION).pin


def test_a_pin_is_withdrawn_when_its_clause_changes(
    place: Place, encoder: Encoder, tmp_path: Path, searcher: Searcher
) -> None:
    pin = place.editing.save(EDITOR, draft(searcher), TODAY)
    changed = open_place(place.database, changed_corpus(tmp_path, encoder))
    answer = changed.assistant.answer(QUESTION)
    assert not answer.pin and "3000" in answer.text and "2000" not in answer.text
    after = changed.editing.get(pin.id)
    assert after.state == WITHDRAWN and "条文已修改" in after.why
    with place.database.read() as session:
        row = session.scalars(select(AuditRow).where(AuditRow.action == "pin.withdraw")).one()
    (new,) = row.detail["after"].values()
    (old,) = row.detail["before"].values()
    assert "3000" in new and "2000" in old and row.person == ""
    assert not verify(place.database).broken
    assert not place.assistant.answer(QUESTION).pin, "also where the old index is still open"


def changed_corpus(folder: Path, encoder: Encoder) -> Searcher:
    """The five documents with one figure changed."""
    from assistant.settings import BUNDLED_CORPUS

    corpus, home = folder / "corpus", folder / "changed-home"
    shutil.copytree(BUNDLED_CORPUS, corpus)
    file = corpus / "sh-rnd-2023-409.txt"
    text = file.read_text(encoding="utf-8")
    assert text.count("最高不超过 2000 万元支持") == 1
    file.write_text(text.replace("最高不超过 2000 万元支持", "最高不超过 3000 万元支持"), encoding="utf-8")
    build_index(home, [corpus], encoder)
    return Searcher.open(home, encoder)


def test_a_pin_is_withdrawn_on_the_day_after_its_document_ends(place: Place, searcher: Searcher) -> None:
    question = "深圳超出年度预算会核减补贴吗？"
    line = Line(
        "本方案有关政策支持总额受年度经费预算总量控制，超出年度经费预算的，奖励或资助标准统一按比例核减。",
        (clause_with(searcher, "统一按比例核减"),),
    )
    pin = place.editing.save(EDITOR, Draft(question, (line,)), TODAY)
    on = replace(place.assistant, today=dt.date(2026, 12, 31))
    assert on.answer(question).pin == pin.id
    after = replace(place.assistant, today=dt.date(2027, 1, 1))
    assert not after.answer(question).pin
    found = place.editing.get(pin.id)
    assert found.state == WITHDRAWN and "2026-12-31" in found.why
    with pytest.raises(NotKept, match="现已届满，不能再引用"):
        place.editing.save(EDITOR, Draft(question, (line,), pin=pin.id, version=found.version), dt.date(2027, 1, 1))
    again = place.editing.save(EDITOR, Draft(question, (line,), pin=pin.id, version=found.version), TODAY)
    assert again.state == ACTIVE


def test_a_store_that_fails_costs_nobody_the_answer(place: Place) -> None:
    place.editing.save(EDITOR, draft(place.assistant.searcher), TODAY)
    place.database.close()
    path = place.database.path
    assert path is not None
    for file in path.parent.glob("records.db*"):
        file.write_bytes(b"no database")
    assert "2000" in place.assistant.answer(QUESTION).text
