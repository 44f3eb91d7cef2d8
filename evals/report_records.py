"""What a report shows of one question, as plain records for the template. Text and numbers only; nothing is markup."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from evals.questions import Gold

Outcome = Literal["right", "part", "wrong", "unscored"]
OUTCOMES: dict[Outcome, tuple[str, str]] = {
    "right": ("✓", "答对"), "part": ("◐", "不全"), "wrong": ("✕", "答错"), "unscored": ("○", "未评"),
}  # fmt: skip
"""Sign and word; colour only helps."""
Change = Literal["worse", "better", "reworded", "same", ""]
CHANGES: dict[Change, tuple[str, str]] = {
    "worse": ("▼", "变坏"), "better": ("▲", "变好"), "reworded": ("≈", "措辞有变"), "same": ("＝", "未变"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text."""

    text: str
    mark: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """A point that should, or should not, be in an answer."""

    label: str
    good: bool
    also: tuple[str, ...] = ()
    """Other wordings that count as well."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one of the two methods says of a claim."""

    supported: bool
    score: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class ClaimView:
    """One claim of a sentence."""

    question_id: str
    pieces: tuple[Piece, ...]
    """The claim, the words objected to marked."""
    evidence: tuple[str, ...]
    guard: Verdict | None
    judge: Verdict | None
    unscored: str = ""
    """Why the judge gave no verdict."""

    @property
    def disputed(self) -> bool:
        """Guard and judge disagree: a person should look."""
        return bool(self.guard and self.judge and self.guard.supported != self.judge.supported)


@dataclass(frozen=True, slots=True)
class SentenceView:
    """One sentence as it was shown."""

    text: str
    marks: tuple[int, ...]
    support: str
    formula: str
    claims: tuple[ClaimView, ...]


@dataclass(frozen=True, slots=True)
class CitedView:
    """One cited clause with the quoted words marked."""

    n: int
    clause_id: str
    document: str
    facts: str
    place: str
    pieces: tuple[Piece, ...]
    departments: str
    gold: bool


@dataclass(frozen=True, slots=True)
class HitView:
    """One retrieved clause."""

    rank: int
    clause_id: str
    score: float
    title: str
    gold: bool


@dataclass(frozen=True, slots=True)
class AnswerView:
    """One answer of one run."""

    run: str
    outcome: Outcome
    why: tuple[str, ...]
    """What is wrong, in a few words each."""
    refused: str
    """Reason of the refusal in Chinese, "" when answered."""
    mode: str
    degraded: str
    sentences: tuple[SentenceView, ...]
    notices: tuple[str, ...]
    points: tuple[Check, ...]
    taboos: tuple[Check, ...]
    due_notices: tuple[Check, ...]
    cited: tuple[CitedView, ...]
    hits: tuple[HitView, ...]
    values: tuple[tuple[str, float | None, str], ...]
    """(measure, value, why unscored), those that apply."""
    times: tuple[tuple[str, float], ...]

    @property
    def disputes(self) -> tuple[ClaimView, ...]:
        """Claims for human reading."""
        return tuple(c for s in self.sentences for c in s.claims if c.disputed)

    @property
    def unsupported(self) -> int:
        """Claims that the judge found no support for."""
        return sum(bool(c.judge and not c.judge.supported) for s in self.sentences for c in s.claims)


@dataclass(frozen=True, slots=True)
class QuestionView:
    """One question with its answer now and, of two runs, before."""

    id: str
    type: str
    type_word: str
    question: str
    read_as: str
    """The question as it was searched for, when that differs."""
    history: tuple[tuple[str, str], ...]
    region: str
    expectation: str
    gold: tuple[Gold, ...]
    gold_all: bool
    now: AnswerView
    before: AnswerView | None
    change: Change
    reasons: tuple[str, ...]
    """Why it turned: for each measure what it was and what it is."""
