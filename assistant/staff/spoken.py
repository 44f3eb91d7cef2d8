"""Policy text as it is read out on the phone: figures, dates, document numbers and signs in words that are heard right.

2000万元 → 两千万元, 30% → 百分之三十, 2026年 → 二零二六年, 409号 → 四零九号, 3-5年 → 三到五年. Nothing is lost or
added: `numbers` reads the values of both forms, and who speaks compares them. Pure; about 0.1 ms a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from assistant.numbers import parse_number
from index.regions import REGION_NAMES

_DIGITS = "零一二三四五六七八九"
_NUM = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_TO = r"\s*(?:-|—|–|~|～|至|到)+\s*"
_UNIT = r"[个家项件种类户所座处笔款条台套批篇份支辆名位人次倍年天周元块岁亩吨平小分秒方场部层万亿千百余多公米厘毫升度]"
"""What may follow a number that counts or measures."""
_PAIR = r"(?=(?:个|家|项|件|种|类|户|所|座|处|笔|款|条|台|套|批|篇|份|支|辆|名|位|人|次|倍|年|天|周|元|块|岁|亩|吨|平方|小时|分钟|秒|场|层|公|万|亿|千))"
"""Before these a lone 2 is 两."""
_WIDTH = {0xFF10 + i: 0x30 + i for i in range(10)} | {0xFF05: "%", 0xFF0E: ".", 0xFF0B: "+", 0xFF0F: "/"}
_SIGNS = (
    ("＝", "等于"), ("=", "等于"), ("×", "乘以"), ("÷", "除以"), ("≈", "约等于"), ("≥", "大于等于"), ("≤", "小于等于"),
    ("＞", "大于"), ("＜", "小于"), ("+", "加"), ("㎡", "平方米"), ("m²", "平方米"), ("℃", "摄氏度"),
)  # fmt: skip
_MOST_DIGITS = 16
"""Longer rows of digits are no amount."""


def digits(text: str) -> str:
    """Digits one by one: 409 → 四零九; a point is 点."""
    return "".join("点" if c == "." else _DIGITS[int(c)] for c in text if c.isdigit() or c == ".")


def cardinal(text: str, *, counts: bool = False) -> str:
    """An Arabic number as it is said: 2000 → 两千, 1,554 → 一千五百五十四, 0.5 → 零点五.

    Args:
        text: digits, thousands separators and a point.
        counts: a measure word follows, before which 2 is 两.
    """
    import cn2an

    plain = text.replace(",", "")
    whole = plain.partition(".")[0]
    if len(whole) > _MOST_DIGITS or (len(whole) > 1 and whole.startswith("0")):
        return digits(plain)
    said = str(cn2an.an2cn(plain, "low"))
    head, point, tail = said.partition("点")
    head = re.sub(r"(?<![十零])二(?=[百千万亿])", "两", head)
    if counts and head == "二" and not point:
        return "两"
    return head + point + tail


def _of_number(m: re.Match[str]) -> str:
    text, after = m.group(), m.string[m.end() :].lstrip()
    measured = bool(re.match(rf"(?:{_UNIT}|%)", after))
    bare = text.isdigit() and not measured
    if m.string[: m.start()].rstrip().endswith("第"):
        return cardinal(text)  # 第二款, before whatever word
    named = bare and (len(text) >= 5 or re.fullmatch(r"(?:19|20)\d\d", text))  # 12345热线, a year without its word
    return digits(text) if named else cardinal(text, counts=bool(re.match(_PAIR, after)))


def _of_myriads(m: re.Match[str]) -> str:
    """12000万 is said as 一亿两千万."""
    value = float(m.group("n").replace(",", ""))
    return cardinal(f"{value * 10_000:.0f}") if value >= 10_000 and value < 10**12 else m.group()


def _of_name(m: re.Match[str]) -> str:
    """A document's or a house's number: from three digits on they are said one by one."""
    number = m.group("n")
    said = digits(number) if len(number) > 2 or number.startswith("0") else cardinal(number)
    year = m.groupdict().get("y")
    return f"，{digits(year)}，{said}号" if year else f"{said}号"


def _of_day(m: re.Match[str]) -> str:
    year, month, day = m.group("y"), m.group("m"), m.group("d")
    return f"{digits(year)}年{cardinal(month.lstrip('0'))}月{cardinal(day.lstrip('0'))}日"


def _of_years(m: re.Match[str]) -> str:
    return f"{digits(m.group('a'))}{m.group('w') or ''}到{digits(m.group('b'))}年"


def _of_range(m: re.Match[str]) -> str:
    counts = bool(re.match(_PAIR, m.string[m.end() :].lstrip()))
    return f"{cardinal(m.group('a'))}到{cardinal(m.group('b'), counts=counts)}"


def _of_percent(m: re.Match[str]) -> str:
    whole = "百分之" if m.group("sign") == "%" else "千分之"
    low = m.group("lo")
    return (f"{whole}{cardinal(low)}到" if low else "") + whole + cardinal(m.group("hi"))


def _of_fraction(m: re.Match[str]) -> str:
    return f"{cardinal(m.group('b'))}分之{cardinal(m.group('a'))}"


def _of_clock(m: re.Match[str]) -> str:
    return f"{cardinal(m.group('h'), counts=True)}点{cardinal(m.group('m').lstrip('0') or '0')}分"


_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"[〔\[（(【]\s*(?P<y>(?:19|20)\d\d)\s*[〕\]）)】]\s*(?:第\s*)?(?P<n>\d{1,5})\s*号"), _of_name),
    (re.compile(r"(?<!\d)(?P<n>\d+)\s*号"), _of_name),
    (re.compile(r"(?P<y>(?:19|20)\d\d)[-/.](?P<m>0?[1-9]|1[0-2])[-/.](?P<d>0?[1-9]|[12]\d|3[01])日?(?!\d)"), _of_day),
    (re.compile(rf"(?<!\d)(?P<a>(?:19|20)\d\d)\s*(?P<w>年)?{_TO}(?P<b>(?:19|20)\d\d)\s*年"), _of_years),
    (re.compile(r"(?<!\d)(?P<y>(?:19|20)\d\d)\s*(?=年)"), lambda m: digits(m.group("y"))),
    (re.compile(r"(?P<y>20\d)[xX×]\s*(?=年)|(?P<c>20)[xX×]{2}\s*(?=年)"), lambda m: digits(m.group("y") or m.group("c")) + "某"),
    (re.compile(r"(?<![A-Za-z])[xX×]{1,2}\s*(?=[月日])"), lambda m: "某"),
    (re.compile(rf"(?:(?P<lo>{_NUM})\s*[%‰]?{_TO})?(?P<hi>{_NUM})\s*(?P<sign>[%‰])"), _of_percent),
    (re.compile(r"(?<!\d)(?P<h>[01]?\d|2[0-4])[:：](?P<m>[0-5]\d)(?!\d)"), _of_clock),
    (re.compile(rf"(?P<a>{_NUM})\s*[:：∶]\s*(?P<b>{_NUM})"), lambda m: f"{cardinal(m.group('a'))}比{cardinal(m.group('b'))}"),
    (re.compile(r"(?<![\d/])(?P<a>\d{1,2})/(?P<b>\d{1,3})(?![\d/])"), _of_fraction),
    (re.compile(rf"(?<![A-Za-z\d.-])(?P<a>{_NUM})\s*(?:-|—|–|~|～)+\s*(?P<b>{_NUM})(?![A-Za-z\d])"), _of_range),
    (re.compile(r"(?<![A-Za-z\d])(?P<n>\d+)(?=G(?![A-Za-z]))"), lambda m: cardinal(m.group("n"))),
    (re.compile(rf"(?<![A-Za-z\d.,])(?P<n>{_NUM})\s*万(?![亿千百])"), _of_myriads),
    (re.compile(rf"(?<![A-Za-z\d])(?<![A-Za-z]-){_NUM}(?![A-Za-z\d])"), _of_number),
)  # fmt: skip
"""In this order: what a rule has turned into words, a later one no longer sees."""
_SPAN = re.compile(
    rf"(?<=\d)(?P<unit>[年月日天元家个项名人次倍度档款条级万亿]|万元|亿元|千万元|百万元)(?:-|—|–|~|～)+(?={_NUM}(?P=unit))"
)
"""3年-5年: from … to. A dash before a number is a minus elsewhere: 增长-3.5%."""
_EACH = re.compile(r"(?<=[元个家项次人吨])\s*/\s*(?=年|季|月|周|天|日|人|户|家|台|套|项|次|亩|平方米|吨|个)")
_ITEM = re.compile(r"[（(]([一二三四五六七八九十]{1,3})[）)]")
_INNER = re.compile(r"[（(〔\[［【]([^（(〔\[［【）)〕\]］】]*)[）)〕\]］】]")
_DROPPED = re.compile(r"[*_`《》〈〉（）()〔〕\[\]［］【】]")
_HAN = r"\u3400-\u9fff"


def spoken(text: str) -> str:
    """A sentence of a document as it is read out: no Arabic figures but in names (AI4S), no brackets, no marks."""
    line = re.sub(r"\s*\n\s*", "，", text.strip()).translate(_WIDTH)
    line = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", line)
    line = re.sub(r"(?<![A-Za-z])\s+|\s+(?![A-Za-z])", "", line)
    line = re.sub(r"[￥¥](" + _NUM + r"(?:[万亿]+)?)元?", r"\1元", line)
    line = _SPAN.sub(r"\g<unit>到", line)
    line = re.sub(r"(?<![A-Za-z\d)）%‰])-(?=\d)", "负", line)
    line = _EACH.sub("每", line)
    for pattern, words in _RULES:
        line = pattern.sub(words, line)
    for sign, word in _SIGNS:
        line = line.replace(sign, word)
    line = re.sub(rf"(?<=[{_HAN}])/(?=[{_HAN}])", "、", line)
    return _unbracketed(line)


def _unbracketed(line: str) -> str:
    """Brackets become pauses; short ones inside a word (中国（上海）自贸区, 省（市）级) run on."""
    line = _ITEM.sub(lambda m: m.group(1) + ("" if line[m.end() : m.end() + 1] in tuple("项条款点目") else "，"), line)
    line = re.sub(r"》\s*《", "》、《", line)
    for _ in range(4):  # brackets within brackets, from the inside out
        line, changed = _INNER.subn(_pause, line)
        if not changed:
            break
    line = _DROPPED.sub("", line)
    line = re.sub(r"，*([。；！？：、])，*", r"\1", line)
    line = re.sub(r"，{2,}", "，", line)
    return re.sub(r"，+(?=[”’])", "", line.strip("，、 "))


def _pause(m: re.Match[str]) -> str:
    inside = m.group(1).strip()
    before, after = m.string[: m.start()], m.string[m.end() :]
    in_word = bool(re.search(rf"[{_HAN}]$", before) and re.match(rf"[{_HAN}]", after))
    if in_word and (len(inside) == 1 or inside in REGION_NAMES):
        return inside
    return f"，{inside}，" if inside else ""


_ROUGH = r"\s*[余多几]?\s*"
_VALUE = re.compile(
    rf"(?:{_NUM}|[零〇○一二两三四五六七八九十百千万亿]+(?:点[零一二三四五六七八九]+)?)(?:{_ROUGH}[十百千万亿]+)*"
)
_OF = re.compile(r"[百千]分之|分之")


def numbers(text: str) -> list[float]:
    """Values of all numbers of a text in order, in figures or in words; the same for both forms."""
    line = re.sub(
        r"(?<![\d/])(\d{1,2})/(\d{1,3})(?![\d/])", r"\2，\1", text.translate(_WIDTH)
    )  # said the other way round
    line = re.sub(r"点(?=[零一二三四五六七八九十]+分)|(?<=\d)\s*[:：∶]\s*(?=\d)", "，", line)
    values = (parse_number(re.sub(r"\s", "", m.group())) for m in _VALUE.finditer(_OF.sub("，", line)))
    return [round(v, 4) for v in values if v is not None]


def faithful(text: str, said: str) -> bool:
    """Whether the words that are read out hold exactly the numbers of the text."""
    return numbers(text) == numbers(said)


__all__ = ["cardinal", "digits", "faithful", "numbers", "spoken"]
