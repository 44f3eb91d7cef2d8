"""Other people's websites with the widget on them, and what a visitor does there.

The pages come from the demo website (scripts/demo_site.py) on a port of its own, so every message and every request
crosses origins as it does in life. Answers are made by the real assistant without a model.
"""

from __future__ import annotations

import importlib.util
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Frame, Locator, Page, expect

from assistant.answer import ANYBODY, Asker
from assistant.ask import Assistant
from assistant.records.database import Database
from assistant.server import Server
from assistant.web.sites import Sites
from tests.serving import running

ROOT = Path(__file__).parent.parent.parent
ANSWER_MS = 30_000
"""Far more than an answer needs; only a page that hangs reaches it."""
CAP = "首台套最高补多少？"
WRITTEN = "对首次升规并连续三年保持增长的科技服务业企业，首年给予不超过30万元的一次性奖励。[1]"
"""What a model may say and the guard lets pass."""
XSS = '<img src=x onerror="parent.hacked=top.hacked=window.hacked=1">'


def load_demo_site() -> Any:
    spec = importlib.util.spec_from_file_location("demo_site", ROOT / "scripts" / "demo_site.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class SteppedAssistant(Assistant):
    """The real assistant; it stops after the evidence of a “慢” question until it may go on, and breaks on “坏掉”."""

    go_on: threading.Event = field(default_factory=threading.Event)

    def stream(self, message: str, history: Any = (), asker: Asker = ANYBODY, **more: Any) -> Iterator[Any]:
        events = super().stream(message.replace("慢", "").replace("坏掉", ""), history, asker, **more)
        if "慢" in message or "坏掉" in message:
            yield next(events)
            if "坏掉" in message:
                yield next(events)
                raise RuntimeError("disk on fire <b>secret path</b>")
            assert self.go_on.wait(60)
        yield from events


@dataclass(frozen=True)
class Place:
    """A server that answers, and a website on another origin that embeds it."""

    assistant: Any
    server: Server
    demo: Any

    @property
    def url(self) -> str:
        return str(self.demo.url) + "/"

    def page(self, name: str, text: str) -> str:
        """The address of one more page of the website, under its strict policy."""
        self.demo.pages[name] = text
        return self.url + name


@contextmanager
def website(wence: str) -> Iterator[Any]:
    """The demo website on an origin of its own, registered nowhere."""
    demo = load_demo_site().DemoSite(wence, site="park")
    thread = threading.Thread(target=demo.serve_forever, daemon=True)
    thread.start()
    yield demo
    demo.shutdown()
    demo.server_close()
    thread.join(10)


@contextmanager
def embedded(assistant: Any, home: Path) -> Iterator[Place]:
    with running(assistant, home) as server, website(server.url) as demo:
        Sites(Database.open(home)).add("park", origins=[demo.url])
        yield Place(assistant, server, demo)


def visit(context: BrowserContext, url: str) -> Page:
    """A page of the demo website."""
    page = context.new_page()
    page.goto(url)
    return page


def bubble(page: Page) -> Locator:
    return page.get_by_role("button", name=re.compile("问政策|打开政策问答"))


def still(page: Page) -> None:
    """Until the panel has moved to its place: it glides there, and a busy machine measures it on the way."""
    page.evaluate(
        "Promise.allSettled(document.querySelector('[data-wence]').shadowRoot.getAnimations().map(a => a.finished))"
    )


def talk(page: Page, *, click: bool = True, examples: bool = True) -> Frame:
    """The conversation, opened and ready: its example questions come with the first token."""
    if click:
        bubble(page).click()
    ready = "#questions button" if examples else "#region option"
    page.frame_locator("iframe").locator(ready).first.wait_for(state="attached", timeout=ANSWER_MS)
    return next(f for f in page.frames if "/embed?" in f.url)


def ask(frame: Frame, question: str, state: str = "done") -> Locator:
    """Type, Enter, wait until the answer has ended so; its turn."""
    before = frame.locator(".turn").count()
    frame.locator("#box").fill(question)
    frame.locator("#box").press("Enter")
    expect(frame.locator(".turn")).to_have_count(before + 1)
    turn = frame.locator(".turn").last
    expect(turn).to_have_attribute("data-state", state, timeout=ANSWER_MS)
    return turn


def told(page: Page, name: str) -> Any:
    """Collects what the page hears of one kind of event."""
    page.evaluate(f"window.told_{name} = []; void Wence.on('{name}', (d) => window.told_{name}.push(d))")
    return lambda: page.evaluate(f"window.told_{name}")
