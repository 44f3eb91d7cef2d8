"""The HTML around the workbench and its files; which doors of its framework are open is in `assistant.people.access`."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant.shell import Rewriter
from assistant.web.embed import KEEP, Packed, version_of

PATH = "/staff"
STATIC = Path(__file__).parent / "static"
HEAD = """<title>问策 · 工作台</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='7' fill='%231d5fb4'/%3E%3Cpath d='M9 9h14M9 16h14M9 23h8' stroke='white' stroke-width='3' stroke-linecap='round'/%3E%3C/svg%3E" />
<script>for (const [key, value] of [["language", "zh-CN"], ["languages", ["zh-CN"]]])
Object.defineProperty(navigator, key, { get: () => value, configurable: true });</script>
<link rel="stylesheet" href="./static/{version}/staff.css" />
<link rel="stylesheet" href="./static/{version}/review.css" />
<script type="module" src="./static/{version}/staff.js"></script>
"""
"""The framework picks its own few strings by the browser's language; this page has one."""


class StaffShell:
    """ASGI layer: our files and our head."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        files = {p.name: p.read_bytes() for p in sorted(STATIC.iterdir()) if p.suffix in (".css", ".js")}
        version = version_of(files)
        self._files = {f"/static/{version}/{name}": Packed(name, body) for name, body in files.items()}
        self._head = HEAD.replace("{version}", version)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve what is ours; pass the rest on."""
        path = str(scope.get("path", ""))
        if scope["type"] != "http" or not (path == PATH or path.startswith(f"{PATH}/")):
            await self.app(scope, receive, send)
            return
        inside = path.removeprefix(PATH)
        respond: Response | None = None
        if inside == "":
            respond = RedirectResponse(f"{PATH}/", 307)
        elif inside in self._files:
            respond = self._files[inside].response(Request(scope), {"Cache-Control": KEEP})
        if respond:
            await respond(scope, receive, send)
        elif inside == "/":
            # The body has to arrive unpacked to be rewritten; it is packed again further out.
            plain = [(k, v) for k, v in scope["headers"] if k.lower() != b"accept-encoding"]
            await self.app({**scope, "headers": plain}, receive, Rewriter(send, self._head).send)
        else:
            await self.app(scope, receive, send)
