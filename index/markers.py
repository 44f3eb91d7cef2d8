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
    LETTER = "a）"


RANK = {family: rank for rank, family in enumerate(Family)}
LAW_FAMILIES = frozenset({Family.PART, Family.SUBPART, Family.CHAPTER, Family.SECTION})
"""Families that only ever head other text."""
ITEM_FAMILIES = frozenset({Family.PAREN_ARABIC, Family.HALF_PAREN, Family.CIRCLED, Family.LETTER})
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

    @property
    def key(self) -> tuple[Family, int]:
        """What is counted together: the family, and how deep a decimal number is."""
        return self.family, len(self.parents)


_CN = "[零〇○一二三四五六七八九十百千万两]"
_SPACE = r"[^\S\n]*"
_NUM = rf"(?:{_CN}(?:{_SPACE}{_CN}){{0,8}}|[0-9０-９]{{1,4}})"
_LAW = re.compile(
    rf"第{_SPACE}({_NUM}){_SPACE}(分编|部分|[编篇章节条])(?:{_SPACE}之{_SPACE}({_CN}{{1,3}}|\d{{1,2}}))?{_SPACE}[、：:]?{_SPACE}"
)
_COMMA = re.compile(rf"({_CN}{{1,4}})(?:、|[．.](?![0-9０-９])){_SPACE}")
_PAREN = re.compile(rf"(?:[（(〔]{_SPACE}({_CN}{{1,4}}){_SPACE}[）)〕]|([㈠-㈩]))、?{_SPACE}")
_ARABIC = re.compile(
    rf"([0-9０-９]{{1,3}}){_SPACE}[.．、](?:(?![0-9０-９])|(?=(?:19|20)[0-9]{{2}}{_SPACE}年|[0-9]{{5,}}[^\W\d]|[0-9][A-Z]{{1,2}}[^\W\d_A-Za-z])){_SPACE}"
)
"""1. or 1、; a figure may follow at once when it is a year, a telephone number or a word such as 5G."""
_DECIMAL = re.compile(rf"([0-9]{{1,2}}(?:[.．][0-9]{{1,2}}){{1,4}})[.．、]?({_SPACE})(?=[^\s0-9.．%％‰])")
_PAREN_ARABIC = re.compile(rf"[（(]{_SPACE}([0-9０-９]{{1,3}}){_SPACE}[）)]、?{_SPACE}")
_HALF_PAREN = re.compile(rf"([0-9０-９]{{1,2}})[）)]{_SPACE}")
_LETTER = re.compile(rf"([a-z])[）)]{_SPACE}")
_SIGNS = (
    (Family.CIRCLED, "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"),
    (Family.PAREN_ARABIC, "⑴⑵⑶⑷⑸⑹⑺⑻⑼⑽⑾⑿⒀⒁⒂⒃⒄⒅⒆⒇"),
    (Family.ARABIC, "⒈⒉⒊⒋⒌⒍⒎⒏⒐⒑⒒⒓⒔⒕⒖⒗⒘⒙⒚⒛"),
)
_BRACKETED_CN = "㈠㈡㈢㈣㈤㈥㈦㈧㈨㈩"

_REFERENCE_AFTER = re.compile(
    rf"[、，,。；;）)》”]|的|款|项(?!目)|目(?!标|录|的|前)|所[列称述指]|[和及与或至到]{_SPACE}第|以及|中[的“，]|规定的|修改为|第{_NUM}[款项目]"
)
"""What follows a number that is being referred to rather than announced."""
_PERHAPS_REFERENCE_AFTER = re.compile(r"规定|以[上下]|情形|前款")
"""The same, unless the number's turn has come: 第八条规定期限内未缴纳的，… 第九条以下时间不计入时限：…"""
_UNIT_AFTER = re.compile(r"[万亿元个件项家倍年月日天岁人次%％‰亩吨米户分]")
_SENTENCE_ENDED = re.compile(r"[。！？；：!?;:…”」』）)】\s]$")
_REFERRED_ITEM = re.compile(rf"项(?!目)|款(?!项)|目(?![标录的前])|[、和及与或至](?=[（(]{_CN})|的规定|规定的")

_FAMILY_OF_WORD = {
    "编": Family.PART, "篇": Family.PART, "部分": Family.PART, "分编": Family.SUBPART, "章": Family.CHAPTER,
    "节": Family.SECTION, "条": Family.ARTICLE,
}  # fmt: skip


