"""What has changed in folders since they were last indexed, by looking: works on network drives, needs no service.

A file counts once it has come to rest: its size and times stayed the same for a while, so that one which is still
being copied is not read half. A file that vanishes counts once it has stayed away, since programs that save a file
often put a new one in its place.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.catalog import CATALOG_NAME
from index.reading import catalog_place, files_below

Mark = tuple[int, int, int]
"""Size, time of content, time of facts; (-1, 0, 0) for what is not there."""
GONE: Mark = (-1, 0, 0)


@dataclass(frozen=True, slots=True)
class Change:
    """What one pass has to look at."""

    marks: dict[Path, Mark]
    """Files and catalogs that are at rest and not as they were, as they are now."""
    moving: frozenset[Path]
    """Those that are still changing: left as the index has them."""
    first: bool
    """Nothing has been indexed yet by who asks: everything that rests is looked at."""

    def wants(self, file: Path) -> bool:
        """Whether a file, or an archive's member, is to be read or, when it is not there, taken out."""
        around = {file, *file.parents}
        catalog = catalog_place(file)[0] / CATALOG_NAME
        if catalog in self.moving or not around.isdisjoint(self.moving):
            return False
        return self.first or catalog in self.marks or not around.isdisjoint(self.marks)


class Changes:
    """Looks at the same files and folders again and again.

    Args:
        paths: files or folders.
        rest_s: so long must a file stay the same, in seconds.
        clock: seconds that only rise.
    """

    def __init__(self, paths: Sequence[Path], rest_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._paths = [path.resolve() for path in paths]
        self._rest, self._clock = rest_s, clock
        self._seen: dict[Path, tuple[Mark, float]] = {}
        """How each was at the last look, and since when."""
        self._done: dict[Path, Mark] = {}
        self._first = True
        self.empty: list[Path] = []
        """Paths at which the last look found nothing: a drive that is away, or nothing there yet."""

    def look(self) -> Change | None:
        """What is at rest and not yet indexed; None when there is nothing."""
        now, marks = self._clock(), self._marks()
        for path in {*marks, *self._seen, *self._done}:
            mark = marks.get(path, GONE)
            if path not in self._seen or self._seen[path][0] != mark:
                self._seen[path] = (mark, now)
        resting = {path for path, (_, since) in self._seen.items() if now - since >= self._rest}
        changed = {p: self._seen[p][0] for p in resting if self._seen[p][0] != self._done.get(p, GONE)}
        if not changed:
            self._seen = {p: seen for p, seen in self._seen.items() if seen[0] != GONE or p not in resting}
            return None
        return Change(changed, frozenset(self._seen.keys() - resting), self._first)

    @property
    def moving(self) -> bool:
        """Whether something was still changing at the last look."""
        now = self._clock()
        return any(now - since < self._rest for _, since in self._seen.values())

    def done(self, change: Change) -> None:
        """A change is in the index, or was refused for good: nothing to do until the files change again."""
        self._first = False
        for path, mark in change.marks.items():
            if mark == GONE:
                self._done.pop(path, None)
            else:
                self._done[path] = mark

    def _marks(self) -> dict[Path, Mark]:
        found: dict[Path, Mark] = {}
        below = {path: files_below(path) for path in self._paths}
        self.empty = [path for path, files in below.items() if not files]
        for files in below.values():
            for file in _with_catalogs(files):
                try:
                    facts = file.stat()
                except OSError:
                    continue
                found[file] = (facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
        return found


def _with_catalogs(files: Sequence[Path]) -> list[Path]:
    """Files, and the catalogs of the folders that they are in."""
    return [*files, *(folder / CATALOG_NAME for folder in {file.parent for file in files})]
