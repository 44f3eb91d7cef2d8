"""What the workbench shows of clauses and documents: bodies of `/api/staff` answers, and how they are made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from pydantic import BaseModel

from assistant.staff.facts import dates_of, standing
from assistant.staff.lookup import Looked
from assistant.staff.marks import spans_of
from assistant.staff.quote import name_of, place_of, quote_of
from assistant.staff.shelf import Shelf
from index.clause import Clause, Document


class DocumentCard(BaseModel):
    """Facts of a document; "" and [] where it states none."""

    id: str
    title: str
    number: str
    issuer: str
    region: str
    standing: str
    tone: str
    detail: str
    """Until when, from when, replaced by what."""
    dates: list[tuple[str, str]]
    source_url: str


class OfficeRow(BaseModel):
    """Departments with the role that the clause gives them."""

    role: str
    names: list[str]


class ClauseCard(BaseModel):
    """One clause, whole."""

    id: str
    document: str
    """Id of its document."""
    name: str
    """《标题》（文号）第8条."""
    place: str
    title: str
    path: list[str]
    text: str
    marks: list[tuple[int, int]]
    """Spans of the typed words in `text`, in characters, end exclusive."""
    title_marks: list[tuple[int, int]]
    footnotes: list[tuple[str, str]]
    offices: list[OfficeRow]
    unsaid: list[str]
    """What the whole document does not say of what callers ask next."""
    quote: str
    """Ready to be pasted."""
    changes: list[str]
    """What other documents did to it, one Chinese line each."""


class SearchCard(BaseModel):
    """What one line found."""

    kind: str
    rows: list[ClauseCard]
    documents: dict[str, DocumentCard]
    opened: str
    """Id of the document that a number or title alone opened."""
    addressed: bool
    remark: str
    more: int


class PlaceCard(BaseModel):
    """A clause between its neighbours; None at an end of the document."""

    clause: ClauseCard
    previous: ClauseCard | None
    next: ClauseCard | None
    documents: dict[str, DocumentCard]


class Cards:
    """Makes cards from one index, as of a day.

    Args:
        shelf: the index.
        today: decides what has expired.
    """

    def __init__(self, shelf: Shelf, today: dt.date) -> None:
        self.shelf, self.searcher, self.today = shelf, shelf.searcher, today

    def clause(self, clause: Clause, words: Sequence[str] = ()) -> ClauseCard:
        """The card of a clause, with words marked."""
        told = self.shelf.hand_over(clause)
        title = "" if clause.title == clause.label else clause.title
        return ClauseCard(
            id=clause.clause_id, document=clause.document_id, name=name_of(clause), place=place_of(clause), title=title,
            path=[h for h in clause.path if h.replace(" ", "") != (clause.label + clause.title).replace(" ", "")],
            text=clause.text, marks=_pairs(clause.text, words), title_marks=_pairs(title, words),
            footnotes=[(f.mark, f.text) for f in clause.footnotes],
            offices=[OfficeRow(role=o.role, names=list(o.names)) for o in told.offices], unsaid=list(told.unsaid),
            quote=quote_of(clause),
            changes=list(self.searcher.lineage.as_of(clause, self.today.isoformat()).changes),
        )  # fmt: skip

    def document(self, document: Document) -> DocumentCard:
        """The card of a document."""
        known = standing(document, self.today, self.searcher.lineage)
        return DocumentCard(
            id=document.document_id, title=document.title, number=document.number, issuer=document.issuer,
            region=document.region, standing=known.text, tone=known.tone, detail=known.detail, dates=dates_of(document),
            source_url=document.source_url if document.source_url.startswith(("http://", "https://")) else "",
        )  # fmt: skip

    def documents(self, ids: Iterable[str]) -> dict[str, DocumentCard]:
        """Cards of documents by id, each once."""
        return {i: self.document(self.searcher.document(i)) for i in dict.fromkeys(ids) if i}

    def search(self, looked: Looked) -> SearchCard:
        """What a look-up found."""
        opened = looked.document.document_id if looked.document else ""
        return SearchCard(
            kind=looked.kind, rows=[self.clause(c, looked.words) for c in looked.clauses],
            documents=self.documents([*(c.document_id for c in looked.clauses), opened]), opened=opened,
            addressed=looked.addressed, remark=looked.remark, more=looked.more,
        )  # fmt: skip

    def place(self, clause: Clause, words: Sequence[str] = ()) -> PlaceCard:
        """A clause between its neighbours."""
        before, after = self.searcher.neighbours(clause)
        return PlaceCard(
            clause=self.clause(clause, words), previous=self.clause(before) if before else None,
            next=self.clause(after) if after else None, documents=self.documents([clause.document_id]),
        )  # fmt: skip


def _pairs(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    return [(s.start, s.end) for s in spans_of(text, words)]
