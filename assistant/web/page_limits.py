"""The full page asks through its framework, past the API; its questions count against the address all the same."""

from __future__ import annotations

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant.web.callers import Doorman, peer_of
from assistant.web.origins import network_of
from assistant.web.problems import Problem, reply

ASKS = "/gradio_api/queue/join"


class PageLimits:
    """ASGI layer that answers 429 when an address asks too much through the page."""

    def __init__(self, app: ASGIApp, doorman: Doorman) -> None:
        self.app, self.doorman = app, doorman

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count questions; pass on what is within the limit."""
        if scope["type"] == "http" and scope["path"] == ASKS:
            connection = HTTPConnection(scope)
            if not self.doorman.local(connection):
                try:
                    self.doorman.limits.count("page", address=network_of(peer_of(connection)))
                except Problem as problem:
                    response = reply(scope["path"], problem.status_code, problem.detail, dict(problem.headers or {}))
                    await response(scope, receive, send)
                    return
        await self.app(scope, receive, send)
