"""A chat model whose replies are written in the test, behind the same interface as the real one."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from assistant.model import Message, ModelError, Usage


class ScriptedModel:
    """Says what it is told to, piece by piece; keeps what it was asked.

    A reply is text, an exception to raise, or a list of both; the last reply is repeated.
    """

    name = "scripted"
    takes_grammar = False

    def __init__(self, *replies: object, parallel: int = 4, pause_s: float = 0.0) -> None:
        self.replies, self.parallel, self.pause_s = list(replies), parallel, pause_s
        self.asked: list[list[Message]] = []
        self.grammars: list[str] = []
        self.closed = 0

    def stream(
        self, messages: Sequence[Message], max_tokens: int, usage: Usage | None = None, grammar: str = ""
    ) -> Iterator[str]:
        self.asked.append(list(messages))
        self.grammars.append(grammar)
        reply = self.replies[min(len(self.asked), len(self.replies)) - 1]
        finished = False
        try:
            for part in reply if isinstance(reply, list) else [reply]:
                if isinstance(part, Exception):
                    finished = True
                    raise part
                for character in str(part):
                    if self.pause_s:
                        time.sleep(self.pause_s)
                    yield character
            finished = True
            if usage:
                usage.prompt_tokens, usage.completion_tokens = 100, 20
        finally:
            self.closed += not finished


__all__ = ["ModelError", "ScriptedModel"]
