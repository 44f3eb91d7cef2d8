"""Backup, export, retention, import and check, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import shutil
import tarfile
import threading
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from assistant.answer import Answer, Asker, Rating, Refusal, Sentence
from assistant.library.items import Item, Items, State
from assistant.library.vault import Vault, library_paths
from assistant.records import audit, bundle
from assistant.records.answers import Answers
from assistant.records.backup import Copied
from assistant.records.bundle import MANIFEST, alone, back_up
from assistant.records.database import FILE, Database
from assistant.records.earlier import take_over
from assistant.records.export import WHAT, export
from assistant.records.restoring import restore
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
    copies = [tmp_path / f"copies/{n}" / "copy.tar" for n in range(5)]
    try:
        for copy in copies:
            assert back_up(database, tmp_path, copy).size == copy.stat().st_size > 0
    finally:
        stop.set()
        writer.join()
    rows = []
    for copy in copies:
        assert copy.stat().st_mode & 0o077 == 0 and [f.name for f in copy.parent.iterdir()] == ["copy.tar"]
        back = restore(copy, copy.parent)
        assert back.as_backed_up and back.chain.broken == 0
        assert (copy.parent / FILE).stat().st_mode & 0o077 == 0
        restored = Database.open(copy.parent)
        with restored.read() as session:
            rows.append(session.scalar(select(func.count()).select_from(AnswerRow)) or 0)
    assert 2 <= rows[0] <= rows[1] <= rows[2] <= rows[3] <= rows[4]


def test_a_backup_replaces_backups_only(tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    mine, copy = tmp_path / "合同.docx", tmp_path / "copy.tar"
    mine.write_text("别盖掉")
    other = Database.open(tmp_path / "other").path
    assert other
    os.mkfifo(tmp_path / "pipe")
    held = other.read_bytes()
    for wrong in (mine, tmp_path, tmp_path / FILE, other, tmp_path / "pipe"):
        with pytest.raises(InputError):
            back_up(database, tmp_path, wrong)
    assert other.read_bytes() == held and (tmp_path / "pipe").is_fifo()
    assert mine.read_text() == "别盖掉"
    copy.write_bytes(b"SQLite format 3\0")  # as backups began before they held the library
    back_up(database, tmp_path, copy)
    filled(database)
    (tmp_path / "latest.tar").symlink_to(copy)
    with alone(tmp_path):
        for work in (lambda: back_up(database, tmp_path, copy), lambda: restore(copy, tmp_path)):
            with pytest.raises(StorageError, match="正在备份或恢复"):
                work()
    back_up(database, tmp_path, tmp_path / "latest.tar")
    assert (tmp_path / "latest.tar").is_symlink()
    restore(copy, tmp_path / "restored")
    assert len(Answers(Database.open(tmp_path / "restored")).recent()) == 2


def test_a_backup_that_does_not_fit_leaves_the_earlier_one(tmp_path: Path, small_disk: Path) -> None:
    database = Database.open(tmp_path)
    back_up(database, tmp_path, small_disk / "copy.tar")
    before = (small_disk / "copy.tar").read_bytes()
    records = Answers(database)
    for _ in range(5):
        records.keep(Answer("问" * 400_000))
    with pytest.raises(StorageError, match="磁盘空间"):
        back_up(database, tmp_path, small_disk / "copy.tar")
    assert (small_disk / "copy.tar").read_bytes() == before and len(list(small_disk.iterdir())) == 1


def test_a_backup_of_postgresql_comes_back(postgres: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database.open(tmp_path, postgres.create())
    filled(database)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(InputError, match="pg_dump -Fc"):
        back_up(database, tmp_path, tmp_path / "copy.tar")
    folder = programs()
    assert folder
    monkeypatch.setenv("PATH", str(folder))
    (item,) = handed_in(database, tmp_path)
    back_up(database, tmp_path, tmp_path / "copy.tar")
    url, back = postgres.create(), tmp_path / "back"
    with pytest.raises(InputError, match="WENCE_DATABASE_URL"):
        restore(tmp_path / "copy.tar", back)
    found = restore(tmp_path / "copy.tar", back, url)
    assert found.files == 1 and found.chain == audit.verify(database)
    with pytest.raises(InputError, match="空的库"):
        restore(tmp_path / "copy.tar", tmp_path / "third", url)
    assert not (tmp_path / "third" / "library").exists(), "nothing is laid beside a store that is in use"
    restored = Database.open(back, url)
    assert Items(restored).get(item.id).hash == item.hash
    assert len(Answers(restored).recent()) == 2


def handed_in(database: Database, home: Path, *names: str) -> list[Item]:
    """Files in the library, as far as the store and the disk are concerned."""
    vault, items = Vault(home), Items(database)
    return [items.add(name, vault.keep(io.BytesIO(name.encode()), name), "王工") for name in names or ("甲.txt",)]


def test_a_backup_holds_the_library_and_gives_it_back(tmp_path: Path) -> None:
    home, back, copy = tmp_path / "home", tmp_path / "back", tmp_path / "copy.tar"
    database, vault = Database.open(home), Vault(home)
    first, second, third = handed_in(database, home, "甲.txt", "乙.txt", "丙.txt")
    Items(database).change(first.id, (State.READING,), {"state": State.PUBLISHED, "document": "甲"})
    vault.put(first.id, first.hash, first.name, {"document_id": "甲", "number": "沪科规〔2026〕7号"})
    Items(database).change(third.id, (State.READING,), {"state": State.UNREADABLE})
    vault.drop(third.hash)  # as for every file that cannot be read
    made = back_up(database, home, copy)
    assert (made.files, made.missing) == (2, ())
    database.close()
    shutil.rmtree(home)

    found = restore(copy, back)
    assert (found.files, found.published, found.missing, found.chain.broken) == (2, 1, (), 0)
    again = Vault(back)
    assert [again.data(item.hash, item.name) for item in (first, second)] == ["甲.txt".encode(), "乙.txt".encode()]
    assert again.entry_of(first.id, first.name) == {"number": "沪科规〔2026〕7号"}
    assert library_paths(back) and again.place_of(first.id, first.name).read_text() == "甲.txt"
    assert sorted(p.name for p in back.iterdir() if p.suffix != ".lock") == ["library", FILE]


def test_a_backup_says_what_it_lacks_and_a_damaged_one_restores_nothing(
    wence: Wence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, copy = tmp_path / "home", tmp_path / "copy.tar"
    database, vault = Database.open(home), Vault(home)
    first, second = handed_in(database, home, "甲.txt", "乙.txt")
    (vault.folder(second.hash) / "original").write_bytes("乙改".encode())
    ran = wence("records", "backup", str(copy), home=home)
    assert ran.status == 1 and "备份不完整：1 份原件" in ran.err and "乙.txt" in ran.err
    whole = copy.read_bytes()
    for damaged in (whole[:600], whole[: len(whole) // 2], whole.replace("甲.txt".encode() + bytes(9), b"?" * 16), b""):
        copy.write_bytes(damaged)
        back = tmp_path / "back"
        with pytest.raises(InputError, match="不是完整的备份"):
            restore(copy, back)
        assert not (back / FILE).exists() and not (back / "library").exists()
    copy.write_bytes(whole)

    kept, deletes = bundle.copy_store, [first]

    def copied(of: Database, draft: Path) -> Copied:
        """Somebody deletes a file that the copy names, just after it was made."""
        made = kept(of, draft)
        for item in deletes:
            Items(database).change(item.id, (State.READING,), {"state": State.REJECTED})
            Items(database).remove(item.id, "王工")
            vault.drop(item.hash)
        deletes.clear()
        return made

    monkeypatch.setattr(bundle, "copy_store", copied)
    assert back_up(database, home, copy).missing == ("乙.txt",)
    restore(copy, tmp_path / "later")
    assert [item.id for item in Items(Database.open(tmp_path / "later")).all()] == [second.id]


def test_a_forged_backup_and_a_server_started_meanwhile_leave_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, back, copy = tmp_path / "home", tmp_path / "back", tmp_path / "copy.tar"
    (item,) = handed_in(Database.open(home), home)
    back_up(Database.open(home), home, copy)

    def forged(**manifest: Any) -> Path:
        """The same backup, its store a link to its manifest."""
        made = tmp_path / "forged.tar"
        with tarfile.open(copy) as old, tarfile.open(made, "w") as new:
            file = old.extractfile(MANIFEST)
            assert file
            said = json.dumps(json.load(file) | manifest).encode()
            link, last = tarfile.TarInfo(FILE), tarfile.TarInfo(MANIFEST)
            link.type, link.linkname, last.size = tarfile.SYMTYPE, MANIFEST, len(said)
            new.addfile(link)
            new.addfile(last, io.BytesIO(said))
        return made

    row = {"id": item.id, "name": item.name, "hash": "../..", "entry": {"document_id": "甲"}}
    wrong: list[dict[str, Any]] = [{}, {"members": {}}, {"members": []}, {"published": [row]}]
    for strange in wrong:
        with pytest.raises(InputError, match="不是完整的备份"):
            restore(forged(**strange), back)
    with pytest.raises(InputError, match="早先版本"):
        restore(home / FILE, back)
    assert not (back / FILE).exists() and not (back / "library").exists()

    kept = Vault.keep

    def keep(self: Vault, *given: Any) -> Any:
        (back / FILE).write_text("刚启动的服务的")
        return kept(self, *given)

    monkeypatch.setattr(Vault, "keep", keep)
    with pytest.raises(InputError, match="已经存在"):
        restore(copy, back)
    assert (back / FILE).read_text() == "刚启动的服务的"


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
    ran = wence("records", "backup", str(tmp_path / "copy.tar"), home=home)
    assert ran.status == 0 and "已备份" in ran.out and "审计 1 行" in ran.out
    back = wence("records", "restore", str(tmp_path / "copy.tar"), home=tmp_path / "back")
    assert back.status == 0 and "审计 1 行" in back.out and "wence serve" in back.out
    copy = (tmp_path / "copy.tar").read_bytes()
    wrong = wence("records", "backup", str(tmp_path / "copy.tar"), home=tmp_path / "typo")
    assert wrong.status == 1 and "没有记录库" in wrong.err and (tmp_path / "copy.tar").read_bytes() == copy
    old = tmp_path / "used" / "index" / "g-000001"
    old.mkdir(parents=True)
    (old / "stamp.json").touch()
    used = wence("records", "restore", str(tmp_path / "copy.tar"), home=tmp_path / "used")
    assert used.status == 0 and "先运行 `wence index`" in used.out
    again = wence("records", "restore", str(tmp_path / "copy.tar"), home=tmp_path / "back")
    assert again.status == 1 and "records.db 已经存在" in again.err and again.err.count("\n") == 1
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
