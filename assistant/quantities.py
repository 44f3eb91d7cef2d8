"""Quantities in policy text and in people's talk, brought to one notation: money, percentages, counts, times.

30万元, 30 万元, 三十万, 300,000元 and 300000元 are one value; 三成 is 30 %; 首年 is the first year. Every
quantity says where it stands and whether it is a cap (不超过, 封顶), a floor (不低于, 突破), about (约, 余) or
exact. Numbers that name things (沪府办规〔2024〕14号, 5G, AI4S, “3+6”, 第0353号) are not quantities.

Pure; about 0.1 ms a sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from assistant.numbers import parse_number

Kind = Literal["money", "percent", "count", "duration", "date", "ordinal", "article"]
Bound = Literal["at_most", "at_least", "approx", "exact"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity. `text[start:end]` is the figure with its unit, bound words not included."""

    kind: Kind
    value: float
    """In the canonical unit: yuan, percent, months, days; dates as YYYYMMDD with 0 for what is not said."""
    unit: str
    """元, %, 百分点, 月, 日, 工作日, 年 (ordinals), 个, 人, 人次 …; "" for a bare number."""
    bound: Bound
    start: int
    end: int
    outer: tuple[int, int]
    """Span with the bound words; equal to (start, end) when there are none."""
    upper: float | None = None
    """Upper end of a range (3-5 个); None when it is no range."""
    open_date: bool = False
    """A date with a placeholder (202x 年 x 月 x 日): the document leaves it open."""

    @property
    def key(self) -> tuple[str, str]:
        """What may be compared with what: (kind, unit)."""
        return (self.kind, self.unit)


_ARABIC = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_POINT = r"点[零〇一二三四五六七八九]+"
_HAN = rf"[零〇○一二两三四五六七八九十百千万亿]+(?:{_POINT}(?:万亿|[十百千]?[万亿]|[十百千])?)?"
_NUM = (
    rf"(?:(?:{_ARABIC})[ ]*(?:[余多几][ ]*)?(?:万亿|千万|百万|十万|千亿|百亿|十亿|亿|万|千|百)?"
    rf"|{_HAN}(?:[余多几](?:万亿|[万亿千百])?)?)"
)
_TO = r"[ ]*(?:-|—|–|~|～|至|到)[ ]*"

# Longer first; each maps to the unit in which it is compared. General measure words are one unit, because
# people say 2674个项目 for 2674 项 and 496个企业 for 496 家.
_MEASURES: dict[str, str] = {
    **dict.fromkeys("家个项件种类户所座处笔款场条套台期批篇份支辆间部", "个"), "方面": "个",
    **dict.fromkeys("人名位", "人"), "人次": "人次", "家次": "家次", "户次": "户次",
    **{unit: unit for unit in ("倍", "次", "平方米", "亩", "公里", "吨", "岁")},
}  # fmt: skip
_MEASURE = "|".join(sorted(_MEASURES, key=len, reverse=True))

