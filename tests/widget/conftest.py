"""The demo website with the widget, open in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from assistant.ask import Assistant
from assistant.records.answers import Answers
from assistant.records.database import Database
from tests.widget.website import (
    Place,
    SteppedAssistant,
    embedded,
    visit,
)


@pytest.fixture(scope="module")
def place(assistant: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    home = tmp_path_factory.mktemp("sites")
    kept = replace(assistant, records=Answers(Database.open(home)))
    stepped = SteppedAssistant(**{f.name: getattr(kept, f.name) for f in fields(kept)})
    with embedded(stepped, home) as here:
        yield here
        stepped.go_on.set()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN", reduced_motion="reduce")
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, place: Place) -> Page:
    place.assistant.go_on.clear()
    return visit(context, place.url)
