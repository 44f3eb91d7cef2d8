"""Force of a sentence: modality, negation, conditions and scope, each against the clause that speaks of it.

Each check takes a case and gives findings; it looks only at the segments of the clause that share words with
the sentence, since one clause often holds 鼓励, 应当 and 给予 side by side.
"""

from __future__ import annotations

import re

from assistant.alignment import bigrams
from assistant.synonyms import opposites
from assistant.verdict import Case, Finding, Segment
from assistant.wording import OPEN_DATE

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
_SOFT = re.compile(r"鼓励|支持|引导|倡导|推动|提倡|激励|助力|促|推进")

NEGATION = re.compile(
    r"不得|不能|不可(?!抗力)|不准|不许|不允许|不再|不会|不予|不主张|不赞成|不要求|不在|不属于|不适用|不包括"
    r"|不含|没有|没(?!收)|无权|无关|排除|之外|以外|除外|禁止|严禁|拒绝|取消|停止"
    r"|暂停|并非|不是|未(?!来|成年|婚|遂|央|知)|免于|尚无|毫无"
    r"|不(?!超过|超|低于|少于|高于|多于|大于|小于|断|仅|同|限于|过|但|久|一定|足|动产|良|锈|到|论|管|用|必|需"
    r"|影响|挑|限|可抗力|当得利|等|得不|定期|突破)"
)
_NOT_STATED = re.compile(
    r"(?:具体)?(?:数额|金额|多少|比例|标准|时间|额度|钱数|数字)?(?:没有?写明?|未写明?|没有写|未明确|没明确"
    r"|没有明确|还没明确|尚未明确|未说明|没有规定|未规定|未载明|没说|没提|未提及?"
    r"|尚未公布|未列明|没有具体|不明确|未给出|没给出)(?:具体|明确)?(?:的)?(?:数额|金额|多少|比例|标准|时间"
    r"|额度|钱数|数字)?"
)
_NOT_FINAL = re.compile(
    r"(?:还|仍|尚|目前)*(?:没有?|未|不是)(?:最终)?(?:正式)?(?:定稿|生效|印发|出台|施行|实施|发布|落地|文件"
    r"|政策|定下来)?(?=$|[，。（）、])"
)
_WAIVER = re.compile(
    r"不管|无论|不论|无需|无须|不用|不必|不需要|无条件|没有(?:其他|任何|别的|附加)?(?:条件|要求|门槛|限制)"
    r"|不设(?:门槛|条件|限制)|(?:也|都|并)?不影响|不限|不挑|不看|不问|零门槛"
    r"|即使不|就算不|哪怕不|只要|凡是|凡(?=[在有属符从具企])|免于(?:认定|评定|备案|审核)|(?:没有?|未)(?:经|做"
    r"|通过|完成|取得)?(?:过)?(?:认定|评定|备案|立项|审核|审批)"
)
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
        spoken = _around(case, m.start())
        if not any(_MUST_EVIDENCE.search(s.text) for s in spoken):
            said = next((w.group() for s in spoken if (w := _SOFT.search(s.text) or _EXPLORE.search(s.text))), "")
            found.append(
                case.finding(
                    "modality", *m.span(), f"条款没有“{m.group()}”的要求" + (f"，原文是“{said}”" if said else ""), said
                )
            )
    for m in _VOLUNTARY.finditer(claim):
        if m.group() not in ground.text:
            found.append(case.finding("modality", *m.span(), f"条款没有说“{m.group()}”"))
    for m in _ENCOURAGE.finditer(claim):
        spoken = _around(case, m.start()) or list(ground.segments)
        sentences = " ".join(ground.passages[s.passage].text for s in spoken)
        if not _ENCOURAGE_EVIDENCE.search(sentences):
            found.append(case.finding("modality", *m.span(), f"条款没有说“{m.group()}”"))
    for m in _WIDE.finditer(claim):
        spoken = _around(case, m.start())
        soft = [s for s in spoken if _EXPLORE.search(s.text) or _ENCOURAGE.search(s.text)]
        if soft and m.group() not in ground.text and not any(_WIDE.search(s.text) for s in spoken):
            said = (_EXPLORE.search(soft[0].text) or _ENCOURAGE.search(soft[0].text)).group()  # type: ignore[union-attr]
            found.append(case.finding("modality", *m.span(), f"条款只是“{said}”，没有说“{m.group()}”", said))
    for m in _DONE.finditer(claim):
        spoken = _around(case, m.start())
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
            if (w := _EXPLORE_EVIDENCE.search(segment.text)) and not re.search(
                r"探索|试|研究|尝试|推动|拟|计划|引导|支持|鼓励", claim
            ) or (w := _ENCOURAGE.search(segment.text)) and not _SOFT.search(claim) and _GRANT.search(claim[start:end]):
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


