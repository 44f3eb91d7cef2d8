"""A follow-up that rules cannot place, made into a standalone question by the model, and checked by code.

Rules come first (`assistant.understand`); this is asked only where they are unsure: 前者, 第二个, 另一个 after an
answer that named several things. What the model returns must be made of the conversation's own words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.alignment import bigrams, normalise
from assistant.answer import Turn
from assistant.masking import mask
from assistant.quantities import find_quantities
from assistant.understand import POINTS
from index.regions import mentioned_regions
from prompts import load_prompt

TURNS = 4
"""Earlier turns shown; what a follow-up refers to is nearly always in the last two exchanges."""
TURN_CHARS = 160
MAX_TOKENS = 60
MAX_CHARS = 80
LEAST_OWN = 0.8
"""Share of the rewrite's character pairs that must stand in the conversation; asking words make up the rest."""
PROMPT = "rewrite"
_DENIES = re.compile(r"[不未非没无]")


def rewriting_messages(question: str, history: Sequence[Turn]) -> list[dict[str, str]]:
    """Messages for a model: the last turns shortened, personal data masked."""
    names = {"user": "用户", "assistant": "答复"}
    lines = [f"{names[t.role]}：{mask(' '.join(t.content.split()))[:TURN_CHARS]}" for t in history[-TURNS:]]
    return load_prompt(PROMPT).messages(history="\n".join(lines), question=mask(question))


def accepted(rewrite: str, question: str, history: Sequence[Turn]) -> str:
    """The rewrite when it is one line of the conversation's own words and figures, else ""."""
    lines = [line.strip(" “”\"'") for line in rewrite.strip().splitlines() if line.strip()]
    text = re.sub(r"^(?:改写|问题|问)[：:]\s*", "", lines[0]) if lines else ""
    if not 4 <= len(text) <= MAX_CHARS:
        return ""
    spoken = normalise("。".join([question, *(t.content for t in history[-TURNS:])])).text
    pairs = bigrams(normalise(text).text)
    # A figure of an earlier answer in the rewrite is that answer again; what still points back was not rewritten.
    asked = "。".join([question, *(t.content for t in history[-TURNS:] if t.role == "user")])
    if POINTS.search(text) or "。" in text.strip("。"):
        return ""
    known = {(q.kind, q.value) for q in find_quantities(asked)}
    if any((q.kind, q.value) not in known for q in find_quantities(text)):
        return ""
    named, there = mentioned_regions(text), mentioned_regions(spoken)
    if set(named.regions) - set(there.regions) or set(named.areas) - set(there.areas):
        return ""
    if len(_DENIES.findall(text)) != len(_DENIES.findall(normalise(question).text)) and _DENIES.search(spoken):
        return ""  # 不符合条件的企业 must not lose its 不 on the way
    return text if len(pairs & bigrams(spoken)) >= LEAST_OWN * len(pairs) else ""
