"""Records of versions before the store: JSON Lines in WENCE_HOME/records, taken over by `wence records import`.

Taking over twice changes nothing; the files are left where they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from assistant.masking import mask
from assistant.records.database import Database
from assistant.records.tables import AnswerRow, RatingRow
from index.errors import InputError, cause

FOLDER = "records"
AT_ONCE = 500
_DETAILS = ("sentences", "clauses", "retrieved", "notices", "degraded", "usage", "vetting", "timings_ms")


@dataclass(frozen=True, slots=True)
class Taken:
    """What an import did."""

    answers: int
    """New ones."""
    ratings: int
    unreadable: int
    """Lines that hold no record, such as one that a kill cut short."""


def files_of(folder: Path) -> tuple[list[Path], list[Path]]:
    """Files with answers and files with ratings, oldest first."""
    return sorted(folder.glob("answers-*.jsonl")), sorted(folder.glob("feedback-*.jsonl"))


def take_over(database: Database, folder: Path) -> Taken:
    """Copy the records in `folder` into the store, masked once more.

    Raises:
        InputError: a file cannot be read.
        StorageError: the store failed; what was copied before stays and is passed over next time.
    """
    answers, ratings = files_of(folder)
    unreadable: list[Path] = []
    counts = [_copy(database, files, row, unreadable) for files, row in ((answers, _answer), (ratings, _rating))]
    return Taken(counts[0], counts[1], len(unreadable))


def _copy(database: Database, files: list[Path], make: Any, unreadable: list[Path]) -> int:
    new, waiting = 0, []
    for file in files:
        for line in _lines(file):
            try:
                waiting.append(make(json.loads(line)))
            except (ValueError, TypeError, KeyError, AttributeError):
                unreadable.append(file)
            if len(waiting) >= AT_ONCE:
                new, waiting = new + _insert(database, waiting), []
    return new + _insert(database, waiting)


def _insert(database: Database, rows: list[AnswerRow | RatingRow]) -> int:
    new = 0
    with database.write() as session:
        for row in rows:
            if isinstance(row, AnswerRow):
                same = select(AnswerRow.id).filter_by(id=row.id)
            else:
                same = select(RatingRow.answer).filter_by(answer=row.answer, time=row.time, rating=row.rating)
            if session.scalars(same).first() is None:
                session.add(row)
                session.flush()
                new += 1
    return new


def _lines(file: Path) -> Iterator[str]:
    try:
        with file.open(encoding="utf-8", errors="replace", newline="\n") as lines:
            yield from (line for line in lines if line.strip())
    except OSError as error:
        raise InputError(f"无法读取 {file}（{cause(error)}）；请检查权限") from None


def _time(record: dict[str, Any]) -> datetime:
    return datetime.strptime(str(record["time"]), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).replace(tzinfo=None)


def _answer(record: dict[str, Any]) -> AnswerRow:
    question = str(record["question"])
    # The first versions gave answers no id; the line itself then names it, so that it is taken over once.
    name = str(record.get("answer_id") or hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest())
    history = [{"role": str(t["role"]), "content": mask(str(t["content"]))} for t in record.get("history") or ()]
    vetting = record.get("vetting") or []
    timings = record.get("timings_ms") or {}
    return AnswerRow(
        id=name[:32], time=_time(record), region=str(record.get("region") or "")[:20], question=mask(question),
        standalone=mask(str(record.get("standalone_question") or "")), refused=bool(record.get("refused")),
        reason=str(record.get("refusal_reason") or "")[:20], mode=str(record.get("mode") or "verbatim")[:10],
        model=str(record.get("model") or "")[:200], prompt_version=str(record.get("prompt_version") or "")[:64],
        index_version=str(record.get("index_version") or "")[:100], total_ms=float(timings.get("total", 0.0)),
        dropped=sum(v.get("outcome") in ("replaced", "dropped") for v in vetting),
        record={"history": history} | {key: record[key] for key in _DETAILS if key in record},
    )  # fmt: skip


def _rating(record: dict[str, Any]) -> RatingRow:
    return RatingRow(
        time=_time(record), answer=str(record["answer_id"])[:64], rating=str(record["rating"])[:8],
        reason=str(record.get("reason") or "")[:20], comment=mask(str(record.get("comment") or "")),
        site=str(record.get("site") or "")[:40], conversation=str(record.get("conversation") or "")[:32],
    )  # fmt: skip
