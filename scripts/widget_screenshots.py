"""Pictures of the widget on the demo website: docs/widget.png, or every state at three widths with `--all FOLDER`.

Runs the real server over the bundled corpus and the demo site on an origin of its own, both in temporary folders and
on a fixed day. Needs chromium and the `dev` extras:

    python scripts/widget_screenshots.py [--all FOLDER]
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from demo_site import DemoSite
from playwright.sync_api import Browser, FrameLocator, Page, Route, sync_playwright
from screenshots import CHROMIUM, FLAGS, MAX_BYTES, ROOT, TODAY

from assistant.ask import Assistant
from assistant.records.database import Database
from assistant.server import Server, take_port
from assistant.settings import BUNDLED_CORPUS, load_settings
from assistant.web.sites import Sites
from index.build import build_index
from index.encode import load_encoder
from index.search import Searcher

SIZES = {320: 640, 768: 1024, 1280: 900}
"""Width and height of the window, CSS pixels."""
ANSWERED, REFUSED, LONG = (
    "在临港做中试能报销多少？",
    "深圳首次升规的企业能拿多少奖励？",
    "上海和深圳对检验检测有什么支持？",
)


def start(home: Path) -> tuple[Server, DemoSite]:
    """A server over the bundled corpus, and the demo site that it knows."""
    listener = take_port("127.0.0.1", 0)
    site = DemoSite(f"http://127.0.0.1:{listener.getsockname()[1]}", site="demo", color="#0e7c86")
    encoder = load_encoder("bundled", load_settings().cache)
    build_index(home, [BUNDLED_CORPUS], encoder)
    Sites(Database.open(home)).add("demo", origins=[site.url])
    server = Server(Assistant(Searcher.open(home, encoder), today=TODAY), listener, home)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    threading.Thread(target=server.serve_here, daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    return server, site


def ask(frame: FrameLocator, question: str, state: str = "done") -> None:
    """Type, send, wait."""
    frame.locator("#box").fill(question)
    frame.locator("#box").press("Enter")
    frame.locator(f".turn[data-state={state}]").last.wait_for()


def closed(page: Page, frame: FrameLocator) -> None:
    """The button alone."""


def welcome(page: Page, frame: FrameLocator) -> None:
    """Before the first question."""
    page.evaluate("Wence.open()")
    frame.locator("#questions button").first.wait_for()


def answered(page: Page, frame: FrameLocator) -> None:
    """An answer as it comes."""
    welcome(page, frame)
    ask(frame, ANSWERED)


def clause(page: Page, frame: FrameLocator) -> None:
    """An answer whose citation was opened."""
    answered(page, frame)
    frame.locator(".ref").first.click()


def refused(page: Page, frame: FrameLocator) -> None:
    """A refusal with the nearest clauses."""
    welcome(page, frame)
    ask(frame, REFUSED)


def rated(page: Page, frame: FrameLocator) -> None:
    """Asking what was wrong."""
    answered(page, frame)
    frame.get_by_role("button", name="没有帮助").click()


def busy(page: Page, frame: FrameLocator) -> None:
    """A server that is full."""
    welcome(page, frame)

    def full(route: Route) -> None:
        route.fulfill(status=503, headers={"Retry-After": "20"}, json={"detail": "当前提问的人较多"})

    page.route("**/api/chat", full)
    ask(frame, ANSWERED, "failed")


def wide(page: Page, frame: FrameLocator) -> None:
    """Enlarged: clauses beside the answer."""
    welcome(page, frame)
    frame.locator("#widen").click()
    ask(frame, LONG)
    frame.locator(".ref").nth(1).click()


STATES: dict[str, Callable[[Page, FrameLocator], None]] = {
    f.__name__: f for f in (closed, welcome, answered, clause, refused, rated, busy, wide)
}


def shoot(browser: Browser, url: str, width: int, state: str, file: Path, *, dark: bool = False) -> int:
    """One picture; its size in bytes."""
    page = browser.new_page(viewport={"width": width, "height": SIZES[width]}, locale="zh-CN", reduced_motion="reduce")
    page.goto(url)
    if dark:
        page.evaluate("Wence.init({site: 'demo', theme: 'dark', color: '#0e7c86'})")
    STATES[state](page, page.frame_locator("iframe"))
    page.mouse.move(0, 0)
    page.wait_for_timeout(300)
    file.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=file)
    page.close()
    return file.stat().st_size


def main() -> int:
    """Make the pictures; exit status 1 when one is too large."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument(
        "--all", type=Path, metavar="FOLDER", help="every state at 320, 768 and 1280 px, light and dark"
    )
    folder = parser.parse_args().all
    wanted = [(1280, "clause", False, ROOT / "docs" / "widget.png")]
    if folder:
        wanted = [
            (width, state, dark, folder / f"{state}-{width}{'-dark' if dark else ''}.png")
            for width in SIZES
            for state in STATES
            for dark in ((False, True) if state in ("clause", "refused") else (False,))
            if width > 320 or state != "wide"
        ]
    good = True
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        server, site = start(Path(home))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for width, state, dark, file in wanted:
            size = shoot(browser, site.url, width, state, file, dark=dark)
            large = size > MAX_BYTES and not folder
            good = good and not large
            print(f"{file}  {size / 1000:.0f} kB{'  TOO LARGE' if large else ''}")
        browser.close()
        server.should_exit = True
        site.shutdown()
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
