"""What a question asks for, as far as rules can tell: place, document, address, kind of fact, synonyms.

Rules only prefer or filter; they never answer. What they find is kept with the search result so that a
person can see why a clause came first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from index.address import Address, NamedDocuments, find_address, find_documents
from index.clause import Document
from index.naming import Naming
from index.regions import REGION_NAMES, mentioned_regions
from index.words import load_terms, normalise


class Intent(StrEnum):
    """Kinds of fact a question may ask for."""

    AMOUNT = "amount"
    DEPARTMENT = "department"
    CONDITION = "condition"
    VALIDITY = "validity"
    FACTS = "facts"
    """About a document itself: who issued it, when, its number, its status."""
    DEFINITION = "definition"
    STATISTICS = "statistics"
    GOAL = "goal"
    LIST = "list"
    COORDINATOR = "coordinator"
    """Who is in charge of the whole."""


_INTENTS: tuple[tuple[Intent, re.Pattern[str]], ...] = (
    (
        Intent.AMOUNT,
        re.compile(r"多少钱|多少(?:万|元|资金|补|奖|经费|额)|(?:几|多少)个?(?:万|亿|%|点)|几成|金额|额度|比例|百分之几|上限|封顶|顶格|最高|最多|(?:补|奖|给|拿|报|贴|领|发|得|返)(?:助|贴|励|到|得|我们?|你们?|咱们?|企业)?(?:多少|几)|多大(?:力度|支持)|钱数|给钱|有钱|能拿|标准(?:是|多)|多少$"),
    ),
    (
        Intent.DEPARTMENT,
        re.compile(r"找谁|谁(?:来)?(?:管|负责|牵头|审|批|落实|主管|统筹|出钱|发钱|协调|组织)|归(?:谁|哪)|哪(?:些|个|几个|家|几家)?(?:部门|单位|局|委|机构|衙门|政府|口子)|(?:什么|啥)(?:部门|单位|局)|责任单位|牵头|主管部门|由谁|向谁|对口|联系(?:谁|哪)|部门(?:有|是|呢)|负责(?:的|部门|单位)"),
    ),
    (Intent.CONDITION, re.compile(r"条件|要求|门槛|资格|符合(?:什么|哪)|哪(?:些|类|种)?(?:企业|公司|人|情况)(?:能|可以|才)|什么(?:样|企业|公司|情况)|满足|怎样才|怎么才|才能|够不够|算不算|能不能(?:申|享|拿)")),
    (Intent.VALIDITY, re.compile(r"有效|生效|失效|过期|到期|还(?:管用|算数|能用|有用|执行|作数)|几月几[号日]|能用到|用到(?:哪|什么|啥)|20\d\d年.{0,12}还|(?:什么|啥)时候(?:开始|施行|实施|执行|到|结束|截止|起)|管(?:到|几年|多久)|施行|实施(?:日期|时间|期)|执行到|期限|废止|作废|几年有效|哪天(?:起|生效|到期)")),
    (
        Intent.FACTS,
        re.compile(r"(?:谁|哪(?:些|个|几家|几个|家)?(?:部门|单位|机关)?|几家(?:单位|部门)?|一家)(?:一起|联合|共同)?(?:发|印发|出台|制定|出|公布|印)的?|发文(?:机关|单位|字号|日期|时间)|文号|几号文|(?:哪天|什么时候|啥时候|何时|哪年|日期).{0,6}(?:发|印发|出台|公布|签发|发布|印)|(?:印发|发布|出台|公布|成文|签发|发)(?:日期|时间|于|的时间)|(?:印发|发布|出台|公布|发)(?:的)?(?:哪天|什么时候|是什么时候)|正式(?:文件|版本?|的)?(?:吗|么|没|还是|生效|发布|出台|实施|出|有|下来)|是不是(?:草案|正式)|草案|征求意见稿?(?:吗|还是)|(?:哪天|什么时候|啥时候|哪年(?:哪月)?)(?:印|发|出|签)|落款|签署|哪年哪月|什么(?:性质|级别)|几份文件|哪些文件|哪几份"),
    ),
    (Intent.DEFINITION, re.compile(r"什么(?:是|叫)|啥(?:是|叫)|是(?:什么|啥)(?:意思|东西|概念|$|[?？啊呀呢])|指(?:的)?(?:是)?(?:什么|啥|哪)|定义|含义|怎么(?:理解|定义|界定)|(?:分别|具体|都)?(?:是|指|包括)(?:哪|什么|啥)|是啥|哪(?:几|三|四|五|六|些)[大个]?|范围")),
    (
        Intent.STATISTICS,
        re.compile(r"了多少|了几|已经?(?:发|完成|达成|支持|签|对接|培训|出|拿|建|推)|截[至止]|目前|至今|到现在|累计|惠及|同比|占比|比重|增速|总额|成交|签约|授信|进展|成效|(?:前年|20(?:1\d|2[0-5])年).{0,16}(?:多少|几|数)|(?:多少|几)(?:家(?:企业)?拿|家(?:企业)?享|人次|笔|单)|成功率|平均(?:一|每)家|占(?:了)?(?:多少|几|百分)|占.{0,10}几个点|总量里?占|经济总量|GDP|总体规模"),
    ),
    (Intent.LIST, re.compile(r"哪(?:几|些)|有(?:什么|啥)|都有|包括|分别|列一下|(?:几|哪)(?:种|类|个|项|家|方面)|那一串|清单")),
    (Intent.COORDINATOR, re.compile(r"总牵头|总负责|统筹|总的|整体|总协调|牵头(?:局|委|部门|单位)(?:是|叫|为)|谁(?:来)?总")),
    (Intent.GOAL, re.compile(r"目标|到20[23]\d年|20[23]\d年(?:要|底|前|的?目标|达到|计划)|计划(?:建|培育|引进|达到)|打算|力争|指标|要(?:建|打造|培育|达到|发展)(?:多少|几)|规划")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Concept:
    """A group of the word list that a question names."""

    group: int
    """Index into the groups of `index/terms.toml`."""
    said: tuple[str, ...]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A question, read."""

    text: str
    """Normalised for matching."""
    topic: str
    """The text without what already serves as a filter: city names, document names, article numbers."""
    regions: tuple[str, ...]
    areas: tuple[str, ...]
    documents: NamedDocuments
    address: Address | None
    intents: frozenset[Intent]
    concepts: tuple[Concept, ...] = field(default=())
    without: frozenset[str] = frozenset()
    """Documents that keep silent, by id: not in force on the day asked about (`index.timely`)."""


