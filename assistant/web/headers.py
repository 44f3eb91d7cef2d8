"""What every response tells the browser to allow, and which other origins may read it (CORS).

Policies are as narrow as each page bears: nothing at all for data, scripts and styles of our own for the
conversation window, the framework's needs for the full page only.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.web.sites import Sites

DATA_TYPES = ("application/json", "text/event-stream", "text/plain")
DATA = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
PAGE = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'self'"
)
"""For the framework's page. 'unsafe-eval' is its template compiler; the words of askers and documents never reach it."""
OWN_SCRIPTS = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""For the API's interactive pages, whose scripts are files; they set style attributes."""
OPEN_PATHS = ("/api/", "/v1/", "/openapi.json")
"""What other origins may read, each as far as it is registered."""


def harden(headers: MutableHeaders) -> None:
    """Add what a response has not said itself."""
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    media = headers.get("content-type", "").partition(";")[0]
    if media == "text/html":
        headers.setdefault("Content-Security-Policy", PAGE)
    elif media in DATA_TYPES:  # a script's own policy would bind the workers made from it
        headers.setdefault("Content-Security-Policy", DATA)


class Hardened:
    """ASGI layer that hardens every response."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; add headers on the way back."""

        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if not scope["path"].startswith((*OPEN_PATHS, "/widget.js")):
                    for name in [n for n in headers if n.lower().startswith("access-control-")]:
                        del headers[name]  # the framework's page allows origins of its own choosing
                harden(headers)
                if scope["path"].startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, hardened if scope["type"] == "http" else send)


class ExactCORS(CORSMiddleware):
    """CORS for registered origins, each in its one spelling, and for the API only; never a wildcard, never cookies."""

    def __init__(self, app: ASGIApp, sites: Sites) -> None:
        super().__init__(
            app, allow_methods=("GET", "POST"), allow_headers=("Authorization", "Content-Type"),
            expose_headers=("Retry-After",), max_age=600,
        )  # fmt: skip
        self._sites = sites

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Only where another origin has business."""
        if scope["type"] == "http" and scope["path"].startswith(OPEN_PATHS):
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def is_allowed_origin(self, origin: str) -> bool:
        """Whether a site is registered with this origin."""
        return self._sites.knows(origin)