_NAMES = re.compile(
    r"[〔\[（(【]\s*(?:19|20)\d{2}\s*[〕\]）)】]\s*(?:第\s*)?\d*\s*号?|第?\d+[ ]*号"
    r"|第[零〇一二三四五六七八九十百千]+号|(?<!\d)\d{7,}(?!\d"
    r"|\.|[ ]*[元万亿%家个项人])"
    r"|\d(?:\+\d)+|\d{1,2}:\d{2}|[A-Za-z][A-Za-z0-9-]*\d[A-Za-z0-9]*"
    r"|(?<!\d)(?!20[\dxX]{1,2}[ ]*年)\d+[A-Za-z]{1,6}(?![A-Za-z])|十[四五三二]五(?=[规“”\"时期])"
    r"|[“\"]十[一二三四五]五[”\"]"
)
_DATE = re.compile(
    rf"(?P<year>(?:19|20)\d{{2}}|20\d[xX×]|20[xX×]{{2}}|[二一][〇零○九][零〇○一二三四五六七八九]{{2}})[ ]*(?:年度?"
    rf"|(?=[-/.]\d{{1,2}}[-/.]\d))"
    rf"(?:[ ]*(?P<m1>\d{{1,2}}|[一二三四五六七八九十]{{1,2}})月?{_TO}(?P<m2>\d{{1,2}}|[一二三四五六七八九十]{{1,2}})月"
    rf"|[ ]*前[ ]*(?P<first>\d{{1,2}}|[一二三四五六七八九十]{{1,2}})个月"
    rf"|[-/.年]?[ ]*(?P<month>\d{{1,2}}|[xX×]{{1,2}}|[一二三四五六七八九十]{{1,3}})[ ]*(?:月(?:份)?"
    rf"|[-/.])(?:[ ]*(?P<day>\d{{1,2}}|[xX×]{{1,2}}|[一二三四五六七八九十]{{1,3}})(?:[ ]*[日号]|(?<=[-/.]\d)"
    rf"|(?<=[-/.]\d\d)))?)?"
    rf"|(?P<bare>\d{{1,2}}|[一二三四五六七八九十]{{1,2}})月(?:份|底|初|中旬|(?P<bareday>\d{{1,2}}"
    rf"|[一二三四五六七八九十]{{1,3}})[日号])"
)
_ORDINAL = re.compile(rf"首年|头一年|次年|第[ ]*(?P<n>\d+|{_HAN})[ ]*个?(?P<unit>年|季度|阶段|名|位|批)")
_ARTICLE = re.compile(rf"第[ ]*(?P<a>\d+|{_HAN})(?:{_TO}第?(?P<b>\d+|{_HAN}))?[ ]*(?P<unit>[条款项章节])")
_PERCENT = re.compile(
    rf"百分之(?P<han>\d+(?:\.\d+)?|{_HAN})|千分之(?P<mille>\d+(?:\.\d+)?|{_HAN})"
    rf"|(?P<lo>\d+(?:\.\d+)?)[ ]*%?{_TO}(?P<hi>\d+(?:\.\d+)?)[ ]*%|(?P<pct>\d+(?:\.\d+)?)[ ]*%"
    rf"|(?P<points>\d+(?:\.\d+)?|{_HAN})[ ]*个百分点"
    rf"|(?P<tenth>[一二两三四五六七八九\d])成(?P<half>半)?(?![果立功为员本交长效套熟就分品人])"
    rf"|(?P<one_half>一半|半数|二分之一)|(?P<third>三分之一)"
    rf"|(?<!\d)(?P<ra>\d{{1,3}})[:：∶](?P<rb>\d{{1,3}})(?!\d)"
)
_MONEY = re.compile(
    rf"(?:(?P<lo>{_NUM}){_TO})?(?P<n>{_NUM})[ ]*(?P<unit>元人民币|元|块钱|美元|欧元)"
    rf"|(?P<m>(?:{_ARABIC})[ ]*[余多]?[ ]*(?:万亿|千万|百万|亿|万)"
    rf"|(?:零(?=点)|[一二两三四五六七八九十][一二两三四五六七八九十百千]*)(?:{_POINT})?[余多]?(?:万亿|[十百千]?[万亿]))(?![ ]*(?:{_MEASURE}|众创新|\d"
    rf"|[零一二三四五六七八九十百千]))"
)
_DURATION = re.compile(
    rf"(?:(?P<lo>\d+|{_HAN}){_TO})?(?P<n>\d+(?:\.\d+)?|{_HAN}|半)[ ]*(?:个(?P<counted>工作日|自然日|月|季度"
    rf"|星期|小时|学年)"
    rf"|(?P<unit>工作日|年(?!度|级|轻|份|薪)|天|日(?!常|趋|益)|周(?!年|边|期|转)|小时|分钟|周年))"
)
_COUNT = re.compile(rf"(?:(?P<lo>{_NUM}){_TO})?(?P<n>{_NUM})[ ]*(?P<unit>{_MEASURE})(?!会议|元|月|代会)")
_BARE = re.compile(rf"(?<![A-Za-z\d.+/-])(?P<n>{_ARABIC})(?![A-Za-z\d+/-]|\.\d)")

_MONTHS = {"年": 12.0, "月": 1.0, "季度": 3.0, "学年": 12.0, "周年": 12.0}
_DAYS = {"天": 1.0, "日": 1.0, "自然日": 1.0, "周": 7.0, "星期": 7.0}
_MOST = (
    r"最高不超过|最多不超过|不得超过|不到|不足|低于|少于|不能超过|不超过|不超|不高于|不大于|不多于|不得高于"
    r"|最高|最多|至多|顶多|上限|封顶线?|顶格|限额|以内|最大|不突破"
)
_LEAST = (
    r"不低于|不少于|不小于|不得低于|不得少于|至少|最低|最少|起步|保底|下限|超过|突破|冲破|高于|大于|多于|超出|逾|满|超"
)
_BEFORE = re.compile(
    rf"(?P<most>{_MOST})|(?P<least>{_LEAST})|(?P<approx>大约|大概|(?<![节预签合制契公])约|将近|接近|(?<![最附靠])近)"
)
_FAR = re.compile(r"[，,。；;：:、！？\n]")
# Words that must touch the figure: 约 stands in 节约 and 预约, 近 in 近年来, 超 in 超上一年度.
_CLOSE = {"约", "近", "超", "满", "大约", "大概", "将近", "接近", "逾"}
_AFTER = re.compile(
    r"[ ]*(?:(?P<most>(?:及|或)?以内|(?:及|或)?以下|之内|内(?![部容外])|封顶|为上限|为限|到顶|的?上限|的?封顶)"
    r"|(?P<least>(?:及|或)?以上|及以上|起步"
    r"|起(?![草来到])|打底)|(?P<approx>左右|上下|余|多))"
)
_WIDTH = {0xFF10 + i: 0x30 + i for i in range(10)} | {0xFF05: 0x25, 0xFF0E: 0x2E, 0x3000: 0x20, 0xA0: 0x20, 0x0A: 0x20}
_AND = ("、", "和", "及", "与", "或", "，")
_WINDOW_CHARS = 16
"""How far before a figure a bound word may stand (最多可以拿到总投入一半): the longest seen is 14."""


