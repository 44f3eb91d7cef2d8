"""Who works with the library, a notice to hand in, and what stands where afterwards."""

from __future__ import annotations

import io
from pathlib import Path

from sqlalchemy import select

from assistant.library.items import Item
from assistant.library.library import Library
from assistant.people.person import Person, Role
from assistant.records.database import Database
from assistant.records.tables import AuditRow
from index.contents import read_documents
from index.generation import current_generation

EDITOR = Person("e" * 32, "编辑甲", "编辑甲", Role.EDITOR)


ADMIN = Person("a" * 32, "管理员甲", "管理员甲", Role.ADMIN)


NOTICE = """上海市科学技术委员会关于支持算力券的通知

沪科规〔2026〕{number}号

各有关单位：

为支持企业使用智能算力，现通知如下：

一、支持对象

在本市登记注册的企业，租用本市智能算力的，可以申请算力券。

二、支持标准

按照实际支付费用的{percent}%给予支持，每家企业每年最高不超过{most}万元。

三、施行日期

本通知自2026年7月1日起施行，有效期至2028年6月30日。

上海市科学技术委员会

2026年6月10日
"""


QUESTION = "算力券每家企业每年最高多少万元"


def notice(number: int = 7, percent: int = 30, most: int = 500) -> bytes:
    return NOTICE.format(number=number, percent=percent, most=most).encode()


def hand_in(library: Library, name: str, data: bytes) -> Item:
    """Handed in and read."""
    (item,) = library.hand_in(io.BytesIO(data), name, EDITOR)
    assert library.reading.wait(300)
    return library.items.get(item.id)


def published(library: Library, name: str, data: bytes) -> Item:
    item = hand_in(library, name, data)
    library.publish(item.id, ADMIN)
    return carried_out(library, item)


def carried_out(library: Library, item: Item) -> Item:
    assert library.publishing.wait(300)
    return library.items.get(item.id)


def clauses_of(library: Library, document_id: str) -> str:
    return "".join(c.text for c in library.published.clauses(document_id))


def names_in(home: Path) -> set[str]:
    return {d.document_id for d, _ in read_documents(current_generation(home))}


def files_in(library: Library) -> list[str]:
    """Files of the library's folder, locks and pictures left out."""
    found = (p for p in library.vault.root.rglob("*") if p.is_file() and p.suffix not in (".lock", ".json"))
    return sorted(p.name for p in found if not p.name.startswith("."))


def actions(database: Database) -> list[tuple[str, str]]:
    with database.read() as session:
        rows = session.execute(select(AuditRow.person, AuditRow.action).order_by(AuditRow.id)).all()
    return [(person, action) for person, action in rows if action.startswith("library.")]
