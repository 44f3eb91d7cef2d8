"""`wence records`: what an operator does with the store."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

import index
from assistant.library.vault import corpus_of
from assistant.records import audit
from assistant.records.bundle import back_up
from assistant.records.database import FILE, Database
from assistant.records.earlier import FOLDER, files_of, take_over
from assistant.records.export import WHAT, export
from assistant.records.restoring import restore
from assistant.records.retention import prune
from index.contents import read_documents
from index.errors import InputError, UsageError, WenceError
from index.generation import current_generation, latest_generation

FORMS = ("jsonl", "csv")


def run(options: argparse.Namespace, home: Path, url: str, keep_days: int) -> int:
    """Do what was asked.

    Args:
        options: the command line.
        home: WENCE_HOME.
        url: of the store, as `Database.open` takes it.
        keep_days: how long answers are kept.

    Returns:
        0; 1 for a backup that lacks files.

    Raises:
        WenceError: as what was asked says.
    """
    if options.action == "restore":
        return _restore(options, home, url)
    if options.action != "import" and not url and not (home / FILE).exists():
        # Else a wrong WENCE_HOME would put an empty store in the place of last night's backup.
        raise InputError(f"{home} 里没有记录库；请检查 WENCE_HOME")
    database = Database.open(home, url)
    if options.action == "import":
        return _import(options, home, database)
    if options.action == "backup":
        return _back_up(options, home, database)
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


def _back_up(options: argparse.Namespace, home: Path, database: Database) -> int:
    """wence records backup FILE."""
    target = Path(options.file)
    made = back_up(database, home, target)
    with database.write() as session:
        audit.note(session, audit.operator(), "records.backup", str(target.absolute())[-200:])
    print(
        f"已备份到 {target}（{made.size / 1e6:.1f} MB）：记录库和文件库的原件 {made.files} 份；"
        f"备份时审计 {made.audit_rows} 行，末行校验值 {made.audit_head[:16]}"
    )
    if elsewhere := _elsewhere(home):
        shown = "、".join(elsewhere[:3]) + ("等" if len(elsewhere) > 3 else "")
        print(f"索引还收录了 {shown} 里的文件，不在备份里，请自行备份", file=sys.stderr)
    if made.missing:
        shown = "、".join(made.missing[:3]) + ("等" if len(made.missing) > 3 else "")
        print(
            f"备份不完整：{len(made.missing)} 份原件不在 {home} 或已损坏（{shown}）；"
            "几台服务器共用记录库时，请在存放这些文件的那台上也备份",
            file=sys.stderr,
        )
    return 1 if made.missing else 0


def _elsewhere(home: Path) -> list[str]:
    """Folders outside the library and the program whose files are in the index."""
    own = (corpus_of(home).resolve(), Path(index.__path__[0]).resolve())
    try:
        paths = [Path(noted["path"]) for _, noted in read_documents(current_generation(home))]
    except WenceError:
        return []
    return sorted({str(p.parent) for p in paths if not any(folder in p.parents for folder in own)})


def _restore(options: argparse.Namespace, home: Path, url: str) -> int:
    """wence records restore FILE."""
    back = restore(Path(options.file), home, url)
    print(
        f"已恢复 {back.made} 的备份：原件 {back.files} 份，其中已发布 {back.published} 份；"
        f"审计 {back.chain.rows} 行，末行校验值 {back.chain.head[:16]}，请与备份时显示的核对"
    )
    if latest_generation(home):
        print("这里已有索引，是恢复以前的：请先运行 `wence index`，按恢复的文件更新它，再运行 `wence serve`")
    else:
        print("现在运行 `wence serve`：自动收录已发布的文件和自带的文件；别处的文件请另外 `wence index 路径…`")
    if back.missing:
        print(f"备份时就缺 {len(back.missing)} 份原件：{'、'.join(back.missing[:3])}", file=sys.stderr)
    if back.chain.broken:
        print(f"审计第 {back.chain.broken} 行与前文不符，备份之前就被改动过", file=sys.stderr)
    elif not back.as_backed_up:
        print("审计与备份清单所记不符，备份文件被改动过；请保留现场", file=sys.stderr)
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
