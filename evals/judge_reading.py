"""Reading for the judge: text made plain, cut into statements, and its words with their part of speech.

Written apart from the guard's own reading on purpose: a misreading in one must not hide in both.
The only file of the judge that touches jieba.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_MARK = re.compile(r"\[\d{1,2}\](?!\d)")
_DASHES = str.maketrans("—–－~～〜−", "-------")
_SENTENCE = re.compile(r"[^。！？!?\n]+[。！？!?\n]*")
_STATEMENT = re.compile(r"[^，,。；;：:！？!?\n]+")
_CONTENT = ("n", "v", "a", "i", "j", "l", "b", "s", "t", "eng", "z", "x")
"""First letters of jieba's tags that carry meaning of their own; the rest is grammar."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a text."""

    text: str
    tag: str
    """jieba's part-of-speech tag, such as `n`, `v`, `ns`, `d`."""
    start: int
    """Offset in the plain text."""

    @property
    def noun(self) -> bool:
        """Names a thing; verbs used as nouns (vn) and set phrases count."""
        return self.tag[0] in "nijlsb" or self.tag in ("vn", "eng", "an")

    @property
    def content(self) -> bool:
        """Carries meaning of its own."""
        return self.tag.startswith(_CONTENT) and any(c.isalnum() for c in self.text)


def plain(text: str) -> str:
    """Text for comparison: half-width, lower case, no spaces, no citation marks, one kind of dash.

    >>> plain("最高 ３０ 万元[1]，ＡＩ")
    '最高30万元,ai'
    """
    text = _MARK.sub("", unicodedata.normalize("NFKC", text)).translate(_DASHES).lower()
    return re.sub(r"\s+|(?<=\d),(?=\d{3}(?!\d))", "", text)


def sentences(text: str) -> list[str]:
    """Sentences of plain text, closing mark included."""
    return _SENTENCE.findall(text)


def statements(text: str) -> list[str]:
    """What stands between commas, colons, semicolons and full stops."""
    return _STATEMENT.findall(text)


@lru_cache(maxsize=1)
def _tagger() -> Any:
    import jieba
    from jieba import posseg

    jieba.setLogLevel(logging.ERROR)
    return posseg.POSTokenizer(jieba.Tokenizer())


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[Word, ...]:
    """Words of plain text in order, punctuation included."""
    found, at = [], 0
    for pair in _tagger().cut(text):
        found.append(Word(pair.word, pair.flag, at))
        at += len(pair.word)
    return tuple(found)


@lru_cache(maxsize=1024)
def borders_of(text: str) -> frozenset[int]:
    """Offsets at which a word of plain text begins or ends."""
    return frozenset([w.start for w in words(text)] + [len(text)])


def pairs_of(text: str) -> set[str]:
    """Character pairs of Chinese and alphanumeric runs, for overlap."""
    found: set[str] = set()
    for run in re.findall(r"[\u3400-\u9fff]+|[a-z0-9.%]+", text):
        found |= {run[i : i + 2] for i in range(max(1, len(run) - 1))}
    return found
