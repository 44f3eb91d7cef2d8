"""Names in a sentence: departments and their roles, places, documents and their standing, programmes.

A name is right when the cited clause, or what is known of its document, has it. What is not known cannot
be promised: a sentence that calls a policy 现行有效 over evidence of unknown status fails.
"""

from __future__ import annotations

import re

from assistant.alignment import normalise
from assistant.slots import NEGATION
from assistant.verdict import Case, Evidence, Finding
from index.departments import trailing_bracket
from index.regions import CITIES, DISTRICTS, PROVINCES, mentioned_regions

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
_DEPARTMENT = re.compile(
    r"(?:上海|深圳)?市(?:委)?[\u4e00-\u9fa5]{1,12}?(?:局|委员会|委(?![员托会])|办公室|办(?![理法事公])|署|厅"
    r"|协会)|(?:国家|省"
    r"|区)[\u4e00-\u9fa5]{2,12}?(?:总局|局|委员会|委(?![员托会])|署)"
    r"|(?:上海|深圳)(?:海关|金融监管局|科创办|市税务局)|中国人民银行(?:上海总部)?"
    r"|[\u4e00-\u9fa5]{2,4}(?:管理局|发展署)|上海推进科技创新中心建设办公室"
)
_ROLE = re.compile(r"牵头|主办|主导单位|配合|协办|参与|责任单位|主管|按职责分工|负责|落实")
_LEAD_SAID = re.compile(r"牵头|主办|主导")
_SUPPORT_SAID = re.compile(r"配合|协办|参与|协助")

_PLACES = sorted(
    {d for ds in DISTRICTS.values() for d in ds if d not in ("申城", "魔都", "鹏城")}
    | set(CITIES)
    | {re.sub(r"[市省]$|(?:壮族|回族|维吾尔)?自治区$|特别行政区$", "", p) for p in PROVINCES},
    key=lambda name: -len(name),
)  # fmt: skip
_PLACE = re.compile("|".join(map(re.escape, _PLACES)))
_PLACE_FALSE = re.compile(r"中山大学|北京时间|人民广场|宝安全|南山西丽")
_NATION = re.compile(r"全国(?!性|一流|人大|首)|全省|长三角地区|长三角(?!生态)|粤港澳大湾区")

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
_SPECIFIC = re.compile(
    r"[\u4e00-\u9fa5]{2,10}?(?:专项资金|发展资金|引导基金|研发资金|中心|平台|交易所|研究院|基地|示范区|集聚区"
    r"|企业库|名单|目录|计划|工程|联合体|专利池)"
)


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
    names = [(m, name) for m in _DEPARTMENT.finditer(case.claim) for name in [_trim(m.group())] if name]
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


def check_places(case: Case) -> list[Finding]:
    """Cities, districts and pilot areas must be the clause's own, or the document's region."""
    ground, found = case.ground, []
    regions = ground.known("region")
    bodies = [ground.text] if _ROLE.search(case.claim) else [_body(e) for e in ground.evidence]
    said = "。".join([*bodies, ground.context])
    own = set(mentioned_regions(said).regions) | {r for r in regions if r != "全国"}
    clean = case.claim
    for other in (_PLACE_FALSE, _DEPARTMENT):
        clean = other.sub(lambda m: "　" * len(m.group()), clean)
    for m in _PLACE.finditer(clean):
        name = m.group()
        if name in said:
            continue
        city = next(iter(mentioned_regions(name).regions), "")
        is_city = bool(city) and name == re.sub(r"[市省]$", "", city)
        if is_city and (city in own or not (regions or own)):  # plain texts that name no place: the attribution stands
            continue
        found.append(case.finding("region", *m.span(), f"条款说的不是“{name}”"))
    for m in _NATION.finditer(case.claim):
        if m.group()[:2] not in said:
            found.append(case.finding("region", *m.span(), f"条款没有说适用于“{m.group()}”"))
    if not found:
        found = _area_of_another(case)
    return found


def _body(evidence: Evidence) -> str:
    """Normal form of the text without a bracket of departments: 前海管理局 is no place where a clause applies."""
    bracket = trailing_bracket(evidence.text.strip())
    return normalise(evidence.text.strip()[: bracket.start] if bracket else evidence.text).text


NAMED = re.compile(f"{_DEPARTMENT.pattern}|{_PLACE.pattern}")
"""What the checks of this module answer for, so that the alignment need not."""


def _area_of_another(case: Case) -> list[Finding]:
    """A place that stands in the evidence, but in a sentence other than the one spoken of."""
    for start, end in case.segments:
        part = case.claim[start:end]
        names = [m for m in _PLACE.finditer(part) if m.group() not in ("上海", "深圳")]
        if not names:
            continue
        spoken = {s.passage for s in case.aligned(start, end, 4)}
        if len(spoken) != 1:
            continue
        text = case.ground.passages[next(iter(spoken))].text
        for m in names:
            if (
                m.group() not in text
                and m.group() not in case.ground.context
                and re.search(r"在[^，。]{2,14}(?:试点|产业化|建设|地区)", text)
            ):
                return [
                    case.finding("region", start + m.start(), start + m.end(), f"“{m.group()}”在条款里说的是另一件事")
                ]
    return []


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


__all__ = [
    "NAMED",
    "NEGATION",
    "check_departments",
    "check_documents",
    "check_entities",
    "check_places",
    "check_status",
    "same_department",
]
