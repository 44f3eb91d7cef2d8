"""The workbench page at `/staff`: the frame and its tabs. Each tab is built by a function of a file of its own.

The framework holds the page, its tabs and the forms of the later tabs. The look-up is a script of ours (`static/`):
from the last key to new results it takes 287 ms (p50) and 423 ms (p95), a pause of 100 ms included, where a text box
of the framework takes 379 and 784 (both on the same overloaded machine; `scripts/staff_speed.py`), and answers to
earlier keys cannot overwrite later ones.
"""

from __future__ import annotations

import os
from collections.abc import Callable

# Before the import: gradio reads it once, and nothing here may call home.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio as gr  # noqa: E402
from fastapi import FastAPI  # noqa: E402

from assistant.page import FONTS  # noqa: E402
from assistant.staff.compare_tab import compare_tab  # noqa: E402
from assistant.staff.desk import StaffDesk  # noqa: E402
from assistant.staff.lookup_tab import lookup_tab  # noqa: E402
from assistant.staff.package_tab import package_tab  # noqa: E402
from assistant.staff.review_tabs import review_tabs  # noqa: E402
from assistant.staff.shell import PATH, StaffShell  # noqa: E402

Tab = Callable[[StaffDesk], None]
"""Builds one tab inside the page, with `gr.Tab`."""
TABS: tuple[Tab, ...] = (lookup_tab, package_tab, compare_tab, review_tabs)
TOP = '<div class="s-top"><h1>问策 · 工作台</h1><div id="s-me"></div></div>'
WAITING = 200
"""Presses of buttons that may queue; after that the page says that it is busy."""
AT_ONCE = 4


def build_page(desk: StaffDesk) -> gr.Blocks:
    """The page as gradio blocks."""
    with gr.Blocks(title="问策 · 工作台", analytics_enabled=False, fill_width=True) as page:
        gr.HTML(TOP, elem_id="s-top", apply_default_css=False, js_on_load=None)
        with gr.Tabs(elem_id="s-tabs", overflow_behavior="wrap"):
            for tab in TABS:
                tab(desk)
    page.queue(max_size=WAITING, default_concurrency_limit=AT_ONCE)
    return page


def mount_staff(app: FastAPI, desk: StaffDesk) -> None:
    """Put the workbench at `/staff` of an application; who may enter is for the layers further out to say."""
    theme = gr.themes.Base(font=FONTS, font_mono=["ui-monospace", "Consolas", "monospace"])
    gr.mount_gradio_app(
        app, build_page(desk), path=PATH, footer_links=[], run_history=False, show_error=False, ssr_mode=False,
        pwa=False, mcp_server=False, enable_monitoring=False, theme=theme,
    )  # fmt: skip
    app.add_middleware(StaffShell)
