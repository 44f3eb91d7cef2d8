"""Policy terms with one wrong character, put right (创薪券 → 创新券)."""

from __future__ import annotations

from collections.abc import Sequence

from index.lexical import LexicalIndex
from index.words import sound_alike

_ANY = "\0"


class Mender:
    """Finds listed terms that a question spells with one other character.

    Every term is kept under each of its patterns (创_券), so a question is looked up by its own pieces; trying each
    of 500 terms at each place took 6 ms a question.
    """

    def __init__(self, terms: Sequence[str]) -> None:
        """Take terms of 3 characters and more, in the order in which they are tried."""
        self._terms = tuple(terms)
        self._place = {term: i for i, term in enumerate(terms)}
        self._sizes = sorted({len(term) for term in terms})
        self._patterns: dict[str, list[str]] = {}
        for term in terms:
            for k in range(len(term)):
                self._patterns.setdefault(term[:k] + _ANY + term[k + 1 :], []).append(term)

    def mend(self, question: str, lexical: LexicalIndex) -> str:
        """The question with such terms put right; a term that it spells rightly anywhere is left alone.

        Only a character that sounds the same counts as wrong, as typing by sound makes such mistakes, and only
        where the clauses know neither of the pairs it makes.
        """
        done = -1
        while True:
            later = sorted(t for t in {self._place[t] for t in self._near(question)} if t > done)
            for place in later:
                done = place
                mended = self._put_right(question, self._terms[place], lexical)
                if mended != question:
                    question = mended  # may spell another term now
                    break
            else:
                return question

    def _near(self, question: str) -> list[str]:
        """Terms that differ from a piece of the question in one character."""
        found: list[str] = []
        for size in self._sizes:
            for start in range(len(question) - size + 1):
                piece = question[start : start + size]
                for k in range(size):
                    found += self._patterns.get(piece[:k] + _ANY + piece[k + 1 :], ())
        return found

    @staticmethod
    def _put_right(question: str, term: str, lexical: LexicalIndex) -> str:
        size = len(term)
        for i in range(len(question) - size + 1) if term not in question else ():
            piece = question[i : i + size]
            wrong = [k for k in range(size) if piece[k] != term[k]]
            if len(wrong) != 1 or not sound_alike(piece[wrong[0]], term[wrong[0]]):
                continue
            pairs = [piece[j : j + 2] for j in (wrong[0] - 1, wrong[0]) if 0 <= j < size - 1]
            if not any(lexical.knows("~" + p) for p in pairs):
                return question[:i] + term + question[i + size :]
        return question
