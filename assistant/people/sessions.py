"""Browsers that have signed in. The cookie holds 256 random bits; the store holds their hash.

A session ends after two hours without a request and after twelve in any case, when its person signs out, and with
every change of password, role or account.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select

from assistant.people.person import Person, Role
from assistant.records import audit
from assistant.records.database import Database
from assistant.records.tables import PersonRow, SessionRow, now

IDLE = timedelta(hours=2)
LONGEST = timedelta(hours=12)
"""One working day with a margin."""
SEEN_EVERY = timedelta(minutes=1)
"""A request is written down this often at most: reading is a millisecond's fraction, writing waits for the disk."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A session that holds."""

    person: Person
    csrf: str
    """What forms and scripts of our own pages must send along."""
    expires: datetime
    """UTC, whatever happens until then."""


class Sessions:
    """The sessions of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, person: Person) -> str:
        """A new session; what the cookie holds. Sessions that have ended are cleared away."""
        key, moment = secrets.token_urlsafe(32), now()
        with self._database.write() as session:
            session.execute(delete(SessionRow).where(or_(SessionRow.expires <= moment, SessionRow.seen <= moment - IDLE)))  # fmt: skip
            session.add(
                SessionRow(
                    key=_hash(key), person_id=person.id, csrf=secrets.token_urlsafe(32), created=moment, seen=moment,
                    expires=moment + LONGEST,
                )
            )  # fmt: skip
        return key

    def find(self, key: str) -> Visit | None:
        """The session of a cookie; None when there is none or it has ended."""
        if not key or len(key) > 64:
            return None
        hashed, moment = _hash(key), now()
        with self._database.read() as session:
            found = session.execute(
                select(SessionRow, PersonRow).join(PersonRow, PersonRow.id == SessionRow.person_id).where(SessionRow.key == hashed)
            ).first()  # fmt: skip
        if found is None:
            return None
        row, who = found
        if row.expires <= moment or row.seen <= moment - IDLE or not who.active:
            return None
        if row.seen <= moment - SEEN_EVERY:
            with self._database.write() as session:
                again = session.get(SessionRow, hashed)
                if again:
                    again.seen = moment
        return Visit(Person(who.id, who.name, who.shown or who.name, Role(who.role)), row.csrf, row.expires)

    def close(self, key: str) -> None:
        """End one session."""
        with self._database.write() as session:
            row = session.get(SessionRow, _hash(key))
            if row:
                who = session.get(PersonRow, row.person_id)
                session.delete(row)
                audit.note(session, who.name if who else "", "session.close", who.name if who else "")


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
