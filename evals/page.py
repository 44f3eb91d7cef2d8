"""The evaluators' page `/evals`: runs to choose from, and the report of one or the comparison of two.

For evaluators and admins (`assistant.people.access`); while nobody has an account, for this machine. The report stands
in a frame without this site's rights (`sandbox`), because it shows words of askers and documents.
"""

from __future__ import annotations

import json
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

# Before the import: gradio reads it once, and nothing here may call home.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio as gr  # noqa: E402
from fastapi import FastAPI  # noqa: E402
from fastapi.responses import HTMLResponse, RedirectResponse, Response  # noqa: E402
from starlette.types import ASGIApp, Receive, Scope, Send  # noqa: E402

from assistant.page import FONTS, unchecked  # noqa: E402
from assistant.shell import Rewriter  # noqa: E402
from evals.report import render  # noqa: E402
from evals.report_run import is_run, load_run  # noqa: E402
from index.errors import WenceError  # noqa: E402

PATH = "/evals"
KEPT = 8
"""Rendered reports kept in memory, some megabytes each."""
NONE = "（不对比）"
HERE = Path(__file__).parent
HEAD = """<title>问策 · 评测</title>
<script>for (const [key, value] of [["language", "zh-CN"], ["languages", ["zh-CN"]]])
Object.defineProperty(navigator, key, { get: () => value, configurable: true });</script>
<style>%s</style>
"""


def evaluators_page(folders: Sequence[Path]) -> Callable[[FastAPI], None]:
    """What `assistant.server.create_app` mounts.

    Args:
        folders: where runs are looked for, one level deep; a folder that does not exist is empty.
    """

    def mount(app: FastAPI) -> None:
        shelf = Shelf(folders)

        @app.get(f"{PATH}/report", include_in_schema=False)
        def report(run: str, before: str = "") -> Response:
            """The report of a run, or of two side by side."""
            try:
                page = shelf.report([name for name in (before, run) if name])
            except WenceError as error:
                return HTMLResponse(_notice(str(error)), 422, _framed())
            return HTMLResponse(page, headers=_framed())

        theme = gr.themes.Base(font=FONTS, font_mono=["ui-monospace", "Consolas", "monospace"])
        gr.mount_gradio_app(
            app, build_page(shelf), path=PATH, footer_links=[], run_history=False, show_error=False, ssr_mode=False,
            pwa=False, mcp_server=False, enable_monitoring=False, theme=theme,
        )  # fmt: skip
        app.add_middleware(EvaluatorsShell)

    return mount


