"""The workbench on the phone's clock: from the last key of a line to its results on the screen, p50 and p95.

    python scripts/staff_speed.py [--lines 40] [--pace 120] [--out FILE]

Runs the real server over the bundled corpus in a temporary folder and a real browser (WENCE_TEST_CHROMIUM or
/usr/bin/chromium), types questions of policy.dev key by key at `--pace` milliseconds, and takes the time in the page
itself. Beside it the same look-up behind a text box of gradio, which is what the framework offers, and the look-up
alone by processor time. Figures are a benchmark, not a test.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import gradio as gr  # noqa: E402
import numpy as np  # noqa: E402
from playwright.sync_api import Page, sync_playwright  # noqa: E402

from assistant.ask import Assistant  # noqa: E402
from assistant.people.accounts import Accounts  # noqa: E402
from assistant.people.person import Role  # noqa: E402
from assistant.people.reception import COOKIE  # noqa: E402
from assistant.people.sessions import Sessions  # noqa: E402
from assistant.records.database import Database  # noqa: E402
from assistant.server import Server, take_port  # noqa: E402
from assistant.settings import BUNDLED_CORPUS, load_settings  # noqa: E402
from assistant.staff.cards import Cards  # noqa: E402
from assistant.staff.filters import Filters  # noqa: E402
from assistant.staff.lookup import look_up  # noqa: E402
from assistant.staff.shelf import Shelf  # noqa: E402
from index.build import build_index  # noqa: E402
from index.encode import load_encoder  # noqa: E402
from index.search import Searcher  # noqa: E402

CHROMIUM = os.environ.get("WENCE_TEST_CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
TODAY = dt.date(2026, 11, 21)
QUESTIONS = ROOT / "evals" / "datasets" / "policy.dev.jsonl"
LONG_MS = 60_000
LONGEST_LINE = 14
"""Staff type words, not essays; longer questions are cut."""
WATCH = """(selector) => {
  window.lastKey = 0; window.took = {};
  addEventListener("input", () => (window.lastKey = performance.now()), true);
  new MutationObserver(() => {
    const line = document.querySelector(selector)?.dataset.line;
    if (line !== undefined && !(line in window.took)) window.took[line] = performance.now() - window.lastKey;
  }).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-line"] });
}"""


def lines_of(count: int) -> list[str]:
    """Different questions, cut to what is typed on the phone."""
    rows = (json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines() if line.strip())
    return list(dict.fromkeys(row["question"][:LONGEST_LINE] for row in rows if not row.get("history")))[:count]


@contextmanager
def served(searcher: Searcher, home: Path) -> Iterator[tuple[str, str]]:
    """(address, session cookie) of the real server."""
    database = Database.open(home)
    person = Accounts(database).add("bench", Role.STAFF, "工作台测速 2026").person
    server = Server(Assistant(searcher, today=TODAY), take_port("127.0.0.1", 0), home, database)
    threading.Thread(target=server.serve_here, daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    yield server.url, Sessions(database).open(person)
    server.should_exit = True


@contextmanager
def framework(shelf: Shelf) -> Iterator[str]:
    """Address of the same look-up behind a text box of the framework."""
    cards = Cards(shelf, TODAY)

    def show(line: str) -> str:
        found = cards.search(look_up(shelf, line, Filters()))
        rows = "".join(f"<li>{escape(r.place + r.title)}<p>{escape(r.text)}</p></li>" for r in found.rows)
        return f'<ul id="found" data-line="{escape(line)}">{rows}</ul>'

    with gr.Blocks(analytics_enabled=False) as page:
        box = gr.Textbox(elem_id="box")
        # `input` does not fire for Chinese put in by the browser driver, `change` does.
        box.change(show, box, gr.HTML(), show_progress="hidden", trigger_mode="always_last")
    _, url, _ = page.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    yield url
    page.close()


def typed(page: Page, box: str, results: str, lines: list[str], pace_ms: int) -> list[float]:
    """Milliseconds from the last key of each line to its results."""
    page.locator(box).wait_for(timeout=LONG_MS)
    page.evaluate(WATCH, results)
    for line in lines:
        page.locator(box).fill("")
        page.wait_for_timeout(300)
        page.locator(box).press_sequentially(line, delay=pace_ms)
        page.wait_for_function("(line) => line in window.took", arg=line, timeout=LONG_MS, polling=50)
    return [float(page.evaluate("(line) => window.took[line]", line)) for line in lines]


def figures(name: str, times: list[float]) -> dict[str, object]:
    """p50 and p95 of one way, printed."""
    p50, p95 = np.percentile(times, [50, 95])
    print(f"{name:<24} p50 {p50:6.0f} ms   p95 {p95:6.0f} ms   n {len(times)}")
    return {"name": name, "p50_ms": round(float(p50), 1), "p95_ms": round(float(p95), 1), "n": len(times)}


def main() -> int:
    """Measure, print, and write when asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=40)
    parser.add_argument("--pace", type=int, default=120, help="milliseconds between keys")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    lines = lines_of(options.lines)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder)
        encoder = load_encoder("bundled", load_settings().cache)
        build_index(home, [BUNDLED_CORPUS], encoder)
        searcher = Searcher.open(home, encoder)
        shelf = Shelf(searcher)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        rows = []
        with served(searcher, home) as (url, cookie):
            context = browser.new_context()
            context.add_cookies([{"name": COOKIE, "value": cookie, "url": url}])
            page = context.new_page()
            page.goto(f"{url}/staff/")
            rows.append(figures("工作台", typed(page, "#s-box", "#s-results", lines, options.pace)))
            context.close()
        with framework(shelf) as url:
            page = browser.new_page()
            page.goto(url)
            rows.append(figures("gradio 文本框", typed(page, "#box textarea", "#found", lines, options.pace)))
            page.close()
        alone = []
        for line in lines:
            started = time.process_time()
            look_up(shelf, line, Filters())
            alone.append((time.process_time() - started) * 1000)
        rows.append(figures("只查询（处理器时间）", alone))
        browser.close()
    if options.out:
        options.out.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
