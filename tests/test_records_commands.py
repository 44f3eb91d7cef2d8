"""Backup, export, retention, import and check, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import csv
import json
import shutil
import subprocess
import threading
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from assistant.answer import Answer, Asker, Rating, Refusal, Sentence
from assistant.records import audit
from assistant.records.answers import Answers
from assistant.records.backup import back_up
from assistant.records.database import FILE, Database
from assistant.records.earlier import take_over
from assistant.records.export import WHAT, export
from assistant.records.retention import prune, prune_quietly
from assistant.records.tables import (
    AnswerRow,
    AskedRow,
    AuditRow,
    ConversationRow,
    OpenQuestionRow,
    PinExampleRow,
    PinRow,
    RatingRow,
    now,
)
from assistant.web.chores import every_day
from index.errors import InputError, StorageError
from tests.postgres import Cluster, programs

Wence = Callable[..., Any]


def filled(database: Database) -> Answers:
    """Some of everything."""
    records = Answers(database)
    said = Answer("=HYPERLINK(1)首台套怎么补", sentences=[Sentence("不超过\n“2000 万元”,", (1,), "verbatim")])
    records.keep(said, (), Asker("上海市", "park", "c" * 32))
    records.keep(Answer("＝1+1", refused=True, refusal_reason=Refusal.NO_EVIDENCE))
    records.rate(Rating(said.answer_id, "down", "wrong", "@SUM(A1)"))
    with database.write() as session:
        pin = PinRow(
            question="小升规", sentences=[{"text": "30万元", "clauses": ["a"]}], clauses={"a": {}}, reviewer="王工"
        )
        asked = OpenQuestionRow(text="离岸孵化器", due=date(2026, 12, 1))
        session.add_all([pin, asked])
        session.flush()
        session.add(PinExampleRow(pin_id=pin.id, text="升规", wanted=True))
        session.add(AskedRow(open_question_id=asked.id, answer=said.answer_id, text="离岸", cause="refused"))
    with database.write() as session:
        audit.note(session, "王工", "pin.add", pin.id, why="-1")
    return records


def test_a_backup_made_while_others_write_is_whole(tmp_path: Path) -> None:
    database, stop = Database.open(tmp_path), threading.Event()
    records = filled(database)

    def write() -> None:
        while not stop.is_set():
            records.keep(Answer("边写边备份"))
            with database.write() as session:
                audit.note(session, "甲", "test.write")

    writer = threading.Thread(target=write)
    writer.start()
    copies = [tmp_path / f"copies/{n}" / FILE for n in range(5)]
    try:
        for copy in copies:
            assert back_up(database, copy) == copy.stat().st_size > 0
    finally:
        stop.set()
        writer.join()
    rows = []
    for copy in copies:
        assert copy.stat().st_mode & 0o077 == 0 and [f.name for f in copy.parent.iterdir()] == [FILE]
        restored = Database.open(copy.parent)
        assert audit.verify(restored).broken == 0
        with restored.read() as session:
            rows.append(session.scalar(select(func.count()).select_from(AnswerRow)) or 0)
    assert 2 <= rows[0] <= rows[1] <= rows[2] <= rows[3] <= rows[4]


def test_a_backup_replaces_backups_only(tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    mine, copy = tmp_path / "合同.docx", tmp_path / "copy.db"
    mine.write_text("别盖掉")
    for wrong in (mine, tmp_path, tmp_path / FILE):
        with pytest.raises(InputError):
            back_up(database, wrong)
    assert mine.read_text() == "别盖掉"
    back_up(database, copy)
    filled(database)
    back_up(database, copy)
    shutil.copy(copy, tmp_path / "copies.db")
    (tmp_path / "restored").mkdir()
    copy.rename(tmp_path / "restored" / FILE)
    assert len(Answers(Database.open(tmp_path / "restored")).recent()) == 2


def test_a_backup_that_does_not_fit_leaves_the_earlier_one(tmp_path: Path, small_disk: Path) -> None:
    database = Database.open(tmp_path)
    back_up(database, small_disk / "copy.db")
    before = (small_disk / "copy.db").read_bytes()
    records = Answers(database)
    for _ in range(5):
        records.keep(Answer("问" * 400_000))
    with pytest.raises(StorageError, match="磁盘空间"):
        back_up(database, small_disk / "copy.db")
    assert (small_disk / "copy.db").read_bytes() == before and len(list(small_disk.iterdir())) == 1


def test_a_backup_of_postgresql_comes_back(postgres: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database.open(tmp_path, postgres.create())
    filled(database)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(InputError, match="pg_dump -Fc"):
        back_up(database, tmp_path / "copy.dump")
    folder = programs()
    assert folder
    monkeypatch.setenv("PATH", str(folder))
    back_up(database, tmp_path / "copy.dump")
    url = postgres.create()
    subprocess.run([folder / "pg_restore", "--no-owner", "-d", url, tmp_path / "copy.dump"], check=True)
    restored = Database.open(tmp_path, url)
    assert len(Answers(restored).recent()) == 2 and audit.verify(restored) == audit.verify(database)


def test_json_lines_hold_everything(database: Database, tmp_path: Path) -> None:
    filled(database)
    for kind, rows in zip(WHAT, (2, 1, 1, 1, 1), strict=True):
        file = tmp_path / f"{kind}.jsonl"
        assert export(database, kind, file, "jsonl") == rows
        read = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        assert len(read) == rows and file.stat().st_mode & 0o077 == 0
        if kind == "answers":
            first = next(r for r in read if r["site"])
            assert first["question"].startswith("=") and first["record"]["sentences"][0]["citations"] == [1]
            assert first["time"].endswith("Z")
        if kind == "pins":
            assert read[0]["wanted"] == ["升规"] and read[0]["unwanted"] == []
        if kind == "questions":
            assert read[0]["asked"][0]["cause"] == "refused" and read[0]["due"] == "2026-12-01"
    with pytest.raises(InputError, match="已经存在"):
        export(database, "answers", tmp_path / "answers.jsonl", "jsonl")
    tomorrow = (now() + timedelta(days=1)).date()
    assert export(database, "answers", tmp_path / "later.jsonl", "jsonl", tomorrow) == 0
    assert export(database, "audit", tmp_path / "all.jsonl", "jsonl", now().date()) == 1


def test_a_sheet_opens_in_excel_and_runs_nothing(database: Database, tmp_path: Path) -> None:
    filled(database)
    for kind in WHAT:
        file = tmp_path / f"{kind}.csv"
        export(database, kind, file, "csv")
        assert file.read_bytes().startswith(b"\xef\xbb\xbf")
        rows = list(csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines(keepends=True)))
        assert rows and all(not value.startswith(("=", "@", "＝", "+")) for row in rows for value in row.values())
        if kind == "answers":
            assert {r["问题"] for r in rows} == {"'=HYPERLINK(1)首台套怎么补", "'＝1+1"}
            first = next(r for r in rows if r["站点"])
            assert first["答案"] == "不超过\n“2000 万元”," and first["拒答"] == "否"
        if kind == "ratings":
            assert rows[0]["意见"] == "'@SUM(A1)"


def aged(database: Database, days: int) -> None:
    """Make everything so many days older."""
    past = now() - timedelta(days=days)
    with database.write() as session:
        session.execute(update(AnswerRow).values(time=past))
        session.execute(update(RatingRow).values(time=past))
        session.execute(update(ConversationRow).values(last=past))


def count(database: Database, *tables: type) -> list[int]:
    with database.read() as session:
        return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def test_retention_deletes_what_is_old_and_only_that(database: Database) -> None:
    records = filled(database)
    prune(database, 30)
    assert count(database, AnswerRow, RatingRow, ConversationRow) == [2, 1, 1]
    aged(database, 31)
    records.keep(Answer("今天的"), (), Asker(conversation="d" * 32))
    assert prune(database, 0).any is False
    prune_quietly(database, 30)
    assert count(database, AnswerRow, RatingRow, ConversationRow) == [1, 0, 1]
    assert count(database, PinRow, OpenQuestionRow, AskedRow, PinExampleRow) == [1, 1, 1, 1]
    with database.read() as session:
        last = session.scalars(select(AuditRow).order_by(AuditRow.id.desc())).first()
    assert last and last.action == "records.prune" and last.detail["rows"] == 4 and audit.verify(database).broken == 0


def test_what_was_deleted_is_not_in_the_file_any_more(tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    Answers(database).keep(Answer("暗号是天王盖地虎"))
    aged(database, 9)
    prune(database, 8)
    database.close()
    left = b"".join(f.read_bytes() for f in tmp_path.glob("records.db*"))
    assert b"SQLite" in left and "天王盖地虎".encode() not in left


def test_a_running_server_does_its_chores_and_survives_one_that_fails(database: Database) -> None:
    filled(database)
    aged(database, 9)
    done = asyncio.Event()

    async def run() -> None:
        loop = asyncio.get_running_loop()
        chores = [lambda: 1 / 0, partial(prune_quietly, database, 8), lambda: loop.call_soon_threadsafe(done.set)]
        task = asyncio.create_task(every_day(chores, 0))
        await asyncio.wait_for(done.wait(), 60)
        task.cancel()

    asyncio.run(run())
    assert count(database, AnswerRow) == [0]


def test_records_of_an_earlier_version_are_imported_once(database: Database, tmp_path: Path) -> None:
    answer = {
        "time": "2026-11-01T08:00:00Z", "answer_id": "a" * 32, "question": "回电13812345678", "history": [],
        "region": "上海市", "standalone_question": "回电13812345678", "refused": True, "refusal_reason": "no_evidence",
        "sentences": [{"text": "没有", "citations": [], "support": "notice"}], "clauses": [], "mode": "verbatim",
        "vetting": [{"outcome": "dropped"}], "timings_ms": {"total": 12.5},
    }  # fmt: skip
    rating = {"time": "2026-11-01T08:01:00Z", "answer_id": "a" * 32, "rating": "down", "comment": "a@b.cn", "site": ""}
    lines = [json.dumps(answer), '{"time": "2026-11-2', json.dumps(answer | {"answer_id": "b" * 32})]
    (tmp_path / "answers-2026-11.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "feedback-2026-11.jsonl").write_text(json.dumps(rating) + "\n", encoding="utf-8")
    first, second = take_over(database, tmp_path), take_over(database, tmp_path)
    assert (first.answers, first.ratings, first.unreadable) == (2, 1, 1)
    assert (second.answers, second.ratings) == (0, 0)
    records = Answers(database)
    row = records.recent()[0]
    assert (row.question, row.reason, row.dropped, row.total_ms) == ("回电[手机号]", "no_evidence", 1, 12.5)
    assert records.comments("down") == {"a" * 32: "[邮箱]"}


def test_the_commands_say_what_they_did(wence: Wence, tmp_path: Path) -> None:
    home = tmp_path / "home"
    filled(Database.open(home))
    ran = wence("records", "backup", str(tmp_path / "copy.db"), home=home)
    assert ran.status == 0 and "已备份" in ran.out and "审计 1 行" in ran.out
    assert wence("records", "export", str(tmp_path / "out"), home=home).status == 0
    assert {f.name for f in (tmp_path / "out").iterdir()} == {f"{kind}.jsonl" for kind in WHAT}
    again = wence("records", "export", str(tmp_path / "out"), home=home)
    assert again.status == 1 and "已经存在" in again.err
    one = wence("records", "export", str(tmp_path / "a.csv"), "--what", "answers", "--since", "2026-01-01", home=home)
    assert one.status == 0 and "2 行" in one.out
    for wrong in (
        [str(tmp_path / "b.csv")],
        [str(tmp_path / "c"), "--since", "昨天"],
        [str(tmp_path / "c"), "--what", "x"],
    ):
        assert wence("records", "export", *wrong, home=home).status == 2
    nothing = wence("records", "prune", home=home)
    assert nothing.status == 1 and "WENCE_KEEP_DAYS" in nothing.err
    assert "答案 0 条" in wence("records", "prune", "--days", "30", home=home).out
    missing = wence("records", "import", home=home)
    assert missing.status == 1 and missing.err.count("\n") == 1
    with Database.open(home).read() as session:
        rows = [
            (r.person.startswith("cli:"), r.action) for r in session.scalars(select(AuditRow).order_by(AuditRow.id))
        ]
    assert rows[1:] == [(True, "records.backup"), (True, "records.export"), (True, "records.export")]


def test_check_reads_the_whole_chain(wence: Wence, tmp_path: Path) -> None:
    assert "首次启动时建立" in wence("check", home=tmp_path).out and not (tmp_path / FILE).exists()
    database = Database.open(tmp_path)
    for n in range(3):
        with database.write() as session:
            audit.note(session, "王工", "test.write", str(n))
    good = wence("check", home=tmp_path).out
    assert f"[正常] 审计：3 行，逐行相扣，末行校验值 {audit.verify(database).head[:16]}" in good and "磁盘剩余" in good
    with database.write() as session:
        session.execute(text("DROP TRIGGER audit_no_update"))
        session.execute(text("UPDATE audit SET person = '李工' WHERE id = 2"))
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "answers-2026-10.jsonl").write_text("", encoding="utf-8")
    bad = wence("check", home=tmp_path)
    assert bad.status == 1 and "[失败] 审计：第 2 行" in bad.out and "wence records import" in bad.out
