"""What kind of fact a question wants, and whether a piece of evidence holds one.

A clause may be all about the subject and still not say what is asked: when to apply, with which papers, how
much a draft will pay. Relevance cannot see that (area under the curve 0.56 on the development questions), so
each wanted kind of fact names the signs that evidence must show, and shows them beside the subject.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.answer_type import wanted_types
from assistant.evidence import Chosen, asks_several, subject_expressions
from index.card import is_card
from index.clause import Clause, Status
from index.passages import Span, sentence_spans
from index.query import Intent, Query
from index.search import Searcher
from index.words import load_terms, normalise


@dataclass(frozen=True, slots=True)
class Fact:
    """A kind of fact that can be asked for."""

    name: str
    """As said to the asker: 文件没有写明<name>."""
    asked: re.Pattern[str]
    shown: re.Pattern[str]
    beside_subject: bool = False
    """The sign must stand in the sentence that names the subject (or lean on it), not just in the clause."""


_N = r"[\d零〇一二三四五六七八九十百千万两]"
FACTS: tuple[Fact, ...] = (
    Fact(
        "申报起止时间",
        re.compile(r"截止(?!到?(?:目前|现在|今|20|去年|[\d.]+月))|几[月号]之?前|(?:什么|啥)时(?:候|间)(?:可以|能|开始)?(?:申报|申请|报名|交|开放|受理|发钱|到账|拨)|申[报请](?:时间|日期|期限|窗口|截)|(?:多久|几天|多长时间)(?:能)?(?:批|到账|办|拿|审|下来|发)|到账时间|(?:哪天|几时|何时|多久才?)(?:能|可以|会)?(?:申报|申请|截|到账|发放|拨付|兑现)|报名时间|(?:下|这|本)(?:一)?批(?:次)?(?:什么|啥)时候"),
        re.compile(r"截止|申报(?:时间|期)|受理(?:时间|期)|个?工作日内|日前(?:提交|申报)"),
    ),
    Fact(
        "申报材料",
        re.compile(r"(?:申报|申请|准备|提交|递交?|交|带|要|需要|哪些|什么|啥|补)(?:的|些|什么|哪些|啥){0,2}(?:材料|资料|证明|文件)(?!首|研发|产业|企业|公司|领域|行业|类)|(?:材料|资料)(?:清单|有哪些|要哪些|都有|怎么(?:写|交|准备)|要(?:准备|交|带))|(?:准备|提交|提供|带|交|填)(?:些)?(?:什么|哪些|啥)(?:东西|文件|证|表|手续)?|(?:申请|申报)表|哪些证|什么证明|要件"),
        re.compile(r"免申即享|免审即享|直达快享|申报材料|申请材料|提交.{0,20}(?:材料|证明|报告)|提供.{0,20}(?:材料|证明)"),
    ),
    Fact(
        "联系电话、网址或办理地点",
        re.compile(r"电话|手机号|号码|联系方式|联系人|网址|网站|邮箱|微信|公众号|官网|链接|入口|小程序|办公地址|具体地址|窗口(?:在哪|地址)|(?:在|去|到)(?:哪里|哪儿|哪|什么地方|什么系统|哪个(?:网站|平台|系统|窗口))(?:可以)?(?:申请|申报|看|查|下载|填|交|办|报名|提交|登记)|哪里(?:看|查|下载|申请|申报)|在哪(?:看|查|下)"),
        re.compile(r"电话|网址|https?:|邮箱|公众号|一网通办|办理窗口|申报系统|申报平台"),
    ),
    Fact(
        "办理流程",
        re.compile(r"(?:怎么|如何|咋|怎样)(?:去|来|样)?(?:申请|申报|备案|办理|办手续|报名|操作|登记|入库|提交|走(?:流程|手续|程序))|流程|步骤|(?:怎么|如何|咋)(?:个)?(?:领|拿)(?:法|这|钱|补)?"),
        re.compile(r"免申即享|免审即享|直达快享|流程|程序|步骤|指南|(?:申报|申请)[^，。]{0,8}(?:受理|审核)|受理审核|审核、批复|向[^，。]{2,16}(?:申请|申报|提出)|可按照规定申请|按规定申请"),
    ),
    Fact(
        "比例或利率",
        re.compile(r"百分之(?:几|多少)|利率|费率|几个点|几成|(?:比例|幅度|增幅)(?:是|有|要|为|得|到)?(?:多少|多大|几|百分)|多少(?:比例|百分|个点)|百分比"),
        re.compile(r"[\d.]+\s*[%％]|百分之|[一二三四五六七八九]成(?![果立功为长])|全额|近三成"),
        beside_subject=True,
    ),
    Fact(
        "具体金额",
        re.compile(r"多少(?:钱|万|元|资金|经费|额度)|(?:几|多少)(?:个)?(?:百|千)?(?:万|亿|元)|(?:从|由)多少|金额|额度|(?:补|奖|给|拿|报|贴|领|发|得|返)(?:助|贴|励|到|得)?(?:我们?|你们?|咱们?|企业|多)?(?:多少|几)(?!家|项|个项目|人)|封顶|顶格|上限|最高(?:能|可|给|补|奖|支持|多少)|最多(?:能|可|给|补|奖|拿|多少)?|给多少|补多少|奖多少"),
        re.compile(rf"(?:{_N}|\d)[\d,.]*\s*(?:余|多)?\s*(?:万|亿|千|百)*\s*元|[\d.]+\s*[%％]|百分之"),
        beside_subject=True,
    ),
    Fact(
        "门槛或认定标准的数值",
        re.compile(r"(?:门槛|标准|起点|红线|及格线)(?:到底)?(?:是|为|得|要)?.{0,8}(?:多少|(?<![列说讲举])几)|(?:多少|几)(?:万|亿)?(?:才)?(?:算|才能|够)|到底(?:是|要).{0,6}多少"),
        re.compile(r"(?:不低于|不少于|达到|超过|高于|满|至少)\s*[\d.]+|\d[\d.]*\s*(?:万|亿|千)?(?:元|家|人|个|项|%)?(?:（含）)?以上"),
        beside_subject=True,
    ),
    Fact(
        "税率或是否含税",
        re.compile(r"税率|(?:含不?|不含)税|税[前后](?:的|还是)|(?:要不要|用不用|需不需要|还要|得|要)(?:交|缴|扣)(?:什么|多少|哪些|几个点)?(?:的)?(?:个人所得|企业所得|增值|所得)?税(?!.{0,8}[减免少])"),
        re.compile(r"税率|含税|税[前后]"),
    ),
    Fact(
        "复审或资格年限",
        re.compile(r"几年一?(?:次|评|审|复)|复审|(?:资格|资质|认定|称号)(?:能|可以)?(?:管|有效|保留)?(?:几年|多久|多长)"),
        re.compile(r"复审|复核|复评|每[一二三两\d]年|年内?有效|有效期|动态(?:调整|管理)"),
    ),
    Fact(
        "能否同时享受其他支持",
        re.compile(r"叠加|重复(?:享受|申报|申请|领)|同时(?:享受|享|拿|领)|又(?:能)?(?:拿|领|享受?).{1,12}又(?:拿|领|享受?)|两头(?:拿|领)"),
        re.compile(r"叠加|重复|就高|择优|同时享受|不再享受|不[得能可]同时|配套支持"),
    ),
    Fact(
        "现场核查的要求",
        re.compile(r"(?:现场|上门|实地)(?:考察|核查|检查|评审|验收|看)|(?:会不会|会)(?:来|上门)(?:查|考察|检查)"),
        re.compile(r"现场|实地|上门"),
    ),
    Fact(
        "评审方式",
        re.compile(r"答辩|(?:谁|怎么|如何)评审"),
        re.compile(r"答辩|专家|第三方|(?:由|经|组织|开展|委托)[^，。]{0,12}(?:评审|评定)"),
    ),
    Fact("投诉举报渠道", re.compile(r"投诉|举报|被骗|告(?:他|谁|到哪)"), re.compile(r"投诉|举报")),
    Fact(
        "收到支持之后的处置要求",
        re.compile(r"(?:能不能|可不可以|可以|能|不能)(?:再)?(?:卖(?:掉|了|不|吗|$)|转手|转租|转卖|倒卖|搬走|迁走)|(?:搬走|迁走|注销)(?:了|后)?.{0,8}(?:退|还|收回)"),
        re.compile(r"处置|转租|不得(?:转让|出售|迁)|退回|追回|收回"),
    ),
    Fact(
        "租金或收费的数额",
        re.compile(r"(?:租金|房租|学费|考试费|报名费|培训费|服务费|收费)[^，。？?补贴奖助免减]{0,6}(?:多少|几(?:块|元|百|千)|怎么收|贵不贵)|一个月(?:要|得|是)?多少|每(?:平米?|平方米?|个?月)[^，。？?补贴奖助发给领拿]{0,6}(?:多少|几)"),
        re.compile(r"元[/每]|每(?:平方米|月)[^，。]{0,8}元|(?:租金|费用?)[^，。]{0,10}(?:\d+\s*元|[%％])|免费"),
    ),
    Fact(
        "名额或家数的限制",
        re.compile(r"(?<!不)(?<!不用)(?<!不必)排队|名额|(?:一次|一年|每年|每批)(?:能|可以|最多)?(?:补|支持|评|认定|选|奖)?(?:多少|几)(?:家|个企业|名|项)"),
        re.compile(r"名额|(?:每年|每批|不超过)[^，。]{0,8}\d+\s*(?:家|个|名|项)"),
    ),
    Fact(
        "时间年限的要求",
        re.compile(r"(?:满|要|需要?|达到)(?:多少|几)个?(?:月|年|天)(?!.{0,4}(?:到账|批|下来))|(?:成立|注册|经营|租)(?:满|要|了)?(?:几|多少)个?[年月]"),
        re.compile(r"(?<![\d月])(?:\d{1,3}|[一二两三四五六七八九十]{1,3})\s*(?:个月|年|日|天|个?工作日)"),
        beside_subject=True,
    ),
)  # fmt: skip

_CONFIRMS = re.compile(r"(?:对吧|是吧|对吗|是吗|对不对|是不是|没错吧|不是.{2,40}[吗么])")
"""Asks to confirm something: what the clause says is the answer, also when it says otherwise."""
NEAR_SHARE = 0.5
"""A figure counts where its clause is at least this likely, relative to the first: others speak of something else."""
ENTITLEMENTS = frozenset({"具体金额", "比例或利率", "门槛或认定标准的数值"})
_COUNTED = re.compile(
    r"(?:要|需要?|得有|至少|满|够|达到)(?:多少|几)(?:个|件|项|名|家|人|次)?(?:全职|专职|在编|在职|本科|有效)?的?(专利|发明|软著|员工|社保|人员|研发人员|项目|合同|奖项)|(营收|收入|利润|注册资本|人数|面积|成立年限|员工数)(?:要求|门槛|标准|得|要|需要?|需)?(?:是|有|到|达到)?(?:多少|几)(?!亿$)"
)
"""Numbers that a condition would set: how many patents, how much revenue."""
_YEAR = re.compile(
    r"(?<!\d)(20\d\d)\s*年?(?![\d.\s]*[万元家项亿多])(?!\s*[〕\]）)】]?\s*\d+\s*号)"
    r"(?!\s*年?\s*(?:\d{1,2}月)?份?(?:才|就|刚)?(?:成立|注册|开办|创办|设立|签|买|投产|升规|入库|搬|开业|毕业))"
)
"""Not the year of what the asker did: 2023年成立的公司."""

_NUMBERED = re.compile(r"第0*(\d{2,})号")
"""The number of a proposal, a list or a notice: 第0412号."""
_OWN_CONTACT = re.compile(
    r"(?:电话|手机|号码|微信|邮箱|联系方式)号?(?:是|为|[:：])?\s*(?:[\w@.+-]{5,}|[\[［(（][^\]］)）]{1,16}[\]］)）])"
    r"|[\[［][^\]］]{1,8}[\]］]",
    re.ASCII,
)
"""我电话13800000000 leaves a number; it asks for none. Nor does what stands for one that was masked: [手机号]."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that was asked and that the evidence does not say."""

    what: str
    partial: bool = False
    """Another kind of fact was asked too, and that one is held: the answer can be given without this one."""
    figure: bool = False
    """A number; a sum that was made from the evidence may be it."""


