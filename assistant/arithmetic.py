"""Sums that a question asks for, done by code from figures that stand in the shown clauses, never by a model.

Four kinds occur: a share of the asker's amount with its cap (which of the two binds), the years of a staged
award together, an average, and a ratio. Each becomes one sentence that shows the formula and cites the clause;
where a figure or its role is not certain nothing is calculated, and the clause speaks for itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal

from assistant.answer import Citation, Sentence
from assistant.evidence import Chosen
from assistant.quantities import Quantity, find_quantities
from index.clause import Status
from index.regions import DISTRICTS, mentioned_regions

_TOTAL = re.compile(
    r"一共|总共|共(?:能|可|给|拿|奖)|合计|加起来|累计|全(?:部)?拿满|都拿到|总计|[三3]年(?:能|可|下来|全|加|总)"
)
_AVERAGE = re.compile(r"平均|每家|一家(?:大概|大约)?(?:多少|几)")
_RATIO = re.compile(r"几成|比例|百分之几|百分之多少|成功率|占比|多大比重|签约率|率(?:是|有)?(?:多少|多高|几)")
_OWN_AMOUNT = re.compile(r"合同|订单|单子|签了|卖|交易|收购|并购|总?投入|总?投|花|费用|成本|价|标的|款|支出|金额")
"""Words beside which an asker states an amount of their own."""
_PREMISE = re.compile(
    r"(?:按|照|就|那)?.{0,6}%.{0,4}是$|(?:能|可|给|补|奖|拿|领|得|报|享)(?:受|到|助|贴|励|取|销)?(?:我们?|满|足)?$|[是拿]$"
)
"""An amount right after these is what somebody expects to get, not what they spent."""
_PART_OF_YEARS = re.compile(
    r"前[两二]|第[一二三四五\d]年|首年|头[一两]年|不含|除了|已经?(?:拿|领|发)|已(?:拿|领)|还能|家(?:企业|公司)|没有|没能|中断|断了|不连续|发了|发过|累计发"
)
"""Only some of the years, several companies, what was paid already, or years that did not follow: no plain sum."""
_COUNTS = re.compile(r"(?:多少|几)\s*(?:家|个|项|人|户|件|次|种)")
"""一共多少家 asks for a number of companies, not for money."""
_LOOSE = re.compile(r"(?<=[\d一二两三四五六七八九十])个(?=[亿万])")
"""一个亿 is 一亿."""
_GAP = re.compile(r"(?<=[万亿元])\s+")
"""3000万 三年: what follows the space is another figure."""
_STAGE = re.compile(r"首年|头一年|次年|第[一二三四五123]年")
_YEARLY = re.compile(r"每年(?:给予|奖励|补助|补贴|资助|支持)?")
_YEARS = re.compile(r"连续([二两三四五2345])年|([二两三四五2345])年内?每年")
_HAN = {"二": 2, "两": 2, "三": 3, "四": 4, "五": 5}
_LARGE = Decimal(10_000_000)
MOST_YUAN = 10**13
"""More than this nobody signs; such a figure was mistyped."""
CAUTION = "以上金额按条款列明的比例和上限计算，是否符合条件、实际给多少，以主管部门核定为准。"


def calculate(question: str, chosen: Sequence[Chosen], citations: Sequence[Citation]) -> Sentence | None:
    """The sum that a question asks for, or None when it asks for none or the figures do not allow it.

    Args:
        question: standalone.
        chosen: the evidence; only its chosen sentences and the ones they belong to are read.
        citations: its numbers, in the same order.
    """
    question = _LOOSE.sub("", question)
    question = _GAP.sub("，", question)
    try:
        return _calculated(question, chosen, citations)
    except ArithmeticError:  # a figure of sixty digits is no amount
        return None


def _calculated(question: str, chosen: Sequence[Chosen], citations: Sequence[Citation]) -> Sentence | None:
    asked = find_quantities(question)
    for c, citation in zip(chosen, citations, strict=True):
        for span in c.spans:
            line = c.clause.text[span.start : span.end]
            if _elsewhere(question, line):
                continue
            for sum_up in _KINDS:
                # A reply letter entitles nobody, and a clause that is not the best one may be about something else.
                if sum_up in (_share, _years) and (c.clause.status == Status.REPLY or c is not chosen[0]):
                    continue
                if found := sum_up(question, asked, line):
                    text, formula = found
                    entitles = sum_up in (_share, _years)
                    return Sentence(text, (citation.n,), "supported", formula, entitles)
    return None


def _elsewhere(question: str, line: str) -> bool:
    """The sentence holds in a pilot area, and the asker names another place and not this one."""
    area = re.search(r"在([^，。]{2,14}?)试点", line)
    if not area:
        return False
    names = [n.replace("新片区", "") for n in re.split(r"[、和及]|等", area.group(1)) if n]
    place = mentioned_regions(question)
    districts = any(
        d in question
        for names_ in DISTRICTS.values()
        for d in names_
        if len(d) > 1 and d not in ("申城", "魔都", "鹏城")
    )
    return bool(districts or place.areas) and not any(n in question for n in names)


def _share(question: str, asked: Sequence[Quantity], line: str) -> tuple[str, str] | None:
    """p % of an amount, at most a cap, against the amount that the asker states."""
    stated = find_quantities(line)
    percents = [q for q in stated if q.kind == "percent" and q.unit == "%" and q.upper is None]
    if _UNSURE.search(question) or (percents and not _based(line, percents[0], question)):
        return None
    base = _own_amount(question, asked, percents[0].value if len(percents) == 1 else 0.0)
    if len(percents) != 1 or base is None:
        return None
    percent = percents[0]
    if re.search(r"贴息|贴现|利率|保费|融资|贷款|税", line[max(0, percent.start - 12) : percent.end + 6]):
        return None  # a rate on something that is not the amount itself
    caps = [
        q for q in stated
        if q.kind == "money" and q.bound == "at_most" and 0 <= q.outer[0] - percent.end <= _NEAR_CHARS
    ]  # fmt: skip
    if len(caps) > 1:
        return None
    share = base * _exact(percent.value) / 100
    formula = f"{say(base)}×{_plain(_exact(percent.value))}%＝{say(share)}"
    most = "最多" if percent.bound == "at_most" or caps else ""
    if not caps:
        return f"按条款的比例计算：{formula}，{'即最多' if most else '即'}{say(share)}。", formula
    cap = _exact(caps[0].value)
    if share > cap:
        return f"按条款的比例计算：{formula}，超过{say(cap)}的上限，按上限计最多{say(cap)}。", formula
    return f"按条款的比例计算：{formula}，未超过{say(cap)}的上限，即最多{say(share)}。", formula


_NEAR_CHARS = 14
"""、累计不超过 stands between a share and its cap; a cap further off belongs to something else."""


_UNSURE = re.compile(
    r"每(?!家)|各|单价|一半|占|还(?:是|剩)|才能|多少才|要签|要投|得签|想拿|倒推|反推|不在|没(?!有上限)|分(?:两|三|几)|[两二三四五六七八九十几]\s*(?:份|个项目|台|套|家|笔)|\d+\s*(?:份|台|套|笔)"
    r"|美元|欧元|港[币元]|日元|英镑|卢布|新台币|外币|负|亏|贷款|毛利|利润|注册资本|估值|销售额|营收|税款|发票|研发投入"
)
"""Words that make an amount something else than one plain sum in yuan of what the share is of."""
_INEXACT = re.compile(r"[多余几]|左右|上下")
_BASES: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = (
    (re.compile(r"合同(?:金)?额"), re.compile(r"合同|订单|单子|签了|(?<!公司)卖(?!公司|价)")),
    (re.compile(r"并购交易额"), re.compile(r"并购|收购")),
    (re.compile(r"总?投入"), re.compile(r"总?投(?!资|标)|花|建(?:了|设)?")),
)
"""What a clause takes its share of, and how an asker names that. A clause that names no base gives no sum."""


def _based(line: str, percent: Quantity, question: str) -> bool:
    """The asker's amount is of the kind that the clause takes its share of."""
    before = line[max(0, percent.start - 24) : percent.start]
    return any(base.search(before) and said.search(question) for base, said in _BASES)