def find_marker(text: str, before: str = "", expected: int = 0) -> Marker | None:
    """The numbering marker that opens `text`, or None.

    Args:
        text: one line or block, leading space removed.
        before: the running text in front of it ("" at a paragraph start); when that ends inside a
            sentence, a 第X条 here is a reference unless nothing marks it as one.
        expected: number the next 第X条 of the document would bear; 0 when unknown.
    """
    text = text[:200]
    if not text or not _may_open(text[0]):
        return None
    open_sentence = inside_sentence(before)
    if m := _LAW.match(text):
        return _law_marker(m, text, open_sentence, expected)
    if m := _COMMA.match(text):
        if re.match(rf"{_CN}+[、期级类线号档批等]", text[m.end() :]) and open_sentence:
            return None  # 建设一、二期工程
        return _numbered(Family.COMMA, m.group(1), m, text)
    if m := _PAREN.match(text):
        if _REFERRED_ITEM.match(text[m.end() :]):
            return None
        digits = m.group(1) or str(_BRACKETED_CN.index(m.group(2)) + 1)
        return _numbered(Family.PAREN, digits, m, text)
    if m := _ARABIC.match(text):
        return None if open_sentence and "、" in m.group(0) else _numbered(Family.ARABIC, m.group(1), m, text)
    if m := _DECIMAL.match(text):
        return _decimal_marker(m, text, open_sentence)
    if m := _PAREN_ARABIC.match(text):
        return _numbered(Family.PAREN_ARABIC, m.group(1), m, text)
    if m := _HALF_PAREN.match(text):
        return None if open_sentence else _numbered(Family.HALF_PAREN, m.group(1), m, text)
    if m := _LETTER.match(text):
        return None if open_sentence else _numbered(Family.LETTER, str(ord(m.group(1)) - 96), m, text)
    for family, signs in _SIGNS:
        if text[0] in signs:
            spaces = len(text) - 1 - len(text[1:].lstrip())
            return Marker(family, signs.index(text[0]) + 1, text[0], 1 + spaces)
    return None


def inside_sentence(before: str) -> bool:
    """The text in front stops inside a sentence, so that what follows may continue it."""
    tail = before[-200:]
    return len(tail) > 20 and not _SENTENCE_ENDED.search(tail) and bool(re.search(r"[，。；：、,《]", tail))


def is_reference(text: str) -> bool:
    """The text opens with a number that is referred to, as the rest of a broken sentence does."""
    text = text[:60]
    if m := _LAW.match(text):
        return m.group(2) in "条章节编" and _refers(m, text[m.end() :])
    if m := _PAREN.match(text):
        return bool(_REFERRED_ITEM.match(text[m.end() :]))
    return bool(re.match(rf"第{_NUM}(?:款|项(?!目))", text))


def _may_open(first: str) -> bool:
    """Cheap test that spares most lines the patterns."""
    return (
        first in "第（(〔零〇○一二三四五六七八九十百千万两"
        or first.isdigit()
        or first.islower()
        or "①" <= first <= "⒛"
        or "㈠" <= first <= "㈩"
    )


def _refers(m: re.Match[str], rest: str, *, due: bool = False) -> bool:
    if _REFERENCE_AFTER.match(rest) or ("、" in m.group(0) and rest.startswith("第")):
        return True
    return not due and bool(_PERHAPS_REFERENCE_AFTER.match(rest))


def _law_marker(m: re.Match[str], text: str, open_sentence: bool, expected: int) -> Marker | None:
    family = _FAMILY_OF_WORD[m.group(2)]
    number = parse_ordinal(re.sub(r"\s", "", m.group(1)))
    if not number:
        return None
    rest = text[m.end() :]
    spaced = m.group(0)[-1].isspace()
    if m.group(2) == "部分" and not (spaced or not rest):
        return None
    if family in LAW_FAMILIES and not spaced and re.search(r"，|。$", rest):
        return None  # 第七节相应改为第八节，…
    referred = not spaced and _refers(m, rest, due=number == expected and not open_sentence)
    if referred or (open_sentence and (not spaced or _refers(m, rest))):
        return None
    label = m.group(0).rstrip().rstrip("、：:").rstrip()
    branch = (parse_ordinal(m.group(3)) or 0) if m.group(3) else 0
    return Marker(family, number, label, m.end(), branch)


def _decimal_marker(m: re.Match[str], text: str, open_sentence: bool) -> Marker | None:
    numbers = [int(part) for part in re.split(r"[.．]", m.group(1))]
    if open_sentence or (not m.group(2) and _UNIT_AFTER.match(text[m.end() :])) or 0 in numbers:
        return None
    return Marker(Family.DECIMAL, numbers[-1], m.group(1), m.end(), parents=tuple(numbers[:-1]))


def _numbered(family: Family, digits: str, m: re.Match[str], text: str) -> Marker | None:
    number = parse_ordinal(digits)
    if not number:
        return None
    return Marker(family, number, m.group(0).strip(), m.end())
