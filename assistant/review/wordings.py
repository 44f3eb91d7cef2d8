"""A question read for comparison with another: what it names, what it asks, and what search finds for it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from assistant.asked import FACTS
from assistant.denial import NEGATION
from assistant.evidence import likelihoods
from assistant.quantities import find_quantities
from assistant.synonyms import opposites
from index.query import Intent, Query, read_query
from index.search import Found, Searcher
from index.words import STOP, load_terms, normalise

RANKED = 30
"""Clauses over which a search's likelihood is compared."""

NAMING = 3
"""First clauses of a search whose own names of a subject count."""

Vector = npt.NDArray[np.float32]

_PUNCTUATION = re.compile(r"[\W_]+")
_EITHER = re.compile(
    r"(.{1,2})(?:不|没)\1|有没有|(?:不|没有?)(?=(?:呢|呀|啊|吗)?$|[，,。？?])|不好意思|不知道?|不清楚|对不起|不超过"
)
"""能不能, 支不支持, 有奖励没有: asks whether, and denies nothing."""
_FIELD = re.compile(r"科技服务业?|科学研究和技术服务业")
"""What all the documents are about: said or not, the question is the same."""
_MUST = re.compile(r"必须|应当|一定要|强制|非.{1,6}不可|务必|不得不")
_COUNTED = "家|套|个|项|条|人次|人|名|位|种|类|所|户|笔|批|次|座"
_OUTSIDE = re.compile(r"(?:非|除了?|不含|不包括|没有?|未)$")
_SUM = "钱|万|亿|元|资|经费|额|补|奖|支持|无偿|财政|扶持|比例|贷款|营收|收入|费|交易"
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("谁负责", re.compile(r"谁(?!能|可以|有资格)|哪(?:个|些|几个|几家|家)?(?:部门|单位|局|委|机构)|归哪|由哪|哪个委|哪个局|什么部门|责任单位|找哪|归口")),
    ("数量", re.compile(rf"几(?:{_COUNTED})(?!区|部门|单位|局)|多少(?:{_COUNTED})|多少(?!{_SUM}|{_COUNTED})[\u4e00-\u9fff]|数量")),
    ("金额", re.compile(rf"多少(?:{_SUM})|多少(?=$|[，,。？?；呢啊呀吧])|几(?:百|千|十)?(?:万|亿)|金额|额度|上限|封顶|最高|最多|额$")),
    ("条件", re.compile(r"条件|门槛|资格|要求|满足什么|符合什么|够不够|谁能|谁可以")),
    ("时间", re.compile(r"什么时候|啥时候|何时|哪天|几号(?!文)|几月|哪年|有效期|多久|几天|几年|几个月|期限|截止|过期|管到")),
    ("地点", re.compile(r"在哪|哪里|哪儿|地址|哪(?:些|几个|个)?区|什么地方")),
    ("联系方式", re.compile(r"电话|联系人|网址|邮箱|公众号|入口")),
    ("例外", re.compile(r"情形|哪些不|不.{1,12}(?:有哪些|哪些|的有)")),
    ("利率", re.compile(r"利率|利息多|几个点")),
    ("增幅", re.compile(r"增长(?:了)?多少|增速|增幅|涨了|占(?:了)?(?:多少|几)")),
    ("原因", re.compile(r"为什么|为啥|原因|凭什么")),
    ("办法", re.compile(r"(?:怎么|怎样|如何|咋)(?:才能|能|去|样)?(?!补|算|支持|扶持|奖|规定|办(?:$|[，,。？?])|做|说|写|样|定|资助|核减|实施|的|$|[，,。？?])[\u4e00-\u9fff]")),
    ("总和", re.compile(r"(?:加起来|合计|总计|一共.{0,6}年|年.{0,4}一共)")),
    ("收费", re.compile(r"收费|交钱|收多少|要钱|付费|费用是")),
    ("返还", re.compile(r"要还|返还|退还|偿还|退回")),
    ("层级", re.compile(r"(?<!园)区里|各区(?!补)|区级|区政府|本区|区财政")),
    ("待遇", re.compile(r"补|奖|资助|支持|扶持|报销|优惠|好处|享受|能拿(?!专利|创新)|拿到|拿多少|给.{0,4}(?:多少|钱)|给什么(?!企业|人)|领")),
    ("行业", re.compile(r"工业(?!和信息)|农业|制造业|建筑业|金融业|教育业|外贸业")),
    ("处罚", re.compile(r"罚款|处罚|违法|违规")),
)  # fmt: skip
"""Kinds of fact: the same subject asked for another one of these is another question."""
_RIVALS = tuple(
    tuple(tuple(words.split("/")) for words in group.split())
    for group in (
        "买/购/采购 租/租赁/租用 申请 卖/出售/转让 建/新建", "成功 失败", "盈利 亏损/亏了", "企业/公司 个人 高校/学校 医院 协会/社团", "联系电话 联系地址 联系人",
        "施行/实施/生效/起实施 失效/到期/过期/有效期/截止/结束/管到/起草", "进入 退出", "新增/纳入 取消/剔除", "第一/首年/头一年 第二/次年 第三",
        "提高/上调 降低/下调", "做/搞 建/搭建/设立", "退休 在校", "进口 出口", "成立 注销", "要建/打算/目标/计划/要达到/将 已经/已建/了多少/了几", "科技服务 工业 农业 建筑 金融",
        "奖励/补贴/资助 贷款 减税/减免/免税", "电话 地址 邮编",
    )
)  # fmt: skip
"""Of each group a question means one class: two questions that mean different ones differ."""
_TALKED = """企业 公司 单位 机构 政府 政策 文件 我司 本公司 公家 哪些 哪个 哪几 几个 哪几个 什么样 怎么样 怎样 如何 怎么办 是否 可否 能否 拿到 得到 享受 领到 想要 想问 打听 了解
    咨询 请教 请问 具体 一共 总共 总计 大概 大约 到底 究竟 目前 如今 今年 去年 明年 刚刚 已经 完成 做成 方面 东西 事情 情况 办法 关于 有关 相关 属于 或者 还有 然后 如果
    要是 假如 用来 用于 做法 来说 最多 最高 最大 上限 封顶 多少 多大 几百 亿元 万元 可以 能够 需要 必要 进行 实行 开展 给予 提供 什么 时候 那个 这个 那边 这边 别的 自己
    方式 手段 拿来 实施 全市 市里 各区 区里 国家 发展 工作 推进 项目 产业 中心 平台 支持 鼓励 现在 以后 之后 之前 当中 其中 意思 打算 好处
    内容 开始 几号 目标 达到 使用 规定 说法 怎么 咋样 一次 一次性 合适 办理 有吗 不能 不是 不会 不行 成为 包括 哪种 哪类 主要 今后 将来 计划 准备 希望 是不是 老板 老师
    朋友 你们 你好 听说 据说 告诉 说说 讲讲 介绍 说明 解释 名字 叫做 就是 只要 只是 还是 而且 但是 因为 所以 应该 算是 算不算 有啥 有何 做哪些 入选 起来 一个 一种 一下
    一些 下来 过来 出来 进去 上面 下面 里面 外面 之内 之外 来着 一般 通常 其实 真的 确实 肯定 麻烦 谢谢 帮忙 看看 问问 数额 金额 数目 规模 搭建 建立 设立 承担 参与 牵头
    时间 日期 号码 作为 责任 责任单位 营业 以上 处理 负责 统筹 归谁 由谁 优惠 好的 国家级 市级"""
