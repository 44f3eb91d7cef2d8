"""The figures of a report: which number stands where, with its picture. From runs to plain records for the template."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from evals import plots
from evals import report_words as words
from evals.intervals import Estimate
from evals.plots import Axis
from evals.report_question import stages
from evals.report_records import OUTCOMES, QuestionView
from evals.report_run import ALL, Run

GROUPS = (
    ("说得对", ("complete", "must_say", "must_not_say", "notices")),
    ("有依据", ("faithfulness", "citation_recall", "citation_precision", "cited", "verbatim")),
    ("拒答", ("refused_when_due", "refused_wrongly", "refusal_balanced", "reason_right")),
    ("找条款", ("first", "top5", "top10", "mrr10", "recall5", "recall10", "ndcg10")),
)
"""Shares, in the order of the report; a share that is not listed goes to “其他”."""
OTHERS, COUNTS = "其他", "长短快慢"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure of the table of figures."""

    about: words.Named
    track: Markup = Markup("")
    scale: Markup = Markup("")
    """Its own axis, when it does not share its group's."""
    shown: str = ""
    interval: str = ""
    count: str = ""
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Figures on one axis."""

    title: str
    figures: tuple[Figure, ...]
    scale: Markup = Markup("")


def show(about: words.Named, value: float) -> str:
    """A mean as printed."""
    return plots.number(value, about.unit != "share")


def interval_of(about: words.Named, found: Estimate) -> str:
    """The ends of an interval as printed."""
    return f"[{show(about, found.low)}, {show(about, found.high)}]"


def withheld(run: Run, name: str) -> bool:
    """Whether a score rests on a judge that missed its own bar."""
    return bool(run.scored.get("withheld")) and words.named(name).judged


def groups(now: Run, before: Run | None) -> list[Group]:
    """Every measure of a run, in groups that share an axis."""
    total = now.total
    known = [n for n in (*words.MEANINGS, *total) if n in total or withheld(now, n)]
    known = list(dict.fromkeys(known))
    listed = {n for _, names in GROUPS for n in names}
    found = []
    for title, names in (*GROUPS, (OTHERS, tuple(n for n in known if n not in listed))):
        names = tuple(n for n in names if n in known and words.named(n).unit == "share")
        ends = [total[n].low for n in names if n in total and words.named(n).better != "lower"]
        axis = _share_axis(ends)
        figures = tuple(_figure(now, before, n, axis) for n in names)
        if figures:
            found.append(Group(title, figures, plots.scale(axis) if ends else Markup("")))
    counted = tuple(_figure(now, before, n, None) for n in known if words.named(n).unit != "share")
    return [*found, Group(COUNTS, counted)] if counted else found


def _share_axis(lows: Sequence[float]) -> Axis:
    """From a round value under the lowest end, at least the upper fifth, to 1."""
    return Axis(min(0.8, int(min(lows, default=0.8) * 10) / 10), 1.0)


def _figure(now: Run, before: Run | None, name: str, axis: Axis | None) -> Figure:
    about = words.named(name)
    if name not in now.total:
        return Figure(about, withheld=True)
    found, old = now.total[name], before.total.get(name) if before else None
    own = axis is None or about.better == "lower"
    if axis is None or own:
        axis = own_axis(about, [found, *([old] if old else [])])
    reasons = now.scored.get("unscored", {}).get(name, {})
    missed = f"，未评 {sum(reasons.values())}：{'；'.join(reasons)}" if reasons else ""
    return Figure(
        about,
        plots.track(found, axis, before=old, target=about.target),
        plots.scale(axis) if own else Markup(""),
        show(about, found.value),
        interval_of(about, found),
        f"{found.n} 题{missed}",
    )


def own_axis(about: words.Named, found: Sequence[Estimate]) -> Axis:
    """An axis from 0 for one measure by itself."""
    most = max([e.high for e in found] + ([about.target] if about.target is not None else []))
    if about.unit == "share":
        return Axis(0, min(1.0, max(0.1, int(most * 10 + 0.999) / 10)))
    return plots.axis_of([0, most * 1.05], low=0)


def cards(now: Run, before: Run | None, compared: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The few figures on top. `compared`: measure → its row of the comparison."""
    found = []
    for name in words.HEADLINES:
        about = words.named(name)
        card: dict[str, Any] = {
            "label": about.label, "lower": about.better == "lower", "meaning": about.meaning, "shown": "",
            "withheld": withheld(now, name), "state": "missing", "delta": "", "turned": "", "goal": "",
            "corrected": None,
        }  # fmt: skip
        estimate = now.total.get(name)
        if estimate and not card["withheld"]:
            axis = own_axis(about, [estimate]) if about.better == "lower" else _share_axis([estimate.low])
            old = before.total.get(name) if before else None
            card |= {
                "shown": show(about, estimate.value), "interval": f"{interval_of(about, estimate)} · {estimate.n} 题",
                "track": plots.track(estimate, axis, before=old, target=about.target), "scale": plots.scale(axis, 3),
                "state": "plain",
            }  # fmt: skip
            if about.target is not None:
                low = about.better == "lower"
                met = estimate.value <= about.target if low else estimate.value >= about.target
                card |= {
                    "state": "good" if met else "bad", "goal_sign": "✓" if met else "✕",
                    "goal": f"{'达到' if met else '未达'}目标 {'≤' if low else '≥'} {about.target:g}",
                }  # fmt: skip
            if row := compared.get(name):
                card |= {"delta": f"{row['sign']} {row['shown']}", "turned": row["turned"]}
            if name == "faithfulness":
                card["corrected"] = _corrected(now, about, axis)
        found.append(card)
    return found


