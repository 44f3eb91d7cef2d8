"""Numbers as policy text prints them and as people say them: 3,300, 3.3亿, 三千三百多万, 五点六, 一点五亿."""

from __future__ import annotations

import re
from itertools import takewhile

_DIGITS = {
    c: v for v, cs in enumerate(("零〇○", "一壹", "二两贰", "三叁", "四", "五", "六", "七", "八", "九")) for c in cs
}
_PLACES = {"十": 10.0, "百": 100.0, "千": 1000.0}
_SCALES = {"万": 1e4, "亿": 1e8}


def parse_number(text: str) -> float | None:
    """Value of an Arabic or Chinese number with its scale, or None.

    >>> [parse_number(t) for t in ("3,300", "3.3亿", "三千三百多万", "五点六", "一点五亿", "二〇二五", "两千", "百")]
    [3300.0, 330000000.0, 33000000.0, 5.6, 150000000.0, 2025.0, 2000.0, 100.0]
    """
    text = text.replace(",", "").replace(" ", "")
    text = re.sub(r"[余多几]", "", text)
    if not text:
        return None
    if m := re.match(r"\d+(?:\.\d+)?", text):
        return _scaled(float(m.group()), text[m.end() :])
    head, _, tail = text.partition("点")
    if len(head) > 1 and all(c in _DIGITS for c in head) and not tail:
        return float("".join(str(_DIGITS[c]) for c in head))
    total = section = digit = 0.0
    last = 1.0
    for c in head:
        if c in _DIGITS:
            digit = float(_DIGITS[c])
            last = 1.0 if digit == 0 else last
        elif c in _PLACES:
            section += (digit or 1.0) * _PLACES[c]
            digit, last = 0.0, _PLACES[c]
        elif c in _SCALES:
            if c == "亿":
                total = (total + section + digit or 1.0) * 1e8
            else:
                total += (section + digit or 1.0) * 1e4
            section = digit = 0.0
            last = _SCALES[c]
        else:
            return None
    if digit and last >= 100 and head[-1] in _DIGITS:  # 两百三 = 230, 一万五 = 15000
        digit *= last / 10
    value = total + section + digit
    if not tail:
        return value
    decimals = "".join(str(_DIGITS[c]) for c in takewhile(_DIGITS.__contains__, tail))
    return _scaled(value + float(f"0.{decimals}"), tail[len(decimals) :]) if decimals else None


def _scaled(value: float, scales: str) -> float | None:
    """A number times the scales written after it; None when something else stands there."""
    for c in scales:
        scale = _SCALES.get(c) or _PLACES.get(c)
        if scale is None:
            return None
        value *= scale
    return round(value, 6)
