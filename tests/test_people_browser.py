"""Sign-in in a real browser: each role, and each way in that must be shut."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import update

from assistant.ask import Assistant
from assistant.people.accounts import TRIES, Accounts
from assistant.people.person import EVALUATORS, STAFF, Role
from assistant.people.reception import COOKIE
from assistant.people.sessions import IDLE, LONGEST, Sessions
from assistant.records.database import Database
from assistant.records.tables import SessionRow, now
from assistant.server import Server
from assistant.web import limits
from evals.page import evaluators_page
from tests.chromium import LONG_MS
from tests.serving import running
from tests.signing_in import PASSWORD, cookie_of, hashes, make_people, name_of

HOMES = {Role.STAFF: "/staff/", Role.EDITOR: "/staff/", Role.ADMIN: "/staff/", Role.EVALUATOR: "/evals/"}


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Fails the test whose pages ask anything of another host."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")
    context.set_default_timeout(LONG_MS)
    trouble: list[str] = []
    context.on("request", lambda r: trouble.append(r.url) if urlsplit(r.url).hostname not in (None, "", "127.0.0.1", "localhost") else None)  # fmt: skip
    yield context
    context.close()
    assert not trouble


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = Database.open(tmp_path_factory.mktemp("browser"))
    make_people(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def server(assistant: Assistant, database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all tests; those that change an account make one of their own."""
    pages = [evaluators_page([tmp_path_factory.mktemp("runs")])]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(limits.ADDRESS, "signin", "10000/minute")
        with running(assistant, None, database=database, pages=pages) as server:
            yield server


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.get_by_label("名字").fill(name)
    page.get_by_label("口令").fill(password)
    page.get_by_role("button", name="登录").click()


def carry(context: BrowserContext, server: Server, key: str) -> None:
    """Put a session cookie into a browser, as a thief would."""
    context.add_cookies([{"name": COOKIE, "value": key, "url": server.url, "httpOnly": True, "sameSite": "Lax"}])


@pytest.mark.parametrize("role", sorted(HOMES))
def test_each_role_signs_in_and_gets_its_pages_and_no_other(
    context: BrowserContext, server: Server, role: Role
) -> None:
    page = context.new_page()
    page.goto(f"{server.url}/login")
    sign_in(page, name_of(role))
    page.wait_for_url(server.url + HOMES[role])
    for path, allowed in (("/staff/", role in STAFF), ("/evals/", role in EVALUATORS), ("/account", True)):
        reply = page.goto(server.url + path)
        assert reply
        if allowed:
            assert reply.status == 200, path
            expect(page.locator("body")).not_to_contain_text("没有这个页面的权限")
        else:
            assert reply.status == 403, path
            expect(page.locator("main")).to_contain_text(f"{role.shown}）没有这个页面的权限")
            page.get_by_role("link", name="我的账号").click()
            page.wait_for_url("**/account")
    expect(page.locator("dl")).to_contain_text(role.shown)


@pytest.mark.parametrize("path", ["/staff", "/staff/", "/evals", "/evals/", "/account"])
def test_a_page_opened_by_its_address_asks_for_sign_in_first_and_is_shown_then(
    context: BrowserContext, server: Server, path: str
) -> None:
    page = context.new_page()
    page.goto(server.url + path)
    expect(page.get_by_role("heading", name="登录")).to_be_visible()
    assert urlsplit(page.url).path == "/login"
    sign_in(page, name_of(Role.ADMIN))
    page.wait_for_url(lambda url: urlsplit(url).path.rstrip("/") == path.rstrip("/"))


def test_parts_of_a_page_opened_by_their_address_show_nothing(context: BrowserContext, server: Server) -> None:
    page = context.new_page()
    for path in ("/staff/config", "/staff/gradio_api/info", "/evals/report?run=x", "/evals/theme.css"):
        page.goto(server.url + path)
        assert urlsplit(page.url).path == "/login", path


def test_a_wrong_password_is_said_clearly_and_the_name_stays(context: BrowserContext, server: Server) -> None:
    page = context.new_page()
    page.goto(f"{server.url}/login?next=/evals/")
    sign_in(page, name_of(Role.ADMIN), "wrong password")
    expect(page.get_by_role("alert")).to_contain_text("名字或口令不对")
    expect(page.get_by_label("名字")).to_have_value(name_of(Role.ADMIN))
    expect(page.get_by_label("口令")).to_have_value("")
    assert not context.cookies()
    sign_in(page, name_of(Role.ADMIN))
    page.wait_for_url("**/evals/")


