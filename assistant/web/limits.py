"""How much one visitor, one address and one site may ask. The only file that touches the library `limits`.

Counted in this process's memory, in sliding windows; a restart begins anew.
"""

from __future__ import annotations

import time
from typing import Literal

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from assistant.web.problems import Problem

Act = Literal["ask", "read", "token", "tell", "page", "signin"]
"""ask: a question; read: search, clauses; token: a new or renewed one; tell: feedback; page: asked on the full page;
signin: a password tried."""
VISITOR: dict[Act, str] = {
    "ask": "20/minute",
    "read": "120/minute",
    "token": "10/minute",
    "tell": "20/minute",
    "page": "20/minute",
    "signin": "10/minute",
}
ADDRESS: dict[Act, str] = {"ask": "60/minute; 2000/day", "read": "600/minute", "token": "120/minute", "tell": "60/minute", "page": "120/minute", "signin": "20/minute; 300/day"}  # fmt: skip
"""An address may be a whole office behind one router. The day's limit keeps one address from using up a site's quota."""
LINES = {
    "visitor": "您问得太快了，请稍等 {wait} 秒再试",
    "address": "来自您所在网络的请求太多，请稍等 {wait} 秒再试",
    "site": "本网站今天的咨询次数已用完，请明天再来",
}


class Limits:
    """Counts and refuses."""

    def __init__(self) -> None:
        self._windows = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._visitor = {act: _items(rule) for act, rule in VISITOR.items()}
        self._address = {act: _items(rule) for act, rule in ADDRESS.items()}

    def count(self, act: Act, *, visitor: str = "", address: str = "", site: str = "", quota: int = 0) -> None:
        """Count one act; "" leaves a limit out.

        The narrowest limit comes first, so that somebody who is refused does not use up what others share.

        Args:
            act: what is done.
            visitor: id of the visitor.
            address: network address, as `assistant.web.origins.network_of`.
            site: key of the site; only questions count against its quota.
            quota: questions a day of that site.

        Raises:
            Problem: 429, with the seconds to wait.
        """
        if visitor:
            self._hit(self._visitor[act], "visitor", f"{act}:{site}:{visitor}")
        if address:
            self._hit(self._address[act], "address", f"{act}:{address}")
        if site and act == "ask":
            self._hit(_items(f"{quota}/day"), "site", site)

    def _hit(self, items: list[RateLimitItem], what: str, who: str) -> None:
        for item in items:
            if not self._windows.hit(item, what, who):
                reset = self._windows.get_window_stats(item, what, who).reset_time
                wait = max(1, round(reset - time.time() + 0.5))
                raise Problem(429, LINES[what].format(wait=wait), wait)


def _items(rule: str) -> list[RateLimitItem]:
    return [parse(part) for part in rule.split(";")]
