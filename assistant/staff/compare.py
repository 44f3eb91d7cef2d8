"""两地对照: one matter in two places, clause against clause, and what one side does not say.

Each side is searched by itself and kept only where it is about the matter; then clauses are paired so that the pairs
together are nearest in meaning (Kuhn 1955, by scipy).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from assistant.evidence import choose
from assistant.refusal import named_weight, on_subject
from index.address import NamedDocuments
from index.card import is_card
from index.clause import Clause
from index.query import Query, read_query
from index.regions import REGION_NAMES
from index.search import Found, Searcher

RANKED = 30
MOST_A_SIDE = 6
NEAR = 0.9
"""Cosine from which two clauses that are both about the matter are put side by side. Clauses of two cities taken at
random have 0.92 in the middle and 0.90 at the tenth part, so this only keeps the plainly unlike apart."""
MARGIN = 3.0
"""Utility below a side's best clause at which another is no longer about the matter."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two clauses about the same thing, or one and None."""

    left: Clause | None
    right: Clause | None
    likeness: float
    """Cosine; 0 when one side says nothing."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One matter, two places."""

    matter: str
    left: str
    right: str
    pairs: tuple[Pair, ...]
    remarks: tuple[str, ...]
    """What a side does not say, one line each."""
    words: tuple[str, ...] = ()
    """To be marked."""


def compare(searcher: Searcher, matter: str, left: str, right: str) -> Comparison:
    """Pairs in the order of the left side's search; what only the right side says comes last.

    Args:
        searcher: the index.
        matter: a word or a question; cities in it are left out, since both sides are asked.
        left, right: regions of the index, e.g. 上海市.
    """
    about = _without_places(matter)
    ours, theirs = (_side(searcher, about, region) for region in (left, right))
    likeness = _likeness(searcher, ours, theirs)
    pairs: list[Pair] = []
    taken: set[int] = set()
    matched: dict[int, int] = {}
    if likeness.size:
        rows, columns = linear_sum_assignment(-likeness)
        matched = {int(i): int(j) for i, j in zip(rows, columns, strict=True) if likeness[i, j] >= NEAR}
    for i, clause in enumerate(ours):
        j = matched.get(i)
        taken |= {j} if j is not None else set()
        pairs.append(Pair(clause, theirs[j], float(likeness[i, j])) if j is not None else Pair(clause, None, 0.0))
    pairs += [Pair(None, clause, 0.0) for j, clause in enumerate(theirs) if j not in taken]
    remarks = [
        f"{region}的文件里没有找到相应条款。" for region, found in ((left, ours), (right, theirs)) if not found
    ]  # fmt: skip
    return Comparison(matter, left, right, tuple(pairs), tuple(remarks))


def _without_places(matter: str) -> str:
    for name in sorted(REGION_NAMES, key=len, reverse=True):
        matter = matter.replace(name, " ")
    return " ".join(matter.replace("和 ", " ").split()) or matter


def _side(searcher: Searcher, about: str, region: str) -> list[Clause]:
    """Clauses of one place that are about the matter, best first."""
    query = replace(read_query(about, searcher.naming, region), regions=(region,), documents=NamedDocuments())
    found = searcher.search(about, RANKED, query=query)
    chosen = choose(found, searcher, about)
    if not chosen or not _about(found, searcher, about, query):
        return []
    best = max(s.score for s in found.ranked)
    named = [c.clause for c in chosen]
    likely = [s.clause for s in found.ranked if s.score >= best - MARGIN]
    return [c for c in dict.fromkeys([*named, *likely]) if not is_card(c)][:MOST_A_SIDE]


def _about(found: Found, searcher: Searcher, about: str, query: Query) -> bool:
    chosen = choose(found, searcher, about)
    return on_subject(found, chosen, searcher) >= 0.5 or named_weight(found, chosen, searcher) > 0


def _likeness(searcher: Searcher, ours: Sequence[Clause], theirs: Sequence[Clause]) -> npt.NDArray[np.float32]:
    """Cosines of whole clauses, float32 [len(ours), len(theirs)]."""
    if not ours or not theirs:
        return np.zeros((0, 0), dtype=np.float32)
    ids = [f"{c.clause_id}#0" for c in (*ours, *theirs)]
    stored = searcher.store.vectors(ids)
    rows = np.stack([stored[i] for i in ids])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows[: len(ours)] @ rows[len(ours) :].T, dtype=np.float32)
