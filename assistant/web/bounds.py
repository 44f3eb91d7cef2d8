"""Bounds of a request, outside of everything: how large its body is, how long it takes to arrive, what it says it is.

The body is read whole before the application sees the request, so a slow or endless sender holds one small buffer
and no place at the desk. An ASGI layer.
"""

from __future__ import annotations

import anyio
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.web.problems import refuse

MOST_BYTES = 256 * 1024
BODY_S = 15.0
JSON_PATHS = ("/api/", "/v1/")
_CHANGES = ("POST", "PUT", "PATCH", "DELETE")


class Bounds:
    """Refuses with 408, 413 or 415 what is out of bounds."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check, read, pass on."""
        if scope["type"] != "http" or scope["method"] not in _CHANGES:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
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
