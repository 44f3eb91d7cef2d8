"""Answers for many people at once: a few at a time, in order, each stopped when its reader has gone.

The main path is ordinary blocking code, so it runs in threads. Search is processor work: more threads than
`SEARCHES_AT_ONCE` make everybody slower. A thread that waits for a model costs nothing, so of those there are many.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import anyio
import anyio.to_thread
from anyio import CapacityLimiter
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.types import Receive, Scope, Send

from assistant.answer import Answer, Asker, Citation, Sentence, Turn
from assistant.ask import Assistant, Event
from assistant.web.line import TICKET, Line, Ticket, in_line
from assistant.web.metrics import Metrics
from assistant.web.problems import LINES, Problem

SEARCHES_AT_ONCE = max(2, min(8, os.cpu_count() or 1))
"""One for each processor: on two, 2 and 3 give the same (26 answers a second), 1 gives a tenth less."""
MOST_INSIDE = 200
"""Answers being made or waiting; after that, 503."""
RETRY_S = 5
ANSWER_S = 180.0
"""Longest life of one answer."""
TICK_S = 1.0
"""How often a waiting reader's place in line is looked at."""
QUIET_S = 5.0
"""A reader who has heard nothing for so long is told that the model writes: on a busy machine it takes 40 s."""
KEEP_ALIVE_S = 10
STUCK_S = 30.0
"""A reader who takes nothing for so long is cut off."""
FULL = "现在提问的人太多，请稍后再试"
WAITING = "前面还有 {ahead} 位在等，请稍候……"
WRITING = "正在撰写回答，请稍候……"

T = TypeVar("T")
log = logging.getLogger("wence.api")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to tell a reader; `data` is JSON."""

    kind: Literal["evidence", "waiting", "sentence", "notice", "done", "error"]
    data: dict[str, Any]
    answer: Answer | None = None
    citations: tuple[Citation, ...] = ()
    sentence: Sentence | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, personal data masked."""

    text: str
    history: tuple[Turn, ...] = ()
    region: str = ""
    llm: bool = True
    conversation: str = ""
    site: str = ""
    as_of: dt.date | None = None
    """Day for which the answer is wanted; None for the question's own, else today."""


