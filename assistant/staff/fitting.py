"""Whether a condition of a clause is met, as far as the caller's file tells. What it does not tell is asked, never
guessed: 不符合 needs a plain contradiction, 符合 a plain statement.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from assistant.arithmetic import say
from assistant.staff.caller import AMOUNTS, Caller
from assistant.staff.conditions import Condition
from index.regions import DISTRICTS, PILOT_AREAS
from index.search import Searcher
from index.words import load_terms, normalise

Verdict = Literal["met", "unmet", "ask"]
VERDICTS: dict[Verdict, str] = {"met": "符合", "unmet": "不符合", "ask": "需询问"}
KIND_SHARE = 0.75
"""Weight of the words of “who” that the file must name. 0.6 took 科技企业 for 科技服务业企业."""
EVENT_SHARE = 0.6
_COMMON = frozenset(
    [
        "企业",
        "机构",
        "公司",
        "单位",
        "项目",
        "法人",
        "独立",
        "本市",
        "我市",
        "市级",
        "国内",
        "国内外",
        "科技",
        "服务",
        "支持",
        "建设",
        "开展",
        "进行",
        "具有",
        "各类",
        "相关",
        "等方式",
        "方式",
        "通过",
        "实现",
        "成为",
        "对其",
        "重点",
        "领域",
        "本",
        "新增",
        "加快",
        "发生",
        "首次",
        "第一次",
        "当年度",
        "年度",
        "规定",
        "申请",
        "按规定",
        "技术",
        "条件",
        "符合",
        "经",
        "纳入",
        "列入",
        "入选",
        "实现",
        "取得",
        "获得",
        "达到",
        "保持",
        "属于",
        "对于",
        "包括",
        "承担",
        "形成",
        "从事",
        "成功",
        "设立",
        "成立",
        "引进",
    ]
)
"""Words that tell one enterprise from another in no clause."""
_DENIED = r"(?:没有?|不是|未|无|还没|尚未|从未|不(?!少|止))[^，。；、]{0,5}"
_NOT_FIRST = re.compile(r"不是(?:首次|第一次|头一次)|第[二三四五]次|以前.{0,6}过|曾经|之前.{0,6}过|早就|再次")
_REVERSED = re.compile(r"未|不(?!少于|低于|断)|非|无|除|以外|以下|以内|低于|少于")
"""Conditions that want something not to be, or to be small: wording alone would judge them as their opposite."""
_FALLS = re.compile(r"下降|下滑|减少|亏损")
_FIRST_SAID = re.compile(r"首次|第一次|头一次|初次|刚刚?|新近|首度")


@dataclass(frozen=True, slots=True)
class Check:
    """One condition with its verdict."""

    condition: Condition
    key: str
    """Names the condition among all clauses; an answer of the caller is kept under it."""
    verdict: Verdict
    reason: str
    """Why, one line; "" for what is asked."""
    question: str = ""
    """What to ask the caller, or whom to ask; "" when it is decided."""


def check(condition: Condition, caller: Caller, searcher: Searcher, clause_id: str) -> Check:
    """Decide one condition; an answer that the caller gave to its question wins."""
    key = f"{clause_id}@{condition.start}"
    if reply := caller.replies.get(key):
        told: Verdict = "met" if reply == "yes" else "unmet"
        return Check(condition, key, told, f"来电人答“{'是' if reply == 'yes' else '不是'}”")
    verdict, reason = _decided(condition, caller, searcher)
    return Check(condition, key, verdict, reason, "" if verdict != "ask" else question_of(condition))


def question_of(condition: Condition) -> str:
    """What to ask about a condition."""
    text = condition.text
    match condition.kind:
        case "place":
            return f"请问是“{text}”的情况吗？企业或项目在哪里？"
        case "first" | "kind":
            return f"请问是不是“{text}”？"
        case "years" | "growth" | "amount":
            return f"请问达到“{text}”了吗？具体是多少？"
        case "recognised":
            return f"请问属于“{text}”的情况吗？"
        case "qualified" | "open":
            return f"文件没有写明“{text}”具体指什么，请向责任部门核实。"
    return f"请问有没有“{text}”？"


def _decided(condition: Condition, caller: Caller, searcher: Searcher) -> tuple[Verdict, str]:
    need = condition.quantity
    falls = condition.kind in ("years", "growth") and _FALLS.search(condition.text)
    if falls or _REVERSED.search(condition.text) or (need and (need.upper is not None or need.bound == "at_most")):
        return "ask", ""
    match condition.kind:
        case "place":
            return _place(condition, caller)
        case "years":
            need, have = condition.quantity, caller.in_a_row
            if need is None or have is None:
                return "ask", ""
            return _compared(have * 12 >= need.value, f"来电人说连续{have}年")
        case "growth":
            return _growth(condition, caller)
        case "amount":
            return _amount(condition, caller)
        case "first":
            return _first(condition, caller, searcher)
        case "qualified" | "open":
            return "ask", ""
    return _said(condition, caller, searcher)


def _compared(met: bool, reason: str) -> tuple[Verdict, str]:
    return ("met" if met else "unmet"), reason


def _place(condition: Condition, caller: Caller) -> tuple[Verdict, str]:
    named = [a for a in (*PILOT_AREAS, *(d for ds in DISTRICTS.values() for d in ds)) if a in condition.text]
    city = caller.region.removesuffix("市")
    if not named:  # 落户深圳
        return ("met", f"企业在{caller.region}") if city and city in condition.text else ("ask", "")
    said = caller.area + caller.story
    if hit := next((a for a in named if a in said), ""):
        return "met", f"来电人说在{hit}"
    others = [a for a in PILOT_AREAS if a in caller.area]
    # 张江 lies in 浦东: who names the district alone may be in the area.
    return ("unmet", f"来电人说在{caller.area}") if others and "浦东" not in (*others, *named) else ("ask", "")


def _growth(condition: Condition, caller: Caller) -> tuple[Verdict, str]:
    if caller.grown is None:
        return "ask", ""
    need = condition.quantity.value if condition.quantity and condition.quantity.kind == "percent" else None
    if need is None and "当年" not in condition.text and re.search(r"次年|连续|[三四五]年", condition.text):
        return "ask", ""  # of which year the caller's figure is, it does not say
    met = caller.grown >= need if need is not None else caller.grown > 0
    return _compared(met, f"来电人说增长{caller.grown:g}%")


def _amount(condition: Condition, caller: Caller) -> tuple[Verdict, str]:
    need = condition.quantity
    if need is None or need.kind != "money":
        return "ask", ""
    names = sorted(caller.stated.items(), key=lambda item: -(len(item[0]) if item[0] in condition.text else 0))
    for what, yuan in names:
        if what in condition.text or re.search(AMOUNTS.get(what, what), condition.text):
            from decimal import Decimal

            over = re.search(r"超过|高于|大于|突破", condition.text)
            return _compared(
                yuan > need.value if over else yuan >= need.value, f"来电人说{what}{say(Decimal(str(yuan)))}"
            )
    return "ask", ""


def _first(condition: Condition, caller: Caller, searcher: Searcher) -> tuple[Verdict, str]:
    share, named = share_said(condition.text, caller.words, searcher)
    if share < EVENT_SHARE or not named:
        return "ask", ""
    if _NOT_FIRST.search(caller.story):
        return "unmet", "来电人说不是第一次"
    if caller.doubted(named):
        return "ask", ""
    return ("met", f"来电人说是第一次，“{named}”") if _FIRST_SAID.search(caller.story) else ("ask", "")


def _said(condition: Condition, caller: Caller, searcher: Searcher) -> tuple[Verdict, str]:
    kind = condition.kind == "kind"
    if kind and (same := next((k for k in caller.kinds if normalise(k) == normalise(condition.text)), "")):
        return "met", f"来电人是{same}"
    if kind and caller.words and not content(condition.text, searcher):
        return "met", "来电人是企业"
    # 中试、试制、试运行: one of those listed is enough.
    parts = [condition.text, *re.split(r"[、或]|以及", condition.text)]
    share, named = max((share_said(p, caller.words, searcher) for p in parts if len(p) > 1), default=(0.0, ""))
    if not named or share < (KIND_SHARE if kind else EVENT_SHARE):
        return "ask", ""
    if denied := re.search(_DENIED + re.escape(named), normalise(caller.words)):
        return "unmet", f"来电人说“{denied.group()}”"
    return ("ask", "") if caller.doubted(named) else ("met", f"来电人说“{named}”")


@lru_cache(maxsize=1)
def _expressions() -> tuple[dict[str, int], dict[int, tuple[str, ...]]]:
    """(listed expression of a subject → its group, group → its expressions), the longest first."""
    terms = load_terms()
    groups = {n: tuple(map(normalise, g)) for n, g in enumerate(terms.groups) if n >= terms.asking}
    pairs = [(m, n) for n, members in groups.items() for m in members if len(m) >= 2]
    return dict(sorted(pairs, key=lambda pair: -len(pair[0]))), groups


def content(text: str, searcher: Searcher) -> dict[str, float]:
    """Telling words of a text with their weights (inverse document frequency); a listed expression is one word."""
    left, found = normalise(text), {}
    for member, group in _expressions()[0].items():
        if member in left:
            found[member] = searcher.lexical.concept_weight(group) or searcher.lexical.unknown_idf
            left = left.replace(member, " ")
    words = {t for t in searcher.tokenizer.tokens(left) if not t.startswith("~") and len(t) >= 2}
    return {w: v for w, v in (found | {w: searcher.lexical.weight(w) for w in words}).items() if w not in _COMMON}


def share_said(text: str, said: str, searcher: Searcher) -> tuple[float, str]:
    """(share of the weight of a text's telling words that was said, in any listed way, 0..1; the longest as it was said)."""
    words, flat = content(text, searcher), normalise(said)
    if not words or not flat:
        return 0.0, ""
    group_of, groups = _expressions()
    named: dict[str, str] = {}
    for word in words:
        others = groups[group_of[word]] if word in group_of else ()
        if hit := max((m for m in (word, *others) if len(m) >= 2 and m in flat), key=len, default=""):
            named[word] = hit
    total = sum(words.values())
    share = sum(w for t, w in words.items() if t in named) / total if total else 0.0
    return share, max(named.values(), key=len, default="")
