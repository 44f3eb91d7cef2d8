"""`wence eval compare A B`: is B better than A, on what, and which questions turned?

Runs graded by different judges, or asked from different datasets, are not compared: their figures do not mean the
same thing. `--force` compares them all the same and says so on top.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.arguments import Commands, add_command
from index.errors import InputError

if TYPE_CHECKING:
    from evals.paired import Difference
    from evals.questions import Question

TURNING = (
    "top5", "faithfulness", "citation_recall", "citation_precision", "complete", "must_not_say", "refused_when_due",
    "refused_wrongly", "notices",
)  # fmt: skip
"""Measures by which a question is said to have turned; the others are parts or kinds of these."""


def add_arguments(sub: Commands) -> None:
    """Declare `compare`."""
    command = add_command(sub, "compare", "逐题比较两次评测：差别、区间、显著性、变好变坏的题", run)
    command.add_argument("before", type=Path, metavar="A", help="先前的评测文件夹")
    command.add_argument("after", type=Path, metavar="B", help="后来的评测文件夹")
    command.add_argument("--force", action="store_true", help="裁判或题集不同也比较（结果首行注明）")
    command.add_argument("--show", type=int, default=10, metavar="N", help="并排列出的题数，默认 10")
    command.add_argument("--json", action="store_true", help="输出 JSON")


@dataclass(frozen=True)
class Run:
    """What a comparison needs of a scored run."""

    folder: Path
    header: Mapping[str, Any]
    measures: Mapping[str, Mapping[str, Any]]
    """Lines of measures.jsonl by question id."""

    @classmethod
    def load(cls, folder: Path) -> Run:
        """Read a run.

        Raises:
            InputError: it is no scored run.
        """
        from evals.folder import HEADER, MEASURES, read_json, read_lines

        return cls(folder, read_json(folder / HEADER), {m["id"]: m for m in read_lines(folder / MEASURES)})

    @cached_property
    def answers(self) -> Mapping[str, Mapping[str, Any]]:
        """Answer records by question id."""
        from evals.folder import OUTPUTS, read_lines

        return {row["id"]: row for row in read_lines(self.folder / OUTPUTS)}

    @cached_property
    def verdicts(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Verdicts by question id."""
        from evals.folder import VERDICTS, read_lines

        found: dict[str, list[Mapping[str, Any]]] = {}
        for row in read_lines(self.folder / VERDICTS):
            found.setdefault(row["question_id"], []).append(row)
        return found

    @cached_property
    def questions(self) -> Mapping[str, Question]:
        """Questions by id."""
        from evals.folder import QUESTIONS
        from evals.questions import load_questions

        return {q.id: q for q in load_questions(self.folder / QUESTIONS)}

    @cached_property
    def gold(self) -> Mapping[str, list[list[str]]]:
        """Clause ids of each gold quote by question id."""
        from evals.folder import GOLD, read_json

        found: Mapping[str, list[list[str]]] = read_json(self.folder / GOLD)
        return found

    def why(self, name: str, question_id: str) -> str:
        """Why a measure of one question is what it is."""
        from evals.reasons import reason

        gold = [set(ids) for ids in self.gold[question_id]]
        value = self.measures[question_id]["measures"].get(name)
        answer, verdicts = self.answers[question_id], self.verdicts.get(question_id, ())
        return reason(name, value, self.questions[question_id], answer, gold, verdicts)


