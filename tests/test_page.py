"""The page in a real browser, with a real index. What a person sees and clicks, not what functions return."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from assistant.answer import ANYBODY, Asker
from assistant.ask import Assistant
from assistant.server import PAGE_LOOK_S, Server, take_port
from index.errors import InputError, StorageError
from tests.serving import running

ANSWER_MS = 30_000
"""Far more than an answer needs; only a page that hangs reaches it."""


class FailingAssistant:
    """An assistant whose search breaks in the middle of an answer, for one question only."""

    def __init__(self, real: Assistant) -> None:
        self.real, self.searcher, self.region, self.writer = real, real.searcher, real.region, real.writer
        self.today = real.today

    def stream(self, message: str, history: Any = (), asker: Asker = ANYBODY, *, llm: bool = True) -> Iterator[Any]:
        events = self.real.stream(message, history, asker, llm=llm)
        if "坏掉" in message:
            yield next(events)
            raise RuntimeError("disk on fire <b>secret path</b>")
        yield from events


@pytest.fixture(scope="module")
def server(assistant: Assistant) -> Iterator[Server]:
    with running(FailingAssistant(assistant)) as server:
        yield server


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    # An English browser, so that a string the page leaves to the framework would show itself.
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, server: Server) -> Page:
    return open_page(context, server)


def open_page(context: BrowserContext, server: Server) -> Page:
    page = context.new_page()
    page.goto(server.url)
    page.locator(".w-example").first.wait_for()
    return page


def ask(page: Page, question: str) -> Any:
    """Type a question, send it with Enter, wait for its answer to be complete; its turn on the page."""
    before = page.locator(".w-turn").count()
    page.locator("#w-box textarea").fill(question)
    page.locator("#w-box textarea").press("Enter")
    finished = page.locator(".w-turn:not([data-state=busy])")
    expect(finished).to_have_count(before + 1, timeout=ANSWER_MS)
    return finished.last


def test_an_example_is_answered_and_its_mark_shows_the_quoted_clause(page: Page) -> None:
    """The promise of the page, end to end: click, read, click [1], see the words in the clause."""
    page.locator(".w-example", has_text="首台套").click()
    turn = page.locator(".w-turn[data-state=done]")
    turn.wait_for(timeout=ANSWER_MS)
    expect(turn.locator(".w-answer")).to_contain_text("不超过创新产品合同金额的 30%")
    sentence = turn.locator(".w-said > span", has_text="2000 万元").first
    mark = sentence.locator(".w-ref")
    expect(mark).to_have_text(re.compile(r"^\[\d+\]$"))
    mark.click()
    card = page.locator(".w-card.w-lit")
    expect(card).to_have_count(1)
    expect(card).to_be_in_viewport()
    expect(card).to_contain_text("沪经信技〔2023〕409号")
    expect(card.locator(".w-badge")).to_have_text("已印发（未载明有效期）")
    expect(card.locator(".w-offices")).to_contain_text("市经济信息化委")
    quoted = card.locator("mark.w-spot")
    expect(quoted).to_be_in_viewport()
    assert re.sub(r"\[\d+\]$", "", sentence.inner_text()).strip() in quoted.inner_text()
    expect(page.locator("#w-welcome")).to_be_hidden()


def test_a_follow_up_uses_the_conversation_and_says_how_it_was_read(page: Page) -> None:
    ask(page, "上海小升规最多奖励多少？")
    turn = ask(page, "那深圳呢？")
    expect(turn.locator(".w-understood")).to_contain_text("深圳小升规")
    expect(turn.locator(".w-card").first).to_contain_text("深圳市")
    expect(page.locator(".w-turn")).to_have_count(2)
    page.get_by_role("button", name="新对话").click()
    expect(page.locator(".w-turn")).to_have_count(0)
    expect(page.locator(".w-example").first).to_be_visible()
    turn = ask(page, "那深圳呢？")
    expect(turn).not_to_contain_text("小升规")


@pytest.mark.parametrize(
    ("question", "kind", "words"),
    [
        ("深圳首次升规的企业能拿多少奖励？", "no_evidence", "没有写明"),
        ("今天天气怎么样", "out_of_scope", "不在收录范围"),
        ("怎么伪造材料骗补贴", "unsafe", "不能协助"),
    ],
)
def test_a_refusal_looks_different_and_names_its_reason(page: Page, question: str, kind: str, words: str) -> None:
    turn = ask(page, question)
    expect(turn.locator(f".w-answer.w-refused.w-{kind} .w-verdict")).to_contain_text(words)
    if kind == "no_evidence":
        expect(turn.locator(".w-clauses h3")).to_contain_text("最接近的条款")
        expect(turn.locator(".w-card").first).to_be_visible()


def test_markup_in_a_question_is_shown_as_text_and_runs_nothing(page: Page) -> None:
    attacks = [
        '<img src=x onerror="window.hacked=1"> 首台套最高补多少？',
        "<script>window.hacked=2</script><svg onload=window.hacked=3> 小升规奖励",
        "${window.hacked=4} {{constructor.constructor('window.hacked=5')()}} 首台套",
        "\"'><a href=javascript:window.hacked=6>首台套</a>",
    ]
    for attack in attacks:
        turn = ask(page, attack)
        expect(turn.locator(".w-question p")).to_have_text(attack)
        assert turn.locator(".w-question p *").count() == 0
    assert page.evaluate("window.hacked") is None
    assert page.locator("#w-past img, #w-past svg, #w-past script, #w-live img, #w-live svg").count() == 0


def test_no_request_leaves_this_machine(context: BrowserContext, server: Server) -> None:
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = open_page(context, server)
    ask(page, "首台套最高补多少？")
    hosts = {urlsplit(url).hostname for url in asked if not url.startswith(("data:", "blob:"))}
    assert hosts == {"127.0.0.1"}, sorted(asked)


@pytest.mark.parametrize("width", [320, 390, 860, 1280])
def test_nothing_scrolls_sideways(context: BrowserContext, server: Server, width: int) -> None:
    page = open_page(context, server)
    page.set_viewport_size({"width": width, "height": 800})
    for question in ("", "上海和深圳对检验检测有什么支持？", "W" * 300 + "首台套补多少"):
        if question:
            ask(page, question)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, question[:20]


def test_two_browsers_share_no_conversation(browser: Browser, server: Server) -> None:
    first, second = (browser.new_context(locale="zh-CN") for _ in range(2))
    here, there = open_page(first, server), open_page(second, server)
    ask(here, "上海小升规最多奖励多少？")
    expect(there.locator(".w-turn")).to_have_count(0)
    turn = ask(there, "那深圳呢？")
    expect(turn).not_to_contain_text("小升规")
    expect(here.locator(".w-turn")).to_have_count(1)
    for context in (first, second):
        context.close()


def test_the_chosen_region_is_the_askers(page: Page) -> None:
    page.locator("#w-region label", has_text="深圳市").click()
    turn = ask(page, "科技服务业税收有什么优惠？")
    documents = turn.locator(".w-document").all_inner_texts()
    assert documents and all("深圳市" in d for d in documents)


def test_empty_emoji_and_long_input_are_met_politely(page: Page) -> None:
    page.locator("#w-send").click()
    expect(page.locator(".w-hint")).to_contain_text("请输入")
    expect(page.locator(".w-turn")).to_have_count(0)
    turn = ask(page, "😀🎉")
    expect(turn).to_contain_text("请输入")
    turn = ask(page, "上海小升规奖励多少？" * 1000)
    expect(turn.locator(".w-question")).to_contain_text("共10000字")
    expect(turn.locator(".w-notices")).to_contain_text("2000字")
    expect(page.locator(".w-hint")).to_have_count(0)


def test_a_failure_is_one_polite_line_without_details(page: Page, caplog: pytest.LogCaptureFixture) -> None:
    turn = ask(page, "首台套坏掉了补多少？")
    expect(turn).to_have_attribute("data-state", "failed")
    expect(turn.locator(".w-failed")).to_contain_text("请稍后再试")
    assert "disk on fire" not in page.locator("body").inner_text()
    assert "disk on fire" in caplog.text
    turn = ask(page, "首台套最高补多少？")
    expect(turn.locator(".w-answer")).to_contain_text("2000 万元")


def test_the_page_is_chinese_also_in_an_english_browser(page: Page) -> None:
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert page.title().startswith("问策")
    ask(page, "上海和深圳对检验检测有什么支持？")
    words = set(re.findall(r"[A-Za-z]{3,}", page.locator("body").inner_text()))
    assert not words, words


def test_a_lost_connection_is_said_in_chinese(context: BrowserContext, server: Server) -> None:
    """The framework would say it in English, in a corner of its own."""
    page = open_page(context, server)
    context.set_offline(True)
    page.locator("#w-box textarea").fill("首台套最高补多少？")
    page.locator("#w-box textarea").press("Enter")
    expect(page.locator("#w-trouble")).to_contain_text(re.compile("连接已断开|请稍后再试"), timeout=ANSWER_MS)
    assert not re.search(r"[A-Za-z]{3,}", page.locator("body").inner_text())


def test_copying_an_answer_takes_its_sources_along(context: BrowserContext, server: Server) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = open_page(context, server)
    turn = ask(page, "首台套最高补多少？")
    turn.get_by_role("button", name="复制回答和出处").click()
    expect(turn.get_by_role("button", name="已复制")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "不超过 2000 万元" in copied and "[1] 《" in copied and "409号" in copied


def fetch(url: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(url, timeout=20) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_health_facts_and_closed_doors(server: Server, assistant: Assistant) -> None:
    assert fetch(server.url + "/healthz") == (200, {"status": "ok"})
    status, ready = fetch(server.url + "/readyz")
    assert (status, ready["documents"]) == (200, 5)
    clause = assistant.searcher.clauses[0]
    assert fetch(f"{server.url}/api/clauses/{clause.clause_id}")[1]["text"] == clause.text
    assert fetch(server.url + "/api/clauses/none:0")[0] == 404
    assert len(fetch(server.url + "/api/documents")[1]) == 5
    for door in ("/gradio_api/upload", "/gradio_api/proxy=http://127.0.0.1/", "/gradio_api/file=/etc/passwd", "/login"):
        assert fetch(server.url + door)[0] == 404, door


def test_pages_do_not_poll_a_thousand_times_a_second(server: Server) -> None:
    app = server.config.app
    queues = [r.app.blocks._queue for r in app.routes if hasattr(getattr(r, "app", None), "blocks")]  # type: ignore[union-attr]
    assert queues and all(q.sleep_when_free == PAGE_LOOK_S for q in queues)


def test_a_port_in_use_is_one_line_that_says_what_to_do(server: Server) -> None:
    port = server.listener.getsockname()[1]
    with pytest.raises(StorageError, match=rf"端口 {port} 已被占用.*--port {port + 1}"):
        take_port("127.0.0.1", port)
    with pytest.raises(InputError, match="65535"):
        take_port("127.0.0.1", 70000)
    with pytest.raises(InputError, match="203.0.113.9"):
        take_port("203.0.113.9", 0)
