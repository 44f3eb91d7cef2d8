"""Force of a sentence: modality, conditions and scope, each against the clause that speaks of it.

Each check takes a case and gives findings; it looks only at the segments of the clause that share words with
the sentence, since one clause often holds 鼓励, 应当 and 给予 side by side.
"""

from __future__ import annotations

import re

from assistant.alignment import bigrams
from assistant.denial import NEGATION, NOT_FINAL, SOFT, WAIVER
from assistant.verdict import Case, Finding

_MUST = re.compile(r"必须|应当|应该|务必|强制|义务|硬性|一律|责令|(?<![无不])须(?!知)|必需|不得不|有责任")
_MUST_EVIDENCE = re.compile(
    r"必须|应当|应(?![用对急届收税])|务必|强制|义务|一律|责令|须|不得|严禁|禁止|有责任|要求|确保|硬性"
)
_ENCOURAGE = re.compile(r"鼓励|倡导|提倡")
_ENCOURAGE_EVIDENCE = re.compile(r"鼓励|支持|引导|倡导|推动|促进|激励|提倡|推进|促使|助力")
_VOLUNTARY = re.compile(r"自愿|可选|任选|自行决定|自主决定|酌情|不强制|不作要求|可做可不做|视情")
_EXPLORE = re.compile(r"探索|试点|试行|尝试|先行先试|研究|试验")
_EXPLORE_EVIDENCE = re.compile(r"^(?:还|并|积极|持续|稳步)?(?:探索|试点|试行|研究(?=纳入|制定|建立|出台)|尝试)")
_WIDE = re.compile(
    r"已成为|已经成为|全面(?:推行|实施|推开|铺开|落实|建立|执行|放开|推广)|正式(?:建立|推行|确立)"
    r"|已(?:经)?(?:建立|建成|实施|推行|设立|落地|实现)|普遍(?:实行|推行|适用)|制度化"
    r"|(?<![认评确鉴核])定为"
)
_DONE = re.compile(r"已经|现已|早已|业已|已(?!知|婚|有)|完成了")
_DONE_EVIDENCE = re.compile(r"已|了|截至|完成|共|出台|惠及|达成|设立|发布|以来|增长|年来|印发|曾")
_GRANT = re.compile(r"会(?!同|议|展|计|员)|将(?!来)|给予|发放|可获|可得|拿|必|都|一律|保证|获得|享受")
_WAIVER_EVIDENCE = re.compile(r"不管|无论|不论|无需|无须|不用|不必|不需|无条件|不限|免于|只要|凡|不受|不影响|均可|都可")
_ALL = re.compile(
    r"所有(?!权|者|人|制)|全部|任何|任一|一切|每一?(?:家|个|项|位|户|名)|人人|均可|全体|全市|全国(?!性)|全省"
    r"|全行业|普遍|一律|统统|通通|都(?:可以?|能|会|有|得)|各行各业|不分"
)
_ALL_EVIDENCE = re.compile(r"所有|全部|任何|一切|每[一个家位]|均|全体|全市|全国|各类|一律|普遍|凡|都(?!市)")
_ONLY = re.compile(
    r"仅限|只限|只有|唯一|只能|独家|一家(?=负责|牵头|承担|说了算)|单独(?=负责|牵头|承担)|独自|仅(?!仅)|专属"
    r"|只(?!是|要|需|不过)"
)
_ONLY_EVIDENCE = re.compile(r"仅|只|限|唯一|试点|专|主要|重点|特定")
_CONDITIONS: tuple[tuple[str, str, str], ...] = (
    ("首次", r"首次|首度|首个", r"首次|第一次|头一次|首度|初次|首家|首个"),
    ("连续三年", r"连续[一二三四五六七八九十\d]+年", r"连续|持续|[一二三四五六七八九十\d]年|接连|连着"),
    ("认定", r"经[^，。]{0,6}认定|认定为|认定的", r"认定|确认|认证|合格"),
    ("评定", r"经[^，。]{0,6}(?:评定|评审|评估)", r"评定|评审|评估|考核|评价|认定|符合|条件"),
    ("备案", r"备案", r"备案|报备|登记"),
    ("规模以上", r"规模以上|规上", r"规模以上|规上|升规|入规|达规|上规"),
    (
        "符合条件", r"符合[^，。、]{0,12}条件|具备[^，。]{0,12}条件|符合(?:规定|要求)",
        r"符合|满足|达到|达标|具备|条件|按规定|合格|相关规定|有关规定|够|资格",
    ),
)  # fmt: skip
_BENEFIT = re.compile(
    r"给予|予以|享受|获得|可获|可得|发放|拿|领(?!域|军)|减免|可(?:以|享|按|奖)|能(?!力)|将获|会奖|会补|补贴给|给"
)
_ENTERS = re.compile(r"纳入|入选|推荐|优先|享受|申请|申办|补贴|奖励|资助|给予|予以|减免")
_QUALIFIED = re.compile(
    r"符合[^，。、]{0,12}条件[^，。]{0,12}|符合(?:规定|要求)[^，。]{0,8}|经[^，。]{0,6}认定[^，。]{0,8}"
)
_QUALIFIED_SAID = re.compile(
    r"符合|满足|达到|达标|具备|条件|按规定|按照|相关规定|有关规定|够|资格|认定|部分|一些|有的|择优|遴选|筛选"
)
_RECIPIENT = re.compile(r"企业|机构|团队|项目|人才|主体|平台|人员|单位|产品|个人|公司")


