"""What was handed in and what became of it, in the store; every step goes into the audit.

    reading → staged → publishing → published → withdrawing → withdrawn (or published again)
       ↓        ↓↑                    ↓↑    ↓↑
    unreadable  rejected      correcting    replaced by a newer version

publishing, correcting and withdrawing are orders: they stand until they have been carried out, also by the next process.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select

from assistant.library.naming import MOST_WAITING
from assistant.library.vault import Kept
from assistant.records import audit
from assistant.records.database import Database
from assistant.records.tables import LibraryRow, new_id, now
from index.errors import InputError

MOST_LISTED = 1000


class State(StrEnum):
    """Where an item stands."""

    READING = "reading"
    UNREADABLE = "unreadable"
    STAGED = "staged"
    REJECTED = "rejected"
    PUBLISHING = "publishing"
    PUBLISHED = "published"
    CORRECTING = "correcting"
    WITHDRAWING = "withdrawing"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"

    @property
    def shown(self) -> str:
        """In Chinese."""
        return _SHOWN[self]


_SHOWN = {
    State.READING: "读取中", State.UNREADABLE: "读不了", State.STAGED: "待审", State.REJECTED: "已退回",
    State.CORRECTING: "改正中", State.PUBLISHING: "发布中", State.PUBLISHED: "已发布", State.WITHDRAWING: "撤回中", State.REPLACED: "已被新版替换",
    State.WITHDRAWN: "已撤回",
}  # fmt: skip
WAITING = (State.READING, State.STAGED)
"""Nobody has decided yet."""
OPEN = (State.STAGED, State.WITHDRAWN)
"""May be corrected and published."""
ORDERED = (State.PUBLISHING, State.CORRECTING, State.WITHDRAWING)
DEAD = (State.UNREADABLE, State.REJECTED, State.WITHDRAWN)
"""May be deleted."""


class Conflict(InputError):
    """Somebody else was faster, or the item is in a state that does not allow what was asked."""


class Missing(InputError):
    """No such item."""


@dataclass(frozen=True, slots=True)
class Item:
    """One file that was handed in; fields as in `LibraryRow`."""

    id: str
    name: str
    hash: str
    size: int
    state: State
    found: Mapping[str, Any]
    changes: Mapping[str, Any]
    version_of: str
    document: str
    earlier: Mapping[str, Any]
    reason: str
    error: str
    uploader: str
    uploaded: datetime
    decider: str
    decided: datetime | None


def changed_meanwhile(name: str) -> str:
    """What a person is told who decides about something else than was looked at."""
    return f"{name} 刚被别人改过，请刷新后再发布"


class Items:
    """The items of one store.

    Args:
        database: the store.
        holds: whether the file with this hash is on this disk.
    """

    def __init__(self, database: Database, holds: Callable[[str], bool] = lambda hash_: True) -> None:
        self._database, self._holds = database, holds

    def here(self, item: Item) -> bool:
        """Whether this home has, or should have, the item's file.

        Servers with homes of their own can share a PostgreSQL store; each works off what was handed in to it.
        """
        return self._database.path is not None or self._holds(item.hash)

    def add(self, name: str, kept: Kept, person: str) -> Item:
        """Note a file that is in the vault; it waits to be read.

        Raises:
            Conflict: the same file waits already or is published, or too many wait.
            StorageError: the store failed.
        """
        with self._database.write() as session:
            same = session.scalars(
                select(LibraryRow).where(LibraryRow.hash == kept.hash, LibraryRow.state.in_((*WAITING, *ORDERED, State.PUBLISHED)))
            ).first()  # fmt: skip
            if same:
                raise Conflict(f"{name} 与 {same.name}（{State(same.state).shown}）完全相同，不必再传")
            waiting = session.scalar(select(func.count()).where(LibraryRow.state.in_(WAITING))) or 0
            if waiting >= MOST_WAITING:
                raise Conflict(f"待审文件已有 {waiting} 份，达到上限 {MOST_WAITING}；请先发布或退回一些")
            row = LibraryRow(
                id=new_id(), name=name, hash=kept.hash, size=kept.size, state=State.READING, found={}, changes={}, earlier={},
                version_of="", document="", reason="", error="", uploader=person, uploaded=now(), decider="",
            )  # fmt: skip
            session.add(row)
            session.flush()
            audit.note(session, person, "library.upload", row.id, name=name, hash=kept.hash, size=kept.size)
            return _item(row)

    def get(self, item_id: str) -> Item:
        """One item.

        Raises:
            Missing: there is none.
        """
        with self._database.read() as session:
            row = session.get(LibraryRow, item_id)
            if row is None:
                raise Missing("文件库里没有这一份，可能已被删除；请刷新")
            return _item(row)

    def all(self) -> list[Item]:
        """The newest `MOST_LISTED`, newest first."""
        with self._database.read() as session:
            rows = session.scalars(select(LibraryRow).order_by(LibraryRow.uploaded.desc(), LibraryRow.id).limit(MOST_LISTED))  # fmt: skip
            return [_item(row) for row in rows]

    def next(self, states: Collection[State]) -> Item | None:
        """The one that has waited longest in one of these states, of those whose file is here."""
        with self._database.read() as session:
            order = (func.coalesce(LibraryRow.decided, LibraryRow.uploaded), LibraryRow.id)
            rows = session.scalars(select(LibraryRow).where(LibraryRow.state.in_(states)).order_by(*order))
            return next((item for row in rows if self.here(item := _item(row))), None)

    def used(self, hash_: str) -> bool:
        """Whether any item needs these bytes; one that could not be read does not."""
        of = select(LibraryRow.id).where(LibraryRow.hash == hash_, LibraryRow.state != State.UNREADABLE)
        with self._database.read() as session:
            return session.scalars(of).first() is not None

    def change(
        self, item_id: str, within: Collection[State], values: Mapping[str, Any], person: str = "", action: str = "",
        others: Mapping[str, State] | None = None, seen: Item | None = None,
        edit: Callable[[Item], Mapping[str, Any]] | None = None, **detail: Any,
    ) -> Item:  # fmt: skip
        """Set columns of an item that is in one of the states `within`.

        Args:
            item_id: which.
            within: the states that allow it.
            values: columns and their values; a state among them.
            person: who does it; "" for the program itself.
            action: for the audit; "" notes nothing.
            others: states of further items that change in the same step.
            seen: the item as it was decided about; what people correct in it must still be the same.
            edit: further columns, made of the item as it stands while nobody else can change it.
            detail: for the audit.

        Raises:
            Missing: there is no such item.
            Conflict: it is in another state, or not as it was seen.
        """
        with self._database.write() as session:
            row = session.scalars(select(LibraryRow).where(LibraryRow.id == item_id).with_for_update()).first()
            if row is None:
                raise Missing("文件库里没有这一份，可能已被删除；请刷新")
            if row.state not in within:
                raise Conflict(f"{row.name} 现在是“{State(row.state).shown}”，不能这样做；请刷新后再看")
            if seen and (dict(row.changes), row.version_of) != (seen.changes, seen.version_of):
                raise Conflict(changed_meanwhile(row.name))
            for name, value in {**values, **(edit(_item(row)) if edit else {})}.items():
                setattr(row, name, value)
            for other, state in (others or {}).items():
                found = session.get(LibraryRow, other)
                if found:
                    found.state = state
            session.flush()
            item = _item(row)
            if action:
                audit.note(session, person, action, item_id, name=item.name, hash=item.hash, **detail)
            return item

    def remove(self, item_id: str, person: str) -> Item:
        """Delete an item that is dead.

        Raises:
            Missing: there is no such item.
            Conflict: it is still needed.
        """
        with self._database.write() as session:
            row = session.scalars(select(LibraryRow).where(LibraryRow.id == item_id).with_for_update()).first()
            if row is None:
                raise Missing("文件库里没有这一份，可能已被删除；请刷新")
            if row.state not in DEAD:
                raise Conflict(f"{row.name} 现在是“{State(row.state).shown}”，不能删除；请先退回或撤回")
            item = _item(row)
            session.delete(row)
            audit.note(session, person, "library.delete", item_id, name=item.name, hash=item.hash, state=item.state)
            return item


def _item(row: LibraryRow) -> Item:
    return Item(
        row.id, row.name, row.hash, row.size, State(row.state), dict(row.found), dict(row.changes), row.version_of, row.document,
        dict(row.earlier), row.reason, row.error, row.uploader, row.uploaded, row.decider, row.decided,
    )  # fmt: skip
