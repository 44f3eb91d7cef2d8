"""The index that is current, in a process that goes on while others are made.

    CURRENT names another generation → it is opened beside the old one → one question tries it → it takes its place

A request takes `now()` once and keeps to it, so no answer is made of two generations; the old one goes when its last
request has ended. What cannot be opened changes nothing: the old one stays, and `trouble` says why.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

from index.encode import Encoder
from index.errors import WenceError, cause
from index.generation import pointer_mark
from index.rerank import Reranker
from index.search import Searcher

LOOK_S = 1.0
"""How often the pointer is looked at: 20 µs each time."""
AGAIN_S = 30.0
"""A generation that could not be opened is tried again after so long: a server of vectors may have been away."""
TRIAL = "政策"
"""The question that tries a new generation."""

log = logging.getLogger("wence.index")


class Index(Protocol):
    """Where answers come from: a `Searcher`, which stays what it is, or a `LiveIndex`."""

    def now(self) -> Searcher:
        """The open index as of now; a request asks once and keeps to it."""
        ...


class LiveIndex:
    """Follows the current generation of one home. Safe to share between threads.

    Args:
        home: WENCE_HOME.
        opened: opens its current generation; what is costly and stays the same, such as the encoder, it shares.
        place: where its vectors are kept, for who builds the next one.

    Raises:
        WenceError: there is no index that can be opened; later ones that cannot are only noted.
    """

    def __init__(self, home: Path, opened: Callable[[], Searcher], place: str = "") -> None:
        self._home, self._open, self.place = home, opened, place
        self._mark = pointer_mark(home)  # before opening: what becomes current meanwhile is seen at the next look
        self._searcher = opened()
        self._refused: tuple[object, float] | None = None
        self._told: list[Callable[[Searcher], object]] = []
        self._lock = threading.Lock()
        self.trouble = ""
        """Why the newest generation is not in use, one Chinese line; "" when it is."""

    @classmethod
    def open(cls, home: Path, encoder: Encoder, place: str = "", reranker: Reranker | None = None) -> LiveIndex:
        """The current index of a home; arguments and errors as `Searcher.open`."""
        return cls(home, partial(Searcher.open, home, encoder, place, reranker), place)

    def now(self) -> Searcher:
        """The newest generation that could be opened."""
        return self._searcher

    def tell(self, listener: Callable[[Searcher], object]) -> None:
        """Have `listener` called with each generation that is taken on, for what is drawn ahead of requests."""
        self._told.append(listener)

    def refresh(self) -> bool:
        """Look at once, in this thread (0.2 s when there is a new one); whether the newest is now in use."""
        return self._look(patient=False)

    def follow(self, stop: threading.Event) -> None:
        """Look every LOOK_S until told to stop."""
        while not stop.wait(LOOK_S):
            self._look(patient=True)

    def _look(self, patient: bool) -> bool:
        with self._lock:
            mark = pointer_mark(self._home)
            if mark == self._mark:
                self.trouble = ""
                return True
            if patient and self._refused and self._refused[0] == mark and time.monotonic() < self._refused[1]:
                return False
            try:
                found = self._open()
                found.search(TRIAL, 1)
            except Exception as error:
                self._refuse(error)
                self._refused = (mark, time.monotonic() + AGAIN_S)
                return False
            self._searcher, self._mark, self._refused, self.trouble = found, mark, None, ""
            log.info("index %s taken on", found.version)
            for listener in self._told:
                try:
                    listener(found)
                except Exception:
                    log.exception("a page was not redrawn for %s", found.version)
            return True

    def _refuse(self, error: Exception) -> None:
        """Note once why a generation is not used."""
        why = str(error) if isinstance(error, WenceError) else cause(error)
        trouble = f"新索引没有启用，仍用 {self._searcher.version}：{why}"
        if trouble != self.trouble:
            log.error("%s", trouble, exc_info=None if isinstance(error, WenceError) else error)
        self.trouble = trouble


@contextmanager
def followed(index: Index) -> Iterator[None]:
    """While the block lasts, a live index looks for new generations in a thread of its own; a fixed one stays."""
    if not isinstance(index, LiveIndex):
        yield
        return
    stop = threading.Event()
    thread = threading.Thread(target=index.follow, args=(stop,), name="index", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)
