"""A sentence that calculates (500万元×30%＝150万元) cannot follow from a clause's words, so it is checked as a sum.

What is printed is read again from scratch: every operand stands in the cited clauses or in what was asked, the sum
comes out, and what is said of a cap is true. No part of the product's own arithmetic is used.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from evals.judge_amounts import amounts

_TERM = r"\d+(?:\.\d+)?(?:万亿|亿|万)?(?:元|%|[\u4e00-\u9fff])?"
_SUM = re.compile(rf"({_TERM}(?:[×÷＋+－-]{_TERM})+)([＝=≈])({_TERM})")
_SCALES = {"万": Decimal(10**4), "亿": Decimal(10**8), "万亿": Decimal(10**12)}
_OVER = re.compile(rf"(?<!未)超过({_TERM})的上限")
_WITHIN = re.compile(rf"未超过({_TERM})的上限")
_MOST = re.compile(rf"最多({_TERM})")
_ROUNDING = Decimal("0.005")
"""A quotient printed to three figures (≈18.1万元) is off by less than half a per cent."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a calculation holds, and one Chinese line why."""

    supported: bool
    reason: str


def check_sum(sentence: str, formula: str, evidence: Sequence[str], question: str) -> Checked:
    """Check one sentence that shows a calculation.

    Args:
        sentence: as shown.
        formula: the calculation in it, operands with units, one result.
        evidence: texts of the clauses that it cites.
        question: the standalone question, from which the asker's own figure comes.
    """
    found = _SUM.fullmatch(formula.replace(" ", ""))
    if not found or formula not in sentence:
        return Checked(False, "算式读不出来，或不在句中")
    operands, signs = re.findall(_TERM, found[1]), re.findall(r"[×÷＋+－-]", found[1])
    in_clause, asked = _figures("\n".join(evidence)), _figures(question)
    for operand in operands:
        if _value(operand) not in in_clause | asked:
            return Checked(False, f"算式里的 {operand} 既不在条款里，也不在问题里")
    if not any(_value(operand) in in_clause for operand in operands):
        return Checked(False, "算式里没有一个数出自条款")
    computed, shown = _compute([_amount(o) for o in operands], signs), _amount(found[3])
    tolerance = abs(computed) * _ROUNDING if found[2] == "≈" else Decimal(0)
    if abs(computed - shown) > tolerance:
        return Checked(False, f"算式结果应为 {computed:.6g}，写的是 {found[3]}")
    return _caps(sentence, shown, in_clause)


def _caps(sentence: str, result: Decimal, in_clause: set[Decimal]) -> Checked:
    """Whether what is said of a cap, and the amount concluded from it, is true."""
    ceiling = result
    for pattern, holds in ((_OVER, lambda cap: result > cap), (_WITHIN, lambda cap: result <= cap)):
        if m := pattern.search(sentence):
            cap = _amount(m[1])
            if cap not in in_clause:
                return Checked(False, f"条款里没有 {m[1]} 这个上限")
            if not holds(cap):
                return Checked(False, f"与上限 {m[1]} 的比较不对")
            ceiling = min(ceiling, cap)
    if (m := _MOST.search(sentence)) and _amount(m[1]) != ceiling:
        return Checked(False, f"结论 {m[1]} 与算式和上限不符")
    return Checked(True, "算式各数出自条款或问题，结果和上限都对")


def _compute(values: Sequence[Decimal], signs: Sequence[str]) -> Decimal:
    """From left to right; the product writes one kind of sign in a sum."""
    total = values[0]
    for sign, value in zip(signs, values[1:], strict=True):
        if sign == "×":
            total *= value
        elif sign == "÷":
            total /= value
        else:
            total += value if sign in "＋+" else -value
    return total


def _amount(term: str) -> Decimal:
    """Value in its base unit; per cent as a fraction of one."""
    m = re.match(r"(\d+(?:\.\d+)?)(万亿|亿|万)?(.?)", term)
    if m is None:
        raise ValueError(f"no number: {term}")
    value = Decimal(m[1]) * _SCALES.get(m[2] or "", Decimal(1))
    return value / 100 if m[3] == "%" else value


def _value(term: str) -> Decimal:
    """Value as texts state it: 30% is 30."""
    return _amount(term) * 100 if term.endswith("%") else _amount(term)


def _figures(text: str) -> set[Decimal]:
    """All figures of a text in base units, shares as per cent."""
    plain = re.sub(r"\s|(?<=\d),(?=\d{3})", "", text).replace("一个亿", "1亿").replace("个亿", "亿")
    return {Decimal(str(a.value)) for a in amounts(plain)}