def gaps(question: str, query: Query, chosen: Sequence[Chosen], searcher: Searcher) -> list[Gap]:
    """Kinds of fact that the question wants and the chosen evidence does not hold."""
    text = _OWN_CONTACT.sub("", normalise(question))
    subject = subject_expressions(query, searcher)
    missing: list[Gap] = []
    if query.documents.absent:
        missing.append(Gap(f"{query.documents.absent}的正文（本库未收录）"))
    if query.address and not any(c.scored.addressed for c in chosen):
        missing.append(Gap(f"第{query.address.number}条"))
    held = 0
    for fact in FACTS:
        if not fact.asked.search(text):
            continue
        # A reply letter tells what was spent in all; it entitles nobody to a sum.
        entitled = fact.name not in ENTITLEMENTS or Intent.STATISTICS in query.intents
        sources = _near(text, query, chosen) if fact.name in ENTITLEMENTS else chosen
        sources = [c for c in sources if entitled or c.clause.status != Status.REPLY]
        if any(_holds(fact, c.clause, subject) for c in sources):
            held += 1
        else:
            entitles = fact.name in ENTITLEMENTS
            missing.append(Gap(fact.name, partial=not entitles, figure=entitles))
    for m in _COUNTED.finditer(text):
        noun = next(g for g in m.groups() if g)
        if not any(_counts(noun, c.clause) for c in chosen):
            missing.append(Gap(f"{noun}的数量要求"))
    trades = [t for t in load_terms().industries if t in text]
    if trades and not any(t in normalise(c.clause.text) for c in chosen for t in trades):
        missing.append(Gap(f"针对{trades[0]}行业的内容"))
    if subject and not any(_named_in(searcher, query, e) for e in subject):
        # 深圳…收购…补贴: only another place's documents speak of it.
        missing.append(Gap(f"“{_said(query, subject[0])}”"))
    names = "".join(f"{c.clause.document_title}{searcher.document(c.clause.document_id).number}" for c in chosen)
    missing += [
        Gap(f"第{n}号的内容")
        for n in _NUMBERED.findall(text)
        if not any(n in c.clause.text for c in chosen) and n not in names
    ]
    years = {m.group(1) for m in _YEAR.finditer(text)}
    # What was earned in a year is said of that year; when a document was issued says nothing of it.
    dated = "" if Intent.STATISTICS in query.intents else "".join(_dates(c.clause, searcher) for c in chosen)
    shown = dated + "".join(f"{c.clause.text}{c.clause.title}" for c in chosen)
    if (
        years
        and Intent.VALIDITY not in query.intents
        and not _CONFIRMS.search(text)
        and not any(y in shown for y in years)
        and not any(is_card(c.clause) for c in chosen)
    ):
        missing.append(Gap(f"{'、'.join(sorted(years))}年的情况"))
    if not missing:
        missing = _types_missing(text, query, chosen)
        held += len(wanted_types(text)) - len(missing)
    # 奖励多少，几号前申报: each part between commas asks for itself, and the first is answered.
    several = held and len(re.findall(r"[，,。？?；;]|以及|还有|和", text)) >= 1
    return missing if several else [replace(g, partial=False) for g in missing]


