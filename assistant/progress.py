"""Progress of an index build in the terminal: documents, clauses, seconds left."""

from __future__ import annotations

import sys


class IndexBar:
    """A bar on stderr; silent when nothing has to be embedded."""

    def __init__(self, documents: int, clauses: int, passages: int) -> None:
        from tqdm import tqdm

        self._bar = tqdm(
            total=passages,
            desc=f"{documents} 份文件 {clauses} 条条款",
            unit="段",
            file=sys.stderr,
            disable=passages == 0,
            bar_format="{desc} |{bar}| {n_fmt}/{total_fmt} 段，剩余 {remaining}",
        )

    @classmethod
    def started(cls, documents: int, clauses: int, passages: int) -> IndexBar:
        """For `build_index(bar=…)`."""
        return cls(documents, clauses, passages)

    def update(self, n: int) -> None:
        """So many more passages are done."""
        self._bar.update(n)
        if self._bar.n >= (self._bar.total or 0):
            self._bar.close()
