"""`wence eval conversations`: records of real conversations → questions to label.

    records → masked again → near-identical ones merged → lines whose labels a person still has to fill

What was answered is not taken over as what should be answered: labels stay empty, and the loader refuses such
lines by name until they are filled.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from assistant.masking import mask
from assistant.records.answers import Answers
from assistant.records.database import Database
from assistant.records.tables import AnswerRow
from evals.folder import write_lines
from evals.schema import UNLABELLED
from evals.sheets import write_workbook
from evals.template import COLUMNS, NOTES, SHEET
from index.errors import InputError, UsageError, cause
from index.regions import mentioned_regions

SAME = 0.65
"""Share of common character pairs (Jaccard) from which two questions with the same figures, denials and places are
one. Among the development questions the closest two that ask different things have 0.56 (…金额, …责任单位); a typo, a
请问 or a 啊 in a question of ten characters leaves 0.67 to 0.77."""
_FIGURES = re.compile(r"\d+(?:\.\d+)?|[一二两三四五六七八九十百千万亿]+")
_DENIALS = re.compile(r"[不没无未非]")


@dataclass(slots=True)
class Asked:
    """One question as it was asked, personal data masked."""

    question: str
    history: tuple[tuple[str, str], ...]
    """(role, content), oldest first."""
    region: str
    said: str = ""
    """What was typed, where `question` is the completed form of a follow-up whose history was not kept."""
    outcome: str = ""
    """What the system did at the time."""
    last: str = ""
    """Day of the latest, YYYY-MM-DD."""
    complaints: tuple[str, ...] = ()
    """One for each answer that was rated down: the comment, "" when none was written."""
    wordings: Counter[str] = field(default_factory=Counter)

    @property
    def times(self) -> int:
        """How often it was asked."""
        return self.wordings.total()

    @property
    def key(self) -> tuple[Any, ...]:
        """What must be the same for two questions to be one: figures, denials, places and the conversation."""
        return (
            tuple(_FIGURES.findall(_plain(self.question))),
            len(_DENIALS.findall(self.question)),
            mentioned_regions(self.question).regions,
            self.region,
            tuple((role, _plain(words)) for role, words in self.history),
        )

    @property
    def pairs(self) -> frozenset[str]:
        """Character pairs of the question."""
        flat = f"^{_plain(self.question)}$"
        return frozenset(flat[i : i + 2] for i in range(len(flat) - 1))


def _plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum())


def read_records(database: Database, since: str) -> Iterator[Asked]:
    """Questions in the store, oldest first.

    Args:
        database: the store.
        since: the first day, YYYY-MM-DD; "" for all.

    Raises:
        InputError: there are no records.
        StorageError: the store cannot be read.
    """
    answers = Answers(database)
    if not answers.recent(limit=1):
        raise InputError(
            f"{database.name} 里没有问答记录；请确认 WENCE_HOME，且 WENCE_RECORD 没有关闭；早先版本的记录用 `wence records import` 导入"
        )
    complaints = answers.comments("down")
    for row in answers.recent(datetime.fromisoformat(since) if since else None):
        asked = _asked(row)
        if row.id in complaints:
            asked.complaints = (mask(complaints[row.id]),)
        if any(c.isalnum() for c in asked.question):
            yield asked


def _asked(row: AnswerRow) -> Asked:
    said = mask(row.question).strip()
    history = tuple((t["role"], mask(t["content"])) for t in row.record.get("history") or ())
    standalone = mask(row.standalone).strip()
    completed = bool(standalone) and not history and _plain(standalone) != _plain(said)
    outcome = f"拒答（{row.reason}）" if row.refused else f"作答，引用 {len(row.record.get('clauses') or ())} 条"
    question = standalone if completed else said
    return Asked(
        question=question,
        history=history,
        region=row.region,
        said=said if completed else "",
        outcome=outcome,
        last=f"{row.time:%Y-%m-%d}",
        wordings=Counter([question]),
    )


def merge(questions: Iterable[Asked], known: Iterable[Asked] = ()) -> list[Asked]:
    """Near-identical questions as one, the commonest wording standing for all; those whose answers people rated down
    first, then the most asked.

    Args:
        questions: in order of time.
        known: questions that are there already; what is like one of them is left out.
    """
    kept: list[Asked] = []
    places: dict[tuple[Any, ...], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    sizes: list[int] = []
    old = 0
    for is_known, asked in [*((True, k) for k in known), *((False, q) for q in questions)]:
        posting, pairs = places[asked.key], asked.pairs
        shared = Counter(i for pair in pairs for i in posting.get(pair, ()))
        same = next(
            (i for i, n in shared.most_common() if n / (len(pairs) + sizes[i] - n) >= SAME), None
        )  # fmt: skip
        if same is None:
            for pair in pairs:
                posting[pair].append(len(kept))
            kept.append(asked)
            sizes.append(len(pairs))
            old += is_known
        elif same >= old:
            there = kept[same]
            there.wordings += asked.wordings
            there.complaints += asked.complaints
            if asked.last >= there.last:
                there.last, there.outcome = asked.last, asked.outcome
    for asked in kept[old:]:
        asked.question = asked.wordings.most_common(1)[0][0]
    return sorted(kept[old:], key=lambda a: (-len(a.complaints), -a.times))


def line_of(asked: Asked) -> dict[str, Any]:
    """A line of the question schema with its labels empty."""
    name = "\x1f".join([_plain(asked.question), asked.region, *(_plain(w) for _, w in asked.history)])
    note = [f"问过 {asked.times} 次，最近 {asked.last}", f"当时{asked.outcome}"]
    if asked.complaints:
        said = "、".join(dict.fromkeys(c for c in asked.complaints if c))
        note.append(f"差评 {len(asked.complaints)} 次" + (f"（{said}）" if said else ""))
    if asked.said:
        note.append(f"原话：{asked.said}（之前的对话没有留存，这里是补全后的问句）")
    return {
        "id": "r" + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:10],
        "question": asked.question,
        "history": [{"role": role, "content": words} for role, words in asked.history],
        "region": asked.region or None,
        "type": UNLABELLED["type"],
        "answerable": UNLABELLED["answerable"],
        "why_not": None,
        "gold": [],
        "gold_mode": "any",
        "must_say": [],
        "must_not_say": [],
        "notices": [],
        "note": "；".join(note),
    }


def _there(path: Path) -> list[dict[str, Any]]:
    """Lines that a person may already have worked on; they are kept as they are."""
    if not path.exists():
        return []
    rows = []
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"无法读取已有的 {path}（{cause(error)}）；请换一个 --out") from None
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                row = json.loads(line)
                rows.append({**row, "id": str(row["id"]), "question": str(row["question"])})
            except (ValueError, KeyError, TypeError):
                raise InputError(f"{path} 第 {number} 行：不是题集的一行；请改好或换一个 --out") from None
    return rows


def _known(row: dict[str, Any]) -> Asked:
    turns = [t for t in row.get("history") or () if isinstance(t, dict)]
    history = tuple((str(t.get("role", "")), str(t.get("content", ""))) for t in turns)
    return Asked(row["question"], history, str(row.get("region") or ""))


def collect(options: argparse.Namespace) -> int:
    """wence eval conversations --out FILE.jsonl|FILE.xlsx [--since DATE]."""
    from assistant.installation import open_database
    from assistant.settings import load_settings

    since = options.since or ""
    if since and not _is_day(since):
        raise UsageError(f"--since 应为 2026-11-01 这样的日期，实为 {since!r}")
    excel = options.out.suffix.lower() == ".xlsx"
    if excel and options.out.exists():
        raise InputError(f"{options.out} 已经存在；请换一个名字，免得盖掉填好的表")
    there = [] if excel else _there(options.out)
    records = list(read_records(open_database(load_settings()), since))
    rows = [line_of(a) for a in merge(records, map(_known, there))]
    if excel:
        write_workbook(options.out, SHEET, COLUMNS, [_cells(row) for row in rows], NOTES)
        then = f"填好后运行 wence eval import {options.out} --out 题集.jsonl"
    else:
        write_lines(options.out, [*there, *rows])
        then = "type 和 answerable 填好之前不能评测；想用表格填，--out 写成 .xlsx"
    kept = f"，已有的 {len(there)} 题不动" if there else ""
    print(f"记录 {len(records)} 条，合并成待标注的新问题 {len(rows)} 题{kept}，写入 {options.out}")
    print(then, file=sys.stderr)
    return 0


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _cells(row: dict[str, Any]) -> list[str]:
    """The row of the sheet for a line: what is known is filled in."""
    speakers = {"user": "用户", "assistant": "助手"}
    filled = {
        "编号": row["id"], "问题": row["question"], "地区": row["region"] or "", "备注": row["note"],
        "历史对话": "\n".join(f"{speakers.get(t['role'], '用户')}：{t['content']}" for t in row["history"]),
    }  # fmt: skip
    return [filled.get(column.heading, "") for column in COLUMNS]
