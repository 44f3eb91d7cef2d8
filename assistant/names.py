"""Documents and their standing, programmes and entities that a sentence names.

A name is right when the cited clause, or what is known of its document, has it. What is not known cannot
be promised: a sentence that calls a policy 现行有效 over evidence of unknown status fails.
"""

from __future__ import annotations

import re

from assistant.alignment import normalise
from assistant.verdict import Case, Finding

_IN_FORCE = re.compile(
    r"现行有效|现行|正式(?:印发|出台|施行|实施|发布|文件|政策|执行|生效|颁布)|(?:已经?|目前|现已|正在"
    r"|现在)(?:经|已|已经)?(?:正式)?(?:生效|施行|实施|印发|出台|落地|执行)"
    r"|生效中|现在即可|马上(?:就)?(?:能|可以)申请|已是正式|现在就(?:能|可以)"
)
_DRAFT = re.compile(
    r"征求意见|草案|尚未(?:正式)?(?:印发|出台|生效|施行)|未正式|还?没正式|尚在|还没定稿|只是设想|送审稿|讨论稿"
)
_ENTITLED = re.compile(
    r"(?:依据|凭|凭借|根据|按照?|拿着?|以)[^，。]{0,12}(?:答复|复函|函|号文件?)[^，。]{0,10}(?:申请|申领|申报"
    r"|领取|兑现|主张)|赋予[^。]{0,40}(?:权利|资格|权)"
    r"|有权|可据此|作为(?:申请|申报)?依据|申请依据|法定(?:权利|待遇)"
)
_NOT = re.compile(r"(?:尚未|还未|还没|没有|未|不是|并非|非|尚无|没)(?:最终|经)?$")
_NUMBER = re.compile(
    r"(?:[\u4e00-\u9fa5]{2,6}〔(?P<year>\d{4})〕)?(?<!\d)(?P<n>\d{1,4})号(?=文|答复|函|复函|意见|通知|规定"
    r"|政策|[，。（）的]|$|建议)"
)
_TITLE = re.compile(r"《([^》]{2,60})》")
_QUOTED = re.compile(r"[“\"「]([^”\"」]{2,24})[”\"」]")
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9.+-]*")
_PASSIVE = re.compile(r"(?<![\u4e00-\u9fa5]为)被([\u4e00-\u9fa5]{2})(?:的)?(?:企业|单位|机构|方|人|公司|项目)")


def check_status(case: Case) -> list[Finding]:
    """A draft is not in force, a reply gives no entitlement, and an unknown standing is not asserted."""
    statuses = case.ground.known("status")
    found = []
    for m in _IN_FORCE.finditer(case.claim):
        if _NOT.search(case.claim[: m.start()]) or m.group() in case.ground.text:
            continue
        if re.match(r"正式|已|目前|正在", m.group()) and _event_in_text(case, m.group()):
            continue
        if not statuses:
            found.append(case.finding("status", *m.span(), "文件效力不明，不能说已生效"))
        elif "draft" in statuses:
            found.append(case.finding("status", *m.span(), "原文是征求意见稿，尚未生效"))
        elif "reply" in statuses and re.search(r"现行|现在|正式政策|生效|施行", m.group()):
            found.append(case.finding("status", *m.span(), "原文是答复函，不是现行政策"))
        elif {"expired", "repealed"} & set(statuses):
            found.append(case.finding("status", *m.span(), "原文已过期或废止"))
    for m in _DRAFT.finditer(case.claim):
        if statuses and "draft" not in statuses and m.group() not in case.ground.text:
            found.append(case.finding("status", *m.span(), "原文不是征求意见稿"))
    for m in _ENTITLED.finditer(case.claim):
        if (not statuses or {"reply", "draft"} & set(statuses)) and m.group() not in case.ground.text:
            found.append(
                case.finding(
                    "status", *m.span(), "原文不能作为申领依据" if statuses else "文件效力不明，不能作为申领依据"
                )
            )
    return found


def _event_in_text(case: Case, words: str) -> bool:
    """已出台 and the like may be about another document, which the clause itself says is out."""
    return bool(re.search(re.escape(words[-2:]), case.ground.text)) and not {"draft"} & set(case.ground.known("status"))


def check_documents(case: Case) -> list[Finding]:
    """Numbers and titles of documents must be those of the evidence, where they are known."""
    found = []
    numbers = case.ground.known("number")
    said = case.ground.text + "。" + case.ground.context
    for m in _NUMBER.finditer(case.claim):
        if numbers and f"{m.group('n')}号" not in said and not any(f"{int(m.group('n')):04d}号" in v for v in (said,)):
            found.append(case.finding("document", *m.span(), f"引用的文件不是{m.group('n')}号"))
    known = bool(case.ground.known("document"))
    for m in _TITLE.finditer(case.sentence):
        title = normalise(m.group(1)).text
        if title not in said and (known or not any(title[i : i + 4] in said for i in range(len(title) - 3))):
            found.append(case.finding_raw("document", m.start(1), m.end(1), f"条款没有提到《{m.group(1)}》"))
    return found


def check_entities(case: Case) -> list[Finding]:
    """Programmes in quotes, foreign-letter names, and the one acted on (被并购企业) against the one who acts."""
    found = []
    said = case.ground.text + "。" + case.ground.context
    for m in _QUOTED.finditer(case.sentence):
        name = normalise(m.group(1)).text
        if name not in said:
            found.append(case.finding_raw("entity", m.start(1), m.end(1), f"条款没有提到“{m.group(1)}”"))
    for m in _LATIN.finditer(case.claim):
        if m.group() not in said and len(m.group()) > 1:
            found.append(
                case.finding("entity", *m.span(), f"条款没有提到“{case.sentence[slice(*case.normal.span(*m.span()))]}”")
            )
    for m in _PASSIVE.finditer(case.claim):
        if (
            m.group(1) in case.ground.text
            and f"被{m.group(1)}" not in case.ground.text
            and "方" + m.group()[-2:] in case.ground.text
        ):
            found.append(case.finding("entity", *m.span(), f"条款没有说“{m.group()}”"))
    return found
