"""What people settled for good, as the main path sees it; who settles it and how is in `assistant.review`."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Protocol

from assistant.answer import Sentence
from assistant.evidence import Chosen
from index.search import Found, Searcher

MARK = "人工核定 · "
"""How the notice of a pinned answer begins; the pages show it as a mark at the head of the answer."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """An answer that people wrote and the guard let through."""

    pin: str
    """Its id."""
    reviewed: dt.date
    sentences: tuple[Sentence, ...]
    """Their citations count `chosen` from 1."""
    chosen: tuple[Chosen, ...]

    @property
    def mark(self) -> str:
        """What a reader is told."""
        return f"{MARK}{self.reviewed.isoformat()}"


class Reviews(Protocol):
    """Answers that people settled. It never raises: without it every question gets the ordinary answer."""

    def pinned(self, question: str, found: Found, region: str, today: dt.date) -> Pinned | None:
        """The answer that people gave to this question; None when there is none, or when in doubt.

        Args:
            question: standalone.
            found: its search.
            region: the asker's, "" when not known.
            today: decides what has expired.
        """
        ...

    def unregulated(self, question: str, found: Found, region: str) -> str:
        """What to say beside a refusal when people found that no document settles the question; "" for nothing."""
        ...


class Reviewers(Protocol):
    """Those answers over whichever generation of the index a question is asked of."""

    def at(self, searcher: Searcher) -> Reviews:
        """As of one generation."""
        ...
