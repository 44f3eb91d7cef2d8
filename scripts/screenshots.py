"""Pictures of the page for the README: docs/desktop.png and docs/phone.png.

Runs the real server over the bundled corpus in a temporary folder, on a fixed day so that the notices about
dates stay the same. Needs chromium and the `dev` extras:

    python scripts/screenshots.py
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from assistant.ask import Assistant  # noqa: E402
from assistant.server import Server, take_port  # noqa: E402
from assistant.settings import BUNDLED_CORPUS, load_settings  # noqa: E402
from index.build import build_index  # noqa: E402
from index.encode import load_encoder  # noqa: E402
from index.search import Searcher  # noqa: E402

CHROMIUM = os.environ.get("WENCE_TEST_CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
TODAY = dt.date(2026, 11, 21)
MAX_BYTES = 250_000
"""A README should open at once, also over a slow line."""
SHOTS = (
    # file, width, height, example to click, whether to click its first [n]
    ("desktop.png", 1280, 900, "在临港做中试", True),
    ("phone.png", 390, 844, "首台套", False),
)


def start_server(home: Path) -> Server:
    """A server over the bundled corpus on a free port."""
    encoder = load_encoder("bundled", load_settings().cache)
    build_index(home, [BUNDLED_CORPUS], encoder)
    server = Server(Assistant(Searcher.open(home, encoder), today=TODAY), take_port("127.0.0.1", 0))
    threading.Thread(target=server.serve_here, daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    return server


def shoot(browser: Browser, url: str, width: int, height: int, example: str, jump: bool, file: Path) -> int:
    """One picture after one answer; its size in bytes."""
    page = browser.new_page(viewport={"width": width, "height": height}, locale="zh-CN", reduced_motion="reduce")
    page.goto(url)
    page.locator(".w-example", has_text=example).click()
    page.locator(".w-turn[data-state=done]").wait_for()
    if jump:
        page.locator(".w-said .w-ref").first.click()
    page.mouse.move(0, 0)
    page.wait_for_timeout(500)
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(200)
    file.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=file)
    page.close()
    return file.stat().st_size


def main() -> int:
    """Make all pictures; exit status 1 when one is too large."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="folder for the pictures")
    out = parser.parse_args().out
    good = True
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        server = start_server(Path(home))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, width, height, example, jump in SHOTS:
            size = shoot(browser, server.url, width, height, example, jump, out / name)
            good = good and size <= MAX_BYTES
            print(f"{out / name}  {width}×{height}  {size / 1000:.0f} kB{'' if size <= MAX_BYTES else '  TOO LARGE'}")
        browser.close()
        server.should_exit = True
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
