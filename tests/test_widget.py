"""The widget on other people's pages, in a real browser: another origin, hostile styles, a strict policy, bad lines.

The pages around it come from the demo website (scripts/demo_site.py) on a port of its own, so every message and every
request crosses origins as it does in life. Answers are made by the real assistant without a model.
"""

from __future__ import annotations

import importlib.util
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Frame, Locator, Page, Route, expect

from assistant.answer import ANYBODY, Asker
from assistant.ask import Assistant
from assistant.records.answers import Answers
from assistant.records.database import Database
from assistant.server import Server
from assistant.web.sites import Sites
from assistant.writer import Writer
from index.build import build_index
from index.encode import Encoder
from index.search import Searcher
from tests.scripted import ScriptedModel
from tests.serving import running

ROOT = Path(__file__).parent.parent
ANSWER_MS = 30_000
"""Far more than an answer needs; only a page that hangs reaches it."""
CAP = "首台套最高补多少？"
WRITTEN = "对首次升规并连续三年保持增长的科技服务业企业，首年给予不超过30万元的一次性奖励。[1]"
"""What a model may say and the guard lets pass."""
XSS = '<img src=x onerror="parent.hacked=top.hacked=window.hacked=1">'


def load_demo_site() -> Any:
    spec = importlib.util.spec_from_file_location("demo_site", ROOT / "scripts" / "demo_site.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class SteppedAssistant(Assistant):
    """The real assistant; it stops after the evidence of a “慢” question until it may go on, and breaks on “坏掉”."""

    go_on: threading.Event = field(default_factory=threading.Event)

    def stream(self, message: str, history: Any = (), asker: Asker = ANYBODY, **more: Any) -> Iterator[Any]:
        events = super().stream(message.replace("慢", "").replace("坏掉", ""), history, asker, **more)
        if "慢" in message or "坏掉" in message:
            yield next(events)
            if "坏掉" in message:
                yield next(events)
                raise RuntimeError("disk on fire <b>secret path</b>")
            assert self.go_on.wait(60)
        yield from events


@dataclass(frozen=True)
class Place:
    """A server that answers, and a website on another origin that embeds it."""

    assistant: Any
    server: Server
    demo: Any

    @property
    def url(self) -> str:
        return str(self.demo.url) + "/"

    def page(self, name: str, text: str) -> str:
        """The address of one more page of the website, under its strict policy."""
        self.demo.pages[name] = text
        return self.url + name


@contextmanager
def website(wence: str) -> Iterator[Any]:
    """The demo website on an origin of its own, registered nowhere."""
    demo = load_demo_site().DemoSite(wence, site="park")
    thread = threading.Thread(target=demo.serve_forever, daemon=True)
    thread.start()
    yield demo
    demo.shutdown()
    demo.server_close()
    thread.join(10)


@contextmanager
def embedded(assistant: Any, home: Path) -> Iterator[Place]:
    with running(assistant, home) as server, website(server.url) as demo:
        Sites(Database.open(home)).add("park", origins=[demo.url])
        yield Place(assistant, server, demo)


@pytest.fixture(scope="module")
def place(assistant: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    home = tmp_path_factory.mktemp("sites")
    kept = replace(assistant, records=Answers(Database.open(home)))
    stepped = SteppedAssistant(**{f.name: getattr(kept, f.name) for f in fields(kept)})
    with embedded(stepped, home) as here:
        yield here
        stepped.go_on.set()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN", reduced_motion="reduce")
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, place: Place) -> Page:
    place.assistant.go_on.clear()
    return visit(context, place.url)


def visit(context: BrowserContext, url: str) -> Page:
    """A page of the demo website."""
    page = context.new_page()
    page.goto(url)
    return page


def bubble(page: Page) -> Locator:
    return page.get_by_role("button", name=re.compile("问政策|打开政策问答"))


def still(page: Page) -> None:
    """Until the panel has moved to its place: it glides there, and a busy machine measures it on the way."""
    page.evaluate(
        "Promise.allSettled(document.querySelector('[data-wence]').shadowRoot.getAnimations().map(a => a.finished))"
    )


def talk(page: Page, *, click: bool = True, examples: bool = True) -> Frame:
    """The conversation, opened and ready: its example questions come with the first token."""
    if click:
        bubble(page).click()
    ready = "#questions button" if examples else "#region option"
    page.frame_locator("iframe").locator(ready).first.wait_for(state="attached", timeout=ANSWER_MS)
    return next(f for f in page.frames if "/embed?" in f.url)


def ask(frame: Frame, question: str, state: str = "done") -> Locator:
    """Type, Enter, wait until the answer has ended so; its turn."""
    before = frame.locator(".turn").count()
    frame.locator("#box").fill(question)
    frame.locator("#box").press("Enter")
    expect(frame.locator(".turn")).to_have_count(before + 1)
    turn = frame.locator(".turn").last
    expect(turn).to_have_attribute("data-state", state, timeout=ANSWER_MS)
    return turn


def told(page: Page, name: str) -> Any:
    """Collects what the page hears of one kind of event."""
    page.evaluate(f"window.told_{name} = []; void Wence.on('{name}', (d) => window.told_{name}.push(d))")
    return lambda: page.evaluate(f"window.told_{name}")


# ---- the way of a visitor


def test_evidence_comes_before_the_answer_and_a_mark_opens_the_quoted_clause(page: Page, place: Place) -> None:
    """The promise of the widget, end to end, across two origins."""
    frame = talk(page)
    assert urlsplit(frame.url).netloc != urlsplit(page.url).netloc
    frame.locator("#box").fill("慢" + CAP)
    frame.locator("#box").press("Enter")
    turn = frame.locator(".turn")
    expect(turn.locator(".card").first).to_be_visible(timeout=ANSWER_MS)
    expect(turn).to_have_attribute("data-state", "busy")
    expect(turn.locator(".status")).to_contain_text("正在撰写")
    assert turn.locator(".said p").count() == 0
    place.assistant.go_on.set()
    expect(turn).to_have_attribute("data-state", "done", timeout=ANSWER_MS)
    expect(turn.locator(".mode")).to_contain_text("原文作答")
    sentence = turn.locator(".quoted > span", has_text="2000 万元").first
    mark = sentence.locator(".ref")
    expect(mark).to_have_text(re.compile(r"^\[\d+\]$"))
    mark.click()
    card = frame.locator(".card.lit")
    expect(card).to_be_focused()
    expect(card).to_contain_text("沪经信技〔2023〕409号")
    expect(card.locator(".badge")).to_have_text("已印发（未载明有效期）")
    quoted = card.locator("mark.spot")
    expect(quoted).to_be_in_viewport()
    assert re.sub(r"\[\d+\]$", "", sentence.inner_text()).strip() in quoted.inner_text()
    card.get_by_role("button", name="回到回答").click()
    expect(turn.locator(".ref").first).to_be_focused()


def test_a_follow_up_uses_the_conversation_and_a_new_one_forgets_it(page: Page) -> None:
    frame = talk(page)
    ask(frame, "上海小升规最多奖励多少？")
    turn = ask(frame, "那深圳呢？")
    expect(turn.locator(".understood")).to_contain_text("深圳小升规")
    expect(turn.locator(".card").first).to_contain_text("深圳市")
    frame.get_by_role("button", name="新对话").click()
    expect(frame.locator(".turn")).to_have_count(0)
    expect(frame.locator("#questions button").first).to_be_visible()
    expect(ask(frame, "那深圳呢？")).not_to_contain_text("小升规")


def test_a_reload_finds_the_conversation_again_without_taking_the_focus(page: Page) -> None:
    frame = talk(page)
    ask(frame, "上海小升规最多奖励多少？")
    before = frame.locator(".turn").inner_text()
    token = page.evaluate("sessionStorage.length")
    assert token == 1, "the host page remembers one bit: that the panel was open"
    page.reload()
    frame = talk(page, click=False)
    expect(frame.locator(".turn")).to_have_count(1)
    assert frame.locator(".turn").inner_text() == before
    assert page.evaluate("document.activeElement === document.body")
    turn = ask(frame, "那深圳呢？")
    expect(turn.locator(".understood")).to_contain_text("深圳小升规")
    page.evaluate("Wence.close()")
    page.reload()
    assert page.locator("iframe").count() == 0


def test_an_answer_cut_off_by_a_reload_says_so_and_can_be_asked_again(page: Page, place: Place) -> None:
    frame = talk(page)
    frame.locator("#box").fill("慢" + CAP)
    frame.locator("#box").press("Enter")
    frame.locator(".turn .card").first.wait_for(timeout=ANSWER_MS)
    page.reload()
    place.assistant.go_on.set()
    frame = talk(page, click=False)
    expect(frame.locator(".trouble")).to_contain_text("回答中断")
    frame.get_by_role("button", name="重试").click()
    expect(frame.locator(".turn[data-state=done]")).to_have_count(1, timeout=ANSWER_MS)


@pytest.mark.parametrize(
    ("question", "kind", "words"),
    [
        ("深圳首次升规的企业能拿多少奖励？", "no_evidence", "没有写明"),
        ("今天天气怎么样", "out_of_scope", "不在收录范围"),
        ("怎么伪造材料骗补贴", "unsafe", "不能协助"),
    ],
)
def test_a_refusal_looks_different_and_names_its_reason(page: Page, question: str, kind: str, words: str) -> None:
    turn = ask(talk(page), question)
    expect(turn.locator(f".answer.refused.{kind} .verdict")).to_contain_text(words)
    if kind == "no_evidence":
        expect(turn.locator(".clauses > h3")).to_contain_text("最接近的条款")
        expect(turn.locator(".card").first).to_be_visible()


def test_notices_are_a_coloured_line(page: Page) -> None:
    turn = ask(talk(page), "在临港做中试能报销多少？")
    notices = turn.locator(".notices")
    expect(notices).to_contain_text("临港新片区")
    assert notices.evaluate("e => getComputedStyle(e).borderLeftWidth") == "3px"


def test_an_answer_can_be_rated_with_a_reason(page: Page) -> None:
    heard = told(page, "feedback")
    frame = talk(page)
    turn = ask(frame, CAP)
    with page.expect_response("**/api/feedback") as sent:
        turn.get_by_role("button", name="有帮助", exact=True).click()
    assert sent.value.status == 201
    expect(turn.locator(".told")).to_have_text("已收到，谢谢。")
    turn.get_by_role("button", name="没有帮助").click()
    expect(turn.locator(".why input").first).to_be_focused()
    turn.get_by_text("不够完整").click()
    turn.get_by_placeholder("补充说明").fill("没有写申报时间")
    with page.expect_response("**/api/feedback") as sent:
        turn.get_by_role("button", name="提交").click()
    assert sent.value.status == 201
    body = json.loads(sent.value.request.post_data or "")
    assert (body["rating"], body["reason"], body["comment"]) == ("down", "incomplete", "没有写申报时间")
    expect(turn.get_by_role("button", name="没有帮助")).to_have_attribute("aria-pressed", "true")
    assert [d["rating"] for d in heard()] == ["up", "down"]


def test_copying_an_answer_takes_its_sources_along(context: BrowserContext, page: Page) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    turn = ask(talk(page), CAP)
    turn.get_by_role("button", name="复制回答和出处").click()
    expect(turn.locator(".act", has_text="已复制")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "不超过 2000 万元" in copied and "[1] 《" in copied and "409号" in copied


def test_on_paper_every_clause_is_whole_and_nothing_is_left_to_click(page: Page) -> None:
    frame = talk(page)
    turn = ask(frame, CAP)
    expect(turn.locator(".body").first).to_be_hidden()
    page.emulate_media(media="print")
    expect(bubble(page)).to_be_hidden()
    # Printed from inside the frame it is a page of its own; here the page around hides it, as it should.
    page.locator(".root").evaluate("e => e.style.setProperty('display', 'block', 'important')")
    frame.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(turn.locator(".body").first).to_be_visible()
    expect(frame.locator("#colophon")).to_contain_text("以发文机关正式发布的文件")
    for hidden in ("#composer", "#tools", ".act"):
        expect(frame.locator(hidden).first).to_be_hidden()


def test_an_answer_can_be_stopped(page: Page, place: Place) -> None:
    frame = talk(page)
    frame.locator("#box").fill("慢" + CAP)
    frame.locator("#box").press("Enter")
    frame.locator(".turn .card").first.wait_for(timeout=ANSWER_MS)
    frame.get_by_role("button", name="停止").click()
    expect(frame.locator(".turn")).to_have_attribute("data-state", "stopped")
    expect(frame.locator(".trouble")).to_contain_text("已停止")
    place.assistant.go_on.set()
    expect(ask(frame, CAP)).to_contain_text("2000 万元")


def test_the_chosen_region_is_the_askers(page: Page) -> None:
    frame = talk(page)
    frame.locator("#region").select_option("深圳市")
    turn = ask(frame, "科技服务业税收有什么优惠？")
    documents = turn.locator(".card .document").all_inner_texts()
    assert documents and all("深圳市" in d for d in documents)


def test_enter_in_a_chinese_input_method_does_not_send(page: Page) -> None:
    frame = talk(page)
    frame.locator("#box").fill("shoutaitao")
    frame.locator("#box").dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    frame.locator("#box").dispatch_event("keydown", {"key": "Enter", "keyCode": 229})
    assert frame.locator(".turn").count() == 0
    frame.locator("#box").fill("   ")
    frame.locator("#box").press("Enter")
    expect(frame.locator("#line")).to_contain_text("请输入")


def test_a_model_is_seen_writing_and_its_answer_says_who_wrote_it(
    browser: Browser, assistant: Assistant, tmp_path: Path
) -> None:
    """Sentences come one by one while the clauses already stand there; the visitor may ask for the clauses' own words."""
    model = ScriptedModel(WRITTEN, pause_s=0.03)
    context = browser.new_context(locale="zh-CN")
    with embedded(replace(assistant, writer=Writer(model)), tmp_path) as here:
        frame = talk(visit(context, here.url))
        frame.locator("#box").fill("上海企业升规奖励多少")
        frame.locator("#box").press("Enter")
        turn = frame.locator(".turn")
        expect(turn.locator(".status")).to_contain_text("条相关条款，正在撰写", timeout=ANSWER_MS)
        expect(turn.locator(".card").first).to_be_visible()
        expect(turn).to_have_attribute("data-state", "done", timeout=ANSWER_MS)
        expect(turn.locator(".mode")).to_contain_text("智能撰写")
        assert model.asked
        frame.get_by_label("回答方式").select_option("原文作答")
        expect(ask(frame, "上海企业升规奖励多少").locator(".mode")).to_contain_text("原文作答")
        assert len(model.asked) == 1
        context.close()


# ---- bad lines


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


# ---- the page around


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


# ---- closed to everyone else


def test_a_site_of_another_origin_gets_neither_the_frame_nor_a_token(context: BrowserContext, place: Place) -> None:
    with website(place.server.url) as stranger:
        page = visit(context, stranger.url)
        heard = told(page, "error")
        bubble(page).click()
        expect(page.locator(".cover")).to_contain_text("暂时打不开", timeout=ANSWER_MS)
        assert heard() == [{"reason": "unreachable"}]
        status = page.evaluate(
            "url => fetch(url, {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{\"site\": \"park\"}'})"
            ".then(r => r.status, () => 'no answer')",
            place.server.url + "/api/token",
        )
        assert status in (403, "no answer")
        page.get_by_role("button", name="关闭").click()
        expect(bubble(page)).to_be_focused()


def test_a_site_may_hand_out_tokens_from_its_own_server(
    context: BrowserContext, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The publish key alone opens nothing then; the server's key never reaches a browser."""
    sites = place.server.config.app.state.office.doorman.sites
    key = sites.add("own", origins=[place.demo.url], region="上海市", private=True, server=True)
    monkeypatch.setattr(place.demo, "policy", place.demo.policy.replace("connect-src", "connect-src 'self'"))
    tag = place.demo.widget.replace('data-site="park"', 'data-site="own" data-token-endpoint="/wence-token"')
    asked: list[dict[str, Any]] = []

    def hand_out(route: Route) -> None:
        asked.append(json.loads(route.request.post_data or ""))
        body = {"origin": place.demo.url, **asked[-1]}
        reply = httpx.post(f"{place.server.url}/api/token", json=body, headers={"Authorization": f"Bearer {key}"})
        route.fulfill(status=reply.status_code, json=reply.json())

    page = context.new_page()
    page.route("**/wence-token", hand_out)
    page.goto(place.page("own.html", f"<!doctype html><html><body>{tag}</body></html>"))
    frame = talk(page)
    expect(frame.locator("#region")).to_have_value("上海市")
    ask(frame, CAP)
    page.reload()
    ask(talk(page, click=False), "那深圳呢？")
    assert asked[0] == {} and re.fullmatch("[0-9a-f]{32}", asked[1]["conversation"])
    assert key and key not in page.content()


def test_messages_of_strangers_and_of_wrong_shape_are_ignored(page: Page, place: Place) -> None:
    frame = talk(page)
    # A frame of another origin (opaque) inside the same page speaks to both sides.
    page.evaluate(
        """() => new Promise(done => { const f = document.createElement('iframe'); f.sandbox = 'allow-scripts';
        f.src = "data:text/html,<script>for (const w of [parent, ...Array.from(parent)]) for (const type of "
          + "['close','hello','widen','ask','init','token']) w.postMessage({wence:1,type,wide:true,question:'强行提问',"
          + "options:{title:'假'},body:{token:'x'},status:200},'*')</" + "script>";
        f.onload = () => setTimeout(done, 300); document.body.append(f); })"""
    )
    # Our own page sends shapes that mean nothing.
    page.evaluate(
        """origin => { const w = document.querySelector('[data-wence]').shadowRoot.querySelector('iframe').contentWindow;
        for (const m of [null, 1, 'ask', [], {}, {type: 'ask', question: 'x'}, {wence: 1}, {wence: 1, type: 'constructor'},
          {wence: 1, type: 'ask', question: {}}, {wence: 1, type: 'ask', question: '  '}, {wence: 2, type: 'ask', question: 'x'},
          {wence: 1, type: 'init', options: 'x'}, {wence: 1, type: 'context', context: {questions: [1, {}], title: 5}}])
          w.postMessage(m, origin); }""",
        place.server.url,
    )
    page.wait_for_timeout(300)
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.locator(".panel.wide").count() == 0
    assert frame.locator(".turn").count() == 0
    expect(frame.locator("#title")).to_have_text("政策问答")
    expect(ask(frame, CAP)).to_contain_text("2000 万元")


def test_markup_in_a_question_is_shown_as_text_and_runs_nothing(page: Page) -> None:
    frame = talk(page)
    for attack in (
        f"{XSS} {CAP}",
        f"<script>top.hacked=2</script><svg onload=top.hacked=3> {CAP}",
        f"\"'><a href=javascript:top.hacked=6>首台套</a>${{hacked=4}}{{{{7*7}}}} {CAP}",
    ):
        turn = ask(frame, attack)
        expect(turn.locator("h2.question")).to_have_text(attack)
        assert turn.locator("h2.question *").count() == 0
    page.reload()
    frame = talk(page, click=False)
    expect(frame.locator(".turn")).to_have_count(3)
    assert frame.locator("#turns :is(img, script, a[href^=javascript])").count() == 0
    assert page.evaluate("window.hacked") is None and frame.evaluate("window.hacked") is None


def test_markup_in_titles_and_clauses_is_shown_as_text(browser: Browser, encoder: Encoder, tmp_path: Path) -> None:
    """A document is other people's words too: its catalog entry, its clauses, its departments, its link."""
    folder = tmp_path / "documents"
    folder.mkdir()
    attack = XSS.replace('"', "'")
    (folder / "evil.txt").write_text(
        f"测试奖励办法{attack}\n\n第一条 {attack}对新建数据中心的企业给予最高不超过300万元的奖励。<script>top.hacked=2</script>"
        f"（责任单位：市{attack}数据局）\n\n第二条 本办法自发布之日起施行。\n",
        encoding="utf-8",
    )
    catalog = [
        "[[document]]", 'file = "evil.txt"', f'title = "测试奖励办法{attack}"', f'number = "测〔2026〕1号<b>{attack}</b>"',
        'region = "上海市"', 'status = "in_force"', 'source_url = "javascript:top.hacked=7"',
    ]  # fmt: skip
    (folder / "catalog.toml").write_text("\n".join(catalog), encoding="utf-8")
    home = tmp_path / "home"
    build_index(home, [folder], encoder)
    context = browser.new_context(locale="zh-CN")
    with embedded(Assistant(Searcher.open(home, encoder)), tmp_path / "sites") as here:
        page = visit(context, here.url)
        frame = talk(page, examples=False)
        turn = ask(frame, "新建数据中心的企业奖励多少？归哪个部门负责？")
        turn.locator(".ref").first.click()
        card = turn.locator(".card.open")
        expect(card).to_contain_text(f"测试奖励办法{attack}")
        expect(card).to_contain_text("最高不超过300万元")
        assert turn.locator("img, script, b b, a").count() == 0
        assert page.evaluate("window.hacked") is None and frame.evaluate("window.hacked") is None
        context.close()


# ---- for everyone


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