def _types_missing(text: str, query: Query, chosen: Sequence[Chosen]) -> list[Gap]:
    """Types of answer that no sentence to be shown holds; a card and a clause asked for by number say what they say."""
    if query.intents & {Intent.FACTS, Intent.VALIDITY} or any(c.scored.addressed or is_card(c.clause) for c in chosen):
        return []
    near = _near(text, query, chosen)
    shown = [normalise(c.clause.text[s.start : s.end]) for c in near for s in c.spans]
    lacking = [t for t in wanted_types(text) if not any(t.shown.search(sentence) for sentence in shown)]
    return [Gap(t.name, partial=True, figure=True) for t in lacking]


def _near(text: str, query: Query, chosen: Sequence[Chosen]) -> Sequence[Chosen]:
    """Evidence that a figure may come from; all of it where several things are asked."""
    if asks_several(text) or len(query.regions) > 1 or len(query.documents.certain) > 1:
        return chosen
    return [c for c in chosen if c.likelihood >= NEAR_SHARE * chosen[0].likelihood]


def _dates(clause: Clause, searcher: Searcher) -> str:
    """Years by which people name a document: of its number, its signing, its publication."""
    document = searcher.document(clause.document_id)
    return f" {document.number} {document.signed} {document.published} {document.effective} {document.expires}"


