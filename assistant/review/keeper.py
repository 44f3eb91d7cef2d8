"""What happens by itself: the queue fills, pins and settled questions are checked when the index or the day changes."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from pathlib import Path

from assistant.ask import Assistant
from assistant.review import standing
from assistant.review.board import Board, Boards
from assistant.review.collecting import Collector
from assistant.review.settling import Settling
from index.errors import WenceError

EVERY_S = 20.0

log = logging.getLogger("wence.review")


class Keeper:
    """Looks after one store, in a thread of its own while `with` lasts, or once by `look`.

    Args:
        boards: pins.
        assistant: asked again whether settled questions still are; pins are checked against its index.
        home: where evaluation questions are written.
    """

    def __init__(self, boards: Board | Boards, assistant: Assistant, home: Path | None = None) -> None:
        self._boards, self._assistant, self._home = boards, assistant, home
        self._checked: tuple[str, dt.date] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="review", daemon=True)

    def look(self) -> tuple[int, int]:
        """Collect and check once: (askings collected, pins withdrawn and questions reopened).

        Raises:
            StorageError: the store failed.
        """
        held = self._assistant.held()  # one look, one generation
        board = self._boards.at(held.searcher)
        collected = Collector(board).collect()
        today = held.today or dt.date.today()
        now = (held.searcher.version, today)
        changed = 0
        if now != self._checked:
            changed = _sweep(board, today) + Settling(board.database, held, self._home).review()
            self._checked = now
        return collected, changed

    def __enter__(self) -> Keeper:
        """Start."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, when what is under way is done."""
        self._stop.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            try:
                self.look()
            except WenceError as error:
                log.warning("待办问题没有更新：%s", error)
            except Exception:
                log.exception("待办问题没有更新")


def _sweep(board: Board, today: dt.date) -> int:
    """Take back the pins that may not stand; how many."""
    count = 0
    for pin in board.loaded().pins:
        if reason := board.fault(pin, today):
            count += standing.withdraw(board.database, pin, reason, board.searcher)
    return count
