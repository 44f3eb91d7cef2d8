"""A baseline: what a build must not fall behind, as a small file that is committed with the code.

For each gated measure it holds one character a question, in the order of its ids: `1` as good as can be, `0` not,
`-` does not apply. Beside them stand the floor and the allowed drop, which people edit; the rest is written by
`wence eval baseline` and checked by `wence eval gate`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.arguments import Commands, add_command
from index.errors import InputError

FORMAT = 1
LIMITS: dict[str, tuple[float, float]] = {
    "first": (0.85, 0.02),
    "top5": (0.95, 0.01),
    "faithfulness": (0.97, 0.01),
    "citation_recall": (0.97, 0.01),
    "citation_precision": (0.97, 0.01),
    "complete": (0.88, 0.02),
    "must_not_say": (0.95, 0.01),
    "refused_when_due": (0.93, 0.02),
    "refused_wrongly": (0.96, 0.01),
    "notices": (0.88, 0.02),
    "verbatim": (0.99, 0.01),
}
"""Gated measures with the floor and the allowed drop of a new baseline, both shares of questions that are as good
as can be (`refused_wrongly`: not refused). Floors lie two to five points under what the product reached when they
were set: far enough that a change of wording passes, near enough that a lost clause or cap does not."""


@dataclass(frozen=True, slots=True)
class Gated:
    """One measure in a baseline."""

    good: str
    """One character a question: 1, 0 or -."""
    floor: float
    allowed_drop: float


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a gate compares with."""

    dataset: str
    ids: tuple[str, ...]
    questions_sha256: str
    """Of the questions as they stood: a changed label makes another baseline necessary."""
    judge_sha256: str
    """Of the judge's pin; "" when no judged measure is gated, because the judge missed its bar."""
    judge: Mapping[str, Any]
    llm: bool
    measures: Mapping[str, Gated]
    git: str = ""
    """Revision that it was made with."""

    def to_json(self) -> dict[str, Any]:
        """As kept in the file."""
        return {
            "format": FORMAT, "dataset": self.dataset, "questions_sha256": self.questions_sha256, "git": self.git,
            "llm": self.llm, "judge_sha256": self.judge_sha256, "judge": dict(self.judge), "ids": " ".join(self.ids),
            "measures": {
                n: {"floor": g.floor, "allowed_drop": g.allowed_drop, "good": g.good} for n, g in self.measures.items()
            },
        }  # fmt: skip


def add_arguments(sub: Commands) -> None:
    """Declare `baseline`."""
    command = add_command(sub, "baseline", "把一次评测定为基线，供 gate 比较", run)
    command.add_argument("folder", type=Path, metavar="文件夹", help="已打分的评测")
    command.add_argument(
        "--out", type=Path, required=True, metavar="基线.json", help="已有此文件时，保留其中的下限和允许降幅"
    )


def run(options: argparse.Namespace) -> int:
    """wence eval baseline RUN --out FILE."""
    from evals.folder import JUDGE, read_json, write_json

    limits = {}
    if options.out.is_file():
        limits = {n: (g.floor, g.allowed_drop) for n, g in read_baseline(options.out).measures.items()}
    made = baseline_of(options.folder, {**LIMITS, **limits})
    write_json(options.out, made.to_json())
    print(f"基线 {options.out}：{len(made.ids)} 题，{len(made.measures)} 项指标，{options.out.stat().st_size} 字节")
    if not made.judge_sha256:
        print(f"注意：{read_json(options.folder / JUDGE)['withheld']}；基线里没有这些指标", file=sys.stderr)
    return 0


