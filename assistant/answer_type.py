"""Which type of answer a question wants: a count of people, a span of years, a share, a day, a street.

`assistant.asked` knows the facts that are asked for again and again by name. This knows none: whatever is asked
for with 几, 多少, 多久 or 哪天 wants a numeral with a unit of one type, so that a question about something that
nobody foresaw (住几年, 待几天, 配几个人) is still not answered by a sentence that holds no such thing. The types are
the numeric and locative ones of Li and Roth (2002), with Chinese measure words. Of 425 unanswerable questions
written before any was tried it refuses a further 0.14 (0.33 → 0.47), and one more of 272 answerable ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_N = r"(?:\d[\d.,]*|[零〇一二三四五六七八九十百千万两半]+)(?:余|多|来)?\s*"
_LISTS = r"、[^、，。；]+、"
"""An enumeration can be counted."""


@dataclass(frozen=True, slots=True)
class AnswerType:
    """A type of answer."""

    name: str
    """As said to the asker: 文件没有写明<name>."""
    unit: re.Pattern[str] | None
    """What follows 几 or 多少 when this type is asked for; None when it is asked for by a word of its own."""
    shown: re.Pattern[str]


def _counted(name: str, unit: str, shown: str) -> AnswerType:
    return AnswerType(name, re.compile(unit), re.compile(shown))


_SPAN = r"(?:(?<![月\d])\d{1,3}|[零〇一二三四五六七八九十百两半]+)(?:余|多|来)?\s*"
"""No day or year of the calendar: 5月17日, 2024年."""
_YEARS = _SPAN + r"(?:周?年(?!\s*\d|度|代)|个(?:月|季度))"
_DAYS = _SPAN + r"(?:个?工作日|天|日|个月|个?(?:星期|小时)|周(?!年)|分钟)"
_DAY = r"\d{1,4}\s*年|\d{1,2}\s*月|\d+\s*日|工作日|年内|期限|次年|每年|年底|首年|第[一二三]年|自.{0,20}起"
_COUNTED = (
    _counted("年数", r"年(?!级)|周年", _YEARS),
    _counted("天数", r"个?(?:工作日|天|日|月|周|星期|礼拜|小时|钟头|分钟)", _DAYS),
    _counted("人数", r"(?:个|号|位)?人(?!民币)|名(?!单|称)|位(?!置)", _N + r"(?:人|名|位|个人)"),
    _counted("次数", r"次(?!啊)|回(?!来)|趟|批|轮", _N + r"(?:次|回|批|轮)"),
    _counted(
        "比例",
        r"成|个?百?分?点|折|倍|百?分之",
        _N + r"(?:%|成(?![果立功为长])|折|倍)|百分之|全额|\d%",
    ),
    _counted("面积", r"平(?!台)|亩|公顷", _N + r"(?:平方|亩|公顷|㎡)"),
    _counted("等级或分数", r"星|级|等(?!待)|分(?!之|期|批|公司)", _N + r"(?:星|级|等(?![，。、])|分)|级"),
    _counted("数量", r"篇|份(?!额)|张|页|吨|岁", _N + r"(?:篇|份|张|本|页|吨|周?岁)"),
    _counted("家数", r"家|户", rf"{_N}(?:家|户|个|项|所|名)|{_LISTS}"),
    _counted("金额", r"个?(?:百|千)?(?:万|亿)|元|块钱|钱", _N + r"(?:万|亿|千|百)*元|\d%"),
)  # fmt: skip
_ANY = AnswerType(
    "具体数字", re.compile(r"$|[^\u4e00-\u9fa5]|吗|呢|啊|才|合适|可以"), re.compile(_N + r"(?:万|亿|千|百)*(?:元|%|家|户|个|项|人|名|次|成|件|年|款|所)")
)  # fmt: skip
"""多少 with nothing behind it: 中方要占股多少."""
_WORDED = (
    (re.compile(r"多久|多长时间|等多长"), AnswerType("时间长短", None, re.compile(f"{_YEARS}|{_DAYS}"))),
    (
        re.compile(r"(?:什么|啥)时候|哪(?:一)?(?:天|日|月|个月)|(?<![好十\d])几[号月](?!文|楼|会议)|何时|几时"),
        AnswerType("具体时间", None, re.compile(_DAY)),
    ),
    (
        re.compile(r"哪条路|什么路|几号楼|门牌|在哪(?:栋|幢|层)"),
        AnswerType("具体地址", None, re.compile(r"[路街道]\s*\d+\s*号|地址")),
    ),
    (re.compile(r"多大的?(?:面积|地方)"), AnswerType("面积", None, re.compile(_N + r"(?:平方|亩|公顷|㎡)"))),
)
_ASKED = re.compile(
    r"(?P<how>(?<![好十这那哪没上近前头过隔列说讲差借两三四五六])几|多少)(?!乎|十[家个人]|何|把|还是|号)(?=(?P<unit>.{0,4}))"
)


def wanted_types(text: str) -> list[AnswerType]:
    """Types of answer that a question in normal form wants, each once, in the order of asking."""
    found: dict[str, AnswerType] = {}
    for m in _ASKED.finditer(text):
        kinds = [t for t in _COUNTED if t.unit and t.unit.match(m["unit"])]
        if not kinds and m["how"] == "多少" and _ANY.unit and _ANY.unit.match(m["unit"]):
            kinds = [_ANY]
        for kind in kinds[:1]:
            found.setdefault(kind.name, kind)
    for word, kind in _WORDED:
        if word.search(text):
            found.setdefault(kind.name, kind)
    return list(found.values())
