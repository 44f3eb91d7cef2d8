"""What is kept, on SQLite and on PostgreSQL alike: nothing lost, nothing personal, nothing changed afterwards."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import func, inspect, select, text

from assistant.answer import Answer, Asker, Rating, Refusal, Turn
from assistant.ask import Assistant
from assistant.records import audit
from assistant.records.answers import Answers
from assistant.records.database import Database
from assistant.records.migrating import configured
from assistant.records.tables import AuditRow, ConversationRow, RatingRow, Table, now
from assistant.records.together import Put, Together
from assistant.web.sites import Sites
from index.errors import InputError, StorageError
from tests.serving import PAGE, QUESTION, bearer, events, running, token_for

Databases = Callable[[], Database]


def test_answers_conversations_and_ratings_come_back(database: Database) -> None:
    records = Answers(database)
    asker = Asker("上海市", "park", "c" * 32, "p" * 32)
    first = Answer("小升规奖励多少", "小升规奖励多少", timings_ms={"total": 12.34}, index_version="v1")
    second = Answer("离岸孵化器", refused=True, refusal_reason=Refusal.NO_EVIDENCE)
    assert records.keep(first, [Turn("user", "上一句")], asker) and records.keep(second, (), asker)
    assert records.rate(Rating(second.answer_id, "down", "wrong", "回电13812345678", "park", "c" * 32))
    one, two = records.recent()
    assert (one.id, one.question, one.region, one.site, one.total_ms) == (
        first.answer_id,
        first.question,
        "上海市",
        "park",
        12.3,
    )
    assert one.record["history"] == [{"role": "user", "content": "上一句"}]
    assert (two.refused, two.reason) == (True, "no_evidence")
    assert (
        [r.id for r in records.recent(refused=True)]
        == [r.id for r in records.recent(rated="down")]
        == [second.answer_id]
    )
    assert records.recent(site="elsewhere") == [] and len(records.recent(one.time, site="park")) == 2
    assert [r.id for r in records.recent(one.time, two.time)] == [first.answer_id]
    assert [r.id for r in records.recent(limit=1)] == [second.answer_id]
    assert records.comments("down") == {second.answer_id: "回电[手机号]"}
    with database.read() as session:
        conversation = session.get_one(ConversationRow, "c" * 32)
    assert conversation.site == "park" and conversation.started == one.time and conversation.last == two.time


def test_a_server_keeps_what_is_asked_and_rated_with_site_and_conversation(
    database: Database, assistant: Assistant, tmp_path: Path
) -> None:
    records, sites = Answers(database), Sites(database)
    sites.add("park", origins=[PAGE], region="上海市")
    with (
        running(replace(assistant, records=records), tmp_path, database=database, keyless=False) as server,
        httpx.Client(base_url=server.url, timeout=60) as client,
    ):
        granted = token_for(client, "park")
        headers = bearer(granted["token"], Origin=PAGE)
        body = {"question": f"电话13812345678，{QUESTION}"}
        told = [events(client.post("/api/chat", json=body, headers=headers).text)[-1][1] for _ in range(2)]
        rating = {"answer_id": told[1]["answer_id"], "rating": "down", "comment": "a@b.cn"}
        assert client.post("/api/feedback", json=rating, headers=headers).json() == {"kept": True}
        sites.remove("park")
        assert client.post("/api/chat", json=body, headers=headers).status_code == 401
    rows = records.recent(site="park")
    assert [r.id for r in rows] == [t["answer_id"] for t in told]
    assert {(r.conversation, r.region, r.question) for r in rows} == {
        (granted["conversation"], "上海市", f"电话[手机号]，{QUESTION}")
    }
    assert [r.id for r in records.recent(rated="down")] == [told[1]["answer_id"]]
    assert records.comments("down") == {told[1]["answer_id"]: "[邮箱]"}


def test_tables_and_migrations_agree(database: Database) -> None:
    with database.read() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []


def test_migrations_go_back_and_forth(database: Database) -> None:
    noted(database, 1)
    move(database, command.downgrade, "base")
    with database.read() as session:
        assert set(inspect(session.connection()).get_table_names()) == {"alembic_version"}
    move(database, command.upgrade, "head")
    test_tables_and_migrations_agree(database)
    noted(database, 2)
    assert audit.verify(database).rows == 2


def move(database: Database, way: Callable[..., None], version: str) -> None:
    with database.write() as session:
        way(configured(session.connection()), version)


def test_a_store_of_a_newer_version_is_refused_and_left_alone(databases: Databases, tmp_path: Path) -> None:
    database = databases()
    noted(database, 1)
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    home = database.path.parent if database.path else tmp_path
    url = "" if database.path else database.url
    for upgrade in (True, False):
        with pytest.raises(InputError, match="9999 比本程序新"):
            Database.open(home, url, upgrade=upgrade)
    assert audit.verify(database).rows == 1


def test_a_store_of_an_earlier_version_is_brought_up_to_date_by_one_of_many(
    databases: Databases, tmp_path: Path
) -> None:
    database = databases()
    move(database, command.downgrade, "0001")
    home = database.path.parent if database.path else tmp_path
    url = "" if database.path else database.url
    looked = Database.open(home, url, upgrade=False)
    assert (looked.version, looked.newest) == ("0001", database.newest)
    with ThreadPoolExecutor(4) as pool:
        versions = list(pool.map(lambda _: Database.open(home, url).version, range(4)))
    assert versions == [database.newest] * 4


def test_the_chain_has_no_gap_with_many_writers(databases: Databases) -> None:
    database = databases()

    def write(n: int) -> None:
        for k in range(10):
            with database.write() as session:
                audit.note(session, f"人{n}", "site.add", f"{n}-{k}", quota=k)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    chain = audit.verify(database)
    assert (chain.rows, chain.broken) == (80, 0)
    with database.read() as session:
        assert session.get_one(AuditRow, 80).hash == chain.head


@pytest.mark.parametrize("statement", ["UPDATE audit SET person = 'x'", "DELETE FROM audit WHERE id = 2"])
def test_the_store_refuses_to_change_an_audit_row(database: Database, statement: str) -> None:
    noted(database, 3)
    with pytest.raises(StorageError), database.write() as session:
        session.execute(text(statement))
    assert audit.verify(database) == audit.Chain(3, audit.verify(database).head)


@pytest.mark.parametrize(
    ("statement", "row"),
    [
        ("UPDATE audit SET person = '他人' WHERE id = 2", 2),
        ("UPDATE audit SET detail = '{\"n\": 9}' WHERE id = 3", 3),
        ("UPDATE audit SET time = '2020-01-01 00:00:00' WHERE id = 1", 1),
        ("DELETE FROM audit WHERE id = 2", 2),
        ("DELETE FROM audit WHERE id = 1", 1),
        ("UPDATE audit SET id = 9 WHERE id = 3", 3),
    ],
)
def test_a_row_changed_behind_the_stores_back_is_found(database: Database, statement: str, row: int) -> None:
    noted(database, 3)
    unguarded(database)
    with database.write() as session:
        session.execute(text(statement.replace(":", "\\:")))
    assert audit.verify(database).broken == row


def noted(database: Database, rows: int) -> None:
    for n in range(rows):
        with database.write() as session:
            audit.note(session, "王工", "pin.add", f"题{n}", n=n, words="半个字\ud83d与\x00")


def unguarded(database: Database) -> None:
    """Somebody with a tool of the database takes the guards away."""
    with database.write() as session:
        if database.dialect == "sqlite":
            session.execute(text("DROP TRIGGER audit_no_update"))
            session.execute(text("DROP TRIGGER audit_no_delete"))
        else:
            session.execute(text("DROP TRIGGER audit_only_grows ON audit"))


def test_fifty_at_once_share_commits_and_each_is_told_the_truth(databases: Databases) -> None:
    database = databases()
    together, told = Together(database), Counter[bool]()
    lock = threading.Lock()

    def write(n: int) -> None:
        # The store refuses a rating without its word; whoever shares a commit with it must not suffer.
        row = {"answer": f"{n:032d}", "rating": "up" if n % 10 else None, "time": now()}
        try:
            together.write([Put(RatingRow, row)])
            kept = True
        except StorageError:
            kept = False
        with lock:
            told[kept] += 1

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(write, range(200)))
    assert told == {True: 180, False: 20}
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(RatingRow)) == 180
