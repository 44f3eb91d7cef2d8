"""The account of a source file: which kind of thing each of its characters is.

The account is what makes “nothing lost” checkable: a character is entered once, and whatever no rule
claimed falls to the clause it stands in, never to nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal

Kind = Literal["clause", "heading", "footnote", "department", "metadata", "noise"]
KINDS: tuple[Kind, ...] = ("clause", "heading", "footnote", "department", "metadata", "noise")


class Account:
    """One entry a character; an entry is `kind` or `kind:name`, e.g. `noise:page_number`."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.entries: list[str] = [""] * len(source)

    def enter(self, offsets: Iterable[int], kind: Kind, name: str = "") -> None:
        """Enter characters under a kind; one that is already entered keeps its first entry."""
        entry = f"{kind}:{name}" if name else kind
        for offset in offsets:
            if not self.entries[offset]:
                self.entries[offset] = entry

    def close(self) -> None:
        """Enter what is left: only white space can be, as every other character belongs to a block."""
        for offset, entry in enumerate(self.entries):
            if not entry:
                self.entries[offset] = "noise:space" if self.source[offset].isspace() else "noise:unclassified"

    def totals(self) -> dict[str, int]:
        """Characters per entry, most first."""
        return dict(Counter(self.entries).most_common())

    def spans(self, prefix: str) -> list[tuple[int, int, str]]:
        """Runs of equal entries that begin with `prefix`: (start, end, entry)."""
        runs: list[tuple[int, int, str]] = []
        for offset, entry in enumerate(self.entries):
            if not entry.startswith(prefix):
                continue
            if runs and runs[-1][1] == offset and runs[-1][2] == entry:
                runs[-1] = (runs[-1][0], offset + 1, entry)
            else:
                runs.append((offset, offset + 1, entry))
        return runs
