"""A copy of the whole store in one file, made while it is in use, checked, and only then put in its place."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import make_url

from assistant.records.database import Database
from index.errors import InputError, StorageError, cause

_BEGINNINGS = {"sqlite": b"SQLite format 3\0", "postgresql": b"PGDMP"}


def back_up(database: Database, target: Path) -> int:
    """Copy the store into `target`; an earlier backup there is replaced when the new one is whole.

    Returns:
        Bytes.

    Raises:
        InputError: `target` cannot be used, or what PostgreSQL needs is missing.
        StorageError: the store cannot be read, or the copy not written.
    """
    _may_replace(database, target)
    draft = target.with_name(f".{target.name}.part")
    copy: Callable[[Database, Path], None] = _sqlite if database.path else _postgresql
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            copy(database, draft)
            with draft.open("rb+") as file:
                os.fsync(file.fileno())
            draft.replace(target)
        finally:
            for left in (draft, draft.with_name(f"{draft.name}-journal")):
                left.unlink(missing_ok=True)
        return target.stat().st_size
    except OSError as error:
        raise StorageError(f"无法写入 {target}（{cause(error)}）；请检查磁盘空间和权限") from None


def _may_replace(database: Database, target: Path) -> None:
    if target.is_dir():
        raise InputError(f"{target} 是文件夹；请写成文件，如 {target / 'wence-backup.db'}")
    if not target.exists():
        return
    if database.path and target.samefile(database.path):
        raise InputError(f"{target} 就是记录库本身；请换一个文件")
    beginning = _BEGINNINGS[database.dialect]
    try:
        with target.open("rb") as file:
            found = file.read(len(beginning))
    except OSError as error:
        raise StorageError(f"无法读取 {target}（{cause(error)}）；请检查权限") from None
    if found and found != beginning:
        raise InputError(f"{target} 已经存在，且不是备份；请换一个文件")


def _sqlite(database: Database, draft: Path) -> None:
    """All pages within one reading transaction: what is committed meanwhile is not in the copy, and waits for nothing."""
    try:
        with database.raw() as source:
            copy = sqlite3.connect(draft)
            try:
                source.backup(copy)
                copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
                (found,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
            finally:
                copy.close()
    except sqlite3.Error as error:
        raise StorageError(f"备份没有成功（{cause(error)}）；请检查磁盘空间和权限") from None
    if found != "ok":
        raise StorageError(f"备份没有通过检查（{found}）；记录库可能已损坏，请运行 `wence check`")


def _postgresql(database: Database, draft: Path) -> None:
    url = make_url(database.url)
    shown = url.set(password=None, drivername="postgresql").render_as_string()
    program = shutil.which("pg_dump")
    if program is None:
        raise InputError(f"这台机器上没有 pg_dump；请在有它的机器上运行 `pg_dump -Fc -f 备份文件 '{shown}'`")
    secret = {"PGPASSWORD": str(url.password)} if url.password else {}  # a command line is seen by all on a machine
    for command in ([program, "-Fc", "--no-owner", "-f", str(draft), shown], [_beside(program), "--list", str(draft)]):
        ran = subprocess.run(
            command, env=os.environ | secret, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
        )
        if ran.returncode:
            raise StorageError(f"备份没有成功：{' '.join(ran.stderr.split())[:300]}")


def _beside(program: str) -> str:
    return str(Path(program).with_name("pg_restore"))
