"""The conditions under which a clause gives something, found in its own words.

    sentence → offers (parts between ；) → premise | what is given → phrases of the premise → conditions

A premise is what stands before 给予, 享受, 纳入 …: “对首次升规并连续三年保持增长的科技服务业企业，”. Its phrases are
taken apart at 并 and 且; “对A的B，” gives A's conditions and the kind B. Every condition is a span of the clause.
Nothing here knows a document or a programme; what a phrase means is told by the words that such phrases share.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from assistant.quantities import Quantity, find_quantities
from index.clause import Clause
from index.passages import sentence_spans

ConditionKind = Literal[
    "place", "first", "years", "growth", "amount", "recognised", "qualified", "open", "kind", "event"
]
"""years: so many in a row; open: a threshold that the text leaves open; kind: who; event: what happened or is done."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition, as the clause words it."""

    kind: ConditionKind
    text: str
    start: int
    """Offset in the clause's text."""
    quantity: Quantity | None = None
    """Its figure, where it has one."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Something a clause gives, and to whom."""

    text: str
    """The whole part of the sentence, verbatim."""
    start: int
    given: str
    """From the giving verb on, verbatim."""
    conditions: tuple[Condition, ...]
    before: str = ""
    """The sentence that it leans on (…支持力度。对符合条件的，给予…); "" when it stands by itself."""


_GIVES = re.compile(
    r"给予|予以|享受|奖励(?=不超过|最高|[\d一二三四五六七八九十]+\s*万)|补贴(?=不超过|最高)|可(?:以)?(?:按|按照|申请|申办)[^，。；]{0,6}(?:规定)?(?:享受|申请|申办)?"
    r"|一次性(?:给予|奖励|补助)|纳入[^，。；]{2,40}(?:支持|计划|范围|名单|名录)|(?<=[\u4e00-\u9fa5])提供[^，。；]{2,60}(?:支持|保障|便利|服务)|按(?:照)?(?:有关|相关)?规定[^，。；]{0,4}(?:享受|给予|落实|在)"
    r"|落实[^，。；]{2,20}政策|减免|优先(?:纳入|列入|推荐)"
)
_HEAD = r"企业|机构|公司|团队|主体|平台|项目|人员|单位|中心|孵化器|人才|高校|院所|总部|园区|产品|合同|法人|实验室|基地|联合体|组织"
_TO = re.compile(
    r"^(?:持续|并|同时)?(?P<by>(?:鼓励|推动|引导)[^对为]{1,8})?(?:对(?!外)(?:于|其中)?|为(?!主|了))(?P<x>.{2,70})$"
)
_BACKED = re.compile(
    rf"^(?:重点|积极|优先|持续|并)?(?:支持|鼓励|引导|推动|加强|筛选|推荐|遴选)(?:一批)?"
    rf"(?P<x>[^，。；、]{{0,20}}?(?:{_HEAD})(?:(?:研发|技术|服务|核心研发|核心|运营)?(?:机构|人员|中心|主体|团队|平台))?)(?P<does>.{{2,70}})?$"
)
_MAKES = re.compile(r"^(?:建立|建设|设立|组建|打造|发展|开展|引进|创建)")
_LISTED = re.compile(r"^(?:、|及|和|或|以及)")
_GIVEN_TO = re.compile(rf"^给予(?P<x>[^，。；]{{2,30}}?(?:{_HEAD}))(?=按|不超过|最高|一定|[\d])")
_PLACE = re.compile(r"(?:在|依托)(?P<x>[^，。；]{2,24}?)(?:等地区|范围内)?(?:自行)?(?:试点|产业化(?=并|的|$))")
_SETTLED = re.compile(r"落户(?P<x>[\u4e00-\u9fa5]{2,20}(?:和[\u4e00-\u9fa5]{2,20})?)(?:的)?$")
_QUALIFIED = re.compile(r"符合[^，。；的]{0,24}(?:条件|要求|规定)")
_OPEN = re.compile(r"一定(?:金额|规模|比例|数额|水平|条件)(?:以上)?|较大|较高|较快|高增长|高成长")
_FIRST = re.compile(r"首次|首个|首家|第一次|初次")
_YEARS = re.compile(r"连续\s*[一二两三四五\d]+\s*年")
_GROWTH = re.compile(r"增长|增幅|增速|超(?:过)?上一?年度?|同比|翻番")
_RECOGNISED = re.compile(
    r"(?:^|[^未])经(?!济|营|验|费|理|常|过)[^，。；]{0,16}?(?:认定|评定|备案|登记|立项|核准|批准|评审|审核|认证)|认定(?:为)?|入选|取得[^，。；]{2,16}(?:资质|证书)|获批|列入"
)
_AND = re.compile(r"并于|并且|并(?!购|联)|且|同时")
_AND_OR_LISTED = re.compile(_AND.pattern + "|、")
_IDLE = re.compile(
    r"^(?:其中|同时|此外|另外|原则上|统一|(?:前[一二两三四五]年|首年|每年)?(?:根据|按照?|依据|围绕|发挥|以|通过|采用).*)?$"
)
_MOST_CHARS = 70