def check_modality(case: Case) -> list[Finding]:
    """鼓励 / 支持 / 探索 / 可 against 必须 / 应当 / 已, within the segment that is spoken of."""
    found = []
    claim, ground = case.claim, case.ground
    for m in _MUST.finditer(claim):
        if re.search(r"(?:并非|不是|不|非|没有)$", claim[: m.start()]):
            continue  # 并非强制 is the opposite of a demand; whether the clause demands is for check_negation
        if (
            need := re.match(r"(?:先|事先|首先)?(?:要)?(?:符合|具备|满足|达到|经|通过|属于|是|为|在)", claim[m.end() :])
        ) and any(claim[m.end() + need.end() :][i : i + 2] in ground.vocabulary.pairs for i in range(4)):
            continue  # 须符合…条件 names a condition of the clause, it demands nothing of anybody
        spoken = case.around(m.start())
        if not any(_MUST_EVIDENCE.search(s.text) for s in spoken):
            said = next((w.group() for s in spoken if (w := SOFT.search(s.text) or _EXPLORE.search(s.text))), "")
            found.append(
                case.finding(
                    "modality", *m.span(), f"条款没有“{m.group()}”的要求" + (f"，原文是“{said}”" if said else ""), said
                )
            )
    for m in _VOLUNTARY.finditer(claim):
        if m.group() not in ground.text:
            found.append(case.finding("modality", *m.span(), f"条款没有说“{m.group()}”"))
    for m in _ENCOURAGE.finditer(claim):
        spoken = case.around(m.start()) or list(ground.segments)
        sentences = " ".join(ground.passages[s.passage].text for s in spoken)
        if not _ENCOURAGE_EVIDENCE.search(sentences):
            found.append(case.finding("modality", *m.span(), f"条款没有说“{m.group()}”"))
    for m in _WIDE.finditer(claim):
        spoken = case.around(m.start())
        soft = [s for s in spoken if _EXPLORE.search(s.text) or _ENCOURAGE.search(s.text)]
        if soft and m.group() not in ground.text and not any(_WIDE.search(s.text) for s in spoken):
            said = (_EXPLORE.search(soft[0].text) or _ENCOURAGE.search(soft[0].text)).group()  # type: ignore[union-attr]
            found.append(case.finding("modality", *m.span(), f"条款只是“{said}”，没有说“{m.group()}”", said))
    for m in _DONE.finditer(claim):
        spoken = case.around(m.start())
        if spoken and not any(_DONE_EVIDENCE.search(ground.passages[s.passage].text) for s in spoken):
            found.append(case.finding("modality", *m.span(), f"条款没有说事情{m.group()}完成"))
    if found:
        return found
    must_claim = _MUST.search(claim)
    for start, end in case.segments:
        for segment in case.aligned(start, end, 3)[:1]:
            share = len(case.pairs & segment.pairs) / max(1, len(segment.pairs))
            if share < 0.3:
                continue
            if (
                (w := _EXPLORE_EVIDENCE.search(segment.text))
                and not re.search(r"探索|试|研究|尝试|推动|拟|计划|引导|支持|鼓励", claim)
                or (w := _ENCOURAGE.search(segment.text))
                and not SOFT.search(claim)
                and _GRANT.search(claim[start:end])
            ):
                found.append(case.finding("modality", start, end, f"漏了原文的“{w.group()}”", w.group()))
            elif (
                (w := re.search(r"应当|必须|严禁|不得", segment.text))
                and not must_claim
                and not NEGATION.search(claim)
                and re.search(r"可以|可自|可酌|自愿|鼓励|酌情", claim)
                and not re.search(r"可以|可", segment.text)
            ):
                found.append(case.finding("modality", start, end, f"原文是“{w.group()}”", w.group()))
    return found


