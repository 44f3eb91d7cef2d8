"""The library in a real browser: from a file on somebody's disk to an answer with its clause, and back again."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import docx
import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from assistant.ask import Assistant
from assistant.library.library import Library
from assistant.people.person import Role
from assistant.people.reception import COOKIE
from assistant.records.database import Database
from assistant.server import Server
from index.encode import Encoder
from index.live import LiveIndex
from tests.chromium import LONG_MS
from tests.library.shelf import EDITOR, QUESTION, notice
from tests.sample_files import make_scan
from tests.serving import events, running
from tests.signing_in import cookie_of, make_people
from tests.test_files_scans import drawn

SHOTS = os.environ.get("WENCE_TEST_SHOTS", "")
"""A folder for pictures of the pages, to be looked at."""
READ_MS = 300_000
"""A scanned page takes 5 to 15 seconds of two quiet cores."""


@pytest.fixture
def database(corpus_home: Path, tmp_path: Path) -> Iterator[Database]:
    shutil.copytree(corpus_home / "index", tmp_path / "home" / "index")
    opened = Database.open(tmp_path / "home")
    make_people(opened)
    yield opened
    opened.close()


@pytest.fixture
def server(database: Database, tmp_path: Path, encoder: Encoder) -> Iterator[Server]:
    home = tmp_path / "home"
    with running(
        Assistant(LiveIndex.open(home, encoder), today=dt.date(2026, 11, 21)), home, database=database
    ) as server:
        yield server


def opened(browser: Browser, server: Server, database: Database, role: Role) -> tuple[Page, list[str]]:
    """The page, signed in, and what goes wrong on it."""
    context: BrowserContext = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN")
    context.set_default_timeout(LONG_MS)
    key = cookie_of(database, role)
    context.add_cookies([{"name": COOKIE, "value": key, "url": server.url, "httpOnly": True, "sameSite": "Lax"}])
    page, wrong = context.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
    page.goto(f"{server.url}/library")
    return page, wrong


def look(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png")


def word_file(path: Path) -> Path:
    document = docx.Document()
    for line in notice().decode().split("\n\n"):
        document.add_paragraph(line)
    document.save(str(path))
    return path


def told(server: Server) -> str:
    """What an enterprise is told, with the clauses cited."""
    reply = httpx.post(f"{server.url}/api/chat", json={"question": QUESTION}, timeout=120)
    (done,) = [data for kind, data in events(reply.text) if kind == "done"]
    return str(done["answer"]) + "".join(f"{c['document_title']}{c['document_number']}" for c in done["citations"])


def test_an_admin_publishes_what_was_looked_at_and_takes_it_back(
    browser: Browser, server: Server, database: Database, tmp_path: Path
) -> None:
    word = word_file(tmp_path / "算力券.docx")
    with Image.open(drawn(tmp_path / "page.png")) as image:
        scan = make_scan([image.copy()], tmp_path / "若干意见.pdf")
    bad = tmp_path / "坏.docx"
    bad.write_bytes(b"PK\x03\x04 broken")
    page, wrong = opened(browser, server, database, Role.ADMIN)
    right, picker = page.locator("#right"), page.locator("#picker")
    expect(page.locator("html")).to_have_attribute("data-ready", "true")

    # A file that is none, and one that is damaged.
    picker.set_input_files({"name": "程序.exe", "mimeType": "application/x-msdownload", "buffer": b"MZ"})
    expect(page.locator("#uploads .wrong")).to_contain_text("不收这种文件")
    page.get_by_role("button", name="知道了").click()
    picker.set_input_files(bad)
    expect(right).to_have_attribute("data-state", "unreadable", timeout=READ_MS)
    expect(right.get_by_role("alert")).to_contain_text("坏.docx 已损坏")
    look(page, "library-bad")
    page.locator("#delete").click()
    page.get_by_role("dialog").get_by_role("button", name="删除").click()
    expect(page.locator("#files .file")).to_have_count(0)

    # A Word file: its clauses beside its text, a fact corrected.
    picker.set_input_files(word)
    expect(right).to_have_attribute("data-state", "staged", timeout=READ_MS)
    expect(right.locator("h2")).to_have_text("上海市科学技术委员会关于支持算力券的通知")
    first = right.locator(".clause").first
    first.click()
    expect(first).to_have_attribute("aria-current", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    third = right.locator(".clause").nth(2)
    expect(third).to_have_attribute("aria-current", "true")
    expect(right.locator(".sheet mark")).to_contain_text("每家企业每年最高不超过500万元")
    look(page, "library-word")
    page.get_by_role("tab", name="文件信息").click()
    expect(page.get_by_label("失效日期")).to_have_value("2028-06-30")
    page.get_by_label("失效日期").fill("2028年")
    page.get_by_role("button", name="保存修改").click()
    expect(page.locator("#trouble")).to_contain_text("日期应为 2025-05-17 这样的格式")
    page.get_by_label("失效日期").fill("2029-06-30")
    page.get_by_role("button", name="保存修改").click()
    expect(right.locator(".fact").filter(has_text="失效日期")).to_contain_text("已改正；正文读出：2028-06-30")
    look(page, "library-facts")
    page.get_by_role("tab", name="去向与存疑").click()
    expect(right.locator(".account")).to_contain_text("归类 100.00%")
    assert "500万元" not in told(server)

    # Somebody else corrects it meanwhile: it has to be looked at again.
    library: Library = server.config.app.state.library  # type: ignore[union-attr]
    library.correct(library.items.all()[0].id, {"issuer": "市科委"}, [], None, EDITOR)
    page.locator("#publish").click()
    page.get_by_role("dialog").get_by_role("button", name="发布").click()
    expect(page.locator("#trouble")).to_have_text("算力券.docx 刚被别人改过，请刷新后再发布")
    look(page, "library-changed")
    page.locator("#files .file").click()
    expect(page.locator("#fact-issuer")).to_have_value("市科委")
    expect(page.locator("#trouble")).to_be_empty()
    page.locator("#publish").click()
    expect(page.get_by_role("dialog")).to_contain_text("5 条条款将进入问答")
    page.get_by_role("dialog").get_by_role("button", name="发布").click()
    expect(right).to_have_attribute("data-state", "published")
    answer = told(server)
    assert "500万元" in answer and "沪科规〔2026〕7号" in answer

    # A corrected version of it: says so, shows what changes, and is rejected.
    dropped = page.evaluate_handle(
        "([name, text]) => { const data = new DataTransfer(); data.items.add(new File([text], name)); return data; }",
        ["算力券（更正）.txt", notice(most=800).decode()],
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": dropped})
    page.locator(".file").filter(has=page.locator(".s-staged")).click()
    expect(right.locator("#versions")).to_contain_text("文号相同、标题相同")
    page.get_by_role("tab", name="与已发布版本比较").click()
    expect(page.locator("#changes-count")).to_contain_text("修改 1 条")
    expect(page.locator(".change.changed")).to_contain_text("数字：最高不超过500万元 → 最高不超过800万元")
    look(page, "library-changes")
    page.locator("#reject").click()
    page.get_by_role("dialog").get_by_label("原因").fill("更正文件没有盖章")
    page.get_by_role("dialog").get_by_role("button", name="退回").click()
    expect(right).to_have_attribute("data-state", "rejected")
    expect(right).to_contain_text("更正文件没有盖章")

    # A scan: the page as a picture beside what was recognised.
    picker.set_input_files(scan)
    page.locator(".file").filter(has_text="若干意见").click()
    expect(right).to_have_attribute("data-state", "staged", timeout=READ_MS)
    right.locator(".clause").nth(1).click()
    expect(right.locator(".source")).to_have_attribute("data-page", "1")
    assert right.locator(".source img").evaluate("image => image.naturalWidth") > 600
    look(page, "library-scan")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for width in (390, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            found = Axe().run(page).response["violations"]
            assert not [(v["id"], v["nodes"][0]["html"]) for v in found]
            look(page, f"library-{scheme}-{width}")

    # What was published is taken back.
    page.locator("#filters button").filter(has_text="已发布").click()
    page.locator(".file").filter(has_text="算力券").click()
    expect(right).to_have_attribute("data-state", "published")
    page.locator("#undo").click()
    page.get_by_role("dialog").get_by_role("button", name="撤回").click()
    expect(right).to_have_attribute("data-state", "withdrawn")
    assert "500万元" not in told(server)
    assert not wrong
    page.context.close()

    staff, _ = opened(browser, server, database, Role.STAFF)
    expect(staff.locator("main")).to_contain_text("没有这个页面的权限")
    staff.context.close()