def offers_of(clause: Clause) -> list[Offer]:
    """What a clause gives, in order; [] when it gives nothing to anybody in particular."""
    found: list[Offer] = []
    before = ""
    for span in sentence_spans(clause.text):
        sentence = clause.text[span.start : span.end]
        for start, part in _parts(sentence, span.start):
            every = list(_GIVES.finditer(part))
            # 为集团提供研发服务，按规定享受…: what others provide comes second to what the authority gives.
            gives = next((m for m in every if not m.group().startswith("提供")), every[0] if every else None)
            if gives and (offer := _offer(part, start, gives.start(), before)):
                found.append(offer)
        before = sentence
    return found + list(_listed(clause.text))


_HEADED = re.compile(
    r"(?P<who>[^。；\n，]{0,40}?)[，]?(?:应当?|须|需要?|必须)?(?:同时)?(?:符合|具备|满足)(?:下列|以下)[^。；\n：]{0,8}(?:条件|要求)[：:]"
)
_ITEM = re.compile(
    r"(?:^|(?<=[：:；。\n\s]))(?:[（(][一二三四五六七八九十]{1,3}[）)]|\d{1,2}[.．、])\s*(?P<item>[^；。\n]{2,90})"
)


def _listed(text: str) -> Iterator[Offer]:
    """应当符合下列条件：（一）…；（二）…: each item is a condition, and whoever stands before is who."""
    heads = list(_HEADED.finditer(text))
    for number, head in enumerate(heads):
        until = heads[number + 1].start() if number + 1 < len(heads) else len(text)
        items = list(_ITEM.finditer(text, head.end(), until))
        who = re.sub(r"^(?:申请|申报|享受)[^的]{0,20}的", "", head["who"])
        conditions = _single(who, head.end("who") - len(who), "kind") if len(who) > 1 else []
        conditions += [c for m in items for c in _single(m["item"], m.start("item"), "event")]
        if items:
            whole = text[head.start() : items[-1].end()]
            yield Offer(whole, head.start(), whole, tuple(_once(conditions)))


def _parts(sentence: str, start: int) -> Iterator[tuple[int, str]]:
    at = 0
    for piece in re.split(r"(?<=；)", sentence):
        if piece.strip():
            yield start + at, piece
        at += len(piece)


def _offer(part: str, start: int, at: int, before: str) -> Offer | None:
    conditions: list[Condition] = []
    phrases = [(offset, phrase) for offset, phrase in _phrases(part[:at]) if phrase.strip()]
    last = len(phrases) - 1
    to = [
        i
        for i, (_, p) in enumerate(phrases)
        if (m := _TO.match(p.strip())) and (i == last or (not m["by"] and p.strip()[0] != "为"))
    ]
    closed = max((i for i, (_, p) in enumerate(phrases) if p.strip().endswith("的")), default=-1)
    for i, (offset, phrase) in enumerate(phrases):
        if to and i < to[0] and not _PLACE.search(phrase):
            continue  # 支持企业升规提质，对首次升规…的企业: the first says why, the second to whom
        if i in to:
            conditions += _recipient(phrase, start + offset)
        else:
            conditions += _read(phrase, start + offset, inside=bool(to) and to[0] < i < closed)
    if m := _GIVEN_TO.match(part[at:]):
        conditions += _described(m.group("x"), start + at + m.start("x"))
    conditions = _once(conditions)
    leans = all(c.kind in ("qualified", "open") for c in conditions)
    return (
        Offer(part.strip(), start, part[at:].strip(), tuple(conditions), before if leans else "")
        if conditions
        else None
    )


def _phrases(premise: str) -> Iterator[tuple[int, str]]:
    """Phrases between commas with their offsets; what stands in brackets stays with its phrase."""
    depth = at = 0
    for i, c in enumerate(premise + "，"):
        depth += c in "（("
        depth -= c in "）)" and depth > 0
        if c == "，" and not depth:
            yield at, premise[at:i]
            at = i + 1


