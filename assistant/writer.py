"""Writing with a chat model: few numbered evidence sentences in, draft sentences with their citations out.

Nothing that comes from here has been checked yet; `assistant.vetting` decides what is shown.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from assistant.answer import Citation, Turn
from assistant.compose import asks_who_only
from assistant.evidence import Chosen
from assistant.masking import mask
from assistant.model import ChatModel, Message, ModelError, Usage
from assistant.rewriting import MAX_TOKENS as REWRITE_TOKENS
from assistant.rewriting import accepted, rewriting_messages
from assistant.selection import grammar
from index.card import is_card
from index.clause import Status
from index.query import Intent, Query
from prompts import load_prompt

MAX_TOKENS = 320
"""Three sentences take 60 to 200; a model that does not stop is stopped."""
MAX_SENTENCES = 6
QUEUE_S = 12.0
"""Longest wait for those who asked before; the evidence is on the page meanwhile."""
REWRITING_S = 8.0
"""A follow-up is searched for as the rules read it when a model takes longer."""
REST_S = 20.0
"""A model that failed is left alone for so long: askers then get the clauses' words at once, not after a timeout."""
MAX_DRAFT_CHARS = 400
"""A sentence longer than this is none: the longest of the five documents has 331 characters."""
SHORT_CHARS = 60
PROMPT = "answer"

_CITED = re.compile(r"[ ]*[\[［【(（]\s*(\d{1,2}(?:\s*[,，、]\s*\d{1,2}|\s+\d{1,2})*)\s*[,，、]?\s*[\]］】)）]")
"""Linear in the length of the text: a reply may end in a thousand digits without a bracket."""
_END = re.compile(r"[。！？!?\n]")
_LABEL = re.compile(r"^(?:\s|[-*•·#>]|\d+[.、](?!\d)|(?:答复?|回答|结论|答案)[：:])+")
_STATUS = {Status.DRAFT: "征求意见稿", Status.REPLY: "答复函", Status.EXPIRED: "已过期", Status.REPEALED: "已废止"}


@dataclass(frozen=True, slots=True)
class Draft:
    """One sentence as a model wrote it."""

    text: str
    cited: tuple[int, ...]
    """Numbers it gave, () when it gave none; they may be wrong."""


def gains_by_writing(chosen: Sequence[Chosen], query: Query) -> bool:
    """Whether a model has anything to do: document facts and clauses asked for by number are shown as they are,
    departments and the footnotes that define a term stand in lines of their own, and one short sentence gets no
    shorter."""
    first = chosen[0].clause
    if (asks_who_only(query) and first.department_text) or (Intent.DEFINITION in query.intents and first.footnotes):
        return False
    if all(is_card(c.clause) for c in chosen) or (chosen[0].scored.addressed and Intent.FACTS not in query.intents):
        return False
    return sum(s.end - s.start for c in chosen for s in c.spans) > SHORT_CHARS


def prompt_version() -> str:
    """Hash of the prompt that is in use."""
    return load_prompt(PROMPT).version


def numbered(chosen: Sequence[Chosen], citations: Sequence[Citation]) -> str:
    """Evidence for a prompt: one clause a line, its chosen sentences and departments, not the whole clause."""
    lines = []
    for c, citation in zip(chosen, citations, strict=True):
        clause = c.clause
        said = " ".join(clause.text[s.start : s.end].replace("\n", " ") for s in c.spans)
        where = " ".join(x for x in (clause.region, _STATUS.get(clause.status, ""), clause.title) if x)
        lines.append(f"[{citation.n}] {where}：{said}{clause.department_text}")
    return "\n".join(lines)


class Turns(Protocol):
    """Who may use a model now. A semaphore is one."""

    def acquire(self, *, timeout: float) -> bool:
        """Wait for one's turn, at most so many seconds; False when it did not come."""

    def release(self) -> object:
        """Let the next one in; once for each turn that came."""


