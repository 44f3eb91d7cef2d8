"""Which words of a sentence have a counterpart in the clauses, and which part of the clauses speaks of them.

A character is explained by the clause's own words, by a listed synonym, as an abbreviation of the clause's words
(升规 for 升级为规模以上), or because it says nothing of its own; what is left over is a new claim. No vectors,
no segmenter: under 1 ms a sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from assistant.synonyms import synonyms
from assistant.wording import LONGEST_WORD, generic

LITERAL, SYNONYM, SHORT, EMPTY, MASKED, NEW = 5, 4, 3, 2, 1, 0
"""How a character is explained, best first; NEW is not explained at all."""

_DROPPED = " \t\r\n\u3000\xa0“”\"‘’'「」『』《》〈〉*_`#"
_STOPS = (
    dict.fromkeys(",，;；:：|", "，")
    | dict.fromkeys("、/·", "、")
    | dict.fromkeys("。!！?？", "。")
    | dict.fromkeys("([［【（〔", "（")
    | dict.fromkeys(")]］】）〕", "）")
)
_SEPARATORS = "，、。（）"
PARTICLES = frozenset(
    "的了着过是在和与及或并而也还又就都把将被让使给对从由以为于其该此可会要能想得需有个们等再则但且若如所之地吗呢吧啊那这拟"
)
"""Grammatical characters, never a claim."""
_EDGES = PARTICLES | frozenset("借去来用拿靠走跟先另所")
"""What may be cut from the edges of an unexplained run; 中, 小, 新, 大 may not, they make other things of words."""
_LIGHT = PARTICLES | frozenset(
    "更多快好往深里后面推向做到几类出起来去进过些种样点步边头方各还拿走跟同仍曾已每次带看成用有"
)
"""Runs made only of these (更多, 往深里推, 做到, 几类) describe and claim nothing; 少, 低, 不, 全 are left out."""
_SHORT_REACH = 3
"""An abbreviation's characters stand within this many times its length (+4) in the clause."""
_SENTENCE_END = re.compile(r"(?<=[。；;！？!?\n])")


@dataclass(frozen=True, slots=True)
class Normal:
    """Text without spaces and quotes, widths and separators made equal, with the way back to the original."""

    text: str
    offsets: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Span of the original text for a span of the normal one."""
        if not self.offsets or start >= end:
            return (0, 0)
        return self.offsets[start], self.offsets[min(end, len(self.offsets)) - 1] + 1


def normalise(text: str) -> Normal:
    """Comparable form of a text; ：and ；separate like ，."""
    out: list[str] = []
    offsets: list[int] = []
    for i, c in enumerate(text):
        if c in _DROPPED:
            continue
        code = ord(c)
        if c in _STOPS:
            c = _STOPS[c]
        elif 0xFF01 <= code <= 0xFF5E:
            c = chr(code - 0xFEE0).lower()
        elif c.isupper():
            c = c.lower()
        if len(c) == 1:
            out.append(c)
            offsets.append(i)
    return Normal("".join(out), tuple(offsets))


def bigrams(text: str) -> set[str]:
    """Adjacent pairs of characters, none across a separator."""
    return {a + b for a, b in zip(text, text[1:], strict=False) if a not in _SEPARATORS and b not in _SEPARATORS}


@dataclass(frozen=True, slots=True)
class Passage:
    """One sentence of the evidence."""

    text: str
    """Normal form."""
    raw: str
    evidence: int
    start: int
    """Offset of `raw` in its evidence text."""
    pairs: frozenset[str] = field(default_factory=frozenset)


def passages(texts: tuple[str, ...]) -> tuple[Passage, ...]:
    """Sentences of all evidence texts, in order."""
    found = []
    for i, text in enumerate(texts):
        start = 0
        for piece in _SENTENCE_END.split(text):
            normal = normalise(piece).text
            if normal.strip(_SEPARATORS):
                found.append(Passage(normal, piece, i, start, frozenset(bigrams(normal))))
            start += len(piece)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words that a sentence may draw on."""

    text: str
    pairs: frozenset[str]

    @classmethod
    def of(cls, *texts: str) -> Vocabulary:
        """Vocabulary of normal forms."""
        joined = "。".join(texts)
        return cls(joined, frozenset(bigrams(joined)))


