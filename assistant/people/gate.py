"""The one gate: an ASGI layer that enforces the table of role × route, and that what changes something was meant.

A request that changes something and comes with a session has to say that it was made by a page of our own (`Origin`,
`Sec-Fetch-Site`); no browser lets another page say so. Forms and scripts send the session's token besides.
"""

from __future__ import annotations

import hmac
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.people import door
from assistant.people.access import SAFE, Rule, allowed, rule_of
from assistant.people.person import Role
from assistant.people.reception import COOKIE, Reception
from assistant.people.sessions import Visit
from assistant.web.callers import peer_of
from assistant.web.headers import PAGE
from assistant.web.origins import from_this_machine, same_origin
from assistant.web.problems import LINES, reply

TOKEN = "x-csrf-token"
UNFRAMED = PAGE.replace("frame-ancestors 'self'", "frame-ancestors 'none'")
FOREIGN = "这个请求不是从本站的页面发出的，已拒绝；请回到页面里重试"


class Gate:
    """ASGI layer around the application.

    Args:
        app: what lies behind.
        reception: knows who a request comes from; None where nobody can have an account.
    """

    def __init__(self, app: ASGIApp, reception: Reception | None) -> None:
        self.app, self._reception = app, reception

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what the table allows."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":  # no page of ours has use for one
            await send({"type": "websocket.close", "code": 1008})
        else:
            rule = rule_of(scope["path"])
            refused = await self._refusal(Request(scope), rule)
            if refused:
                await refused(scope, receive, send)
            else:
                await self.app(scope, receive, _alone(send) if rule and _guarded(rule) else send)

    async def _refusal(self, request: Request, rule: Rule | None) -> Response | None:
        """What is answered instead of passing on; None passes on."""
        path = request.url.path
        if rule is None or not rule.roles or (rule.own and not self._reception):
            return reply(path, 404, LINES[404])
        if not _guarded(rule) and not rule.own and (rule.keyed or COOKIE not in request.cookies):
            return None
        visit: Visit | None = None
        if self._reception and COOKIE in request.cookies and _guarded(rule):
            visit = await run_in_threadpool(self._reception.visit_of, request)
        if _guarded(rule) and (visit is None or visit.person.role not in allowed(rule, request.method)):
            if visit is None and rule.alone and await self._nobody_yet():
                return None if _from_here(request) else reply(path, 404, LINES[404])
            return _forbidden(request, visit) if visit else _door(request)
        if request.method in SAFE:
            return None
        given = request.headers.get(TOKEN, "")
        proved = bool(visit) and hmac.compare_digest(given.encode(), visit.csrf.encode() if visit else b"-")
        if not _own(request.headers, proved) or (rule.token and not proved):
            return reply(path, 403, FOREIGN)
        return None

    async def _nobody_yet(self) -> bool:
        return self._reception is None or not await run_in_threadpool(self._reception.accounts.exist)


def _guarded(rule: Rule) -> bool:
    return Role.VISITOR not in rule.roles


def _own(headers: Headers, proved: bool) -> bool:
    """Whether a request was made by a page of our own, or by a program that knows the session's token."""
    origins, sites = headers.getlist("origin"), headers.getlist("sec-fetch-site")
    if not origins and not sites:
        return proved
    return all(same_origin(o, headers.get("host", "")) for o in origins) and all(
        site == "same-origin" for site in sites
    )


def _from_here(request: Request) -> bool:
    return from_this_machine(request.headers, peer_of(request), request.scope.get("http_version", ""))


def _wants_page(request: Request) -> bool:
    return request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", "")


def _door(request: Request) -> Response:
    path = request.url.path
    if not _wants_page(request):
        return reply(path, 401, "请先登录（/login）")
    asked = path + (f"?{request.url.query}" if request.url.query else "")
    headers = {"Cache-Control": "no-store"}
    return RedirectResponse("/login" if path == "/logout" else f"/login?next={quote(asked)}", 303, headers)


def _forbidden(request: Request, visit: Visit) -> Response:
    if _wants_page(request):
        return HTMLResponse(door.forbidden(visit.person, visit.csrf), 403, door.headers())
    return reply(request.url.path, 403, f"账号 {visit.person.shown}（{visit.person.role.shown}）不能使用这个地址")


def _alone(send: Send) -> Send:
    """Pages for people with accounts stand in no frame, and no copy is kept for the back button."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            media = headers.get("content-type", "").partition(";")[0]
            if media in ("text/html", "application/json"):
                headers["Cache-Control"] = "no-store"
            if media == "text/html":
                headers.setdefault("Content-Security-Policy", UNFRAMED)
        await send(message)

    return sent
