"""`wence eval judge`: claims and their evidence in, a label, a score and a reason for each out.

Where a line carries a label it is kept as `truth`, and the judge's own figures are printed.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.arguments import Commands, add_command
from index.errors import InputError, StorageError

if TYPE_CHECKING:
    from evals.judge import Judge
    from evals.judge_figures import JudgeFigures

METHODS = ("judge", "guard")
LABELS = ("supported", "unsupported")
_BATCH = 64
"""Claims embedded together; more gains nothing and delays the progress bar."""
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class JudgedFile:
    """What became of a file of claims."""

    counts: dict[str, int]
    """Label → lines; `unscored` counts the lines without a verdict."""
    figures: JudgeFigures | None
    """On the lines that carried a label and got a verdict; None when there are none."""
    ms_a_claim: float


def add_arguments(sub: Commands) -> None:
    """Declare `wence eval judge`."""
    judge = add_command(sub, "judge", "逐条核对论断是否有依据", run)
    judge.add_argument("source", type=Path, metavar="IN.jsonl", help="每行 id、claim、evidence（文字列表），可有 label")
    judge.add_argument(
        "--out", type=Path, required=True, metavar="OUT.jsonl", help="加上 label、score、reason；原有 label 记为 truth"
    )
    judge.add_argument(
        "--method", choices=METHODS, default="judge", help="judge：评测用的裁判（默认）；guard：产品里逐句核对的方法"
    )
    judge.add_argument("--ask-model", action="store_true", help="拿不准的再问所设置的语言模型（只用于 judge）")


def run(options: argparse.Namespace) -> int:
    """wence eval judge IN.jsonl --out OUT.jsonl [--method judge|guard] [--ask-model]."""
    from assistant.model import load_model
    from assistant.settings import load_settings
    from evals.judge import load_judge

    judge = None
    if options.method == "judge":
        model = load_model(load_settings()) if options.ask_model else None
        if options.ask_model and model is None:
            raise InputError("--ask-model 需要语言模型；请设置 WENCE_LLM，或去掉这个选项")
        judge = load_judge(model)
    found = judge_file(options.source, options.out, judge)
    counts = found.counts
    print(f"有依据 {counts['supported']} 条，无依据 {counts['unsupported']} 条；结果在 {options.out}")
    if counts["unscored"]:
        print(f"未评分 {counts['unscored']} 条，原因见 unscored")
    if found.figures:
        print(found.figures)
    print(f"每条 {found.ms_a_claim:.1f} ms")
    return 0


def judge_file(source: Path, out: Path, judge: Judge | None) -> JudgedFile:
    """Judge every line of `source`; `out` appears when all are done.

    Args:
        source: JSON Lines of `id, claim, evidence: [str]`; other fields are kept as they are, `label` as `truth`.
        out: the same lines with `label`, `score` (0..1) and `reason`; a line that could not be judged has
            null for the first two and its reason as `unscored`.
        judge: the evaluators' judge; None uses the guard, the check that stands in the product.

    Raises:
        InputError: a line is not of that shape; names file, line, field, expected and found.
        StorageError: `out` cannot be written.
    """
    from evals.judge_figures import figures

    rows = list(read_claims(source))
    start = time.perf_counter()
    verdicts = list(_progress(_guarded(rows) if judge is None else _judged(rows, judge), len(rows)))
    spent = time.perf_counter() - start
    judged = [_line(row, verdict) for row, verdict in zip(rows, verdicts, strict=True)]
    draft = out.with_name(out.name + ".part")
    try:
        draft.write_text("".join(json.dumps(j, ensure_ascii=False) + "\n" for j in judged), encoding="utf-8")
        draft.replace(out)
    except OSError as error:
        raise StorageError(f"无法写入 {out}（{error.strerror}）；请检查路径和磁盘空间") from None
    known = [
        (j["truth"] == "supported", j["score"], str(j.get("kind", "")))
        for j in judged
        if j.get("truth") in LABELS and j["score"] is not None
    ]
    counts = {label: sum(j["label"] == label for j in judged) for label in LABELS}
    counts["unscored"] = len(judged) - sum(counts.values())
    return JudgedFile(counts, figures(known) if known else None, 1000 * spent / max(1, len(rows)))


def _guarded(rows: Sequence[Row]) -> Iterator[Row]:
    from assistant.guard import check

    for row in rows:
        verdict = check(row["claim"], row["evidence"])
        label = "supported" if verdict.supported else "unsupported"
        yield {"label": label, "score": verdict.score, "reason": verdict.reason}


def _judged(rows: Sequence[Row], judge: Judge) -> Iterator[Row]:
    from evals.judge import Unscored

    for start in range(0, len(rows), _BATCH):
        for found in judge.judge_all([(r["claim"], r["evidence"]) for r in rows[start : start + _BATCH]]):
            if isinstance(found, Unscored):
                yield {"label": None, "score": None, "reason": "", "span": None, "unscored": str(found)}
            else:
                span = list(found.span) if found.span else None
                yield {"label": found.label, "score": found.score, "reason": found.reason, "span": span}


def _progress(verdicts: Iterator[Row], total: int) -> Iterator[Row]:
    from tqdm import tqdm

    yield from tqdm(verdicts, total=total, desc="核对", unit="条", disable=None, leave=False)


def _line(row: Row, verdict: Row) -> Row:
    truth = {"truth": row["label"]} if "label" in row and "truth" not in row else {}
    return {**row, **truth, **verdict}


def read_claims(path: Path) -> Iterator[Row]:
    """Lines of a claims file, checked."""
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"无法读取 {path}（{getattr(error, 'strerror', None) or '不是 UTF-8'}）；应为 JSON Lines"
        ) from None
    seen: set[str] = set()
    for number, line in enumerate(lines, 1):
        if line.strip():
            row = _claim(f"{path} 第 {number} 行", line)
            if row["id"] in seen:
                raise InputError(f"{path} 第 {number} 行：字段 id：应为不重复的编号，实为 {row['id']!r}（前面已有）")
            seen.add(row["id"])
            yield row


def _claim(where: str, line: str) -> Row:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise InputError(f"{where}：不是 JSON（{error}）") from None
    if not isinstance(row, dict):
        raise InputError(f"{where}：字段 （整行）：应为 JSON 对象，实为 {type(row).__name__}")
    evidence = row.get("evidence")
    for key, expected, fits in (
        ("id", "文字或整数", isinstance(row.get("id"), str | int) and not isinstance(row.get("id"), bool)),
        ("claim", "文字", isinstance(row.get("claim"), str)),
        ("evidence", "文字列表", isinstance(evidence, list) and all(isinstance(e, str) for e in evidence)),
    ):
        if not fits:
            found = repr(row[key])[:80] if key in row else "缺失"
            raise InputError(f"{where}：字段 {key}：应为{expected}，实为 {found}")
    return row
