"""The open numbering levels of a document: what nests under what, and whether the count is unbroken."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from index.account import Account
from index.markers import LAW_FAMILIES, RANK, Family, Marker

Key = tuple[Family | None, int]
"""What is numbered together (see `Marker.key`); (None, 0) for a heading without a number."""

PRELIMINARIES = frozenset({"前言", "引言", "序言", "正文", "导语"})
"""Headings that stand before the numbered text and never over it."""


@dataclass(slots=True)
class Node:
    """An open numbering level."""

    key: Key
    heading: str
    """As it appears in a path; "" for a numbered clause without a title."""
    label: str
    title: str
    line: bool
    """The heading stands on a line of its own."""
    label_offsets: list[int] = field(default_factory=list)
    title_offsets: list[int] = field(default_factory=list)
    """Source offsets of `title`, for a heading that turns out to be all there is."""
    marks: list[str] = field(default_factory=list)
    used: bool = False
    """A clause stands below it."""


class Levels:
    """A stack of open levels, outermost first."""

    def __init__(self, account: Account, on_empty: Callable[[Node], None]) -> None:
        """Args: account: where headings are entered; on_empty: called for a heading closed with no text below it."""
        self.account = account
        self.on_empty = on_empty
        self.nodes: list[Node] = []
        self._seen: set[Key] = set()
        self._nested_under: dict[Key, Key] = {}
        self._last: dict[Key, tuple[int, int, str]] = {}

    @property
    def path(self) -> tuple[str, ...]:
        """Headings of the open levels."""
        return tuple(node.heading for node in self.nodes if node.heading)

    @property
    def keys(self) -> list[Key]:
        """Keys of the open levels."""
        return [node.key for node in self.nodes]

    def use(self) -> list[str]:
        """A clause begins below all open levels: their words are headings now. Returns their footnote marks."""
        marks = [mark for node in self.nodes for mark in node.marks]
        for node in self.nodes:
            node.marks = []
            if node.line and not node.used:
                node.used = True
                self.account.enter(node.label_offsets, "heading", "label")
                self.account.enter(node.title_offsets, "heading")
        return marks

    def close(self, depth: int) -> None:
        """Close all levels from `depth` on, innermost first."""
        while len(self.nodes) > depth:
            node = self.nodes.pop()
            if node.line and not node.used:
                self.on_empty(node)

    def close_run_in(self, *, unnumbered: bool = False) -> None:
        """Close the innermost levels that are clauses themselves; with `unnumbered`, plain headings too."""
        depth = len(self.nodes)
        while depth and (not self.nodes[depth - 1].line or (unnumbered and self.nodes[depth - 1].key[0] is None)):
            depth -= 1
        self.close(depth)

    def place(self, marker: Marker) -> None:
        """Close the levels that a number closes, so that it can be pushed."""
        key = marker.key
        before = (i for i, node in enumerate(self.nodes) if re.sub(r"\s", "", node.title) in PRELIMINARIES)
        self.close(next(before, len(self.nodes)))
        keys = self.keys
        parent = self._nested_under.get(key)
        if key in keys:
            self.close(keys.index(key))
        elif parent in keys:
            self.close(keys.index(parent) + 1)
        elif key in self._seen or marker.number != 1 or marker.family in LAW_FAMILIES:
            self.close(self._depth_by_rank(marker, opening=False))
        elif marker.family in (Family.ARTICLE, Family.COMMA):
            self.close(self._depth_by_rank(marker, opening=True))
        self._seen.add(key)
        above = self.nodes[-1].key if self.nodes else (None, 0)
        if above[0] is not None and RANK[above[0]] > RANK[marker.family]:
            self._nested_under.setdefault(key, above)  # 1. （一） … 2. （一）: against the usual order

    def _depth_by_rank(self, marker: Marker, *, opening: bool) -> int:
        """How many open levels stay above a number by the usual order of families.

        A family that opens closes only finer numbers; later it also closes what ranks with it. A heading
        without a number stays open for all but chapters and the like.
        """
        rank = (RANK[marker.family], len(marker.parents))
        stays = opening or (marker.family not in LAW_FAMILIES and rank != (RANK[Family.DECIMAL], 0))
        depth = len(self.nodes)
        while depth:
            family, deep = self.nodes[depth - 1].key
            if family is None:
                if stays:
                    break
            elif RANK[family] <= rank[0] if opening else (RANK[family], deep) < rank:
                break
            depth -= 1
        return depth

    def expected(self, key: Key) -> int:
        """Number that would continue a family's count."""
        return self._last.get(key, (0, 0, ""))[0] + 1

    def counted(self, key: Key) -> bool:
        """Whether a number of this family has been seen."""
        return key in self._last

    def count(self, marker: Marker) -> str:
        """Take a number into its family's count; says what is odd about it, "" when nothing is."""
        previous = self._last.get(marker.key)
        self._last[marker.key] = (marker.number, marker.branch, marker.label)
        if previous is None or marker.number == 1:
            odd = previous is None and marker.number > 1 and marker.family is not Family.DECIMAL
            return f"编号从 {marker.label} 开始" if odd else ""
        number, branch, label = previous
        if marker.number == number + 1 and not marker.branch:
            return ""
        if marker.number == number and marker.branch == branch + 1:
            return ""
        return f"{'编号重复' if marker.number == number else '编号不连续'}：{label} → {marker.label}"
