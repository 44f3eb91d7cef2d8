"""Accounts in the store: made, changed, removed, and asked for a password.

Every change is one transaction together with its line in the audit. Who loses a password, a role or the account is
signed out everywhere in the same transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from assistant.people import passwords
from assistant.people.passwords import Passwords
from assistant.people.person import Person, Role, name_of
from assistant.records import audit
from assistant.records.database import Database
from assistant.records.tables import PersonRow, SessionRow, now
from index.errors import InputError

TRIES = 5
LOCK = timedelta(minutes=15)
"""After five wrong passwords in a row: 480 guesses a day, and a person who mistyped waits for one coffee."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account as an admin sees it."""

    person: Person
    active: bool
    locked_until: datetime | None
    """UTC; None is not locked."""
    has_password: bool
    subject: str
    """Issuer and subject of OpenID Connect; "" is not linked."""
    created: datetime


class Accounts:
    """The accounts of one store."""

    def __init__(self, database: Database, hashes: Passwords | None = None) -> None:
        self._database = database
        self._hashes = hashes or Passwords()

    def exist(self) -> bool:
        """Whether anybody has an account, removed ones included."""
        with self._database.read() as session:
            return session.scalar(select(PersonRow.id).limit(1)) is not None

    def all(self) -> list[Account]:
        """All accounts by name, removed ones included."""
        with self._database.read() as session:
            return [_account(row) for row in session.scalars(select(PersonRow).order_by(PersonRow.name))]

    def add(self, name: str, role: Role, password: str = "", shown: str = "", by: str = "") -> Account:
        """A new account, or a removed one again.

        Args:
            name: what is typed to sign in.
            role: any but visitor.
            password: "" signs in by OpenID Connect only, the first time as the one whose name there is `name`.
            shown: what others see; "" shows the name.
            by: name of who does it; "" is the command line.

        Raises:
            InputError: the name is taken or cannot be used, or the password is too weak.
        """
        name, hashed = name_of(name), self._hashed(password, name) if password else ""
        with self._database.write() as session:
            row = _find(session, name)
            if row and row.active:
                raise InputError(
                    f"已有账号 {name}（{Role(row.role).shown}）；可用 `wence people role` 或 `wence people password` 修改"
                )
            again = row is not None
            if row is None:
                row = PersonRow(name=name)
                session.add(row)
            row.role, row.password, row.shown, row.active = role.value, hashed, shown.strip()[:64], True
            row.failures, row.locked_until, row.subject = 0, None, None
            session.flush()
            audit.note(session, by, "person.restore" if again else "person.add", name, role=role.value, password=bool(password))  # fmt: skip
            return _account(row)

    def remove(self, name: str, by: str = "") -> None:
        """Shut an account; its name stays in the audit and is never given to somebody else by accident.

        Raises:
            InputError: no such account, or the last admin.
        """
        with self._database.write() as session:
            admins = _admins(session)
            row = self._changed(session, name)
            _keep_one(admins, row)
            row.active, row.password, row.subject = False, "", None
            audit.note(session, by, "person.remove", row.name)

    def set_role(self, name: str, role: Role, by: str = "") -> None:
        """Give another role.

        Raises:
            InputError: no such account, or the last admin.
        """
        with self._database.write() as session:
            admins = _admins(session)
            row = self._changed(session, name)
            if role is not Role.ADMIN:
                _keep_one(admins, row)
            before, row.role = row.role, role.value
            audit.note(session, by, "person.role", row.name, before=before, after=role.value)

    def set_password(self, name: str, password: str, by: str = "") -> None:
        """Give another password, and unlock.

        Raises:
            InputError: no such account, or the password is too weak.
        """
        name = name_of(name)
        hashed = self._hashed(password, name)
        with self._database.write() as session:
            row = self._changed(session, name)
            row.password, row.failures, row.locked_until = hashed, 0, None
            audit.note(session, by, "person.password", row.name)

    def unlock(self, name: str, by: str = "") -> None:
        """Let somebody try again at once.

        Raises:
            InputError: no such account.
        """
        with self._database.write() as session:
            row = _known(session, name)
            row.failures, row.locked_until = 0, None
            audit.note(session, by, "person.unlock", row.name)

    def link(self, name: str, subject: str, by: str = "") -> None:
        """Let an account sign in by OpenID Connect as one subject; "" ends that.

        Raises:
            InputError: no such account, or the subject belongs to another.
        """
        with self._database.write() as session:
            row = self._changed(session, name)
            holder = session.scalar(select(PersonRow).where(PersonRow.subject == subject)) if subject else None
            if holder and holder.id != row.id:
                raise InputError(f"{subject} 已经属于账号 {holder.name}；请先解除")
            row.subject = subject or None
            audit.note(session, by, "person.link" if subject else "person.unlink", row.name, openid=subject)

    def check(self, name: str, password: str, address: str = "") -> Person | None:
        """The person who signs in; None for a wrong name or password and for a locked account, all taking as long.

        A try is counted before the password is looked at, so that many at the same time are still five.
        """
        name = _spelled(name)
        tried = self._try(name)
        good = self._hashes.holds(tried, password)
        fresh = self._hashes.hash(password) if good and self._hashes.outdated(tried) else tried
        with self._database.write() as session:
            row = _find(session, name)
            if row is None or not good or not row.active or row.password != tried:
                # A name that nobody has is not written down: people type their password there.
                audit.note(session, "", "session.refuse", row.name if row else "", address=address)
                if row and tried and row.failures >= TRIES:
                    audit.note(session, "", "session.lock", row.name, minutes=LOCK // timedelta(minutes=1))
                return None
            row.failures, row.locked_until, row.password = 0, None, fresh
            audit.note(session, row.name, "session.open", row.name, address=address)
            return _person(row)

    def vouched(self, subject: str, name: str, role: Role | None = None, address: str = "") -> Person | None:
        """The person whom a provider of OpenID Connect vouches for; None for a stranger.

        Args:
            subject: issuer and subject.
            name: what the provider calls them; links an account that waits for it, one without password and subject.
            role: what the provider says they are; None leaves the role as it is.
            address: network address that the request came from.
        """
        with self._database.write() as session:
            admins = _admins(session)
            row = session.scalar(select(PersonRow).where(PersonRow.subject == subject).with_for_update())
            if row is None:
                row = _find(session, _spelled(name))
                if row and (row.password or row.subject or not row.active):
                    row = None
            if row is None or not row.active:
                audit.note(session, "", "session.refuse", "", openid=subject, address=address)
                return None
            if row.subject is None:
                row.subject = subject
                audit.note(session, "", "person.link", row.name, openid=subject)
            if role and role.value != row.role and admins != [row.id]:
                session.execute(delete(SessionRow).where(SessionRow.person_id == row.id))
                before, row.role = row.role, role.value
                audit.note(session, "", "person.role", row.name, before=before, after=role.value, openid=subject)
            audit.note(session, row.name, "session.open", row.name, openid=subject, address=address)
            return _person(row)

    def _try(self, name: str) -> str:
        """The hash to look at, one try used up; "" when there is nothing to look at."""
        with self._database.write() as session:
            row = _find(session, name)
            if row is None or not row.active or not row.password:
                return ""
            if row.locked_until:
                if row.locked_until > now():
                    return ""
                row.failures, row.locked_until = 0, None
            row.failures += 1
            if row.failures >= TRIES:
                row.locked_until = now() + LOCK
            return row.password

    def _hashed(self, password: str, name: str) -> str:
        passwords.check(password, name)
        return self._hashes.hash(password)

    def _changed(self, session: Session, name: str) -> PersonRow:
        """An account that is about to change: signed out everywhere."""
        row = _known(session, name)
        session.execute(delete(SessionRow).where(SessionRow.person_id == row.id))
        return row


def _find(session: Session, name: str) -> PersonRow | None:
    return session.scalar(select(PersonRow).where(PersonRow.name == name).with_for_update()) if name else None


def _spelled(name: str) -> str:
    """A name in its one spelling; "" when nobody can be called so."""
    try:
        return name_of(name)
    except InputError:
        return ""


def _known(session: Session, name: str) -> PersonRow:
    row = _find(session, name_of(name))
    if row is None or not row.active:
        raise InputError(f"没有账号 {name}；用 `wence people list` 看有哪些")
    return row


def _admins(session: Session) -> list[str]:
    """Ids of the admins. Two who remove each other at the same time wait here (PostgreSQL; SQLite has one writer)."""
    found = select(PersonRow.id).where(PersonRow.role == Role.ADMIN.value, PersonRow.active).order_by(PersonRow.id)
    return list(session.scalars(found.with_for_update()))


def _keep_one(admins: list[str], row: PersonRow) -> None:
    if admins == [row.id]:
        raise InputError(f"{row.name} 是唯一的管理员；请先用 `wence people add 名字 --role admin` 添加另一位")


def _person(row: PersonRow) -> Person:
    return Person(row.id, row.name, row.shown or row.name, Role(row.role))


def _account(row: PersonRow) -> Account:
    locked = row.locked_until if row.locked_until and row.locked_until > now() else None
    return Account(_person(row), row.active, locked, bool(row.password), row.subject or "", row.created or now())