class Shelf:
    """The runs in some folders, and the reports made of them."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders
        self._made: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def runs(self) -> dict[str, Path]:
        """Folders of runs by name, the newest first; the first of two with the same name counts."""
        found: dict[str, Path] = {}
        for folder in self._folders:
            for path in folder.iterdir() if folder.is_dir() else ():
                if is_run(path):
                    found.setdefault(path.name, path)
        return dict(sorted(found.items(), key=lambda item: str(_header(item[1]).get("started", "")), reverse=True))

    def choices(self) -> list[tuple[str, str]]:
        """(words, name) of each run."""
        found = []
        for name, path in self.runs().items():
            header = _header(path)
            started = str(header.get("started", ""))[:16].replace("T", " ")
            found.append((" · ".join(x for x in (name, str(header.get("dataset", "")), started) if x), name))
        return found

    def report(self, names: Sequence[str]) -> str:
        """The report of one run or of two, the last being the one reported; made again when a file has changed.

        Raises:
            WenceError: no such run, or a damaged one.
        """
        known = self.runs()
        if not names:
            raise WenceError("没有选评测；请从列表里选一个")
        if unknown := [name for name in names if name not in known]:
            raise WenceError(f"没有评测 {unknown[0]}；请刷新列表再选")
        folders = [known[name] for name in names]
        stamps = [(f.name, f.stat().st_mtime_ns) for folder in folders for f in sorted(folder.glob("*.json*"))]
        key = json.dumps([list(names), stamps])
        # One at a time: two people who open the same comparison wait for one rendering instead of doing two.
        with self._lock:
            if key not in self._made:
                self._made[key] = render([load_run(folder) for folder in folders])
                if len(self._made) > KEPT:
                    self._made.popitem(last=False)
            return self._made[key]


def _header(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / "header.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def build_page(shelf: Shelf) -> gr.Blocks:
    """Two lists and a frame."""

    def frame(run: str | None, before: str | None) -> str:
        if not run:
            return '<p class="e-empty">还没有评测。先运行：wence eval run --dataset policy.dev --out runs/第一次</p>'
        query = f"run={quote(run)}" + (f"&before={quote(before)}" if before and before != run else "")
        # The script of the report runs, but as a stranger: no cookies, no access to this page.
        return f'<iframe id="e-report" title="评测报告" sandbox="allow-scripts" src="{PATH}/report?{escape(query)}"></iframe>'

    def again(run: str | None, before: str | None) -> tuple[gr.Dropdown, gr.Dropdown, str]:
        choices = shelf.choices()
        names = [name for _, name in choices]
        run = run if run in names else next(iter(names), None)
        before = before if before in names else ""
        return gr.Dropdown(choices=choices, value=run), gr.Dropdown(choices=[(NONE, ""), *choices], value=before), frame(run, before)  # fmt: skip

    def chosen(run: str | None, before: str | None) -> tuple[Any, Any, str]:
        names = {name for _, name in shelf.choices()}
        lost = [name for name in (run, before) if name and name not in names]
        if not lost:
            return gr.update(), gr.update(), frame(run, before)
        runs, others, _ = again(run, before)
        return (
            runs,
            others,
            f'<p class="e-empty" role="status">评测结果“{escape(lost[0])}”已不在，列表已更新；请重选</p>',
        )

    with gr.Blocks(title="问策 · 评测", analytics_enabled=False, fill_width=True) as page:
        with gr.Row(elem_id="e-top"):
            gr.HTML("<h1>评测</h1>", elem_id="e-brand", apply_default_css=False, js_on_load=None)
            run = unchecked(gr.Dropdown(choices=[], label="这次", elem_id="e-run", interactive=True, scale=3))
            before = unchecked(gr.Dropdown(choices=[(NONE, "")], value="", label="对比上次", elem_id="e-before", interactive=True, scale=3))  # fmt: skip
            refresh = gr.Button("刷新列表", elem_id="e-refresh", size="sm", scale=0)
        shown = gr.HTML("", elem_id="e-shown", apply_default_css=False, js_on_load=None)
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        page.load(again, [run, before], [run, before, shown], **quiet)
        refresh.click(again, [run, before], [run, before, shown], **quiet)
        gr.on([run.input, before.input], chosen, [run, before], [run, before, shown], **quiet)
    return page


class EvaluatorsShell:
    """ASGI layer that makes the framework's shell ours."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._head = HEAD % (HERE / "page.css").read_text(encoding="utf-8")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; rewrite the page."""
        if scope["type"] == "http" and scope["path"] == PATH:
            await RedirectResponse(f"{PATH}/", 307)(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == f"{PATH}/":
            # The body has to arrive unpacked to be rewritten; it is packed again further out.
            plain = [(k, v) for k, v in scope["headers"] if k.lower() != b"accept-encoding"]
            await self.app({**scope, "headers": plain}, receive, Rewriter(send, self._head).send)
        else:
            await self.app(scope, receive, send)


def _framed() -> dict[str, str]:
    """The report brings its own policy in its head; this one says who may frame it."""
    return {"Content-Security-Policy": "frame-ancestors 'self'", "Cache-Control": "no-store"}


def _notice(text: str) -> str:
    return f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>评测</title><p>{escape(text)}</p></html>'
