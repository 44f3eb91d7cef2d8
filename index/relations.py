"""Which other documents a document says that it repeals, replaces or amends; read from its own words.

Only what is named is read: 《标题》, a number, or both. “与本办法不一致的，以本办法为准” names nothing and is nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from index.clause import Relation, RelationKind
from index.dates import iso_date
from index.quoted import without_quotes

_YEAR = r"[〔\[［（(【]\s*(?:19|20)\d{2}\s*[〕\]］）)】]"
NUMBER = re.compile(rf"[\u4e00-\u9fa5]{{1,14}}{_YEAR}\s*第?\s*\d{{1,5}}\s*号")
"""A document number, 沪府办发〔2025〕11号."""
NAME = rf"《(?:[^《》]|《[^《》]*》)+》(?:\s*[（(](?:[^（）()]|[（(][^（）()]*[）)]){{2,80}}[）)])?|[\u4e00-\u9fa5]{{1,10}}{_YEAR}\s*第?\s*\d{{1,5}}\s*号"
_NAMES = rf"(?:(?:{NAME})(?:\s*(?:[、，,和及与]|以及)?\s*原?\s*)){{1,100}}+"
_TARGET = re.compile(NAME)
_ON = r"(?:将?(?:自|从|于)\s*(?P<day>[^，。；《》]{2,24}?)(?:起|(?<=日))|(?P<at>(?:即日|本日|今日|\d{4}年\d{1,2}月\d{1,2}日)起?))"
_WITH = (
    r"(?<=[及和与])其?(?:的|相关|有关|配套|实施|补充|操作)*(?:细则|政策|文件|通知|规定|措施|办法|指南|意见|方案|附件)"
)
LATER = rf"文?(?:等)?(?:\d+件)?(?:文件|通知|规定|规范性文件)?(?:{_WITH})?\s*(?:现?已经?)?{_ON}?[，,]?\s*(?:均|也|亦|即|已经?|届时|自动|同时|同步|即行|相应|一并|随之|予以|正式|全部)*"
_IN_TURN = r"\s*[，,]\s*(?:则|(?:本|其(?![他它余]))[^，。；]{1,10}?(?:失效|废止|停止|终止|修订|修改|调整))"
ENDED = (
    rf"(?:废止|停止(?:执行|施行|实施)|不再(?:执行|施行|实施)|失效|作废)(?=\s*(?:[。；;，,：:（(）)]|$))(?!{_IN_TURN})"
)
"""What ends with a stop: “废止时”, “失效的”, “作废票据” and “废止，则……” end nothing."""
_REPEALED = re.compile(rf"(?P<names>{_NAMES})(?P<way>{LATER}){ENDED}")
_REPEALS = re.compile(
    rf"(?P<lead>决定|同时|一并|起[，,]?|予以|(?<=[现兹])予|[》）)，,；;]|现|兹|^(?:[（(]?[一二三四五六七八九十\d]{{1,3}}[）)、.．]+)?)\s*(?P<verb>废止|停止执行)\s*(?:以下|下列)?(?:文件)?[：:]?\s*原?(?P<names>{_NAMES})(?:(?<=[，,、和及与])|(?<=以及)|(?=\s*(?:[。；;：:（(）)]|\d{{1,3}}[、.．）)]|[①-⑳]|文?等|文件|的(?:决定|通知)|[并同自]|$)))"
)
"""What is repealed is the document named: 废止《X》附件2, 《X》实施细则 and 《X》第三条 are something else."""
_REPLACED = re.compile(
    rf"(?P<names>{_NAMES})(?P<way>(?:由|被)本[\u4e00-\u9fa5]{{1,6}})(?:代替|替代|取代)|(?P<verb>代替|替代|取代)\s*原?(?P<later>{_NAMES})(?:(?<=[，,])|(?=\s*(?:[。；;，,（(）)]|$)))"
)
_BY_THIS = re.compile(r"(?:本[\u4e00-\u9fa5]{1,6}|起(?:施行|实施|执行)?|同时|并)[，,]?\s*$")
CASE = r"[^。；;，,]{0,30}的[，,]"
"""Behind 变更为 this tells a case (负责人变更为他人的，应当报备) and orders nothing."""
COVERED = r"[^。；;，,“为]{0,20}(?:企业|单位|机构|主体|人员|项目|情形)[，,]"
"""对第五条规定的企业，补贴比例调整为50% tells whom a measure is for and leaves the article as it is."""
CUT = r"(?:删[去除]\s*[“‘「『\"]|(?:[”’」』\"]|[条款项目句段]|内容|规定|字样|表述|部分)[^。；，,应可]{0,4}?删[去除])"
"""Words of a text are cut; 名单应当及时删除 cuts none."""
_AMENDED = re.compile(
    rf"(?P<names>{_NAMES})(?P<way>[^。；《》]{{0,24}}?)(?:第[一二三四五六七八九十百零\d]+[条章款项](?!{COVERED})[^。；《》]{{0,30}}?(?:(?:修改为|修订为|调整为|改为)(?!{CASE})|{CUT})|(?:作|做|进行|予以)(?:出)?(?:(?P<sure>如下|以下|下列)|部分)?(?:的)?(?P<loose>修改|修订|修正|调整))"
)
_LIST = re.compile(
    r"(?P<verb>废止|停止(?:执行|施行|实施)|失效|作废)的?(?:以下|下列)?(?:(?:[\u4e00-\u9fa5\d]{0,16}(?:文件|政策|办法|规定|通知|措施))?[：:]\s*|[^。；：:《》、和或及与]{0,20}(?:目录|清单)\s*(?:[（(][^（）()]{1,12}[）)])?$)"
)
"""A sentence that ends so has its documents in the lines or parts behind it."""
_PARTLY = re.compile(r"条款|条文|内容|(?:修改|修订|合并|保留|有效)\s*(?:[、和或及与]|或者|以及)?\s*(?:予以)?$")
_SIGN = r"(?:[（(]?[一二三四五六七八九十\d]{1,3}[）)、.．]|[①-⑳])"
_LISTED = re.compile(rf"{_SIGN}?\s*原?《")
_ITEM = re.compile(rf"[；;、，,\s]*{_SIGN}?\s*原?(?P<names>{_NAMES})\s*(?=[；;。]|$|{_SIGN})[；;。]?")
_DOES = re.compile(r"废止|停止|不再|失效|作废|代替|替代|取代|修改|修订|修正|调整|改为|删[除去]")
"""A sentence without one of these does nothing to another document."""
_REPEALS_BY_TITLE = re.compile(
    rf"关于(?:废止|停止执行)(?P<names>{_NAMES})的(?:通知|决定|公告|通告)(?:[（(][^（）()]{{2,40}}[）)])?$"
)
_IT_ENDS = re.compile(rf"{_ON}[，,]?[^。；，,《》]{{0,12}}?{ENDED}")
_AMENDS_BY_TITLE = re.compile(r"关于(?:修改|修订|修正)[〈《<](?P<title>[^〉》>]+)[〉》>]")
_INCLUDES = re.compile(
    rf"根据[^。；《》]{{0,40}}?(?P<name>《[^》]*(?:修改|修正|修订)[^》]*》(?:\s*[（(][^（）()]{{2,60}}[）)])?|{NUMBER.pattern})[^。；《》]{{0,20}}(?:修正|修订|修改)"
)
_REVISES = re.compile(rf"(?:根据|对|在)(?P<names>{NAME})(?:基础上|的基础上)?(?:进行)?(?:修订|修正)(?:形成|而成|制定)?")
_DENIED = re.compile(
    r"(?:不|未|非|无法|难以|没有|不[能可得予应是]|不可以|不足以|不得以|[拟勿]|建议|可以|应当|及时)\s*(?:同时|予以|即行|作为|用于|用以|视为)*$"
)
_INTENDED = re.compile(
    r"将(?!原?$|(?:19|20)\d{2}年)|适时|正在|(?<!经)研究(?!决定|同意)|推动|推进|计划|逐步|抓紧|加快|启动|探索|拟|建议|其余|除|保留|继续有效"
)
_DEPENDS = re.compile(
    r"(?:如(?!下|期|实)|若(?!干)|倘|假[如设]|一旦|凡|(?<![接招对等期看善优])待(?!遇)|是否|届满|期满|到期)[^，,；;。]*$|(?:届满|期满|到期)[后时]?[，,]\s*原?$|当\s*原?$|除[^，,；;。]{1,40}外[，,]?\s*原?$|(?:^|[，,；;：:])(?!本|自|此)[^，,；;。：:]{0,30}(?<!行)(?<!实施)(?<!发布)(?<!印发)(?<!公布)后[，,]?\s*原?$|的[，,]\s*原?$|(?:^|[，,；;：:])\s*(?:如果?(?![下期实])|若(?!干)|倘|假[如设]|一旦)[^；;。]*$"
)
FOLLOWED = re.compile(
    r"(?:按照?|根据|依据|依照|遵照|参照|违反|符合|满足|适用|(?<!停止)(?<!不再)执行|落实|贯彻|享受|获得|取得|属于)(?:了|过)?\s*原?$"
)
"""What stands behind is kept to or made use of, not changed."""
_FROM = re.compile(r"(?:自|从)\s*(?P<day>[^，。；《》]{2,24}?)起[，,]?\s*(?:将|决定|同时)*原?$")
_BEFORE_VERB = re.compile(rf"{_ON}(?:同时|一并|予以|正式|全部|决定|均)*$")
_OWN_DAY = re.compile(r"本|此|即日|今日|^(?:正式)?(?:发布|公布|印发|施行|实施)之?日")
_OPENS = re.compile(rf"(?:^\s*(?:{_SIGN})?|[，,；;]|现|兹)\s*$")
_ISSUES = re.compile(r"(?:通知|决定|公告|通告|办法|规定|细则|条例|规则|措施|令)(?:[（(][^（）()]{2,40}[）)])?$")
_PLANS = re.compile(r"要点|计划|规划|方案|安排|任务|分工|建议|解读|说明|征求|总结|报告|意见|答复|草案")
TELLS = re.compile(r"解读|说明|问答|图解|起草|对照|建议|答复|征求|工作要点|任务分工|工作计划")
"""Titles of what tells of changes to others and makes none."""
_TASKS = re.compile(
    r"(?:应当?|[必须]须|需要?|要|各[\u4e00-\u9fa5]{1,10}|负责|组织|牵头|抓好|做好|开展|完善|健全)[^。；;]{0,60}$"
)
"""Words before 废止 that set a task."""
NEAR = 120
"""Characters before a name that are looked at: a bound keeps long lists linear."""


def read_relations(text: str, title: str) -> tuple[Relation, ...]:
    """Relations that a document states, each once.

    Args:
        text: the document's text, its paragraphs parted by line feeds.
        title: its own title; what it says of itself is no relation.
    """
    found: dict[tuple[str, str], Relation] = {}
    own = plain_title(title)
    if m := _AMENDS_BY_TITLE.search(title):
        _keep(found, Relation("amends", f"《{m['title']}》", said=title))
    for relation in _in_order(text, own, title):
        _keep(found, relation)
    if (m := _REPEALS_BY_TITLE.search(title.replace("〈", "《").replace("〉", "》"))) and not _INTENDED.search(
        title[:8]
    ):
        day = day_of(_IT_ENDS.search(text))
        for target in _targets(m["names"]) if day is not None else ():
            if not any(r.kind == "repeals" and _same(r.target, target) for r in found.values()):
                _keep(found, Relation("repeals", target, day or "", title))
    return tuple(found.values())


def _keep(found: dict[tuple[str, str], Relation], relation: Relation) -> None:
    known = next((k for k in found if k[0] == relation.kind and _same(k[1], relation.target)), None)
    if known is None:
        found[relation.kind, relation.target] = relation
    elif len(relation.target) > len(known[1]):  # 《标题》（文号） says more than 《标题》
        del found[known]
        found[relation.kind, relation.target] = relation


def _same(one: str, other: str) -> bool:
    numbers = number_of(one), number_of(other)
    if all(numbers):
        return numbers[0] == numbers[1]
    return title_of(one) == title_of(other) != ""


def _in_order(text: str, own: str, title: str) -> Iterator[Relation]:
    listed: tuple[str, str] | None = None  # the day and the words of a sentence whose list goes on
    plain = without_quotes(text)
    for found in re.finditer(r"[^。\n]+。?", plain):
        sentence = found.group(0).strip()
        if not sentence:
            continue
        said = text[found.start() : found.end()].strip()
        if listed and _LISTED.match(sentence):
            yield from _listed(sentence, 0, listed, own)
            continue
        listed = None
        yield from _of_sentence(sentence, said, own, title)
        for m in _LIST.finditer(sentence):
            day = stated_day(sentence, m.start("verb"), verb=True)
            partly = _PARTLY.search(sentence[max(0, m.start("verb") - NEAR) : m.start("verb")])
            if day is None or partly or unsure(sentence, m.start("verb")):
                continue
            if m.end() == len(sentence):
                listed = day, said
            else:
                yield from _listed(sentence, m.end(), (day, said), own)


def _listed(text: str, at: int, by: tuple[str, str], own: str) -> Iterator[Relation]:
    while (m := _ITEM.match(text, at)) and m.end() > at:
        for target in _targets(m["names"]):
            if plain_title(title_of(target)) != own or number_of(target):
                yield Relation("repeals", target, *by)
        at = m.end()


def _of_sentence(sentence: str, said: str, own: str, title: str) -> Iterator[Relation]:
    if not _DOES.search(sentence):
        return
    patterns: tuple[tuple[RelationKind, re.Pattern[str]], ...] = (
        ("repeals", _REPEALED), ("repeals", _REPEALS), ("replaces", _REPLACED), ("amends", _AMENDED),
    )  # fmt: skip
    for kind, pattern in patterns[: 3 if TELLS.search(title) else 4]:
        for m in pattern.finditer(sentence):
            groups = m.groupdict()
            names, way = groups.get("names") or groups.get("later") or "", groups.get("way") or ""
            start = m.start("verb") if groups.get("verb") else m.start()
            if unsure(sentence, start) or _DENIED.search(way) or (kind == "amends" and _INTENDED.search(way)):
                continue
            before = sentence[max(0, start - NEAR) : start]
            if groups.get("later") and not _BY_THIS.search(before):
                continue
            if pattern is _REPEALS and not _orders(m, sentence, title):
                continue
            if groups.get("loose") and not groups.get("sure") and not _changes(before, title):
                continue
            day = (
                day_of(m)
                if groups.get("day") or groups.get("at")
                else stated_day(sentence, start, bool(groups.get("verb")))
            )
            if day is None:
                continue
            for target in _targets(_without_followed(names) if FOLLOWED.search(before) else names):
                if kind == "amends" or plain_title(title_of(target)) != own or number_of(target):
                    yield Relation(kind, target, day, said)
    for m in _INCLUDES.finditer(sentence):
        yield Relation("includes", m["name"], said=said)
    for m in _REVISES.finditer(sentence):
        for target in () if unsure(sentence, m.start()) else _targets(m["names"]):
            # 根据《科技进步条例》修订 follows a law; only an earlier text of the same title is replaced by it.
            if plain_title(title_of(target)) == own and number_of(target):
                yield Relation("replaces", target, said=said)


def unsure(sentence: str, at: int) -> bool:
    """Whether what stands before a place denies, plans, quotes or makes depend on something what is said there."""
    if sentence.rfind("“", 0, at) > sentence.rfind("”", 0, at):
        return True
    before = re.sub(r"《[^《》]*》", "《》", sentence[max(0, at - NEAR) : at])
    part = re.sub(r"^.*(?<![将拟])决定", "", re.split(r"[，,；;：:]", before)[-1])
    return bool(_DENIED.search(before) or _INTENDED.search(part) or _DEPENDS.search(before))


def _orders(m: re.Match[str], sentence: str, title: str) -> bool:
    """废止《X》 that says neither 决定 nor 同时 may be a plan; in a document about repeals, after 根据《Y》, or where a rule
    opens with it, it is none."""
    if m["lead"] and not re.match(r"[》）)（(一二三四五六七八九十\d，,；;现兹]", m["lead"]):
        return True
    if m["lead"] in ("》", "）", ")"):
        return bool(
            re.search(
                r"(?:根据|按照|依据)[^，。；]{2,100}$", sentence[max(0, m.start("verb") - NEAR) : m.start("verb")]
            )
        )
    ends = re.match(r"\s*(?:[。；;，,]|$)", sentence[m.end() :][:8])
    listed = bool(re.match(r"$|[（(一二三四五六七八九十\d]", m["lead"])) and re.search(
        r"废止|失效|停止执行|清理", title
    )
    return bool(ends and (listed or orders(sentence[max(0, m.start("verb") - NEAR) : m.start("verb")], title)))


def orders(before: str, title: str) -> bool:
    """Whether 废止 behind these words orders: it opens a sentence or a part of one, in what issues rules and no plans."""
    return bool(
        _OPENS.search(before) and _ISSUES.search(title) and not _PLANS.search(title) and not _TASKS.search(before)
    )


def _changes(before: str, title: str) -> bool:
    """Whether 进行修订 is done here: the title says so, or the words 决定 before it; else it may be a plan."""
    return bool(re.search(r"关于.{0,20}?(?:修改|修订|修正|调整)", title) or re.search(r"决定[^。；]{0,40}$", before))


def stated_day(sentence: str, at: int, verb: bool) -> str | None:
    """The day stated before a place, as `day_of`; 2024年5月1日印发的《X》 states none, so that only a verb has a bare day before it."""
    before = sentence[max(0, at - NEAR) : at]
    return day_of(_FROM.search(before) or (_BEFORE_VERB.search(before) if verb else None))


def day_of(m: re.Match[str] | None) -> str | None:
    """The day that words state (ISO), "" when it is the document's own first day, None when nobody can tell."""
    groups = m.groupdict() if m else {}
    words = groups.get("day") or groups.get("at") or ""
    if not words or iso_date(words):
        return iso_date(words)
    if since := re.fullmatch(r"((?:19|20)\d{2})\s*年(?:\s*(\d{1,2})\s*月)?", words.strip()):
        return iso_date(f"{since.group(1)}年{since.group(2) or 1}月1日")
    return "" if _OWN_DAY.search(words) else None