def _corrected(run: Run, about: words.Named, axis: Axis) -> dict[str, Any] | None:
    """What share is really supported, given the judge's known errors (`evals.corrected`)."""
    real = (run.scored.get("corrected") or {}).get("faithfulness")
    if not real:
        return None
    found = Estimate(real["value"], real["low"], real["high"], real["n"])
    return {"shown": show(about, found.value), "interval": interval_of(about, found), "track": plots.track(found, axis, target=about.target)}  # fmt: skip


def tally(now: Run, views: Sequence[QuestionView]) -> dict[str, Any]:
    """How many questions went which way, as one bar, and in words what to look at first."""
    bar, at = [], 0.0
    for name in OUTCOMES:
        count = sum(v.now.outcome == name for v in views)
        if count:
            share = count / len(views)
            bar.append({"name": name, "count": count, "x": f"{at:.3%}", "width": f"{share:.3%}"})
            at += share
    right = sum(v.now.outcome == "right" for v in views)
    return {"right": right, "total": len(views), "bar": bar, "lines": _first_looks(now, views)}


def _first_looks(now: Run, views: Sequence[QuestionView]) -> list[tuple[str, str]]:
    """The goals missed, and the types of question with the smallest share of right answers."""
    missed = []
    for name, found in now.total.items():
        about = words.named(name)
        if about.target is not None and (
            found.value > about.target if about.better == "lower" else found.value < about.target
        ):
            missed.append(f"{about.label} {show(about, found.value)}（{'≤' if about.better == 'lower' else '≥'} {about.target:g}）")  # fmt: skip
    kinds: dict[str, list[bool]] = {}
    for view in views:
        if view.now.outcome != "unscored":
            kinds.setdefault(view.type_word, []).append(view.now.outcome == "right")
    weak = sorted((sum(rights) / len(rights), kind, len(rights)) for kind, rights in kinds.items())
    worst = [f"{kind} {share * n:.0f}/{n}" for share, kind, n in weak[:3] if share < 1]
    lines = [("未达目标", "、".join(missed)), ("最弱题型", "、".join(worst))]
    return [line for line in lines if line[1]]


def by_type(now: Run, before: Run | None) -> list[dict[str, Any]]:
    """For each measure its dots by type of question, the worst first."""
    found: list[dict[str, Any]] = []
    for name in (n for n in (*words.MEANINGS, *now.total) if n in now.total):
        about = words.named(name)
        rows = [(kind, means[name]) for kind, means in now.scores.items() if kind != ALL and name in means]
        if len(rows) < 2 or any(name == f["name"] for f in found):
            continue
        rows.sort(key=lambda row: (row[1].value, row[0]), reverse=about.better == "lower")
        axis = Axis(0, 1) if about.unit == "share" else own_axis(about, [e for _, e in rows])
        old = before.scores if before else {}
        found.append({
            "name": name, "label": about.label, "scale": plots.scale(axis),
            "rows": [
                {
                    "label": words.TYPES.get(kind, kind), "n": e.n, "shown": show(about, e.value),
                    "track": plots.track(e, axis, before=old.get(kind, {}).get(name), target=about.target),
                }
                for kind, e in rows
            ],
        })  # fmt: skip
    return found


def trends(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """The main measures over the runs as given; [] for a single run."""
    if len(runs) < 2:
        return []
    found = []
    for name in words.TRENDS:
        about = words.named(name)
        points = [(f"{i}", run.total.get(name)) for i, run in enumerate(runs, 1)]
        if sum(e is not None for _, e in points) > 1:
            chart = plots.trend(about.label, points, about.target)
            found.append({"label": about.label, "lower": about.better == "lower", "chart": chart})
    return found


def refusal(runs: Sequence[Run]) -> Markup | None:
    """The chart of refusing; None where a run has no question that was, or was not, to be refused."""
    names = ("refused_wrongly", "refused_when_due")
    stands = [plots.Refusing(r.name, *(r.total[n] for n in names)) for r in runs if all(n in r.total for n in names)]
    if not stands or runs[-1].name != stands[-1].label:
        return None
    goal = (words.TARGETS["refused_wrongly"], words.TARGETS["refused_when_due"])
    return plots.refusal_chart(similarity_curve(runs[-1]), stands, goal)


def similarity_curve(run: Run) -> list[tuple[float, float]]:
    """(false refusal, refusal recall) of refusing whatever scores under t at its best clause, for every t."""
    scored: dict[str, list[float]] = {"due": [], "not": []}
    for record in run.outputs:
        values = run.measures.get(str(record["id"]), {}).get("measures", {})
        best = record["retrieved"][0]["score"] if record["retrieved"] else float("-inf")
        if values.get("refused_when_due") is not None:
            scored["due"].append(best)
        elif values.get("refused_wrongly") is not None:
            scored["not"].append(best)
    if not all(scored.values()):
        return []
    thresholds = sorted({*scored["due"], *scored["not"], float("inf")})
    return [(sum(s < t for s in scored["not"]) / len(scored["not"]), sum(s < t for s in scored["due"]) / len(scored["due"])) for t in thresholds]  # fmt: skip


def latency(run: Run) -> tuple[Markup | None, list[tuple[str, float]]]:
    """The chart of times and the median of each stage."""
    times = [float(r["timings_ms"]["total"]) for r in run.outputs if r.get("timings_ms", {}).get("total")]
    if not times:
        return None, []
    ordered = sorted(times)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    parts: dict[str, list[float]] = {}
    for record in run.outputs:
        for name, length in stages(record.get("timings_ms", {})):
            parts.setdefault(name, []).append(length)
    whole = words.STAGES["total"]
    medians = [(name, statistics.median(parts[name])) for name in sorted(parts, key=lambda name: name == whole)]
    return plots.latency_chart(times, [("p50", statistics.median(times)), ("p95", p95)]), medians
