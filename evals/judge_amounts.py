"""Amounts, shares, counts, spans and dates in Chinese text, with the bound each stands under.

Numerals are read by cn2an; what belongs to a figure (unit, bound, neighbours) is read here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["money", "share", "count", "span", "year", "month", "day", "nth", "article", "number"]
Bound = Literal["", "most", "least", "about", "under"]
""""" exact, at most, at least (or over), roughly, short of."""


@dataclass(frozen=True, slots=True)
class Amount:
    """One figure as a text states it."""

    kind: Kind
    value: float
    """Yuan, per cent, items, days (span), or the calendar number; `number` has no unit in the text."""
    unit: str
    """As written, without magnitude: 元, %, 家, 年."""
    bound: Bound
    start: int
    end: int
    exact: bool = False
    """Stressed as fixed: 固定奖励30万元整."""
    digits: str = ""
    """Digits as written, to recognise 30元 for 30万元."""


_ARABIC = r"\d+(?:\.\d+)?"
_HAN = r"[零〇一二两三四五六七八九十百千]+(?:点[零〇一二三四五六七八九]+)?"
_UNITS = (
    r"个百分点|个工作日|工作日|人民币|美元|块钱|元|块|%|‰|折|成(?![员果立为本功长效交就都品])|倍|个月|年|月|日|天|周|季度|人次|人|名|家|个|项|件|所|条|款|次|种|类"
    r"|方面|大(?=[新重赛产任方措未])|户|批|场|张|台|套|期|届|份|笔|区|院士|位|单|级|号"
)
_MENTION = re.compile(
    rf"(?P<per>百分之|千分之)?(?P<nth>第)?(?P<num>{_ARABIC}|{_HAN})(?P<odd>[余多几])?(?P<mag>[十百千万亿]*)(?P<odd2>[余多])?"
    rf"(?:[-至到](?P<num2>{_ARABIC}|{_HAN})(?P<mag2>[万亿]*))?(?P<unit>{_UNITS})?"
)
_NAMED = re.compile(r"[a-z+]?\d+(?:[a-z+]+\d*)+|[a-z]\d+|〔\d+〕|\[\d+\]|\d+号文?|\(\d{4}\)\d+号")
_HALF = re.compile(r"(?<![另下上前后])一半(?!以)|半数|对半")
_FIRST = re.compile(r"首年|头一年|头年|第一年|次年|第二年")
_MONTHS = re.compile(r"前(\d+|[一二三四五六七八九十]+)个月")
"""前11个月 is 1-11月."""
_IDIOM = re.compile(r"一(?:[批定些般系流体直致样起旦切经路类]|事一议|站式|对一|次性|方面|园一方案|线|把手|公里)|[第双]?[两三]首|[唯统单第]一|万一|千方百计|百花|百强|四上|两用|三方(?!面)|千行百业|"
                    r"一块儿|三新|双[一双]|万亿级|每一|任一|某一|之一|这一|那一|同一|进一步|一步|百分点")  # fmt: skip
_MOST = re.compile(
    r"最高|最多|至多|顶多|最大|不(?:得|会|能|应|可)?(?:再)?(?:超过|高于|多于|大于|超出|突破)|上限|封顶|顶格|限额|以内|之内|以下|为限|为顶|控制在|未超"
)
_LEAST = re.compile(r"不(?:得|会|能)?(?:低于|少于|小于)|至少|最低|最少|(?<!规模)以上|(?<!不)(?:超过|超出|高于|多于|大于)|(?<![不未])超(?!长)|突破|冲破|逾|起步|不止|过(?=\d)")  # fmt: skip
_UNDER = re.compile(r"不足|不到|未满|(?<!不)(?:低于|少于)|未达")
_ABOUT = re.compile(r"左右|差不多|大约|约|近(?![年期])|上下|大概|接近")
_FIXED = re.compile(r"固定|整(?![体个治])|一律|确定的|定额|全额|都能拿|就会拿|就给|就奖|每家都")
_STOPS = "，,。；;：:！!？?\n"
_SPAN_DAYS = {"年": 365.0, "个月": 30.0, "月": 30.0, "天": 1.0, "日": 1.0, "周": 7.0, "个工作日": 1.4, "工作日": 1.4, "季度": 91.0}  # fmt: skip
_MONEY = ("元", "块", "块钱", "人民币", "美元")


def amounts(text: str) -> list[Amount]:
    """All figures of plain text, in order. A bare 一 before a counter (一个, 一批) is no figure."""
    hidden = [m.span() for p in (_NAMED, _IDIOM, _FIRST, _MONTHS) for m in p.finditer(text)]
    found: list[Amount] = []
    for match in _MENTION.finditer(text):
        start, end = match.span()
        if any(a <= match.start("num") < b for a, b in hidden) or not match["num"]:
            continue
        found += _read(match, text, start, end)
    for m in _FIRST.finditer(text):
        found.append(Amount("nth", 2.0 if m.group() in ("次年", "第二年") else 1.0, "年", "", m.start(), m.end()))
    for m in _MONTHS.finditer(text):
        last = _value(m[1], "")
        found += [Amount("month", n, "月", "", m.start(), m.end(), digits=m[1]) for n in (1.0, last)]
    found += [Amount("share", 50.0, "半", "", m.start(), m.end(), digits="50") for m in _HALF.finditer(text)]
    found.sort(key=lambda a: a.start)
    return [_bounded(a, text, found) for a in found]


def _value(number: str, magnitude: str) -> float:
    import cn2an

    value = float(number) if number[0].isdigit() else float(cn2an.cn2an(number, "smart"))
    for mark in magnitude:
        value *= {"十": 1e1, "百": 1e2, "千": 1e3, "万": 1e4, "亿": 1e8}[mark]
    return value


def _read(m: re.Match[str], text: str, start: int, end: int) -> list[Amount]:
    number, unit, magnitude, nth = m["num"], m["unit"] or "", m["mag"] or "", m["nth"] or ""
    arabic = number[0].isdigit()
    if not arabic and not unit and not magnitude and not m["per"] and nth != "第":
        return []
    try:
        value = _value(number, magnitude)
        upper = _value(m["num2"], m["mag2"] or magnitude) if m["num2"] else None
    except ValueError:
        return []  # characters that only look like a numeral (万千, 百千)
    if m["num2"] and not magnitude and m["mag2"]:
        value = _value(number, m["mag2"])
    bound: Bound = "least" if m["odd"] in ("余", "多") or m["odd2"] else ""
    before = text[max(0, start - 1) : start]

    def made(kind: Kind, value: float) -> list[Amount]:
        first = Amount(kind, value, unit, bound, start, end, digits=number)
        if upper is None:
            return [first]
        scale = value / _value(number, magnitude) if _value(number, magnitude) else 1.0
        return [first, Amount(kind, upper * scale, unit, bound, start, end, digits=m["num2"])]

    if m["per"]:
        return made("share", value if m["per"][0] == "百" else value / 10)
    if unit in ("%", "个百分点"):
        return made("share", value)
    if unit in ("成", "折"):
        return made("share", value * 10)
    if unit in _MONEY:
        return made("money", value)
    if unit == "年" and 1900 <= value <= 2100 and not magnitude:
        return made("year", value)
    if unit == "年" and nth:
        return made("nth", value)
    if unit == "月" and before in ("年", "-", "至", "到", "每") or unit == "月" and arabic and value <= 12:
        return made("month", value)
    if unit == "日" and before == "月":
        return made("day", value)
    if unit in _SPAN_DAYS:
        if unit == "年" and value == 1 and not arabic and text[max(0, start - 1) : start] in ("上", "下", "每", "去"):
            return []
        return made("span", value * _SPAN_DAYS[unit])
    if unit in ("条", "款") or nth == "第":
        return made("article", value)
    if unit == "号":
        return []
    if unit:
        if value == 1 and not arabic:
            return []
        return made("count", value)
    return made("number", value) if arabic or magnitude else []


def _bounded(a: Amount, text: str, everything: list[Amount]) -> Amount:
    """The same figure with the bound that its surroundings state."""
    earlier = [b.end for b in everything if b.end <= a.start]
    later = [b.start for b in everything if b.start >= a.end]
    left = max([text.rfind(c, 0, a.start) + 1 for c in _STOPS] + [a.start - 18, 0])
    shared = re.search(r"分别|依次|各为|上限(?:有|为|是)?.{0,4}:", text[left : a.start])
    if earlier and not shared:
        left = max(left, max(earlier))
    right = min([i for c in _STOPS + "、" if (i := text.find(c, a.end)) >= 0] + [a.end + 7, len(text), *later])
    before, after = text[left : a.start], text[a.end : right]
    sentence = text[max(text.rfind(c, 0, a.start) for c in "。;\n") + 1 : a.start]
    if (shared and earlier) or re.search(r"(?:上限|封顶)[^,。;]{0,8}:", sentence):
        before = text[max([text.rfind(c, 0, a.start) + 1 for c in "。；;\n"] + [0]) : a.start]
    before = re.sub("以[下上内]|之内", "", before)  # these bind what stands before them: 以下三方面
    bound: Bound = a.bound
    after = re.match(r"[^的在,为按由给对是从]{0,6}(?:为上限|为限)?", after).group()  # type: ignore[union-attr]
    for name, pattern in (("under", _UNDER), ("most", _MOST), ("least", _LEAST), ("about", _ABOUT)):
        if pattern.search(before) or pattern.search(after):
            bound = name  # type: ignore[assignment]
            break
    exact = bool(_FIXED.search(before) or _FIXED.search(after))
    return Amount(a.kind, a.value, a.unit, bound, a.start, a.end, exact, a.digits)
