"""What the widget costs a page that embeds it: bytes, time to run, paint and load event with and without it, shift.

Runs the real server and the demo site on this machine; pages with and without the script take turns, so that both
meet the same noise. Needs chromium and the `dev` extras:

    python scripts/widget_weight.py [--visits 30] [--load-only]
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import tempfile
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from screenshots import CHROMIUM, FLAGS
from widget_screenshots import ANSWERED, start

WATCH = """window.shift = 0; window.long = 0;
new PerformanceObserver(l => l.getEntries().forEach(e => window.shift += e.value)).observe({type: 'layout-shift', buffered: true});
new PerformanceObserver(l => window.long += l.getEntries().length).observe({type: 'longtask', buffered: true});"""
TIMES = """() => { const n = performance.getEntriesByType('navigation')[0];
return { paint: performance.getEntriesByName('first-contentful-paint')[0].startTime, parsed: n.domInteractive,
ready: n.domContentLoadedEventEnd, loaded: n.loadEventEnd, shift: window.shift, long: window.long } }"""
NAMES = {"paint": "first paint", "parsed": "parsed", "ready": "DOMContentLoaded", "loaded": "load"}


def packed_size(url: str) -> int:
    """Bytes of a file as it travels."""
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=20) as response:
        return len(response.read())


def visit(browser: Browser, url: str) -> dict[str, float]:
    """One first visit, nothing cached; times in ms."""
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(url, wait_until="load")
    while not page.evaluate("performance.getEntriesByName('first-contentful-paint').length"):
        page.wait_for_timeout(20)
    found: dict[str, float] = page.evaluate(TIMES)
    context.close()
    return found


def run_time(browser: Browser, url: str) -> float:
    """Milliseconds that the browser spends compiling and running widget.js."""
    page = browser.new_page()
    browser.start_tracing(page=page, categories=["devtools.timeline", "v8"])
    page.goto(url, wait_until="load")
    events = json.loads(browser.stop_tracing())["traceEvents"]
    page.close()
    return sum(
        e.get("dur", 0) / 1000
        for e in events
        if e["name"] == "EvaluateScript" and "widget.js" in str(e.get("args", {}).get("data", {}).get("url"))
    )


def first_open(page: Page, url: str) -> tuple[float, float]:
    """Click to ready, and Enter to the first clause; both in ms."""
    page.goto(url)
    opened = page.evaluate(
        """() => new Promise(r => { const t = performance.now();
        Wence.on('ready', () => r(performance.now() - t)); Wence.open(); })"""
    )
    frame = next(f for f in page.frames if "/embed?" in f.url)
    frame.locator("#questions button").first.wait_for()
    evidence = frame.evaluate(
        """q => new Promise(r => { const t = performance.now();
        new MutationObserver((_, o) => { if (document.querySelector('.card')) { o.disconnect(); r(performance.now() - t); } })
          .observe(document.body, {childList: true, subtree: true});
        document.querySelector('#box').value = q; document.querySelector('#form').requestSubmit(); })""",
        ANSWERED,
    )
    return opened, evidence


def conversation_files(server: str) -> list[str]:
    """Everything that the conversation page loads before the first question."""
    page = f"{server}/embed?site=demo"
    with urllib.request.urlopen(page, timeout=20) as response:
        text = response.read().decode()
    return [page, *(f"{server}/{name}" for name in re.findall(r'(?:href|src)="(embed/[^"]+)"', text))]


def with_and_without(browser: Browser, bare: str, embedding: str, visits: int) -> list[str]:
    """Times of a page without and with the script, taking turns; which comes first takes turns too."""
    seen: dict[str, list[dict[str, float]]] = {bare: [], embedding: []}
    for n in range(visits):
        for page in (bare, embedding) if n % 2 else (embedding, bare):
            seen[page].append(visit(browser, page))
    lines = []
    for key, name in NAMES.items():
        without, with_it = (statistics.median(v[key] for v in seen[page]) for page in (bare, embedding))
        lines.append(
            f"{name:24}  {without:.1f} ms without, {with_it:.1f} ms with it, ratio {with_it / without:.3f} "
            f"(medians of {visits} each)"
        )
    last = seen[embedding]
    lines.append(
        f"layout shift              {max(v['shift'] for v in last):.3f}; long tasks {max(v['long'] for v in last):.0f}"
    )
    return lines


def weight(browser: Browser, server: str, site: str) -> list[str]:
    """Bytes, running time and first opening."""
    runs = [run_time(browser, site) for _ in range(5)]
    opened, evidence = first_open(browser.new_page(), site)
    files = conversation_files(server)
    return [
        f"widget.js                 {packed_size(server + '/widget.js')} bytes gzipped",
        f"compiling and running it  {statistics.median(runs):.1f} ms (median of {len(runs)})",
        f"before the first question {sum(map(packed_size, files))} bytes gzipped in {len(files)} files",
        f"click to ready            {opened:.0f} ms; Enter to the first clause {evidence:.0f} ms",
    ]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--visits", type=int, default=30, help="visits with and without the widget")
    parser.add_argument("--load-only", action="store_true", help="the times with and without it, and nothing else")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        server, site = start(Path(home))
        site.pages["bare.html"] = site.pages["index.html"].replace("{{widget}}", "")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        pages = (f"{site.url}/bare.html", f"{site.url}/index.html")
        for page in pages:
            visit(browser, page)  # the first visits of a browser and a server are slow
        print("\n".join(with_and_without(browser, *pages, options.visits)))
        if not options.load_only:
            print("\n".join(weight(browser, server.url, site.url)))
        browser.close()
        server.should_exit = True
        site.shutdown()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
