"""The HTML around the page.

The framework's own shell is English and names other hosts in its metadata. This layer makes it Chinese and adds our
style and script; `assistant.web.headers` forbids requests to anywhere else, and `assistant.people.access` says which
doors of the framework are open.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ASSETS = {f"/page.{kind}": (Path(__file__).parent / f"page.{kind}", media) for kind, media in (
    ("css", "text/css"), ("js", "text/javascript"),
)}  # fmt: skip
TITLE = "问策 · 政策条款问答"
PROMISE = "回答每一句，都指得出条款。"
HEAD = f"""<title>{TITLE}</title>
<meta name="description" content="{PROMISE}" />
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='7' fill='%231d5fb4'/%3E%3Cpath d='M9 9h14M9 16h14M9 23h8' stroke='white' stroke-width='3' stroke-linecap='round'/%3E%3C/svg%3E" />
<script>for (const [key, value] of [["language", "zh-CN"], ["languages", ["zh-CN"]]])
Object.defineProperty(navigator, key, {{ get: () => value, configurable: true }});</script>
<link rel="stylesheet" href="./page.css?v={{css}}" />
<script defer src="./page.js?v={{js}}"></script>
"""
"""The framework picks its own few strings by the browser's language; this page has one."""
SPLASH = '<div id="w-splash">正在打开问策……<noscript>本页需要启用 JavaScript。</noscript></div>'


class Shell:
    """ASGI layer around the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._assets = {path: (file.read_bytes(), media) for path, (file, media) in ASSETS.items()}
        marks = {p.rsplit(".", 1)[1]: hashlib.sha256(body).hexdigest()[:12] for p, (body, _) in self._assets.items()}
        self._head = HEAD.replace("{css}", marks["css"]).replace("{js}", marks["js"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve our assets, rewrite the shell, pass the rest on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        if path in self._assets:
            body, media = self._assets[path]
            headers = {"Cache-Control": "public, max-age=31536000, immutable"}
            await Response(body, media_type=media, headers=headers)(scope, receive, send)
        elif path == "/":
            # The body has to arrive unpacked to be rewritten; it is packed again further out.
            plain = [(k, v) for k, v in scope["headers"] if k.lower() != b"accept-encoding"]
            await self.app({**scope, "headers": plain}, receive, Rewriter(send, self._head).send)
        else:
            await self.app(scope, receive, send)


class Rewriter:
    """Holds an HTML body back until it is whole, and rewrites it."""

    def __init__(self, send: Send, head: str) -> None:
        self._send, self._head = send, head
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        """Pass on, the body of a page rewritten."""
        if message["type"] == "http.response.start":
            if MutableHeaders(scope=message).get("content-type", "").startswith("text/html"):
                self._start = message
                return
        elif self._start and message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if message.get("more_body"):
                return
            body = rewrite(self._body.decode(), self._head).encode()
            MutableHeaders(scope=self._start)["content-length"] = str(len(body))
            await self._send(self._start)
            message = {"type": "http.response.body", "body": body}
        await self._send(message)


def rewrite(page: str, head: str) -> str:
    """The framework's shell in Chinese, without metadata about itself, with our head."""
    page = re.sub(r'<html\s+lang="[^"]*"', '<html lang="zh-CN"', page, count=1)
    page = re.sub(r'\s*<meta\s+(?:property="og:|name="twitter:)[^>]*>', "", page)
    page = re.sub(r'\s*<link rel="manifest"[^>]*>', "", page)
    page = page.replace("</head>", head + "</head>", 1)
    return re.sub(r"(<gradio-app\b)", SPLASH + r"\1", page, count=1)
