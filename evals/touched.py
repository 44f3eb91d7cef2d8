"""Questions of a dataset whose gold stands in clauses that have changed: their labels have to be looked at again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from evals.questions import DATASETS, Question, load_questions
from index.clause import Clause
from index.quotes import GoldFinder

DATASET = DATASETS / "policy.dev.jsonl"
"""The set whose questions everybody may read; the held-out ones are never listed."""


def questions_touching(
    clauses: Sequence[Clause], changed: Collection[str], dataset: Path = DATASET
) -> list[tuple[str, str]]:
    """(id, question) of the questions that a changed clause answers.

    Args:
        clauses: the whole earlier text, so that a quote is looked for where it stood.
        changed: ids of those of them that are not there any more as they were.
        dataset: questions with gold quotes.
    """
    finder = GoldFinder(clauses)
    here = {c.document_id for c in clauses}

    def touches(question: Question) -> bool:
        return any(finder.clause_ids(g) & set(changed) for g in question.gold if g.document in here)

    return [(q.id, q.question) for q in load_questions(dataset) if touches(q)]
