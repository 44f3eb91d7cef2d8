"""Question sets: JSON Lines with gold given as quotes from the source, so that it outlives any parser."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant.answer import Turn
from evals.schema import QuestionLine, read_lines
from index.quotes import Gold as Gold
from index.quotes import GoldFinder as GoldFinder
from index.quotes import squeeze as squeeze

DATASETS = Path(__file__).parent / "datasets"


@dataclass(frozen=True, slots=True)
class Question:
    """One labelled question."""

    id: str
    question: str
    history: tuple[Turn, ...]
    region: str
    """Region preset by the site, "" when none."""
    type: str
    answerable: bool
    why_not: str
    gold: tuple[Gold, ...]
    gold_mode: Literal["any", "all"]
    must_say: tuple[tuple[str, ...], ...]
    must_not_say: tuple[str, ...]
    notices: tuple[str, ...]


def load_questions(path: Path) -> list[Question]:
    """Questions of one file.

    Raises:
        InputError: a line is not of the schema, or not labelled yet; names file, line, field, expected and found.
    """
    return [_question(line) for _, line in read_lines(path, QuestionLine)]


def _question(line: QuestionLine) -> Question:
    return Question(
        id=line.id,
        question=line.question,
        history=tuple(Turn(t.role, t.content) for t in line.history),
        region=line.region or "",
        type=line.type,
        answerable=line.answerable,
        why_not=line.why_not or "",
        gold=tuple(Gold(g.document, g.quote) for g in line.gold),
        gold_mode=line.gold_mode,
        must_say=tuple(tuple(wordings) for wordings in line.must_say),
        must_not_say=tuple(line.must_not_say),
        notices=tuple(line.notices),
    )
