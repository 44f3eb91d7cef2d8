"""`wence records`: what an operator does with the store."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

from assistant.records import audit
from assistant.records.backup import back_up
from assistant.records.database import Database
from assistant.records.earlier import FOLDER, files_of, take_over
from assistant.records.export import WHAT, export
from assistant.records.retention import prune
from index.errors import InputError, UsageError

FORMS = ("jsonl", "csv")


def run(options: argparse.Namespace, home: Path, database: Database, keep_days: int) -> int:
    """Do what was asked; exit status 0.

    Raises:
        WenceError: as what was asked says.
    """
    if options.action == "import":
        return _import(options, home, database)
    if options.action == "backup":
        return _back_up(options, database)
    if options.action == "export":
        return _export(options, database)
    return _prune(options, database, keep_days)


def _import(options: argparse.Namespace, home: Path, database: Database) -> int:
    """wence records import [FOLDER]."""
    folder = Path(options.folder) if options.folder else home / FOLDER
    if not any(files_of(folder)):
        raise InputError(f"{folder} 里没有早先版本的记录（answers-*.jsonl、feedback-*.jsonl）；请检查路径")
    taken = take_over(database, folder)
    print(f"导入答案 {taken.answers} 条、评价 {taken.ratings} 条；已在记录库里的不重复导入，原文件不动")
    if taken.unreadable:
        print(f"{taken.unreadable} 行不是完整的记录，已跳过", file=sys.stderr)
    return 0


def _back_up(options: argparse.Namespace, database: Database) -> int:
    """wence records backup FILE."""
    target = Path(options.file)
    size = back_up(database, target)
    chain = audit.verify(database)
    with database.write() as session:
        audit.note(session, audit.operator(), "records.backup", str(target.absolute())[-200:])
    print(f"已备份到 {target}（{size / 1e6:.1f} MB）；备份时审计 {chain.rows} 行，末行校验值 {chain.head[:16]}")
    return 0


def _export(options: argparse.Namespace, database: Database) -> int:
    """wence records export FOLDER|FILE [--what …] [--format …] [--since D]."""
    target = Path(options.target)
    suffix = target.suffix.lower().removeprefix(".")
    single = suffix in FORMS and not target.is_dir()
    if single and not options.what:
        raise UsageError(f"只写一个文件 {target} 时要用 --what 说明导出哪一种：{'、'.join(WHAT)}")
    if single and options.format and options.format != suffix:
        raise UsageError(f"{target} 的后缀与 --format {options.format} 不一致")
    form = suffix if single else options.format or FORMS[0]
    since = _day(options.since) if options.since else None
    kinds = [options.what] if options.what else list(WHAT)
    files = {kind: target if single else target / f"{kind}.{form}" for kind in kinds}
    if there := [str(file) for file in files.values() if file.exists()]:
        raise InputError(f"{there[0]} 已经存在；请换一个名字")
    for kind, file in files.items():
        print(f"{file}：{export(database, kind, file, form, since)} 行")
    with database.write() as session:
        audit.note(session, audit.operator(), "records.export", str(target.absolute())[-200:], what=kinds, form=form)
    return 0


def _prune(options: argparse.Namespace, database: Database, keep_days: int) -> int:
    """wence records prune [--days N]."""
    days = options.days or keep_days
    if not days:
        raise InputError("没有说明保留多少天；请设置 WENCE_KEEP_DAYS，或用 `wence records prune --days 365`")
    done = prune(database, days, audit.operator())
    print(f"已删除 {days} 天以前的答案 {done.answers} 条、评价 {done.ratings} 条、对话 {done.conversations} 个")
    return 0


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise UsageError(f"--since 应为 2026-11-01 这样的日期，实为 {text!r}")
    return day
