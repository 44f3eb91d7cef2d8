"""Rows of many askers in one commit: each waits until its own are on the disk, all of them for the same disk.

Who comes while a commit runs leaves its rows; the next one whose turn it is writes them with its own. On a machine whose
disk or processor is busy one commit takes tens of milliseconds, and 50 askers in a row would wait for 50 of them.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from assistant.records.database import Database
from assistant.records.tables import Table
from index.errors import StorageError

SLOW_S = 1.0
REST_S = 10.0
"""After a failure that took longer than `SLOW_S` nothing is tried for so long: each asker would wait for it in turn."""


@dataclass(frozen=True, slots=True)
class Put:
    """A row to insert; where it is there already, its columns `changes` are set (`Database.put`)."""

    table: type[Table]
    row: dict[str, Any]
    changes: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class _Waiting:
    puts: Sequence[Put]
    done: bool = False
    error: StorageError | None = None


class Together:
    """Group commit into one store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changed = threading.Condition()
        self._waiting: list[_Waiting] = []
        self._writing = False
        self._rest_until = 0.0
        self._last_error: StorageError | None = None

    def write(self, puts: Sequence[Put]) -> None:
        """Returns when the rows are on the disk.

        Raises:
            StorageError: the store failed; none of these rows was kept.
        """
        mine = _Waiting(puts)
        with self._changed:
            self._waiting.append(mine)
            self._changed.wait_for(lambda: mine.done or not self._writing)
            if not mine.done:
                self._writing = True
                batch, self._waiting = self._waiting, []
        if not mine.done:
            try:
                self._commit(batch)
            finally:
                with self._changed:
                    for waiting in batch:
                        waiting.done = True
                    self._writing = False
                    self._changed.notify_all()
        if mine.error:
            raise mine.error

    def _commit(self, batch: Sequence[_Waiting]) -> None:
        begun = time.monotonic()
        error = self._last_error
        if begun >= self._rest_until or error is None:
            error = self._try([put for waiting in batch for put in waiting.puts])
        slow = time.monotonic() - begun > SLOW_S
        if error and slow:
            self._rest_until = time.monotonic() + REST_S
        # One whose rows the store refuses takes nobody else's with it.
        alone = error is not None and not slow and begun >= self._rest_until and len(batch) > 1
        self._last_error = error
        for waiting in batch:
            waiting.error = self._try(waiting.puts) if alone else error

    def _try(self, puts: Sequence[Put]) -> StorageError | None:
        rows: dict[tuple[type[Table], tuple[str, ...]], list[dict[str, Any]]] = defaultdict(list)
        for put in puts:
            rows[put.table, put.changes].append(put.row)
        try:
            with self._database.write() as session:
                for (table, changes), found in rows.items():
                    self._database.put(session, table, *found, changes=changes)
        except StorageError as error:
            return error
        return None
