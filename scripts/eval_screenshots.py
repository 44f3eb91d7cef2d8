"""Pictures of an evaluation report, for the README and for looking at it: wide and narrow, light and dark.

Writes the report of the runs named (the last is the one reported) into a temporary folder and opens it in the
browser. Needs chromium and the `dev` extras:

    python scripts/eval_screenshots.py runs/before runs/now --out docs
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from evals.report import render  # noqa: E402
from evals.report_run import load_run  # noqa: E402

CHROMIUM = os.environ.get("WENCE_TEST_CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SHOTS = (
    ("report.png", 1440, 1300, False, False),
    ("report-question.png", 1440, 1100, False, True),
    ("report-tablet.png", 768, 1100, True, False),
    ("report-phone.png", 375, 900, False, False),
    ("report-dark.png", 1440, 1300, True, False),
)
"""(file, width, height, dark, whether to open the first question that turned, or the first)."""


def shoot(browser: Browser, url: str, width: int, height: int, dark: bool, opened: bool, file: Path) -> None:
    """One picture of the report, from its top or of an open question."""
    page = browser.new_page(
        viewport={"width": width, "height": height}, locale="zh-CN", color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )  # fmt: skip
    page.goto(url, timeout=120_000)
    if opened:
        turned = page.locator("#changes a[data-open]")
        (turned if turned.count() else page.locator(".q > summary")).first.click()
    page.wait_for_timeout(300)
    file.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=file)
    page.close()
    print(f"{file}  {width}×{height}  {file.stat().st_size / 1000:.0f} kB")


def main() -> int:
    """Make all pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("runs", nargs="+", type=Path, help="run folders, the oldest first")
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="folder for the pictures")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        report = Path(folder) / "report.html"
        report.write_text(render([load_run(run) for run in options.runs]), encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, width, height, dark, opened in SHOTS:
            shoot(browser, report.as_uri(), width, height, dark, opened, options.out / name)
        browser.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
