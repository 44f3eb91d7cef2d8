"""The evaluators' page `/evals`: runs to choose from, and the report of one or the comparison of two.

Not for the world. With a token (WENCE_EVALS_TOKEN) everybody has to enter it, also on this machine; without one
only requests made on this machine are served, everybody else is told that there is no such page. The report stands
in a frame without this site's rights (`sandbox`), because it shows words of askers and documents.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

# Before the import: gradio reads it once, and nothing here may call home.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio as gr  # noqa: E402
from fastapi import FastAPI, Request  # noqa: E402
from fastapi.responses import HTMLResponse, RedirectResponse, Response  # noqa: E402
from starlette.datastructures import Headers  # noqa: E402
from starlette.responses import JSONResponse  # noqa: E402
from starlette.types import ASGIApp, Receive, Scope, Send  # noqa: E402

from assistant.page import FONTS  # noqa: E402
from assistant.shell import OPEN_API, Rewriter  # noqa: E402
from assistant.web.origins import from_this_machine  # noqa: E402
from evals.report import render  # noqa: E402
from evals.report_run import is_run, load_run  # noqa: E402
from index.errors import WenceError  # noqa: E402

PATH = "/evals"
COOKIE = "wence_evals"
SESSION_S = 12 * 3600
"""An evaluator enters the token once a working day."""
WRONG_TOKEN_S = 1.0
"""A wrong token is answered this much later; guessing 16 characters takes for ever anyway."""
KEPT = 8
"""Rendered reports kept in memory, some megabytes each."""
NONE = "（不对比）"
HERE = Path(__file__).parent
HEAD = """<title>问策 · 评测</title>
<script>for (const [key, value] of [["language", "zh-CN"], ["languages", ["zh-CN"]]])
Object.defineProperty(navigator, key, { get: () => value, configurable: true });</script>
<style>%s</style>
"""


def evaluators_page(folders: Sequence[Path], token: str) -> Callable[[FastAPI], None]:
    """What `assistant.server.create_app` mounts.

    Args:
        folders: where runs are looked for, one level deep; a folder that does not exist is empty.
        token: what evaluators enter; "" serves this machine only.
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

        @app.post(f"{PATH}/enter", include_in_schema=False)
        async def enter(request: Request) -> Response:
            """The token, once; a signed cookie from then on."""
            given = parse_qs((await request.body()).decode("utf-8", "replace")).get("token", [""])[0]
            if not token or not hmac.compare_digest(given.encode(), token.encode()):
                await _later()
                return HTMLResponse(_door("口令不对，请重新输入。"), 401, _door_headers())
            response = RedirectResponse(f"{PATH}/", 303)
            response.set_cookie(
                COOKIE, pass_for(token, time.time() + SESSION_S), SESSION_S, path=PATH, httponly=True,
                samesite="strict", secure=request.url.scheme == "https",
            )  # fmt: skip
            return response

        theme = gr.themes.Base(font=FONTS, font_mono=["ui-monospace", "Consolas", "monospace"])
        gr.mount_gradio_app(
            app, build_page(shelf), path=PATH, footer_links=[], run_history=False, show_error=False, ssr_mode=False,
            pwa=False, mcp_server=False, enable_monitoring=False, theme=theme,
        )  # fmt: skip
        app.add_middleware(EvaluatorsOnly, token=token)

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

    with gr.Blocks(title="问策 · 评测", analytics_enabled=False, fill_width=True) as page:
        with gr.Row(elem_id="e-top"):
            gr.HTML("<h1>评测</h1>", elem_id="e-brand", apply_default_css=False, js_on_load=None)
            run = gr.Dropdown(choices=[], label="这次", elem_id="e-run", interactive=True, scale=3)
            before = gr.Dropdown(choices=[(NONE, "")], value="", label="对比上次", elem_id="e-before", interactive=True, scale=3)  # fmt: skip
            refresh = gr.Button("刷新列表", elem_id="e-refresh", size="sm", scale=0)
        shown = gr.HTML("", elem_id="e-shown", apply_default_css=False, js_on_load=None)
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        page.load(again, [run, before], [run, before, shown], **quiet)
        refresh.click(again, [run, before], [run, before, shown], **quiet)
        gr.on([run.input, before.input], frame, [run, before], shown, **quiet)
    return page


