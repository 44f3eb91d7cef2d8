"""What the workbench works out of the index once and uses for every key: documents' clauses, what filters let through.

Clauses are read from disk one by one, so going through all of them for each key would cost more than the search.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from assistant.staff.conditions import offers_of
from assistant.staff.filters import Filters
from assistant.staff.offices import HandOver, all_offices, offices_of, unsaid_in
from index.card import is_card
from index.clause import Clause, Document, Status
from index.remembering import remembering
from index.search import Searcher

KEPT_DOCUMENTS = 256
KEPT_FILTERS = 64
MOST_KINDS = 24
_KIND = re.compile(r"(?:企业|机构|平台|孵化器|团队|高校|院所)$")
_HERE = re.compile(r"^(?:本市|我市|本省|国内外|国内)")


@dataclass(frozen=True, slots=True)
class Passing:
    """What some filters let through."""

    rows: tuple[int, ...]
    """Of `Searcher.clauses`, in order."""
    documents: tuple[str, ...]
    """Ids of the documents that have one of them."""


class Shelf:
    """One index, as the workbench needs it. Safe to share between threads."""

    def __init__(self, searcher: Searcher) -> None:
        self.searcher = searcher
        self.members = remembering(self._members, KEPT_DOCUMENTS)
        """Clauses of a document in order, its card left out."""
        self.unsaid = remembering(self._unsaid, KEPT_DOCUMENTS)
        """What no clause of a document says of what callers ask next."""
        self.passing = remembering(self._passing, KEPT_FILTERS)
        """What filters let through on a day (ISO)."""

    def hand_over(self, clause: Clause) -> HandOver:
        """Whom to hand a caller over to, and what cannot be told."""
        return HandOver(offices_of(clause), self.unsaid(clause.document_id))

    @cached_property
    def departments(self) -> list[str]:
        """Departments that clauses name, those with most clauses first."""
        return all_offices(self.searcher.clauses)

    @cached_property
    def kinds(self) -> list[str]:
        """Kinds of enterprise that clauses give something to, those with most offers first."""
        named: Counter[str] = Counter()
        for clause in self.searcher.clauses:
            for offer in offers_of(clause) if not is_card(clause) else ():
                kinds = {_HERE.sub("", c.text) for c in offer.conditions if c.kind == "kind"}
                named.update(k for k in kinds if 2 < len(k) <= 14 and _KIND.search(k) and "的" not in k)
        return [kind for kind, _ in named.most_common(MOST_KINDS)]

    @cached_property
    def _rows(self) -> dict[str, list[int]]:
        """Rows of each document's clauses."""
        rows: dict[str, list[int]] = {}
        for row, clause in enumerate(self.searcher.clauses):
            if not is_card(clause):
                rows.setdefault(clause.document_id, []).append(row)
        return rows

    def _members(self, document_id: str) -> tuple[Clause, ...]:
        return tuple(self.searcher.clauses[row] for row in self._rows.get(document_id, ()))

    def _unsaid(self, document_id: str) -> tuple[str, ...]:
        return unsaid_in(self.members(document_id))

    def status(self, document: Document, day: str) -> Status:
        """Status on a day (ISO); "" takes the document as it says of itself."""
        return self.searcher.lineage.on(document.document_id, day).status(document) if day else document.status

    def _passing(self, filters: Filters, day: str = "") -> Passing:
        able = {d.document_id for d in self.searcher.documents if filters.lets_document(d, self.status(d, day))}
        rows: list[int] = []
        found: list[str] = []
        for document_id, own in self._rows.items():
            if document_id not in able:
                continue
            inside = [row for row in own if filters.lets(self.searcher.clauses[row])] if filters.looks_inside else own
            rows += inside
            found += [document_id] if inside else []
        return Passing(tuple(rows), tuple(found))
