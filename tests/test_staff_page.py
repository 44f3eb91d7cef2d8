"""The workbench in a real browser, as a member of staff with a caller on the phone uses it: keyboard first."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from docx import Document as WordDocument
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from sqlalchemy import select

from assistant.ask import Assistant
from assistant.people.person import STAFF, Role
from assistant.people.reception import COOKIE
from assistant.people.sessions import Sessions
from assistant.records.answers import Answers
from assistant.records.database import Database
from assistant.records.tables import AnswerRow
from assistant.server import Server
from tests.chromium import LONG_MS
from tests.serving import running
from tests.signing_in import cookie_of, make_people, signed_in


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = Database.open(tmp_path_factory.mktemp("staff"))
    make_people(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def server(assistant: Assistant, database: Database) -> Iterator[Server]:
    from dataclasses import replace

    with running(replace(assistant, records=Answers(database)), None, database=database) as server:
        yield server


@pytest.fixture
def context(browser: Browser, server: Server, database: Database) -> Iterator[BrowserContext]:
    """Signed in as staff; fails the test whose page asks anything of another host or breaks."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US", accept_downloads=True)
    context.set_default_timeout(LONG_MS)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    context.add_cookies([{"name": COOKIE, "value": cookie_of(database, Role.STAFF), "url": server.url}])
    trouble: list[str] = []
    context.on("request", lambda r: trouble.append(r.url) if urlsplit(r.url).hostname not in (None, "", "127.0.0.1") else None)  # fmt: skip
    context.on("weberror", lambda e: trouble.append(str(e.error)))
    yield context
    context.close()
    assert not trouble


@pytest.fixture
def page(context: BrowserContext, server: Server) -> Page:
    return workbench(context, server)


def workbench(context: BrowserContext, server: Server) -> Page:
    page = context.new_page()
    page.goto(f"{server.url}/staff/")
    expect(page.locator("#s-box")).to_be_focused()
    expect(page.locator("#s-results li").first).to_be_visible()
    return page


def type_in(page: Page, line: str) -> None:
    """Type key by key and wait for the results of the whole line."""
    page.locator("#s-box").fill("")
    page.keyboard.type(line, delay=15)
    expect(page.locator("#s-results")).to_have_attribute("data-line", line)


