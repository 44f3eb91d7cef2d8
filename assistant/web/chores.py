"""What a running server does by itself once a day, and once soon after it started."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

FIRST_S = 60.0
"""Those who come first are not made to wait for it."""
DAY_S = 86_400.0

log = logging.getLogger("wence.server")


async def every_day(chores: Sequence[Callable[[], object]], first_s: float = FIRST_S) -> None:
    """Do the chores one after the other in a thread, day after day; one that fails is logged and tried again tomorrow."""
    await asyncio.sleep(first_s)
    while True:
        for chore in chores:
            try:
                await asyncio.to_thread(chore)
            except Exception:
                log.exception("a daily chore failed")
        await asyncio.sleep(DAY_S)
