"""What happens by itself: the queue fills, pins and settled questions are checked when the index or the day changes."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from pathlib import Path

from assistant.ask import Assistant
from assistant.review import standing
from assistant.review.board import Board
from assistant.review.collecting import Collector
from assistant.review.settling import Settling
from index.errors import WenceError

EVERY_S = 20.0

log = logging.getLogger("wence.review")


class Keeper:
    """Looks after one store, in a thread of its own while `with` lasts, or once by `look`.

    Args:
        board: pins, with the index that they are checked against.
        assistant: asked again whether settled questions still are.
        home: where evaluation questions are written.
    """

    def __init__(self, board: Board, assistant: Assistant, home: Path | None = None) -> None:
        self._board, self._assistant = board, assistant
        self._collector = Collector(board)
        self._settling = Settling(board.database, assistant, home)
        self._checked: tuple[str, dt.date] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="review", daemon=True)

    def look(self) -> tuple[int, int]:
        """Collect and check once: (askings collected, pins withdrawn and questions reopened).

        Raises:
            StorageError: the store failed.
        """
        collected = self._collector.collect()
        today = self._assistant.today or dt.date.today()
        now = (self._board.searcher.version, today)
        changed = 0
        if now != self._checked:
            changed = self._sweep(today) + self._settling.review()
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

    def _sweep(self, today: dt.date) -> int:
        count = 0
        for pin in self._board.loaded().pins:
            if reason := standing.fault(pin.sources, self._board.searcher, today):
                count += standing.withdraw(self._board.database, pin, reason, self._board.searcher)
        return count

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            try:
                self.look()
            except WenceError as error:
                log.warning("待办问题没有更新：%s", error)
            except Exception:
                log.exception("待办问题没有更新")
