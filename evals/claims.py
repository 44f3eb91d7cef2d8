"""A sentence of an answer split into claims, without a model: the same text always gives the same claims.

RAGAS (Es et al. 2023) has a model rewrite an answer as statements; two calls give two sets, and a figure over
them moves by itself. Here a claim is a span of the answer: a sentence, an item of a list, or a part between
semicolons that stands by itself. Nothing is reworded, so a verdict can point at words that the reader saw.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_STOPS = "。！？!?"
_PAIRS = {
    "（": "）",
    "(": ")",
    "［": "］",
    "[": "]",
    "【": "】",
    "〔": "〕",
    "《": "》",
    "“": "”",
    "「": "」",
    "『": "』",
}
_QUOTES = "”」』"
_OPENS_ITEM = re.compile(
    r"[ \t]*(?:[（(](?:\d{1,2}|[一二三四五六七八九十]{1,3})[）)]"
    r"|[①-⑳]|[一二三四五六七八九十]{1,3}、|\d{1,2}、|\d{1,2}[.．](?![\d%])|[-•·*][ ]+)[ ]*"
)
"""The mark of a list item: （一） (1) ① 一、 1、 1. and bullets; 1.5亿 and 2.0 are figures."""
_LEANS = re.compile(
    r"(?:其中|并|且|但|或|同时|也|还|则|再|以及|首年|次年|第[一二三四五六七八九十\d]+年|每|单个|单笔|累计|合计|总额|年度"
    r"|最高|最多|最低|不超过|不低于|不得|超过|上限|下限|逾期|否则|期满|其他|其余|剩余|该|此|上述|前述)"
)
"""First words of a part that has its subject or its condition in the part before the semicolon."""
_MARK = re.compile(r"\[\d{1,3}\]")
_NOTHING = re.compile(r"[\W_]*", re.UNICODE)


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim; `text` is `sentence[start:end]` without citation marks."""

    text: str
    start: int
    end: int


def claims_of(sentence: str) -> list[Claim]:
    """Claims of one answer sentence, in order; together they hold all its words but list marks.

    Splits after 。！？ and line breaks, before the mark of a list item that opens a line or follows a stop, and
    after ； when what follows does not lean on what came before (`第二年20万元` stays with its condition). Words
    that end in a colon stay with the first item that they announce.
    Nothing is split inside brackets or quotes that are closed, nor at the points of 〔2024〕5号, 1.5亿 or 2.0.
    """
    inside = _enclosed(sentence)
    cuts = [0]
    for i, c in enumerate(sentence):
        announced = sentence[:i].rstrip().endswith(("：", ":"))
        if (c == "\n" and not announced) or (
            not inside[i] and (c in _STOPS or (c in "；;" and not _LEANS.match(_after(sentence, i))))
        ):
            cuts.append(i + 1)
        elif c in _QUOTES and not inside[i + 1] and i and sentence[i - 1] in _STOPS:
            cuts.append(i + 1)  # “……。” ends a sentence with its closing quote
        elif not inside[i] and not announced and _item_starts(sentence, i):
            cuts.append(i)
    cuts.append(len(sentence))
    return [claim for a, b in zip(cuts, cuts[1:], strict=False) if (claim := _claim(sentence, a, b))]


def _enclosed(text: str) -> list[bool]:
    """For each character (and one past the end) whether it stands within a closed pair; a line break ends all."""
    inside = [False] * (len(text) + 1)
    open_at: list[tuple[str, int]] = []
    for i, c in enumerate(text):
        if c == "\n":
            open_at.clear()
        elif c in _PAIRS:
            open_at.append((_PAIRS[c], i))
        elif any(c == closing for closing, _ in open_at):
            while open_at[-1][0] != c:
                open_at.pop()
            start = open_at.pop()[1]
            inside[start + 1 : i + 1] = [True] * (i - start)
    return inside


def _after(text: str, i: int) -> str:
    """The first words of the next part."""
    return _MARK.sub("", text[i + 1 : i + 24]).lstrip()


def _item_starts(text: str, i: int) -> bool:
    """Whether a list item's mark begins here: at the start of a line or after a stop or a semicolon."""
    before = _MARK.sub("", text[:i]).rstrip(" \t")
    return (not before or before[-1] in "\n。！？；;") and bool(text[i].strip()) and bool(_OPENS_ITEM.match(text, i))


def _claim(text: str, start: int, end: int) -> Claim | None:
    if mark := _OPENS_ITEM.match(text, start, end):
        start = mark.end()
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    plain = _MARK.sub("", text[start:end]).strip()
    return None if _NOTHING.fullmatch(plain) else Claim(plain, start, end)


def faithfulness(supported: Sequence[bool]) -> float | None:
    """Supported claims over all claims (RAGAS, Es et al. 2023, section 3); None for an answer without claims."""
    return sum(supported) / len(supported) if supported else None
