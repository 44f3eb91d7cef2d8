"""Two runs side by side for a report: the paired comparison of evals/compare.py as rows to draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from evals import plots
from evals import report_words as words
from evals.measures import ABOUT
from evals.report_run import Run
from index.errors import InputError

if TYPE_CHECKING:
    from evals.compare import Turned
    from evals.paired import Difference

SIGNIFICANT = 0.05
"""Corrected p under which a difference is called one."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Differences to draw, and the questions that turned."""

    rows: tuple[dict[str, Any], ...] = ()
    """Shares, drawn on one axis."""
    counts: tuple[dict[str, Any], ...] = ()
    """Times and lengths, in words."""
    unmoved: tuple[str, ...] = ()
    """Measures that no question moved."""
    scale: Markup = Markup("")
    by_name: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    turned: Mapping[str, Turned] = field(default_factory=dict)
    """By question id."""
    notes: tuple[str, ...] = ()


def comparison(now: Run, before: Run) -> Compared:
    """Compare two runs; what stands in the way is a note, not an error."""
    from evals.compare import compare

    try:
        found = compare(before.folder, now.folder, force=True)
    except InputError as error:
        return Compared(notes=(f"没有逐题比较：{error}",))
    # What a judge below its bar says is no difference of the product either.
    kept = [d for d in found.differences if not (ABOUT[d.measure].judged and now.scored.get("withheld"))]
    shares = [d for d in kept if ABOUT[d.measure].unit == "share"]
    ends = [0.0, *(v for d in shares for v in (d.low, d.high))]
    axis = plots.axis_of(ends)
    rows = sorted((_row(d, axis) for d in kept), key=lambda r: r["turned"] == "same")
    moved = [r for r in rows if r["up"] or r["down"]]
    return Compared(
        rows=tuple(r for r in moved if r["track"]),
        counts=tuple(r for r in moved if not r["track"]),
        unmoved=tuple(r["label"] for r in rows if not (r["up"] or r["down"])),
        scale=plots.scale(axis, signed=True),
        by_name={r["name"]: r for r in rows},
        turned={t.id: t for t in found.turned},
        notes=(f"两次都有的 {found.questions} 题，同题配对。", *found.notes),
    )


def _row(d: Difference, axis: plots.Axis) -> dict[str, Any]:
    about = words.named(d.measure)
    share = about.unit == "share"
    sure = d.p_holm < SIGNIFICANT and d.value != 0
    turned = "same"
    if sure:
        turned = "better" if (d.value > 0) == (about.better == "higher") else "worse"
    kind = {"better": "main", "worse": "bad", "same": "none"}[turned]
    p = "p < 0.001" if d.p_holm < 0.001 else f"p = {d.p_holm:.3f}"
    return {
        "name": d.measure, "label": about.label, "turned": turned, "up": d.up, "down": d.down, "kind": kind,
        "track": plots.delta_track(d.value, d.low, d.high, axis, kind) if share else Markup(""),
        "sign": {"better": "▲", "worse": "▼", "same": "≈" if d.up or d.down else "＝"}[turned],
        "shown": "未变" if not (d.up or d.down) else f"{d.value:+.3f}" if share else f"{d.value:+,.0f}",
        "said": f"{CONCLUSIONS[turned]}，{p}，升 {d.up} 降 {d.down}",
        "before": plots.number(d.before, not share), "after": plots.number(d.after, not share),
    }  # fmt: skip


CONCLUSIONS = {"better": "变好", "worse": "变坏", "same": "无显著差别"}


def reasons(turned: Turned) -> list[str]:
    """Why a question turned: for each measure what it was and what it is."""
    return [f"{words.named(name).label}：{then} → {now}" for name, then, now in turned.reasons]


def warnings(runs: Sequence[Run]) -> list[str]:
    """What must be said on top: a judge that missed its bar, runs that do not mean the same thing."""
    found = [str(runs[-1].scored["withheld"])] if runs[-1].scored.get("withheld") else []
    for key, what in (("judge_sha256", "裁判"), ("dataset_sha256", "题集"), ("questions_sha256", "题目")):
        if len({str(run.header.get(key, "")) for run in runs}) > 1:
            names = "、".join(run.name for run in runs)
            found.append(f"{names} 的{what}不同，分数的含义不同，差别不能当作产品的变化")
    return found
