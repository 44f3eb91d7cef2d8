"""A caller's file: what is known of the enterprise on the phone, typed into fields or told in a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from assistant.quantities import find_quantities

Reply = Literal["yes", "no"]
AMOUNTS: dict[str, str] = {
    "合同金额": r"合同|订单|单子|签了", "总投入": r"投入|投了|花了|建设费", "并购交易额": r"并购|收购|买下",
    "营业收入": r"营收|营业收入|收入|产值", "研发费用": r"研发费|研发投入|研发经费",
}  # fmt: skip
"""What a stated amount may be of, and how callers name it."""
_NEAR_CHARS = 12
_GREW = re.compile(r"(?:增长|增幅|增速|增加|涨|多)了?[^，。；\d]{0,6}$")
_GREW_SAID = re.compile(r"增长|增幅|增速|增加|涨")
_SHRANK_SAID = re.compile(r"下降|下滑|减少|跌|亏")
_SHRANK = re.compile(r"(?:下降|下滑|减少|跌|少)了?[^，。；\d]{0,6}$")
_OTHER_FIGURE = re.compile(r"利润|用户|人数|用工|员工|产量|税")
"""What grew was this, and not the revenue."""
_DOUBT = re.compile(
    r"没|未|不(?!少于|低于|断|错)|非|尚|撤销|取消|退回|失败|被拒|驳回|打算|计划|准备|之前|以前|原来|曾|下降|下滑|减少|亏损|停|拟"
)
"""Near a word it says that the matter is not so, was so, or is yet to be."""
_IN_A_ROW = re.compile(r"连续\s*([一二两三四五六七八九十\d]+)\s*年")


@dataclass(frozen=True, slots=True)
class Caller:
    """What is known; what is not is "" or None. Holds no name and no number of anybody."""

    region: str
    """City, e.g. 上海市."""
    area: str = ""
    """District, park or pilot area."""
    kinds: tuple[str, ...] = ()
    """What the enterprise is: 科技服务业企业, 高新技术企业 …"""
    story: str = ""
    """What happened, in the caller's words."""
    growth: float | None = None
    """Growth of revenue over the year before, in percent."""
    years: int | None = None
    """So many years of growth in a row."""
    amounts: Mapping[str, float] = field(default_factory=dict)
    """What (AMOUNTS) → yuan."""
    replies: Mapping[str, Reply] = field(default_factory=dict)
    """Key of a condition → what the caller answered when asked."""

    @property
    def words(self) -> str:
        """All that was said of the enterprise, for matching."""
        return "，".join(x for x in (*self.kinds, self.story) if x)

    def doubted(self, word: str) -> bool:
        """Whether a part of the story that has the word, or the part after it, denies or doubts."""
        parts = re.split(r"[，。；、,;！!？?\s]", self.words)
        near = [p + (parts[i + 1] if i + 1 < len(parts) else "") for i, p in enumerate(parts) if word in p]
        return any(_DOUBT.search(p.replace(word, "")) for p in near)

    @property
    def grown(self) -> float | None:
        """Growth in percent, from the field or the story; None when neither says."""
        if self.growth is not None:
            return self.growth
        if _GREW_SAID.search(self.story) and _SHRANK_SAID.search(self.story):
            return None  # something grew and something fell: which of them the revenue is, has to be asked
        for q in find_quantities(self.story):
            before = self.story[: q.start]
            if _OTHER_FIGURE.search(re.split(r"[，。；,;]", before)[-1]):
                continue
            if q.kind == "percent" and q.unit == "%" and _GREW.search(before):
                return q.value
            if q.kind == "percent" and q.unit == "%" and _SHRANK.search(before):
                return -q.value
        return None

    @property
    def in_a_row(self) -> int | None:
        """Years of growth in a row, from the field or the story."""
        if self.years is not None:
            return self.years
        if m := _IN_A_ROW.search(self.story):
            if not re.search(r"增|涨|升", self.story[m.end() : m.end() + 8]) or self.doubted(m.group()):
                return None
            durations = [q for q in find_quantities(m.group()) if q.kind == "duration"]
            return int(durations[0].value // 12) if durations else None
        return None

    @property
    def stated(self) -> dict[str, float]:
        """Amounts from the fields and the story, in yuan; the fields win."""
        found: dict[str, float] = {}
        for q in find_quantities(self.story):
            if q.kind != "money" or q.unit != "元" or q.upper is not None:
                continue
            around = self.story[max(0, q.start - _NEAR_CHARS) : q.end + 6]
            what = next((name for name, said in AMOUNTS.items() if re.search(said, around)), "")
            if what and not _DOUBT.search(around):
                found.setdefault(what, q.value)
        return found | dict(self.amounts)

    @property
    def question(self) -> str:
        """One line to search with."""
        return " ".join(x for x in (*self.kinds, self.story, *(self.stated), self.area) if x)
