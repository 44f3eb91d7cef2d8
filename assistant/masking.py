"""Personal data is masked before anything is stored: ID card, phone, bank card, e-mail.

Check digits decide where they exist (GB 11643-1999 for ID cards, Luhn for bank cards), so that amounts and
document numbers survive.
"""

from __future__ import annotations

import re

_ID = re.compile(r"(?<!\d)[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?!\d)")
_MOBILE = re.compile(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)0\d{2,3}[- ]\d{7,8}(?!\d)")
_CARD = re.compile(r"(?<!\d)[3-6]\d{3}(?:[ -]?\d{4}){2,3}[ -]?\d{0,4}(?!\d)")
_MAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")


def mask(text: str) -> str:
    """`text` with personal data replaced by what it was.

    >>> mask("我叫张三，电话13812345678，想问500000元补贴")
    '我叫张三，电话[手机号]，想问500000元补贴'
    """
    text = _MAIL.sub("[邮箱]", text)
    text = _ID.sub(lambda m: "[身份证号]" if _id_valid(m.group(0)) else m.group(0), text)
    text = _CARD.sub(lambda m: "[银行卡号]" if _luhn(m.group(0)) else m.group(0), text)
    text = _MOBILE.sub("[手机号]", text)
    return _LANDLINE.sub("[电话号码]", text)


def _id_valid(number: str) -> bool:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(d) * w for d, w in zip(number[:17], weights, strict=True))
    return "10X98765432"[total % 11] == number[17].upper()


def _luhn(number: str) -> bool:
    digits = [int(c) for c in number if c.isdigit()]
    if not 15 <= len(digits) <= 19:
        return False
    doubled = [d if i % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for i, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0
