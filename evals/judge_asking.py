"""The configured chat model as a second opinion: the probability of its “是” against its “否”, read strictly.

What a model writes in words is worth little here (a model of 1.5 billion parameters says yes to nearly every
claim), so its token probabilities are used where its server gives them. The text under judgement stands between
marks that it cannot contain.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from assistant.model import ChatModel, ModelError
from prompts import Prompt, load_prompt

_YES, _NO = "是", "否"
_LEAST_MASS = 0.5
"""Probability that 是 and 否 must have together, or the model answered something else."""
_SAID = 0.9
"""Probability given to an answer in words, where the server tells no probabilities."""
_GRAMMAR = 'root ::= "是" | "否"'
_TOP = 10


class Unscored(Exception):  # noqa: N818 - an outcome, not a fault: the claim got no grade
    """No verdict could be reached; `str(error)` is the reason in Chinese."""


def prompt() -> Prompt:
    """`prompts/judge.md`."""
    return load_prompt("judge")


def ask(model: ChatModel, claim: str, evidence: Sequence[str]) -> float:
    """Probability, 0..1, with which the model finds the claim supported.

    Raises:
        Unscored: the model failed, or answered neither 是 nor 否.
    """
    numbered = "\n".join(f"{n}. {defused(text)}" for n, text in enumerate(evidence, 1))
    messages = prompt().messages(evidence=numbered, claim=defused(claim))
    chat = getattr(model, "chat", None)
    if chat is not None:
        try:
            message = chat.bind(logprobs=True, top_logprobs=_TOP, max_tokens=4).invoke(messages)
        except Exception:  # noqa: BLE001 - a server that tells no probabilities refuses the request: then words do
            told = None
        else:
            told = _first_token(message.response_metadata)
        if told:
            return _weighed(told)
    try:
        return _said("".join(model.stream(messages, 4, grammar=_GRAMMAR)))
    except ModelError as error:
        raise Unscored(f"裁判模型没有回答：{error}") from error


def defused(text: str) -> str:
    """Text that cannot close the marks it stands between."""
    return text.replace("⟦", "[").replace("⟧", "]")


def _first_token(metadata: Any) -> list[tuple[str, float]] | None:
    """(token, probability) of the most probable first tokens, or None when the server does not tell."""
    content = ((metadata or {}).get("logprobs") or {}).get("content") or []
    if not content:
        return None
    options = content[0].get("top_logprobs") or [content[0]]
    return [(str(o["token"]).strip(), math.exp(float(o["logprob"]))) for o in options]


def _weighed(options: Sequence[tuple[str, float]]) -> float:
    yes = sum(p for token, p in options if token == _YES)
    no = sum(p for token, p in options if token == _NO)
    if yes + no < _LEAST_MASS:
        raise Unscored("裁判模型的回答不是“是”或“否”")
    return yes / (yes + no)


def _said(reply: str) -> float:
    found = re.fullmatch(rf"\s*({_YES}|{_NO})[。.]?\s*", reply)
    if not found:
        raise Unscored("裁判模型的回答不是“是”或“否”")
    return _SAID if found[1] == _YES else 1 - _SAID