class Desk:
    """Answers questions of many; one for a server."""

    def __init__(self, assistant: Assistant, metrics: Metrics) -> None:
        self.assistant = assistant
        self._line: Line | None = None
        if alone := getattr(assistant, "writer", None):
            writer, self._line = in_line(alone)
            self.assistant = dataclasses.replace(assistant, writer=writer)
        self.metrics = metrics
        self._searches = CapacityLimiter(SEARCHES_AT_ONCE)
        self._writings = CapacityLimiter(MOST_INSIDE)
        self._inside = 0

    @property
    def has_model(self) -> bool:
        """Whether a language model writes."""
        return self._line is not None

    def enter(self) -> None:
        """Take a place; who took one calls `leave`.

        Raises:
            Problem: 503, all places are taken.
        """
        if self._inside >= MOST_INSIDE:
            self.metrics.refused.labels("busy").inc()
            raise Problem(503, FULL, RETRY_S)
        self._inside += 1
        self.metrics.inside.set(self._inside)

    def leave(self) -> None:
        """Give a place back."""
        self._inside -= 1
        self.metrics.inside.set(self._inside)

    async def search(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run a short piece of processor work when its turn has come.

        Raises:
            Problem: 503.
        """
        self.enter()
        try:
            return await anyio.to_thread.run_sync(work, *arguments, limiter=self._searches)
        finally:
            self.leave()

    async def answer(self, question: Question) -> AsyncIterator[Step]:
        """One answer, step by step; ends with `done` or `error`. Closing it stops the model."""
        started, ticket = time.perf_counter(), Ticket()
        TICKET.set(ticket)
        extra: dict[str, Any] = {} if question.llm else {"llm": False}
        extra |= {"as_of": question.as_of} if question.as_of else {}
        asker = Asker(question.region, question.site, question.conversation)
        events = iter(self.assistant.stream(question.text, question.history, asker=asker, **extra))
        task: asyncio.Future[list[Event]] | None = None
        try:
            task = self._run(_first, events, self._searches)
            while batch := await asyncio.shield(task):
                for event in batch:
                    yield self._step(event, question, started)
                if batch[-1].kind == "done":
                    return
                # Composing takes 2 ms, so it does not stand in line behind other people's searches.
                task = self._run(_one if self._line and question.llm else list, events, self._writings)
                async for step in self._patiently(task, ticket, started):
                    yield step
        except TimeoutError:
            yield Step("error", {"message": "这次回答花的时间太长，已停止；请换个问法再试", "code": "timeout"})
        except Exception:
            log.exception("answering failed")
            self.metrics.refused.labels("internal").inc()
            yield Step("error", {"message": LINES[500], "code": "internal"})
        finally:
            with anyio.CancelScope(shield=True):
                if self._line:
                    self._line.give_up(ticket)
                if task and not task.done():
                    await asyncio.wait([task])
                if task and not task.cancelled():
                    task.exception()  # looked at, so that nobody warns of it
                await anyio.to_thread.run_sync(_close, events, limiter=self._writings)

    def _run(
        self, take: Callable[[Iterator[Event]], list[Event]], events: Iterator[Event], limiter: CapacityLimiter
    ) -> asyncio.Future[list[Event]]:
        return asyncio.ensure_future(anyio.to_thread.run_sync(take, events, limiter=limiter))

    async def _patiently(
        self, task: asyncio.Future[list[Event]], ticket: Ticket, started: float
    ) -> AsyncIterator[Step]:
        """Say how many are ahead while a task waits, and that it is at work when it takes long."""
        told, spoken = 0, time.perf_counter()
        while not (await asyncio.wait([task], timeout=TICK_S))[0]:
            if time.perf_counter() - started > ANSWER_S:
                raise TimeoutError
            ahead, now = ticket.ahead, time.perf_counter()
            if (ahead and ahead != told) or (not ahead and now - spoken > QUIET_S):
                yield Step("waiting", {"text": WAITING.format(ahead=ahead) if ahead else WRITING, "ahead": ahead})
                spoken = now
            told = ahead

    def _step(self, event: Event, question: Question, started: float) -> Step:
        if event.kind == "evidence":
            self.metrics.evidence.observe(time.perf_counter() - started)
            data: dict[str, Any] = {"citations": [c.to_json() for c in event.citations]}
            return Step("evidence", data, citations=event.citations)
        if event.sentence:
            return Step("sentence", event.sentence.to_json(), sentence=event.sentence)
        if event.answer is None:
            return Step("notice", {"text": event.notice})
        answer = event.answer
        self.metrics.answered.observe(time.perf_counter() - started)
        outcome = str(answer.refusal_reason) if answer.refusal_reason else "answered"
        self.metrics.answers.labels(answer.mode, outcome, question.site).inc()
        return Step("done", answer.to_json() | {"conversation": question.conversation}, answer=answer)


def _one(events: Iterator[Event]) -> list[Event]:
    return [event] if (event := next(events, None)) else []


def _first(events: Iterator[Event]) -> list[Event]:
    """The evidence alone; without any (small talk) everything."""
    first = next(events)
    return [first] if first.kind == "evidence" else [first, *events]


def _close(events: Iterator[Event]) -> None:
    if close := getattr(events, "close", None):
        close()


def history_of(turns: Sequence[tuple[str, str]]) -> tuple[Turn, ...]:
    """Turns from (role, content) pairs."""
    return tuple(Turn("assistant" if role == "assistant" else "user", content) for role, content in turns)


class Stream(EventSourceResponse):
    """A stream of events to one reader; gives the desk its place back whatever happens."""

    def __init__(self, content: AsyncIterator[ServerSentEvent], desk: Desk) -> None:
        super().__init__(
            content, ping=KEEP_ALIVE_S, sep="\n", send_timeout=STUCK_S, cleanup_timeout=None,
            ping_message_factory=lambda: ServerSentEvent(comment="…", sep="\n"),
        )  # fmt: skip
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the end, or until the reader has gone."""
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            log.warning("a reader took nothing for %.0f s and was cut off", STUCK_S)
        finally:
            self._desk.leave()
