"""A run's outputs to its scores, as often as one likes: every measure of every question, means with intervals.

    questions + outputs → rules, retrieval, costs → judge and guard on every claim → measures → means

Writes verdicts.jsonl, measures.jsonl, judge.json and scores.json (see evals/folder.py). Unscored is not zero: a
measure that could not be graded is out of the mean and counted with its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from evals.calibration import Standing, standing
from evals.corrected import corrected
from evals.costs import modes, percentiles
from evals.folder import (
    GOLD,
    HEADER,
    JUDGE,
    JUDGED,
    MEASURES,
    OUTPUTS,
    QUESTIONS,
    SCORES,
    VERDICTS,
    Record,
    read_json,
    read_lines,
    write_json,
    write_lines,
)
from evals.intervals import Estimate, estimate, mean_of_means
from evals.judge import Judge
from evals.measures import ABOUT, Measured, by_rule
from evals.outputs import bar
from evals.questions import load_questions
from evals.tables import columns
from evals.verdicts import Memory, grade
from index.errors import InputError, StorageError, cause

Scores = dict[str, dict[str, Estimate]]
"""Type of question (`全部` first) → name of measure → estimate; a measure that nowhere applies is absent."""
ALL = "全部"


def score_run(folder: Path, judge: Judge, labelled: Memory, labels: Path | None = None) -> Record:
    """Score a finished run and write what was found into its folder.

    Args:
        folder: made by `wence eval run`.
        judge: who grades the claims; what it has judged in this folder before is not judged again.
        labelled: the same judge, remembering the labelled claims from run to run (20 s the first time).
        labels: claims that people of this house have labelled (`wence eval label`); join in the judge's own figures.

    Returns:
        What scores.json holds.

    Raises:
        InputError: the run is not finished, or a file of it is damaged.
        StorageError: the folder cannot be written.
    """
    questions = load_questions(folder / QUESTIONS)
    answers = {row["id"]: row for row in read_lines(folder / OUTPUTS)}
    gold = read_json(folder / GOLD)
    if missing := [q.id for q in questions if q.id not in answers]:
        raise InputError(f"{folder} 还有 {len(missing)} 题没有回答（如 {missing[0]}）；请用原来的命令把评测做完")
    header = read_json(folder / HEADER)
    split = next((s for s in ("dev", "heldout") if s in str(header["dataset"]).split(".")), "")
    measured: list[Measured] = []
    verdicts: list[Record] = []
    try:
        memory = Memory(judge, folder / JUDGED)
        known = standing(labelled, labels)
        for question in tqdm(questions, **bar("评判", len(questions), 0)):
            record = answers[question.id]
            graded = grade(record, memory)
            verdicts += graded.verdicts
            values = by_rule(question, record, [set(ids) for ids in gold[question.id]]) | dict(graded.measures)
            measured.append(Measured(question.id, question.type, split, values, graded.unscored))
    except OSError as error:
        raise StorageError(
            f"无法写入 {folder}（{cause(error)}）；腾出空间后用 wence eval score {folder} 接着评"
        ) from None
    header |= {"judge": known.pin, "judge_sha256": known.pin_sha256}
    found = {"header": header, **summary(measured, verdicts, [answers[q.id] for q in questions], known)}
    write_lines(folder / VERDICTS, verdicts)
    write_lines(folder / MEASURES, (m.to_json() for m in measured))
    write_json(folder / JUDGE, known.to_json())
    write_json(folder / HEADER, header)
    write_json(folder / SCORES, found)
    return found


def summary(
    measured: Sequence[Measured], verdicts: Sequence[Record], answers: Sequence[Record], known: Standing
) -> Record:
    """What scores.json holds beside the header."""
    scores = means(measured, withheld=not known.meets_bar)
    by_question: dict[str, list[bool]] = {}
    for verdict in verdicts:
        # The rates are the judge's; calculations, which no guard and no judge sees, are not corrected by them.
        if verdict["guard"]["label"] and (label := verdict["judge"]["label"]):
            by_question.setdefault(verdict["question_id"], []).append(label == "supported")
    real = corrected(list(by_question.values()), known.rates) if known.meets_bar else None
    times = percentiles(answers)
    return {
        "counts": {ALL: len(measured), **Counter(m.type for m in measured)},
        "answer_ms": {k: times.get("latency_ms", {}).get(k, 0.0) for k in ("p50", "p95")},
        "times_ms": times,
        "modes": modes(answers),
        "models": sorted({str(a["model"]) for a in answers if a.get("model")}),
        "claims": claim_counts(verdicts),
        "unscored": unscored(measured),
        "withheld": known.why_withheld,
        "corrected": {"faithfulness": real.to_json() if real else None},
        "scores": {kind: {n: e.to_json() for n, e in found.items()} for kind, found in scores.items()},
    }


def claim_counts(verdicts: Sequence[Record]) -> dict[str, int]:
    """Claims judged, by label, and those on which judge and guard disagree."""
    judged = [v for v in verdicts if v["judge"]["label"]]
    return {
        "all": len(verdicts),
        "supported": sum(v["judge"]["label"] == "supported" for v in judged),
        "unsupported": sum(v["judge"]["label"] == "unsupported" for v in judged),
        "unscored": len(verdicts) - len(judged),
        "disagreements": sum(v["judge"]["label"] != v["guard"]["label"] for v in judged if v["guard"]["label"]),
    }


def unscored(measured: Sequence[Measured]) -> dict[str, dict[str, int]]:
    """Measure → reason → questions that could not be graded."""
    counts: dict[str, Counter[str]] = {}
    for m in measured:
        for name, reason in m.unscored.items():
            counts.setdefault(name, Counter())[reason] += 1
    return {name: dict(reasons.most_common()) for name, reasons in counts.items()}


def means(measured: Sequence[Measured], withheld: bool = False) -> Scores:
    """Every measure over all questions and by type; those of a judge that missed its bar are left out."""
    groups: dict[str, list[Measured]] = {ALL: list(measured)}
    for m in measured:
        groups.setdefault(m.type, []).append(m)
    return {kind: _means(members, withheld) for kind, members in groups.items()}


def _means(members: Sequence[Measured], withheld: bool) -> dict[str, Estimate]:
    found: dict[str, Estimate] = {}
    for name, about in ABOUT.items():
        if about.judged and withheld:
            continue
        if name == "refusal_balanced":
            kept = [1 - v for v in values_of(members, "refused_wrongly")]
            mean = mean_of_means([values_of(members, "refused_when_due"), kept])
        else:
            mean = estimate(values_of(members, name))
        if mean:
            found[name] = mean
    return found


def values_of(members: Sequence[Measured], name: str) -> list[float]:
    """The values of a measure where it applies and was graded."""
    return [v for m in members if (v := m.measures.get(name)) is not None]


def table(found: Mapping[str, Any]) -> str:
    """Scores as text: every measure with its interval, then by type; `-` where a measure does not apply."""
    scores, counts = found["scores"], found["counts"]
    rows = [["指标", "均值", "95% 区间", "题数"]]
    for name, e in scores[ALL].items():
        show = ABOUT[name].show
        rows.append([ABOUT[name].heading, show(e["value"]), f"[{show(e['low'])}, {show(e['high'])}]", str(int(e["n"]))])
    lines = [*columns(rows), *_remarks(found), ""]
    names = [n for n in BY_TYPE if n in scores[ALL]]
    rows = [["题型", "题数", *(ABOUT[n].heading for n in names)]]
    for kind, of in scores.items():
        rows.append([kind, str(counts[kind]), *(ABOUT[n].show(of[n]["value"]) if n in of else "-" for n in names)])
    return "\n".join([*lines, *columns(rows)])


BY_TYPE = (
    "first", "top5", "faithfulness", "citation_recall", "citation_precision", "complete", "must_not_say",
    "refused_when_due", "refused_wrongly", "notices", "latency_ms",
)  # fmt: skip
"""Measures of the table by type: what fits a terminal of 120 columns."""


def _remarks(found: Mapping[str, Any]) -> list[str]:
    """What must be read beside the means."""
    lines = []
    if real := found["corrected"]["faithfulness"]:
        lines.append(
            f"忠实（按裁判自身误差校正）{real['value']:.3f} [{real['low']:.3f}, {real['high']:.3f}]，{int(real['n'])} 条论断"
        )
    if found["withheld"]:
        lines.append(f"注意：{found['withheld']}")
    for name, reasons in found["unscored"].items():
        told = "；".join(f"{reason}（{n} 题）" for reason, n in reasons.items())
        lines.append(f"未评分 {ABOUT[name].heading} {sum(reasons.values())} 题，不计入均值：{told}")
    claims = found["claims"]
    lines.append(
        f"论断 {claims['all']} 条：有依据 {claims['supported']}，无依据 {claims['unsupported']}，"
        f"未评分 {claims['unscored']}；与核对（guard）不一致 {claims['disagreements']} 条，请先人工看这些"
    )
    written = {"llm": "模型写", "verbatim": "条款原文", "degraded": "其中模型失败退回原文"}
    lines.append("回答方式：" + "，".join(f"{written.get(k, k)} {n} 题" for k, n in found["modes"].items()))
    return lines