def test_after_five_wrong_passwords_the_right_one_waits_too(
    context: BrowserContext, server: Server, database: Database
) -> None:
    accounts = Accounts(database, hashes())
    accounts.add("forgetful", Role.EVALUATOR, PASSWORD)
    page = context.new_page()
    page.goto(f"{server.url}/login")
    for _ in range(TRIES):
        sign_in(page, "forgetful", "wrong")
        expect(page.get_by_role("alert")).to_be_visible()
    sign_in(page, "forgetful")
    expect(page.get_by_role("alert")).to_contain_text("锁 15 分钟")
    assert not context.cookies()
    accounts.unlock("forgetful")
    sign_in(page, "forgetful")
    page.wait_for_url("**/evals/")


@pytest.mark.parametrize("ended", ["idle", "old"])
def test_an_expired_session_leads_to_the_sign_in_page(
    context: BrowserContext, server: Server, database: Database, ended: str
) -> None:
    carry(context, server, cookie_of(database, Role.EVALUATOR))
    page = context.new_page()
    page.goto(f"{server.url}/evals/")
    refresh = page.get_by_role("button", name="刷新列表")
    expect(refresh).to_be_visible()  # what the page still has to load would be refused, too
    past = {"seen": now() - IDLE} if ended == "idle" else {"created": now() - LONGEST, "expires": now()}
    with database.write() as session:
        session.execute(update(SessionRow).values(**past))
    # What the open page does next is refused, and so is the page when it is opened again.
    with page.expect_response(lambda r: "/queue/" in r.url and r.status == 401):
        refresh.click()
    page.reload()
    expect(page.get_by_role("heading", name="登录")).to_be_visible()


def test_a_cookie_of_another_role_opens_no_more_than_that_role(
    context: BrowserContext, server: Server, database: Database
) -> None:
    carry(context, server, cookie_of(database, Role.STAFF))
    page = context.new_page()
    reply = page.goto(f"{server.url}/evals/")
    assert reply and reply.status == 403
    page.goto(f"{server.url}/page.css")  # of the same origin, and free to ask
    for path in ("/evals/config", "/evals/report?run=x", "/evals/gradio_api/info"):
        assert page.evaluate("async path => (await fetch(path)).status", path) == 403, path
    status = "async path => (await fetch(path, {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{}'})).status"
    assert page.evaluate(status, "/evals/gradio_api/queue/join") == 403


def test_a_stolen_cookie_is_worth_nothing_after_sign_out(
    context: BrowserContext, browser: Browser, server: Server
) -> None:
    page = context.new_page()
    page.goto(f"{server.url}/login?next=/account")
    sign_in(page, name_of(Role.ADMIN))
    page.wait_for_url("**/account")
    (cookie,) = context.cookies()
    assert page.evaluate("document.cookie") == "", "no script can read it"
    thief = browser.new_context()
    carry(thief, server, str(cookie["value"]))
    stolen = thief.new_page()
    stolen.goto(f"{server.url}/account")
    expect(stolen.get_by_role("heading", name="我的账号")).to_be_visible()
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_role("status")).to_contain_text("已退出登录")
    stolen.goto(f"{server.url}/account")
    expect(stolen.get_by_role("heading", name="登录")).to_be_visible()
    thief.close()


@pytest.mark.parametrize("path", ["/account", "/evals/"])
def test_the_back_button_shows_nothing_after_sign_out(context: BrowserContext, server: Server, path: str) -> None:
    page = context.new_page()
    page.goto(f"{server.url}/login?next={path}")
    sign_in(page, name_of(Role.ADMIN))
    page.wait_for_url(f"**{path}")
    page.goto(f"{server.url}/account")
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_role("status")).to_contain_text("已退出登录")
    for _ in range(2):
        page.go_back()
        expect(page.get_by_role("heading", name="登录")).to_be_visible()
        expect(page.locator("body")).not_to_contain_text("我的账号")


def test_changing_the_password_in_the_browser(context: BrowserContext, server: Server, database: Database) -> None:
    account = Accounts(database, hashes()).add("renewing", Role.EVALUATOR, PASSWORD)
    here, elsewhere = (Sessions(database).open(account.person) for _ in range(2))
    carry(context, server, here)
    page = context.new_page()
    page.goto(f"{server.url}/account")

    def change(old: str, new: str, again: str) -> None:
        page.get_by_label("现在的口令").fill(old)
        page.get_by_label("新口令", exact=True).fill(new)
        page.get_by_label("再输一遍新口令").fill(again)
        page.get_by_role("button", name="修改口令").click()

    change(PASSWORD, "1234567890", "1234567890")
    expect(page.get_by_role("alert")).to_contain_text("太常见")
    change(PASSWORD, "春眠不觉晓，处处闻啼鸟", "春眠不觉晓，处处闻啼鸟")
    expect(page.get_by_role("status")).to_contain_text("口令已修改")
    page.get_by_role("button", name="退出登录").click()
    sign_in(page, "renewing", "春眠不觉晓，处处闻啼鸟")
    page.wait_for_url("**/evals/")
    carry(context, server, elsewhere)
    page.goto(f"{server.url}/account")
    expect(page.get_by_role("heading", name="登录")).to_be_visible()


