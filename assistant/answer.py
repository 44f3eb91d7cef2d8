"""What an answer is: sentences, each with the clauses that support it, and everything a record keeps.

Field names are a contract (the JSON of `wence ask --json` and of the HTTP API).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Literal, Protocol
from uuid import uuid4

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
class Asker:
    """Who asks, as far as that is known."""

    region: str = ""
    """Taken when the message names none; "" leaves it to the assistant."""
    site: str = ""
    """Key of the registered site."""
    conversation: str = ""
    """32 hex digits."""
    person: str = ""
    """Id of a member of staff; "" for visitors."""


ANYBODY = Asker()
"""Of whom nothing is known."""


@dataclass(frozen=True, slots=True)
class Rating:
    """What a reader thought of an answer."""

    answer: str
    """Id of the answer."""
    rating: str
    """up or down."""
    reason: str = ""
    comment: str = ""
    site: str = ""
    conversation: str = ""


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
            **({"changes": record["changes"]} if self.clause.changes else {}),
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
    formula: str = ""
    """The calculation a figure of ours comes from (500万元×30%＝150万元); "" when nothing was calculated."""
    entitles: bool = False
    """The calculated figure is what somebody might be paid, not a statistic."""

    def to_json(self) -> dict[str, Any]:
        """The published record; `formula` only where there is one."""
        record: dict[str, Any] = {"text": self.text, "citations": list(self.citations), "support": self.support}
        return record | ({"formula": self.formula} if self.formula else {})


@dataclass(frozen=True, slots=True)
class Vetting:
    """What the guard did with one sentence of a model. For records and evaluations, never for a reader."""

    draft: str
    cited: tuple[int, ...]
    """As the model wrote and cited it."""
    outcome: Literal["passed", "recited", "replaced", "dropped"]
    """recited: shown with the clause that does support it; replaced: by the clause's own words."""
    shown: str
    reason: str
    findings: tuple[dict[str, Any], ...] = ()
    """Per finding: check, words, message, clause words and where they stand (`assistant.verdict.Finding`)."""


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
    """llm: at least one sentence shown was written by the model."""
    model: str = ""
    prompt_version: str = ""
    index_version: str = ""
    degraded: str = ""
    """Why a model that was asked did not write this answer; "" when it did, or when none was asked."""
    usage: dict[str, int] = field(default_factory=dict)
    """prompt_tokens and completion_tokens, where the model tells."""
    vetting: list[Vetting] = field(default_factory=list)
    timings_ms: dict[str, float] = field(default_factory=dict)
    pin: str = ""
    """Id of the answer reviewed by people that was given; "" when none was."""
    reviewed: str = ""
    """Day on which people reviewed it, YYYY-MM-DD; "" for every other answer."""
    as_of: str = ""
    """Day for which it is given, YYYY-MM-DD: today unless the question or the asker says otherwise."""
    answer_id: str = field(default_factory=lambda: uuid4().hex)

    def count(self, prompt_tokens: int, completion_tokens: int) -> None:
        """Add the tokens of one call of a model."""
        self.usage["prompt_tokens"] = self.usage.get("prompt_tokens", 0) + prompt_tokens
        self.usage["completion_tokens"] = self.usage.get("completion_tokens", 0) + completion_tokens

    @property
    def text(self) -> str:
        """Plain Chinese text, one sentence a line, [n] after each."""
        return "\n".join(s.text + "".join(f"[{n}]" for n in s.citations) for s in self.sentences)

    def to_json(self) -> dict[str, Any]:
        """The published record."""
        return {
            "answer_id": self.answer_id,
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
            "degraded": self.degraded,
            # Who reviewed it is nobody's business but the audit's.
            "as_of": self.as_of,
            "reviewed": {"by": "人工核定", "date": self.reviewed} if self.reviewed else None,
            "usage": self.usage,
            "timings_ms": {k: round(v, 1) for k, v in self.timings_ms.items()},
        }


class Recorder(Protocol):
    """Where answers and ratings are kept. It never raises: an answer is not lost because its record is."""

    lost: int
    """So many were not kept since the program started."""
    trouble: str
    """Why the last one was not kept, one Chinese line; "" when it was."""

    def keep(self, answer: Answer, history: Sequence[Turn] = (), asker: Asker = ANYBODY) -> bool:
        """Keep an answer; whether it was."""
        ...

    def rate(self, rating: Rating) -> bool:
        """Keep a rating; whether it was."""
        ...


__all__ = [
    "ANYBODY", "Answer", "Asker", "Citation", "Clause", "Document", "Mode", "Quote", "Rating", "Recorder", "Refusal", "Retrieved",
    "Sentence", "Support", "Turn", "Vetting",
]  # fmt: skip
