"""The chat page. The only file that touches gradio.

A conversation lives in the session's state on the server and nowhere else: two browsers share nothing, and a
reload starts anew. What is shown is made in `markup`; how it looks and jumps is page.css and page.js.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any, TypeVar
from uuid import uuid4

# Before the import: gradio reads it once, and nothing here may call home.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio as gr  # noqa: E402
from fastapi import FastAPI  # noqa: E402

from assistant import compose, markup  # noqa: E402
from assistant.answer import Asker, Turn  # noqa: E402
from assistant.ask import Assistant  # noqa: E402
from assistant.shell import PROMISE, TITLE  # noqa: E402
from index.live import LiveIndex  # noqa: E402
from index.search import Searcher  # noqa: E402

C = TypeVar("C", bound=gr.components.Component)

log = logging.getLogger("wence.page")

INTRO = "<h2>想了解哪项政策？</h2><p>补贴多少、要什么条件、归哪个部门管，直接问就行。文件里没有写的，会如实告诉您。</p>"
CAUTION = "内容摘自已收录的政策文件，办理请以发文机关正式发布的文件和解释为准。"
EXAMPLES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("上海市",), "上海小升规最多奖励多少？"),
    (("上海市",), "首台套最高补多少？"),
    (("上海市",), "在临港做中试能报销多少？"),
    ((), "科技服务业税收有什么优惠？"),
    ((), "科技创新券怎么用，哪个部门负责？"),
    (("上海市",), "外国人才来沪工作有什么便利？"),
    (("上海市", "深圳市"), "上海和深圳对检验检测有什么支持？"),
    (("深圳市",), "深圳首次升规的企业能拿多少奖励？"),
)
"""(regions whose documents it needs, question). The last one is refused, which is also worth seeing."""
STYLES = ("智能撰写", "条款原文")
"""The second takes tens of milliseconds, the first some seconds; offered where there is a model."""
ANYWHERE = "不限"
LONGEST_CHOICE = 200
MAX_RADIO_REGIONS = 5
"""More regions than this become a list to choose from."""
MAX_MESSAGE_CHARS = 20_000
MAX_EXCHANGES = 20
"""Older ones leave the page and the state."""
IDLE_S = 4 * 3600
"""A conversation that nobody continues for so long is forgotten."""
ASKERS_AT_ONCE = 8
"""Answers made at the same time; others wait their turn, some tens of milliseconds."""
WAITING = 1000
"""Questions that may queue; after that the page says that it is busy."""
MIN_STEP_S = 0.04
"""Sentences that come faster than an eye follows are shown together: each step costs the server some milliseconds."""
FONTS = ["PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", "system-ui", "sans-serif"]


@dataclass(frozen=True, slots=True)
class Conversation:
    """What one browser session has asked and been told."""

    exchanges: tuple[markup.Exchange, ...] = ()
    """Finished ones, oldest first."""
    count: int = 0
    """All of them, those that left included."""
    key: str = ""
    """What its answers are kept under; "" until something is asked."""

    @property
    def turns(self) -> tuple[Turn, ...]:
        """What a follow-up may refer to; a failed exchange is shown, but not referred to."""
        done = [(x.question, x.answer.text) for x in self.exchanges if x.answer]
        return tuple(turn for asked, told in done for turn in (Turn("user", asked), Turn("assistant", told)))

    def add(self, x: markup.Exchange) -> Conversation:
        """This conversation with one more exchange."""
        return Conversation((*self.exchanges, x)[-MAX_EXCHANGES:], self.count + 1, self.key)


def fill(
    x: markup.Exchange, assistant: Assistant, turns: Sequence[Turn], asker: Asker, llm: bool
) -> Iterator[None]:  # fmt: skip
    """Let an exchange grow, one event at a time. An exception ends it in one polite line; details go to the log."""
    try:
        for event in assistant.stream(x.question, turns, asker=asker, llm=llm):
            if event.kind == "evidence":
                x.citations = event.citations
            elif event.sentence:
                x.sentences.append(event.sentence)
            elif event.kind == "notice":
                x.notices.append(event.notice)
            else:
                x.answer = event.answer
            yield
    except Exception:
        log.exception("answering failed")
        x.failed, x.citations, x.answer = True, (), None
        yield


def build_page(assistant: Assistant) -> gr.Blocks:
    """The page as gradio blocks."""
    now = assistant.searcher

    def held_in(searcher: Searcher) -> str:
        day = assistant.today or dt.date.today()
        return markup.documents(searcher.lineage.documents(day.isoformat()))

    def ask(message: str, conversation: Conversation, place: str, style: str) -> Iterator[dict[Any, Any]]:
        message = (message or "")[:MAX_MESSAGE_CHARS]
        if not message.strip():
            yield {hint: f'<p class="w-hint" role="status">{compose.EMPTY}</p>'}
            return
        regions = assistant.searcher.regions
        if place and place not in regions:
            yield {hint: f'<p class="w-hint" role="status">{escape(gone(place))}</p>', region: renewed(regions)}
            return
        conversation = conversation if conversation.key else replace(conversation, key=uuid4().hex)
        x = markup.Exchange(conversation.count + 1, message)
        yield {
            box: "", hint: "", welcome: gr.update(visible=False), fresh: gr.update(visible=True),
            past: "".join(map(markup.exchange, conversation.exchanges)), live: markup.exchange(x),
        }  # fmt: skip
        written = style != STYLES[1] and assistant.writer is not None
        step = 0.0 if written else MIN_STEP_S  # what a model's next sentence follows is shown without waiting for it
        shown_at = 0.0
        asker = Asker(place, conversation=conversation.key)
        for _ in fill(x, assistant, conversation.turns, asker, written):
            if not x.ended and time.monotonic() - shown_at >= step:
                yield {live: markup.exchange(x)}
                shown_at = time.monotonic()
        yield {live: markup.exchange(x), session: conversation.add(x)}

    def start_over() -> dict[Any, Any]:
        return {
            session: Conversation(), past: "", live: "", hint: "", box: "",
            welcome: gr.update(visible=True), fresh: gr.update(visible=False),
        }  # fmt: skip

    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as page:
        session = gr.State(Conversation(), time_to_live=IDLE_S)
        with gr.Row(elem_id="w-top"):
            _html(f"<h1>问策</h1><p>{PROMISE}</p>", "w-brand")
            fresh = gr.Button("新对话", elem_id="w-fresh", size="sm", visible=False, scale=0)
        with gr.Column(elem_id="w-welcome") as welcome:
            _html(INTRO, "w-intro")
            with gr.Row(elem_id="w-examples"):
                examples = [
                    gr.Button(text, elem_classes="w-example", visible={*needed} <= {*now.regions})
                    for needed, text in EXAMPLES
                ]
            collected = _html(held_in(now), "w-collected")
        past = _html("", "w-past")
        live = _html("", "w-live")
        with gr.Column(elem_id="w-composer"):
            hint = _html("", "w-hints")
            with gr.Row(elem_id="w-line"):
                box = gr.Textbox(
                    label="问题", show_label=False, container=False, lines=1, max_lines=5, elem_id="w-box", autofocus=True,
                    placeholder="请输入政策问题", scale=1,
                )  # fmt: skip
                send = gr.Button("提问", variant="primary", elem_id="w-send", scale=0, min_width=72)
            with gr.Row(elem_id="w-choices"):
                region = _region_choice(now.regions, assistant.region)
                style = gr.Radio(
                    choices=list(STYLES), value=STYLES[0], label="回答方式", container=True, elem_id="w-style",
                    visible=assistant.writer is not None, interactive=True,
                )  # fmt: skip
        _html(f"<p>{CAUTION}</p>", "w-foot")

        outputs = [session, box, hint, welcome, fresh, past, live, region]
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        at_once: dict[str, Any] = {"concurrency_id": "ask", "concurrency_limit": ASKERS_AT_ONCE, "trigger_mode": "once"}
        asked = [gr.on([box.submit, send.click], ask, [box, session, region, style], outputs, **quiet, **at_once)]
        asked += [e.click(ask, [e, session, region, style], outputs, **quiet, **at_once) for e in examples]
        fresh.click(start_over, None, outputs, cancels=asked, **quiet)
    page.queue(max_size=WAITING, default_concurrency_limit=ASKERS_AT_ONCE)

    def redraw(later: Searcher) -> None:
        for (needed, _), example in zip(EXAMPLES, examples, strict=True):
            example.visible = {*needed} <= {*later.regions}
        collected.value = held_in(later)
        region.choices = [*region_choices(later.regions)]

    redrawn(page, assistant, redraw)
    return page


def redrawn(page: gr.Blocks, assistant: object, redraw: Callable[[Searcher], None]) -> None:
    """Have what a page shows of the index drawn again for each new one; who opens the page from then on sees it."""

    def drawn(later: Searcher) -> None:
        redraw(later)
        page.config = page.get_config_file()

    if isinstance(index := getattr(assistant, "index", None), LiveIndex):
        index.tell(drawn)


def _html(content: str, name: str) -> gr.HTML:
    """A part of the page that is ours alone: without the framework's text styles and click handler."""
    return gr.HTML(content, elem_id=name, apply_default_css=False, js_on_load=None)