def find_quantities(text: str) -> tuple[Quantity, ...]:
    """Quantities in order of place; spans count characters of `text` as given."""
    line = text.translate(_WIDTH)
    taken = bytearray(len(line))
    found: list[Quantity] = []
    for m in _NAMES.finditer(line):
        taken[m.start() : m.end()] = b"\x01" * (m.end() - m.start())
    for pattern, read in _READERS:
        for m in pattern.finditer(line):
            start, end = m.span()
            if any(taken[start:end]):
                continue
            quantity = read(m)
            if quantity is None:
                continue
            taken[start:end] = b"\x01" * (end - start)
            found.append(quantity)
    found.sort(key=lambda q: q.start)
    return tuple(_bounded(line, found, i) for i in range(len(found)))


def _plain(kind: Kind, value: float | None, unit: str, m: re.Match[str], upper: float | None = None) -> Quantity | None:
    if value is None:
        return None
    bound: Bound = "approx" if re.search(r"[余多几]", m.group()) else "exact"
    return Quantity(kind, value, unit, bound, *m.span(), m.span(), upper)


def _read_date(m: re.Match[str]) -> Quantity | None:
    if m.group("bare"):
        month, day = parse_number(m.group("bare")), parse_number(m.group("bareday") or "")
        return _plain("date", (month or 0) * 100 + (day or 0), "日期", m) if month and month <= 12 else None
    if re.search(r"[xX×]", m.group()):
        stated = parse_number(m.group("year")) if m.group("year").isdigit() else None
        return Quantity("date", (stated or 0) * 10000, "日期", "exact", *m.span(), m.span(), None, True)
    year = parse_number(m.group("year"))
    if year is None or not 1900 <= year <= 2100:
        return None
    if m.group("first") or m.group("m2"):
        low = parse_number(m.group("m1") or "1") or 1
        high = parse_number(m.group("first") or m.group("m2")) or 12
        return _plain("date", year * 10000 + low * 100, "日期", m, year * 10000 + high * 100)
    month, day = parse_number(m.group("month") or ""), parse_number(m.group("day") or "")
    return _plain("date", year * 10000 + (month or 0) * 100 + (day or 0), "日期", m)


def _read_ordinal(m: re.Match[str]) -> Quantity | None:
    if m.group("n") is None:
        return _plain("ordinal", 2.0 if m.group() == "次年" else 1.0, "年", m)
    return _plain("ordinal", parse_number(m.group("n")), m.group("unit"), m)


def _read_article(m: re.Match[str]) -> Quantity | None:
    upper = parse_number(m.group("b")) if m.group("b") else None
    return _plain("article", parse_number(m.group("a")), m.group("unit"), m, upper)


def _read_percent(m: re.Match[str]) -> Quantity | None:
    if m.group("points"):
        return _plain("percent", parse_number(m.group("points")), "百分点", m)
    if m.group("one_half"):
        return _plain("percent", 50.0, "%", m)
    if m.group("third"):
        return _plain("percent", 33.3, "%", m)
    if m.group("ra"):
        return _plain("percent", int(m.group("ra")) / max(1, int(m.group("rb"))), "比", m)
    if m.group("tenth"):
        tenths = parse_number(m.group("tenth"))
        return None if tenths is None else _plain("percent", tenths * 10 + (5 if m.group("half") else 0), "%", m)
    if m.group("hi"):
        return _plain("percent", float(m.group("lo")), "%", m, float(m.group("hi")))
    if m.group("mille"):
        value = parse_number(m.group("mille"))
        return None if value is None else _plain("percent", value / 10, "%", m)
    return _plain("percent", parse_number(m.group("han") or m.group("pct")), "%", m)


