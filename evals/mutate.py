"""Sentences made wrong in one way each, and sentences reworded without harm, from the clauses' own words.

Training pairs for the guard and test pairs for any judge. Every function is deterministic for a given generator;
a kind that does not apply to a sentence gives nothing, and a mutation equal to the sentence is never given.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.quantities import Quantity, find_quantities

KINDS = (
    "figure", "unit", "cap", "condition", "modality", "negation", "department", "region", "year", "status", "added",
    "entity", "scope", "relation",
)  # fmt: skip
"""Ways to be wrong, in the order in which `mutate` tries them."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """A sentence that its clause does not support, or (kind `reworded`, `shortened`) still does."""

    kind: str
    text: str
    note: str


_DEPARTMENTS = (
    "市统计局", "市民政局", "市公安局", "市商务委", "市国资委", "市教委", "市文化旅游局", "市生态环境局", "市交通委",
    "市司法局",
)  # fmt: skip
_PLACES = (
    "临港新片区", "张江", "浦东", "徐汇", "前海", "河套", "南山", "龙华", "杨浦", "静安", "嘉定", "松江",
    "苏州", "杭州",
)  # fmt: skip
_ADDITIONS = (
    "，申请须在每年6月底前提交", "，并另外提供一年免费办公场地", "，需提交审计报告", "，按季度拨付",
    "，并在十个工作日内办结", "，同时减免三年房租",
    "，由第三方机构组织专家评审", "，申请人须缴纳保证金", "，优先安排子女入学名额", "，获奖企业须五年内不得迁出",
    "，材料可通过手机小程序提交", "，每家企业每年限申报两次",
)  # fmt: skip
_STATUS = ("现行有效的政策规定，", "已经正式施行的文件明确，", "该政策目前已经生效：", "企业可以直接依据答复函申请：")
_STRONG = ("必须", "应当", "强制", "有义务")
_SWAPS = {
    "科技服务业企业": "高等院校", "企业研发机构": "行业协会", "链主型企业": "小微企业", "高新技术企业": "个体工商户",
    "创新型企业总部": "物流企业",
    "专业技术人才": "应届毕业生", "商业银行": "信托公司", "保险机构": "证券公司", "金融机构": "典当行",
    "科技智库": "律师事务所", "高校院所": "民营医院",
    "孵化器": "养老院", "科技期刊": "电视节目", "知识产权": "矿产资源", "检验检测": "餐饮住宿",
    "概念验证": "旅游观光", "中试": "物流",
}  # fmt: skip
_REWORDS = {
    "给予": "提供", "设立": "建立", "搭建": "建立", "联合": "会同", "通过": "借助", "方式": "办法", "开展": "进行",
    "提升": "提高", "加强": "强化", "推动": "促进",
    "符合条件的": "满足条件的", "不超过": "最多", "上年度": "上一年", "规模以上": "规上", "营业收入": "营收",
    "引进": "引入", "境内外": "国内外", "优先": "优先",
    "累计": "总共", "纳入": "列入", "仪器设备": "仪器和设备", "围绕": "聚焦", "运用": "利用", "次年": "第二年",
    "首年": "第一年",
}  # fmt: skip
_OPENINGS = ("", "", "文件提出，", "按照规定，", "政策明确，", "文件里说，")


def mutate(sentence: str, others: Sequence[str], rng: random.Random, kinds: Sequence[str] = KINDS) -> list[Mutation]:
    """At most one mutation of each kind.

    Args:
        sentence: a clause's own sentence (its bracket of departments may stand at the end).
        others: sentences of other clauses, from which foreign names and additions are taken.
        rng: source of choices.
        kinds: which to try.
    """
    found = []
    for kind in kinds:
        made = _MAKERS[kind](sentence, others, rng)
        if made and made != sentence:
            found.append(Mutation(kind, made, f"{kind} of: {sentence[:40]}"))
    return found


def harmless(sentence: str, rng: random.Random) -> list[Mutation]:
    """The sentence shortened, reworded, its figures written otherwise, and with an opening that names the source."""
    found = [Mutation("verbatim", sentence, "")]
    parts = re.split(r"(?<=[，；])", sentence.rstrip("。；"))
    if len(parts) > 2 and len("".join(parts[: len(parts) // 2 + 1])) >= 10:
        found.append(Mutation("shortened", "".join(parts[: len(parts) // 2 + 1]).rstrip("，；") + "。", ""))
    named = "".join(re.findall(r"[“《（][^”》）]*[”》）]", sentence))
    words = [w for w in _REWORDS if w in sentence and w not in named]
    if words:
        text = sentence
        for word in rng.sample(words, min(3, len(words))):
            text = text.replace(word, _REWORDS[word])
        found.append(Mutation("reworded", rng.choice(_OPENINGS) + text, ""))
    if noted := _other_notation(sentence):
        found.append(Mutation("numeral", noted, ""))
    return found


def _replace(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]


def _pick(text: str, rng: random.Random, *kinds: str) -> Quantity | None:
    found = [q for q in find_quantities(text) if q.kind in kinds and not q.open_date]
    return rng.choice(found) if found else None


def _figure(text: str, others: Sequence[str], rng: random.Random) -> str:
    q = _pick(text, rng, "money", "percent", "count")
    if q is None or not (m := re.search(r"\d+(?:\.\d+)?", text[q.start : q.end])):
        return ""
    value = float(m.group())
    new = rng.choice([value * 1.5, value * 2, value + 1, value / 2, value + 3 if value < 10 else value * 1.2])
    shown = f"{new:.2f}".rstrip("0").rstrip(".") if "." in m.group() or new != int(new) else str(int(new))
    return _replace(text, q.start + m.start(), q.start + m.end(), shown)


def _unit(text: str, others: Sequence[str], rng: random.Random) -> str:
    for old, new in rng.sample(
        [
            ("万元", "元"),
            ("万元", "亿元"),
            ("亿元", "万元"),
            ("人次", "万人次"),
            ("日内", "个工作日内"),
            ("个月", "年"),
        ],
        6,
    ):
        if re.search(rf"\d\s*余?{old}", text):
            return re.sub(rf"(\d\s*余?){old}", rf"\g<1>{new}", text, count=1)
    return ""


def _cap(text: str, others: Sequence[str], rng: random.Random) -> str:
    caps = re.findall(r"最高不超过|不超过|最高|以上|以内|不低于|不少于", text)
    if not caps or not any(
        q.bound in ("at_most", "at_least") and q.kind in ("money", "percent") for q in find_quantities(text)
    ):
        return ""
    said = rng.choice(caps)
    new = {"以上": "以下", "以内": "以上", "不低于": "不超过", "不少于": "最多"}.get(said) or rng.choice(
        ["不低于", "", "至少"]
    )
    if not new and text.count("最高") + text.count("不超过") > 1:
        new = "至少"
    made = text.replace(said, new, 1)
    return (
        made
        if {(q.bound, q.value) for q in find_quantities(made)} != {(q.bound, q.value) for q in find_quantities(text)}
        else ""
    )


def _condition(text: str, others: Sequence[str], rng: random.Random) -> str:
    for old, new in rng.sample(
        [
            ("符合条件的", "无论是否符合条件的"), ("首次", "不论是否首次"), ("经认定的", "无需认定的"),
            ("经评定", "无需评定"), ("经事前备案立项后", "不用备案立项，"),
            ("符合条件的", "不限条件的"), ("按规定", "无条件"), ("按有关规定", "不受任何限制"),
        ],
        8,
    ):  # fmt: skip
        if old in text:
            return text.replace(old, new, 1)
    return ""


def _modality(text: str, others: Sequence[str], rng: random.Random) -> str:
    if m := re.search(r"(?:^|(?<=[，。；]))(鼓励|支持|引导|探索|试点)(?=[\u4e00-\u9fa5])", text):
        rest = text[m.end() :]
        strong = rng.choice(_STRONG)
        if m.group(1) in ("鼓励", "支持", "引导"):  # 鼓励企业建设 → 企业必须建设
            n = re.match(r"[^，。；]{0,14}?(?:企业|机构|高校|各区|院所|单位|银行)", rest)
            if n:
                return text[: m.start()] + n.group() + strong + rest[n.end() :]
        return text[: m.start()] + strong + rest
    if "应当" in text:
        return text.replace("应当", rng.choice(["可以自愿", "可以酌情"]), 1)
    return ""


def _negation(text: str, others: Sequence[str], rng: random.Random) -> str:
    if "不得" in text:
        return text.replace("不得", "可以", 1)
    for verb in rng.sample(
        ["给予", "纳入", "支持", "享受", "鼓励", "推动", "建立", "开展", "提供", "应当", "可以"], 11
    ):
        if m := re.search(rf"(?<![不未]){verb}(?!力度|范围|政策|体系)", text):
            new = {"应当": "不应当", "可以": "不可以"}.get(verb, f"不{verb}" if rng.random() < 0.7 else f"不得{verb}")
            return _replace(text, m.start(), m.end(), new)
    return ""


def _department(text: str, others: Sequence[str], rng: random.Random) -> str:
    names = re.findall(r"(?<=[：、（，由；])市[\u4e00-\u9fa5]{1,10}?(?:局|委|办)(?=[、）牵按；，])", text)
    new = [d for d in _DEPARTMENTS if d not in text]
    return text.replace(rng.choice(names), rng.choice(new), 1) if names and new else ""


def _region(text: str, others: Sequence[str], rng: random.Random) -> str:
    old = [p for p in (*_PLACES, "上海", "深圳") if p in text]
    if not old:
        return ""
    said = rng.choice(old)
    if said in ("上海", "深圳"):
        return text.replace(said, "深圳" if said == "上海" else "上海")
    return text.replace(said, rng.choice([p for p in _PLACES if p not in text and p not in said]))


def _year(text: str, others: Sequence[str], rng: random.Random) -> str:
    q = _pick(text, rng, "date", "duration", "ordinal")
    if q is None:
        return ""
    said = text[q.start : q.end]
    if m := re.search(r"20\d\d", said):
        return _replace(
            text, q.start + m.start(), q.start + m.end(), str(int(m.group()) + rng.choice([-2, -1, 1, 2, 3]))
        )
    for digit, other in zip("一二三四五六七八", "三五四二六七八九", strict=True):
        if digit in said:
            return _replace(text, q.start, q.end, said.replace(digit, other, 1))
    if m := re.search(r"\d+", said):
        return _replace(text, q.start + m.start(), q.start + m.end(), str(int(m.group()) + rng.choice([1, 2, 5])))
    return ""


def _status(text: str, others: Sequence[str], rng: random.Random) -> str:
    return rng.choice(_STATUS) + text


def _added(text: str, others: Sequence[str], rng: random.Random) -> str:
    body = text.rstrip("。；")
    foreign = [p for o in others for p in re.split(r"[，。；]", o) if 8 <= len(p) <= 26]
    if foreign and rng.random() < 0.5:
        return f"{body}，{rng.choice(foreign)}。"
    return f"{body}{rng.choice(_ADDITIONS)}。"


def _entity(text: str, others: Sequence[str], rng: random.Random) -> str:
    quoted = re.findall(r"[“《]([^”》]{2,20})[”》]", text)
    foreign = [q for o in others for q in re.findall(r"[“《]([^”》]{2,20})[”》]", o) if q not in text]
    if quoted and foreign and rng.random() < 0.6:
        return text.replace(rng.choice(quoted), rng.choice(foreign), 1)
    known = [w for w in _SWAPS if w in text]
    if not known:
        return ""
    said = rng.choice(known)
    return text.replace(said, _SWAPS[said], 1)


def _scope(text: str, others: Sequence[str], rng: random.Random) -> str:
    for old in ("符合条件的", "经认定的", "重点行业", "规模以上", "高成长"):
        if old in text:
            return text.replace(old, rng.choice(["所有", "任何"]), 1)
    if m := re.search(r"(?:支持|鼓励|为|对)(?=[\u4e00-\u9fa5]{0,6}企业)", text):
        return _replace(text, m.end(), m.end(), rng.choice(["所有", "全部", "每一家"]))
    return ""


def _relation(text: str, others: Sequence[str], rng: random.Random) -> str:
    found = [q for q in find_quantities(text) if q.kind in ("money", "percent", "count") and q.upper is None]
    pairs = [(a, b) for i, a in enumerate(found) for b in found[i + 1 :] if a.key == b.key and a.value != b.value]
    if not pairs:
        return ""
    a, b = rng.choice(pairs)
    return text[: a.start] + text[b.start : b.end] + text[a.end : b.start] + text[a.start : a.end] + text[b.end :]


def _other_notation(text: str) -> str:
    """The first amount in another notation: 30 万元 → 300000元, 30% → 百分之30; "" when there is none."""
    for q in find_quantities(text):
        if q.kind == "money" and q.value < 1e9 and q.upper is None and q.bound != "approx":
            return _replace(text, q.start, q.end, f"{int(q.value)}元")
        if q.kind == "percent" and q.unit == "%" and q.upper is None:
            return _replace(text, q.start, q.end, f"百分之{q.value:g}")
    return ""


_MAKERS: dict[str, Callable[[str, Sequence[str], random.Random], str]] = {
    "figure": _figure, "unit": _unit, "cap": _cap, "condition": _condition, "modality": _modality,
    "negation": _negation,
    "department": _department, "region": _region, "year": _year, "status": _status, "added": _added, "entity": _entity,
    "scope": _scope, "relation": _relation,
}  # fmt: skip