def baseline_of(folder: Path, limits: Mapping[str, tuple[float, float]]) -> Baseline:
    """The baseline that a scored run makes.

    Args:
        folder: the run.
        limits: measure → (floor, allowed drop); measures without them are not gated, nor are those that rest on
            a judge which missed its bar.

    Raises:
        InputError: the run is not scored, or it is itself under a floor.
    """
    from evals.compare import Run
    from evals.folder import JUDGE, read_json
    from evals.measures import ABOUT

    scored, judge = Run.load(folder), read_json(folder / JUDGE)
    believed = not judge["withheld"]
    ids = tuple(scored.measures)
    if spaced := [i for i in ids if not i or i.split() != [i]]:
        raise InputError(f"{folder}：题目编号 {spaced[0]!r} 含空白，无法写入基线；请改编号")
    measures = {}
    for name, (floor, allowed) in limits.items():
        if ABOUT[name].judged and not believed:
            continue
        values = [scored.measures[i]["measures"].get(name) for i in ids]
        good = "".join("-" if v is None else str(int(ABOUT[name].good(v))) for v in values)
        if not good.strip("-"):
            continue
        if (share := share_of(good)) < floor:
            raise InputError(
                f"{folder} 的 {ABOUT[name].heading} 只有 {share:.3f}，低于下限 {floor}；请先改进，或在基线文件里调整下限"
            )
        measures[name] = Gated(good, floor, allowed)
    return Baseline(
        dataset=scored.header["dataset"], ids=ids, questions_sha256=questions_hash(folder, ids),
        judge_sha256=judge["pin_sha256"] if believed else "", judge=judge["pin"] if believed else {}, llm=scored.header["llm"], measures=measures,
        git=scored.header["git"],
    )  # fmt: skip


def share_of(good: str) -> float:
    """Share of ones among the questions that a measure applies to."""
    return good.count("1") / (len(good) - good.count("-"))


def questions_hash(folder: Path, ids: Sequence[str]) -> str:
    """SHA-256 over the questions of a run that have these ids, in this order, labels included.

    Raises:
        InputError: the run has not asked one of them.
    """
    from evals.folder import QUESTIONS, read_lines

    rows = {row["id"]: row for row in read_lines(folder / QUESTIONS)}
    if missing := [i for i in ids if i not in rows]:
        raise InputError(f"{folder} 没有问 {len(missing)} 道基线里的题（如 {missing[0]}）；请用 --part-of 重新评测")
    text = "".join(json.dumps(rows[i], ensure_ascii=False, sort_keys=True) for i in ids)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def read_baseline(path: Path) -> Baseline:
    """A baseline file.

    Raises:
        InputError: missing, damaged, or of another format; names file, field, expected and found.
    """
    from evals.measures import ABOUT

    try:
        row = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"无法读取基线 {path}（{error.strerror}）；先用 `wence eval baseline` 生成") from None
    except ValueError as error:
        raise InputError(f"基线 {path} 不是 JSON（{error}）；请用 `wence eval baseline` 重新生成") from None
    try:
        if row["format"] != FORMAT:
            raise InputError(f"基线 {path}：字段 format：应为 {FORMAT}，实为 {row['format']!r}；请重新生成")
        ids = tuple(str(row["ids"]).split())
        measures = {
            n: Gated(str(g["good"]), float(g["floor"]), float(g["allowed_drop"])) for n, g in row["measures"].items()
        }
        made = Baseline(
            str(row["dataset"]), ids, str(row["questions_sha256"]), str(row["judge_sha256"]), row["judge"],
            bool(row["llm"]), measures, str(row["git"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"基线 {path} 缺字段或类型不对（{error!r}）；请用 `wence eval baseline` 重新生成") from None
    for name, gated in made.measures.items():
        where = f"基线 {path}：指标 {name}"
        if name not in ABOUT:
            raise InputError(f"{where}：没有这个指标；可用：{'、'.join(LIMITS)}")
        if len(gated.good) != len(ids) or set(gated.good) - set("10-") or not gated.good.strip("-"):
            raise InputError(
                f"{where}：字段 good：应为 {len(ids)} 个 1、0、-，实为 {len(gated.good)} 个字符；请重新生成"
            )
        for key, value in (("floor", gated.floor), ("allowed_drop", gated.allowed_drop)):
            if not 0 <= value <= 1:
                raise InputError(f"{where}：字段 {key}：应为 0 到 1，实为 {value}")
    if not ids or not made.measures:
        raise InputError(f"基线 {path} 里没有题目或指标；请用 `wence eval baseline` 重新生成")
    return made
