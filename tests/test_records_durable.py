"""Killed, full, unreachable: nothing acknowledged is lost, and nobody loses an answer because of its record."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from assistant.answer import Answer, Rating
from assistant.ask import Assistant
from assistant.records import audit
from assistant.records.answers import Answers
from assistant.records.database import FILE, Database
from assistant.records.tables import AnswerRow, AuditRow, RatingRow
from assistant.web.sites import Sites
from index.errors import InputError, StorageError
from tests.postgres import Cluster
from tests.serving import PAGE, QUESTION, events, running

ROUNDS = 3
Acknowledged = dict[str, set[str]]


class Writers:
    """Processes that write into one store at the same time."""

    def __init__(self, home: Path, url: str, names: Sequence[str]) -> None:
        command = [sys.executable, "-m", "tests.writing", str(home), url]
        self._processes = [
            subprocess.Popen([*command, name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for name in names
        ]

    def run(self, lines: int) -> Acknowledged:
        """What was acknowledged until each had printed so many lines and was killed, in the midst of the next ones."""
        heard = []
        for process in self._processes:
            assert process.stdout and process.stderr
            for _ in range(lines):
                line = process.stdout.readline()
                assert line, process.stderr.read()
                heard.append(line)
        return self.end(heard)

    def end(self, heard: Sequence[str] = ()) -> Acknowledged:
        """Kill them all; what they had printed, the last line only if it is whole."""
        for process in self._processes:
            process.send_signal(signal.SIGKILL)
        found: Acknowledged = {"answer": set(), "rating": set(), "audit": set()}
        for process in self._processes:
            assert process.stdout and process.stderr
            heard = [*heard, *process.stdout.read().splitlines(keepends=True)]
            process.stderr.close()
            process.wait(60)
        for line in heard:
            if line.endswith("\n"):
                kind, name = line.split()
                found[kind].add(name)
        return found


def all_there(database: Database, acknowledged: Acknowledged) -> None:
    with database.read() as session:
        there = {
            "answer": set(session.scalars(select(AnswerRow.id))), "rating": set(session.scalars(select(RatingRow.comment))),
            "audit": {str(n) for n in session.scalars(select(AuditRow.id))},
        }  # fmt: skip
    assert {kind: names - there[kind] for kind, names in acknowledged.items() if names - there[kind]} == {}
    assert acknowledged["answer"] and acknowledged["audit"]
    assert audit.verify(database).broken == 0


def place(request: pytest.FixtureRequest, kind: str) -> str:
    """URL of a new store; "" for SQLite."""
    return str(request.getfixturevalue("postgres").create()) if kind == "postgresql" else ""


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_two_processes_were_told_is_kept_outlives_their_kill(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url, draw = place(request, kind), random.Random()
    Database.open(tmp_path, url).close()
    acknowledged: Acknowledged = {"answer": set(), "rating": set(), "audit": set()}
    for number in range(ROUNDS):
        said = Writers(tmp_path, url, [f"甲{number}", f"乙{number}"]).run(draw.randint(5, 40))
        acknowledged = {key: acknowledged[key] | said[key] for key in said}
        database = Database.open(tmp_path, url)
        all_there(database, acknowledged)
        assert Answers(database).keep(Answer("之后照常"))
        database.close()


def test_what_was_acknowledged_outlives_a_crash_of_the_server(postgres: Cluster, tmp_path: Path) -> None:
    url = postgres.create()
    database = Database.open(tmp_path, url)
    records, sites = Answers(database), Sites(database)
    sites.add("park", origins=[PAGE])
    writers = Writers(tmp_path, url, ["甲", "乙"])
    try:
        heard = [p.stdout.readline() for p in writers._processes for _ in range(30) if p.stdout]
        postgres.stop(signal.SIGQUIT)
        said = writers.end(heard)
        assert not records.keep(Answer("没有记录库")) and not records.rate(Rating("0" * 32, "up"))
        assert records.lost == 2 and "PostgreSQL" in records.trouble
        assert sites.all() == {}, "a store that cannot be read refuses everybody"
    finally:
        postgres.start()
    all_there(database, said)
    assert records.keep(Answer("又有了")) and records.trouble == "" and records.lost == 2
    assert sites.knows(PAGE)


def test_a_full_disk_costs_the_record_and_not_the_answer(
    assistant: Assistant, small_disk: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database.open(small_disk)
    records = Answers(database)
    with (
        running(replace(assistant, records=records), tmp_path, database=database) as server,
        httpx.Client(base_url=server.url, timeout=60) as client,
    ):
        ask = lambda: events(client.post("/api/chat", json={"question": QUESTION}).text)[-1]
        rate = lambda name: client.post("/api/feedback", json={"answer_id": name, "rating": "up"}).json()["kept"]
        kind, first = ask()
        assert kind == "done" and rate(first["answer_id"])
        with pytest.raises(OSError, match="No space"), (small_disk / "filler").open("wb") as filler:
            while True:
                filler.write(b"x" * 4096)
        before = records.lost
        kind, record = ask()
        for _ in range(400):  # what the store has set aside fills up too
            if records.lost == before:
                kind, record = ask()
        assert kind == "done" and "2000 万元" in record["answer"] and records.lost == before + 1
        assert rate(record["answer_id"]) is False
        ask()
        told = [r for r in caplog.records if "没有留存" in r.getMessage()]
        assert len(told) == 1, "the failure is said once"
        metrics = client.get("/metrics").text
        assert f"wence_records_lost_total {float(records.lost)}" in metrics and "wence_records_failing 1.0" in metrics
        (small_disk / "filler").unlink()
        kind, last = ask()
        assert kind == "done" and rate(last["answer_id"]) and records.trouble == ""
        assert "wence_records_failing 0.0" in client.get("/metrics").text
    kept = {row.id for row in records.recent()}
    assert {first["answer_id"], last["answer_id"]} <= kept and record["answer_id"] not in kept


def test_readiness_says_that_records_are_not_kept(assistant: Assistant, tmp_path: Path) -> None:
    records = Answers(Database.open(tmp_path))
    with running(replace(assistant, records=records), tmp_path) as server, httpx.Client(base_url=server.url) as client:
        records.trouble = "记录库 /secret/records.db 出错"
        reply = client.get("/readyz")
        assert reply.status_code == 200 and "没有留存" in reply.json()["detail"] and "secret" not in reply.text


def test_a_file_that_cannot_be_written_is_said_in_one_line(small_disk: Path) -> None:
    database = Database.open(small_disk)
    records = Answers(database)
    assert records.keep(Answer("可写"))
    database.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert not records.keep(Answer("只读")) and records.lost == 1
    with pytest.raises(StorageError, match="请检查磁盘空间和权限"):
        Database.open(small_disk)


def test_a_command_answers_without_a_store(
    wence: Callable[..., object], corpus_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WENCE_RECORD", "true")
    monkeypatch.setenv("WENCE_DATABASE_URL", "postgresql://wence:hidden@127.0.0.1:9/none")
    ran = wence("ask", QUESTION)
    assert ran.status == 0 and "2000 万元" in ran.out
    assert "不会留存" in ran.err and "hidden" not in ran.err and ran.err.count("\n") == 1
    checked = wence("check")
    assert checked.status == 1 and "[失败] 记录库" in checked.out and "hidden" not in checked.out


@pytest.mark.parametrize("content", [b"not a database" * 400, b""])
def test_a_file_that_is_no_store_is_refused_or_made_one(content: bytes, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(content)
    if content:
        with pytest.raises(StorageError, match="记录库"):
            Database.open(tmp_path)
        assert (tmp_path / FILE).read_bytes() == content
    else:
        assert Answers(Database.open(tmp_path)).keep(Answer("空文件"))


@pytest.mark.parametrize("url", ["mysql://a/b", "postgresql", "：//", "sqlite:///x.db"])
def test_a_url_that_cannot_be_used_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="postgresql://"):
        Database.open(tmp_path, url)


def test_other_users_cannot_read_the_store(tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    Answers(database).keep(Answer("谁也别看"))
    modes = {f.name: f.stat().st_mode & 0o077 for f in tmp_path.glob("records.db*")}
    assert set(modes) >= {"records.db", "records.db-wal"} and not any(modes.values())