class EvaluatorsOnly:
    """ASGI layer that keeps everybody else out, and makes the framework's shell ours."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self.app, self._token = app, token
        self._head = HEAD % (HERE / "page.css").read_text(encoding="utf-8")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is not ours; check the rest."""
        path = str(scope.get("path", ""))
        if scope["type"] not in ("http", "websocket") or not (path == PATH or path.startswith(f"{PATH}/")):
            await self.app(scope, receive, send)
            return
        inside = path.removeprefix(PATH)
        if scope["type"] == "websocket" or not self._may_know(scope) or _closed(inside):
            await JSONResponse({"detail": "没有这个地址"}, 404)(scope, receive, send)
        elif inside == "/enter":
            await self.app(scope, receive, send)
        elif not self._may_enter(scope):
            door = HTMLResponse(_door(), 401, _door_headers())
            await (door if inside in ("", "/") else JSONResponse({"detail": "请先输入口令"}, 401))(scope, receive, send)
        elif inside == "":
            await RedirectResponse(f"{PATH}/", 307)(scope, receive, send)
        elif inside == "/":
            # The body has to arrive unpacked to be rewritten; it is packed again further out.
            plain = [(k, v) for k, v in scope["headers"] if k.lower() != b"accept-encoding"]
            await self.app({**scope, "headers": plain}, receive, Rewriter(send, self._head).send)
        else:
            await self.app(scope, receive, send)

    def _may_know(self, scope: Scope) -> bool:
        """Whether the page exists for this request."""
        peer = (scope.get("client") or ("", 0))[0]
        return bool(self._token) or from_this_machine(Headers(scope=scope), peer)

    def _may_enter(self, scope: Scope) -> bool:
        return not self._token or is_pass(Request(scope).cookies.get(COOKIE, ""), self._token, time.time())


def _closed(inside: str) -> bool:
    """Doors of the framework that this page has no use for: uploads, files, a proxy."""
    if inside.startswith("/gradio_api/"):
        return not inside.removeprefix("/gradio_api/").startswith(OPEN_API)
    return inside.startswith(("/login", "/logout", "/monitoring", "/svelte", "/docs", "/redoc", "/openapi.json"))


def pass_for(token: str, until: float) -> str:
    """What the cookie says: until when it holds, signed. A new token ends all passes."""
    ends = str(int(until))
    return f"{ends}.{hmac.new(token.encode(), f'evals {ends}'.encode(), hashlib.sha256).hexdigest()}"


def is_pass(cookie: str, token: str, now: float) -> bool:
    """Whether a cookie is one of ours and still holds."""
    ends = cookie.partition(".")[0]
    if not (ends.isascii() and ends.isdecimal() and len(ends) < 12) or int(ends) < now:
        return False
    return hmac.compare_digest(cookie.encode(), pass_for(token, int(ends)).encode())


async def _later() -> None:
    import anyio

    await anyio.sleep(WRONG_TOKEN_S)


DOOR_STYLE = """:root{color-scheme:light dark}body{margin:0;display:grid;place-items:center;min-height:100vh;font:16px/1.7 "PingFang SC","Microsoft YaHei","Noto Sans CJK SC",system-ui,sans-serif;background:light-dark(#f4f6f9,#12171d);color:light-dark(#1c2733,#e4eaf0)}
form{width:min(340px,86vw);padding:28px 28px 24px;border-radius:12px;background:light-dark(#fff,#1a2129);border:1px solid light-dark(#dde3ea,#323d49)}h1{margin:0 0 4px;font-size:20px}p{margin:0 0 14px;font-size:14px;color:light-dark(#566474,#a3b0bd)}
input,button{width:100%;box-sizing:border-box;padding:9px 12px;border-radius:8px;font:inherit;border:1px solid light-dark(#dde3ea,#323d49)}button{margin-top:12px;border:0;background:#1d5fb4;color:#fff;font-weight:600;cursor:pointer}
[role=alert]{color:light-dark(#b3450a,#f5a27a)}"""


def _door(trouble: str = "") -> str:
    said = f'<p role="alert">{escape(trouble)}</p>' if trouble else "<p>供评测人员使用，请输入口令。</p>"
    return (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width, initial-scale=1"><title>问策 · 评测</title><style>{DOOR_STYLE}</style></head>'
        f'<body><form method="post" action="{PATH}/enter"><h1>问策 · 评测</h1>{said}<input type="password" name="token" '
        f'aria-label="口令" autocomplete="current-password" required autofocus><button>进入</button></form></body></html>'
    )


def _door_headers() -> dict[str, str]:
    style = base64.b64encode(hashlib.sha256(DOOR_STYLE.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return {"Content-Security-Policy": policy, "Cache-Control": "no-store"}


def _framed() -> dict[str, str]:
    """The report brings its own policy in its head; this one says who may frame it."""
    return {"Content-Security-Policy": "frame-ancestors 'self'", "Cache-Control": "no-store"}


def _notice(text: str) -> str:
    return f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>评测</title><p>{escape(text)}</p></html>'
