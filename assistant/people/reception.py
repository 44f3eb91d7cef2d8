"""Who a request comes from: the one place that the pages ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from starlette.requests import Request
from starlette.responses import RedirectResponse

from assistant.people.accounts import Accounts
from assistant.people.person import Person
from assistant.people.sessions import LONGEST, Sessions, Visit
from assistant.records.database import Database
from assistant.web.limits import Limits

COOKIE = "wence_session"


class Asking(Protocol):
    """A request of Starlette or of gradio."""

    @property
    def cookies(self) -> Mapping[str, str]:
        """Cookies by name."""


class Reception:
    """Accounts and sessions of one store, and the limits on sign-in.

    Asked anew each time: who is signed out, removed or given another role has lost it with the next request.
    """

    def __init__(self, database: Database) -> None:
        self.accounts = Accounts(database)
        self.sessions = Sessions(database)
        self.limits = Limits()
        self.provider = ""
        """What the provider of OpenID Connect is called; "" has none."""

    def visit_of(self, request: Asking) -> Visit | None:
        """The session of a request; None for who is not signed in."""
        return self.sessions.find(request.cookies.get(COOKIE, ""))

    def person_of(self, request: Asking) -> Person | None:
        """Who a request comes from; None for who is not signed in."""
        visit = self.visit_of(request)
        return visit.person if visit else None

    def csrf_of(self, request: Asking) -> str:
        """The token that forms and scripts of our own pages send along; "" for who is not signed in."""
        visit = self.visit_of(request)
        return visit.csrf if visit else ""

    def welcome(self, request: Request, person: Person, path: str) -> RedirectResponse:
        """Sign somebody in whose identity is proved, with a new key, and send the browser on to a local path."""
        before = request.cookies.get(COOKIE, "")
        if before:
            self.sessions.close(before)
        response = RedirectResponse(path, 303, {"Cache-Control": "no-store"})
        # Lax and not Strict: a link from elsewhere leads in, and nothing changes by a link (see `gate`).
        response.set_cookie(
            COOKIE, self.sessions.open(person), LONGEST.seconds, httponly=True, samesite="lax",
            secure=request.url.scheme == "https",
        )  # fmt: skip
        return response
