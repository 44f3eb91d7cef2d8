"""Made right for good, in a real browser: an editor pins, an enterprise elsewhere reads it, a clause changes."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select

from assistant.answer import Rating
from assistant.ask import Assistant
from assistant.people.person import Role
from assistant.people.reception import COOKIE
from assistant.records.answers import Answers
from assistant.records.database import Database
from assistant.records.tables import AnswerRow
from assistant.review.board import Board
from assistant.review.collecting import Collector
from assistant.review.editing import Editing
from assistant.review.keeper import Keeper
from assistant.review.pins import WITHDRAWN
from assistant.server import Server
from index.encode import Encoder
from index.search import Searcher
from tests.chromium import LONG_MS, settled
from tests.serving import running
from tests.signing_in import cookie_of, make_people, signed_in
from tests.test_review import EDITOR, QUESTION, SENTENCE, TODAY, changed_corpus, clause_with, draft
from tests.widget.website import ask, embedded, talk, visit

SHOTS = os.environ.get("WENCE_TEST_SHOTS", "")
"""A folder for pictures of the pages, to be looked at."""


@dataclass
class Place:
    """A running server with people, pins and records."""

    server: Server
    database: Database
    assistant: Assistant
    board: Board
    browser: Browser

    def page(self, role: Role | None, path: str) -> Page:
        """A page of a browser of its own, signed in as a role."""
        context: BrowserContext = self.browser.new_context(viewport={"width": 1360, "height": 900}, locale="zh-CN")
        context.set_default_timeout(LONG_MS)
        if role:
            key = cookie_of(self.database, role)
            context.add_cookies(
                [{"name": COOKIE, "value": key, "url": self.server.url, "httpOnly": True, "sameSite": "Lax"}]
            )
        page = context.new_page()
        page.goto(self.server.url + path)
        return page


def opened(browser: Browser, database: Database, searcher: Searcher, home: Path) -> Iterator[Place]:
    board = Board(database, searcher)
    assistant = Assistant(searcher, records=Answers(database), today=TODAY, pins=board)
    with running(assistant, home, database=database) as server:
        yield Place(server, database, assistant, board, browser)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    found = Database.open(tmp_path)
    make_people(found)
    yield found
    found.close()


@pytest.fixture
def place(browser: Browser, database: Database, searcher: Searcher, tmp_path: Path) -> Iterator[Place]:
    yield from opened(browser, database, searcher, tmp_path)


def look(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def pin(page: Page, sentence: str) -> None:
    """Fill the form as an editor does, and publish."""
    page.get_by_role("tab", name="核定答案").click()
    page.locator("#r-question textarea, #r-question input").first.fill(QUESTION)
    find = page.locator("#r-find textarea, #r-find input").last
    find.fill("409号文第8条")
    find.press("Enter")
    offered = page.locator("#r-offered input")
    offered.click()
    page.get_by_role("option").filter(has_text="加快创新产品应用推广").first.click()
    expect(page.locator("#r-cited")).to_contain_text("首台套")
    settled(page)
    page.locator("#r-lines textarea").fill(sentence + "[1]")
    page.get_by_role("button", name="核定并发布").click()


def test_an_editor_pins_and_an_enterprise_elsewhere_reads_it_with_its_mark(place: Place) -> None:
    editor = place.page(Role.EDITOR, "/staff/")
    pin(editor, SENTENCE.replace("2000", "5000"))
    expect(editor.locator("#r-message")).to_contain_text("没有保存")
    expect(editor.locator("#r-message")).to_contain_text("数字")
    look(editor, "pin-refused")
    settled(editor)
    editor.locator("#r-lines textarea").fill(SENTENCE + "[1]")
    editor.get_by_role("button", name="检查").click()
    expect(editor.locator("#r-message")).to_contain_text("可以发布")
    editor.get_by_role("button", name="核定并发布").click()
    expect(editor.locator("#r-pin-state")).to_contain_text("生效")
    expect(editor.locator("#r-pins")).to_contain_text(QUESTION)
    look(editor, "pinned")

    enterprise = place.page(None, "/")
    enterprise.locator("#w-box textarea").fill("首台套最多能补多少钱")
    enterprise.get_by_role("button", name="提问").click()
    turn = enterprise.locator("#t1[data-state=done]")
    expect(turn.locator(".w-reviewed")).to_have_text("人工核定 · 2026-11-21")
    expect(turn.locator(".w-said")).to_contain_text("2000万元")
    expect(turn.locator(".w-mode")).to_contain_text("人工核定")
    assert "编辑甲" not in enterprise.content()
    look(enterprise, "pinned-answer")
    settled(enterprise)
    enterprise.locator("#w-box textarea").fill("那深圳呢")
    enterprise.get_by_role("button", name="提问").click()
    expect(enterprise.locator("#t2[data-state=done]")).to_have_count(1)
    with place.database.read() as session:
        first, second = session.scalars(select(AnswerRow).order_by(AnswerRow.time)).all()
    assert first.conversation == second.conversation and first.conversation


def test_a_changed_clause_takes_the_pin_back_and_the_asker_gets_the_new_words(
    place: Place, encoder: Encoder, tmp_path: Path
) -> None:
    editor = place.page(Role.EDITOR, "/staff/")
    pin(editor, SENTENCE)
    expect(editor.locator("#r-pin-state")).to_contain_text("生效")
    (kept,) = Editing(place.board).all()

    for later in opened(place.browser, place.database, changed_corpus(tmp_path, encoder), tmp_path):
        enterprise = later.page(None, "/")
        enterprise.locator("#w-box textarea").fill(QUESTION)
        enterprise.get_by_role("button", name="提问").click()
        turn = enterprise.locator("#t1[data-state=done]")
        expect(turn.locator(".w-answer")).to_contain_text("3000")
        expect(turn.locator(".w-reviewed")).to_have_count(0)
        look(enterprise, "changed-answer")
        assert Editing(later.board).get(kept.id).state == WITHDRAWN
        again = later.page(Role.EDITOR, f"/staff/?pin={kept.id}")
        state = again.locator("#r-pin-state")
        expect(state).to_contain_text("条文已修改")
        expect(state.locator("del")).to_have_text("2")
        expect(state.locator("ins")).to_have_text("3")
        look(again, "withdrawn")


def test_the_widget_on_another_site_shows_the_mark_also_after_a_reload(
    browser: Browser, searcher: Searcher, tmp_path: Path
) -> None:
    database = Database.open(tmp_path)
    board = Board(database, searcher)
    Editing(board).save(EDITOR, draft(searcher), TODAY)
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN", reduced_motion="reduce")
    with embedded(Assistant(searcher, today=TODAY, pins=board), tmp_path) as there:
        page = visit(context, there.url)
        turn = ask(talk(page), "首台套最多能补多少钱")
        expect(turn.locator(".reviewed")).to_have_text("人工核定 · 2026-11-21")
        expect(turn.locator(".mode")).to_contain_text("人工核定")
        look(page, "widget")
        page.reload()
        expect(talk(page, click=False).locator(".turn .reviewed")).to_have_text("人工核定 · 2026-11-21")
        context.close()
    database.close()


def test_staff_without_the_editors_role_cannot_pin_by_the_page_nor_directly(place: Place, searcher: Searcher) -> None:
    staff = place.page(Role.STAFF, "/staff/")
    pin(staff, SENTENCE)
    expect(staff.locator("#r-message")).to_contain_text("只有编辑和管理员可以核定答案")
    body = {"question": QUESTION, "lines": [{"text": SENTENCE, "clauses": [clause_with(searcher, "首台套")]}]}
    for role, status in ((Role.STAFF, 403), (Role.EVALUATOR, 403), (Role.VISITOR, 401)):
        with signed_in(place.server.url, place.database, role) as client:
            assert client.post("/api/staff/pins", json=body).status_code == status, role
    with signed_in(place.server.url, place.database, Role.EDITOR) as client:
        token = client.headers.pop("X-CSRF-Token")
        assert client.post("/api/staff/pins", json=body).status_code == 403, "no token"
        assert Editing(place.board).all() == []
        client.headers["X-CSRF-Token"] = token
        wrong = {**body, "lines": [{**body["lines"][0], "text": SENTENCE.replace("30%", "50%")}]}  # type: ignore[index, dict-item]
        refused = client.post("/api/staff/pins", json=wrong)
        assert refused.status_code == 422 and "数字" in refused.json()["detail"]
        assert client.post("/api/staff/pins", json=body).status_code == 200
    assert len(Editing(place.board).all()) == 1


def test_an_open_question_is_pinned_from_the_queue_and_closed_with_proof(place: Place, tmp_path: Path) -> None:
    answer = place.assistant.answer(QUESTION)
    assert place.assistant.records
    place.assistant.records.rate(Rating(answer.answer_id, "down", "unclear"))
    Collector(place.board).collect()
    editor = place.page(Role.EDITOR, "/staff/")
    editor.get_by_role("tab", name="待办问题").click()
    editor.locator("#r-questions label").filter(has_text=QUESTION).click()
    expect(editor.locator("#r-detail")).to_contain_text("评价不满意 1 次")
    editor.get_by_role("button", name="重新提问并结案").click()
    expect(editor.locator("#r-question-message")).to_contain_text("与当时相同")
    look(editor, "question")
    editor.get_by_role("button", name="去核定答案").click()
    expect(editor.locator("#r-pin-state")).to_contain_text("已放入最接近的条款")
    settled(editor)
    text = editor.locator("#r-cited").inner_text()
    number = next(n for n in range(1, 4) if "首台套" in text.split(f"[{n}]")[1].split(f"[{n + 1}]")[0])
    editor.locator("#r-lines textarea").fill(f"{SENTENCE}[{number}]")
    editor.get_by_role("button", name="核定并发布").click()
    expect(editor.locator("#r-pin-state")).to_contain_text("生效")
    editor.get_by_role("tab", name="待办问题").click()
    editor.locator("#r-questions label").filter(has_text=QUESTION).click()
    expect(editor.locator("#r-detail")).to_contain_text("现在的回答（人工核定")
    editor.get_by_role("button", name="重新提问并结案").click()
    expect(editor.locator("#r-question-message")).to_contain_text("已结案")
    assert (tmp_path / "evals" / "open-questions.jsonl").read_text(encoding="utf-8").count(QUESTION) == 1


def test_trends_are_drawn_and_downloaded(place: Place) -> None:
    place.assistant = Assistant(place.board.searcher, records=Answers(place.database), pins=place.board)
    for text in (
        QUESTION,
        "离岸孵化器最多给多少资金支持？",
        "离岸孵化器的申报截止时间是几号？",
        "上海小升规奖励多少？",
    ):
        answer = place.assistant.answer(text)
    assert place.assistant.records
    place.assistant.records.rate(Rating(answer.answer_id, "up"))
    Keeper(place.board, place.assistant).look()
    today = dt.datetime.now(dt.timezone(dt.timedelta(hours=8))).date()
    with signed_in(place.server.url, place.database, Role.STAFF) as client:
        days = max(1, (TODAY - today).days + 2)
        reply = client.get("/api/staff/trends.csv", params={"days": days})
        assert reply.status_code == 200 and reply.text.startswith("\ufeff日期,提问")
    with signed_in(place.server.url, place.database, Role.VISITOR) as client:
        assert client.get("/api/staff/trends.csv").status_code == 401
    page = place.page(Role.STAFF, "/staff/")
    page.get_by_role("tab", name="趋势").click()
    expect(page.locator("#r-trends .t-tiles")).to_contain_text("提问")
    if today == TODAY:
        expect(page.locator("#r-trends figure")).to_have_count(5)
    look(page, "trends")
