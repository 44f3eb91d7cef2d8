"""A line that breaks, a server that is full, a token that ends: the visitor is told, or never knows."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.widget.website import (
    ANSWER_MS,
    CAP,
    ask,
    talk,
    told,
)


def test_a_question_asked_offline_is_repeated_by_itself_when_the_line_is_back(
    context: BrowserContext, page: Page
) -> None:
    frame = talk(page)
    ask(frame, "上海小升规最多奖励多少？")
    context.set_offline(True)
    expect(frame.locator("#line")).to_contain_text("网络已断开")
    turn = ask(frame, "那深圳呢？", "failed")
    expect(turn.locator(".trouble.passing")).to_contain_text("自动重试")
    context.set_offline(False)
    turn = frame.locator(".turn").last
    expect(turn).to_have_attribute("data-state", "done", timeout=ANSWER_MS)
    expect(turn.locator(".understood")).to_contain_text("深圳小升规")
    expect(frame.locator(".turn")).to_have_count(2)


def test_a_full_server_is_one_polite_line_and_asked_again_by_itself(page: Page) -> None:
    frame = talk(page)
    refused: list[str] = []

    def full_twice(route: Route) -> None:
        refused.append(route.request.url)
        if len(refused) > 2:
            route.continue_()
        else:
            route.fulfill(status=503, headers={"Retry-After": "1"}, json={"detail": "full", "code": "busy"})

    page.route("**/api/chat", full_twice)
    frame.locator("#box").fill(CAP)
    frame.locator("#box").press("Enter")
    expect(frame.locator(".trouble.passing")).to_contain_text("1 秒后自动重试")
    expect(frame.locator(".turn[data-state=done]")).to_have_count(1, timeout=ANSWER_MS)
    assert len(refused) == 3


def test_too_many_questions_and_a_failure_say_what_to_do(page: Page) -> None:
    frame = talk(page)
    page.route("**/api/chat", lambda r: r.fulfill(status=429, headers={"Retry-After": "7"}, json={"detail": ""}))
    expect(ask(frame, CAP, "failed").locator(".trouble")).to_contain_text("请 7 秒后再试")
    page.unroute("**/api/chat")
    page.route("**/api/chat", lambda r: r.fulfill(status=500, body="<b>Traceback</b>"))
    expect(ask(frame, CAP, "failed").locator(".trouble")).to_contain_text("请稍后再试")
    page.unroute("**/api/chat")
    frame.get_by_role("button", name="重试").last.click()
    expect(frame.locator(".turn[data-state=done]")).to_have_count(1, timeout=ANSWER_MS)


def test_an_answer_that_breaks_keeps_what_was_shown_and_tells_no_details(page: Page) -> None:
    heard = told(page, "error")
    frame = talk(page)
    turn = ask(frame, "坏掉" + CAP, "failed")
    expect(turn.locator(".card").first).to_be_visible()
    expect(turn.locator(".trouble")).to_be_visible()
    assert "disk on fire" not in frame.locator("body").inner_text()
    assert heard()[0]["reason"] == "failed"


def test_a_token_that_has_ended_is_replaced_without_a_word(page: Page) -> None:
    frame = talk(page)
    exchanged: list[str] = []
    page.on("request", lambda r: exchanged.append(r.url) if r.url.endswith("/api/token") else None)
    chats: list[str] = []

    def expired_once(route: Route) -> None:
        chats.append(route.request.headers["authorization"])
        if len(chats) == 1:
            route.fulfill(status=401, json={"detail": "令牌已过期", "code": "unauthorized"})
        else:
            route.continue_()

    page.route("**/api/chat", expired_once)
    ask(frame, CAP)
    assert len(exchanged) == 1 and len(chats) == 2 and chats[0] != chats[1]
