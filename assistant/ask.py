"""The main path, from a message to a recorded answer:

    understand → search → choose evidence, or refuse → calculate → write → guard → complete → notices → record
                      ↘ an answer that people settled → notices → record

A model writes when there is one; each of its sentences passes the guard before anybody sees it, and what it
leaves out or gets wrong is said in the clauses' own words. Without a model, or when it fails or is slow, all of
it is. This file knows nothing of pages, command lines, vector stores or providers. Evidence is sent first,
before any sentence, so a reader has the clauses at once.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from assistant import compose
from assistant.answer import ANYBODY, Answer, Asker, Citation, Recorder, Refusal, Retrieved, Sentence, Turn
from assistant.arithmetic import CAUTION
from assistant.completion import complete
from assistant.gathering import gather
from assistant.model import ModelError, Usage
from assistant.notices import heading, notices_for
from assistant.reviewed import Pinned, Reviewers
from assistant.understand import MAX_QUESTION_CHARS, Understood, understand
from assistant.vetting import Vetter
from assistant.when import AsOf, read_when
from assistant.writer import Writer, gains_by_writing, prompt_version
from index.live import Index
from index.query import Query
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


def _rewritten(
    understood: Understood, message: str, history: Sequence[Turn], writer: Writer, answer: Answer
) -> Understood:
    """A follow-up that the rules were unsure of, as the model reads it; unchanged when that fails."""
    usage = Usage()
    standalone = writer.rewrite(message, history, usage)
    answer.count(usage.prompt_tokens, usage.completion_tokens)
    return replace(understood, standalone=standalone, followed=True) if standalone else understood


@dataclass(frozen=True, slots=True)
class Assistant:
    """Everything that answering needs. Shared by all askers; holds nothing of any conversation."""

    index: Index
    """Where the clauses are; a live one moves on to what becomes current."""
    writer: Writer | None = None
    """Who writes; None answers in the clauses' own words."""
    records: Recorder | None = None
    """Where answers are kept; None keeps none."""
    region: str = ""
    """Region of askers who name none."""
    today: dt.date | None = None
    """Fixed day, for tests and for asking as of a day; None takes the clock."""
    pins: Reviewers | None = None
    """Answers that people settled; None asks nobody."""

    @property
    def searcher(self) -> Searcher:
        """The index as of now; who takes several steps takes it once."""
        return self.index.now()

    def held(self) -> Assistant:
        """The same, on the index of now to the end."""
        return replace(self, index=self.searcher)

    def answer(
        self,
        message: str,
        history: Sequence[Turn] = (),
        asker: Asker = ANYBODY,
        *,
        llm: bool = True,
        as_of: dt.date | None = None,
    ) -> Answer:
        """One whole answer."""
        for event in self.stream(message, history, asker, llm=llm, as_of=as_of):
            if event.answer:
                return event.answer
        raise AssertionError("stream ended without an answer")

    def stream(
        self,
        message: str,
        history: Sequence[Turn] = (),
        asker: Asker = ANYBODY,
        *,
        llm: bool = True,
        as_of: dt.date | None = None,
    ) -> Iterator[Event]:
        """Answer one message step by step; closing the iterator stops the model.

        Args:
            message: as typed; any length, any characters.
            history: earlier turns, oldest first.
            asker: who asks; their region counts when the message names none.
            llm: whether the model may write, where there is one.
            as_of: day for which the answer is wanted; it wins over what the question says.
        """
        started, held = time.perf_counter(), self.held()
        answer = Answer(question=message, index_version=held.searcher.version)
        writer = self.writer if llm else None
        understood = understand(message, history)
        if understood.unsure and writer:
            understood = _rewritten(understood, message, history, writer, answer)
        answer.standalone_question = understood.standalone or message
        today = self.today or dt.date.today()
        when = read_when(understood.standalone, today)
        when = replace(when, day=as_of, said="", earlier=False) if as_of else when
        answer.as_of = when.day.isoformat()
        if understood.kind == "question":
            region = asker.region or self.region
            for event in held._from_clauses(answer, understood, when, today, region, writer, started):
                if event.sentence:
                    answer.sentences.append(event.sentence)
                    answer.timings_ms.setdefault("first_sentence", (time.perf_counter() - started) * 1000)
                yield event
        else:
            self._without_clauses(answer, understood)
            yield from (Event("sentence", sentence=s) for s in answer.sentences)
        answer.timings_ms["total"] = (time.perf_counter() - started) * 1000
        if self.records:
            self.records.keep(answer, history, asker)
        yield Event("done", answer=answer)

    def _from_clauses(
        self,
        answer: Answer,
        understood: Understood,
        when: AsOf,
        today: dt.date,
        region: str,
        writer: Writer | None,
        started: float,
    ) -> Iterator[Event]:
        question = when.rest
        found = self.searcher.search(question, RETRIEVED, region, day=when.day.isoformat())
        answer.timings_ms |= found.timings_ms
        pins = self.pins.at(self.searcher) if self.pins and when.day == today and not when.earlier else None
        if pins and (pinned := pins.pinned(question, found, region, today)):
            answer.retrieved = [Retrieved(s.clause, s.score) for s in found.ranked]
            yield from self._reviewed(answer, pinned, found.query, today, started)
            return
        gathered = gather(found, self.searcher, when, RETRIEVED, region)
        found, chosen, calculated, decision = gathered.found, gathered.chosen, gathered.calculated, gathered.decision
        answer.retrieved = [Retrieved(s.clause, s.score) for s in found.ranked]
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
            yield from (Event("sentence", sentence=s) for s in sentences)
        else:
            if said := heading(chosen, self.searcher, today, when):
                yield Event("sentence", sentence=said)
            if calculated:
                yield Event("sentence", sentence=calculated)
            writer = None if gathered.literal else writer
            until = started + writer.seconds if writer else 0.0
            for place in compose.by_place(chosen, answer.citations):
                if place.heading:
                    yield Event("sentence", sentence=place.heading)
                for sentence in self._written(answer, place, question, found.query, writer, until):
                    yield Event("sentence", sentence=sentence)
            if decision.missing:
                yield Event("sentence", sentence=compose.unsaid(decision.missing))
        answer.notices = notices_for(chosen, found.query, self.searcher, today, when)
        if pins and decision.reason == Refusal.NO_EVIDENCE:
            settled = pins.unregulated(question, found, region)
            answer.notices = [settled, *answer.notices] if settled else answer.notices
        if calculated and calculated.entitles and not answer.refused:
            answer.notices.append(CAUTION)
        if understood.shortened:
            answer.notices.append(f"问题超过{MAX_QUESTION_CHARS}字，只按开头和结尾部分回答。")
        yield from (Event("notice", notice=notice) for notice in answer.notices)

    def _reviewed(
        self, answer: Answer, pinned: Pinned, query: Query, today: dt.date, started: float
    ) -> Iterator[Event]:
        """What people settled, marked as theirs, with the notices of the clauses that it cites."""
        answer.pin, answer.reviewed = pinned.pin, pinned.reviewed.isoformat()
        answer.citations = compose.cite(pinned.chosen, self.searcher)
        answer.timings_ms["evidence"] = (time.perf_counter() - started) * 1000
        yield Event("evidence", citations=tuple(answer.citations))
        answer.notices = [pinned.mark, *notices_for(pinned.chosen, query, self.searcher, today)]
        yield Event("notice", notice=pinned.mark)
        yield from (Event("sentence", sentence=s) for s in pinned.sentences)
        yield from (Event("notice", notice=notice) for notice in answer.notices[1:])

    def _written(
        self, answer: Answer, place: compose.Place, question: str, query: Query, writer: Writer | None, until: float
    ) -> Iterator[Sentence]:
        """What is said of one place's evidence: the model's sentences that hold, then what they leave out."""
        vetter = Vetter(place.citations)
        if writer and gains_by_writing(place.chosen, query):
            answer.model, answer.prompt_version = writer.model.name, prompt_version()
            usage = Usage()
            try:
                for draft in writer.write(question, place.chosen, place.citations, usage, until):
                    if sentence := vetter.vet(draft):
                        yield sentence
            except ModelError as error:
                answer.degraded = str(error)
            answer.count(usage.prompt_tokens, usage.completion_tokens)
            answer.vetting += vetter.log
            if any(v.outcome in ("passed", "recited") for v in vetter.log):
                answer.mode = "llm"
        yield from complete(place.chosen, place.citations, query, question, vetter.shown)

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
