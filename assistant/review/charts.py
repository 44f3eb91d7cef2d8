"""Small pictures of trends as SVG text: bars, lines, horizontal bars. Pure: numbers in, markup out.

Colours are classes of `staff/static/review.css`, which knows light and dark. Each mark has its figure as a title.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 620, 190
LEFT, RIGHT, TOP, BOTTOM = 44, 10, 14, 26
ROW = 26


@dataclass(frozen=True, slots=True)
class Series:
    """One line or set of bars."""

    name: str
    values: Sequence[float]
    kind: str
    """Class: main, care, good or bad."""


def ceiling(values: Sequence[float]) -> float:
    """A round number at or above all values."""
    most = max(values, default=0.0)
    if most <= 0:
        return 1.0
    unit = 10.0 ** (len(str(int(most))) - 1) if most >= 1 else 0.1
    return float(next(unit * m for m in (1, 2, 2.5, 5, 10) if unit * m >= most - 1e-9))


def bars(title: str, labels: Sequence[str], series: Sequence[Series], unit: str = "") -> str:
    """Stacked bars, one column a label; the first series lies at the bottom."""
    totals = [sum(s.values[i] for s in series) for i in range(len(labels))]
    top = ceiling(totals)
    width = (WIDTH - LEFT - RIGHT) / max(1, len(labels))
    inside = _grid(top, unit) + _labels(labels, width)
    for i, label in enumerate(labels):
        base = 0.0
        for s in series:
            value = s.values[i]
            y, height = _y(base + value, top), _y(base, top) - _y(base + value, top)
            if value:
                said = escape(f"{label} {s.name} {value:g}{unit}")
                inside += (
                    f'<rect class="t-bar t-{s.kind}" x="{LEFT + i * width + width * 0.12:.1f}" y="{y:.1f}" '
                    f'width="{width * 0.76:.1f}" height="{height:.1f}"><title>{said}</title></rect>'
                )
            base += value
    return _svg(title, inside, series, HEIGHT)


def lines(title: str, labels: Sequence[str], series: Sequence[Series], unit: str = "", top: float | None = None) -> str:
    """Lines over the labels; a value below zero is a gap."""
    top = top or ceiling([v for s in series for v in s.values])
    width = (WIDTH - LEFT - RIGHT) / max(1, len(labels))
    inside = _grid(top, unit) + _labels(labels, width)
    for s in series:
        points = [(LEFT + (i + 0.5) * width, _y(v, top), i) for i, v in enumerate(s.values) if v >= 0]
        path = " ".join(
            f"{'M' if n == 0 or points[n - 1][2] != i - 1 else 'L'}{x:.1f},{y:.1f}"
            for n, (x, y, i) in enumerate(points)
        )
        inside += f'<path class="t-line t-{s.kind}" d="{path}"/>'
        for x, y, i in points:
            said = escape(f"{labels[i]} {s.name} {s.values[i]:g}{unit}")
            inside += f'<circle class="t-dot t-{s.kind}" cx="{x:.1f}" cy="{y:.1f}" r="3"><title>{said}</title></circle>'
    return _svg(title, inside, series, HEIGHT)


def rows(title: str, named: Sequence[tuple[str, float, str]]) -> str:
    """Horizontal bars with their names above them: (name, value, what to say)."""
    most = max((v for _, v, _ in named), default=1.0) or 1.0
    inside = ""
    for i, (name, value, said) in enumerate(named):
        y = TOP + i * (ROW + 12)
        width = max(2.0, (WIDTH - 90) * value / most)
        shown = name if len(name) <= 42 else name[:41] + "…"
        inside += f'<text class="t-name" x="0" y="{y + 8}">{escape(shown)}<title>{escape(name)}</title></text>'
        inside += f'<rect class="t-bar t-main" x="0" y="{y + 13}" width="{width:.1f}" height="13" rx="2"/>'
        inside += f'<text class="t-tick" x="{width + 6:.1f}" y="{y + 24}">{escape(said)}</text>'
    return _svg(title, inside, (), TOP + len(named) * (ROW + 12))


def _y(value: float, top: float) -> float:
    return TOP + (1 - min(value, top) / top) * (HEIGHT - TOP - BOTTOM)


def _grid(top: float, unit: str) -> str:
    parts = []
    for share in (0, 0.5, 1):
        y = _y(top * share, top)
        parts.append(f'<line class="t-grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(
            f'<text class="t-tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{top * share:g}{unit}</text>'
        )
    return "".join(parts)


def _labels(labels: Sequence[str], width: float) -> str:
    step = max(1, -(-len(labels) // 8))
    return "".join(
        f'<text class="t-tick" x="{LEFT + (i + 0.5) * width:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(label)}</text>'
        for i, label in enumerate(labels)
        if i % step == 0
    )


def _svg(title: str, inside: str, series: Sequence[Series], height: float) -> str:
    legend = "".join(f'<span><i class="t-{s.kind}"></i>{escape(s.name)}</span>' for s in series)
    return (
        f'<figure class="t-figure"><figcaption>{escape(title)}<small>{legend}</small></figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(title)}">{inside}</svg></figure>'
    )
