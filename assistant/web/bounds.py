"""Bounds of a request, outside of everything: how large its body is, how long it takes to arrive, what it says it is.

The body is read whole before the application sees the request, so a slow or endless sender holds one small buffer
and no place at the desk. Uploads of the library pass through piece by piece, bounded as they come. An ASGI layer.
"""

from __future__ import annotations

import anyio
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.web.problems import LINES, Problem, refuse
from index.reading import MAX_FILE_BYTES

MOST_BYTES = 256 * 1024
BODY_S = 15.0
UPLOADS = "/api/library/files"
"""The one address that takes files, from people with an account."""
MOST_UPLOAD_BYTES = MAX_FILE_BYTES + MOST_BYTES
TOO_LARGE = f"文件太大，上限 {MAX_FILE_BYTES // 1024**2} MB；请拆成单个文件"
SILENT_S = 30.0
"""An upload may take as long as it takes, and may not fall silent for so long."""
JSON_PATHS = ("/api/", "/v1/")
_CHANGES = ("POST", "PUT", "PATCH", "DELETE")


class Bounds:
    """Refuses with 408, 411, 413 or 415 what is out of bounds."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check, read, pass on."""
        if scope["type"] != "http" or scope["method"] not in _CHANGES:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope["path"] == UPLOADS and scope["method"] == "POST":
            await self._upload(headers, scope, receive, send)
            return
        length = headers.get("content-length", "0")
        if not length.isdecimal() or len(length) > 9 or int(length) > MOST_BYTES:
            await refuse(scope, receive, send, 413)
            return
        media = headers.get("content-type", "").partition(";")[0].strip().lower()
        if scope["path"].startswith(JSON_PATHS) and media != "application/json":
            await refuse(scope, receive, send, 415)
            return
        body = b""
        try:
            with anyio.fail_after(BODY_S):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        return  # the sender has gone
                    body += message.get("body", b"")
                    if len(body) > MOST_BYTES:
                        await refuse(scope, receive, send, 413)
                        return
                    if not message.get("more_body"):
                        break
        except TimeoutError:
            await refuse(scope, receive, send, 408)
            return
        await self.app(scope, _replay(body, receive), send)

    async def _upload(self, headers: Headers, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a file; only one whose length is told, so that what is refused unread has an end, too."""
        if "transfer-encoding" in headers or "content-length" not in headers:
            await refuse(scope, receive, send, 411)  # told both, the server goes by the chunks, which have no end
            return
        length = headers["content-length"]
        if not length.isdecimal() or len(length) > 12 or int(length) > MOST_UPLOAD_BYTES:
            await refuse(scope, receive, send, 413, TOO_LARGE)
        else:
            await self.app(scope, _bounded(receive), send)


def _bounded(receive: Receive) -> Receive:
    """`receive` that gives up when nothing comes for long, and when more comes than any file may have.

    What reads the body answers with the problem.
    """
    came = 0

    async def next_part() -> Message:
        nonlocal came
        try:
            with anyio.fail_after(SILENT_S):
                message = await receive()
        except TimeoutError:
            raise Problem(408, LINES[408]) from None
        came += len(message.get("body", b""))
        if came > MOST_UPLOAD_BYTES:
            raise Problem(413, TOO_LARGE)
        return message

    return next_part


def _replay(body: bytes, receive: Receive) -> Receive:
    """`receive` that gives the body first and afterwards what really comes, which is the end of the connection."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
