"""`wence eval gate RUN --baseline FILE`: may this build ship?

Exit status, for scripts (unlike the other commands, where 2 is wrong use):

    0  ship: no measure is under its floor, and none fell by more than it may
    1  block: a measure is under its floor, or fell by more than it may and significantly so
    2  inconclusive: a measure fell by more than it may, but so few questions could show it; says how many more it takes
    3  the gate itself broke: wrong use, baseline or run unreadable, other questions, another judge, a judge that
       misses its bar, too many unscored. Never taken for a verdict on the build

A measure's figure is the share of questions that are as good as can be. The test is McNemar's, exact and one-sided
(worse or not), corrected for the number of measures (Holm).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from evals.arguments import Commands, add_command
from index.errors import InputError, WenceError

if TYPE_CHECKING:
    from evals.baseline import Baseline, Gated
    from evals.compare import Run

SHIP, BLOCK, INCONCLUSIVE, BROKEN = 0, 1, 2, 3
MAX_UNSCORED = 0.05
"""Share of a measure's questions that may be unscored; with more, nothing is known and the gate has failed."""
Outcome = Literal["ok", "under_floor", "worse", "maybe_worse"]


@dataclass(frozen=True, slots=True)
class Row:
    """One measure at the gate."""

    measure: str
    n: int
    """Questions that have it in the baseline and in the run."""
    baseline: float
    now: float
    """Shares of those that are as good as can be."""
    floor: float
    allowed_drop: float
    turned_bad: tuple[str, ...]
    """Ids."""
    turned_good: tuple[str, ...]
    p_holm: float
    outcome: Outcome
    more: int | None
    """Further questions it takes to be sure of a drop as large as the one seen; None where none was."""

    @property
    def drop(self) -> float:
        """Share of the questions lost, on balance."""
        return (len(self.turned_bad) - len(self.turned_good)) / self.n


@dataclass(frozen=True, slots=True)
class Decision:
    """What the gate says."""

    status: int
    """SHIP, BLOCK or INCONCLUSIVE."""
    rows: tuple[Row, ...]


def add_arguments(sub: Commands) -> None:
    """Declare `gate`."""
    command = add_command(
        sub, "gate", "与基线比较，决定能否发布：0 放行，1 拦下，2 题数不足以判断，3 门禁自身出错", run
    )
    command.add_argument("folder", type=Path, metavar="文件夹", help="已打分的评测")
    command.add_argument("--baseline", type=Path, required=True, metavar="基线.json", help="`wence eval baseline` 写成")


def run(options: argparse.Namespace) -> int:
    """wence eval gate RUN --baseline FILE."""
    import traceback

    from evals.baseline import read_baseline
    from evals.compare import Run

    try:
        kept = read_baseline(options.baseline)
        now = Run.load(options.folder)
        decision = decide(now, kept)
        print(text_of(decision, now, kept, options.baseline))
        return decision.status
    except WenceError as error:
        print(f"wence：门禁自身出错，不能判断能否发布：{error}", file=sys.stderr)
    except (Exception, KeyboardInterrupt):  # a crash must never look like a verdict, and 1 would
        traceback.print_exc()
        print("wence：门禁自身出错，不能判断能否发布（见上）", file=sys.stderr)
    return BROKEN


def decide(now: Run, kept: Baseline) -> Decision:
    """Hold a scored run against a baseline.

    Raises:
        InputError: the two cannot be compared, or the judge may not be believed.
    """
    from evals.paired import holm
    from evals.power import ALPHA

    _check(now, kept)
    rows = [_row(name, gated, kept.ids, now) for name, gated in kept.measures.items()]
    decided = []
    for row, p in zip(rows, holm([r.p_holm for r in rows]), strict=True):
        outcome: Outcome = "ok"
        if row.now < row.floor:
            outcome = "under_floor"
        elif row.drop > row.allowed_drop:
            outcome = "worse" if p < ALPHA else "maybe_worse"
        more = _more(row, len(rows)) if outcome == "maybe_worse" else None
        decided.append(replace(row, p_holm=p, outcome=outcome, more=more))
    outcomes = {r.outcome for r in decided}
    status = BLOCK if outcomes & {"under_floor", "worse"} else INCONCLUSIVE if "maybe_worse" in outcomes else SHIP
    return Decision(status, tuple(decided))


def _check(now: Run, kept: Baseline) -> None:
    """Whether the run may be held against the baseline at all."""
    from evals.baseline import questions_hash
    from evals.folder import JUDGE, read_json

    if kept.judge_sha256:
        if now.header.get("judge_sha256") != kept.judge_sha256:
            raise InputError(
                f"裁判与基线的不同（这次 {now.header.get('judge_sha256')}，基线 {kept.judge_sha256}）；"
                "裁判改过后请先用原来的代码重做基线"
            )
        if withheld := read_json(now.folder / JUDGE)["withheld"]:
            raise InputError(withheld)
    if now.header.get("llm") != kept.llm:
        modes = {True: "用语言模型", False: "只用条款原文（--no-llm）"}
        raise InputError(f"基线是{modes[kept.llm]}做的，这次是{modes[bool(now.header.get('llm'))]}；请用同样方式评测")
    if (found := questions_hash(now.folder, kept.ids)) != kept.questions_sha256:
        raise InputError(
            f"题目或标注与基线的不同（这次 {found[:12]}，基线 {kept.questions_sha256[:12]}）；题集改过后请重做基线"
        )