_TALK = frozenset(_TALKED.split())
"""Words of talking, and words that every document here has; they tell no two questions apart."""
_LOOSE = frozenset("能可要会想有归给到补奖领拿得在设里落做搞办是了上")


@dataclass(frozen=True, slots=True)
class Figure:
    """One quantity of a question."""

    kind: str
    unit: str
    value: float
    upper: float | None


@dataclass(frozen=True, slots=True)
class Wording:
    """One question, read for comparison."""

    text: str
    plain: str
    """Normal form without punctuation."""
    vector: Vector
    """As a query: float32 [dimension], of length 1."""
    regions: tuple[str, ...]
    """Places that it names."""
    place: str
    """Where the asker is, or where the answer holds; "" when not known."""
    areas: frozenset[str]
    figures: frozenset[Figure]
    documents: frozenset[str]
    """Ids of documents that it names, surely or likely."""
    named: bool
    """It surely names a document."""
    sources: frozenset[str]
    """Documents of the clauses that its answer cites."""
    address: str
    denied: bool
    must: bool
    kinds: frozenset[str]
    groups: frozenset[int]
    """Groups of subjects of the word list that it names."""
    words: tuple[str, ...]
    """Words that tell something."""
    narrowed: frozenset[tuple[str, str]]
    """(subject, the word right before it): 进口首台套 and 非首台套 are other things than 首台套."""
    found: dict[str, float] = field(default_factory=dict, compare=False)
    """clause_id → likelihood under its search; empty when it was not searched."""