def _recipient(phrase: str, start: int) -> list[Condition]:
    """Conditions of “对A的B”."""
    lead = len(phrase) - len(phrase.lstrip())
    m = _TO.match(phrase.strip())
    return _described(re.sub(r"(?<=.{2})在[^，]{2,60}方面$", "", m["x"]), start + lead + m.start("x")) if m else []


def _read(phrase: str, start: int, inside: bool = False) -> list[Condition]:
    """Conditions of one phrase of a premise; `inside` the whole phrase is one."""
    lead = len(phrase) - len(phrase.lstrip())
    phrase, start = phrase.strip(), start + lead
    if m := _PLACE.search(phrase):
        place = Condition("place", m.group(), start + m.start())
        rest = phrase[m.end() :]
        if _TO.match(rest):
            return [place, *_recipient(rest, start + m.end())]
        return [place, *_read(rest, start + m.end())]
    if len(phrase) < 2 or _IDLE.match(phrase):
        return []
    if m := _BACKED.match(phrase):
        return _backed(m, start)
    if inside or phrase.endswith("的") or (_SIGNS.search(phrase) and not _OPEN.search(phrase)):
        return [
            c for offset, piece in _pieces(phrase) for c in _single(piece.removesuffix("的"), start + offset, "event")
        ]
    return []


def _backed(m: re.Match[str], start: int) -> list[Condition]:
    """支持X做Y: who X is, and that Y is done."""
    does = m["does"] or ""
    if _LISTED.match(does):
        return _single(m["x"] + does, start + m.start("x"), "kind")
    if _MAKES.match(m["x"]):
        return _single(m["x"] + does, start + m.start("x"), "event")
    return _described(m["x"], start + m.start("x")) + (_single(does, start + m.start("does"), "event") if does else [])


def _described(text: str, start: int) -> list[Condition]:
    """A的B: the conditions in A, and who B is; one condition where A bears no sign of its own (创业失败的创新团队)."""
    described, _, head = text.rpartition("的")
    if described and head and not _SIGNS.search(described) and not _GROWTH.search(described):
        return _single(text, start, "kind")
    found = [
        c for offset, piece in _pieces(described or text.removesuffix("的") * text.endswith("的"))
        for c in _single(piece, start + offset, "event")
    ]  # fmt: skip
    return found + (_single(head, start + len(text) - len(head), "kind") if head else [])


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Parts between 并 and 且, and between 、 where each part is a condition by itself, with their offsets."""
    listed = text.split("、")
    divide = (
        _AND if len(listed) < 2 or not all(_SIGNS.search(p) or _GROWTH.search(p) for p in listed) else _AND_OR_LISTED
    )
    at = 0
    for m in divide.finditer(text):
        if text[at : m.start()].strip():
            yield at, text[at : m.start()]
        at = m.end()
    if text[at:].strip():
        yield at, text[at:]


def _single(text: str, start: int, otherwise: ConditionKind) -> list[Condition]:
    """One condition, named by the words in it."""
    lead = len(text) - len(text.lstrip())
    text, start = re.sub(r"(?<=后)对.*$", "", text.strip().rstrip("，、")), start + lead
    if not 2 <= len(text) <= _MOST_CHARS:
        return []
    if m := _PLACE.search(text):
        who = _single(text[: m.start()].removesuffix("自行"), start, "kind")
        return [*who, Condition("place", m.group().removeprefix("自行"), start + m.start())]
    figures = [q for q in find_quantities(text) if q.kind in ("money", "percent", "count", "duration")]
    floor = next((q for q in figures if q.kind in ("money", "percent", "count") and q.bound == "at_least"), None)
    kind: ConditionKind = otherwise
    if _YEARS.search(text):
        kind = "years"
        floor = next((q for q in figures if q.kind == "duration"), floor)
    elif _FIRST.search(text):
        kind = "first"
    elif _GROWTH.search(text) and not _OPEN.search(text):
        kind = "growth"
    elif _OPEN.search(text):
        kind = "open"
    elif _SETTLED.search(text):
        kind = "place"
    elif floor is not None and floor.kind in ("money", "count"):
        kind = "amount"
    elif _QUALIFIED.search(text):
        kind = "qualified"
    elif _RECOGNISED.search(text):
        kind = "recognised"
    return [Condition(kind, text, start, floor)]


_SIGNS = re.compile(
    "|".join(p.pattern for p in (_FIRST, _YEARS, _QUALIFIED, _RECOGNISED, _OPEN)) + r"|以上$|[达超]过?到?\s*\d"
)


def _once(conditions: list[Condition]) -> list[Condition]:
    kept: dict[tuple[str, str], Condition] = {}
    for c in conditions:
        kept.setdefault((c.kind, c.text), c)
    return list(kept.values())
