"""Figures of a sentence against figures of the clause: value, unit, cap or floor, and what they belong to."""

from __future__ import annotations

import re

from assistant.alignment import bigrams, normalise
from assistant.quantities import Quantity
from assistant.verdict import Case, Finding, Ground

_SAME_UP_TO = 1e-6
_ROUNDED_UP_TO = 0.05
"""约 and 超过 may stand for a figure this near: 超过五千四百亿元 for 5409.59亿元."""
_BOUND_NAMES = {"at_most": "上限", "at_least": "下限", "approx": "约数", "exact": "确数"}
_EACH = re.compile(r"(?:每一?个?|按|逐)(年|季度|季|月|周|天|日|次|人|亩|平方米)(?!度|轻|用|常|来|程|事)")
_EACH_EVIDENCE = {
    "年": r"每年|年度|逐年|按年|年均|全年|每一年", "季度": r"季", "季": r"季", "月": r"每个?月|按月|月度",
    "周": r"每周|按周", "天": r"每天|每日|按日",
    "日": r"每天|每日|按日|逐日", "次": r"每次|逐次|按次", "人": r"每人|人均|每名|按人", "亩": r"每亩|亩均",
    "平方米": r"每平方米",
}  # fmt: skip
_FIXED = re.compile(r"固定|确定|整(?=[，。（）]|$)|定额|足额")


def check_figures(case: Case) -> list[Finding]:
    """Every figure of the sentence must be in the clause, with its bound."""
    found = []
    for q in case.quantities:
        same = [(i, e) for i, e in case.ground.quantities if _comparable(q, e) and _same_value(q, e)]
        if not same:
            if not _derived(case, q):
                found.append(_missing(case, q))
            continue
        if q.open_date:
            continue
        verdicts = [_bound_fault(q, e) or _nearly(case, q, i, e) for i, e in same]
        if all(verdicts):
            i, e = same[0]
            said = case.ground.passages[i].raw[e.outer[0] : e.outer[1]]
            found.append(case.finding_raw("cap", *q.outer, f"{verdicts[0]}，原文是“{said.strip()}”", said))
    for m in _EACH.finditer(case.claim):
        spoken = {x.passage for start, end in case.segments for x in case.aligned(start, end)}
        said = "".join(case.ground.passages[i].text for i in spoken) or case.ground.text
        if not re.search(_EACH_EVIDENCE[m.group(1)], said):
            found.append(case.finding("figure", *m.span(), f"条款没有说“{m.group()}”"))
    if not found and any(e.bound == "at_most" for _, e in case.ground.quantities) and case.quantities:
        for m in _FIXED.finditer(case.claim):
            if m.group() not in case.ground.text:
                found.append(case.finding("cap", *m.span(), f"条款是上限，不是“{m.group()}”的数额"))
    return found


def _comparable(a: Quantity, b: Quantity) -> bool:
    if a.kind != b.kind:
        return False
    return a.unit == b.unit or (a.kind == "count" and "" in (a.unit, b.unit))


def _same_value(q: Quantity, e: Quantity) -> bool:
    """Whether the sentence's figure may stand for the clause's."""
    if q.kind == "date":
        return _same_date(q, e)
    if q.upper is not None or e.upper is not None:
        return _near(q.value, e.value, _SAME_UP_TO) and _near(q.upper or q.value, e.upper or e.value, _SAME_UP_TO)
    if _near(q.value, e.value, _SAME_UP_TO):
        return True
    if q.bound == "at_least" and e.bound in ("exact", "at_least", "approx"):
        return 0 < e.value - q.value <= _ROUNDED_UP_TO * e.value
    if q.bound == "approx" and e.bound in ("exact", "approx"):
        return _near(q.value, e.value, _ROUNDED_UP_TO)
    return False