def check_negation(case: Case) -> list[Finding]:
    """A denial that the clause does not make, or a denial of the clause that is lost."""
    found: list[Finding] = []
    claim, ground = case.claim, case.ground
    hidden = bytearray(len(claim))
    for m in _NOT_STATED.finditer(claim):
        hidden[m.start() : m.end()] = b"\x01" * (m.end() - m.start())
        spoken = {s.passage for start, end in case.segments for s in case.aligned(start, end)}
        stated = [q for i, q in ground.quantities if i in spoken and q.kind in ("money", "percent")]
        if stated or not spoken:
            found.append(
                case.finding("negation", *m.span(), "条款写明了具体数额" if stated else "无法核对条款是否写明")
            )
    dated = any(q.open_date for _, q in ground.quantities)
    for pattern in (_NOT_FINAL, _WAIVER, OPEN_DATE) if dated else (_NOT_FINAL, _WAIVER):
        for m in pattern.finditer(claim):
            hidden[m.start() : m.end()] = b"\x01" * (m.end() - m.start())
    for m in re.finditer(r"(?:并非|不是|不|非|没有)(?:强制|必须|硬性|义务)(?:要求|规定|性)?", claim):
        if _SOFT.search(ground.text) and not re.search(r"必须|应当|强制", ground.text):
            hidden[m.start() : m.end()] = b"\x01" * (m.end() - m.start())
    denials = [m for m in NEGATION.finditer(claim) if not any(hidden[m.start() : m.end()])]
    for m in denials:
        if m.group() in ("以外", "之外", "除外") and re.search(r"其他|其它|其余|除|以外", ground.text):
            continue
        nearby = _around(case, m.start()) or list(ground.segments)
        if not any(NEGATION.search(s.text) for s in nearby) or _denied_nowhere(case, m):
            found.append(
                case.finding("negation", *m.span(), f"条款没有否定的说法，句中却说“{_tail(claim, m.start())}”")
            )
    if case.quoted is None and not found:
        found += _lost_denial(case)
    for said, denied in opposites():
        at = claim.find(denied)
        if at < 0 or denied in ground.text or said not in ground.text or said in claim:
            continue
        if any(said in s.text for s in _around(case, at)):
            found.append(case.finding("negation", at, at + len(denied), f"原文是“{said}”，句中却说“{denied}”", said))
    return found


def check_condition(case: Case) -> list[Finding]:
    """Conditions waived in words, or left out where the sentence promises something to somebody."""
    found: list[Finding] = []
    claim, ground = case.claim, case.ground
    for m in _WAIVER.finditer(claim):
        if m.group() == "只要" and _own_condition(case, m.end()):
            continue
        if _NOT_FINAL.fullmatch(m.group()) or m.group() in ground.text or _WAIVER_EVIDENCE.search(ground.text):
            continue
        found.append(case.finding("condition", *m.span(), f"条款没有免去条件，句中却说“{_tail(claim, m.start())}”"))
    if found or not (_BENEFIT.search(claim) and _RECIPIENT.search(claim)):
        return found
    promised = [q for q in case.quantities if q.kind in ("money", "percent")]
    if not promised:
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
            spoken = _around(case, m.start()) or list(case.ground.segments)
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
                found.append(case.finding("scope", *m.span(), f"条款{label}“{_tail(case.claim, m.start())}”"))
    return found


_LOST_SHARE = 0.4
"""A part of the sentence repeats a segment of the clause when it has this share of its pairs of characters."""


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
                if word not in part or NEGATION.search(part) or _WAIVER.search(part) or _NOT_STATED.search(part):
                    continue
                if len(bigrams(part) & segment.pairs) >= _LOST_SHARE * len(segment.pairs):
                    return [case.finding("negation", start, end, f"漏了原文的“{m.group()}{word}”", m.group() + word)]
    return []


_REACH_CHARS = 8
"""How far before a word its negator may stand in the clause: 不得以任何方式要求."""


def _denied_nowhere(case: Case, m: re.Match[str]) -> bool:
    """Whether the clause says the denied word, but never with a negator before it."""
    word = case.claim[m.end() : m.end() + 2]
    if len(word) < 2 or not re.fullmatch(r"[\u4e00-\u9fa5]{2}", word):
        return False
    text = case.ground.text
    places = [i.start() for i in re.finditer(word, text)]
    return bool(places) and not any(NEGATION.search(text[max(0, i - _REACH_CHARS) : i]) for i in places)


def _semicolon_scope(raw: str, at: int) -> str:
    """The part of a sentence around `at` that no ； or 。 divides."""
    left = max(raw.rfind(c, 0, at) for c in "；;。") + 1
    rights = [i for c in "；;。" if (i := raw.find(c, at)) >= 0]
    return re.sub(r"\s+", "", raw[left : min(rights, default=len(raw))])


def _around(case: Case, at: int) -> list[Segment]:
    """Segments of the evidence spoken of by the part of the sentence in which `at` stands, or by the whole."""
    for start, end in case.segments:
        if start <= at < end and (found := case.aligned(start, end)):
            return found
    return case.aligned(0, len(case.claim))


def _tail(claim: str, start: int) -> str:
    return re.split(r"[，。（）]", claim[start : start + 10])[0]
