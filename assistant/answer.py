"""What an answer is: sentences, each with the clauses that support it, and everything a record keeps.

Field names are a contract (the JSON of `wence ask --json` and of the HTTP API).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Literal

from index.clause import Clause, Document

Support = Literal["verbatim", "supported", "notice"]
"""verbatim: the clause's own words; supported: checked by the guard; notice: said by Wence itself."""
Mode = Literal["llm", "verbatim"]


class Refusal(StrEnum):
    """Declared outcomes; a refusal is never a sentence of a model."""

    NO_EVIDENCE = "no_evidence"
    OUT_OF_SCOPE = "out_of_scope"
    UNSAFE = "unsafe"


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Quote:
    """A span of a clause's text, end exclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Citation:
    """A numbered link from answer sentences to one clause."""

    n: int
    clause: Clause
    quotes: tuple[Quote, ...]
    """Spans of the clause that sentences quote, in order; () when the clause is shown whole."""
    source_url: str = ""

    def to_json(self) -> dict[str, Any]:
        """The published record; `quote` spans from the first quoted character to the last."""
        record = self.clause.to_json()
        keys = ("clause_id", "document_title", "document_number", "status", "label", "path", "text", "departments")
        quote = {"start": self.quotes[0].start, "end": self.quotes[-1].end} if self.quotes else None
        return {
            "n": self.n,
            **{key: record[key] for key in keys},
            "quote": quote or {"start": 0, "end": len(self.clause.text)},
            "quotes": [asdict(q) for q in self.quotes],
            "title": self.clause.title,
            "region": self.clause.region,
            "address": self.clause.address,
            "department_text": self.clause.department_text,
            "footnotes": record["footnotes"],
            "source_url": self.source_url,
        }


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer."""

    text: str
    citations: tuple[int, ...]
    support: Support

    def to_json(self) -> dict[str, Any]:
        """The published record."""
        return {"text": self.text, "citations": list(self.citations), "support": self.support}


@dataclass(frozen=True, slots=True)
class Retrieved:
    """One clause that search found."""

    clause: Clause
    score: float


@dataclass(slots=True)
class Answer:
    """Everything that is shown and kept for one question."""

    question: str
    standalone_question: str = ""
    sentences: list[Sentence] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    refused: bool = False
    refusal_reason: Refusal | None = None
    retrieved: list[Retrieved] = field(default_factory=list)
    mode: Mode = "verbatim"
    model: str = ""
    prompt_version: str = ""
    index_version: str = ""
    timings_ms: dict[str, float] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Plain Chinese text, one sentence a line, [n] after each."""
        return "\n".join(s.text + "".join(f"[{n}]" for n in s.citations) for s in self.sentences)

    def to_json(self) -> dict[str, Any]:
        """The published record."""
        return {
            "question": self.question,
            "standalone_question": self.standalone_question or self.question,
            "answer": self.text,
            "sentences": [s.to_json() for s in self.sentences],
            "citations": [c.to_json() for c in self.citations],
            "notices": self.notices,
            "refused": self.refused,
            "refusal_reason": str(self.refusal_reason) if self.refusal_reason else None,
            "retrieved": [
                {"clause_id": r.clause.clause_id, "score": round(r.score, 4), "text": r.clause.text}
                for r in self.retrieved[:10]
            ],
            "mode": self.mode,
            "model": self.model,
            "prompt_version": self.prompt_version,
            "index_version": self.index_version,
            "timings_ms": {k: round(v, 1) for k, v in self.timings_ms.items()},
        }


__all__ = [
    "Answer", "Citation", "Clause", "Document", "Mode", "Quote", "Refusal", "Retrieved", "Sentence", "Support", "Turn",
]  # fmt: skip
