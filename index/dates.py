"""Dates as Chinese documents print them."""

from __future__ import annotations

import re
from datetime import date, timedelta

from index.numerals import parse_ordinal

_DATE = re.compile(
    r"(\d{4}|[二〇○零一二三四五六七八九]{4})\s*[年\-/.]\s*(\d{1,2}|[一二三四五六七八九十]{1,3})\s*[月\-/.]\s*(\d{1,2}|[一二三四五六七八九十]{1,3})\s*日?"
)
_PLACEHOLDER = re.compile(r"[xX×]{1,4}\s*[年月日]")


def iso_date(text: str) -> str:
    """First full date in `text` as YYYY-MM-DD, "" when there is none (placeholders are none).

    >>> iso_date("自2024年5月1日起"), iso_date("自 202x 年 x 月 x 日"), iso_date("二〇二三年四月十八日")
    ('2024-05-01', '', '2023-04-18')
    """
    if _PLACEHOLDER.search(text):
        return ""
    m = _DATE.search(text)
    if not m:
        return ""
    year, month, day = (parse_ordinal(g) or 0 for g in m.groups())
    try:
        return date(year, month, day).isoformat() if 1900 < year < 2200 else ""
    except ValueError:  # 2月31日 is printed now and then
        return ""


def last_day(first: str, years: int, months: int = 0) -> str:
    """Last day of a time that begins on `first` (ISO) and lasts so long.

    >>> last_day("2024-05-01", 5), last_day("2024-02-29", 1), last_day("2024-01-31", 0, 1)
    ('2029-04-30', '2025-02-28', '2024-02-29')
    """
    start = date.fromisoformat(first)
    whole = start.year * 12 + start.month - 1 + years * 12 + months
    year, month = divmod(whole, 12)
    try:
        return (date(year, month + 1, start.day) - timedelta(days=1)).isoformat()
    except ValueError:  # 2月29日 a year later: the month ends before that day comes
        return (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).isoformat()


def say_day(iso: str) -> str:
    """2025-05-17 as people write it: 2025年5月17日; what is no full date stays as it is."""
    year, _, rest = iso.partition("-")
    month, _, day = rest.partition("-")
    return f"{year}年{int(month)}月{int(day)}日" if day else iso
