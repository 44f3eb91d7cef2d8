"""A run folder as a report reads it: what is there, and what is missing and how to get it.

Only header.json and outputs.jsonl are needed. Every other file that is absent becomes a line on the report, never
an error and never a silent gap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from evals.folder import GOLD, HEADER, JUDGE, MEASURES, OUTPUTS, QUESTIONS, SCORES, VERDICTS, read_json, read_lines
from evals.intervals import Estimate
from evals.questions import Question, load_questions
from index.errors import InputError

Record = Mapping[str, Any]
ALL = "全部"
"""The key of scores.json that is over all questions."""
LACKS = {
    SCORES: "总分和区间", MEASURES: "逐题分数", VERDICTS: "逐句裁定（忠实度、核对与裁判的分歧）", JUDGE: "裁判自身的成绩",
    QUESTIONS: "标准条款和应说要点",
}  # fmt: skip
"""Files that may be absent, and what a report lacks without them."""


@dataclass(frozen=True, eq=False)
class Run:
    """One run, read whole. Compared by identity."""

    folder: Path
    header: Record
    outputs: tuple[Record, ...]
    """Answer records with `id`, in the order of the dataset."""
    scores: Mapping[str, Mapping[str, Estimate]]
    """Type of question (`全部` first) → measure → estimate; {} when not scored."""
    scored: Record
    """scores.json as it is; {} when not scored."""
    measures: Mapping[str, Record]
    """Lines of measures.jsonl by question id; {} when not measured."""
    verdicts: Mapping[str, tuple[Record, ...]]
    """Lines of verdicts.jsonl by question id; {} when not judged."""
    judge: Record
    """Pin and own figures of the judge; {} when not judged."""
    questions: Mapping[str, Question]
    """By id; {} when the run kept none."""
    gold: Mapping[str, frozenset[str]]
    """Clauses that hold a gold quote, by question id; {} when the run kept none."""

    @property
    def name(self) -> str:
        """What people call it."""
        return self.folder.resolve().name

    @property
    def total(self) -> Mapping[str, Estimate]:
        """Measures over all questions."""
        return self.scores.get(ALL, {})

    @cached_property
    def answers(self) -> Mapping[str, Record]:
        """Answer records by question id."""
        return {str(r["id"]): r for r in self.outputs}

    @property
    def unseen(self) -> bool:
        """Made with questions that nobody should look at while tuning."""
        return "heldout" in str(self.header.get("dataset", ""))

    @property
    def lacks(self) -> list[str]:
        """What a report of this run cannot show, and how to get it."""
        return [
            f"{self.name} 没有 {name}，所以不显示{what}；补上：wence eval score {self.folder}"
            for name, what in LACKS.items()
            if not (self.folder / name).is_file()
        ]


def load_run(folder: Path) -> Run:
    """Read a folder that `wence eval run` made.

    Raises:
        InputError: no run is there, or a file of it is damaged; names file, line and what to do.
    """
    if not is_run(folder):
        raise InputError(
            f"{folder} 里没有 {HEADER} 和 {OUTPUTS}，不是一次评测的结果；请给出 `wence eval run --out` 写成的文件夹"
        )
    outputs = tuple(_rows(folder / OUTPUTS, "id", "question", "sentences", "citations", "retrieved"))
    if not outputs:
        raise InputError(f"{folder / OUTPUTS} 里还没有答案；请用同一命令把这次评测做完")
    scored = _object(folder / SCORES)
    verdicts: dict[str, list[Record]] = {}
    for row in _rows(folder / VERDICTS, "question_id", "claim"):
        verdicts.setdefault(str(row["question_id"]), []).append(row)
    questions = load_questions(folder / QUESTIONS) if (folder / QUESTIONS).is_file() else []
    return Run(
        folder=folder,
        header=_object(folder / HEADER),
        outputs=outputs,
        scores=_estimates(folder / SCORES, scored),
        scored=scored,
        measures={str(row["id"]): row for row in _rows(folder / MEASURES, "id", "measures")},
        verdicts={name: tuple(rows) for name, rows in verdicts.items()},
        judge=_object(folder / JUDGE),
        questions={q.id: q for q in questions},
        gold={name: frozenset().union(*quotes) for name, quotes in _object(folder / GOLD).items()},
    )


def is_run(folder: Path) -> bool:
    """Whether a folder holds a run that can be shown."""
    return (folder / HEADER).is_file() and (folder / OUTPUTS).is_file()


def _estimates(path: Path, scored: Record) -> dict[str, dict[str, Estimate]]:
    try:
        return {
            kind: {name: Estimate(e["value"], e["low"], e["high"], e["n"]) for name, e in means.items()}
            for kind, means in scored.get("scores", {}).items()
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}：字段 scores：应为 {{value, low, high, n}}，实为 {error!r}；请用 wence eval score 重算"
        ) from None


def _object(path: Path) -> dict[str, Any]:
    """A JSON object; {} when the file is absent."""
    found = read_json(path) if path.is_file() else {}
    if not isinstance(found, dict):
        raise InputError(f"{path}：应为 JSON 对象，实为 {type(found).__name__}；请重新打分或重新运行")
    return found


def _rows(path: Path, *needed: str) -> Sequence[Record]:
    """Lines of a file; [] when it is absent."""
    rows = read_lines(path) if path.is_file() else []
    for number, row in enumerate(rows, 1):
        for key in needed:
            if key not in row:
                raise InputError(f"{path} 第 {number} 行：字段 {key}：应有，实为缺失；请重新打分或重新运行")
    return rows
