"""Question sets: JSON Lines with gold given as quotes from the source, so that it outlives any parser."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant.answer import Turn
from evals.schema import QuestionLine, read_lines
from index.card import is_card
from index.clause import Clause

DATASETS = Path(__file__).parent / "datasets"


@dataclass(frozen=True, slots=True)
class Gold:
    """A quote from a source file; the clause that holds it is right."""

    document: str
    quote: str


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


def squeeze(text: str) -> str:
    """Text for comparing quotes: no markup, no space, NFKC."""
    return re.sub(
        r"\s", "", unicodedata.normalize("NFKC", re.sub(r"<sup>.*?</sup>|\*\*|\[bookmark:[^\]]*\]", "", text))
    )


class GoldFinder:
    """Finds the clauses that hold a gold quote."""

    def __init__(self, clauses: Sequence[Clause]) -> None:
        self._by_document: dict[str, list[tuple[Clause, str, str]]] = {}
        for c in clauses:
            notes = "".join(n.text for n in c.footnotes)
            own = squeeze(f"{c.label}{c.title}。{c.text}{c.department_text}")
            wide = squeeze("".join(c.path) + notes)
            self._by_document.setdefault(c.document_id, []).append((c, own, wide))

    def clause_ids(self, gold: Gold) -> set[str]:
        """Ids of the clauses that hold the quote; quotes from letterheads belong to the document's card."""
        quote = squeeze(gold.quote)
        members = self._by_document.get(gold.document, [])
        texts = [m for m in members if not is_card(m[0])]
        # A title without its full stop joins its text: the quote may span both.
        loose = quote.replace("。", "")
        for test in (
            lambda own, wide: quote in own or loose in own.replace("。", ""),
            lambda own, wide: quote in wide,
            lambda own, wide: _overlap(quote, own),
        ):
            if found := {c.clause_id for c, own, wide in texts if test(own, wide)}:
                return found
        return {c.clause_id for c, _, _ in members if is_card(c)}


def _overlap(quote: str, own: str) -> bool:
    """A quote that runs over a page break, a bracket or a mark: its two ends stand in the clause."""
    return len(quote) >= 12 and quote[:8] in own and quote[-6:] in own
