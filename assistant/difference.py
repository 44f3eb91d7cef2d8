"""What changed from one text to another, clause by clause: aligned by words first, then by likeness and number.

A clause whose words are the same is unchanged, or moved when only its number is another. The rest is paired so that
the pairs together are most alike (Kuhn 1955, by scipy; likeness by rapidfuzz); what finds no partner was added or removed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from rapidfuzz import fuzz, process
from rapidfuzz.distance import Indel
from scipy.optimize import linear_sum_assignment

from assistant.quantities import Quantity, find_quantities
from index.card import is_card
from index.clause import Clause
from index.words import normalise

ChangeKind = Literal["unchanged", "changed", "added", "removed", "moved"]
KINDS: dict[ChangeKind, str] = {
    "changed": "修改", "added": "新增", "removed": "删除", "moved": "移动", "unchanged": "未变",
}  # fmt: skip
ALIKE = 50.0
"""Likeness (0..100) from which two clauses are one clause, changed; unlike clauses of one document share about 25."""
SAME_NUMBER = 15.0
"""What an equal number adds to it: 第三条 rewritten in half is still 第三条."""
SHORT_RUN = 1
"""So many equal tokens between two changes belong to the change: else “科技创新券” → “科创券” comes out in splinters."""
_TOKEN = re.compile(
    r"\d[\d,.]*(?:万亿|[万亿千百])?(?:元|%|家|个|年|月|日|项|人)?|[零一二两三四五六七八九十百千万亿]{2,}|[A-Za-z]+|\s+|."
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text: in both, in the old one only, or in the new one only."""

    op: Literal["same", "removed", "added"]
    text: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that changed; "" where it has no partner."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one clause."""

    kind: ChangeKind
    old: Clause | None
    new: Clause | None
    pieces: tuple[Piece, ...] = ()
    """Of a changed clause, in order."""
    figures: tuple[Figure, ...] = ()
    """Of a changed, added or removed clause: sums and shares first."""

    def to_json(self) -> dict[str, Any]:
        """The change as a record."""
        sides = {
            name: clause and {k: getattr(clause, k) for k in ("clause_id", "document_id", "address", "label", "text")}
            for name, clause in (("old", self.old), ("new", self.new))
        }
        return {
            "kind": self.kind, **sides, "pieces": [{"op": p.op, "text": p.text} for p in self.pieces],
            "figures": [{"old": f.old, "new": f.new} for f in self.figures],
        }  # fmt: skip


def differ(old: Sequence[Clause], new: Sequence[Clause]) -> list[Change]:
    """Changes in the order of the new text; what was removed stands where it stood.

    Args:
        old: clauses of the earlier text in order; cards are left out.
        new: clauses of the later text.
    """
    before = [c for c in old if not is_card(c)]
    after = [c for c in new if not is_card(c)]
    pairs = _same(before, after)
    left = [i for i in range(len(before)) if i not in {a for a, _ in pairs}]
    right = [j for j in range(len(after)) if j not in {b for _, b in pairs}]
    pairs += [(left[a], right[b]) for a, b in _alike([before[i] for i in left], [after[j] for j in right])]
    partner = {b: a for a, b in pairs}
    changes = []
    waiting = [i for i in range(len(before)) if i not in {a for a, _ in pairs}]
    for j, clause in enumerate(after):
        i = partner.get(j)
        while i is not None and waiting and waiting[0] < i:
            changes.append(_change(before[waiting.pop(0)], None))
        changes.append(_change(None if i is None else before[i], clause))
    return changes + [_change(before[i], None) for i in waiting]


def _words(clause: Clause) -> str:
    return "".join(normalise(f"{clause.title}{clause.text}{clause.department_text}").split())


def _same(before: list[Clause], after: list[Clause]) -> list[tuple[int, int]]:
    """Pairs of the same words; among several of the same words those of one number, then in order."""
    places: dict[str, list[int]] = {}
    for j, clause in enumerate(after):
        places.setdefault(_words(clause), []).append(j)
    pairs: list[tuple[int, int]] = []
    for numbered in (True, False):
        taken = {a for a, _ in pairs}
        for i, clause in enumerate(before):
            free = places.get(_words(clause), []) if i not in taken else []
            hit = next((j for j in free if not numbered or after[j].label == clause.label), None)
            if hit is not None:
                free.remove(hit)
                pairs.append((i, hit))
    return pairs