def _own_amount(question: str, asked: Sequence[Quantity], percent: float) -> Decimal | None:
    """What the asker spent or signed; None when they state nothing of the kind, several that do not agree, or one
    that is not exact."""
    every = [q for q in asked if q.kind == "money"]
    if any(not _plain_sum(question, q) for q in every):
        return None
    amounts = [q for q in every if q.upper is None]
    if not amounts or not any(_OWN_AMOUNT.search(question[max(0, q.start - 14) : q.end + 14]) for q in amounts):
        return None
    amounts = [q for q in amounts if not _PREMISE.search(question[max(0, q.start - 12) : q.start].rstrip())] or amounts
    values = sorted({_exact(q.value) for q in amounts})
    if len(values) == 1:
        return values[0]
    # 交易额2亿元，按5%是1000万: the smaller is the asker's own sum of the larger.
    if len(values) == 2 and percent and values[0] == values[1] * _exact(percent) / 100:
        return values[1]
    return None


def _plain_sum(question: str, q: Quantity) -> bool:
    """One exact amount, read whole: 1亿5000万 is read in two parts, 300到500万 from one end, 1 000万 without its 1."""
    before, after = question[: q.start].rstrip(), question[q.end :]
    return (
        q.bound == "exact" and q.upper is None and 0 < q.value <= MOST_YUAN
        and not _INEXACT.search(question[q.start : q.end]) and not re.match(r"\d|[零〇一二两三四五六七八九]|\s*(?:多|余|左右|上下|美|欧|港|日|英|卢|新台|澳|韩)", after)
        and not re.search(r"(?:[\d零〇一二两三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟.,，eE-]|到|至|负|约|近)$", before)
    )  # fmt: skip


