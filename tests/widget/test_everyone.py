"""For everyone: by keyboard, on a phone, on a narrow screen, with a screen reader."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Frame, Page, expect

from tests.widget.website import (
    ANSWER_MS,
    CAP,
    Place,
    ask,
    bubble,
    still,
    talk,
    visit,
)


def test_keyboard_and_focus(page: Page) -> None:
    button = bubble(page)
    expect(button).to_have_attribute("aria-expanded", "false")
    button.focus()
    page.keyboard.press("Enter")
    frame = talk(page, click=False)
    expect(frame.locator("#box")).to_be_focused()
    expect(page.get_by_role("dialog", name="政策问答")).to_be_visible()
    page.keyboard.type(CAP)
    page.keyboard.press("Enter")
    turn = frame.locator(".turn[data-state=done]")
    turn.wait_for(timeout=ANSWER_MS)
    expect(turn.locator(".answer")).to_have_attribute("aria-busy", "false")
    page.keyboard.press("Shift+Tab")
    while not frame.evaluate("document.activeElement.matches('.head')"):
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(turn.locator(".head").last).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "false")


def test_an_answer_that_ends_behind_a_closed_panel_leaves_a_dot(page: Page, place: Place) -> None:
    frame = talk(page)
    frame.locator("#box").fill("慢" + CAP)
    frame.locator("#box").press("Enter")
    frame.locator(".turn .card").first.wait_for(timeout=ANSWER_MS)
    frame.get_by_role("button", name="收起").click()
    expect(page.locator(".dot")).to_be_hidden()
    place.assistant.go_on.set()
    expect(page.locator(".dot")).to_be_visible(timeout=ANSWER_MS)
    expect(bubble(page)).to_have_accessible_name(re.compile("有新回答"))
    bubble(page).click()
    expect(frame.locator(".turn[data-state=done]")).to_be_visible()
    page.evaluate("Wence.close()")
    expect(page.locator(".dot")).to_be_hidden()


def test_on_a_phone_the_conversation_fills_the_screen(browser: Browser, place: Place) -> None:
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True, locale="zh-CN"
    )
    page = visit(context, place.url)
    bubble(page).tap()
    frame = talk(page, click=False)
    still(page)
    box = page.locator("iframe").bounding_box()
    assert box and {k: round(v) for k, v in box.items()} == {"x": 0, "y": 0, "width": 360, "height": 740}
    expect(page.get_by_role("dialog")).to_have_attribute("aria-modal", "true")
    expect(frame.locator("#widen")).to_be_hidden()
    expect(frame.locator("#box")).not_to_be_focused()
    ask(frame, CAP)
    frame.locator("#region").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('[data-wence]').shadowRoot.activeElement.tagName") == "IFRAME"
    context.close()


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_nothing_scrolls_sideways(context: BrowserContext, place: Place, width: int) -> None:
    page = visit(context, place.url)
    page.set_viewport_size({"width": width, "height": 800})
    frame = talk(page)
    for question in ("", "上海和深圳对检验检测有什么支持？", "W" * 300 + CAP):
        if question:
            ask(frame, question).locator(".ref").first.click()
        assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth"), question[:20]
        assert frame.evaluate(
            "document.querySelector('#talk').scrollWidth <= document.querySelector('#talk').clientWidth"
        )


def serious(where: Page | Frame) -> list[str]:
    """What axe-core finds that keeps people out."""
    found = Axe().run(where).response["violations"]
    return [
        f"{v['id']}: {[n['target'] for n in v['nodes']][:3]}" for v in found if v["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(context: BrowserContext, place: Place, theme: str) -> None:
    page = visit(context, place.url)
    assert serious(page) == []
    page.evaluate(f"Wence.init({{site: 'park', theme: '{theme}', color: '#7cc4a0'}})")
    frame = talk(page)
    assert serious(frame) == []
    turn = ask(frame, "在临港做中试能报销多少？")
    turn.locator(".ref").first.click()
    turn.get_by_role("button", name="没有帮助").click()
    assert serious(frame) == []
    ask(frame, "深圳首次升规的企业能拿多少奖励？")
    page.route("**/api/chat", lambda r: r.fulfill(status=503, headers={"Retry-After": "60"}, json={"detail": ""}))
    ask(frame, CAP, "failed")
    assert serious(frame) == []
