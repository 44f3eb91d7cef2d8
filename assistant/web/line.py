"""The line in front of a model: who came first is written for first, and everybody is told how many are ahead.

A ticket travels in a context variable, so that the main path need not know of lines. When the asker has gone, the
model stops at its next piece and not only at the end of a sentence.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextvars import ContextVar

from assistant.model import ChatModel, Message, Usage
from assistant.writer import Writer


class Ticket:
    """One asker's place in line."""

    __slots__ = ("ahead", "given_up")

    def __init__(self) -> None:
        self.ahead = 0
        """How many are in front, the one who is served included; 0 when not in line."""
        self.given_up = False


TICKET: ContextVar[Ticket | None] = ContextVar("ticket", default=None)


class Line:
    """A semaphore that serves in the order of arrival; `threading.Semaphore` wakes whom it likes.

    Args:
        places: how many are served at the same time.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: deque[Ticket] = deque()
        self._changed = threading.Condition()

    def acquire(self, timeout: float) -> bool:
        """Wait for one's turn, at most `timeout` seconds; False when it did not come or the asker has gone."""
        ticket = TICKET.get() or Ticket()

        def ready() -> bool:
            place = self._waiting.index(ticket)
            ticket.ahead = place + 1
            return ticket.given_up or (place == 0 and self._free > 0)

        with self._changed:
            self._waiting.append(ticket)
            try:
                came = self._changed.wait_for(ready, timeout) and not ticket.given_up
                self._free -= came
            finally:
                self._waiting.remove(ticket)
                ticket.ahead = 0
                self._changed.notify_all()
            return came

    def release(self) -> None:
        """Let the next one in."""
        with self._changed:
            self._free += 1
            self._changed.notify_all()

    def give_up(self, ticket: Ticket) -> None:
        """The asker has gone."""
        with self._changed:
            ticket.given_up = True
            self._changed.notify_all()


class Stoppable:
    """A chat model whose reply ends when the asker has gone."""

    def __init__(self, model: ChatModel) -> None:
        self.name, self.parallel, self.takes_grammar = model.name, model.parallel, model.takes_grammar
        self._model = model

    def stream(
        self, messages: Sequence[Message], max_tokens: int, usage: Usage | None = None, grammar: str = ""
    ) -> Iterator[str]:
        """See `ChatModel`."""
        ticket = TICKET.get()
        pieces = self._model.stream(messages, max_tokens, usage, grammar)
        try:
            for piece in pieces:
                if ticket and ticket.given_up:
                    return
                yield piece
        finally:
            if close := getattr(pieces, "close", None):
                close()


def in_line(writer: Writer) -> tuple[Writer, Line]:
    """A writer with the same model that serves in the order of arrival, and its line."""
    line = Line(writer.model.parallel)
    return Writer(Stoppable(writer.model), writer.seconds, line), line
