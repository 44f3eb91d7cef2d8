"""How good a judge is on labelled claims: balanced accuracy, both recalls with intervals, kinds, calibration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

THRESHOLD = 0.5
"""From this score on a claim counts as supported; `evals.judge` scales its scores so."""
BINS = 5
"""Of equal width; more would leave the middle ones empty on 250 claims."""


@dataclass(frozen=True, slots=True)
class Share:
    """A proportion with its 95 % interval (Wilson 1927)."""

    value: float
    low: float
    high: float
    n: int

    @classmethod
    def of(cls, count: int, n: int) -> Share | None:
        """None when nothing was counted."""
        if not n:
            return None
        from scipy.stats import binomtest

        found = binomtest(count, n).proportion_ci(method="wilson")
        return cls(count / n, float(found.low), float(found.high), n)

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]（{self.n} 条）"


@dataclass(frozen=True, slots=True)
class Bin:
    """Claims whose score lies between `low` and `high`."""

    low: float
    high: float
    n: int
    mean_score: float
    """What the judge says: mean of the scores."""
    supported: float
    """What is so: share of supported claims."""


@dataclass(frozen=True, slots=True)
class JudgeFigures:
    """A judge on labelled claims. A figure that does not apply is None."""

    n: int
    balanced_accuracy: float | None
    """Mean of `tpr` and `tnr`."""
    tpr: Share | None
    """Of the supported claims, the share called supported."""
    tnr: Share | None
    """Of the unsupported claims, the share called unsupported: the recall of “unsupported”."""
    precision_unsupported: Share | None
    """Of the claims called unsupported, the share that is."""
    kinds: dict[str, dict[str, dict[str, int]]]
    """Truth → kind → `{right, n}`."""
    confusion: dict[str, dict[str, int]]
    """Truth → verdict → count."""
    bins: tuple[Bin, ...]
    """Reliability, empty bins left out."""
    brier: float | None
    """Mean squared difference of score and truth (Brier 1950): 0 is perfect, 0.25 says nothing."""

    def to_json(self) -> dict[str, Any]:
        """Plain values, for judge.json."""
        return asdict(self)

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def figures(rows: Sequence[tuple[bool, float, str]]) -> JudgeFigures:
    """Figures of a judge.

    Args:
        rows: (is the claim supported, the judge's score 0..1, kind) of every labelled claim.
    """
    confusion: Counter[tuple[bool, bool]] = Counter((truth, score >= THRESHOLD) for truth, score, _ in rows)
    kinds: dict[str, dict[str, dict[str, int]]] = {"supported": {}, "unsupported": {}}
    for truth, score, kind in rows:
        cell = kinds[_name(truth)].setdefault(kind or "（未注明）", {"right": 0, "n": 0})
        cell["n"] += 1
        cell["right"] += truth == (score >= THRESHOLD)
    kept, caught = confusion[True, True], confusion[False, False]
    tpr = Share.of(kept, kept + confusion[True, False])
    tnr = Share.of(caught, caught + confusion[False, True])
    return JudgeFigures(
        n=len(rows),
        balanced_accuracy=(tpr.value + tnr.value) / 2 if tpr and tnr else None,
        tpr=tpr,
        tnr=tnr,
        precision_unsupported=Share.of(caught, caught + confusion[True, False]),
        kinds=kinds,
        confusion={_name(t): {_name(s): confusion[t, s] for s in (True, False)} for t in (True, False)},
        bins=_bins(rows),
        brier=sum((score - truth) ** 2 for truth, score, _ in rows) / len(rows) if rows else None,
    )


def _name(supported: bool) -> str:
    return "supported" if supported else "unsupported"


def _bins(rows: Sequence[tuple[bool, float, str]]) -> tuple[Bin, ...]:
    groups: dict[int, list[tuple[bool, float]]] = {}
    for truth, score, _ in rows:
        groups.setdefault(min(int(score * BINS), BINS - 1), []).append((truth, score))
    return tuple(
        Bin(i / BINS, (i + 1) / BINS, len(g), sum(s for _, s in g) / len(g), sum(t for t, _ in g) / len(g))
        for i, g in sorted(groups.items())
    )


def _lines(f: JudgeFigures) -> list[str]:
    """The table that `wence eval judge` prints."""
    shown = "不适用" if f.balanced_accuracy is None else f"{f.balanced_accuracy:.3f}"
    lines = [
        f"平衡准确率 {shown}（{f.n} 条有标注）",
        f"有依据的认得出 {f.tpr or '不适用'}",
        f"无依据的抓得住（召回率） {f.tnr or '不适用'}",
        f"判为无依据的确实没有（精确率） {f.precision_unsupported or '不适用'}",
        "混淆表        判为有依据  判为无依据",
    ]
    for truth, name in (("supported", "确有依据"), ("unsupported", "确无依据")):
        row = f.confusion[truth]
        lines.append(f"  {name}  {row['supported']:>10}  {row['unsupported']:>10}")
    for truth, name in (("supported", "有依据"), ("unsupported", "无依据")):
        cells = (f"{kind} {c['right']}/{c['n']}" for kind, c in sorted(f.kinds[truth].items()))
        lines.append(f"{name}各类判对：" + "，".join(cells))
    if f.brier is not None:
        lines.append(f"校准（Brier {f.brier:.3f}）：分数段 → 条数、平均分、确有依据的比例")
        lines += [
            f"  {b.low:.1f}–{b.high:.1f}  {b.n:>4}  {b.mean_score:.2f}  {b.supported:.2f}" for b in f.bins
        ]  # fmt: skip
    return lines
