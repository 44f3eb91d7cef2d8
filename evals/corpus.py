"""The policy files of a folder, parsed, for checking that a gold quote is really there. No index is needed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evals.questions import Gold, GoldFinder, squeeze
from index.card import card_of
from index.catalog import load_catalog
from index.clause import Clause, Document
from index.parse import parse_text
from index.reading import find_files, read_text


@dataclass(frozen=True, slots=True)
class Source:
    """One policy file."""

    document: Document
    clauses: tuple[Clause, ...]
    """Its clauses, and its card as the last."""
    flat: tuple[str, ...]
    """Its text as the file has it and that of each clause (page breaks mended), squeezed for comparing."""


class Corpus:
    """Policy files by the names that people use for them."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = {s.document.document_id: s for s in sources}
        self._finder = GoldFinder([c for s in sources for c in s.clauses])
        self._names: dict[str, set[str]] = {}
        self._written: dict[str, set[str]] = {}
        for s in sources:
            d = s.document
            stem = Path(d.file).stem
            for name in (d.document_id, d.file, stem, d.title, d.number, *d.aliases):
                if name:
                    self._names.setdefault(_key(name), set()).add(d.document_id)
                    self._written.setdefault(re.sub(r"\s", "", name), set()).add(d.document_id)

    @classmethod
    def read(cls, folder: Path) -> Corpus:
        """All policy texts below a folder, with its catalogs.

        Raises:
            DocumentError, CatalogError: no folder, no text in it, an unreadable file or catalog.
        """
        return cls([_source(file) for file in find_files(folder)])

    def named(self, name: str) -> set[str]:
        """Ids of the documents that are called so: by id, file, title, number or alias, in full or in part."""
        key = re.sub(r"(?<=号)文件?$", "", _key(name))
        if exact := self._names.get(key):
            return exact
        if len(key) < 3:
            return set()
        whole = re.compile((r"(?<!\d)" if key[0].isdigit() else "") + re.escape(key))  # 9号 is not 409号
        return {i for known, ids in self._written.items() if whole.search(known) for i in ids}

    def holds(self, document_id: str, quote: str) -> bool:
        """Whether the quote stands in the document and a clause (or its card, for a letterhead) holds it."""
        source, words = self.sources.get(document_id), squeeze(quote)
        if source is None or not words:
            return False
        # Word for word: the finder also takes a quote whose two ends fit, and a slip may stand between them.
        return any(words in text for text in source.flat) and bool(self._finder.clause_ids(Gold(document_id, quote)))

    def holders(self, quote: str) -> list[str]:
        """Ids of all documents that hold the quote."""
        return [i for i in self.sources if self.holds(i, quote)]


def _source(file: Path) -> Source:
    text = read_text(file)
    parsed = parse_text(text, file.name, load_catalog(file.parent).get(file.name, {}))
    clauses = (*parsed.clauses, card_of(parsed.document))
    return Source(parsed.document, clauses, (squeeze(text), *(squeeze(c.text) for c in clauses)))


def _key(name: str) -> str:
    """A name without spaces, quotes, brackets and case."""
    return "".join(c for c in unicodedata.normalize("NFKC", name).lower() if c.isalnum())
