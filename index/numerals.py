"""Chinese and Arabic ordinals as laws and people write them: 第一千零二条, 二十, １２, 两百, 〇.

Only ordinals and counts; money and percentages live in `index.quantities`.
"""

from __future__ import annotations

import unicodedata

CHINESE_DIGITS = "零〇○一二三四五六七八九十百千万两"
"""Characters a Chinese ordinal may be made of (○ stands in for 〇 in many scans)."""

_VALUES = {c: v for v, cs in enumerate(["零〇○", "一", "二两", "三", "四", "五", "六", "七", "八", "九"]) for c in cs}
_UNITS = {"十": 10, "百": 100, "千": 1000}


def parse_ordinal(text: str) -> int | None:
    """Value of a Chinese or Arabic (half- or full-width) whole number, or None.

    >>> [parse_ordinal(t) for t in ("一千零二", "二十", "十", "１２", "二〇二五", "两百三", "条")]
    [1002, 20, 10, 12, 2025, 230, None]
    """
    text = unicodedata.normalize("NFKC", text).strip()
    if not text:
        return None
    if text.isascii():
        return int(text) if text.isdigit() and len(text) <= 9 else None
    if any(c not in CHINESE_DIGITS for c in text):
        return None
    if all(c in _VALUES for c in text) and len(text) > 1:  # 二〇二五, read digit by digit
        return int("".join(str(_VALUES[c]) for c in text))
    total = section = digit = 0
    last_unit = 1
    for position, c in enumerate(text):
        if c in _VALUES:
            digit = _VALUES[c]
            if digit == 0:
                last_unit = 10  # 一百零五: after 零 the next digit counts ones
            elif position == len(text) - 1 and last_unit > 10 and section and text[position - 1] in _UNITS:
                digit *= last_unit // 10  # 两百三 = 230
        elif c == "万":
            total += (section + digit) * 10_000
            section = digit = 0
            last_unit = 10_000
        else:
            section += (digit or 1) * _UNITS[c]
            digit = 0
            last_unit = _UNITS[c]
    return total + section + digit


def chinese_ordinal(number: int) -> str:
    """Written form of 1 to 9999: 12 → 十二, 105 → 一百零五, 1002 → 一千零二.

    Raises:
        ValueError: outside 1..9999.
    """
    if not 1 <= number <= 9999:
        raise ValueError(f"ordinal out of range 1..9999: {number}")
    digits = "零一二三四五六七八九"
    out, zero_pending = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // unit % 10
        if digit == 0:
            zero_pending = bool(out)
            continue
        if zero_pending:
            out += "零"
            zero_pending = False
        out += name if (unit == 10 and digit == 1 and not out) else digits[digit] + name
    return out
