"""Counts requests by route and status. An ASGI layer."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.web.metrics import Metrics

PAGE = "page"
"""Everything that is not a route of the API: the page's own requests have endless paths."""


class Counted:
    """Passes everything on and counts what comes back."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, count."""

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "") or PAGE
                self.metrics.requests.labels(route, message["status"]).inc()
            await send(message)

        await self.app(scope, receive, counted if scope["type"] == "http" else send)
