"""Whether retrieved text holds a gold quote: one definition for every recipe, whatever its pieces are cut from.

Only letters and digits count. A quote is held when SHARE of its characters stand in the pieces of its document in
runs of RUN or more: a page number in its middle, a clause's bracket or the edge between two pieces does not hide it,
and a sentence of other words does not pass for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from evals.beside.protocol import Piece
from evals.questions import Gold, Question, squeeze

RUN = 8
SHARE = 0.9


class Reading:
    """How much of a question's gold quotes has been read so far."""

    def __init__(self, question: Question) -> None:
        self._every = question.gold_mode == "all"
        self._quotes = [_Quote(gold) for gold in question.gold]

    def read(self, piece: Piece) -> bool:
        """Read one more piece; whether the question has what it needs now."""
        words = letters(piece.text)
        for quote in self._quotes:
            if quote.document == piece.document:
                quote.read(words)
        held = [quote.held for quote in self._quotes]
        return all(held) if self._every else any(held)


class _Quote:
    def __init__(self, gold: Gold) -> None:
        self.document = gold.document
        self._words = letters(gold.quote)
        self._run = min(RUN, len(self._words))
        self._read: set[int] = set()

    def read(self, words: str) -> None:
        for start in range(len(self._words) - self._run + 1):
            if self._words[start : start + self._run] in words:
                self._read.update(range(start, start + self._run))

    @property
    def held(self) -> bool:
        return len(self._read) >= SHARE * len(self._words)


def letters(text: str) -> str:
    """Letters and digits of a text, without markup."""
    return "".join(c for c in squeeze(text) if c.isalnum())


def length(piece: Piece) -> int:
    """Characters that a reader is shown: white space and markup are not."""
    return len(squeeze(piece.text))


def pieces_needed(question: Question, pieces: Sequence[Piece]) -> int | None:
    """How many of the pieces, best first, hold what the question needs; None when all of them do not."""
    reading = Reading(question)
    return next((number for number, piece in enumerate(pieces, 1) if reading.read(piece)), None)


def held_within(question: Question, pieces: Sequence[Piece], characters: int) -> bool:
    """Whether the first so many characters shown hold what the question needs; the last piece is cut there."""
    reading = Reading(question)
    for piece in pieces:
        text = squeeze(piece.text)[:characters]
        if text and reading.read(Piece(piece.document, text)):
            return True
        characters -= len(text)
    return False