def _row(name: str, gated: Gated, ids: tuple[str, ...], now: Run) -> Row:
    """One measure, its p-value not yet corrected and its outcome open."""
    from evals.measures import ABOUT

    about = ABOUT[name]
    had = {i: mark == "1" for i, mark in zip(ids, gated.good, strict=True) if mark != "-"}
    failed = [i for i in had if name in now.measures[i]["unscored"]]
    if len(failed) > MAX_UNSCORED * len(had):
        why = now.measures[failed[0]]["unscored"][name]
        raise InputError(f"{about.heading} 有 {len(failed)}/{len(had)} 题未评分（{why}），过多，无法判断")
    values = {i: about.good(v) for i in ids if (v := now.measures[i]["measures"].get(name)) is not None}
    both = [i for i in had if i in values]
    if not both:
        raise InputError(f"{about.heading} 在这次评测里没有一题可比；请检查评测是否完整")
    bad = tuple(i for i in both if had[i] and not values[i])
    good = tuple(i for i in both if not had[i] and values[i])
    return Row(
        name, len(both), sum(had[i] for i in both) / len(both), sum(values.values()) / len(values), gated.floor,
        gated.allowed_drop, bad, good, _worse(len(bad), len(good)), "ok", None,
    )  # fmt: skip


def _worse(bad: int, good: int) -> float:
    """Exact one-sided p-value of McNemar's test that more questions turned bad than chance would have."""
    from scipy.stats import binomtest

    return float(binomtest(bad, bad + good, alternative="greater").pvalue) if bad + good else 1.0


def _more(row: Row, measures: int) -> int:
    """Further questions, for the strictest of the corrected levels."""
    from evals.power import ALPHA, questions_needed

    needed = questions_needed(len(row.turned_bad) / row.n, len(row.turned_good) / row.n, ALPHA / measures)
    return max(1, (needed or 0) - row.n)


_VERDICTS: Mapping[int, str] = {SHIP: "放行（0）", BLOCK: "拦下（1）", INCONCLUSIVE: "题数不足，不能判断（2）"}
_OUTCOMES: Mapping[Outcome, str] = {
    "ok": "通过", "under_floor": "低于下限", "worse": "明显变差", "maybe_worse": "降得多，未达显著",
}  # fmt: skip


def text_of(decision: Decision, now: Run, kept: Baseline, baseline: Path) -> str:
    """The decision for a terminal, and why."""
    from evals.measures import ABOUT
    from evals.power import ALPHA, POWER, smallest_drop
    from evals.tables import columns

    table = [
        ["指标（全对的题）", "题数", "基线", "这次", "降", "允许", "下限", "变坏", "变好", "p(Holm)", "可查出", "结论"]
    ]
    for r in decision.rows:
        table.append([
            ABOUT[r.measure].heading, str(r.n), f"{r.baseline:.3f}", f"{r.now:.3f}", f"{r.drop:+.3f}",
            f"{r.allowed_drop:.3f}", f"{r.floor:.3f}", str(len(r.turned_bad)), str(len(r.turned_good)),
            f"{r.p_holm:.4f}", f"{smallest_drop(r.n, ALPHA / len(decision.rows)):.3f}", _OUTCOMES[r.outcome],
        ])  # fmt: skip
    lines = [f"门禁：{_VERDICTS[decision.status]}　{now.folder} 对 {baseline}", *columns(table)]
    if not kept.judge_sha256:
        lines.append("做基线时裁判未达标，由它评的指标（忠实、引用）不在门禁之内")
    lines.append(
        f"“可查出”：这么多题以 {POWER:.0%} 的把握能查出的最小降幅（单侧 α={ALPHA:.2f}，按 {len(decision.rows)} 项指标校正）"
    )
    for r in decision.rows:
        if r.more is not None:
            lines.append(
                f"{ABOUT[r.measure].heading}：降 {r.drop:.3f} 超过允许的 {r.allowed_drop:.3f}，但 {r.n} 题还不足以断定；"
                f"若降幅属实，再加 {r.more} 题才有 {POWER:.0%} 的把握查出"
            )
    shown: set[str] = set()
    for r in decision.rows:
        if r.outcome != "ok":
            for question_id in [i for i in r.turned_bad if i not in shown][:_SHOWN]:
                shown.add(question_id)
                question = now.questions[question_id].question
                lines.append(
                    f"  {ABOUT[r.measure].heading} {question_id} {question}：{now.why(r.measure, question_id)}"
                )
    return "\n".join(lines)


_SHOWN = 8
"""Questions listed for each measure that did not pass."""