def region_choices(regions: Sequence[str], without: str = ANYWHERE) -> list[tuple[str, str | int | float]]:
    """Regions to choose from, behind the choice of none."""
    return [(without, ""), *((r, r) for r in regions)]


def _region_choice(regions: Sequence[str], default: str) -> gr.Radio | gr.Dropdown:
    choices = region_choices(regions)
    chosen = default if default in regions else ""
    kind = gr.Radio if len(regions) <= MAX_RADIO_REGIONS else gr.Dropdown
    return unchecked(
        kind(choices=choices, value=chosen, label="所在地区", container=True, elem_id="w-region", interactive=True)
    )


def renewed(regions: Sequence[str], without: str = ANYWHERE) -> Any:
    """A list of regions that offered one which is gone, as it should be now."""
    return gr.update(choices=region_choices(regions, without), value="")


def gone(region: str) -> str:
    """What is said of a region that was chosen on a page opened before its last document went."""
    return f"现在没有收录“{region}”的文件，地区的选项已更新；请重选后再试"


def unchecked(choice: C) -> C:
    """A list that hands over what an open page still offers, even when it is gone by now, or the server was started
    anew; the framework would answer in English. Who is handed it looks whether it is there.

    No subclass: of those, the framework writes a file of types beside the source.
    """
    vars(choice)["preprocess"] = lambda payload: None if payload is None else str(payload)[:LONGEST_CHOICE]
    return choice


def mount_page(app: FastAPI, assistant: Assistant) -> FastAPI:
    """Put the page at `/` of an application; routes added before keep their paths."""
    theme = gr.themes.Base(font=FONTS, font_mono=["ui-monospace", "Consolas", "monospace"])
    return gr.mount_gradio_app(
        app, build_page(assistant), path="/", footer_links=[], run_history=False, show_error=False, ssr_mode=False,
        pwa=False, mcp_server=False, enable_monitoring=False, theme=theme,
    )  # fmt: skip