def _same_date(q: Quantity, e: Quantity) -> bool:
    if q.open_date:
        return e.open_date
    if e.open_date:  # 2024年XX月XX日 holds 2024年 and nothing finer
        return e.value == q.value > 0
    if (q.upper is None) != (e.upper is None) or (q.upper is not None and q.upper != e.upper):
        return False
    a, b = int(q.value), int(e.value)
    if a < 10000 or b < 10000:  # a month without its year
        return a % 10000 == b % 10000 or (a % 100 == 0 and a % 10000 // 100 == b % 10000 // 100)
    if a % 10000 == 0:
        return a // 10000 == b // 10000
    if a % 100 == 0:
        return a // 100 == b // 100
    return a == b


def _near(a: float, b: float, share: float) -> bool:
    return abs(a - b) <= share * max(abs(a), abs(b), 1e-9)


def _bound_fault(q: Quantity, e: Quantity) -> str:
    """What is wrong with the bound; "" when it may stand."""
    if q.kind in ("date", "ordinal", "article") or q.bound == e.bound:
        return ""
    if q.kind == "duration":
        return "上下限相反" if {q.bound, e.bound} == {"at_most", "at_least"} else ""
    if e.bound == "at_most":
        return "上限说成了下限" if q.bound == "at_least" else "上限说成了确定的数额"
    if e.bound == "at_least":
        return "下限说成了上限" if q.bound == "at_most" else ""
    if e.bound == "approx":
        return "约数说成了上限" if q.bound == "at_most" else ""
    if q.bound == "at_most":
        return "加了原文没有的上限"
    return (
        "加了原文没有的下限" if q.bound == "at_least" and q.value == e.value and q.kind in ("money", "percent") else ""
    )


_BELOW = ("近", "接近", "将近")


def _nearly(case: Case, q: Quantity, passage: int, e: Quantity) -> str:
    """近三成 lies below, 超三成 above: they are not the same 约."""
    mine = case.sentence[q.outer[0] : q.start].strip() in _BELOW
    theirs = case.ground.passages[passage].raw[e.outer[0] : e.start].strip() in _BELOW
    if (mine and e.bound == "at_least") or (theirs and q.bound == "at_least" and q.value >= e.value):
        return "“近”与“超过”相反"
    return ""


def _missing(case: Case, q: Quantity) -> Finding:
    words = case.sentence[q.start : q.end]
    kin = [(i, e) for i, e in case.ground.quantities if e.kind == q.kind]
    if q.kind == "money" and (unit := next((x for x in kin if _scaled(q.value, x[1].value)), None)):
        said = case.ground.passages[unit[0]].raw[unit[1].start : unit[1].end].strip()
        return case.finding_raw("unit", q.start, q.end, f"单位不对：句中“{words}”，原文“{said}”", said)
    if kin:
        i, e = min(kin, key=lambda x: abs(x[1].value - q.value))
        said = case.ground.passages[i].raw[e.start : e.end].strip()
        check = "date" if q.kind in ("date", "duration", "ordinal") else "figure"
        return case.finding_raw(check, q.start, q.end, f"“{words}”与原文不符，原文有“{said}”", said)
    return case.finding_raw("added", q.start, q.end, f"条款里没有“{words}”")


def _scaled(a: float, b: float) -> bool:
    if not a or not b:
        return False
    ratio = max(a, b) / min(a, b)
    return any(_near(ratio, scale, 1e-9) for scale in (1e3, 1e4, 1e8, 1e7, 1e5))


def _derived(case: Case, q: Quantity) -> bool:
    """A small count of things that the clause lists without counting: 两家知识产权保护中心, 三项政策."""
    if (
        q.kind != "count"
        or q.bound != "exact"
        or q.upper is not None
        or not 2 <= q.value <= 12
        or q.unit not in ("个", "人")
    ):
        return False
    noun = normalise(case.sentence[q.end : q.end + 10]).text
    for length in range(min(8, len(noun)), 2, -1):
        if case.ground.text.count(noun[:length]) == q.value:
            return True
    lists = re.findall(r"[^，。（）]*、[^，。（）]*", case.ground.text)
    sizes = {piece.count("、") + 1 + len(re.findall(r"[和与及]", piece.rsplit("、", 1)[-1])) for piece in lists}
    return int(q.value) in sizes


def check_relation(case: Case) -> list[Finding]:
    """A figure that stands in the clause but belongs to another item, year or subject there."""
    found = []
    ground = case.ground
    if case.quoted is not None:
        return []
    figures = [q for q in case.quantities if q.kind in ("money", "percent", "count")]
    for q in case.quantities:
        if q not in figures and q.kind != "duration":
            continue
        places = [(i, e) for i, e in ground.quantities if _comparable(q, e) and _same_value(q, e)]
        if not places:
            continue
        if q.kind == "duration":
            fault = _wrong_item(case, q, places)
        else:
            fault = _wrong_year(case, q, places) or _wrong_passage(case, q, places) or _wrong_item(case, q, places)
        if fault:
            found.append(case.finding_raw("relation", q.start, q.end, fault))
    if not found:
        found = _mixed_sources(case, figures)
    return found


def _wrong_year(case: Case, q: Quantity, places: list[tuple[int, Quantity]]) -> str:
    """首年 30 万元, 第二年 20 万元: the ordinal that governs an amount must be the same."""
    mine = _governor([c for c in case.quantities if c.kind in ("ordinal",)], q)
    if mine is None:
        return ""
    theirs = [_governor([e for j, e in case.ground.quantities if j == i and e.kind == "ordinal"], e) for i, e in places]
    if theirs and all(t is not None and (t.value, t.unit) != (mine.value, mine.unit) for t in theirs):
        i, e = places[0]
        t = theirs[0]
        raw = case.ground.passages[i].raw
        if t is not None:
            said, there = case.sentence[q.start : q.end], raw[t.start : t.end]
            here = case.sentence[mine.start : mine.end]
            return f"“{said}”在原文属于“{there}”，不属于“{here}”"
    return ""


def _governor(ordinals: list[Quantity], q: Quantity) -> Quantity | None:
    before = [o for o in ordinals if o.end <= q.start]
    return before[-1] if before else None


def _unique_pairs(ground: Ground) -> list[set[str]]:
    """Pairs of each passage that no other passage has."""
    counts: dict[str, int] = {}
    for p in ground.passages:
        for pair in p.pairs:
            counts[pair] = counts.get(pair, 0) + 1
    return [{pair for pair in p.pairs if counts[pair] == 1 and not pair[0].isdigit()} for p in ground.passages]


def _context(case: Case, q: Quantity) -> tuple[str, str]:
    """(words between the figure before and the comma after, all words before that)."""
    before = [c.end for c in case.quantities if c.end <= q.start and c.kind in ("money", "percent", "count")]
    left = before[-1] if before else 0
    right = len(case.sentence)
    for c in case.quantities:
        if c.start >= q.end and c.kind in ("money", "percent", "count"):
            right = min(right, c.start)
    if m := re.search(r"[，。；,;]", case.sentence[q.end : right]):
        right = q.end + m.start()
    return normalise(case.sentence[left : q.start] + "，" + case.sentence[q.end : right]).text, normalise(
        case.sentence[:left]
    ).text


_CARRY = 0.5
"""What an earlier part of the sentence counts for the topic of a figure."""
_MARGIN = 3.0
"""Unique pairs by which another sentence of the clause must be nearer: 2 accidental pairs are common, 3 are not."""


def _wrong_passage(case: Case, q: Quantity, places: list[tuple[int, Quantity]]) -> str:
    unique = _unique_pairs(case.ground)
    if len(unique) < 2:
        return ""
    own, earlier = _context(case, q)
    here, past = bigrams(own), bigrams(earlier)
    score = [len(here & u) + _CARRY * len(past & u) for u in unique]
    mine = max(score[i] for i, _ in places)
    other = max(range(len(score)), key=score.__getitem__)
    if other in {i for i, _ in places}:
        return ""
    near = len(here & unique[other]) + (
        len(past & unique[other]) if not any(here & unique[i] for i, _ in places) else 0
    )
    if score[other] >= mine + _MARGIN / 2 and near >= _MARGIN:
        return f"“{case.sentence[q.start : q.end]}”在条款里说的是另一件事"
    return ""


def _wrong_item(case: Case, q: Quantity, places: list[tuple[int, Quantity]]) -> str:
    """Within one sentence: another figure of the kind stands with the words that the sentence puts beside this one."""
    own = bigrams(_near_words(case.sentence, q))
    if len(own) < 3:
        return ""
    best = 0
    for i, e in places:
        best = max(best, len(own & bigrams(_near_words(case.ground.passages[i].raw, e))))
    for i, e in case.ground.quantities:
        if not _comparable(q, e) or _same_value(q, e) or i not in {p for p, _ in places}:
            continue
        rival = len(own & bigrams(_near_words(case.ground.passages[i].raw, e)))
        if rival >= best + _MARGIN:
            said = case.ground.passages[i].raw[e.start : e.end].strip()
            return f"“{case.sentence[q.start : q.end]}”配错了对象，原文这里是“{said}”"
    return ""


def _near_words(text: str, q: Quantity) -> str:
    left = max((text.rfind(c, 0, q.start) for c in "，、；。,;"), default=-1) + 1
    rights = [i for c in "，、；。,;" if (i := text.find(c, q.end)) >= 0]
    return normalise(text[left : q.start] + "，" + text[q.end : min(rights, default=len(text))]).text


def _mixed_sources(case: Case, figures: list[Quantity]) -> list[Finding]:
    """Two figures in one breath that no single sentence of the clause holds together."""
    for a, b in zip(figures, figures[1:], strict=False):
        between = case.sentence[a.end : b.start]
        if re.search(r"[，。；,;]", between):
            continue
        first = {i for i, e in case.ground.quantities if _comparable(a, e) and _same_value(a, e)}
        second = {i for i, e in case.ground.quantities if _comparable(b, e) and _same_value(b, e)}
        if first and second and not first & second:
            return [case.finding_raw("relation", a.start, b.end, "两个数字在条款里说的不是同一件事")]
    return []
