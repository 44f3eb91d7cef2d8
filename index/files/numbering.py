"""Numbers that Word prints but does not store: 第一条, （一）, 1. of automatic lists, counted as Word counts them.

WordprocessingML part 17.9: a paragraph names a list and a level; the list's definition gives for each level the
format, the start and a pattern such as `第%1条`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from index.numerals import chinese_ordinal

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
_STEMS = "甲乙丙丁戊己庚辛壬癸"
_ZODIAC = "子丑寅卯辰巳午未申酉戌亥"
_BANKERS = str.maketrans("一二三四五六七八九十百千", "壹贰叁肆伍陆柒捌玖拾佰仟")


@dataclass(slots=True)
class _Level:
    format: str = "decimal"
    pattern: str = "%1."
    start: int = 1
    legal: bool = False
    """Numbers of outer levels are shown in Arabic figures."""
    suffix: str = "tab"


@dataclass(slots=True)
class _List:
    levels: dict[int, _Level]
    abstract: str


@dataclass(slots=True)
class Numbering:
    """Counts the numbered paragraphs of one document in order."""

    lists: dict[str, _List] = field(default_factory=dict)
    counts: dict[str, dict[int, int]] = field(default_factory=dict)
    """Abstract list → level → number reached: lists that share a definition count on together."""

    @classmethod
    def of(cls, root: Any | None) -> Numbering:
        """From the root of numbering.xml; None when the document has no such part."""
        if root is None:
            return cls()
        abstracts = {a.get(W + "abstractNumId"): _levels(a) for a in root.iter(W + "abstractNum")}
        lists = {}
        for num in root.iter(W + "num"):
            link = num.find(W + "abstractNumId")
            abstract = link.get(W + "val") if link is not None else ""
            levels = dict(abstracts.get(abstract, {}))
            own = num.findall(W + "lvlOverride")
            for override in own:
                at = int(override.get(W + "ilvl", "0"))
                if (redefined := override.find(W + "lvl")) is not None:
                    levels[at] = _level(redefined)
                elif (start := override.find(W + "startOverride")) is not None and at in levels:
                    old = levels[at]
                    levels[at] = _Level(old.format, old.pattern, _int(start, 1), old.legal, old.suffix)
            # An override of the start begins a count of its own.
            lists[num.get(W + "numId")] = _List(levels, f"{abstract}/{num.get(W + 'numId')}" if own else abstract)
        return cls(lists)

    def label(self, list_id: str, level: int) -> str:
        """Number of the next paragraph at this level of a list; "" for bullets and for what is no list."""
        found = self.lists.get(list_id)
        if found is None or level not in found.levels:
            return ""
        counts = self.counts.setdefault(found.abstract, {})
        counts[level] = counts[level] + 1 if level in counts else found.levels[level].start
        for deeper in [n for n in counts if n > level]:
            del counts[deeper]
        return self._printed(found, level, counts)

    @staticmethod
    def _printed(found: _List, level: int, counts: dict[int, int]) -> str:
        own = found.levels[level]
        if own.format in ("bullet", "none"):
            return ""

        def number(m: re.Match[str]) -> str:
            at = int(m.group(1)) - 1
            of = found.levels.get(at, _Level())
            value = counts.get(at, of.start)
            return _figure(value, "decimal" if own.legal else of.format)

        printed = re.sub(r"%([1-9])", number, own.pattern)
        return printed + (" " if printed[-1:].isascii() and own.suffix != "nothing" else "")


def _levels(abstract: Any) -> dict[int, _Level]:
    return {int(level.get(W + "ilvl", "0")): _level(level) for level in abstract.findall(W + "lvl")}


def _level(element: Any) -> _Level:
    def value(name: str, default: str) -> str:
        found = element.find(W + name)
        return found.get(W + "val", default) if found is not None else default

    legal = element.find(W + "isLgl") is not None
    start = element.find(W + "start")
    return _Level(value("numFmt", "decimal"), value("lvlText", ""), _int(start, 1), legal, value("suff", "tab"))


def _int(element: Any | None, default: int) -> int:
    text = element.get(W + "val", "") if element is not None else ""
    return int(text) if text.isascii() and text.isdigit() else default


def _figure(value: int, form: str) -> str:
    """A number as Word prints it in one of its formats; Arabic figures for those not known."""
    if not 1 <= value <= 9999:
        return str(value)
    if form in (
        "chineseCounting", "chineseCountingThousand", "ideographDigital", "japaneseCounting", "taiwaneseCounting",
        "taiwaneseCountingThousand", "koreanCounting",
    ):  # fmt: skip
        return chinese_ordinal(value)
    if form == "chineseLegalSimplified":
        return chinese_ordinal(value).translate(_BANKERS)
    if form in ("decimalEnclosedCircle", "decimalEnclosedCircleChinese") and value <= len(_CIRCLED):
        return _CIRCLED[value - 1]
    if form == "decimalFullWidth":
        return "".join(chr(ord(c) + 0xFEE0) for c in str(value))
    if form == "decimalZero":
        return f"{value:02d}"
    if form == "ideographTraditional":
        return _STEMS[(value - 1) % len(_STEMS)]
    if form == "ideographZodiac":
        return _ZODIAC[(value - 1) % len(_ZODIAC)]
    if form in ("lowerLetter", "upperLetter"):
        letter = chr(ord("a") + (value - 1) % 26) * ((value - 1) // 26 + 1)
        return letter if form == "lowerLetter" else letter.upper()
    if form in ("lowerRoman", "upperRoman"):
        roman = _roman(value)
        return roman.lower() if form == "lowerRoman" else roman
    return str(value)


def _roman(value: int) -> str:
    out = ""
    for number, letters in (
        (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"),
        (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
    ):  # fmt: skip
        while value >= number:
            out += letters
            value -= number
    return out