def explain(claim: str, masked: bytearray, vocabulary: Vocabulary) -> bytearray:
    """Level for each character of the normal `claim`.

    Args:
        claim: normal form of the sentence.
        masked: 1 where another check answers for the character (figures, names, attribution).
        vocabulary: the words of the evidence.
    """
    size = len(claim)
    level = bytearray(size)
    for i, c in enumerate(claim):
        if masked[i] or c in _SEPARATORS or not (c.isalnum() or c == "%"):
            level[i] = MASKED
    for i in range(size - 1):
        if not (level[i] == MASKED or level[i + 1] == MASKED) and claim[i : i + 2] in vocabulary.pairs:
            level[i] = level[i + 1] = LITERAL
    _mark_words(claim, level, vocabulary)
    _mark_short(claim, level, vocabulary.text)
    for i, c in enumerate(claim):
        if level[i] == NEW and c in PARTICLES:
            level[i] = EMPTY
    for i, c in enumerate(claim):
        if level[i] == NEW and _alone(level, i) and (c in generic() or c in vocabulary.text):
            level[i] = EMPTY
    return level


def _mark_words(claim: str, level: bytearray, vocabulary: Vocabulary) -> None:
    """Synonyms first, then words that say nothing; longer words first; each must touch what is unexplained."""
    size = len(claim)
    for table, mark in ((synonyms(), SYNONYM), (generic(), EMPTY)):
        for length in range(LONGEST_WORD, 0 if mark == SYNONYM else 1, -1):
            for i in range(size - length + 1):
                if NEW not in level[i : i + length] or MASKED in level[i : i + length]:
                    continue
                word = claim[i : i + length]
                if word not in table or (length == 1 and not _alone(level, i)):
                    continue
                if mark == SYNONYM and not _said(word, vocabulary.text):
                    continue
                for k in range(i, i + length):
                    if level[k] == NEW:
                        level[k] = mark


def _alone(level: bytearray, i: int) -> bool:
    return (i == 0 or level[i - 1] != NEW) and (i + 1 == len(level) or level[i + 1] != NEW)


@lru_cache(maxsize=4096)
def _said(word: str, text: str) -> bool:
    """Whether the text has the word or one that may stand for it.

    A single character proves nothing (大 stands in 加大), so it counts only for itself.
    """
    return word in text or any(len(w) > 1 and w in text for w in synonyms().get(word, ()))


def _mark_short(claim: str, level: bytearray, text: str) -> None:
    """Unexplained runs whose characters stand in order close together in the clause."""
    for start, end in runs(level):
        grown = start - 1 if end - start == 1 and start and level[start - 1] == LITERAL else start
        word = claim[grown:end]
        if _abbreviates(word, text):
            for k in range(start, end):
                level[k] = SHORT
            continue
        if all(c in _LIGHT for c in claim[start:end]):
            for k in range(start, end):
                level[k] = EMPTY
            continue
        # 去投, 借进博会: empty verbs at the edges, the rest short for the clause's words
        while start < end and claim[start] in _EDGES:
            level[start] = EMPTY
            start += 1
        while end > start and claim[end - 1] in _EDGES:
            level[end - 1] = EMPTY
            end -= 1
        if end - start == 1 and claim[start] in text or _abbreviates(claim[start:end], text):
            for k in range(start, end):
                level[k] = SHORT


def _abbreviates(word: str, text: str) -> bool:
    return 2 <= len(word) <= 5 and all(c not in PARTICLES for c in word) and _in_order(word, text)


def _in_order(word: str, text: str) -> bool:
    reach = len(word) * _SHORT_REACH + 4
    start = text.find(word[0])
    while start >= 0:
        window = text[start : start + reach]
        stop = window.find("。")
        window = window if stop < 0 else window[:stop]
        at = 0
        for c in word:
            at = window.find(c, at) + 1
            if not at:
                break
        else:
            return True
        start = text.find(word[0], start + 1)
    return False


def runs(level: bytearray) -> list[tuple[int, int]]:
    """Spans of characters that nothing explains."""
    found, start = [], -1
    for i, value in enumerate([*level, MASKED]):
        if value == NEW and start < 0:
            start = i
        elif value != NEW and start >= 0:
            found.append((start, i))
            start = -1
    return found


def segments(text: str, separators: str = "，。（）") -> list[tuple[int, int]]:
    """Spans between separators of a normal text, empty ones left out."""
    found, start = [], 0
    for i, c in enumerate(text + separators[0]):
        if c in separators:
            if i > start:
                found.append((start, i))
            start = i + 1
    return found
