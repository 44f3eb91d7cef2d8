"""Personal data is masked before anything is stored: ID card, phone, bank card, e-mail.

Check digits decide where they exist (GB 11643-1999 for ID cards, Luhn for bank cards), so that amounts and
document numbers survive. Digits typed full-width or in groups are found too.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_ID = re.compile(
    r"(?<!\d)[1-9]\d{5}[ -]?(?:19|20)\d{2}[ -]?(?:0[1-9]|1[0-2])[ -]?(?:0[1-9]|[12]\d|3[01])[ -]?\d{3}[\dXx](?![\dA-Za-z])"
)
_CARD = re.compile(r"(?<!\d)[3-6]\d{3}(?:[ -]?\d{4}){2}[ -]?\d{3,4}(?:[ -]?\d{1,3})?(?!\d)")
_AMOUNT = r"(?!\d|\.\d|\s*[多余]?[十百千万亿]*[元块吨件台套平])"
"""What follows a number that is counted or paid and not dialled."""
_MOBILE = re.compile(r"(?<![\d.])(?:(?:\+|00)?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}" + _AMOUNT)
_LANDLINE = re.compile(r"(?<![\d.])(?:[(]0\d{2,3}[)][- ]?|0\d{2,3}[- ])\d{7,8}" + _AMOUNT)
_MAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
_NARROW = {0xFF01 + i: 0x21 + i for i in range(94)} | {0x3000: 0x20}
"""Full-width forms to ASCII, one character each."""


def mask(text: str) -> str:
    """`text` with personal data replaced by what it was.

    >>> mask("我叫张三，电话13812345678，想问500000元补贴")
    '我叫张三，电话[手机号]，想问500000元补贴'
    """
    for pattern, name, sure in _KINDS:
        pieces, done = [], 0
        for m in pattern.finditer(text.translate(_NARROW)):
            if sure(m.group(0)):
                pieces += [text[done : m.start()], name]
                done = m.end()
        text = "".join([*pieces, text[done:]])
    return text


def _id_valid(number: str) -> bool:
    digits = re.sub(r"[ -]", "", number)
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(d) * w for d, w in zip(digits[:17], weights, strict=True))
    return "10X98765432"[total % 11] == digits[17].upper()


def _luhn(number: str) -> bool:
    digits = [int(c) for c in number if c.isdigit()]
    if not 15 <= len(digits) <= 19:
        return False
    doubled = [d if i % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for i, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _always(_: str) -> bool:
    return True


_KINDS: tuple[tuple[re.Pattern[str], str, Callable[[str], bool]], ...] = (
    (_MAIL, "[邮箱]", _always),
    (_ID, "[身份证号]", _id_valid),
    (_CARD, "[银行卡号]", _luhn),
    (_MOBILE, "[手机号]", _always),
    (_LANDLINE, "[电话号码]", _always),
)
