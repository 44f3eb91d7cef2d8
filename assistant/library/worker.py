"""A thread that works off what stands in the store and ends when nothing is left; one at a time among all processes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from index.errors import WenceError

log = logging.getLogger("wence.library")


class Worker:
    """Calls a step until it says that nothing is left.

    Args:
        name: of the thread.
        lock: file that is held while it works; the system lets go of it when the process dies.
        step: does one piece; whether there was one. Its errors are logged and end this round.
    """

    def __init__(self, name: str, lock: Path, step: Callable[[], bool]) -> None:
        self._name, self._lock, self._step = name, lock, step
        self._guard = threading.Lock()
        self._due = False
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """There may be something to do."""
        with self._guard:
            self._due = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait until it rests; whether it does."""
        thread = self._thread
        if thread:
            thread.join(seconds)
        return self._thread is None

    def _run(self) -> None:
        while True:
            with self._guard:
                if not self._due:
                    self._thread = None
                    return
                self._due = False
            try:
                self._work()
            except WenceError as error:
                log.warning("文件库：%s", error)
            except Exception:
                log.exception("文件库出错")

    def _work(self) -> None:
        from filelock import FileLock

        self._lock.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(str(self._lock)):
            while self._step():
                continue
