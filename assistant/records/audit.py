"""Who did what: rows 1, 2, 3 … without a gap, each with the hash of the row before it.

The store itself refuses to change or delete a row (triggers of migration 0002). Who goes round them, with a tool of
the database, breaks the chain at that row. Who rewrites the whole chain, or cuts off its end, is found out by a head
that was noted elsewhere: `wence check` and every backup print it.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assistant.records.database import Database, cleaned
from assistant.records.tables import AuditRow, now

START = "0" * 64
"""What stands as the hash before the first row."""
_LOCK = 7_201_955_114
"""Number of PostgreSQL's advisory lock for writers of the chain."""
_LONGEST = {"person": 64, "action": 40, "subject": 200}


@dataclass(frozen=True, slots=True)
class Chain:
    """The state of the chain."""

    rows: int
    head: str
    """Hash of the last row, 64 hex digits; `START` when there is none."""
    broken: int = 0
    """First row that does not hold; 0 when all do."""


def note(session: Session, person: str, action: str, subject: str = "", **detail: Any) -> AuditRow:
    """Add a row, as part of what `session` commits; call it last in the block, since it keeps other writers waiting.

    Args:
        session: of `Database.write`.
        person: name of who did it; "" for the program itself.
        action: what was done, as `area.verb` (site.add, person.role, pin.retire).
        subject: to what: a key or an id.
        detail: more, as JSON; no secret and no asker's unmasked words.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))  # SQLite has one writer anyway
    last = session.execute(select(AuditRow.id, AuditRow.hash).order_by(AuditRow.id.desc()).limit(1)).first()
    row = AuditRow(
        id=last.id + 1 if last else 1, time=now(), person=_fit("person", person), action=_fit("action", action),
        subject=_fit("subject", subject), previous=last.hash if last else START,
        detail=cleaned(json.loads(json.dumps(detail, default=str))),
    )  # fmt: skip
    row.hash = _hash(row)
    session.add(row)
    session.flush()
    return row


def operator() -> str:
    """Who runs a command, for `note`: the name on this machine, marked so that it is no account's."""
    try:
        return f"cli:{getpass.getuser()}"
    except (OSError, KeyError):  # a container whose user has no name
        return f"cli:{os.getuid()}"


def verify(database: Database) -> Chain:
    """Read the whole chain and check every row.

    Raises:
        StorageError: the store cannot be read.
    """
    previous, number = START, 0
    with database.read() as session:
        for row in session.scalars(select(AuditRow).order_by(AuditRow.id).execution_options(yield_per=1000)):
            number += 1
            if row.id != number or row.previous != previous or row.hash != _hash(row):
                return Chain(number, previous, number)
            previous = row.hash
    return Chain(number, previous)


def _fit(name: str, text: str) -> str:
    """As the store will give it back."""
    return str(cleaned(text))[: _LONGEST[name]]


def _hash(row: AuditRow) -> str:
    said = [row.id, row.time.isoformat(timespec="microseconds"), row.person, row.action, row.subject, row.detail]
    text = json.dumps([*said, row.previous], ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