def _read_money(m: re.Match[str]) -> Quantity | None:
    if m.group("m"):
        return _plain("money", parse_number(m.group("m")), "元", m)
    unit = "元" if m.group("unit") in ("元", "块钱", "元人民币") else m.group("unit")
    value = parse_number(m.group("n"))
    low = parse_number(m.group("lo")) if m.group("lo") else None
    if low is None or value is None:
        return _plain("money", value, unit, m)
    if low * 1e3 < value:  # 10-20万元: the scale of the second belongs to both
        scale = re.search(r"[十百千万亿]+$", m.group("n"))
        low = parse_number(m.group("lo") + scale.group()) if scale else low
    return _plain("money", low, unit, m, value)


def _read_duration(m: re.Match[str]) -> Quantity | None:
    unit = m.group("unit") or m.group("counted")
    value = 0.5 if m.group("n") == "半" else parse_number(m.group("n"))
    if value is None or (unit == "年" and value >= 1900):
        return None
    if m.group("n") == "半" and unit not in ("年",):
        return None
    if m.group("n") == "一" and (
        unit in ("日", "周") or m.string[m.start() - 1 : m.start()] in tuple("上前每同这那下某")
    ):
        return None  # 上一年, 每一天 name a time and measure none
    low = parse_number(m.group("lo")) if m.group("lo") else None
    factor, canonical = (
        (_MONTHS[unit], "月") if unit in _MONTHS else (_DAYS[unit], "日") if unit in _DAYS else (1.0, unit)
    )
    if low is not None:
        return _plain("duration", low * factor, canonical, m, value * factor)
    return _plain("duration", value * factor, canonical, m)


def _read_count(m: re.Match[str]) -> Quantity | None:
    text = m.group("n").replace(" ", "")
    if (text in ("一", "零") or not re.search(r"[\d零一二两三四五六七八九十]", text)) and not m.group(
        "lo"
    ):  # 一批, 一类, 千家万户 count nothing
        return None
    value, low = parse_number(text), parse_number(m.group("lo")) if m.group("lo") else None
    unit = _MEASURES[m.group("unit")]
    if low is not None:
        return _plain("count", low, unit, m, value)
    return _plain("count", value, unit, m)


def _read_bare(m: re.Match[str]) -> Quantity | None:
    return _plain("count", parse_number(m.group("n")), "", m) if len(m.group("n")) >= 2 else None


_READERS = (
    (_ARTICLE, _read_article),
    (_DATE, _read_date),
    (_ORDINAL, _read_ordinal),
    (_PERCENT, _read_percent),
    (_MONEY, _read_money),
    (_DURATION, _read_duration),
    (_COUNT, _read_count),
    (_BARE, _read_bare),
)


def _bounded(line: str, found: list[Quantity], i: int) -> Quantity:
    """The quantity with the bound that the words around it give."""
    q = found[i]
    if q.kind in ("ordinal", "article"):
        return q
    floor = found[i - 1].end if i else 0
    left = max(floor, q.start - _WINDOW_CHARS)
    before = line[left : q.start]
    if far := [m.end() for m in _FAR.finditer(before)]:
        left, before = left + far[-1], before[far[-1] :]
    bound, outer_start, outer_end = q.bound, q.start, q.end
    last = None
    for m in _BEFORE.finditer(before):
        gap = before[m.end() :].strip()
        if m.group() in _CLOSE and gap:
            continue
        if m.group("least") and m.end() < len(before) and before[m.end() :].startswith(("的", "上", "同")):
            continue
        last = m
    ceiling = found[i + 1].start if i + 1 < len(found) else len(line)
    after = _AFTER.match(line, q.end, ceiling)
    if last is not None:
        outer_start = left + last.start()
        bound = "at_most" if last.group("most") else "at_least" if last.group("least") else "approx"
    if after is not None:
        outer_end = after.end()
        said: Bound = "at_most" if after.group("most") else "at_least" if after.group("least") else "approx"
        if bound in ("exact", "approx"):
            bound = said
    if i and bound == "exact" and found[i - 1].key == q.key and line[found[i - 1].end : q.start].strip() in _AND:
        before_it = _bounded(line, found, i - 1)  # 不超过30万元、20万元、10万元: one word for all of them
        if before_it.outer[0] < before_it.start:
            bound, outer_start = before_it.bound, found[i - 1].end
    if q.kind == "date":
        bound = "exact"
    return Quantity(q.kind, q.value, q.unit, bound, q.start, q.end, (outer_start, outer_end), q.upper, q.open_date)


__all__ = ["Bound", "Kind", "Quantity", "find_quantities", "parse_number"]
