"""Records as files: JSON Lines for programs, CSV for spreadsheets. Each file appears when it is whole.

A spreadsheet runs what begins with = + - @; such texts get an apostrophe before them (OWASP, “CSV Injection”), the
full-width forms too, which Excel takes for the same.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from assistant.records.database import Database
from assistant.records.tables import (
    AnswerRow,
    AskedRow,
    AuditRow,
    OpenQuestionRow,
    PinExampleRow,
    PinRow,
    RatingRow,
    Table,
)  # fmt: skip
from index.errors import InputError, StorageError, cause

Row = dict[str, Any]
_UNSEEN = " \u3000\u00a0\ufeff\u200b\u200c\u200d\u2060\t\r\n\x0b\x0c"
"""What a spreadsheet may pass over before it takes a cell for a formula."""
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

_TABLES: Mapping[str, tuple[type[Table], str]] = {
    "answers": (AnswerRow, "time"), "ratings": (RatingRow, "time"), "pins": (PinRow, "reviewed"),
    "questions": (OpenQuestionRow, "last"), "audit": (AuditRow, "id"),
}  # fmt: skip
WHAT = tuple(_TABLES)
_SINCE = {"audit": "time"}
"""Where the column of the time is not the one that orders."""
_HEADINGS = {
    "id": "编号", "time": "时间（UTC）", "site": "站点", "conversation": "对话", "person": "人员", "region": "地区",
    "question": "问题", "standalone": "补全后的问题", "refused": "拒答", "reason": "原因", "mode": "方式", "model": "模型",
    "prompt_version": "提示词版本", "index_version": "索引版本", "pin": "人工核定", "dropped": "拦下的句子",
    "total_ms": "用时（毫秒）", "said": "答案", "cited": "引用条款", "notices": "提示", "history": "之前的对话",
    "answer": "答案编号", "rating": "评价", "comment": "意见", "state": "状态", "why": "缘由", "sentences": "句子",
    "clauses": "条款", "reviewer": "核定人", "reviewed": "核定时间（UTC）", "created": "建立时间（UTC）", "version": "版本",
    "wanted": "应当回答", "unwanted": "不应回答", "text": "问法", "owner": "负责人", "due": "期限",
    "first": "首次（UTC）", "last": "最近（UTC）", "note": "备注", "proof": "了结依据", "asked": "问过", "action": "操作",
    "subject": "对象", "detail": "详情", "previous": "上一行的校验值", "hash": "校验值",
}  # fmt: skip


def export(database: Database, what: str, target: Path, form: str, since: date | None = None) -> int:
    """Write one kind of record into a new file.

    Args:
        database: the store.
        what: one of `WHAT`.
        target: the file.
        form: jsonl or csv.
        since: the first day, UTC; None for all.

    Returns:
        Rows written.

    Raises:
        InputError: the file exists.
        StorageError: the store cannot be read, or the file not written.
    """
    if target.exists():
        raise InputError(f"{target} 已经存在；请换一个名字")
    draft = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        # Excel takes a file without this mark for the machine's own encoding.
        encoding = "utf-8-sig" if form == "csv" else "utf-8"
        try:
            with os.fdopen(handle, "w", encoding=encoding, newline="") as file, database.read() as session:
                count = _write(_rows(session, what, since), file, form)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"无法写入 {target}（{cause(error)}）；请检查磁盘空间和权限") from None
    return count


def _write(rows: Iterator[Row], file: IO[str], form: str) -> int:
    count = 0
    table: Any = None
    for count, row in enumerate(rows, 1):  # noqa: B007 - the number of the last is the number of all
        if form == "jsonl":
            file.write(json.dumps(row, ensure_ascii=False, default=_plain) + "\n")
            continue
        row = _flat(row)
        if table is None:
            table = csv.writer(file)
            table.writerow([_HEADINGS[key] for key in row])
        table.writerow([_cell(value) for value in row.values()])
    return count


def _rows(session: Session, what: str, since: date | None) -> Iterator[Row]:
    table, order = _TABLES[what]
    columns = [column.key for column in inspect(table).columns]
    query = select(table).order_by(getattr(table, order)).execution_options(yield_per=500)
    if since:
        moment = getattr(table, _SINCE.get(what, order))
        query = query.where(moment >= datetime(since.year, since.month, since.day))
    more: Callable[[Session, Row], Row] = {"pins": _examples, "questions": _askings}.get(what, lambda *_: {})
    for found in session.scalars(query):
        row = {key: getattr(found, key) for key in columns}
        yield row | more(session, row)


def _examples(session: Session, row: Row) -> Row:
    found = session.scalars(select(PinExampleRow).filter_by(pin_id=row["id"]).order_by(PinExampleRow.id)).all()
    return {"wanted": [e.text for e in found if e.wanted], "unwanted": [e.text for e in found if not e.wanted]}


def _askings(session: Session, row: Row) -> Row:
    found = session.scalars(select(AskedRow).filter_by(open_question_id=row["id"]).order_by(AskedRow.id)).all()
    return {"asked": [{"time": a.time, "text": a.text, "cause": a.cause, "answer": a.answer} for a in found]}


def _flat(row: Row) -> Row:
    """A row of a sheet: what was said and cited instead of the whole record."""
    if "record" not in row:
        return row
    record = row["record"]
    said = {
        "said": "\n".join(s["text"] for s in record.get("sentences") or ()),
        "cited": " ".join(record.get("clauses") or ()),
        "notices": "\n".join(record.get("notices") or ()),
        "history": "\n".join(t["content"] for t in record.get("history") or ()),
    }
    return {key: value for key, value in row.items() if key != "record"} | said


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list) and all(isinstance(v, str) for v in value):
        value = "\n".join(value)
    if isinstance(value, list | dict):
        value = json.dumps(value, ensure_ascii=False, default=_plain)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return f"'{value}" if isinstance(value, str) and value.lstrip(_UNSEEN).startswith(_RUNS) else value


def _plain(value: Any) -> str:
    return f"{value:%Y-%m-%dT%H:%M:%S.%fZ}" if isinstance(value, datetime) else str(value)
