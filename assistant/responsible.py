"""Departments that a sentence names, and whether the clause gives them the role that the sentence does."""

from __future__ import annotations

import re

from assistant.alignment import normalise
from assistant.verdict import Case, Finding
from index.departments import trailing_bracket

_SHORT_NAMES = (
    ("科学技术委员会", "科委"), ("经济和信息化委员会", "经济信息化委"), ("经信委", "经济信息化委"),
    ("发展和改革委员会", "发展改革委"), ("发改委", "发展改革委"),
    ("市场监督管理局", "市场监管局"), ("人力资源和社会保障局", "人力资源社会保障局"),
    ("人社局", "人力资源社会保障局"), ("知识产权办", "知识产权局"), ("工信局", "工业和信息化局"),
    ("国有资产监督管理委员会", "国资委"), ("教育委员会", "教委"), ("商务委员会", "商务委"), ("科创局", "科技创新局"),
    ("统计部门", "统计局"), ("财政部门", "财政局"),
    ("住房和城乡建设", "住房建设"), ("住房和建设局", "住房建设局"), ("规自局", "规划和自然资源局"),
    ("地方金融监督管理局", "地方金融监管局"), ("委员会", "委"), ("科协", "科学技术协会"),
)  # fmt: skip
DEPARTMENT = re.compile(
    r"(?:上海|深圳)?市(?:委)?[\u4e00-\u9fa5]{1,12}?(?:局|委员会|委(?![员托会])|办公室|办(?![理法事公])|署|厅"
    r"|协会)|(?:国家|省"
    r"|区)[\u4e00-\u9fa5]{2,12}?(?:总局|局|委员会|委(?![员托会])|署)"
    r"|(?:上海|深圳)(?:海关|金融监管局|科创办|市税务局)|中国人民银行(?:上海总部)?"
    r"|[\u4e00-\u9fa5]{2,4}(?:管理局|发展署)|上海推进科技创新中心建设办公室"
)
ROLE = re.compile(r"牵头|主办|主导单位|配合|协办|参与|责任单位|主管|按职责分工|负责|落实")
_LEAD_SAID = re.compile(r"牵头|主办|主导")
_SUPPORT_SAID = re.compile(r"配合|协办|参与|协助")
_SPEAKS = re.compile(
    r"(?:在|的)?(?:\d+号)?(?:答复函?|复函|回复|说法|文件)?(?:里|中)?(?:说|称|表示|披露|介绍|答复|的说法|指出|提到)"
)
"""市科委在答复里说: who speaks is the source, which plain texts do not name."""


def same_department(name: str) -> str:
    """One form for the ways a department is written."""
    for long, short in _SHORT_NAMES:
        name = name.replace(long, short)
    return re.sub(r"^(?:上海|深圳)(?=市)", "", name)


def check_departments(case: Case) -> list[Finding]:
    """Departments must be named by the clause, and with the role that it gives them."""
    issuers = case.ground.known("issuer")
    beside = [normalise(v).text for e in case.ground.evidence for v in (e.heading, e.document)]
    alone = [normalise(v).text for v in issuers if "、" not in v]  # one of several issuers has not said it alone
    said = same_department("。".join([case.ground.text, *beside, *alone]))
    found = []
    names = [(m, name) for m in DEPARTMENT.finditer(case.claim) for name in [_trim(m.group())] if name]
    for m, name in names:
        short = same_department(name)
        known = short in said or (short.startswith("市") and len(short) > 3 and short[1:] in said)
        known = known or (not issuers and bool(_SPEAKS.match(case.claim, m.end())))
        if not known:
            start = m.start() + m.group().find(name)
            found.append(case.finding("department", start, start + len(name), f"条款没有提到“{name}”"))
    if found:
        return found
    lead, support, brackets = _roles(case)
    for m, name in names:
        short = same_department(name)
        role = _role_said(case.claim, m.start(), m.end())
        leaders = {
            same_department(n)
            for n in re.findall(r"(市[\u4e00-\u9fa5]{2,10}?(?:局|委|办))(?:负责)?统筹", case.ground.text)
        }
        if leaders and "统筹" in case.claim and short not in leaders:
            found.append(case.finding("department", m.start(), m.end(), f"统筹的不是“{name}”", next(iter(leaders))))
            continue
        if role == "lead" and (lead or support) and not _holds(lead, short):
            found.append(
                case.finding("department", m.start(), m.end(), f"“{name}”不是牵头单位", _holds(support, short))
            )
        elif role == "lead" and not lead and "牵头" not in case.ground.text:
            found.append(case.finding("department", m.start(), m.end(), "条款没有说谁牵头"))
        elif role == "support" and brackets and _holds(lead, short) and not _holds(support, short):
            found.append(
                case.finding(
                    "department", m.start(), m.end(), f"“{name}”是牵头或责任单位，不是配合", _holds(lead, short)
                )
            )
    return found


def _trim(name: str) -> str:
    """The department in a match that began too early (由市科委和市统计局 → each alone)."""
    return (
        re.split(r"[和与及由、]|以及|包括|单位(?:是|为|里|有)?", name)[-1]
        if not re.search(r"工业和信息化|经济和信息化|规划和自然|发展和改革|住房和", name)
        else name
    )


def _roles(case: Case) -> tuple[set[str], set[str], bool]:
    """(those said to lead, those that support or merely share the work, whether any bracket ranks them)."""
    lead: set[str] = set()
    support: set[str] = set()
    ranked = False
    texts = [t for e in case.ground.evidence for t in (e.department_text, e.text) if t]
    for text in texts:
        for m in re.finditer(r"由([\u4e00-\u9fa5、和]{2,40}?)牵头", text):
            lead |= {same_department(n) for n in re.split(r"[、和]", m.group(1))}
            ranked = True
        if bracket := trailing_bracket(text.strip()):
            if "牵头" in text[bracket.start :] or "配合" in text[bracket.start :]:
                ranked = True
                for d in bracket.departments:
                    (lead if d.role == "lead" else support).add(same_department(d.name))
            else:
                support |= {same_department(d.name) for d in bracket.departments}
    return lead, support - lead, ranked


def _holds(names: set[str], name: str) -> str:
    return next((n for n in names if n == name or (len(name) > 3 and (n in name or name in n))), "")


def _role_said(claim: str, start: int, end: int) -> str:
    """Role that the sentence gives the department at this place: the nearest role word in its part of the sentence."""
    left = max(claim.rfind(c, 0, start) for c in "，。") + 1
    rights = [i for c in "，。" if (i := claim.find(c, end)) >= 0]
    part = claim[left : min(rights, default=len(claim))]
    if re.search(r"牵头单位|牵头部门", part) or _LEAD_SAID.search(claim[end : min(rights, default=len(claim))]):
        return "lead"
    return "support" if _SUPPORT_SAID.search(part) else ""
