"""How long a connection may keep silent and how many one address may hold, below every request.

uvicorn waits for ever for the first request of a connection, and for the rest of a half-sent one; and idle
connections of one address use up what all share. A browser holds six, a whole office behind one router a few dozen.
When all together are too many, a request is refused in our own words; uvicorn's are English and no JSON.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from functools import lru_cache

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from assistant.web.origins import network_of
from assistant.web.problems import reply

HEADERS_S = 10.0
"""From the opening of a connection, or the first byte of a further request, to the last of its headers."""
MOST = 1000
"""Connections of all callers, and requests at work."""
FULL, AGAIN_S = "现在提问的人太多，请稍后再试", 5
MOST_OF_AN_ADDRESS = 200
"""A fifth of all. Trusted proxies hold as many as they like: theirs are those of many people."""


class BoundedConnection(H11Protocol):
    """uvicorn's protocol with these bounds; everything else is uvicorn's."""

    _due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count, and wait for headers."""
        super().connection_made(transport)
        peer = self.client[0] if self.client else ""
        self.network = network_of(peer)
        self.quiet_since = time.monotonic()  # the loop's own clock stands still while it accepts a few hundred
        self._await_headers()
        if not is_proxy(peer, str(self.config.forwarded_allow_ips or "")):
            self._make_room()

    def data_received(self, data: bytes) -> None:
        """Read; what is no whole request yet must become one in time."""
        super().data_received(data)
        if self.idle:
            self._await_headers()
        else:
            self._stop_waiting()

    def handle_events(self) -> None:
        """Hand requests to the application, or refuse them while there are too many."""
        full = len(self.connections) > MOST or len(self.tasks) >= MOST
        self.app = _refused if full else self.config.loaded_app
        super().handle_events()

    def on_response_complete(self) -> None:
        """Quiet from now on; uvicorn closes what stays so."""
        super().on_response_complete()
        self.quiet_since = time.monotonic()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget."""
        self._stop_waiting()
        super().connection_lost(exc)

    @property
    def idle(self) -> bool:
        """Whether nothing is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def _await_headers(self) -> None:
        # A byte now and then must not buy more time, so a clock that runs is left alone.
        if self._due is None and not self.transport.is_closing():
            self._due = self.loop.call_later(HEADERS_S, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._due:
            self._due.cancel()
            self._due = None

    def _make_room(self) -> None:
        """Close what its address has held idle longest; the newcomer itself when all others are at work."""
        mine = [
            c
            for c in self.connections
            if isinstance(c, BoundedConnection) and c.network == self.network and not c.transport.is_closing()
        ]
        if len(mine) > MOST_OF_AN_ADDRESS:
            min((c for c in mine if c.idle), key=lambda c: c.quiet_since, default=self).transport.abort()


async def _refused(scope: Scope, receive: Receive, send: Send) -> None:
    response = reply(scope["path"], 503, FULL, {"Connection": "close", "Retry-After": str(AGAIN_S)})
    await response(scope, receive, send)


@lru_cache(maxsize=1 << 10)
def is_proxy(peer: str, proxies: str) -> bool:
    """Whether an address is one of those, or in one of the networks, that `proxies` lists with commas between."""
    try:
        return any(
            ipaddress.ip_address(peer) in ipaddress.ip_network(part.strip()) for part in proxies.split(",") if part
        )
    except ValueError:
        return False
