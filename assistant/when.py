"""On which day a question asks what holds: today, unless it says otherwise (2023年的时候, 去年的政策, 明年3月还能申报吗).

A year says when only beside words that make it a time of asking or applying. A year in a document's number or title,
in a target (到2025年建成) or in a figure's period (2024年签了多少) does not; in doubt it is today.

A month is taken by its last day, as is a year that is past. Of a whole year to come that is named its first day counts:
what ends within it still holds then, and its end is said.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass

from index.numerals import parse_ordinal
from index.regions import REGION_NAMES


@dataclass(frozen=True, slots=True)
class AsOf:
    """The day that an answer is for."""

    day: dt.date
    rest: str
    """The question without the words that say when, which would mislead search: 首台套补多少."""
    said: str = ""
    """When, as it was put: 2023年5月; "" for today."""
    earlier: bool = False
    """Asked for what held before, without a day: 以前的政策."""


_YEAR = r"(?P<year>(?:19|20)\d{2}|[一二][九〇○零][〇○零一二三四五六七八九]{2})年"
_MONTH = r"(?:(?P<month>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])月(?:份|(?P<date>[12]\d|3[01]|0?[1-9])[日号])?)"
_PART = r"(?P<part>年?初|年?底|年?末|上半年|下半年)"
_TIME = rf"(?P<time>(?:{_YEAR}|(?P<ago>大前年|前年|去年)){_MONTH}?{_PART}?|(?P<last>上个?月))"
_PLACES = "|".join(sorted({name + end for name in REGION_NAMES for end in ("市", "")}, key=len, reverse=True))
# Atomic: 上海市上海市… could else be read in two ways at each name.
_WHO = rf"(?:我们?|咱们?|你们?|公司|企业|单位|厂里|那边|当地|这边|(?>{_PLACES}))*"
_APPLY = r"(?:申报|申请|提交(?:材料|申请)?|报送?|立项|认定|备案)"
_POLICY = r"(?:[\u4e00-\u9fa5]{0,8}?(?:政策|规定|补贴标准|奖励标准|资助标准|支持标准|标准|口径|条款))"
_WHEN = tuple(
    re.compile(pattern)
    for pattern in (
        # 2023年的时候；2024年5月申报的时候；去年那会儿
        rf"(?:在|是|就是|截至|截止)?{_TIME}(?P<act>{_WHO}(?:[^，。？！；、]{{0,10}}?))(?P<cut>的?(?:时候|那时候?|那会儿?|那阵子?|那年|当时))",
        # 2024年5月申报能享受吗
        rf"(?:在|是|就是)?{_TIME}(?P<act>{_WHO}(?:去|来)?{_APPLY}(?:的话|时)?[，,]?{_WHO}(?=(?:那时)?(?:还?能|可以|可不可以|够不够|符合|有没有|给|补|奖)))",
        # 那2024年呢
        rf"(?:^|(?<=[\s，。？?]))(?:那|那么)?(?:在|是)?{_TIME}(?P<act>)(?:的时候|时)?(?=呢)",
        # 2023年的政策；按去年的标准
        rf"(?:按照?|依照?|依据|根据|适用|执行)?{_TIME}(?:时)?(?:的|那时的|当时的|那会儿的|执行的|适用的|有效的|施行的)(?P<act>(?={_POLICY}))",
    )
)
_AHEAD_TIME = rf"(?P<time>(?:{_YEAR}|(?P<next>明年|(?<![大今以之])后年|今年)){_MONTH}?{_PART}?|(?P<soon>下个?月)|(?P<end>(?<![年度季月])(?:年底|年末)))"
_STILL = r"(?:还(?:能|可以|有效|享受|管用|算数?|执行|有(?:没有)?(?:补|奖|资助|政策|这))|仍|(?:是否|能不能|可不可以|能否)(?=[^，。？！；]{0,4}(?:享受|申[请报]|领|拿|报|补|奖|用|获|有效|执行|适用)))"
_AHEAD = tuple(
    re.compile(pattern)
    for pattern in (
        # 明年3月的时候能补多少
        rf"(?:在|等到?)?{_AHEAD_TIME}(?P<act>{_WHO}(?:[^，。？！；、]{{0,10}}?))(?P<cut>的?(?:时候|那时候?|那会儿?))",
        # 下个月申报首台套能补多少；2027年1月再申报还能享受吗
        rf"(?:在|等到?)?{_AHEAD_TIME}(?P<act>{_WHO}(?:再|才|去|来|想|打算|准备|计划|要)*{_APPLY}[^，。？！；]{{0,12}}?[，,]?{_WHO}(?=(?:那时)?(?:还?能|可以|可不可以|够不够|符合|有没有|给|补|奖|享受|最高|多少)))",
        # 到2027年1月还有效吗；年底还能不能享受
        rf"(?P<until>(?<!期)到|等到?)?{_AHEAD_TIME}(?P<act>(?:的话|时|以后|之后)?{_WHO}(?={_STILL}))",
        # 那明年3月呢
        rf"(?:^|(?<=[\s，。？?]))(?:那|那么)?(?:在|到)?{_AHEAD_TIME}(?P<act>)(?:的时候|时)?(?=呢)",
        # 明年3月的政策
        rf"(?:按照?|依照?|依据|根据|适用|执行)?{_AHEAD_TIME}(?:时)?(?:的|执行的|适用的|有效的|施行的)(?P<act>(?=(?![\u4e00-\u9fa5]{{0,4}}(?:计划|安排)){_POLICY}(?!宣讲|解读|培训)))",
    )
)
"""The same of times to come; 今年 only with its month, and a time that has begun is now."""
_EARLIER = re.compile(
    r"(?<![项报批后始工产成册市])(?:在)?(?:以前|之前|过去|原先|原来|早先|从前|早些年|前些年|旧)(?:的|那个|那份|那版)?(?=(?:老|旧)?(?:政策|规定|标准|办法|版本|版|措施|意见|方案|条款|补贴标准))|(?<![养敬适扶助长古破废陈])(?:老|旧)(?=政策|办法|规定|标准|版)"
)
_HISTORY = re.compile(r"成立|注册|开办|创办|设立|签|买|搬|招|投产|升规|入库|开业|毕业")
_NOW = re.compile(r"现在|目前|如今|当前|眼下|现行|还能(?!不)|今年|今后|以后|明年|最新")
"""The question is about now, whatever else it tells."""
_NOW_THEN = re.compile(r"(?:现在|目前|如今|今年)(?:的)?(?:话)?呢")
"""…那现在呢: a follow-up that takes the time away from what it follows."""
_FIGURE = re.compile(
    r"[了过](?:多少|几|哪些)|累计|同比|环比|增速|增长|涨了|营收|收入|规模|产值|授信|成交|签约|培训|占比|比重|总额|多少(?:家|人|个|项|场)|建成|达到|目标"
)
"""Beside these a year is the period or the target of a figure."""
_UNTIL = re.compile(r"(?:到|至|截[至止]|力争|争取|计划|预计|自|从)\s*$")
_MASKED = re.compile(
    r"《[^》]*》|[〔\[（(【]\s*(?:19|20)\d{2}\s*[〕\]）)】]|(?:19|20)\d{2}\s*年?\s*第?\s*\d{1,5}\s*号(?:文|令|公告)?"
)


def read_when(question: str, today: dt.date) -> AsOf:
    """The day that a standalone question is about.

    Args:
        question: as typed, with what it refers to.
        today: what 去年 counts from.
    """
    text = _MASKED.sub(lambda m: "＃" * len(m.group(0)), question)
    times = [] if _FIGURE.search(text) else _times(text, today)
    ahead = bool(times) and times[-1][1] > today
    rest, others = question, text
    for m, day in reversed(times):
        others = others[: m.start("time")] + others[m.end("time") :]
        if not ahead or day > today:  # 2023年的政策明年还能用吗: the earlier year says which one is meant
            rest = _without(rest, m)
    if _NOW.search(others.replace("还能", "") if ahead else others):
        return AsOf(today, rest if _NOW_THEN.search(text) else question)
    if times:  # the last that was said: a follow-up (那2024年呢) stands behind what it follows
        m, day = times[-1]
        return AsOf(day, rest, question[m.start("time") : m.end("time")])
    if earlier := _EARLIER.search(text):
        return AsOf(today, question[: earlier.start()] + question[earlier.end() :], earlier=True)
    return AsOf(today, question)


def _times(text: str, today: dt.date) -> list[tuple[re.Match[str], dt.date]]:
    """Times before or after today that say when, in their order, none within another."""
    found: list[tuple[re.Match[str], dt.date]] = []
    ahead = [(m, day) for p in _AHEAD for m in p.finditer(text) if (day := _day_ahead(m, today))]
    told_of = [(m, day) for p in _WHEN for m in p.finditer(text) if (day := _last_day(m, today)) and day < today]
    for m, day in sorted([*told_of, *ahead], key=lambda pair: (pair[0].start("time"), -pair[0].end())):
        apart = not found or m.start() >= found[-1][0].end()
        # 公司2023年成立的时候只有5个人，……能资助多少: how the asker came to be, told before the question is asked.
        told = bool(_HISTORY.search(m["act"])) and bool(re.search(r"[，。；]", text[m.end() :]))
        until = not m.groupdict().get("until") and _UNTIL.search(text[: m.start("time")])
        if apart and not told and not until:
            found.append((m, day))
    return found


def _day_ahead(m: re.Match[str], today: dt.date) -> dt.date | None:
    """The day that stands for a time to come; None when it has begun, or when nobody can tell."""
    if m["soon"]:
        first = (today.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
        return first.replace(day=calendar.monthrange(first.year, first.month)[1])
    if m["end"]:
        day = dt.date(today.year, 12, 31)
        return day if day > today else None
    later = {"今年": 0, "明年": 1, "后年": 2}
    year = today.year + later[m["next"]] if m["next"] else parse_ordinal(m["year"]) or 0
    month, part = parse_ordinal(m["month"] or "") or 0, m["part"] or ""
    whole = not month and not part
    if not month:
        month = 1 if "初" in part or whole else 6 if part == "上半年" else 12
    try:
        last = calendar.monthrange(year, month)[1]
        date = parse_ordinal(m["date"] or "") or (1 if whole else last)
        day, begins = dt.date(year, month, date), dt.date(year, month, date if m["date"] else 1)
    except (ValueError, IndexError):
        return None
    begins = dt.date(year, 7, 1) if part == "下半年" else dt.date(year, 1, 1) if part == "上半年" else begins
    return day if begins > today and (not whole or year > today.year) else None


def _last_day(m: re.Match[str], today: dt.date) -> dt.date | None:
    """Last day of the time that was named; None when there is no such day."""
    if m["last"]:
        return today.replace(day=1) - dt.timedelta(days=1)
    ago = {"去年": 1, "前年": 2, "大前年": 3}
    year = today.year - ago[m["ago"]] if m["ago"] else parse_ordinal(m["year"]) or 0
    month = parse_ordinal(m["month"] or "") or 0
    part = m["part"] or ""
    if not month:
        month = 1 if "初" in part else 6 if part == "上半年" else 12
    try:
        date = parse_ordinal(m["date"] or "") or calendar.monthrange(year, month)[1]
        return dt.date(year, month, date)
    except (ValueError, IndexError):
        return None


def _without(question: str, m: re.Match[str]) -> str:
    """The question without the time; what was done then (申报) stays."""
    kept = question[m.start("act") : m.end("act")]
    rest = question[: m.start()] + kept + question[m.end() :]
    return re.sub(r"^[的，,\s]+", "", rest) or question