class Reader:
    """Reads questions over one index."""

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher

    def read(
        self,
        text: str,
        vector: Vector,
        place: str = "",
        sources: frozenset[str] = frozenset(),
        found: Found | None = None,
    ) -> Wording:
        """One question with the vector it already has.

        Args:
            text: one standalone question.
            vector: its vector as a query.
            place: where the asker is, or where the answer holds.
            sources: documents of the answer.
            found: its search, where there was one.
        """
        text = self.mend(text)
        query = read_query(text, self._searcher.documents)
        return Wording(
            text=text,
            plain=_PUNCTUATION.sub("", query.text),
            vector=vector,
            regions=query.regions,
            place=place,
            areas=frozenset(query.areas),
            figures=frozenset(Figure(q.kind, q.unit, q.value, q.upper) for q in find_quantities(text)),
            documents=frozenset(query.documents.certain or query.documents.likely),
            named=bool(query.documents.certain),
            sources=sources,
            address=str(query.address or ""),
            denied=bool(NEGATION.search(_EITHER.sub("", query.text))),
            must=bool(_MUST.search(query.text)),
            kinds=_kinds(query),
            groups=frozenset(c.group for c in query.concepts if c.group >= load_terms().asking),
            words=(words := self._telling(query)),
            narrowed=self._narrowed(query.topic, words, found),
            found=_profile(found) if found else {},
        )

    def search(self, text: str, place: str = "", sources: frozenset[str] = frozenset(), region: str = "") -> Wording:
        """One question, searched as a visitor's of a region is."""
        found = self._searcher.search(text, RANKED, region)
        return self.read(text, found.vector, place, sources, found)

    def mend(self, text: str) -> str:
        """Text as search reads it."""
        return self._searcher.mend(text.encode("utf-8", "replace").decode())

    def encode(self, texts: Sequence[str]) -> list[Vector]:
        """Vectors of questions, as search makes them."""
        return list(self._searcher.encoder.encode_queries([self.mend(t) for t in texts])) if texts else []

    def _telling(self, query: Query) -> tuple[str, ...]:
        words = self._searcher.tokenizer.words(_FIELD.sub(" ", _EITHER.sub("", query.topic)))
        return tuple(
            w for w in dict.fromkeys(words) if _tells(w) and (self._searcher.lexical.knows(w) or not _loose(w))
        )

    def _narrowed(self, topic: str, words: Sequence[str], found: Found | None) -> frozenset[tuple[str, str]]:
        # What a clause that is found calls it so itself is its name: 新增重大投资项目, 科技创新券.
        told = [normalise(s.clause.text) for s in found.ranked[:NAMING]] if found else []
        narrowed = set()
        for subject in filter(is_subject, words):
            before = topic[: topic.find(subject)].removesuffix("的") if subject in topic else ""
            last = m.group() if (m := _OUTSIDE.search(before)) else (self._searcher.tokenizer.words(before) or [""])[-1]
            tells = before.endswith(last) and (m or (len(last) > 1 and last not in _TALK | _asking() | STOP))
            if tells and not any(last + subject in text for text in told):
                narrowed.add((subject, last))
        return frozenset(narrowed)


def _profile(found: Found) -> dict[str, float]:
    return {s.clause.clause_id: float(p) for s, p in zip(found.ranked, likelihoods(found.ranked), strict=True)}


def _tells(word: str) -> bool:
    if len(word) < 2 or re.match(r"\d|第?[一二三四五六七八九十百]+|哪|不|几", word):
        return False
    return word not in _TALK and word not in _asking() and word not in STOP


def _loose(word: str) -> bool:
    """A pair that the cutter made of a little word and a neighbour (能领, 设在, 落有)."""
    return len(word) == 2 and bool(_LOOSE & set(word))


@lru_cache(maxsize=1)
def _asking() -> frozenset[str]:
    terms = load_terms()
    return frozenset(normalise(m) for group in terms.groups[: terms.asking] for m in group)


def is_talk(word: str) -> bool:
    """Whether a word is of talking, and tells no questions apart."""
    return word in _TALK


@lru_cache(maxsize=1 << 12)
def is_subject(word: str) -> bool:
    """Whether a word is, or holds, a listed policy subject."""
    terms = load_terms()
    if word in terms.industries or word in {normalise(w) for w in terms.words}:
        return True
    return any(word == normalise(m) for group in terms.groups[terms.asking :] for m in group)


def _kinds(query: Query) -> frozenset[str]:
    found = {name for name, pattern in _KINDS if pattern.search(query.text)}
    found |= {f.name for f in FACTS if f.name == "申报材料" and f.asked.search(query.text)}
    if Intent.COORDINATOR in query.intents:
        found.add("谁负责")
    if found & {"数量", "联系方式", "时间", "谁负责", "增幅", "利率"}:
        found.discard("金额")
    return frozenset(found)


def opposed(a: str, b: str) -> list[tuple[str, str]]:
    """Pairs of words that exclude each other of which each question has one."""
    found = [(x, y) for x, y in opposites() if x in a and y in b and y not in a and x not in b]
    for group in _RIVALS:
        here, there = ([next((w for w in words if w in text), "") for words in group] for text in (a, b))
        if any(here) and any(there) and not any(x and y for x, y in zip(here, there, strict=True)):
            found.append((next(filter(None, here)), next(filter(None, there))))
    return found
