"""Figures of several runs of a recipe, and the tables that set recipes beside each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from evals.beside.holding import held_within, length, pieces_needed
from evals.beside.running import Run, System
from evals.intervals import estimate
from evals.questions import Question
from evals.tables import columns

BUDGETS = (300, 500, 1_000, 2_000, 4_000)
"""Characters shown at which recipes are compared; an answer card has about 200."""
NEVER = 10**9
"""Stands for a number of pieces when none is enough."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What a recipe costs, each the median of its runs."""

    ready: float
    """Processor seconds until the model is in memory."""
    index: float
    """Seconds from files to a searchable index."""
    index_cpu: float
    query_ms: float
    """Median over the questions."""
    query_cpu_ms: float
    """Mean over the questions."""
    peak_mib: float

    @classmethod
    def of(cls, runs: Sequence[Run]) -> Costs:
        """Medians of runs."""

        def middle(of: Callable[[Run], float]) -> float:
            return median(of(r) for r in runs)

        return cls(
            middle(lambda r: r.ready[1]),
            middle(lambda r: r.indexed[0]),
            middle(lambda r: r.indexed[1]),
            middle(lambda r: median(s for s, _ in r.asked) * 1000 if r.asked else 0.0),
            middle(lambda r: fmean(c for _, c in r.asked) * 1000 if r.asked else 0.0),
            middle(lambda r: r.peak_mib),
        )


def cost_table(runs: Mapping[System, Sequence[Run]], characters: int) -> list[str]:
    """What each costs, and how many times what the first costs; `characters` are those of the documents."""
    costs = {system: Costs.of(found) for system, found in runs.items()}
    ours = next(iter(costs.values()))
    asked = ("问一次 p50 毫秒", "其 CPU 毫秒") if ours.query_ms else ()
    rows = [["", "段", "建索引 秒", "其 CPU 秒", "字/CPU 秒", *asked, "启动 CPU 秒", "内存峰值 MiB"]]
    for system, cost in costs.items():
        row = [system.name, f"{runs[system][0].pieces:,}", _beside(cost.index, ours.index)]
        row += [_beside(cost.index_cpu, ours.index_cpu), f"{characters / cost.index_cpu:,.0f}"]
        if asked:
            row += [_beside(cost.query_ms, ours.query_ms), _beside(cost.query_cpu_ms, ours.query_cpu_ms)]
        rows.append([*row, _beside(cost.ready, ours.ready), _beside(cost.peak_mib, ours.peak_mib, 0)])
    return columns(rows)


def _beside(value: float, ours: float, digits: int = 1) -> str:
    return f"{value:,.{digits}f}" + (f"（{value / ours:.2f}×）" if value != ours else "")


def finding_table(runs: Mapping[System, Run], questions: Sequence[Question]) -> list[str]:
    """Gold clause found at each depth, the characters shown there, and those read until it was found."""
    until, count = read_until(runs, questions)
    rows = [["", "取几段", "找到依据", "给出字数", f"找到为止字数（都找到的 {count} 题）"]]
    for system, run in runs.items():
        needed = _needed(run, questions)
        lengths = [[length(p) for p in run.found[q.id]] for q in questions]
        for depth in system.depths:
            found = estimate([float(n <= depth) for n in needed])
            shown = fmean(sum(row[:depth]) for row in lengths)
            named = (system.name, f"{until[system]:,.0f}") if depth == system.depths[0] else ("", "")
            rows.append([named[0], str(depth), str(found), f"{shown:,.0f}", named[1]])
    return columns(rows)


def read_until(runs: Mapping[System, Run], questions: Sequence[Question]) -> tuple[dict[System, float], int]:
    """Mean characters read until the gold clause was found, over the questions where all found it; how many these are."""
    needed = {system: _needed(run, questions) for system, run in runs.items()}
    common = [i for i in range(len(questions)) if all(n[i] < NEVER for n in needed.values())]
    until = {
        system: fmean(sum(map(length, run.found[questions[i].id][: needed[system][i]])) for i in common)
        if common
        else 0.0
        for system, run in runs.items()
    }
    return until, len(common)


def _needed(run: Run, questions: Sequence[Question]) -> list[int]:
    return [pieces_needed(q, run.found[q.id]) or NEVER for q in questions]


def budget_table(runs: Mapping[System, Run], questions: Sequence[Question]) -> list[str]:
    """Gold clause found within equal numbers of characters."""
    rows = [["找到依据，只看前 N 字", *(f"{budget:,}" for budget in BUDGETS)]]
    rows += [[s.name, *(f"{_held(r, questions, budget):.3f}" for budget in BUDGETS)] for s, r in runs.items()]
    return columns(rows)


def _held(run: Run, questions: Sequence[Question], budget: int) -> float:
    return fmean(held_within(q, run.found[q.id], budget) for q in questions)


def behind(
    runs: Mapping[System, Sequence[Run]], first: Mapping[System, Run], questions: Sequence[Question]
) -> list[str]:
    """Where the first recipe does not lead: column, who does, both values."""
    costs = {system: Costs.of(found) for system, found in runs.items()}
    figures: list[tuple[str, dict[System, float], bool]] = [
        ("建索引的 CPU 秒", {s: c.index_cpu for s, c in costs.items()}, False),
        ("问一次的 CPU 毫秒", {s: c.query_cpu_ms for s, c in costs.items()}, False),
        ("启动的 CPU 秒", {s: c.ready for s, c in costs.items()}, False),
        ("内存峰值 MiB", {s: c.peak_mib for s, c in costs.items()}, False),
        ("找到为止字数", read_until(first, questions)[0], False),
        (
            "按默认段数找到依据",
            {s: fmean(n <= s.depths[0] for n in _needed(r, questions)) for s, r in first.items()},
            True,
        ),
    ]
    for budget in BUDGETS:
        figures.append((f"前 {budget:,} 字找到依据", {s: _held(r, questions, budget) for s, r in first.items()}, True))
    ours, *others = costs
    return [
        f"{name}：{other.name} {values[other]:.4g}，{ours.name} {values[ours]:.4g}"
        for name, values, more in figures
        for other in others
        if (values[other] > values[ours] if more else values[other] < values[ours])
    ]
