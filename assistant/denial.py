"""Negation: a denial that the clause does not make, or a denial of the clause that the sentence loses."""

from __future__ import annotations

import re

from assistant.alignment import bigrams
from assistant.synonyms import opposites
from assistant.verdict import Case, Finding
from assistant.wording import OPEN_DATE

NEGATION = re.compile(
    r"不得|不能|不可(?!抗力)|不准|不许|不允许|不再|不会|不予|不主张|不赞成|不要求|不在|不属于|不适用|不包括"
    r"|不含|没有|没(?!收)|无权|无关|排除|之外|以外|除外|禁止|严禁|拒绝|取消|停止"
    r"|暂停|并非|不是|未(?!来|成年|婚|遂|央|知)|免于|尚无|毫无"
    r"|不(?!超过|超|低于|少于|高于|多于|大于|小于|断|仅|同|限于|过|但|久|一定|足|动产|良|锈|到|论|管|用|必|需"
    r"|影响|挑|限|可抗力|当得利|等|得不|定期|突破)"
)
NOT_STATED = re.compile(
    r"(?:具体)?(?:数额|金额|多少|比例|标准|时间|额度|钱数|数字)?(?:没有?写明?|未写明?|没有写|未明确|没明确"
    r"|没有明确|还没明确|尚未明确|未说明|没有规定|未规定|未载明|没说|没提|未提及?"
    r"|尚未公布|未列明|没有具体|不明确|未给出|没给出)(?:具体|明确)?(?:的)?(?:数额|金额|多少|比例|标准|时间"
    r"|额度|钱数|数字)?"
)
NOT_FINAL = re.compile(
    r"(?:还|仍|尚|目前)*(?:没有?|未|不是)(?:最终)?(?:正式)?(?:定稿|生效|印发|出台|施行|实施|发布|落地|文件"
    r"|政策|定下来)?(?=$|[，。（）、])"
)
WAIVER = re.compile(
    r"不管|无论|不论|无需|无须|不用|不必|不需要|无条件|没有(?:其他|任何|别的|附加)?(?:条件|要求|门槛|限制)"
    r"|不设(?:门槛|条件|限制)|(?:也|都|并)?不影响|不限|不挑|不看|不问|零门槛"
    r"|即使不|就算不|哪怕不|只要|凡是|凡(?=[在有属符从具企])|免于(?:认定|评定|备案|审核)|(?:没有?|未)(?:经|做"
    r"|通过|完成|取得)?(?:过)?(?:认定|评定|备案|立项|审核|审批)"
)
SOFT = re.compile(r"鼓励|支持|引导|倡导|推动|提倡|激励|助力|促|推进")
_LOST_SHARE = 0.4
"""A part of the sentence repeats a segment of the clause when it has this share of its pairs of characters."""
_REACH_CHARS = 8
"""How far before a word its negator may stand in the clause: 不得以任何方式要求."""


def check_negation(case: Case) -> list[Finding]:
    """A denial that the clause does not make, or a denial of the clause that is lost."""
    found: list[Finding] = []
    claim, ground = case.claim, case.ground
    hidden = bytearray(len(claim))
    for m in NOT_STATED.finditer(claim):
        hidden[m.start() : m.end()] = b"\x01" * (m.end() - m.start())
        spoken = {s.passage for start, end in case.segments for s in case.aligned(start, end)}
        stated = [q for i, q in ground.quantities if i in spoken and q.kind in ("money", "percent")]
        if stated or not spoken:
            found.append(
                case.finding("negation", *m.span(), "条款写明了具体数额" if stated else "无法核对条款是否写明")
            )
    dated = any(q.open_date for _, q in ground.quantities)
    for pattern in (NOT_FINAL, WAIVER, OPEN_DATE) if dated else (NOT_FINAL, WAIVER):
        for m in pattern.finditer(claim):
            hidden[m.start() : m.end()] = b"\x01" * (m.end() - m.start())
    for m in re.finditer(r"(?:并非|不是|不|非|没有)(?:强制|必须|硬性|义务)(?:要求|规定|性)?", claim):
        if SOFT.search(ground.text) and not re.search(r"必须|应当|强制", ground.text):
            hidden[m.start() : m.end()] = b"\x01" * (m.end() - m.start())
    denials = [m for m in NEGATION.finditer(claim) if not any(hidden[m.start() : m.end()])]
    for m in denials:
        if m.group() in ("以外", "之外", "除外") and re.search(r"其他|其它|其余|除|以外", ground.text):
            continue
        nearby = case.around(m.start()) or list(ground.segments)
        if not any(NEGATION.search(s.text) for s in nearby) or _denied_nowhere(case, m):
            found.append(case.finding("negation", *m.span(), f"条款没有否定的说法，句中却说“{case.tail(m.start())}”"))
    if case.quoted is None and not found:
        found += _lost_denial(case)
    for said, denied in opposites():
        at = claim.find(denied)
        if at < 0 or denied in ground.text or said not in ground.text or said in claim:
            continue
        if any(said in s.text for s in case.around(at)):
            found.append(case.finding("negation", at, at + len(denied), f"原文是“{said}”，句中却说“{denied}”", said))
    return found


def _lost_denial(case: Case) -> list[Finding]:
    """未经许可不得留存 → 可以留存: what the clause says only with a negator, the sentence says without."""
    text = case.ground.text
    for segment in case.ground.segments:
        for m in NEGATION.finditer(segment.text):
            word = segment.text[m.end() : m.end() + 2]
            if not re.fullmatch(r"[\u4e00-\u9fa5]{2}", word) or word not in case.claim:
                continue
            places = [i.start() for i in re.finditer(word, text)]
            if not all(NEGATION.search(text[max(0, i - _REACH_CHARS) : i]) for i in places):
                continue
            for start, end in case.segments:
                part = case.claim[start:end]
                if word not in part or NEGATION.search(part) or WAIVER.search(part) or NOT_STATED.search(part):
                    continue
                if len(bigrams(part) & segment.pairs) >= _LOST_SHARE * len(segment.pairs):
                    return [case.finding("negation", start, end, f"漏了原文的“{m.group()}{word}”", m.group() + word)]
    return []


def _denied_nowhere(case: Case, m: re.Match[str]) -> bool:
    """Whether the clause says the denied word, but never with a negator before it."""
    word = case.claim[m.end() : m.end() + 2]
    if len(word) < 2 or not re.fullmatch(r"[\u4e00-\u9fa5]{2}", word):
        return False
    text = case.ground.text
    places = [i.start() for i in re.finditer(word, text)]
    return bool(places) and not any(NEGATION.search(text[max(0, i - _REACH_CHARS) : i]) for i in places)
