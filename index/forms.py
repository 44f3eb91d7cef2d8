"""Clauses as ranking reads them: everything in one normal form, ready to be looked through.

Bringing text into its normal form took a third of a search over 110,000 clauses (40 µs for each of the 140
candidates of a question), so it is done once, when the index is built.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from index.card import is_card
from index.clause import Clause
from index.passages import sentence_spans
from index.words import normalise


@dataclass(frozen=True, slots=True)
class Form:
    """What ranking looks at in one clause."""

    document_id: str
    status: str
    heads: str
    """Headings and the clause's own title, in normal form; so is every text below."""
    text: str
    sentences: tuple[str, ...]
    """Sentences of the clause, in order."""
    notes: tuple[str, ...]
    """Its footnotes."""
    length: int
    """Characters of the clause as printed."""
    departments: bool
    """Departments stand behind the clause."""
    card: bool
    """This is a document's card and no clause of its text."""

    def to_json(self) -> dict[str, Any]:
        """As it is kept on disk."""
        return asdict(self)


def form_of(clause: Clause) -> Form:
    """The form of a clause."""
    return Form(
        clause.document_id,
        str(clause.status),
        normalise(" ".join([*clause.path, clause.title])),
        normalise(clause.text),
        tuple(normalise(clause.text[s.start : s.end]) for s in sentence_spans(clause.text)),
        tuple(normalise(note.text) for note in clause.footnotes),
        len(clause.text),
        bool(clause.department_text),
        is_card(clause),
    )


def form_from(record: dict[str, Any]) -> Form:
    """The form that `to_json` wrote."""
    return Form(**{**record, "sentences": tuple(record["sentences"]), "notes": tuple(record["notes"])})