def _without_followed(names: str) -> str:
    """根据《甲》，《乙》同时废止: only what stands behind the comma is meant."""
    ends = [t.end() for t in _TARGET.finditer(names)]
    return next((names[e:] for e in ends if re.match(r"\s*[，,]", names[e:][:4])), "")


def _targets(names: str) -> Sequence[str]:
    return [re.sub(r"\s+", "", m.group(0)) for m in _TARGET.finditer(names)]


def number_of(target: str) -> str:
    """Document number in 《标题》（文号） in one spelling, "" when there is none.

    >>> number_of("《办法》（沪科规[2021] 3 号）")
    '沪科规〔2021〕3号'
    """
    outside = re.sub(r"《(?:[^《》]|《[^《》]*》)+》", "", target)
    m = NUMBER.search(outside)
    return plain_number(m.group(0)) if m else ""


def plain_number(number: str) -> str:
    """A number in one spelling, for comparison: 〔〕 around the year, no space, no 第."""
    squeezed = re.sub(r"\s|第(?=\s*\d+\s*号)", "", number)
    return re.sub(r"[〔\[［（(【]((?:19|20)\d{2})[〕\]］）)】]", r"〔\1〕", squeezed)


def title_of(target: str) -> str:
    """Title in 《标题》（文号）; a target that has no marks and no number is a title itself."""
    m = re.search(r"《((?:[^《》]|《[^《》]*》)+)》(\s*[（(](?:试行|暂行)[）)])?", target)
    title = m.group(1) + (m.group(2) or "") if m else ("" if number_of(target) else target)
    issued = re.search(r"(?:印发|发布|公布)[〈《<]+(.+?)[〉》>]+", title)
    return (issued.group(1) if issued else title).strip()


_DRAFT_WORDS = re.compile(
    r"[（(【][^（）()【】]{0,8}(?:征求意见稿|征求意见|草案|送审稿|讨论稿|公开征求意见稿)[^（）()【】]{0,8}[）)】]|(?:公开)?征求意见稿|草案|送审稿|讨论稿"
)


_BRACKETS = str.maketrans("()", "（）")


def plain_title(title: str) -> str:
    """A title for comparison: no space, no 《》, no 征求意见稿, brackets of one kind.

    >>> plain_title("某市 科技创新券管理办法（征求意见稿）")
    '某市科技创新券管理办法'
    """
    return re.sub(r"[\s《》〈〉“”\"]", "", _DRAFT_WORDS.sub("", title)).translate(_BRACKETS)
