"""The report and the page `/evals` in a real browser: what an evaluator sees, clicks and types, and who may not."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from assistant.ask import Assistant
from assistant.people.person import Role
from assistant.records.database import Database
from evals.page import evaluators_page
from evals.report import render
from evals.report_run import load_run
from tests.chromium import LONG_MS
from tests.sample_runs import XSS, make_run
from tests.serving import running
from tests.signing_in import PASSWORD, make_people, name_of, signed_in


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Fails the test that leaves an error in the console or asks anything of another host."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
    context.set_default_timeout(LONG_MS)
    trouble: list[str] = []
    context.on("console", lambda m: trouble.append(m.text) if m.type in ("error", "warning") else None)
    context.on("weberror", lambda e: trouble.append(str(e.error)))
    context.on("request", lambda r: trouble.append(r.url) if urlsplit(r.url).hostname not in (None, "", "127.0.0.1") else None)  # fmt: skip
    yield context
    context.close()
    assert not trouble


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two runs, the second careless."""
    folder = tmp_path_factory.mktemp("runs")
    make_run(folder / "first")
    make_run(folder / "second", careless=True, header={"started": "2026-11-21T07:00:00Z"})
    (folder / "notes").mkdir()
    return folder


@pytest.fixture(scope="module")
def files(shelf: Path) -> dict[str, str]:
    """Addresses of reports on disk."""
    first, second = (load_run(shelf / name) for name in ("first", "second"))
    for name, runs in (("one", [second]), ("two", [first, second])):
        (shelf / f"{name}.html").write_text(render(runs), encoding="utf-8")
    return {name: (shelf / f"{name}.html").as_uri() for name in ("one", "two")}


def opened(context: BrowserContext, url: str) -> Page:
    page = context.new_page()
    page.goto(url)
    return page


def test_the_filter_shows_what_it_says(context: BrowserContext, files: dict[str, str]) -> None:
    page = opened(context, files["two"])
    shown = page.locator(".q:visible")
    expect(shown).to_have_count(6)
    page.locator(".chip", has_text="答错").click()
    expect(shown).to_have_count(1)
    expect(page.locator("#shown")).to_have_text("1 / 6 题")
    page.locator(".chip", has_text="不全").click()
    expect(shown).to_have_count(2)
    page.locator("#type").select_option("amount")
    expect(shown).to_have_count(1)
    page.locator(".filter button[type=reset]").click()
    expect(shown).to_have_count(6)
    page.locator(".chip", has_text="变坏").click()
    expect(shown).to_have_count(2)
    page.locator(".filter button[type=reset]").click()
    page.locator("#find").fill("升规 电话")
    expect(shown).to_have_count(1)
    page.locator("#find").fill("没有这样的词")
    expect(page.locator("#none")).to_be_visible()


def test_a_question_opens_by_mouse_by_key_and_by_link(context: BrowserContext, files: dict[str, str]) -> None:
    page = opened(context, files["two"])
    row = page.locator("#q-q1")
    row.locator("summary").first.click()
    expect(row.locator(".columns")).to_be_visible()
    expect(row.locator(".columns h3").first).to_contain_text("上次 first")
    expect(row.locator(".clause mark").first).to_contain_text("2000 万元")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#q-q2 .body")).to_be_visible()
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.type("你好")
    expect(page.locator("#q-q6")).to_be_visible()
    expect(page.locator("#q-q5")).to_be_hidden()
    page.locator("#changes a[data-open]", has_text="升规电话").click()
    expect(page.locator("#q-q5 .body")).to_be_visible()


def test_a_retrieved_clause_shows_its_text_and_closes_again(context: BrowserContext, files: dict[str, str]) -> None:
    page = opened(context, files["one"])
    row = page.locator("#q-q1")
    row.locator("summary").first.click()
    row.get_by_text("检索到 2 条").click()
    row.locator(".hits button").first.click()
    expect(page.locator(".pop:popover-open")).to_contain_text("另行公布申报办法")
    page.keyboard.press("Escape")
    expect(page.locator(".pop:popover-open")).to_have_count(0)


def test_the_plot_by_type_follows_the_choice(context: BrowserContext, files: dict[str, str]) -> None:
    page = opened(context, files["one"])
    expect(page.locator(".types:visible")).to_have_count(1)
    page.locator("#by-type").select_option("faithfulness")
    expect(page.locator('.types[data-measure="faithfulness"]')).to_be_visible()
    expect(page.locator(".types:visible")).to_have_count(1)


def test_markup_in_questions_and_clauses_runs_nothing(context: BrowserContext, files: dict[str, str]) -> None:
    page = opened(context, files["two"])
    for row in page.locator(".q > summary").all():
        row.click()
    assert page.evaluate("window.hacked") is None
    expect(page.locator("#q-q1 .ask")).to_contain_text(XSS)
    assert page.locator("main img").count() == 0


