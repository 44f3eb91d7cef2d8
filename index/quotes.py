"""Clauses by words quoted from their source, so that what people labelled outlives any parser."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from index.card import is_card
from index.clause import Clause


@dataclass(frozen=True, slots=True)
class Gold:
    """A quote from a source file; the clause that holds it is right."""

    document: str
    quote: str


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
