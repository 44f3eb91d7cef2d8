"""Closed to everyone else: other origins, strangers' messages, and words that are markup."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from assistant.ask import Assistant
from index.build import build_index
from index.encode import Encoder
from index.search import Searcher
from tests.widget.website import (
    ANSWER_MS,
    CAP,
    XSS,
    Place,
    ask,
    bubble,
    embedded,
    talk,
    told,
    visit,
    website,
)


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
