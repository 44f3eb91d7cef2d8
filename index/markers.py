"""Numbering families of Chinese official documents, and what counts as a number at a line's start.

Families follow the drafting habits of 《党政机关公文格式》 (GB/T 9704-2012: 一、 → （一） → 1. → （1）) and
《立法技术规范》 (编 章 节 条 款 项 目). A number inside a running sentence (“依照本法第三条”) is a
reference and not a marker; `find_marker` needs what stood before the line to tell them apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from index.numerals import parse_ordinal


class Family(StrEnum):
    """Numbering families, in their usual order from outermost to innermost."""

    PART = "编"
    SUBPART = "分编"
    CHAPTER = "章"
    SECTION = "节"
    ARTICLE = "条"
    COMMA = "一、"
    PAREN = "（一）"
    ARABIC = "1."
    DECIMAL = "1.1"
    PAREN_ARABIC = "（1）"
    HALF_PAREN = "1）"
    CIRCLED = "①"


RANK = {family: rank for rank, family in enumerate(Family)}
LAW_FAMILIES = frozenset({Family.PART, Family.SUBPART, Family.CHAPTER, Family.SECTION})
"""Families that only ever head other text."""
ITEM_FAMILIES = frozenset({Family.PAREN_ARABIC, Family.HALF_PAREN, Family.CIRCLED})
"""Families so fine that they usually list items inside one clause."""


@dataclass(frozen=True, slots=True)
class Marker:
    """A number found at the start of a block."""

    family: Family
    number: int
    """Position in its family, from 1; for 1.2.3 the last component."""
    label: str
    """As printed, without surrounding space: 第九条, （六）, 9."""
    length: int
    """Characters of the block the marker takes, following space included."""
    branch: int = 0
    """n of 第十条之n, else 0."""
    parents: tuple[int, ...] = ()
    """Leading components of a decimal number: (1, 2) of 1.2.3."""


_CN = "[零〇○一二三四五六七八九十百千万两]"
_NUM = rf"(?:{_CN}{{1,9}}|[0-9０-９]{{1,4}})"
_SPACE = r"[ \t\u3000\xa0]*"
_LAW = re.compile(
    rf"第{_SPACE}({_NUM}){_SPACE}(分编|[编篇章节条])(?:{_SPACE}之{_SPACE}({_CN}{{1,3}}|\d{{1,2}}))?(?=(.?)){_SPACE}[、：:]?{_SPACE}"
)
_COMMA = re.compile(rf"({_CN}{{1,4}})(?:、|[．.](?![0-9０-９])){_SPACE}")
_PAREN = re.compile(rf"[（(〔]{_SPACE}({_CN}{{1,4}}){_SPACE}[）)〕]、?{_SPACE}")
_ARABIC = re.compile(rf"([0-9０-９]{{1,3}}){_SPACE}[.．、](?![0-9０-９]){_SPACE}")
_DECIMAL = re.compile(rf"([0-9]{{1,2}}(?:[.．][0-9]{{1,2}}){{1,4}})[.．、]?({_SPACE})(?=[^\s0-9.．%％‰])")
_PAREN_ARABIC = re.compile(rf"[（(]{_SPACE}([0-9０-９]{{1,3}}){_SPACE}[）)]、?{_SPACE}")
_HALF_PAREN = re.compile(rf"([0-9０-９]{{1,2}})[）)]{_SPACE}")
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
_BRACKETED = "⑴⑵⑶⑷⑸⑹⑺⑻⑼⑽⑾⑿⒀⒁⒂⒃⒄⒅⒆⒇"
_DOTTED = "⒈⒉⒊⒋⒌⒍⒎⒏⒐⒑⒒⒓⒔⒕⒖⒗⒘⒙⒚⒛"

_REFERENCE_AFTER = re.compile(
    r"[的、和及与或至到款项目，,。；;]|规定|所列|所称|所述|情形|之规定|以及|前款|第[零〇一二三四五六七八九十百\d]+[款项条]|以[上下]"
)
"""What follows a number that is being referred to rather than announced."""
_UNIT_AFTER = re.compile(r"[万亿元个件项家倍年月日天岁人次%％‰亩吨米户]")
_SENTENCE_OPEN = re.compile(r"[^。！？；：!?;:…”」』）)》】\s]$")
"""The text before ends inside a sentence."""

_FAMILY_OF_WORD = {
    "编": Family.PART, "篇": Family.PART, "分编": Family.SUBPART, "章": Family.CHAPTER, "节": Family.SECTION,
    "条": Family.ARTICLE,
}  # fmt: skip


def find_marker(text: str, before: str = "") -> Marker | None:
    """The numbering marker that opens `text`, or None.

    Args:
        text: one line or block, leading space removed.
        before: the running text in front of it ("" at a paragraph start); when that ends inside a
            sentence, a 第X条 here is a reference unless nothing marks it as one.
    """
    if not text:
        return None
    open_sentence = bool(before) and bool(_SENTENCE_OPEN.search(before)) and len(before) > 20
    if m := _LAW.match(text):
        return _law_marker(m, text, open_sentence)
    if m := _COMMA.match(text):
        return _numbered(Family.COMMA, m.group(1), m, text)
    if m := _PAREN.match(text):
        if re.match(r"项|款|目|、?[（(]" + _CN, text[m.end() :]):
            return None
        return _numbered(Family.PAREN, m.group(1), m, text)
    if m := _DECIMAL.match(text):
        rest = text[m.end() :]
        numbers = [int(part) for part in re.split(r"[.．]", m.group(1))]
        if open_sentence or (not m.group(2) and _UNIT_AFTER.match(rest)) or 0 in numbers:
            return None
        return Marker(Family.DECIMAL, numbers[-1], m.group(1), m.end(), parents=tuple(numbers[:-1]))
    if m := _ARABIC.match(text):
        return None if open_sentence and text[m.end() - 1] == "、" else _numbered(Family.ARABIC, m.group(1), m, text)
    if m := _PAREN_ARABIC.match(text):
        return _numbered(Family.PAREN_ARABIC, m.group(1), m, text)
    if m := _HALF_PAREN.match(text):
        return None if open_sentence else _numbered(Family.HALF_PAREN, m.group(1), m, text)
    for family, signs in (
        (Family.CIRCLED, _CIRCLED), (Family.PAREN_ARABIC, _BRACKETED), (Family.ARABIC, _DOTTED),
    ):  # fmt: skip
        if text[0] in signs:
            spaces = len(text) - 1 - len(text[1:].lstrip(" \t\u3000\xa0"))
            return Marker(family, signs.index(text[0]) + 1, text[0], 1 + spaces)
    return None


def _law_marker(m: re.Match[str], text: str, open_sentence: bool) -> Marker | None:
    family = _FAMILY_OF_WORD[m.group(2)]
    number = parse_ordinal(m.group(1))
    if not number:
        return None
    rest = text[m.end() :]
    spaced = text[: m.end()] != text[: m.end()].rstrip(" \t\u3000\xa0")
    referred = not spaced and _REFERENCE_AFTER.match(rest)
    if referred or (open_sentence and not spaced):
        return None
    label = text[: m.end()].rstrip(" \t\u3000\xa0、：:")
    branch = (parse_ordinal(m.group(3)) or 0) if m.group(3) else 0
    return Marker(family, number, label, m.end(), branch)


def _numbered(family: Family, digits: str, m: re.Match[str], text: str) -> Marker | None:
    number = parse_ordinal(digits)
    if not number:
        return None
    return Marker(family, number, m.group(0).strip(" \t\u3000\xa0"), m.end())