@pytest.mark.parametrize("width", [320, 375, 768, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_scrolls_sideways(context: BrowserContext, files: dict[str, str], width: int, scheme: str) -> None:
    page = context.new_page()
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(files["two"])
    page.locator("#q-q1 > summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_axe_finds_nothing_serious(context: BrowserContext, files: dict[str, str]) -> None:
    for name, scheme in (("one", "light"), ("two", "dark")):
        page = context.new_page()
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.goto(files[name])
        for row in ("#q-q1", "#q-q5"):
            page.locator(f"{row} > summary").click()
        found = Axe().run(page).response["violations"]
        assert not [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")]


def test_the_report_reads_without_script_and_on_paper(browser: Browser, files: dict[str, str]) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = opened(context, files["one"])
    page.locator("#q-q1 > summary").click()
    expect(page.locator("#q-q1 .answer")).to_be_visible()
    expect(page.locator(".filter")).to_be_hidden()
    page.emulate_media(media="print")
    expect(page.locator("nav")).to_be_hidden()
    expect(page.locator("#q-q1 .answer")).to_be_visible()
    context.close()


@pytest.fixture(scope="module")
def local(assistant: Assistant, shelf: Path) -> Iterator[str]:
    """Address of a server where nobody has an account: its evaluators' page is for this machine."""
    with running(assistant, pages=[evaluators_page([shelf, shelf / "none"])]) as server:
        yield server.url


def test_the_page_shows_the_newest_run_and_compares_it_with_a_chosen_one(context: BrowserContext, local: str) -> None:
    page = opened(context, f"{local}/evals")
    report = page.frame_locator("#e-report")
    expect(report.locator("h1")).to_contain_text("second")
    page.locator("#e-before input").click()
    page.get_by_role("option", name="first").click()
    expect(report.locator("h1")).to_contain_text("first")
    expect(report.locator("#changes")).to_contain_text("变坏 2")
    report.locator("#q-q1 > summary").click()
    expect(report.locator("#q-q1 .columns")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    assert page.title() == "问策 · 评测"


def test_the_chat_page_stays_at_the_root(context: BrowserContext, local: str) -> None:
    page = opened(context, local)
    expect(page.locator(".w-example").first).to_be_visible()


def status(url: str, **headers: str) -> int:
    request = urllib.request.Request(url, headers={k.replace("_", "-"): v for k, v in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_without_accounts_there_is_no_such_page_for_anybody_else(local: str) -> None:
    """A proxy in front, or a name that somebody pointed at this machine: the page is not there."""
    assert status(f"{local}/evals/") == 200
    for headers in ({"X_Forwarded_For": "203.0.113.9"}, {"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        assert status(f"{local}/evals/", **headers) == 404
        assert status(f"{local}/evals/report?run=first", **headers) == 404


def test_only_runs_in_the_list_are_shown_and_other_doors_are_closed(local: str, shelf: Path) -> None:
    assert status(f"{local}/evals/report?run=first") == 200
    for name in ("notes", "../" + shelf.name + "/first", str(shelf / "first"), "..", "first/../second", ""):
        assert status(f"{local}/evals/report?run={quote(name)}") == 422, name
    for door in ("/gradio_api/upload", "/gradio_api/proxy=http://127.0.0.1/", "/gradio_api/file=/etc/passwd", "/login"):
        assert status(f"{local}/evals{door}") == 404, door


def test_a_run_that_is_gone_from_an_open_page_is_said(local: str, shelf: Path) -> None:
    with httpx.Client(base_url=local, timeout=60) as client:
        config = client.get("/evals/config").json()
        ids = {c["props"].get("elem_id"): c["id"] for c in config["components"]}
        wanted = [ids["e-run"], ids["e-before"]]
        event = [d for d in config["dependencies"] if d["inputs"] == wanted][-1]
        sent = {"data": ["third", "first"], "fn_index": event["id"], "session_hash": "open-page"}
        client.post("/evals/gradio_api/queue/join", json=sent)
        told = client.get("/evals/gradio_api/queue/data", params={"session_hash": "open-page"}).text
    assert "“third”已不在，列表已更新" in told and '"success":true' in told and '"value":"second"' in told


def test_evaluators_sign_in_and_others_stay_out(
    browser: Browser, assistant: Assistant, shelf: Path, tmp_path: Path
) -> None:
    database = Database.open(tmp_path)
    make_people(database)
    with running(assistant, database=database, pages=[evaluators_page([shelf])]) as server:
        for path in ("/evals/report?run=first", "/evals/gradio_api/info"):
            assert status(server.url + path) == 401
        context = browser.new_context()
        context.set_default_timeout(LONG_MS)
        page = opened(context, f"{server.url}/evals/")
        page.get_by_label("名字").fill(name_of(Role.EVALUATOR))
        page.get_by_label("口令").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        expect(page.frame_locator("#e-report").locator("h1")).to_contain_text("second")
        context.close()
        with signed_in(server.url, database, Role.STAFF) as staff:
            assert staff.get("/evals/report?run=first").status_code == 403
    database.close()