def check_condition(case: Case) -> list[Finding]:
    """Conditions waived in words, or left out where the sentence promises something to somebody."""
    found: list[Finding] = []
    claim, ground = case.claim, case.ground
    for m in WAIVER.finditer(claim):
        if m.group() == "只要" and _own_condition(case, m.end()):
            continue
        if NOT_FINAL.fullmatch(m.group()) or m.group() in ground.text or _WAIVER_EVIDENCE.search(ground.text):
            continue
        found.append(case.finding("condition", *m.span(), f"条款没有免去条件，句中却说“{case.tail(m.start())}”"))
    promised = [q for q in case.quantities if q.kind in ("money", "percent")]
    if found or not promised:
        return found or _qualification(case)
    if not _BENEFIT.search(claim):
        return found
    for passage_index, q in ground.quantities:
        if not any(p.key == q.key and p.value == q.value for p in promised):
            continue
        passage = ground.passages[passage_index]
        scope = _semicolon_scope(passage.raw, q.start)
        for name, needs, accepts in _CONDITIONS:
            if (m2 := re.search(needs, scope)) and not re.search(accepts, claim) and not _mostly_said(case, m2.group()):
                found.append(
                    case.finding("condition", 0, len(claim), f"漏了条件“{m2.group().strip()}”（{name}）", m2.group())
                )
        if area := re.search(r"在([^，。]{2,14})试点", scope):
            names = [n for n in re.split(r"[、和及]|等", area.group(1)) if n]
            if not any(n.replace("新片区", "")[:2] in claim for n in names):
                found.append(case.finding("region", 0, len(claim), f"漏了“{area.group()}”", area.group()))
    return found[:2]


def _qualification(case: Case) -> list[Finding]:
    """符合条件的 left out of who is let in, where no money is named (企业都推荐纳入名单)."""
    if _QUALIFIED_SAID.search(case.claim):
        return []
    for start, end in case.segments:
        if not _ENTERS.search(case.claim[start:end]):
            continue
        for segment in case.aligned(start, end, 4)[:1]:
            passage = case.ground.passages[segment.passage]
            at = passage.text.find(segment.text)
            # From the start of the clause's own stretch up to where the benefit ends: what is asked stands before it.
            scope = re.split(r"[。；]", passage.text[:at])[-1][-40:] + segment.text
            if (m := _QUALIFIED.search(scope)) and _ENTERS.search(segment.text):
                return [case.finding("condition", 0, len(case.claim), f"漏了条件“{m.group()}”", m.group())]
    return []


def _mostly_said(case: Case, condition: str) -> bool:
    """Whether the sentence has most of a condition's own words (具备继续创业能力等条件 → 有继续创业的能力)."""
    pairs = bigrams(condition)
    return len(pairs & case.pairs) * 5 >= len(pairs) * 2 > 4


def _own_condition(case: Case, at: int) -> bool:
    """只要 before a condition of the clause itself, none of whose other conditions is left out."""
    part = re.split(r"[，。]", case.claim[at:])[0]
    if not re.search(r"备案|认定|评定|符合|立项|满足|达到", part) or not bigrams(part) & case.ground.vocabulary.pairs:
        return False
    spoken = "".join(s.text for start, end in case.segments for s in case.aligned(start, end))
    return all(re.search(accepts, case.claim) for _, needs, accepts in _CONDITIONS if re.search(needs, spoken))


def check_scope(case: Case) -> list[Finding]:
    """符合条件的 made into 所有, or a list made into 仅."""
    found = []
    for said, granted, label in ((_ALL, _ALL_EVIDENCE, "没有说适用于"), (_ONLY, _ONLY_EVIDENCE, "没有限定")):
        for m in said.finditer(case.claim):
            spoken = case.around(m.start()) or list(case.ground.segments)
            if m.group() in case.ground.text:
                continue
            if (
                m.group() == "全市"
                and re.search(r"上海市|深圳市|本市|我市|全市", case.ground.text + case.ground.context)
                and not re.search(r"试点|新片区|示范区", "".join(s.text for s in spoken))
            ):
                continue
            if (
                said is _ALL
                and m.group().startswith("都")
                and not re.search(r"企业|机构|单位|人", case.claim[: m.start()])
            ):
                continue
            if said is _ALL and re.match(r"都(?:有|会|能)", m.group()) and "、" in case.claim[: m.start()]:
                continue  # 住房、上学这些都有: 都 sums up a list of the sentence itself
            if not any(granted.search(s.text) for s in spoken):
                found.append(case.finding("scope", *m.span(), f"条款{label}“{case.tail(m.start())}”"))
    return found


def _semicolon_scope(raw: str, at: int) -> str:
    """The part of a sentence around `at` that no ； or 。 divides."""
    left = max(raw.rfind(c, 0, at) for c in "；;。") + 1
    rights = [i for c in "；;。" if (i := raw.find(c, at)) >= 0]
    return re.sub(r"\s+", "", raw[left : min(rights, default=len(raw))])
