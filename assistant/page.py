"""The chat page. The only file that touches gradio.

A conversation lives in the session's state on the server and nowhere else: two browsers share nothing, and a
reload starts anew. What is shown is made in `markup`; how it looks and jumps is page.css and page.js.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

# Before the import: gradio reads it once, and nothing here may call home.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio as gr  # noqa: E402
from fastapi import FastAPI  # noqa: E402

from assistant import compose, markup  # noqa: E402
from assistant.answer import Turn  # noqa: E402
from assistant.ask import Assistant  # noqa: E402
from index.clause import Document  # noqa: E402

log = logging.getLogger("wence.page")

TITLE = "问策 · 政策条款问答"
PROMISE = "回答每一句，都指得出条款。"
INTRO = "<h2>想了解哪项政策？</h2><p>补贴多少、要什么条件、归哪个部门管，直接问就行。文件里没有写的，会如实告诉您。</p>"
CAUTION = "内容摘自已收录的政策文件，办理请以发文机关正式发布的文件和解释为准。"
EXAMPLES: tuple[tuple[str, str], ...] = (
    ("上海市", "上海小升规最多奖励多少？"),
    ("上海市", "企业设立研发机构有哪些支持？"),
    ("深圳市", "深圳首次升规的科技服务业企业能拿多少奖励？"),
    ("", "科技创新券怎么用，哪个部门负责？"),
    ("", "上海和深圳对检验检测有什么支持？"),
    ("上海市", "409号文第8条写了什么？"),
    ("", "概念验证和中试有哪些支持？"),
    ("", "申报截止到哪一天？"),
)
"""(region whose documents it needs, question). The last one is refused, which is also worth seeing."""
ANYWHERE = "不限"
MAX_RADIO_REGIONS = 5
"""More regions than this become a list to choose from."""
MAX_MESSAGE_CHARS = 20_000
MAX_EXCHANGES = 30
"""Older ones leave the page and the state."""
ASKERS_AT_ONCE = 8
"""Answers made at the same time; others wait their turn, some tens of milliseconds."""
WAITING = 1000
FONTS = ["PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", "system-ui", "sans-serif"]


@dataclass(frozen=True, slots=True)
class Conversation:
    """What one browser session has said and seen."""

    turns: tuple[Turn, ...] = ()
    shown: tuple[str, ...] = ()
    """Finished exchanges as HTML, oldest first."""
    count: int = 0

    def add(self, x: markup.Exchange) -> Conversation:
        """This conversation with one more exchange; a failed one is shown, but not referred to later."""
        said = (Turn("user", x.question), Turn("assistant", x.answer.text)) if x.answer else ()
        turns, shown = (*self.turns, *said), (*self.shown, markup.exchange(x))
        return Conversation(turns[-2 * MAX_EXCHANGES :], shown[-MAX_EXCHANGES:], self.count + 1)


def answer_events(assistant: Assistant, conversation: Conversation, message: str, region: str) -> Iterator[markup.Exchange]:
    """The exchange as it grows. An exception ends it in one polite line; the details go to the log."""
    x = markup.Exchange(conversation.count + 1, message)
    yield x
    try:
        for event in assistant.stream(message, conversation.turns, region):
            if event.kind == "evidence":
                x.citations = event.citations
            elif event.sentence:
                x.sentences.append(event.sentence)
            elif event.kind == "notice":
                x.notices.append(event.notice)
            else:
                x.answer = event.answer
            yield x
    except Exception:
        log.exception("answering failed")
        x.failed, x.citations, x.answer = True, (), None
        yield x


def regions_of(documents: Sequence[Document]) -> list[str]:
    """Regions to choose from, those with most documents first; a country-wide document needs no choice."""
    names = [d.region for d in documents if d.region and d.region != "全国"]
    return sorted(set(names), key=lambda name: (-names.count(name), name))


def build_page(assistant: Assistant) -> gr.Blocks:
    """The page as gradio blocks."""
    documents = assistant.searcher.documents
    regions = regions_of(documents)

    def ask(message: str, conversation: Conversation, region: str) -> Iterator[dict[Any, Any]]:
        message = (message or "")[:MAX_MESSAGE_CHARS]
        if not message.strip():
            yield {hint: f'<p class="w-hint" role="status">{compose.EMPTY}</p>'}
            return
        yield {
            box: "", hint: "", welcome: gr.update(visible=False), fresh: gr.update(visible=True),
            past: "".join(conversation.shown),
        }  # fmt: skip
        x = markup.Exchange(0, "")
        for x in answer_events(assistant, conversation, message, region if region in regions else ""):
            yield {live: markup.exchange(x)}
        yield {session: conversation.add(x)}

    def start_over() -> dict[Any, Any]:
        return {
            session: Conversation(), past: "", live: "", hint: "", box: "",
            welcome: gr.update(visible=True), fresh: gr.update(visible=False),
        }  # fmt: skip

    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as page:
        session = gr.State(Conversation())
        with gr.Row(elem_id="w-top"):
            _html(f"<h1>问策</h1><p>{PROMISE}</p>", "w-brand")
            fresh = gr.Button("新对话", elem_id="w-fresh", size="sm", visible=False, scale=0)
        with gr.Column(elem_id="w-welcome") as welcome:
            _html(INTRO, "w-intro")
            with gr.Row(elem_id="w-examples"):
                examples = [
                    gr.Button(text, elem_classes="w-example") for place, text in EXAMPLES if not place or place in regions
                ]
            _html(markup.documents(documents), "w-collected")
        past = _html("", "w-past")
        live = _html("", "w-live")
        with gr.Column(elem_id="w-composer"):
            hint = _html("", "w-hints")
            with gr.Row(elem_id="w-line"):
                box = gr.Textbox(
                    label="问题", show_label=False, container=False, lines=1, max_lines=5, elem_id="w-box", autofocus=True,
                    placeholder="请输入政策问题，例如：首台套最高补多少？", scale=1,
                )  # fmt: skip
                send = gr.Button("提问", variant="primary", elem_id="w-send", scale=0, min_width=72)
            region = _region_choice(regions, assistant.region)
        _html(f"<p>{CAUTION}</p>", "w-foot")

        outputs = [session, box, hint, welcome, fresh, past, live]
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        at_once: dict[str, Any] = {"concurrency_id": "ask", "concurrency_limit": ASKERS_AT_ONCE, "trigger_mode": "once"}
        asked = [gr.on([box.submit, send.click], ask, [box, session, region], outputs, **quiet, **at_once)]
        asked += [e.click(ask, [e, session, region], outputs, **quiet, **at_once) for e in examples]
        fresh.click(start_over, None, outputs, cancels=asked, **quiet)
    page.queue(max_size=WAITING, default_concurrency_limit=ASKERS_AT_ONCE)
    return page


def _html(content: str, name: str) -> gr.HTML:
    """A part of the page that is ours alone: without the framework's text styles and click handler."""
    return gr.HTML(content, elem_id=name, apply_default_css=False, js_on_load=None)


def _region_choice(regions: Sequence[str], default: str) -> gr.Radio | gr.Dropdown:
    choices = [(ANYWHERE, ""), *((r, r) for r in regions)]
    chosen = default if default in regions else ""
    kind = gr.Radio if len(regions) <= MAX_RADIO_REGIONS else gr.Dropdown
    return kind(choices=choices, value=chosen, label="企业所在地区", container=True, elem_id="w-region", interactive=True)


def mount_page(app: FastAPI, assistant: Assistant) -> FastAPI:
    """Put the page at `/` of an application; routes added before keep their paths."""
    theme = gr.themes.Base(font=FONTS, font_mono=["ui-monospace", "Consolas", "monospace"])
    return gr.mount_gradio_app(
        app, build_page(assistant), path="/", footer_links=[], run_history=False, show_error=False, ssr_mode=False,
        pwa=False, mcp_server=False, enable_monitoring=False, theme=theme,
    )  # fmt: skip