ATTACK = """<!doctype html><meta charset="utf-8"><title>a page of somebody else</title>
<form id="post" method="post"><input name="csrf" value=""><input name="name" value="%s"><input name="password" value="%s"></form>
<iframe id="frame"></iframe>"""


@pytest.fixture
def evil(server: Server) -> Iterator[int]:
    """Port of another web server: on `localhost` another site for the browser, on 127.0.0.1 another origin of the same."""
    page = (ATTACK % (name_of(Role.STAFF), PASSWORD)).encode()

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802 - the library's name
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: Any) -> None:
            pass

    other = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=other.serve_forever, daemon=True)
    thread.start()
    yield other.server_port
    other.shutdown()
    other.server_close()


FORM = "([target, media]) => { const form = document.getElementById('post'); form.action = target; form.enctype = media; form.submit(); }"
FETCH = """async ([target, media]) => { try {
  return (await fetch(target, {method: 'POST', credentials: 'include', mode: 'no-cors', headers: {'Content-Type': media}, body: '{}'})).type;
} catch (error) { return 'failed'; } }"""
READ = """async target => { try { return await (await fetch(target, {credentials: 'include'})).text(); } catch (error) { return 'failed'; } }"""


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_page_of_another_origin_changes_and_reads_nothing(
    context: BrowserContext, server: Server, database: Database, evil: int, host: str
) -> None:
    """The browser is signed in as admin; on 127.0.0.1 the other page is of the same site, so that the cookie does go along."""
    key = cookie_of(database, Role.ADMIN)
    carry(context, server, key)
    page = context.new_page()
    statuses: dict[str, list[int]] = {}
    page.on(
        "response", lambda r: statuses.setdefault(r.request.method + " " + urlsplit(r.url).path, []).append(r.status)
    )
    targets = [
        "/logout",
        "/account",
        "/login",
        "/evals/gradio_api/queue/join",
        "/staff/gradio_api/queue/join",
        "/api/staff/none",
    ]
    for target in targets:
        for media in ("application/x-www-form-urlencoded", "text/plain"):
            page.goto(f"http://{host}:{evil}/")
            with page.expect_navigation(url=server.url + target):
                page.evaluate(FORM, [server.url + target, media])
            page.goto(f"http://{host}:{evil}/")
            page.evaluate(FETCH, [server.url + target, "text/plain"])
    for target in targets:
        assert statuses[f"POST {target}"] and set(statuses[f"POST {target}"]) <= {401, 403, 415}, target
    for target in ("/account", "/evals/config", "/staff/config", "/api/staff/none"):
        assert page.evaluate(READ, server.url + target) == "failed", target
    page.goto(f"{server.url}/account")
    expect(page.get_by_role("heading", name="我的账号")).to_be_visible()
    assert [c["value"] for c in context.cookies(server.url) if c["name"] == COOKIE] == [key]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("path", ["/login", "/account", "/staff/", "/evals/"])
def test_a_page_of_another_origin_cannot_frame_ours(
    context: BrowserContext, server: Server, database: Database, evil: int, host: str, path: str
) -> None:
    if path != "/login":
        carry(context, server, cookie_of(database, Role.ADMIN))
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"http://{host}:{evil}/")
    with page.expect_console_message(lambda message: "frame-ancestors 'none'" in message.text):
        page.evaluate("target => { document.getElementById('frame').src = target; }", server.url + path)
    for frame in page.frames[1:]:
        assert frame.locator("form, gradio-app, #e-brand").count() == 0


def test_no_account_yet_is_said_with_the_way_to_the_first(
    context: BrowserContext, assistant: Assistant, tmp_path: Path
) -> None:
    empty = Database.open(tmp_path / "empty")
    with running(assistant, None, database=empty) as server:
        page = context.new_page()
        page.goto(f"{server.url}/staff/")
        expect(page.locator("code")).to_have_text("wence people add 名字 --role admin")
        expect(page.locator("form")).to_have_count(0)
        page.get_by_role("link", name="问答页").click()
        expect(page.locator(".w-example").first).to_be_visible()
    empty.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_fit_a_phone_and_axe_finds_nothing(
    context: BrowserContext, server: Server, database: Database, scheme: str
) -> None:
    page = context.new_page()
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for path in ("/login", "/account", "/evals/"):
        if path != "/login":
            carry(context, server, cookie_of(database, Role.ADMIN if path == "/account" else Role.STAFF))
        for width in (320, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(server.url + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            found = Axe().run(page).response["violations"]
            assert not [(v["id"], v["nodes"][0]["html"]) for v in found], path


def test_the_pages_work_by_keyboard_and_without_scripts(browser: Browser, server: Server) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{server.url}/login?next=/account")
    expect(page.get_by_label("名字")).to_be_focused()
    page.keyboard.type(name_of(Role.EDITOR))
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="我的账号")).to_be_visible()
    context.close()