def _alike(before: list[Clause], after: list[Clause]) -> list[tuple[int, int]]:
    if not before or not after:
        return []
    likeness = process.cdist([_words(c) for c in before], [_words(c) for c in after], scorer=fuzz.ratio, workers=1)
    labels = np.array([[bool(a.label) and a.label == b.label for b in after] for a in before])
    value = likeness.astype(np.float64) + SAME_NUMBER * labels
    rows, columns = linear_sum_assignment(-value)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if value[i, j] >= ALIKE]


def _change(old: Clause | None, new: Clause | None) -> Change:
    if old is None or new is None:
        kind: ChangeKind = "added" if old is None else "removed"
        return Change(kind, old, new, figures=_figures(old, new))
    if _words(old) == _words(new):
        return Change("unchanged" if old.label == new.label else "moved", old, new)
    return Change("changed", old, new, _pieces(whole(old), whole(new)), _figures(old, new))


def whole(clause: Clause) -> str:
    """A clause as it is printed: run-in title, text, department bracket."""
    title = f"{clause.title} " if clause.title and clause.title not in clause.text else ""
    return title + clause.text + clause.department_text


def _pieces(old: str, new: str) -> tuple[Piece, ...]:
    a, b = _TOKEN.findall(old), _TOKEN.findall(new)
    spans = list(Indel.opcodes(a, b))
    runs: list[tuple[bool, list[str], list[str]]] = []
    for number, span in enumerate(spans):
        tag, (i1, i2), (j1, j2) = (
            span.tag, (span.src_start, span.src_end), (span.dest_start, span.dest_end)
        )  # fmt: skip
        inner = 0 < number < len(spans) - 1
        same = tag == "equal" and not (inner and i2 - i1 <= SHORT_RUN)
        if runs and runs[-1][0] == same:
            runs[-1][1].extend(a[i1:i2])
            runs[-1][2].extend(b[j1:j2])
        else:
            runs.append((same, a[i1:i2], b[j1:j2]))
    found = []
    for same, was, becomes in runs:
        if same:
            found.append(Piece("same", "".join(was)))
            continue
        found += [Piece("removed", "".join(was))] if was else []
        found += [Piece("added", "".join(becomes))] if becomes else []
    return tuple(found)


def _figures(old: Clause | None, new: Clause | None) -> tuple[Figure, ...]:
    """Figures that stand in one text and not in the other, paired by kind in order; sums and shares first."""
    was, becomes = (_told(whole(c)) if c else [] for c in (old, new))
    gone = _minus(was, becomes)
    come = _minus(becomes, was)
    found: list[tuple[int, Figure]] = []
    for key in dict.fromkeys(q.kind for q, _ in gone + come):
        left = [text for q, text in gone if q.kind == key]
        right = [text for q, text in come if q.kind == key]
        rank = ("money", "percent").index(key) if key in ("money", "percent") else 2
        for n in range(max(len(left), len(right))):
            figure = Figure(left[n] if n < len(left) else "", right[n] if n < len(right) else "")
            found.append((rank, figure))
    return tuple(figure for _, figure in sorted(found, key=lambda pair: pair[0]))


def _told(text: str) -> list[tuple[Quantity, str]]:
    return [(q, text[q.outer[0] : q.outer[1]]) for q in find_quantities(text) if q.kind not in ("ordinal", "article")]


def _minus(these: list[tuple[Quantity, str]], those: list[tuple[Quantity, str]]) -> list[tuple[Quantity, str]]:
    left = Counter(_value(q) for q, _ in those)
    found = []
    for q, text in these:
        if left[_value(q)]:
            left[_value(q)] -= 1
        else:
            found.append((q, text))
    return found


def _value(q: Quantity) -> tuple[object, ...]:
    return (q.kind, q.unit, q.value, q.upper, q.bound)


def counts(changes: Sequence[Change]) -> dict[ChangeKind, int]:
    """How many clauses of each kind, in the order of `KINDS`."""
    return {kind: sum(c.kind == kind for c in changes) for kind in KINDS}


def summary(changes: Sequence[Change]) -> str:
    """One line: 修改 2，新增 1，删除 0，移动 1，未变 2."""
    return "，".join(f"{KINDS[kind]} {n}" for kind, n in counts(changes).items())


def touched(changes: Sequence[Change]) -> list[Clause]:
    """Old clauses that are not there any more as they were."""
    return [c.old for c in changes if c.old and c.kind in ("changed", "removed")]
