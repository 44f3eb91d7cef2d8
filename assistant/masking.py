"""Personal data is masked before anything is stored or sent to a remote model.

ID card, phone, bank card and e-mail always; the unified social credit code of a company, which is public, where a
site asks for it. Check digits decide where they exist (GB 11643-1999 for ID cards, Luhn for bank cards,
GB 32100-2015 for credit codes), so that amounts and document numbers survive. Digits typed full-width or in
groups are found too.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_ID = re.compile(
    r"(?<!\d)[1-9]\d{5}[ -]?(?:19|20)\d{2}[ -]?(?:0[1-9]|1[0-2])[ -]?(?:0[1-9]|[12]\d|3[01])[ -]?\d{3}[\dXx](?![\dA-Za-z])"
)
_CARD = re.compile(r"(?<!\d)[2-69]\d{3}(?:[ -]?\d{4}){2}[ -]?\d{3,4}(?:[ -]?\d{1,3})?(?!\d)")
_ISSUERS = re.compile(
    r"62\d{14,17}|9558\d{15}|95599\d{14}|4\d{15}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|35\d{14}|6011\d{12}|65\d{14}"
)
"""First digits and lengths that banks use; one serial number in ten has a right check digit by chance."""
_AMOUNT = r"(?!\d|\.\d|\s*[多余]?[十百千万亿]*(?:[元块吨件套]|台(?!湾)|平[方米]))"
"""What follows a number that is counted or paid and not dialled."""
_MOBILE = re.compile(r"(?<!\d)(?<!\d\.)(?:(?:\+|00)?86[- ]?)?1[3-9]\d(?:[- .]?\d){8}" + _AMOUNT)
_LANDLINE = re.compile(r"(?<![\d.])(?:[(]0\d{2,3}[)][- ]?|0\d{2,3}[- ])\d{7,8}" + _AMOUNT)
_MAIL = re.compile(r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
_CODE = re.compile(
    r"(?<![0-9A-Z])[1-9ANY][1-9A-HJ-NPQRTUWXY][0-9]{6}(?:[ -]?[0-9A-HJ-NPQRTUWXY]{4}){2}[ -]?[0-9A-HJ-NPQRTUWXY]{2}(?![0-9A-Z])",
    re.I,
)
_CODE_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_NARROW = {0xFF01 + i: 0x21 + i for i in range(94)} | {0x3000: 0x20}
"""Full-width forms to ASCII, one character each."""


def mask(text: str, *, companies: bool = False) -> str:
    """`text` with personal data replaced by what it was; `companies` includes unified social credit codes.

    >>> mask("我叫张三，电话13812345678，想问500000元补贴")
    '我叫张三，电话[手机号]，想问500000元补贴'
    """
    for pattern, name, sure in (*_COMPANIES, *_KINDS) if companies else _KINDS:
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
    if not _ISSUERS.fullmatch("".join(map(str, digits))):
        return False
    doubled = [d if i % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for i, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _code_valid(code: str) -> bool:
    signs = re.sub(r"[ -]", "", code.upper())
    total = sum(_CODE_SIGNS.index(c) * pow(3, i, 31) for i, c in enumerate(signs[:17]))
    return _CODE_SIGNS[-total % 31] == signs[17]


def _always(_: str) -> bool:
    return True


_KINDS: tuple[tuple[re.Pattern[str], str, Callable[[str], bool]], ...] = (
    (_MAIL, "[邮箱]", _always),
    (_ID, "[身份证号]", _id_valid),
    (_CARD, "[银行卡号]", _luhn),
    (_MOBILE, "[手机号]", _always),
    (_LANDLINE, "[电话号码]", _always),
)
_COMPANIES: tuple[tuple[re.Pattern[str], str, Callable[[str], bool]], ...] = (
    (_CODE, "[统一社会信用代码]", _code_valid),
)