def clipboard(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


def chosen(page: Page) -> Any:
    return page.locator('#s-results li[aria-selected="true"]')


# ---- a call, from the first key to the words read out


def test_a_call_by_keyboard_alone(page: Page) -> None:
    """Type, see the clause with its facts, move, open, copy quote and script, come back: no mouse at all."""
    type_in(page, "首台套最高补多少")
    expect(chosen(page)).to_contain_text("加快创新产品应用推广")
    detail = page.locator("#s-detail")
    expect(detail.locator(".s-text")).to_contain_text("不超过创新产品合同金额的 30%、最高不超过 2000 万元支持")
    expect(detail.locator(".s-text mark").first).to_have_text("首台套")
    expect(detail).to_contain_text("沪经信技〔2023〕409号")
    expect(detail).to_contain_text("已印发（未载明有效期）")
    expect(detail.locator(".s-offices")).to_contain_text("市经济信息化委")
    expect(detail).to_contain_text("文件没有写明：联系电话")
    expect(detail.locator(".s-script .s-basis")).to_contain_text("四零九号文，第八条")
    expect(detail.locator(".s-script")).to_contain_text("最高不超过两千万元支持")
    page.keyboard.press("Alt+KeyC")
    expect(page.locator("#s-told")).to_have_text("已复制引用文本")
    assert clipboard(page).startswith(
        "《上海市吸引集聚企业研发机构 推进研发产业化的实施意见》（沪经信技〔2023〕409号）第8条：发挥"
    )
    page.keyboard.press("ArrowDown")
    expect(chosen(page)).to_have_id("s-r1")
    expect(page.locator("#s-box")).to_have_attribute("aria-activedescendant", "s-r1")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(detail).to_be_focused()
    expect(detail.locator(".s-near summary").first).to_contain_text("上一条：第7条")
    page.keyboard.press("ArrowRight")
    expect(detail.locator("h2")).to_contain_text("第9条 加强应用场景开放力度")
    page.keyboard.press("ArrowLeft")
    expect(detail.locator("h2")).to_contain_text("第8条")
    page.keyboard.press("s")
    expect(page.locator("#s-told")).to_have_text("已复制话术")
    assert "百分之三十" in clipboard(page) and clipboard(page).splitlines()[-1].startswith("依据：")
    page.keyboard.press("Escape")
    expect(page.locator("#s-box")).to_be_focused()
    assert (
        page.evaluate(
            "getSelection().toString() || document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)"
        )
        == "首台套最高补多少"
    )


def test_only_a_script_that_was_copied_is_recorded(page: Page, database: Database) -> None:
    line = "张江并购补贴多少"

    def kept() -> list[AnswerRow]:
        with database.read() as session:
            return list(session.scalars(select(AnswerRow).where(AnswerRow.question == line)))

    type_in(page, line)
    expect(page.locator(".s-script .s-basis")).to_be_visible()
    assert not kept()
    with page.expect_response(lambda r: "/script" in r.url and "keep" in (r.request.post_data or "")) as reply:
        page.keyboard.press("Alt+KeyS")
    assert reply.value.status == 200
    assert [bool(row.person) for row in kept()] == [True]


def test_an_answer_to_an_earlier_key_never_overwrites_a_later_one(page: Page) -> None:
    """The first answer is held back until the second has long been shown."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if '"line":"首台套"' in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route("**/api/staff/search", hold)
    page.locator("#s-box").fill("首台套")
    while not held:
        page.wait_for_timeout(20)
    type_in(page, "院士工作站")
    expect(chosen(page)).to_be_visible()
    before = page.locator("#s-results").inner_text()
    for route in held:
        route.continue_()
    page.wait_for_timeout(300)
    assert page.locator("#s-results").inner_text() == before
    expect(page.locator("#s-results")).to_have_attribute("data-line", "院士工作站")


def test_letters_of_an_input_method_are_not_searched(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.post_data or "") if r.url.endswith("/api/staff/search") else None)
    page.evaluate(
        """() => { const box = document.getElementById('s-box'); box.value = 'shou';
        box.dispatchEvent(new InputEvent('input', {bubbles: true, isComposing: true})); }"""
    )
    page.wait_for_timeout(250)
    assert not asked
    page.evaluate(
        """() => { const box = document.getElementById('s-box'); box.value = '首台套';
        box.dispatchEvent(new CompositionEvent('compositionend', {bubbles: true})); }"""
    )
    expect(page.locator("#s-results")).to_have_attribute("data-line", "首台套")
    assert all("shou" not in body for body in asked)


def test_addresses_documents_and_filters(page: Page) -> None:
    type_in(page, "409号文第8条")
    expect(page.locator("#s-results li")).to_have_count(1)
    type_in(page, "409号")
    expect(page.locator("#s-status")).to_contain_text("推进研发产业化的实施意见》（沪经信技〔2023〕409号），共")
    type_in(page, "奖励")
    page.get_by_label("城市").first.select_option("深圳市")
    expect(page.locator("#s-results .s-badge").first).to_have_text("征求意见稿")
    page.get_by_label("部门").select_option("市统计局")
    expect(page.locator("#s-status")).to_contain_text("没有符合筛选条件的条款")
    expect(page.locator("#s-detail")).to_contain_text("没有符合筛选条件")
    page.get_by_role("button", name="清除筛选").click()
    page.get_by_label("至少多少万元").fill("1000")
    expect(page.locator("#s-results li").first).to_be_visible()
    page.get_by_label("状态").select_option("issued")
    expect(page.locator("#s-results .s-badge").first).to_have_text("已印发")
    page.locator("#s-box").fill("")
    page.get_by_role("button", name="清除筛选").click()
    expect(page.locator("#s-status")).to_contain_text("已收录 5 份文件")
    page.locator("#s-results li", has_text="若干意见").click()
    expect(page.locator("#s-status")).to_contain_text("沪府办发〔2025〕11号")


def test_the_page_helps_by_itself(page: Page) -> None:
    page.keyboard.press("Enter")
    page.locator("#s-help").focus()
    page.keyboard.press("?")
    panel = page.locator("#s-help-panel")
    expect(panel).to_be_visible()
    for words in ("回到查询框", "在结果里移动", "复制引用", "复制话术", "征求意见稿", "没有写明", "服务包"):
        expect(panel).to_contain_text(words)
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    page.locator("#s-help").focus()
    page.keyboard.press("/")
    expect(page.locator("#s-box")).to_be_focused()
    page.keyboard.press("Alt+Digit3")
    expect(page.locator("#s-compare input")).to_be_visible()


# ---- a caller's file


def test_a_callers_file_is_checked_asked_and_exported(page: Page) -> None:
    page.get_by_role("tab", name="服务包").click()
    form = page.locator("#s-file")
    form.get_by_label("城市").select_option("上海市")
    form.locator(".s-chip", has_text=re.compile("^科技服务业企业$")).click()
    form.get_by_label("发生了什么").fill("今年首次升规，签了500万元首台套合同")
    form.get_by_role("button", name="核对条款").click()
    item = page.locator(".s-item", has_text="首次升规并连续三年")
    expect(item.locator("li", has_text="首次升规").first).to_contain_text("符合")
    years = item.locator("li", has_text="连续三年保持增长")
    expect(years).to_contain_text("需询问")
    years.get_by_role("button", name=re.compile("^是")).click()
    expect(years).to_contain_text("来电人答“是”")
    expect(years).to_contain_text("符合")
    expect(page.locator(".s-item", has_text="创新产品合同金额").locator(".s-sum")).to_contain_text(
        "500万元×30%＝150万元"
    )
    years.get_by_role("button", name=re.compile("^不是")).click()
    expect(years).to_contain_text("不符合")
    years.get_by_role("button", name=re.compile("^是")).click()
    expect(years.locator(".s-verdict")).to_have_text("符合")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="导出 Word").click()
    download = waiting.value
    assert download.suggested_filename == "服务包-上海市-2026-11-21.docx"
    word = WordDocument(io.BytesIO(Path(download.path()).read_bytes()))
    text = "\n".join(p.text for p in word.paragraphs)
    assert "来电人答“是”" in text and "500万元×30%＝150万元" in text and "依据：《" in text
    form.get_by_role("button", name="清空").click()
    expect(page.locator(".s-item")).to_have_count(0)


def test_two_places_stand_side_by_side(page: Page) -> None:
    page.get_by_role("tab", name="两地对照").click()
    page.get_by_label("对照什么").fill("升规奖励")
    page.keyboard.press("Enter")
    row = page.locator("#s-pairs .s-row").nth(1)
    expect(row.locator(".s-side").first).to_contain_text("小升规")
    expect(row.locator(".s-side").last).to_contain_text("达规纳统")
    page.get_by_label("对照什么").fill("首台套")
    page.get_by_role("button", name="对照", exact=True).click()
    expect(page.locator("#s-pairs .s-none").first).to_have_text("深圳市的文件里没有找到相应条款。")
    page.get_by_label("左边").select_option("深圳市")
    page.get_by_role("button", name="对照", exact=True).click()
    expect(page.locator("#s-compare .s-note")).to_contain_text("请选择两个不同的地区")


# ---- when something is wrong


def test_a_lost_connection_is_said_and_mended_by_itself(context: BrowserContext, page: Page) -> None:
    type_in(page, "首台套")
    context.set_offline(True)
    page.keyboard.type("补")
    expect(page.locator("#s-status")).to_contain_text("连不上服务器，恢复后自动重试")
    expect(page.locator("#s-results li").first).to_be_visible()
    context.set_offline(False)
    expect(page.locator("#s-results")).to_have_attribute("data-line", "首台套补")
    expect(page.locator("#s-status")).not_to_contain_text("连不上")


def test_an_expired_session_leads_to_sign_in(context: BrowserContext, page: Page, database: Database) -> None:
    cookie = next(c["value"] for c in context.cookies() if c["name"] == COOKIE)
    Sessions(database).close(cookie)
    page.keyboard.type("首台套")
    expect(page.locator("#s-status")).to_contain_text("登录已过期")
    page.get_by_role("link", name="去登录").click()
    page.wait_for_url("**/login?next=/staff/")


def test_words_of_callers_and_documents_are_text(page: Page) -> None:
    for attack in (
        '<img src=x onerror="window.hacked=1">',
        "<script>window.hacked=2</script>首台套",
        "</mark><svg onload=window.hacked=3>奖励",
    ):
        page.locator("#s-box").fill(attack)
        expect(page.locator("#s-results")).to_have_attribute("data-line", attack)
    page.get_by_role("tab", name="服务包").click()
    page.locator("#s-file").get_by_label("发生了什么").fill("没有亏损<img src=x onerror=window.hacked=4>")
    page.get_by_role("button", name="核对条款").click()
    expect(page.locator("#s-package .s-note").first).to_contain_text(re.compile("可能适用|没有找到"))
    assert page.evaluate("window.hacked") is None
    assert page.locator("#s-results img, #s-detail img, #s-items img, #s-results svg").count() == 0


def test_who_is_not_signed_in_gets_nothing(browser: Browser, server: Server, database: Database) -> None:
    with httpx.Client(base_url=server.url, headers={"Origin": server.url}) as stranger:
        for path in ("/api/staff/start", "/api/staff/clauses/x"):
            assert stranger.get(path).status_code == 401, path
        for path in ("search", "script", "package", "package/export", "compare"):
            assert stranger.post(f"/api/staff/{path}", json={"line": "首台套"}).status_code == 401, path
        assert stranger.get("/staff/").status_code == 401
    for role in Role:
        with signed_in(server.url, database, role) as client:
            allowed = role in STAFF
            assert (client.get("/api/staff/start").status_code == 200) == allowed, role
            assert (client.post("/api/staff/search", json={"line": "首台套"}).status_code == 200) == allowed, role
            if allowed:
                wrong = client.post("/api/staff/search", json={"line": "首台套"}, headers={"X-CSRF-Token": "x"})
                assert wrong.status_code == 403
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{server.url}/staff/")
    expect(page.get_by_label("口令")).to_be_visible()
    context.close()


def test_wrong_requests_are_refused_in_one_line(server: Server, database: Database) -> None:
    with signed_in(server.url, database, Role.STAFF) as client:
        for path, body, said in (
            ("search", {"line": "x" * 501}, "最多 500"), ("search", {"least": -1}, "范围"), ("search", {"region": "某地"}, "省市"),
            ("search", {"line": "首台套", "x": 1}, "没有这一项"), ("script", {"question": ""}, "不能为空"),
            ("package", {"story": "升规"}, "请选择企业所在的城市"), ("package", {"region": "上海市", "amounts": {"彩票": 1}}, "没有这种金额"),
            ("compare", {"matter": "x", "left": "上海市", "right": "火星"}, "没有收录火星"),
        ):  # fmt: skip
            reply = client.post(f"/api/staff/{path}", json=body)
            assert reply.status_code == 422 and said in reply.json()["detail"], (path, body, reply.text)
        assert client.get("/api/staff/clauses/none:0").status_code == 404


# ---- how it looks


@pytest.mark.parametrize("width", [320, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_tab_can_be_read_by_all_and_scrolls_no_way_but_down(
    browser: Browser, server: Server, database: Database, width: int, scheme: Any
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    context.set_default_timeout(LONG_MS)
    context.add_cookies([{"name": COOKIE, "value": cookie_of(database, Role.STAFF), "url": server.url}])
    page = workbench(context, server)

    def look(where: str) -> None:
        assert page.evaluate("document.documentElement.scrollWidth") <= width, where
        found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa"]})
        serious = [
            (v["id"], [n["html"][:160] for n in v["nodes"]][:4])
            for v in found.response["violations"] if v["impact"] in ("serious", "critical")
        ]  # fmt: skip
        assert not serious, (where, serious)

    type_in(page, "深圳升规奖励")
    expect(page.locator(".s-script .s-basis, .s-script .s-notice").first).to_be_visible()
    look("查询")
    page.locator("#s-help").click()
    look("说明")
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="服务包").click()
    page.locator("#s-file").get_by_label("城市").select_option("上海市")
    page.locator("#s-file").get_by_label("发生了什么").fill("首次升规，没有亏损，首台套合同500万元")
    page.get_by_role("button", name="核对条款").click()
    expect(page.locator(".s-item").first).to_be_visible()
    look("服务包")
    page.get_by_role("tab", name="两地对照").click()
    page.get_by_label("对照什么").fill("知识产权")
    page.keyboard.press("Enter")
    expect(page.locator(".s-side").first).to_be_visible()
    look("两地对照")
    context.close()


def test_the_page_is_chinese_also_in_an_english_browser(page: Page) -> None:
    type_in(page, "首台套")
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    words = set(re.findall(r"[A-Za-z]{3,}", page.locator("body").inner_text()))
    assert words <= {"Enter", "Esc", "Alt", "Word"}, words
