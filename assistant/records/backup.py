"""A copy of the store in one file, made while it is in use, checked, with the list of library files that it names."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import make_url, select, text

from assistant.records.audit import START
from assistant.records.database import Database
from assistant.records.tables import AuditRow, LibraryRow
from index.errors import InputError, StorageError, cause


@dataclass(frozen=True, slots=True)
class Named:
    """A file of the library as the copied store knows it; fields as in `LibraryRow`."""

    id: str
    name: str
    hash: str
    state: str
    changes: Mapping[str, Any]
    document: str


@dataclass(frozen=True, slots=True)
class Copied:
    """What this very copy of the store says."""

    named: list[Named]
    audit_rows: int
    audit_head: str
    """Hash of the last row of the audit."""


NO_AUDIT = (0, START)


def copy_store(database: Database, draft: Path) -> Copied:
    """Copy the store into `draft`.

    Raises:
        InputError: what PostgreSQL needs is missing.
        StorageError: the store cannot be read, or the copy not written.
    """
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return _sqlite(database, draft) if database.path else _postgresql(database, draft)


def _sqlite(database: Database, draft: Path) -> Copied:
    """All pages within one reading transaction: what is committed meanwhile is not in the copy, and waits for nothing."""
    try:
        with database.raw() as source:
            copy = sqlite3.connect(draft)
            try:
                source.backup(copy)
                copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
                (found,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
                rows = copy.execute("SELECT id, name, hash, state, changes, document FROM library").fetchall()
                last = copy.execute("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1").fetchone()
            finally:
                copy.close()
    except sqlite3.Error as error:
        raise StorageError(f"备份没有成功（{cause(error)}）；请检查磁盘空间和权限") from None
    finally:
        draft.with_name(f"{draft.name}-journal").unlink(missing_ok=True)
    if found != "ok":
        raise StorageError(f"备份没有通过检查（{found}）；记录库可能已损坏，请运行 `wence check`")
    named = [
        Named(i, name, hash_, state, json.loads(changes), document) for i, name, hash_, state, changes, document in rows
    ]
    return Copied(named, *(last or NO_AUDIT))


def _postgresql(database: Database, draft: Path) -> Copied:
    url = make_url(database.url)
    shown = url.set(password=None, drivername="postgresql").render_as_string()
    program = shutil.which("pg_dump")
    if program is None:
        raise InputError(f"这台机器上没有 pg_dump；请在有它的机器上运行 `pg_dump -Fc -f 备份文件 '{shown}'`")
    with database.read() as session:
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        snapshot = session.scalar(text("SELECT pg_export_snapshot()"))  # both see the store as it is at this moment
        rows = session.scalars(select(LibraryRow)).all()
        last = session.execute(select(AuditRow.id, AuditRow.hash).order_by(AuditRow.id.desc()).limit(1)).first()
        named = [Named(r.id, r.name, r.hash, r.state, r.changes, r.document) for r in rows]
        run_tool(
            database.url, [program, "-Fc", "--no-owner", f"--snapshot={snapshot}", "-f", str(draft), shown], "备份"
        )
    run_tool(database.url, [str(Path(program).with_name("pg_restore")), "--list", str(draft)], "备份")
    return Copied(named, *(last or NO_AUDIT))


def run_tool(url: str, command: list[str], doing: str) -> None:
    """Run a program of PostgreSQL's on the store at `url`.

    Raises:
        StorageError: it failed; the message begins with `doing` and has its words.
    """
    password = make_url(url).password
    secret = {"PGPASSWORD": str(password)} if password else {}  # a command line is seen by all on a machine
    ran = subprocess.run(
        command, env=os.environ | secret, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
    )
    if ran.returncode:
        raise StorageError(f"{doing}没有成功：{' '.join(ran.stderr.split())[:300]}")