def _years(question: str, asked: Sequence[Quantity], line: str) -> tuple[str, str] | None:
    """Staged amounts together: 首年30、第二年20、第三年10, or so much a year for so many years."""
    if not _TOTAL.search(question) or _COUNTS.search(question) or _PART_OF_YEARS.search(question):
        return None
    if any(q.kind == "money" for q in asked):
        return None  # an amount of the asker's own makes it another question
    money = [q for q in find_quantities(line) if q.kind == "money" and q.upper is None]
    stages = [m.start() for m in _STAGE.finditer(line)]
    parts: list[Quantity] = []
    for i, at in enumerate(stages):
        until = stages[i + 1] if i + 1 < len(stages) else len(line)
        inside = [q for q in money if at < q.start < until]
        if len(inside) != 1:
            return None
        parts.append(inside[0])
    named = {int(_HAN.get(n) or n) for n in re.findall(r"([二两三四五2345])\s*年", question)}
    if len(parts) >= 2:
        if named - {len(parts)}:
            return None
        total = sum((_exact(q.value) for q in parts), Decimal(0))
        formula = f"{'＋'.join(say(_exact(q.value)) for q in parts)}＝{say(total)}"
        most = "最多" if any(q.bound == "at_most" for q in parts) else ""
        return f"{len(parts)}年合计：{formula}，即{most}{say(total)}。", formula
    years = _YEARS.search(line)
    if len(money) == 1 and years and _YEARLY.search(line[: money[0].start]):
        number = years.group(1) or years.group(2)
        count = _HAN.get(number) or int(number)
        total = _exact(money[0].value) * count
        formula = f"{say(_exact(money[0].value))}×{count}＝{say(total)}"
        most = "最多" if money[0].bound == "at_most" else ""
        return f"{count}年合计：{formula}，即{most}{say(total)}。", formula
    return None


def _average(question: str, asked: Sequence[Quantity], line: str) -> tuple[str, str] | None:
    """A sum of money over the number of those who got it."""
    if not _AVERAGE.search(question):
        return None
    stated = find_quantities(line)
    pairs = [
        (m, n) for m in stated if m.kind == "money" for n in stated
        if n.kind == "count" and n.value > 1 and m.upper is None and n.upper is None
        and _clause_of(line, m.start) == _clause_of(line, n.start)
    ]  # fmt: skip
    named = {q.value for q in asked}
    wanted = [p for p in pairs if p[0].value in named and p[1].value in named] or pairs
    if len(wanted) != 1:
        return None
    money, count = wanted[0]
    unit = line[count.start : count.end].lstrip("0123456789,. ")
    formula = f"{say(_exact(money.value))}÷{_plain(_exact(count.value))}{unit}≈{say(_exact(money.value) / _exact(count.value), 1)}"
    return f"平均每{unit[:1]}：{formula}。", formula


def _clause_of(line: str, at: int) -> int:
    """Number of the stretch between semicolons in which something stands."""
    return len(re.findall(r"[；;。]", line[:at]))


def _ratio(question: str, asked: Sequence[Quantity], line: str) -> tuple[str, str] | None:
    """One count as a part of another, both named by the asker (2674项里签了339项)."""
    if not _RATIO.search(question):
        return None
    named = {q.value for q in asked if q.kind == "count"}
    stated = {q.value: q for q in find_quantities(line) if q.kind == "count" and q.value in named}
    if len(stated) != 2 or 0 in stated:
        return None
    part, whole = sorted(stated)
    share = (_exact(part) / _exact(whole) * 100).quantize(Decimal("0.1"), ROUND_HALF_UP)
    unit = line[stated[part].start : stated[part].end].lstrip("0123456789,. ")
    formula = f"{_plain(_exact(part))}{unit}÷{_plain(_exact(whole))}{unit}≈{share}%"
    return f"按条款列明的数字计算：{formula}。", formula


_KINDS: tuple[Callable[[str, Sequence[Quantity], str], tuple[str, str] | None], ...] = (
    _share, _years, _average, _ratio,
)  # fmt: skip


def _exact(value: float) -> Decimal:
    return Decimal(str(value))


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def say(yuan: Decimal, places: int = 4) -> str:
    """Money as people say it: 150万元, 1.2亿元, 8000元."""
    scale, unit = (Decimal(10**8), "亿元") if yuan >= _LARGE * 10 else (Decimal(10**4), "万元") if yuan >= 10_000 else (Decimal(1), "元")  # fmt: skip
    return _plain((yuan / scale).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)) + unit


__all__ = ["CAUTION", "calculate", "say"]
