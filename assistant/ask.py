"""The main path, from a message to a recorded answer:

    understand → search → choose evidence, or refuse → compose in the clauses' own words → notices → record

It knows nothing of pages, command lines or vector stores. Evidence is sent first, before any sentence, so a
reader has the clauses at once.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant import compose
from assistant.answer import Answer, Citation, Refusal, Retrieved, Sentence, Turn
from assistant.evidence import choose
from assistant.notices import notices_for
from assistant.record import keep
from assistant.refusal import decide
from assistant.understand import MAX_QUESTION_CHARS, Understood, understand
from index.search import Searcher

RETRIEVED = 30
"""Clauses ranked for one question; ten of them are reported."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing to show, in order: evidence, then sentences and notices, then the whole answer."""

    kind: Literal["evidence", "sentence", "notice", "done"]
    citations: tuple[Citation, ...] = ()
    sentence: Sentence | None = None
    notice: str = ""
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Assistant:
    """Everything that answering needs. Shared by all askers; holds nothing of any conversation."""

    searcher: Searcher
    home: Path | None = None
    """Where records are kept; None keeps none."""
    region: str = ""
    """Region of askers who name none."""
    today: dt.date | None = None
    """Fixed day, for tests and for asking as of a day; None takes the clock."""

    def answer(self, message: str, history: Sequence[Turn] = (), region: str = "") -> Answer:
        """One whole answer."""
        for event in self.stream(message, history, region):
            if event.answer:
                return event.answer
        raise AssertionError("stream ended without an answer")

    def stream(self, message: str, history: Sequence[Turn] = (), region: str = "") -> Iterator[Event]:
        """Answer one message step by step.

        Args:
            message: as typed; any length, any characters.
            history: earlier turns, oldest first.
            region: the asker's region when the message names none.
        """
        started = time.perf_counter()
        answer = Answer(question=message, index_version=self.searcher.version)
        understood = understand(message, history)
        answer.standalone_question = understood.standalone or message
        if understood.kind == "question":
            yield from self._from_clauses(answer, understood, region or self.region, started)
        else:
            self._without_clauses(answer, understood)
            yield from (Event("sentence", sentence=s) for s in answer.sentences)
        answer.timings_ms["total"] = (time.perf_counter() - started) * 1000
        if self.home:
            keep(self.home, answer)
        yield Event("done", answer=answer)

    def _from_clauses(self, answer: Answer, understood: Understood, region: str, started: float) -> Iterator[Event]:
        question = understood.standalone
        found = self.searcher.search(question, RETRIEVED, region)
        answer.retrieved = [Retrieved(s.clause, s.score) for s in found.ranked]
        answer.timings_ms |= found.timings_ms
        chosen = choose(found, self.searcher, question)
        decision = decide(question, found, chosen, self.searcher)
        if decision.reason == Refusal.OUT_OF_SCOPE:
            chosen = []
        elif decision.reason:
            chosen = chosen[: compose.MAX_NEAREST]
        answer.citations = compose.cite(chosen, self.searcher)
        answer.timings_ms["evidence"] = (time.perf_counter() - started) * 1000
        yield Event("evidence", citations=tuple(answer.citations))
        answer.refused, answer.refusal_reason = decision.reason is not None, decision.reason
        if decision.reason:
            sentences = compose.refusal(decision.reason, decision.missing, chosen, answer.citations)
        else:
            sentences = compose.verbatim(chosen, answer.citations, found.query)
        for sentence in sentences:
            answer.sentences.append(sentence)
            yield Event("sentence", sentence=sentence)
        answer.notices = notices_for(chosen, found.query, self.searcher, self.today or dt.date.today())
        if understood.shortened:
            answer.notices.append(f"问题超过{MAX_QUESTION_CHARS}字，只按开头和结尾部分回答。")
        yield from (Event("notice", notice=notice) for notice in answer.notices)

    def _without_clauses(self, answer: Answer, understood: Understood) -> None:
        """Small talk, empty input, and what we do not do."""
        words = {"smalltalk": compose.GREETING, "empty": compose.EMPTY}
        if understood.kind in words:
            thanked = any(w in answer.question for w in ("谢", "辛苦", "再见", "拜拜"))
            answer.sentences = [Sentence(compose.THANKS if thanked else words[understood.kind], (), "notice")]
            return
        answer.refused = True
        answer.refusal_reason = Refusal.UNSAFE if understood.kind == "unsafe" else Refusal.OUT_OF_SCOPE
        answer.sentences = compose.refusal(answer.refusal_reason, (), (), ())
