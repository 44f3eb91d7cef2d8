"""Figures of a claim beside those of its evidence: missing, of other size, under another bound, of another thing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from evals.judge_amounts import Amount, amounts
from evals.judge_pairs import Pair
from evals.judge_reading import pairs_of

_CALENDAR = ("year", "month", "day", "nth", "span")
_LISTED_MOST = 9
"""A Chinese numeral up to this before a counter may merely count what the evidence lists (三种贷款)."""
_ADDS = re.compile("加起来|加在一起|一共|合计|总共|共计|总计|相差|多出|两项|几项")
_SHARES = re.compile("平均|每(?=[家个一块项])|倍|相当于")
_SAME_PLACE = 0.3
"""From this overlap on, another figure of the evidence stands where the claim's figure stands."""


def figures_of(pair: Pair) -> dict[str, float]:
    """Differences in figures; `pair.found` is told which figure stands behind each."""
    evidence = "\n".join(pair.sentences)
    mine, theirs, near = amounts(pair.claim), amounts(evidence), amounts(pair.grounds)
    names = ("missing", "missing_calendar", "month_gone", "unit", "turned", "dropped", "raised", "fixed", "far")
    out = dict.fromkeys((*names, "rival", "shift"), 0.0)

    def note(name: str, a: Amount, value: float) -> None:
        if value > out[name] and value > 0:
            pair.found[f"figure_{name}"] = pair.claim[a.start : a.end]
        out[name] = max(out[name], value)

    for a in (a for a in mine if a.kind != "article"):
        equal = [b for b in theirs if same_figure(a, b)]
        beside = {b: _overlap(a, pair.claim, b, evidence) for b in theirs if b.kind == a.kind or b in equal}
        if not equal:
            if (
                any(_rounded(a, b) for b in theirs)
                or _counts_a_list(a, beside)
                or _reckoned(a, mine, theirs, pair.claim)
            ):
                continue
            note("missing_calendar" if a.kind in _CALENDAR else "missing", a, 1.0)
            note("unit", a, float(any(a.digits == b.digits for b in theirs)))
            continue
        own = max(beside[b] for b in equal)
        relations = {_relation(a, b) for b in equal if beside[b] >= own - 0.1}
        relation = min(relations, key=("same", "raised", "dropped", "turned").index)
        if relation != "same":
            note(relation, a, 1.0)
        note("fixed", a, float(a.exact and not any(b.exact or not b.bound for b in equal)))
        note("far", a, float(not any(same_figure(a, b) for b in near)))
        note("rival", a, max((o for b, o in beside.items() if b not in equal), default=0.0) - own)
        if a.kind == "year" and "全年" in pair.claim and not any(m.kind == "month" for m in mine):
            note("month_gone", a, float(all(re.match(r"\d+(?:月|-)", evidence[b.end :]) for b in equal)))
        note("shift", a, _shift(a, pair.claim, equal, evidence))
    return {f"figure_{k}": v for k, v in out.items()}


def same_figure(a: Amount, b: Amount) -> bool:
    """Whether two figures are the same one, bounds aside."""
    kinds = {a.kind, b.kind}
    if a.kind == b.kind == "money" and (a.unit == "美元") != (b.unit == "美元"):
        return False
    same = a.kind == b.kind or ("number" in kinds and kinds <= {"number", "money", "count", "share"})
    return same and abs(a.value - b.value) <= 1e-6 * max(1.0, abs(a.value))


def _rounded(a: Amount, b: Amount) -> bool:
    """超过5400亿元 for 5409.59亿元, 三千三百多 for 3345: rounded, and said to be."""
    if a.kind != b.kind or a.kind in _CALENDAR or not b.value:
        return False
    off = (b.value - a.value) / b.value
    return 0 < off <= 0.05 if a.bound == "least" else abs(off) <= 0.05 and a.bound == "about"


def _reckoned(a: Amount, mine: Sequence[Amount], theirs: Sequence[Amount], claim: str) -> bool:
    """Whether a figure follows from the evidence's by adding, dividing or taking a share, and the claim says so.

    A figure that the claim itself supposes (合同5000万元) is known where a share of it is what the claim goes on to say.
    """
    alike = [b.value for b in dict.fromkeys(theirs) if b.kind == a.kind]
    if _ADDS.search(claim):
        sums = [sum(alike[i:j]) for i in range(len(alike)) for j in range(i + 2, len(alike) + 1)]
        if any(abs(a.value - s) <= 1e-6 * abs(s) for s in (*sums, *(abs(b - c) for b in alike for c in alike))):
            return True
    found: list[float] = []
    if _SHARES.search(claim):
        plain = [b for b in theirs if b.kind in ("money", "count", "number") and b.value]
        found += [b.value / c.value for b in plain for c in plain if b is not c]
        if a.kind == "money" and any(m.kind == "money" and m is not a for m in mine):
            ratios = [b.value / c.value for b in plain for c in plain if b.kind == c.kind == "money"]
            found += [m.value * r for m in mine if m.kind == "money" and m is not a for r in ratios]
    if a.kind == "money":
        shares = [b.value / 100 for b in theirs if b.kind == "share"]
        others = [m.value for m in mine if m.kind == "money" and m is not a]
        if any(_near(a.value, o * s) or _near(o, a.value * s) for o in others for s in shares):
            return True
        caps = [b.value for b in theirs if b.kind == "money" and b.bound == "most"]
        # more than the cap allows: what is supposed is not what is paid
        if any(o in caps for o in others) and any(a.value * s > c for s in shares for c in caps):
            return True
    return any(_near(a.value, value) for value in found if value)


def _near(a: float, b: float) -> bool:
    """Equal up to rounding: within 4 per cent, since a quotient is said roundly."""
    return abs(a - b) <= 0.04 * abs(b)


def _counts_a_list(a: Amount, beside: dict[Amount, float]) -> bool:
    small = a.kind == "count" and a.value <= _LISTED_MOST and not a.digits.isascii()
    rivals = [overlap for b, overlap in beside.items() if b.unit == a.unit]
    return small and max(rivals, default=0.0) < _SAME_PLACE


def _relation(a: Amount, b: Amount) -> str:
    """How the claim's bound stands to the evidence's."""
    if a.bound == b.bound or {a.bound, b.bound} in ({"", "about"}, {"about", "least"}):
        return "same"
    if not a.bound:
        return "dropped"
    return "turned" if b.bound else "raised"


def _beside(a: Amount, text: str, reach: int) -> str:
    """What stands directly before and after a figure within its statement."""
    left = re.split(r"[,。;\n]", text[max(0, a.start - reach) : a.start])[-1]
    return left + "|" + re.split(r"[,。;\n]", text[a.end : a.end + reach])[0]


def _overlap(a: Amount, claim: str, b: Amount, evidence: str) -> float:
    """Overlap of what stands directly beside two figures, 0..1."""
    mine = pairs_of(_beside(a, claim, 9))
    return len(mine & pairs_of(_beside(b, evidence, 14))) / max(1, len(mine))


def _shift(a: Amount, claim: str, equal: Sequence[Amount], evidence: str) -> float:
    """Share of the words beside a figure that the evidence has, yet not in that figure's sentence."""
    known = {p for p in pairs_of(_beside(a, claim, 30)) if p in evidence}
    least = 1.0
    for b in equal:
        start = max(evidence.rfind(c, 0, b.start) for c in "。;\n") + 1
        ends = [i for c in "。;\n" if (i := evidence.find(c, b.end)) >= 0]
        home = pairs_of(evidence[start : min(ends, default=len(evidence))])
        least = min(least, len(known - home) / len(known) if known else 0.0)
    return least
