"""The real browser of the tests that look at pages."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

PLACES = (os.environ.get("WENCE_TEST_CHROMIUM", ""), "/usr/bin/chromium", "/usr/bin/chromium-browser")
CHROMIUM = next((place for place in PLACES if place and Path(place).is_file()), "")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
LONG_MS = 60_000
"""Far more than a page needs; only one that hangs reaches it."""


@contextmanager
def launched() -> Iterator[Browser]:
    """A running browser; fails in CI without one, and skips on a person's machine."""
    if not CHROMIUM:
        message = "no chromium: install it (Debian: apt-get install chromium) to test the pages"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        expect.set_options(timeout=LONG_MS)
        yield browser
        browser.close()


def settled(page: Page) -> None:
    """Wait until no event of a page of the framework is under way: what it brings would overwrite what is typed."""
    running = "e => /\\d\\.\\ds/.test(e.textContent)"
    page.wait_for_function(f"() => ![...document.querySelectorAll('[data-testid=status-tracker]')].some({running})")
