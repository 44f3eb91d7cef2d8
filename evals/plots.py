"""Small pictures as SVG text: marks with intervals, curves, histograms. Pure: numbers in, markup out.

Two kinds. A *track* has no fixed width: its x coordinates are percentages, so that its row keeps the size of the
text around it on a phone and on a wide screen alike. A *chart* has a viewBox near the width of a phone. Colours and
line widths are classes of report.css, which knows light, dark and print. Marks differ in shape, not only in
colour: this run is a filled dot, the earlier one a hollow diamond, a goal a dashed line.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from evals.intervals import Estimate

TRACK_PX = 26
"""Height of a track."""
CHART = (400, 270)
"""Width and height of a chart, in its own units; about the pixels of a phone."""
LEFT, RIGHT, TOP, BOTTOM = 40, 14, 26, 38
"""Margins of a chart, for its axes."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A linear scale from `low` to `high`."""

    low: float
    high: float

    def share(self, value: float) -> float:
        """Place of a value, 0 at `low` and 1 at `high`, never outside."""
        width = self.high - self.low
        return min(1.0, max(0.0, (value - self.low) / width)) if width > 0 else 0.0

    def ticks(self, about: int = 4) -> list[float]:
        """Round values within the axis, about so many."""
        rough = (self.high - self.low) / max(about, 1)
        if rough <= 0:
            return [self.low]
        unit = 10.0 ** math.floor(math.log10(rough))
        step = next(s * unit for s in (1, 2, 2.5, 5, 10) if s * unit >= rough * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        return [round(n * step, 10) for n in range(first, math.floor(self.high / step + 1e-9) + 1)]


def axis_of(values: Sequence[float], low: float | None = None, high: float | None = None) -> Axis:
    """An axis that holds all values, its ends rounded outwards to tenths of its width; fixed ends stay."""
    least, most = min(values, default=0.0), max(values, default=1.0)
    width = max(most - least, 1e-3)
    step = 10.0 ** math.floor(math.log10(width)) / 2
    ends = (math.floor(least / step + 1e-9) * step, math.ceil(most / step - 1e-9) * step)
    start, end = (ends[0] if low is None else low), (ends[1] if high is None else high)
    return Axis(start, end if end > start else start + step)


def number(value: float, count: bool = False) -> str:
    """A figure as people read it: a share with three decimals, a count with none."""
    return f"{value:,.0f}" if count else f"{value:.3f}"


def spoken(found: Estimate, count: bool = False, unit: str = "题") -> str:
    """An estimate in words; `unit` is what was counted."""
    return f"{number(found.value, count)}，95% 区间 {number(found.low, count)} 至 {number(found.high, count)}，{found.n} {unit}"


def track(
    found: Estimate, axis: Axis, *, before: Estimate | None = None, target: float | None = None, unit: str = "题"
) -> Markup:
    """One figure on its row: a dot with its 95 % whisker, the earlier run's diamond, the goal."""
    said = spoken(found, axis.high > 1, unit) + (f"；上次 {number(before.value)}" if before else "")
    said += f"；目标 {target:g}" if target is not None else ""
    return _svg_track(_rail(axis) + _goal(axis, target) + _diamond(axis, before) + _whisker(axis, found, "main"), said)


def delta_track(value: float, low: float, high: float, axis: Axis, kind: str) -> Markup:
    """A difference with its interval on a row whose zero is marked."""
    zero = f'<line class="p-zero" x1="{_at(axis, 0)}" x2="{_at(axis, 0)}" y1="2" y2="{TRACK_PX - 2}"/>'
    said = f"差 {value:+.3f}，95% 区间 {low:+.3f} 至 {high:+.3f}"
    return _svg_track(_rail(axis) + zero + _whisker(axis, Estimate(value, low, high, 0), kind), said)


def scale(axis: Axis, about: int = 4, signed: bool = False) -> Markup:
    """The numbers of an axis, to stand above or below a column of tracks."""
    marks = []
    for tick in axis.ticks(about):
        place = axis.share(tick)
        anchor = "start" if place < 0.04 else "end" if place > 0.96 else "middle"
        text = f"{tick:+g}" if signed and tick else f"{tick:g}"
        marks.append(f'<text class="p-tick" x="{place:.2%}" y="12" text-anchor="{anchor}">{text}</text>')
    return Markup(f'<svg class="p-scale" width="100%" height="16" aria-hidden="true">{"".join(marks)}</svg>')


def _svg_track(inside: str, said: str) -> Markup:
    words = escape(said)
    return Markup(
        f'<svg class="p-track" width="100%" height="{TRACK_PX}" role="img" aria-label="{words}"><title>{words}</title>{inside}</svg>'
    )


def _at(axis: Axis, value: float) -> str:
    return f"{axis.share(value):.2%}"


def _rail(axis: Axis) -> str:
    grid = "".join(f'<line class="p-grid" x1="{_at(axis, t)}" x2="{_at(axis, t)}" y1="0" y2="{TRACK_PX}"/>' for t in axis.ticks())  # fmt: skip
    middle = TRACK_PX / 2
    return f'{grid}<line class="p-rail" x1="0" x2="100%" y1="{middle}" y2="{middle}"/>'


def _goal(axis: Axis, target: float | None) -> str:
    if target is None:
        return ""
    return f'<line class="p-goal" x1="{_at(axis, target)}" x2="{_at(axis, target)}" y1="1" y2="{TRACK_PX - 1}"/>'


def _diamond(axis: Axis, before: Estimate | None) -> str:
    """A nested svg moves by percentage, which a polygon cannot."""
    if before is None:
        return ""
    return (
        f'<svg x="{_at(axis, before.value)}" y="{TRACK_PX / 2}" overflow="visible">'
        f'<path class="p-before" d="M0-6 6 0 0 6-6 0Z"/></svg>'
    )


def _whisker(axis: Axis, found: Estimate, kind: str) -> str:
    middle, low, high = TRACK_PX / 2, _at(axis, found.low), _at(axis, found.high)
    caps = "".join(f'<line class="p-cap {kind}" x1="{x}" x2="{x}" y1="{middle - 4}" y2="{middle + 4}"/>' for x in (low, high))  # fmt: skip
    return (
        f'<line class="p-whisker {kind}" x1="{low}" x2="{high}" y1="{middle}" y2="{middle}"/>{caps}'
        f'<circle class="p-dot {kind}" cx="{_at(axis, found.value)}" cy="{middle}" r="5.5"/>'
    )


@dataclass(frozen=True, slots=True)
class Frame:
    """Two axes of a chart and where they lie."""

    x: Axis
    y: Axis
    size: tuple[int, int] = CHART
    top: int = TOP
    """Room above, for the title of the y axis."""

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Place of a point in the chart's units."""
        width, height = self.size[0] - LEFT - RIGHT, self.size[1] - self.top - BOTTOM
        return round(LEFT + self.x.share(x) * width, 1), round(self.top + (1 - self.y.share(y)) * height, 1)

    def path(self, points: Sequence[tuple[float, float]]) -> str:
        """Points as the `d` of a path."""
        return "M" + " ".join(f"{a},{b}" for a, b in (self.at(x, y) for x, y in points))

    def grid(self, x_title: str, y_title: str, x_ticks: Sequence[tuple[float, str]] | None = None) -> str:
        """Lines, numbers and titles of both axes."""
        left, bottom = self.at(self.x.low, self.y.low)
        right, top = self.at(self.x.high, self.y.high)
        parts = []
        for tick in self.y.ticks():
            y = self.at(0, tick)[1]
            parts.append(f'<line class="p-grid" x1="{left}" x2="{right}" y1="{y}" y2="{y}"/>')
            parts.append(f'<text class="p-tick" x="{left - 6}" y="{y + 4}" text-anchor="end">{tick:g}</text>')
        for tick, text in x_ticks if x_ticks is not None else [(t, f"{t:g}") for t in self.x.ticks()]:
            x = self.at(tick, 0)[0]
            parts.append(f'<line class="p-grid" x1="{x}" x2="{x}" y1="{top}" y2="{bottom}"/>')
            parts.append(f'<text class="p-tick" x="{x}" y="{bottom + 15}" text-anchor="middle">{escape(text)}</text>')
        parts.append(f'<text class="p-axis" x="{right}" y="{bottom + 31}" text-anchor="end">{escape(x_title)}</text>')
        parts.append(f'<text class="p-axis" x="2" y="{top - 12}">{escape(y_title)}</text>')
        return "".join(parts)

    def svg(self, inside: str, said: str) -> Markup:
        """The whole chart."""
        words = escape(said)
        width, height = self.size
        return Markup(
            f'<svg class="p-chart" viewBox="0 0 {width} {height}" role="img" aria-label="{words}">'
            f"<title>{words}</title>{inside}</svg>"
        )


def trend(name: str, points: Sequence[tuple[str, Estimate | None]], target: float | None) -> Markup:
    """One measure over several runs, oldest first; a run without it leaves a gap."""
    known = [e for _, e in points if e]
    values = [v for e in known for v in (e.low, e.high)] + ([target] if target is not None else [])
    count = max(e.value for e in known) > 1
    y = axis_of(values, high=None if count else min(1.0, axis_of(values).high))
    frame = Frame(Axis(-0.5, len(points) - 0.5), y, TREND, top=10)
    places = [(i, e) for i, (_, e) in enumerate(points) if e]
    inside = frame.grid("", "", [(i, label) for i, (label, _) in enumerate(points)] if len(points) <= 8 else [])
    if target is not None:
        inside += f'<path class="p-goal" d="{frame.path([(frame.x.low, target), (frame.x.high, target)])}"/>'
    inside += f'<path class="p-line" d="{frame.path([(i, e.value) for i, e in places])}"/>'
    for i, e in places:
        kind = "main" if i == len(points) - 1 else "old"
        inside += f'<path class="p-whisker {kind}" d="{frame.path([(i, e.low), (i, e.high)])}"/>'
        x, y_at = frame.at(i, e.value)
        inside += f'<circle class="p-dot {kind}" cx="{x}" cy="{y_at}" r="4.5"><title>{escape(points[i][0])}：{spoken(e, count)}</title></circle>'  # fmt: skip
    said = f"{name}：" + "，".join(f"{label} {number(e.value, count) if e else '未测'}" for label, e in points)
    return frame.svg(inside, said)


TREND = (300, 150)
"""Width and height of a small chart of which several stand in a row."""


@dataclass(frozen=True, slots=True)
class Refusing:
    """Where one run stands between refusing too much and too little."""

    label: str
    wrongly: Estimate
    """False refusal."""
    due: Estimate
    """Refusal recall."""


def refusal_chart(
    curve: Sequence[tuple[float, float]], stands: Sequence[Refusing], goal: tuple[float, float]
) -> Markup:
    """False refusal (x) against refusal recall (y); up and left is better. The last of `stands` is this run.

    Args:
        curve: what a threshold on the best search score alone would give, from refusing nothing upwards.
        stands: the runs, each a cross of two intervals.
        goal: (at most, at least): the corner to be in.
    """
    widest = max([0.2, *(s.wrongly.high for s in stands)])
    frame = Frame(Axis(0, min(1.0, math.ceil(widest * 10) / 10)), Axis(0, 1))
    left, top = frame.at(0, 1)
    right, bottom = frame.at(*goal)
    inside = f'<rect class="p-corner" x="{left}" y="{top}" width="{right - left}" height="{bottom - top}"/>'
    inside += frame.grid("误拒（越靠左越好）", "该拒则拒（越高越好）")
    inside += f'<path class="p-reference" d="{frame.path([p for p in curve if p[0] <= frame.x.high] or [(0, 0)])}"/>'
    for i, s in enumerate(stands):
        kind = "main" if i == len(stands) - 1 else "old"
        inside += f'<path class="p-whisker {kind}" d="{frame.path([(s.wrongly.low, s.due.value), (s.wrongly.high, s.due.value)])}"/>'
        inside += f'<path class="p-whisker {kind}" d="{frame.path([(s.wrongly.value, s.due.low), (s.wrongly.value, s.due.high)])}"/>'
        x, y = frame.at(s.wrongly.value, s.due.value)
        said = f"{s.label}：误拒 {s.wrongly}，该拒则拒 {s.due}"
        shape = f'<circle class="p-dot main" cx="{x}" cy="{y}" r="6"><title>{escape(said)}</title></circle>'
        if kind == "old":
            shape = f'<path class="p-before" d="M{x},{y - 6} {x + 6},{y} {x},{y + 6} {x - 6},{y}Z"><title>{escape(said)}</title></path>'
        inside += shape
    here = stands[-1]
    return frame.svg(inside, f"拒答：误拒 {here.wrongly.value:.3f}，该拒则拒 {here.due.value:.3f}")


LATENCY_BINS = 24


def latency_chart(milliseconds: Sequence[float], marks: Sequence[tuple[str, float]]) -> Markup:
    """Questions by the time of a whole answer, on a logarithmic scale: a model takes hundreds of times longer."""
    logs = [math.log10(max(m, 0.1)) for m in milliseconds]
    ends = [math.log10(max(value, 0.1)) for _, value in marks]
    low, high = math.floor(min(logs) * 4) / 4, math.ceil(max([*logs, *ends]) * 4 + 1e-9) / 4
    high = max(high, low + 0.5) + 0.5  # room for the words at the last mark
    width = (high - low) / LATENCY_BINS
    bins = [0] * LATENCY_BINS
    for value in logs:
        bins[min(LATENCY_BINS - 1, int((value - low) / width))] += 1
    frame = Frame(Axis(low, high), axis_of([0, max(bins)], low=0))
    steps = [f * 10.0**e for e in range(math.floor(low), math.ceil(high) + 1) for f in (1, 2, 5)]
    ticks = [(math.log10(s), duration(s)) for s in steps if low - 1e-9 <= math.log10(s) <= high + 1e-9]
    inside = frame.grid(
        "一题用时（对数刻度）", "题数", ticks if len(ticks) <= 7 else ticks[:: math.ceil(len(ticks) / 6)]
    )
    for i, count in enumerate(bins):
        if count:
            x, y = frame.at(low + i * width, count)
            end, bottom = frame.at(low + (i + 1) * width, 0)
            said = f"{duration(10 ** (low + i * width))} 至 {duration(10 ** (low + (i + 1) * width))}：{count} 题"
            inside += f'<rect class="p-bar" x="{x + 0.5}" y="{y}" width="{max(end - x - 1, 1):.1f}" height="{bottom - y:.1f}"><title>{said}</title></rect>'
    for i, (label, value) in enumerate(marks):
        place = math.log10(max(value, 0.1))
        x, top = frame.at(place, frame.y.high)
        # The first mark's words stand left of it, the last one's right, so that two close marks stay readable.
        anchor = "end" if (i == 0 and frame.x.share(place) > 0.25) else "start"
        inside += f'<path class="p-mark" d="{frame.path([(place, 0), (place, frame.y.high)])}"/>'
        inside += f'<text class="p-label" x="{x + (4 if anchor == "start" else -4)}" y="{top + 11 + 14 * i}" text-anchor="{anchor}">{escape(label)} {duration(value)}</text>'
    return frame.svg(inside, "用时分布：" + "，".join(f"{label} {duration(value)}" for label, value in marks))


def duration(milliseconds: float) -> str:
    """A time as people read it."""
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.1f} ms"
    return f"{milliseconds / 1000:.1f} s" if milliseconds < 60_000 else f"{milliseconds / 60_000:.1f} min"


def calibration_chart(bins: Sequence[tuple[float, float, int]]) -> Markup:
    """What the judge's probabilities are worth: mean score (x) against the share truly supported (y), by bin."""
    frame = Frame(Axis(0, 1), Axis(0, 1))
    most = max((n for *_, n in bins), default=1)
    inside = frame.grid("裁判给出的概率", "实际有依据的比例")
    inside += f'<path class="p-reference" d="{frame.path([(0, 0), (1, 1)])}"/>'
    if len(bins) > 1:
        inside += f'<path class="p-line" d="{frame.path([(x, y) for x, y, _ in bins])}"/>'
    for x, y, n in bins:
        a, b = frame.at(x, y)
        said = f"概率约 {x:.2f}：{n} 条，实际有依据 {y:.2f}"
        inside += f'<circle class="p-dot main" cx="{a}" cy="{b}" r="{3 + 6 * math.sqrt(n / most):.1f}"><title>{said}</title></circle>'
    return frame.svg(inside, "裁判的校准")