def read_query(question: str, documents: Naming | Sequence[Document], region: str = "") -> Query:
    """Read a standalone question.

    Args:
        question: as typed.
        documents: those in the index; their `Naming`, kept, saves 50 ms for each 5,000 documents.
        region: used when the question itself names none.
    """
    naming = documents if isinstance(documents, Naming) else Naming(documents)
    text = normalise(question)
    place = mentioned_regions(question)
    regions = place.regions or ((region,) if region else ())
    named = find_documents(question, naming, regions)
    intents = {intent for intent, pattern in _INTENTS if pattern.search(text)}
    if Intent.GOAL in intents:
        intents.discard(Intent.STATISTICS)
    return Query(
        text=text,
        topic=_topic(text, naming),
        regions=regions,
        areas=place.areas,
        documents=named,
        address=find_address(question),
        intents=frozenset(intents),
        concepts=_concepts(text),
    )


_CITY = re.compile("|".join(sorted(REGION_NAMES, key=len, reverse=True)))
_ADDRESSED = re.compile(
    r"[\u4e00-\u9fa5]{0,8}[〔\[（(]\d{4}[〕\])）]\d+号文?|\d{1,4}号文?|第\s*[(（]?[\d零〇一二三四五六七八九十百]+[)）]?\s*[条款项点章节]|《[^》]*》"
)


def _topic(text: str, naming: Naming) -> str:
    text = _ADDRESSED.sub(" ", text)
    for alias in naming.aliases:
        text = text.replace(alias, " ")
    return _CITY.sub(" ", text)


def _concepts(text: str) -> tuple[Concept, ...]:
    found: list[Concept] = []
    for number, members in enumerate(_groups()):
        said = tuple(m for m in members if m in text)
        if said:
            found.append(Concept(number, said, tuple(m for m in members if m not in said)))
    return tuple(found)


@lru_cache(maxsize=1)
def _groups() -> tuple[tuple[str, ...], ...]:
    """Groups of the word list in normal form."""
    return tuple(tuple(normalise(m) for m in group) for group in load_terms().groups)
