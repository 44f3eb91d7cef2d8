"""What the guard is given and what it says: evidence, findings, verdict, and the case it makes of them.

A case is the sentence and its evidence prepared once; every check reads it and none changes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from assistant.alignment import Normal, Passage, Vocabulary, bigrams, normalise, passages, segments
from assistant.quantities import Quantity, find_quantities
from index.clause import Clause


@dataclass(frozen=True, slots=True)
class Evidence:
    """One cited text and what is known of it; only `text` is needed, "" means not known."""

    text: str
    department_text: str = ""
    """The bracket that names the responsible departments, as printed."""
    status: str = ""
    """draft | in_force | issued | reply | expired | repealed | unknown | ""."""
    region: str = ""
    document: str = ""
    """Title of the document."""
    number: str = ""
    """文号."""
    heading: str = ""
    """Title of the clause and the headings above it."""
    issuer: str = ""

    @classmethod
    def of(cls, clause: Clause) -> Evidence:
        """Evidence that a clause is."""
        return cls(
            text=clause.text,
            department_text=clause.department_text,
            status=str(clause.status),
            region=clause.region,
            document=clause.document_title,
            number=clause.document_number,
            heading="，".join((*clause.path, clause.title)),
            issuer=clause.issuer,
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason why a sentence is not supported."""

    check: str
    """figure | unit | cap | date | condition | scope | modality | negation | department | region | status | document |
    entity | relation | added | alignment."""
    words: str
    """Words of the sentence; "" when something is missing from it."""
    message: str
    start: int = 0
    end: int = 0
    """Where the words stand in the sentence."""
    clause: str = ""
    """What the clause says instead; "" when it says nothing of it."""
    evidence: int = -1
    """Which evidence that is, -1 for none."""
    clause_start: int = 0
    clause_end: int = 0
    """Where in that evidence's text."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The guard's answer for one sentence."""

    supported: bool
    score: float
    """0..1, the higher the more certainly supported; below 0.5 it is not."""
    findings: tuple[Finding, ...]
    reason: str
    """One line of Chinese."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a sentence of the evidence between commas."""

    text: str
    pairs: frozenset[str]
    passage: int


@dataclass(frozen=True, slots=True)
class Ground:
    """Evidence prepared once for all sentences that cite it."""

    evidence: tuple[Evidence, ...]
    passages: tuple[Passage, ...]
    segments: tuple[Segment, ...]
    quantities: tuple[tuple[int, Quantity], ...]
    """(index of the passage, quantity with its span in the passage's raw text)."""
    text: str
    """Normal form of all evidence texts."""
    context: str
    """Normal form of what stands beside them: titles, headings, departments."""
    vocabulary: Vocabulary

    def known(self, attribute: str) -> list[str]:
        """Values of one field of the evidence that are known."""
        return [v for v in dict.fromkeys(str(getattr(e, attribute)) for e in self.evidence) if v and v != "unknown"]


@lru_cache(maxsize=256)
def prepare(evidence: tuple[Evidence, ...]) -> Ground:
    """Ground of some evidence; kept, because the sentences of one answer share it."""
    found = passages(
        tuple(
            f"{e.text}\n{e.department_text}" if e.department_text and e.department_text not in e.text else e.text
            for e in evidence
        )
    )
    parts = []
    for i, passage in enumerate(found):
        for start, end in segments(passage.text):
            piece = passage.text[start:end]
            parts.append(Segment(piece, frozenset(bigrams(piece)), i))
    quantities = tuple((i, q) for i, p in enumerate(found) for q in find_quantities(p.raw))
    text = "。".join(p.text for p in found)
    context = "。".join(
        normalise(v).text for e in evidence for v in (e.document, e.heading, e.number, e.issuer, e.region) if v
    )
    return Ground(evidence, found, tuple(parts), quantities, text, context, Vocabulary.of(text, context))


@dataclass(frozen=True, slots=True)
class Case:
    """A sentence against its ground."""

    sentence: str
    normal: Normal
    pairs: frozenset[str]
    quantities: tuple[Quantity, ...]
    segments: tuple[tuple[int, int], ...]
    """Spans of the normal form between commas."""
    ground: Ground

    @classmethod
    def of(cls, sentence: str, ground: Ground) -> Case:
        """Case for one sentence."""
        normal = normalise(sentence)
        return cls(
            sentence,
            normal,
            frozenset(bigrams(normal.text)),
            find_quantities(sentence),
            tuple(segments(normal.text)),
            ground,
        )

    @property
    def claim(self) -> str:
        """Normal form of the sentence."""
        return self.normal.text

    @property
    def quoted(self) -> int | None:
        """Where the ground has the sentence word for word from the start of a sentence on, or None."""
        body = self.claim.strip("，、。")
        text = "。" + self.ground.text
        at = text.find(f"。{body}") if body else -1
        return at if at >= 0 and text[at + 1 + len(body) : at + 2 + len(body)] in ("", *"，。（") else None

    def finding(self, check: str, start: int, end: int, message: str, clause: str = "") -> Finding:
        """Finding on a span of the normal form; `clause` is looked up in the evidence as printed."""
        a, b = self.normal.span(start, end)
        return self.finding_raw(check, a, b, message, clause)

    def finding_raw(self, check: str, start: int, end: int, message: str, clause: str = "") -> Finding:
        """Finding on a span of the sentence as given."""
        where, at = -1, 0
        if clause:
            for i, e in enumerate(self.ground.evidence):
                at = e.text.find(clause)
                if at >= 0:
                    where = i
                    break
        at = max(at, 0)
        return Finding(
            check,
            self.sentence[start:end],
            message,
            start,
            end,
            clause,
            where,
            at,
            at + len(clause) if where >= 0 else 0,
        )

    def aligned(self, start: int, end: int, least: int = 2) -> list[Segment]:
        """Segments of the evidence that speak of a span of the sentence, best first.

        Pairs that occur in many segments count less, so that 科技服务业企业 does not decide.
        """
        pairs = bigrams(self.claim[start:end])
        if not pairs:
            return []
        scored = []
        for segment in self.ground.segments:
            shared = pairs & segment.pairs
            if len(shared) >= least:
                weight = sum(1.0 / _spread(self.ground, p) for p in shared)
                scored.append((weight, len(shared), segment))
        scored.sort(key=lambda item: (-item[0], -item[1]))
        return [segment for weight, _, segment in scored if weight >= scored[0][0] * _NEAR_BEST]

    def around(self, at: int) -> list[Segment]:
        """Segments of the evidence spoken of by the part of the sentence in which `at` stands, or by the whole."""
        for start, end in self.segments:
            if start <= at < end and (found := self.aligned(start, end)):
                return found
        return self.aligned(0, len(self.claim))

    def tail(self, start: int) -> str:
        """A few characters of the sentence from `start` on, to be shown."""
        return re.split(r"[，。（）]", self.claim[start : start + 10])[0]


_NEAR_BEST = 0.6
"""A segment is spoken of when it shares this part of what the best one shares."""


def _spread(ground: Ground, pair: str) -> int:
    return max(1, sum(pair in s.pairs for s in ground.segments))