def _named_in(searcher: Searcher, query: Query, expressions: tuple[str, ...]) -> bool:
    """Whether a clause that may be shown names the subject, or no clause anywhere does (then it decides nothing)."""
    return searcher.named(query, expressions) is not False


def _said(query: Query, expressions: tuple[str, ...]) -> str:
    return max((e for e in expressions if e in query.text), key=len, default=expressions[0])


def _counts(noun: str, clause: Clause) -> bool:
    sentences = (clause.text[s.start : s.end] for s in sentence_spans(clause.text))
    return any(noun in s and re.search(r"\d|[一二三四五六七八九十]+[名个项件家]", s) for s in map(normalise, sentences))


def _holds(fact: Fact, clause: Clause, subject: list[tuple[str, ...]]) -> bool:
    if not fact.beside_subject or not subject:
        return bool(fact.shown.search(normalise(clause.text)))
    spans = sentence_spans(clause.text)
    heads = normalise(clause.title)
    for i, span in enumerate(spans):
        sentence = normalise(clause.text[span.start : span.end])
        if not fact.shown.search(sentence):
            continue
        around = heads + " " + sentence + _before(clause, spans, i)
        if clause.status == Status.REPLY:  # a letter tells of one thing, over several sentences
            around += normalise(clause.text)
        if any(e in around for expressions in subject[:3] for e in expressions):
            return True
    return False


def _before(clause: Clause, spans: Sequence[Span], i: int) -> str:
    """The sentence before, when sentence i has no subject of its own."""
    sentence = clause.text[spans[i].start : spans[i].end]
    if i and re.match(
        r"(?:其|该|上述|前述|此类|对其|对该|对符合条件的[，、]|符合条件的[，、]|第[二三]年|截至|20\d\d)", sentence
    ):
        return normalise(clause.text[spans[i - 1].start : spans[i - 1].end])
    return ""
