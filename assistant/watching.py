"""`wence index --watch`: folders are looked at again and again, and what changed goes into the index.

Nothing stops it but its owner: a file that cannot be read, a full disk, a drive that is away or another process that
is writing the index are said once and tried again.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from assistant.progress import rows_of, summary_of
from index.changes import Change, Changes
from index.errors import WenceError, cause
from index.report import Report

REST_S = 3.0
"""A file that stayed the same for so long is at rest."""
AGAIN_S = 30.0
"""After a failure the same is tried again no sooner: reading and embedding may have gone before it."""


class Build(Protocol):
    """`index.build.build_index` for one home."""

    def __call__(self, *, paths: Sequence[Path], wanted: Callable[[Path], bool]) -> Report:
        """Index what is wanted of these paths."""


class Watch:
    """Looks after some folders.

    Args:
        paths: files or folders.
        build: indexes.
        every: seconds between two looks.
        rest: seconds for which a file must stay the same.
        told: further lines about what a build changed.
    """

    def __init__(
        self, paths: Sequence[Path], build: Build, every: float, rest: float = REST_S,
        told: Callable[[Report], Sequence[str]] = lambda _: (),
    ) -> None:  # fmt: skip
        self._paths, self._build, self._every = [p.resolve() for p in paths], build, every
        self._changes, self._told = Changes(self._paths, rest), told
        self._pause = min(every, rest)
        """Between looks while something moves."""
        self._said: dict[str, str] = {}
        self._not_before = 0.0

    def run(self) -> None:
        """Look until interrupted."""
        while True:
            self.look()
            time.sleep(self._pause if self._changes.moving else self._every)

    def look(self) -> bool:
        """Look once; whether the index was changed."""
        try:
            change = self._changes.look()
            away = "、".join(map(str, self._changes.empty))
            self._say("away", f"{away} 不在，或里面没有政策文件；已收录的不动，等它回来" if away else "")
            if change is None or time.monotonic() < self._not_before:
                return False
            return self._index(change)
        except WenceError as error:
            self._say("failed", str(error))
        except OSError as error:
            self._say("failed", f"无法读写 {error.filename or '文件'}（{cause(error)}）")
        self._not_before = time.monotonic() + AGAIN_S
        return False

    def _index(self, change: Change) -> bool:
        there = [path for path in self._paths if path not in self._changes.empty]
        report = self._build(paths=there, wanted=change.wants)
        self._changes.done(change)
        self._say("failed", "")
        for row in rows_of(report):
            _print(row, sys.stderr)
        changed = any(report.count(outcome) for outcome in ("added", "updated", "removed"))
        if changed:
            _print(summary_of(report), sys.stdout)
            for line in self._told(report):
                _print(line, sys.stdout)
        return changed

    def _say(self, kind: str, text: str) -> None:
        """Say what is wrong, once while it lasts; "" when it no longer is."""
        if text and text != self._said.get(kind):
            _print(text, sys.stderr)
        self._said[kind] = text


def _print(text: str, stream: Any) -> None:
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}", file=stream, flush=True)


@contextmanager
def until_told_to_stop() -> Iterator[None]:
    """Ctrl-C and SIGTERM end the block, wherever it is."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        print("\n已停止看守；没做完的下次接着做", file=sys.stderr)
    finally:
        signal.signal(signal.SIGTERM, before)
