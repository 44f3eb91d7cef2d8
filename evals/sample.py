"""A fixed part of a question set: the same seed always draws the same questions, by type."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from evals.questions import Question

SEED = 20
"""Of every sample unless another is given; runs are comparable question by question only with the same one."""


def stratified(questions: Sequence[Question], size: int, seed: int = SEED) -> list[Question]:
    """`size` questions with each type's share of the whole, in the order of the set.

    Seats are dealt by largest remainder; a type has at least one where there are seats enough. Within a type the
    draw is by a hash of seed and id, so a question that is added later changes few of the others' places.
    """
    if size >= len(questions):
        return list(questions)
    by_type: dict[str, list[Question]] = defaultdict(list)
    for question in questions:
        by_type[question.type].append(question)
    quota = {kind: size * len(members) / len(questions) for kind, members in by_type.items()}
    seats = {kind: int(q) for kind, q in quota.items()}
    if size >= len(by_type):
        seats = {kind: max(1, n) for kind, n in seats.items()}
    order = sorted(by_type, key=lambda kind: (seats[kind] - quota[kind], kind))
    while (missing := size - sum(seats.values())) != 0:
        step = 1 if missing > 0 else -1
        for kind in order if step > 0 else reversed(order):
            if missing == 0:
                break
            if (step > 0 and seats[kind] < len(by_type[kind])) or (step < 0 and seats[kind] > 1):
                seats[kind] += step
                missing -= step
    chosen = {
        q.id for kind, members in by_type.items() for q in sorted(members, key=lambda q: _draw(q, seed))[: seats[kind]]
    }
    return [q for q in questions if q.id in chosen]


def _draw(question: Question, seed: int) -> str:
    return hashlib.sha256(f"{seed}:{question.id}".encode()).hexdigest()