class Writer:
    """A model with its queue, its time limit and its rests. Shared by all askers.

    Args:
        model: who writes.
        seconds: longest time for one answer.
        turns: lets as many in as the model takes at once; None takes a semaphore, which wakes whom it likes.
    """

    def __init__(self, model: ChatModel, seconds: float = 40.0, turns: Turns | None = None) -> None:
        self.model, self.seconds = model, seconds
        self._turns = turns or threading.BoundedSemaphore(model.parallel)
        self._rests_until = 0.0

    def write(
        self, question: str, chosen: Sequence[Chosen], citations: Sequence[Citation], usage: Usage, until: float
    ) -> Iterator[Draft]:
        """Draft sentences as they are finished; closing the iterator stops the model.

        Args:
            question: standalone; personal data is masked before it leaves.
            chosen: the evidence, at least one.
            citations: its numbers, in the same order.
            usage: the tokens of this call are added to it.
            until: `time.perf_counter()` value after which the model is stopped.

        Raises:
            ModelError: as `ChatModel.stream`; or the time is over, others are served, or the model rests.
        """
        messages = load_prompt(PROMPT).messages(evidence=numbered(chosen, citations), question=mask(question))
        rules = grammar(chosen, citations) if self.model.takes_grammar else ""
        seen: set[str] = set()
        for draft in drafts(self._pieces(messages, rules, usage, until)):
            if draft.text in seen or len(seen) == MAX_SENTENCES:
                break  # a model that repeats itself goes on doing so
            seen.add(draft.text)
            yield draft

    def rewrite(self, question: str, history: Sequence[Turn], usage: Usage) -> str:
        """A follow-up as a standalone question in the conversation's own words, "" when that fails."""
        messages = rewriting_messages(question, history)
        until = time.perf_counter() + REWRITING_S
        try:
            text = "".join(self._pieces(messages, "", usage, until, REWRITE_TOKENS))
        except ModelError:
            return ""
        return accepted(text, question, history)

    def _pieces(
        self, messages: Sequence[Message], rules: str, usage: Usage, until: float, max_tokens: int = MAX_TOKENS
    ) -> Iterator[str]:
        if time.perf_counter() < self._rests_until:
            raise ModelError("模型服务刚出过错，稍后再用")
        if not self._turns.acquire(timeout=max(0.0, min(QUEUE_S, until - time.perf_counter()))):
            raise ModelError("模型正忙")
        mine = Usage()
        pieces = self.model.stream(messages, max_tokens, mine, rules)
        try:
            for piece in pieces:
                yield piece
                if time.perf_counter() > until:
                    raise ModelError("模型没有在限定时间内写完")
        except ModelError as error:
            # Only a service that is ill for everybody rests; one slow or refused question is nobody else's loss.
            self._rests_until = time.perf_counter() + (REST_S if error.ill else 0.0)
            raise
        finally:
            if isinstance(pieces, Generator):
                pieces.close()  # also when the asker has gone: nobody reads on
            self._turns.release()
            usage.prompt_tokens += mine.prompt_tokens
            usage.completion_tokens += mine.completion_tokens


def drafts(pieces: Iterator[str]) -> Iterator[Draft]:
    """Sentences of a reply that comes in pieces, each as soon as it and its citation marks are complete.

    >>> list(drafts(iter(["给予30", "万元。[1", "]由市科委牵头[2]。"])))
    [Draft(text='给予30万元。', cited=(1,)), Draft(text='由市科委牵头。', cited=(2,))]
    """
    rest = ""
    for piece in pieces:
        rest += piece
        while (cut := _complete(rest, last=False)) is not None:
            if draft := _draft(rest[:cut]):
                yield draft
            rest = rest[cut:]
        if len(rest) > MAX_DRAFT_CHARS:
            return
    while rest:
        cut = _complete(rest, last=True) or len(rest)
        # What has no end was cut off: half a sentence may have lost its condition.
        if _END.search(rest[:cut]) and (draft := _draft(rest[:cut])):
            yield draft
        rest = rest[cut:]


def _complete(text: str, last: bool) -> int | None:
    """Where the first sentence ends, marks that follow it included; None while it may still go on."""
    end = _END.search(text)
    if not end:
        return None
    at = end.end()
    while m := _CITED.match(text, at):
        at = m.end()
    closed = text[at:].lstrip(" ")
    if not last and (not closed or closed[0] in "[［【(（"):
        return None  # a mark may be on its way
    return at


def _draft(text: str) -> Draft | None:
    cited = tuple(dict.fromkeys(int(n) for m in _CITED.finditer(text) for n in re.findall(r"\d+", m.group(1))))
    plain = _LABEL.sub("", _CITED.sub("", text).replace("**", "")).strip()
    if not re.search(r"\w", plain):
        return None
    return Draft(plain if _END.search(plain[-1]) else f"{plain}。", cited)
