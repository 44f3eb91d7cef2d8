"""The reviewed word list of the judge, and whether the evidence has an equal for a word of the claim."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from evals.judge_reading import Word, borders_of, plain
from index.regions import CITIES

_TOML = Path(__file__).with_name("judge_wording.toml")
CITY_NAMES = ("上海", "深圳", *(c for c in CITIES if c != "深圳"), "北京", "天津", "重庆")
_CITY_WORDS = frozenset([*CITY_NAMES, *(c + "市" for c in CITY_NAMES), "本市", "我市", "沪"])
_LIGHT = "要会也都被将能可的了在是到把给过着等者方类型性化业"
"""Characters that jieba glues to a neighbour and that claim nothing."""
_QUARTER = re.compile("[东南西北中][部方侧面]$")
"""Words of place that jieba counts as grammar: 国家技术转移东部中心."""
EXPLAINED = 0.75
"""From here on a word counts as explained."""


@dataclass(frozen=True, slots=True)
class Wording:
    """The list, compiled."""

    signs: dict[str, re.Pattern[str]]
    conditions: dict[str, tuple[re.Pattern[str], re.Pattern[str]]]
    """Name → (how evidence states a condition, what a claim that keeps it says)."""
    opposites: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]
    """(one direction, the other)."""
    same: dict[str, frozenset[str]]
    """Expression → the expressions used for it."""
    general: frozenset[str]
    """Words that claim nothing of their own."""
    sha256: str
    """Of the file as it was when it was read."""


@lru_cache(maxsize=1)
def wording() -> Wording:
    """`judge_wording.toml`."""
    raw = _TOML.read_bytes()
    data = tomllib.loads(raw.decode("utf-8"))
    same: dict[str, set[str]] = {}
    for line in data["same"]["words"]:
        group = [plain(w) for w in line.split()]
        for word in group:
            same.setdefault(word, set()).update(group)
    return Wording(
        {k: re.compile(v) for k, v in data["signs"].items()},
        {k: (re.compile(a), re.compile(b)) for k, (a, b) in data["conditions"].items()},
        tuple((re.compile(a), re.compile(b)) for a, b in data["opposites"]["pairs"]),
        {k: frozenset(v) for k, v in same.items()},
        frozenset(data["general"]["words"].split()),
        hashlib.sha256(raw).hexdigest(),
    )


def stands(word: Word, text: str) -> bool:
    """Whether a text has a word, and not only its characters across the border of two others (施工 in 实施工程)."""
    if word.text not in text:
        return False
    if len(word.text) != 2 or not word.noun:
        return True
    borders = borders_of(text)
    starts = (m.start() for m in re.finditer(f"(?={re.escape(word.text)})", text))
    return any(at in borders or at + 2 in borders or at + 1 not in borders for at in starts)


def telling(word: Word) -> bool:
    """Whether a word is compared at all: content, no numeral (figures are compared as such), no city (likewise)."""
    return (word.content or bool(_QUARTER.match(word.text))) and not numeric(word.text) and word.text not in _CITY_WORDS


@lru_cache(maxsize=8192)
def forms(word: str) -> tuple[str, ...]:
    """A word, the expressions used for it, and both without a light character glued to them."""
    found = {word, *wording().same.get(word, ())}
    if len(word) == 2:
        found |= {c for c, other in ((word[0], word[1]), (word[1], word[0])) if other in _LIGHT and c not in _LIGHT}
    return tuple(sorted(found))


def numeric(word: str) -> bool:
    """Whether a word is a figure or a part of one."""
    return any(c.isdigit() for c in word) or all(
        c in "零一二两三四五六七八九十百千万亿年月日元第个首前后分之%" for c in word
    )


def explained(word: Word, text: str) -> float:
    """How far the evidence has an equal for a word, 0..1.

    Args:
        word: of the claim.
        text: plain evidence.
    """
    if (
        stands(word, text)
        or word.text in wording().general
        or (word.tag == "ns" and word.text.rstrip("区县市") in text)
    ):
        return 1.0
    same = wording().same.get(word.text)
    if same and any(s in text for s in same):
        return 0.95
    size = len(word.text)
    if size == 2 and (
        word.text[0] in _LIGHT and word.text[1] in text or word.text[1] in _LIGHT and word.text[0] in text
    ):
        return 0.85
    score = 0.0
    if size > 2:
        kept = [False] * size
        # What stands in the text is seen by its pairs of characters; only an expression with an equal may be longer.
        longest = max(map(len, wording().same))
        for i in range(size - 1):
            for j in range(i + 2, min(size, i + longest) + 1):
                part = word.text[i:j]
                if part in text or any(o in text for o in wording().same.get(part, ())):
                    kept[i:j] = [True] * (j - i)
        score = sum(kept) / size
        if score == 1.0:
            return 0.95
    # characters in order within a stretch two characters longer per character: 永居 in 永久居留
    pattern = "[^,。;]{0,2}".join(map(re.escape, word.text))
    if len(word.text) > 1 and re.search(pattern, text):
        return 0.8
    return score * 0.7