@dataclass(frozen=True, slots=True)
class Turned:
    """A question that turned bad or good."""

    id: str
    question: str
    better: bool
    """False when any measure turned bad, whatever else turned good."""
    reasons: tuple[tuple[str, str, str], ...]
    """(measure, why before, why after) for each measure that turned."""
    before: str
    after: str
    """The answers as shown."""

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        why = [{"measure": m, "before": a, "after": b} for m, a, b in self.reasons]
        return {
            "id": self.id, "question": self.question, "better": self.better, "reasons": why, "before": self.before,
            "after": self.after,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs, question by question."""

    before: str
    after: str
    """Names of the folders."""
    questions: int
    """In both runs."""
    warnings: tuple[str, ...]
    """What makes the comparison unsafe, to be said on top; () for runs of the same judge and dataset."""
    notes: tuple[str, ...]
    """What differs between the runs and may explain the differences."""
    differences: tuple[Difference, ...]
    turned: tuple[Turned, ...]
    """Those that turned bad first."""

    def to_json(self) -> dict[str, Any]:
        """For `--json` and for pages."""
        return {
            "before": self.before, "after": self.after, "questions": self.questions, "warnings": list(self.warnings),
            "notes": list(self.notes), "differences": [d.to_json() for d in self.differences],
            "turned": [t.to_json() for t in self.turned],
        }  # fmt: skip


def compare(before: Path, after: Path, force: bool = False) -> Comparison:
    """Compare two scored runs.

    Args:
        before: folder of the earlier run.
        after: folder of the later one.
        force: compare although the judge or the dataset differs; the comparison then carries warnings.

    Raises:
        InputError: a folder is no scored run, nothing is common, or judge or dataset differ without `force`.
    """
    from evals.measures import ABOUT
    from evals.paired import difference, holm

    a, b = Run.load(before), Run.load(after)
    warnings = _warnings(a, b)
    if warnings and not force:
        raise InputError(f"{before} 和 {after} 不能比较：{'；'.join(warnings)}；确要比较请加 --force")
    common = [i for i in a.measures if i in b.measures]
    if not common:
        raise InputError(f"{before} 和 {after} 没有相同的题，无法逐题比较")
    found = []
    for name, about in ABOUT.items():
        values = [(a.measures[i]["measures"].get(name), b.measures[i]["measures"].get(name)) for i in common]
        pairs = [(x, y) for x, y in values if x is not None and y is not None]
        if about.better != "neither" and (d := difference(name, [x for x, _ in pairs], [y for _, y in pairs])):
            found.append(d)
    corrected = [replace(d, p_holm=p) for d, p in zip(found, holm([d.p for d in found]), strict=True)]
    turned = sorted((t for i in common if (t := _turned(a, b, i))), key=lambda t: t.better)
    return Comparison(
        str(before),
        str(after),
        len(common),
        tuple(warnings),
        _notes(a, b, len(common)),
        tuple(corrected),
        tuple(turned),
    )


def _warnings(a: Run, b: Run) -> list[str]:
    found = []
    for key, what in (("judge_sha256", "裁判"), ("dataset_sha256", "题集")):
        then, now = a.header.get(key), b.header.get(key)
        if then != now:
            found.append(f"{what}不同（{str(then)[:12]} 与 {str(now)[:12]}）")
    return found


def _notes(a: Run, b: Run, common: int) -> tuple[str, ...]:
    notes = []
    for key, what in (("git", "代码"), ("index_sha256", "索引"), ("prompts", "提示词"), ("settings", "设置"),
                      ("packages", "依赖"), ("llm", "是否用模型"), ("machine", "机器"), ("today", "日期")):  # fmt: skip
        then, now = a.header.get(key), b.header.get(key)
        if then != now:
            notes.append(what)
    lines = [f"不同之处：{'、'.join(notes)}"] if notes else ["代码、索引、提示词、设置、依赖、机器都相同"]
    for run in (a, b):
        if len(run.measures) > common:
            lines.append(f"{run.folder} 有 {len(run.measures)} 题，只比较两边都有的 {common} 题")
        unscored = sum(bool(m["unscored"]) for m in run.measures.values())
        if unscored:
            lines.append(f"{run.folder} 有 {unscored} 题含未评分的指标，这些指标不参与比较")
    return tuple(lines)


def _turned(a: Run, b: Run, question_id: str) -> Turned | None:
    from evals.measures import ABOUT

    worse: list[str] = []
    better: list[str] = []
    for name in TURNING:
        then, now = (run.measures[question_id]["measures"].get(name) for run in (a, b))
        if then is None or now is None or ABOUT[name].good(then) == ABOUT[name].good(now):
            continue
        (better if ABOUT[name].good(now) else worse).append(name)
    if not worse and not better:
        return None
    why = tuple((name, a.why(name, question_id), b.why(name, question_id)) for name in (*worse, *better))
    answers = [_shown(run.answers[question_id]) for run in (a, b)]
    return Turned(question_id, b.questions[question_id].question, not worse, why, *answers)


def _shown(record: Mapping[str, Any]) -> str:
    return "\n".join([record["answer"], *(f"提示：{n}" for n in record["notices"])])


def run(options: argparse.Namespace) -> int:
    """wence eval compare A B [--force] [--show N] [--json]."""
    import json

    found = compare(options.before, options.after, options.force)
    if options.json:
        print(json.dumps(found.to_json(), ensure_ascii=False))
    else:
        print(text_of(found, options.show))
    return 0


def text_of(found: Comparison, show: int = 10) -> str:
    """A comparison for a terminal; at most `show` turned questions of each kind with both answers."""
    from evals.measures import ABOUT
    from evals.tables import columns

    lines = [f"注意：{w}；下面的差别不能当作产品的变化" for w in found.warnings]
    lines += [f"A {found.before}", f"B {found.after}", f"同题 {found.questions} 道", *found.notes, ""]
    rows = [["指标", "题数", "A", "B", "差", "95% 区间", "升", "降", "检验", "p", "p(Holm)", "结论"]]
    for d in found.differences:
        about = ABOUT[d.measure]
        digits = ".3f" if about.unit == "share" else ".0f"
        rows.append([
            about.heading, str(d.n), about.show(d.before), about.show(d.after), f"{d.value:+{digits}}",
            f"[{d.low:+{digits}}, {d.high:+{digits}}]", str(d.up), str(d.down),
            "McNemar" if d.test == "mcnemar" else "置换", f"{d.p:.4f}", f"{d.p_holm:.4f}", _conclusion(d),
        ])  # fmt: skip
    lines += columns(rows)
    for better, what in ((False, "变坏"), (True, "变好")):
        turned = [t for t in found.turned if t.better is better]
        lines += ["", f"{what}的题 {len(turned)} 道" + ("：" if turned else "")]
        for t in turned[:show]:
            lines += _side_by_side(t)
        if len(turned) > show:
            lines.append(f"另有 {len(turned) - show} 道：{'、'.join(t.id for t in turned[show:])}（--show N 可多看）")
    return "\n".join(lines)


def _conclusion(d: Difference) -> str:
    from evals.measures import ABOUT

    if d.p_holm >= 0.05 or not d.value:
        return "无显著差别"
    return "变好" if (d.value > 0) == (ABOUT[d.measure].better == "higher") else "变坏"


def _side_by_side(t: Turned) -> list[str]:
    import shutil

    from evals.measures import ABOUT
    from evals.tables import beside

    each = max(30, (min(shutil.get_terminal_size((120, 24)).columns, 160) - 3) // 2)
    lines = ["", f"── {t.id} {t.question}"]
    for name, before, after in t.reasons:
        lines += beside(f"{ABOUT[name].heading}：{before}", f"{ABOUT[name].heading}：{after}", each)
    return [*lines, "─" * each + "─┼─" + "─" * each, *beside(t.before, t.after, each)]
