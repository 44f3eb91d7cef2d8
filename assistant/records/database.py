"""The store's connection: SQLite in WENCE_HOME by default, PostgreSQL by URL; opened, brought up to date, shared.

A commit is on the disk before it returns (SQLite: write-ahead log, synchronous FULL; PostgreSQL: its default), so
what was acknowledged outlives a kill.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session

from assistant.records.migrating import migrate
from assistant.records.tables import Table
from index.errors import InputError, StorageError, cause

FILE = "records.db"
BUSY_S = 15
"""A writer waits so long for another."""
LOCK_S = 60
_LOCK = 7_201_955_113
"""Number of PostgreSQL's advisory lock for migrations; any will do, as long as all agree."""
_UNFIT = re.compile("[\x00\ud800-\udfff]")


class Database:
    """An open store, safe to share between threads and processes."""

    def __init__(self, engine: Engine, path: Path | None, version: str, newest: str) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        self._writes = threading.Lock()
        self.path = path
        """File of a SQLite store; None on PostgreSQL."""
        self.version, self.newest = version, newest
        """Of its tables, "" when there are none yet; and the one that this program makes."""

    @classmethod
    def open(cls, home: Path, url: str = "", *, upgrade: bool = True) -> Database:
        """The store of one WENCE_HOME, or at a URL; made or brought up to date when it is not.

        Args:
            home: folder of the SQLite file.
            url: postgresql://user@host/name; "" takes SQLite.
            upgrade: False leaves a store of an earlier version as it is, to be looked at.

        Raises:
            StorageError: it cannot be reached, read or written.
            InputError: the URL cannot be used, or a newer version of this program made the store.
        """
        path = None if url else home / FILE
        engine = _engine(path, url)
        try:
            with _alone(engine, path):
                version, newest = migrate(engine, upgrade)
        except SQLAlchemyError as error:
            raise StorageError(f"打不开记录库 {_named(engine, path)}（{_cause(error)}）；{_remedy(path)}") from None
        except OSError as error:
            raise StorageError(f"打不开记录库 {path}（{cause(error)}）；请检查磁盘空间和权限") from None
        return cls(engine, path, version, newest)

    @property
    def name(self) -> str:
        """The store as a person may see it, without a password."""
        return _named(self._engine, self.path)

    @property
    def url(self) -> str:
        """The store as a driver may see it, with its password; never to be shown."""
        return self._engine.url.render_as_string(hide_password=False)

    @property
    def dialect(self) -> str:
        """sqlite or postgresql."""
        return self._engine.dialect.name

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that changes nothing.

        Raises:
            StorageError: the store failed.
        """
        with self._told(), Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that is committed when the block ends, and undone when it raises.

        Raises:
            StorageError: the store failed; nothing of the block was kept.
        """
        # SQLite has one writer; threads of one process queue here, which is fair, and not at its file lock, which is not.
        queue = self._writes if self.path else threading.Lock()
        with self._told(), queue, Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def raw(self) -> Iterator[Any]:
        """The driver's own connection, in no transaction.

        Raises:
            StorageError: the store failed.
        """
        with self._told():
            connection = self._engine.raw_connection()
            try:
                yield connection.driver_connection
            except self._engine.dialect.loaded_dbapi.Error as error:
                raise StorageError(f"记录库 {self.name} 出错（{cause(error)}）；{_remedy(self.path)}") from error
            finally:
                connection.close()

    def put(self, session: Session, table: type[Table], *rows: Mapping[str, Any], changes: Sequence[str] = ()) -> None:
        """Insert rows with the same columns; where a primary key is there already, set `changes` and leave the rest."""
        statement = (sqlite.insert if self.dialect == "sqlite" else postgresql.insert)(table)
        keys = [column.name for column in inspect(table).primary_key]
        if changes:
            new = {name: statement.excluded[name] for name in changes}
            statement = statement.on_conflict_do_update(index_elements=keys, set_=new)
        else:
            statement = statement.on_conflict_do_nothing(index_elements=keys)
        session.execute(statement, [dict(row) for row in rows])

    def close(self) -> None:
        """Release files and connections."""
        self._engine.dispose()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise StorageError(f"记录库 {self.name} 出错（{_cause(error)}）；{_remedy(self.path)}") from error


def _engine(path: Path | None, url: str) -> Engine:
    if path:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # before SQLite makes it readable to all
        except OSError as error:
            raise StorageError(f"无法写入 {path}（{cause(error)}）；请检查磁盘空间和权限") from None
        engine = create_engine(
            f"sqlite:///{path}", json_serializer=_json, connect_args={"timeout": BUSY_S, "check_same_thread": False}
        )
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        event.listen(engine, "before_cursor_execute", _clean, retval=True)
        return engine
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise InputError("WENCE_DATABASE_URL 无法使用；应为 postgresql://用户:口令@主机:端口/库名") from None
    if parsed.get_backend_name() != "postgresql":
        raise InputError(f"不支持记录库 {parsed.get_backend_name()}；应为 postgresql://…，留空则用 SQLite")
    engine = create_engine(
        parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_size=10, max_overflow=20, json_serializer=_json,
        # A host that has gone without a word is noticed; nothing waits for it for minutes.
        connect_args={"connect_timeout": 10, "tcp_user_timeout": BUSY_S * 1000, "keepalives_idle": 30},
    )  # fmt: skip
    event.listen(engine, "before_cursor_execute", _clean, retval=True)
    return engine


def _json(value: Any) -> str:
    return json.dumps(cleaned(value), ensure_ascii=False)  # escaped, Chinese would take twice the room


def _clean(*event_: Any) -> tuple[str, Any]:
    _, _, statement, parameters, _, _ = event_
    return statement, cleaned(parameters)


def cleaned(value: Any) -> Any:
    """Text, or what holds text, with NUL and halves of characters, which neither store takes, as U+FFFD."""
    if isinstance(value, str):
        return _UNFIT.sub("\ufffd", value)
    if isinstance(value, dict):
        return {key: cleaned(item) for key, item in value.items()}
    return type(value)(map(cleaned, value)) if type(value) in (list, tuple) else value


def _prepare(connection: Any, _: object) -> None:
    connection.isolation_level = None  # the driver would begin by itself, too late and not for reading
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_S * 1000}",
        "secure_delete=ON",  # what retention deletes is overwritten, not only forgotten
    ):  # fmt: skip
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Any) -> None:
    # A transaction that begins by reading and then writes fails when another wrote meanwhile; so writers say so first.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")


@contextmanager
def _alone(engine: Engine, path: Path | None) -> Iterator[None]:
    """One process migrates at a time."""
    if path:
        try:
            with FileLock(path.with_suffix(".lock"), timeout=LOCK_S):
                yield
        except Timeout:
            raise StorageError(f"{path} 正被另一个进程升级；请稍后重试") from None
        return
    with engine.connect() as connection:
        connection.execute(text(f"SELECT pg_advisory_lock({_LOCK})"))
        connection.commit()
        try:
            yield
        finally:
            connection.execute(text(f"SELECT pg_advisory_unlock({_LOCK})"))
            connection.commit()


def _named(engine: Engine, path: Path | None) -> str:
    return str(path) if path else engine.url.render_as_string(hide_password=True)


def _cause(error: SQLAlchemyError) -> str:
    return cause(getattr(error, "orig", None) or error)


def _remedy(path: Path | None) -> str:
    return "请检查磁盘空间和权限" if path else "请确认 PostgreSQL 已启动、WENCE_DATABASE_URL 正确"
