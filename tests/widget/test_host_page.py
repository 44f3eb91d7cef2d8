"""The page around: hostile styles, a strict policy, attributes and the JavaScript interface."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.widget.website import (
    ANSWER_MS,
    CAP,
    XSS,
    Place,
    ask,
    bubble,
    still,
    talk,
    told,
    visit,
)


def test_before_the_first_opening_one_small_script_is_all_that_is_loaded(context: BrowserContext, place: Place) -> None:
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver(l => l.getEntries().forEach(e => window.shift += e.value))"
        ".observe({type: 'layout-shift', buffered: true})"
    )
    page.goto(place.url, wait_until="networkidle")
    assert [urlsplit(u).path for u in asked if u.startswith(place.server.url)] == ["/widget.js"]
    assert page.locator("iframe").count() == 0
    assert page.evaluate("window.shift") == 0
    assert page.evaluate("document.querySelector('script[src*=widget]').defer")
    added = page.evaluate(
        "() => { const f = document.createElement('iframe'); document.body.append(f);"
        "const own = new Set(Object.getOwnPropertyNames(f.contentWindow)); f.remove();"
        "return Object.getOwnPropertyNames(window).filter(k => !own.has(k) && !/^\\d+$|^shift$|playwright/.test(k)) }"
    )
    assert added == ["Wence"]


def test_no_request_leaves_for_a_third_host_and_no_cookie_is_set(context: BrowserContext, place: Place) -> None:
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = visit(context, place.url)
    ask(talk(page), CAP)
    origins = {"{0.scheme}://{0.netloc}".format(urlsplit(u)) for u in asked if not u.startswith(("data:", "blob:"))}
    assert origins == {place.demo.url, place.server.url}
    assert context.cookies() == []
    assert not any("token" in u.replace("/api/token", "") for u in asked), "a token in an address ends up in logs"


def test_a_strict_policy_of_the_site_and_of_the_page_is_never_broken(context: BrowserContext, place: Place) -> None:
    """The demo site allows the script, its request and the frame, nothing inline; the conversation allows less."""
    said: list[str] = []
    context.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page = visit(context, place.url)
    assert "unsafe" not in place.demo.policy
    frame = talk(page)
    ask(frame, CAP).locator(".ref").first.click()
    frame.locator("#widen").click()
    assert not [line for line in said if line.startswith(("error", "warning"))]
    with pytest.raises(Exception, match="TrustedHTML"):
        frame.evaluate("document.body.innerHTML = '<b>x</b>'")


HOSTILE = """
*, *::before, *::after { all: unset !important; display: none !important; }
* { position: static !important; z-index: -1 !important; transform: rotate(30deg) !important; font-size: 60px !important;
    color: red !important; background: lime !important; visibility: hidden !important; opacity: 0 !important; }
div, button, aside, iframe { width: 7px !important; height: 7px !important; pointer-events: none !important; }
html { direction: rtl; font-size: 3px; line-height: 9; letter-spacing: 2em; } body { filter: blur(9px); }
@layer late { * { display: none !important; } }
"""


def test_the_bubble_survives_a_hostile_style_sheet(context: BrowserContext, page: Page, place: Place) -> None:
    expected = bubble(page).bounding_box()
    place.demo.pages["hostile.css"] = HOSTILE.replace("*", "body *") + HOSTILE.replace("*", "[data-wence]")
    head = '<!doctype html><html><head><link rel="stylesheet" href="hostile.css"></head>'
    page = visit(context, place.page("hostile.html", head + "<body><p>text</p>{{widget}}</body></html>"))
    box = bubble(page).bounding_box()
    assert box and expected
    assert {k: round(v) for k, v in box.items()} == {k: round(v) for k, v in expected.items()}
    frame = talk(page)
    still(page)
    panel = page.locator(".panel").bounding_box()
    assert panel and panel["width"] == 420 and panel["height"] == 720
    expect(ask(frame, CAP)).to_contain_text("2000 万元")


def test_attributes_dress_the_widget_and_stay_text(context: BrowserContext, place: Place) -> None:
    tag = place.demo.widget.replace(
        " defer",
        f""" data-title='{XSS}' data-label="政策顾问" data-color="#ffd400" data-position="top-left" data-region="深圳市"
        data-greeting="欢迎来到园区&lt;b&gt;" data-questions="首台套补多少|{XSS.replace('"', "&quot;")}" data-theme="dark" defer""",
    )
    page = visit(context, place.page("dressed.html", f"<!doctype html><html><body>{tag}</body></html>"))
    button = page.get_by_role("button", name="政策顾问")
    box = button.bounding_box()
    assert box and box["x"] == 24 and box["y"] == 24
    assert button.evaluate("e => getComputedStyle(e).color") == "rgb(16, 28, 44)", "dark ink on a bright colour"
    button.click()
    frame = talk(page, click=False)
    expect(frame.locator("#title")).to_have_text(XSS)
    expect(frame.locator("#greeting")).to_have_text("欢迎来到园区<b>")
    expect(frame.locator("#questions button").last).to_have_text(XSS)
    expect(frame.locator("#region")).to_have_value("深圳市")
    assert frame.evaluate("document.documentElement.dataset.theme") == "dark"
    assert frame.locator("img").count() == 0 and page.evaluate("window.hacked") is None


def test_the_panel_is_dark_only_where_the_page_is(browser: Browser, place: Place) -> None:
    context = browser.new_context(color_scheme="dark", locale="zh-CN")
    for colour, theme in (("#fff", "light"), ("#101418", "dark")):
        body = f"<!doctype html><body bgcolor='{colour}'>{place.demo.widget}</body>"
        page = visit(context, place.page("plain.html", body))
        assert talk(page).evaluate("document.documentElement.dataset.theme") == theme
        page.close()
    context.close()


def test_the_javascript_interface(page: Page) -> None:
    kinds = ["ready", "open", "close", "question", "answer"]
    heard = {kind: told(page, kind) for kind in kinds}
    page.evaluate("Wence.ask('首台套最高补多少？')")
    frame = talk(page, click=False)
    expect(frame.locator(".turn[data-state=done]")).to_have_count(1, timeout=ANSWER_MS)
    page.evaluate("Wence.setContext({region: '深圳市', questions: ['问一', '问二'], greeting: '您好', secret: 'x'})")
    frame.get_by_role("button", name="新对话").click()
    expect(frame.locator("#questions button")).to_have_text(["问一", "问二"])
    expect(frame.locator("#greeting")).to_have_text("您好")
    expect(frame.locator("#region")).to_have_value("深圳市")
    page.evaluate("Wence.close(); Wence.toggle(); Wence.toggle()")
    assert [len(heard[kind]()) for kind in kinds] == [1, 2, 2, 1, 1]
    answer = heard["answer"]()[0]
    assert set(answer) == {"answer_id", "refused", "reason", "mode", "citations"}, "what visitors ask is not told"
    assert answer["citations"] >= 1 and answer["refused"] is False
    page.evaluate("Wence.init({site: 'park', label: '再问', language: 'en'})")
    expect(page.locator("[data-wence]")).to_have_count(1)
    page.get_by_role("button", name="再问").click()
    expect(talk(page, click=False).locator("#box")).to_have_attribute("placeholder", "Ask a policy question in Chinese")
    page.evaluate("Wence.destroy()")
    assert page.locator("[data-wence]").count() == 0
    assert page.evaluate("Object.isFrozen(Wence)")
