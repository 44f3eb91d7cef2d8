"""Rows of the registered sites, and whether they have changed since one last looked.

Asked several times for each request. SQLite tells by `PRAGMA data_version`, without reading anything, whether anybody
has committed; PostgreSQL is asked for the newest change.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLong
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from assistant.records import audit
from assistant.records.database import Database
from assistant.records.tables import SiteRow, now
from index.errors import StorageError, cause

LONGEST_S = 2.0
"""A store that takes longer to say whether anything changed counts as one that cannot be read."""
Mark = tuple[int, datetime | None]


class Registry:
    """The sites of one store."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._lock = threading.Lock()
        self._version = -1
        self._mark: Mark | None = None
        self._asking = ThreadPoolExecutor(1, "registry")
        self._stuck: Future[Mark] | None = None
        self._own: sqlite3.Connection | None = None
        """A connection of our own: `data_version` tells what others committed since the same connection last asked."""

    def mark(self) -> Mark:
        """Something that is different after every change.

        Raises:
            StorageError: the store cannot be read, or not in time.
        """
        if self.database.dialect == "sqlite":
            with self._lock:
                return self._sqlite_mark()
        # In a thread of its own: who asks is the loop that serves everybody, which must not hang with the store.
        if self._stuck is None or self._stuck.done():
            asked = self._asking.submit(self._read_mark)
            try:
                return asked.result(LONGEST_S)
            except TooLong:
                self._stuck = asked
        raise StorageError(f"记录库 {self.database.name} 没有及时回应；请确认 PostgreSQL 已启动")

    def rows(self) -> list[SiteRow]:
        """All sites by key.

        Raises:
            StorageError: the store cannot be read.
        """
        with self.database.read() as session:
            return list(session.scalars(select(SiteRow).order_by(SiteRow.key)))

    def change(
        self, key: str, edit: Callable[[SiteRow | None], Mapping[str, Any]], person: str, action: str, **detail: Any
    ) -> None:
        """Set a site to what `edit` makes of the row that is there (edition, record), and note who did it.

        Raises:
            StorageError: the store cannot be written.
        """
        with self.database.write() as session:
            old = session.scalars(select(SiteRow).where(SiteRow.key == key).with_for_update()).first()
            row = {"key": key, **edit(old), "changed": now()}
            self.database.put(session, SiteRow, row, changes=("edition", "record", "changed"))
            audit.note(session, person, action, key, **detail)

    def remove(self, key: str, person: str) -> bool:
        """Remove a site; False when there is none.

        Raises:
            StorageError: the store cannot be written.
        """
        with self.database.write() as session:
            row = session.get(SiteRow, key)
            if row is None:
                return False
            session.delete(row)
            audit.note(session, person, "site.remove", key)
        return True

    def _sqlite_mark(self) -> Mark:
        try:
            self._own = self._own or sqlite3.connect(str(self.database.path), check_same_thread=False)
            (version,) = self._own.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error as error:
            raise StorageError(f"无法读取 {self.database.path}（{cause(error)}）；请检查权限") from error
        if version != self._version or self._mark is None:
            self._mark = self._read_mark()
            self._version = version
        return self._mark

    def _read_mark(self) -> Mark:
        with self.database.read() as session:
            count, changed = session.execute(select(func.count(), func.max(SiteRow.changed))).one()
        return count, changed
