"""The judge's own figures for a report: whether its scores may be believed, on what it errs, how calibrated it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evals import plots
from evals import report_words as words
from evals.intervals import Estimate
from evals.judge_figures import Share
from evals.plots import Axis

NO_JUDGE: dict[str, Any] = {
    "trust": {
        "state": "none", "sign": "?", "title": "没有裁判", "rows": [], "scale": "",
        "text": "这次没有请裁判，忠实度和引用分数无从谈起。",
    },
    "calibration": None, "brier": None, "judge_kinds": [], "judge_scale": "", "confusion": [],
}  # fmt: skip


def judge_view(judge: Mapping[str, Any]) -> dict[str, Any]:
    """What the template needs of judge.json; `{}` is no judge."""
    if not judge:
        return NO_JUDGE
    found = judge["figures"]
    bins = [(b["mean_score"], b["supported"], b["n"]) for b in found["bins"]]
    axis = Axis(0, 1)
    return {
        "trust": _trust(judge), "calibration": plots.calibration_chart(bins) if bins else None, "brier": found["brier"],
        "judge_kinds": _kinds(found["kinds"]["unsupported"], axis), "judge_scale": plots.scale(axis),
        "confusion": _confusion(judge["rates"]),
    }  # fmt: skip


def _trust(judge: Mapping[str, Any]) -> dict[str, Any]:
    rates, bar, good = judge["rates"], float(judge["bar"]), bool(judge["meets_bar"])
    counts = {"有据认得出": (rates["kept"], rates["supported"]), "无据抓得住": (rates["caught"], rates["unsupported"])}
    shares = {label: share(*pair) for label, pair in counts.items()}
    axis = Axis(min(0.7, int(min(e.low for e in shares.values()) * 10) / 10), 1)
    name = f"{judge['pin'].get('method', '')} {judge['pin'].get('version', '')}".strip()
    balanced = sum(e.value for e in shares.values()) / 2
    text = f"裁判 {name}，在 {rates['supported'] + rates['unsupported']} 条人工标注论断上平衡准确率 {balanced:.3f}；"
    text += "两项都" if good else "两项须都"
    text += f"高于及格线 {bar:.2f}" + ("。" if good else "，否则由它评的分数不公布。")
    if judge["unscored"]:
        text += f"未能评出 {judge['unscored']} 条，算作判错。"
    return {
        "state": "good" if good else "bad", "sign": "✓" if good else "✕", "text": text,
        "title": "裁判可信" if good else "裁判未达标，分数不采信", "scale": plots.scale(axis, 3),
        "rows": [
            {"label": label, "track": plots.track(e, axis, target=bar, unit="条"), "shown": plots.number(e.value)}
            for label, e in shares.items()
        ],
    }  # fmt: skip


def share(count: int, n: int) -> Estimate:
    """A proportion with its interval; nothing counted says nothing."""
    found = Share.of(count, n)
    return Estimate(found.value, found.low, found.high, found.n) if found else Estimate(0.0, 0.0, 1.0, 0)


def _kinds(kinds: Mapping[str, Mapping[str, int]], axis: Axis) -> list[dict[str, Any]]:
    """For each kind of wrong claim how many are caught, the worst first."""
    rows = [(words.KINDS.get(kind, kind), share(cell["right"], cell["n"])) for kind, cell in kinds.items()]
    rows.sort(key=lambda row: (row[1].value, row[0]))
    return [
        {"label": k, "n": e.n, "track": plots.track(e, axis, unit="条"), "shown": plots.number(e.value)}
        for k, e in rows
    ]


def _confusion(rates: Mapping[str, int]) -> list[dict[str, Any]]:
    kept, caught = rates["kept"], rates["caught"]
    return [
        {"label": "确有依据", "cells": [{"n": kept, "good": True}, {"n": rates["supported"] - kept, "good": False}]},
        {"label": "确无依据", "cells": [{"n": rates["unsupported"] - caught, "good": False}, {"n": caught, "good": True}]},
    ]  # fmt: skip
