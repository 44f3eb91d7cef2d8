"""Chinese text to search tokens: words by jieba with the policy terms kept whole, plus character pairs.

Words carry meaning, pairs catch what the dictionary does not know (names of programmes, typos of one
character); on the development questions words alone find the clause in the first five for 0.839, pairs
alone 0.814, both together 0.839 with the first place right more often (0.714 against 0.665).
The only file that touches jieba and pypinyin.
"""

from __future__ import annotations

import logging
import os
import re
import tomllib
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

_RUN = re.compile(r"[\u3400-\u9fff]+|[a-z]+|\d+(?:\.\d+)?%?")
_DIGIT_GAP = re.compile(
    r"(?<=[\d.])\s+(?=[万亿千百元%年月日家个人项次])|(?<=[\u4e00-\u9fff])\s+(?=\d)|(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])"
)
STOP = frozenset(
    [
        "的",
        "了",
        "吗",
        "呢",
        "吧",
        "啊",
        "呀",
        "么",
        "嘛",
        "是",
        "在",
        "有",
        "和",
        "与",
        "及",
        "或",
        "等",
        "就",
        "都",
        "也",
        "还",
        "又",
        "要",
        "我",
        "我们",
        "你",
        "你们",
        "您",
        "咱",
        "咱们",
        "这",
        "那",
        "这个",
        "那个",
        "哪",
        "怎么",
        "请问",
        "一下",
        "想",
        "能",
        "会",
        "到",
        "对",
        "为",
        "于",
        "以",
        "被",
        "把",
        "给",
        "让",
        "从",
        "个",
        "些",
        "啥",
        "什么",
        "多少",
        "可以",
        "能不能",
        "有没有",
        "是不是",
        "知道",
        "说",
        "问",
        "问问",
        "看",
        "一个",
        "现在",
        "如果",
        "没",
        "没有",
        "不",
        "吗",
        "哈",
        "哦",
        "嗯",
        "你好",
        "老板",
        "谢谢",
        "麻烦",
        "帮",
        "帮我",
        "查",
        "告诉",
    ]
)
"""Words that carry no topic; tokens only, the text is never changed."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The reviewed word list."""

    words: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    """Groups of asking first, then groups of subjects."""
    industries: tuple[str, ...]
    """Trades; a policy that names none of those a question names is not about it."""
    asking: int
    """How many groups are of asking."""

    def names_subject(self, text: str) -> bool:
        """Whether normalised text names a policy subject: a listed word, or a member of a subject group."""
        return any(normalise(w) in text for w in (*self.words, *(m for g in self.groups[self.asking :] for m in g)))


@lru_cache(maxsize=1)
def load_terms() -> Terms:
    """The list in `index/terms.toml`."""
    data = tomllib.loads(files("index").joinpath("terms.toml").read_text(encoding="utf-8"))
    groups = [*data["asking"], *data["groups"]]
    return Terms(tuple(data["words"]), tuple(tuple(g) for g in groups), tuple(data["industries"]), len(data["asking"]))


@lru_cache(maxsize=1 << 14)
def normalise(text: str) -> str:
    """Text for matching only: NFKC, lower case, gaps around digits closed (30 万元 = 30万元).

    Kept: one question over the five documents asks for the same sentences 1,900 times, a third of an answer's time.

    >>> normalise("最高 ３０ 万元，ＡＩ")
    '最高30万元,ai'
    """
    return _DIGIT_GAP.sub("", unicodedata.normalize("NFKC", text).lower())


@lru_cache(maxsize=4096)
def sound_alike(a: str, b: str) -> bool:
    """Whether two characters share a reading, tones aside."""
    # Phrases are for longer texts; without them the library is there in 0.04 s and not 0.18, and holds 44 MB less.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")
    from pypinyin import Style, pinyin

    first, second = ({r for rs in pinyin(c, style=Style.NORMAL, heteronym=True) for r in rs} for c in (a, b))
    return bool(first & second)


NO_TERMS = Terms((), (), (), 0)
"""An empty word list, to measure what the real one is worth."""


@lru_cache(maxsize=2)
def _dictionary(terms: Terms) -> Any:
    """jieba with the policy terms; only read after it is built, so threads may share it."""
    import jieba

    jieba.setLogLevel(logging.ERROR)
    dictionary = jieba.Tokenizer()
    for word in {*terms.words, *(w for g in terms.groups for w in g if len(w) > 1)}:
        dictionary.add_word(normalise(word), freq=20_000)
    return dictionary


@lru_cache(maxsize=1)
def _tagger() -> Any:
    """jieba's part-of-speech tagger over its own words; policy terms would hide the nouns inside them."""
    import jieba.posseg

    jieba.setLogLevel(logging.ERROR)
    return jieba.posseg.POSTokenizer(jieba.Tokenizer())


@lru_cache(maxsize=2048)
def nouns(text: str) -> tuple[tuple[int, int], ...]:
    """Spans of the nouns of two characters and more, names of places and offices and verbal nouns among them.

    By jieba's tags (n…, vn, j); loading them takes a second, a sentence 0.5 ms.
    """
    found, at = [], 0
    for word in _tagger().cut(text):
        if len(word.word) >= 2 and word.flag.startswith(("n", "vn", "j")):
            found.append((at, at + len(word.word)))
        at += len(word.word)
    return tuple(found)


class Tokenizer:
    """Cuts text into tokens. The first one loads the dictionary (0.6 s), which all others share.

    Args:
        terms: the word list; None takes that of `index/terms.toml`.
        kinds: which tokens `tokens` gives: words, pairs, or both.
    """

    def __init__(self, terms: Terms | None = None, kinds: Collection[str] = ("words", "pairs")) -> None:
        self._jieba = _dictionary(load_terms() if terms is None else terms)
        self._kinds = frozenset(kinds)

    def words(self, text: str) -> list[str]:
        """Words of `text` without punctuation and stop words, shorter words inside long ones included."""
        return [w for w in self._jieba.cut_for_search(normalise(text)) if _RUN.match(w) and w not in STOP]

    def tokens(self, text: str) -> list[str]:
        """Words and character pairs; pairs are prefixed with `~` so that a two-character word counts as both."""
        found = self.words(text) if "words" in self._kinds else []
        for run in _RUN.findall(normalise(text)) if "pairs" in self._kinds else ():
            if "\u3400" <= run[0] <= "\u9fff":
                found += ["~" + run[i : i + 2] for i in range(len(run) - 1) if run[i : i + 2] not in STOP]
        return found
