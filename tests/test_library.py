"""The library: what is handed in is read, looked at, published, rejected and taken back; nothing lost, nothing half."""

from __future__ import annotations

import io
import shutil
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from assistant.library import naming
from assistant.library.items import Conflict, Item, Missing, State
from assistant.library.library import Library
from assistant.library.naming import cleaned_name
from assistant.people.person import Person, Role
from assistant.records import audit
from assistant.records.database import Database
from assistant.records.tables import AuditRow, PinRow
from assistant.review.pins import Source
from index.build import build_index
from index.encode import Encoder
from index.errors import InputError, StorageError
from index.generation import current_generation, read_documents
from tests.conftest import Ran
from tests.sample_files import CORPUS

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


@pytest.fixture
def home(corpus_home: Path, tmp_path: Path) -> Path:
    """A WENCE_HOME of its own with the five documents."""
    shutil.copytree(corpus_home / "index", tmp_path / "home" / "index")
    return tmp_path / "home"


@pytest.fixture
def library(home: Path, encoder: Encoder) -> Iterator[Library]:
    """On SQLite, as most installations are."""
    database = Database.open(home)
    yield Library(home, database, encoder)
    database.close()


@pytest.fixture
def either(home: Path, database: Database, encoder: Encoder) -> Library:
    """Once on SQLite, once on PostgreSQL."""
    return Library(home, database, encoder)


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


# -- from hand to hand -----------------------------------------------------------------------------------


def test_a_file_is_published_replaced_and_taken_back_version_by_version(
    either: Library, home: Path, database: Database
) -> None:
    bundled = names_in(home)
    first = hand_in(either, "算力券.txt", notice())
    assert (first.state, first.version_of, first.found["number"], first.found["clauses"]) == (
        State.STAGED, "", "沪科规〔2026〕7号", 5,
    )  # fmt: skip
    assert names_in(home) == bundled, "nothing is public before it is published"
    either.publish(first.id, ADMIN)
    first = carried_out(either, first)
    assert (first.state, first.document, first.earlier) == (State.PUBLISHED, "算力券", {"path": "", "item": ""})
    assert names_in(home) == bundled | {"算力券"} and "500万元" in clauses_of(either, "算力券")

    second = hand_in(either, "算力券（更正）.txt", notice(most=800))
    assert second.version_of == "算力券"
    shown = either.preview(second.id)["changes"]
    assert {c["kind"]: c["count"] for c in shown["counts"]} == {
        "changed": 1, "added": 0, "removed": 0, "moved": 0, "unchanged": 4,
    }  # fmt: skip
    (row,) = shown["rows"]
    assert (
        row["figures"] == [{"old": "最高不超过500万元", "new": "最高不超过800万元"}]
        and {"op": "removed", "text": "500万元"} in row["pieces"]
    )
    either.publish(second.id, ADMIN)
    second = carried_out(either, second)
    assert either.items.get(first.id).state is State.REPLACED
    assert second.earlier == {"path": str(either.vault.place_of(first.id, first.name).resolve()), "item": first.id}
    assert names_in(home) == bundled | {"算力券"} and "800万元" in clauses_of(either, "算力券")
    assert [p.name for p in either.vault.corpus.iterdir()] == [second.id]

    either.undo(second.id, ADMIN)
    assert carried_out(either, second).state is State.WITHDRAWN
    assert either.items.get(first.id).state is State.PUBLISHED
    assert "500万元" in clauses_of(either, "算力券") and [p.name for p in either.vault.corpus.iterdir()] == [first.id]
    either.undo(first.id, ADMIN)
    assert carried_out(either, first).state is State.WITHDRAWN
    assert names_in(home) == bundled and not [*either.vault.corpus.iterdir()]
    either.publish(second.id, ADMIN)
    assert carried_out(either, second).state is State.PUBLISHED, "what was withdrawn may be published again"
    assert actions(database) == [
        (EDITOR.name, "library.upload"), ("", "library.read"), (ADMIN.name, "library.publish"), ("", "library.published"),
        (EDITOR.name, "library.upload"), ("", "library.read"), (ADMIN.name, "library.publish"), ("", "library.published"),
        (ADMIN.name, "library.withdraw"), ("", "library.withdrawn"), (ADMIN.name, "library.withdraw"), ("", "library.withdrawn"),
        (ADMIN.name, "library.publish"), ("", "library.published"),
    ]  # fmt: skip
    assert audit.verify(database).broken == 0


def test_a_version_of_a_bundled_document_takes_its_place_and_gives_it_back(library: Library, home: Path) -> None:
    path = CORPUS / "sh-opinions-2025-11.txt"
    (old,) = [d for d, noted in library.published.documents() if noted["path"] == str(path.resolve())]
    before = clauses_of(library, old.document_id)
    changed = path.read_text(encoding="utf-8").replace("企业", "单位").encode()
    item = hand_in(library, path.name, changed)
    assert item.version_of == old.document_id
    library.publish(item.id, ADMIN)
    assert carried_out(library, item).state is State.PUBLISHED
    assert clauses_of(library, old.document_id) == before.replace("企业", "单位") != before
    assert library.published.path_of(old.document_id) == str(library.vault.place_of(item.id, item.name).resolve())
    library.undo(item.id, ADMIN)
    assert carried_out(library, item).state is State.WITHDRAWN
    assert clauses_of(library, old.document_id) == before
    assert library.published.path_of(old.document_id) == str(path.resolve())


def test_two_files_of_one_name_are_two_documents_unless_a_person_says_otherwise(library: Library) -> None:
    first = published(library, "通知.txt", notice(7))
    other = NOTICE.format(number=9, percent=10, most=90).replace("算力券", "数据券").encode()
    second = hand_in(library, "通知.txt", other)
    (match,) = library.preview(second.id)["matches"]
    assert second.version_of == "" and (match["grounds"], match["same"]) == ("文件名相同", False)
    library.publish(second.id, ADMIN)
    second = carried_out(library, second)
    assert (second.state, second.document) == (State.PUBLISHED, f"通知-{second.id[:8]}")
    assert library.items.get(first.id).state is State.PUBLISHED
    third = hand_in(library, "通知三.txt", other.replace(b"2026", b"2027"))
    library.correct(third.id, {}, [], "通知", EDITOR)
    assert library.preview(third.id)["changes"]["changed"] > 0
    library.publish(third.id, ADMIN)
    assert carried_out(library, third).document == "通知" and library.items.get(first.id).state is State.REPLACED


def test_corrections_are_shown_kept_in_the_catalog_and_published(library: Library) -> None:
    item = hand_in(library, "算力券.txt", notice())
    facts = {f["key"]: f for f in library.preview(item.id)["facts"]}
    assert (facts["effective"]["value"], facts["expires"]["value"]) == ("2026-07-01", "2028-06-30")
    assert "有效期至2028年6月30日" in facts["expires"]["quote"] and facts["expires"]["start"] is not None
    library.correct(item.id, {"expires": "2029-06-30", "aliases": ["算力券政策"]}, [], None, EDITOR)
    facts = {f["key"]: f for f in library.preview(item.id)["facts"]}
    assert (facts["expires"]["value"], facts["expires"]["origin"], facts["expires"]["read"]) == ("2029-06-30", "catalog", "2028-06-30")  # fmt: skip
    library.correct(item.id, {"issuer": "市科委"}, ["aliases"], None, EDITOR)
    library.publish(item.id, ADMIN)
    carried_out(library, item)
    (document,) = [d for d, _ in library.published.documents() if d.document_id == "算力券"]
    assert (document.expires, document.issuer, document.aliases) == ("2029-06-30", "市科委", ())
    with pytest.raises(Conflict, match="已发布"):
        library.correct(item.id, {"issuer": "某委"}, [], None, EDITOR)


@pytest.mark.parametrize(
    ("values", "version_of", "said"),
    [
        ({"expires": "2028年"}, None, "2025-05-17"), ({"status": "好"}, None, "应为"), ({"document_id": "x"}, None, "不能修改"),
        ({"validity_text": "x"}, None, "不能修改"), ({"title": " "}, None, "标题不能为空"), ({"number": "号" * 501}, None, "太长"),
        ({"aliases": "一个"}, None, "字符串列表"), ({}, "没有这一份", "没有已发布的文件"),
    ],
)  # fmt: skip
def test_a_correction_that_is_not_valid_changes_nothing(
    library: Library, values: dict[str, Any], version_of: str | None, said: str
) -> None:
    item = hand_in(library, "算力券.txt", notice())
    with pytest.raises(InputError, match=said):
        library.correct(item.id, values, [], version_of, EDITOR)
    assert library.items.get(item.id) == item


def test_what_was_looked_at_is_published_without_being_read_again(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scan takes seconds a page, and recognised twice it might not be the same."""
    item = hand_in(library, "算力券.txt", notice())

    def refuse(*_: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr("assistant.library.vault.reading_of", refuse)
    monkeypatch.setattr("index.readings.reading_of", refuse)
    library.publish(item.id, ADMIN)
    assert carried_out(library, item).state is State.PUBLISHED


def test_a_rejected_file_says_why_and_may_wait_again_or_go(either: Library, database: Database) -> None:
    item = hand_in(either, "算力券.txt", notice())
    for reason in ("", "  ", "长" * 1001):
        with pytest.raises(InputError, match="请写明退回的原因"):
            either.reject(item.id, reason, ADMIN)
    rejected = either.reject(item.id, "文号不对，请核实", ADMIN)
    assert (rejected.state, rejected.reason, rejected.decider) == (State.REJECTED, "文号不对，请核实", ADMIN.name)
    with pytest.raises(Conflict, match="已退回"):
        either.publish(item.id, ADMIN)
    assert either.undo(item.id, ADMIN).state is State.STAGED
    with pytest.raises(Conflict, match="不能删除"):
        either.delete(item.id, ADMIN)
    either.reject(item.id, "还是不对", ADMIN)
    either.delete(item.id, ADMIN)
    assert files_in(either) == []
    with pytest.raises(Missing):
        either.items.get(item.id)
    assert [a for _, a in actions(database)][2:] == ["library.reject", "library.unreject", "library.reject", "library.delete"]  # fmt: skip


def test_two_people_at_once_decide_once(either: Library) -> None:
    item = hand_in(either, "算力券.txt", notice())
    either.reject(item.id, "先退回", ADMIN)
    with pytest.raises(Conflict, match="请刷新"):
        either.reject(item.id, "再退回", ADMIN)


def test_a_correction_at_the_last_moment_stops_the_order(either: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody corrects between the look at the fingerprint and the order itself."""
    item = hand_in(either, "算力券.txt", notice())
    looked_at = str(either.preview(item.id)["fingerprint"])
    drawn = either._preview

    def and_then(seen: Item) -> dict[str, Any]:
        shown = drawn(seen)
        either.items.change(item.id, (State.STAGED,), {"changes": {"expires": "2026-01-01"}})
        return shown

    with monkeypatch.context() as patch:
        patch.setattr(either, "_preview", and_then)
        with pytest.raises(Conflict, match="刚被别人改过，请刷新后再发布"):
            either.publish(item.id, ADMIN, looked_at)
    assert either.items.get(item.id).state is State.STAGED


def test_a_new_version_of_what_is_replaced_has_to_be_looked_at(library: Library) -> None:
    published(library, "算力券.txt", notice())
    item = hand_in(library, "算力券（更正）.txt", notice(most=800))
    looked_at = str(library.preview(item.id)["fingerprint"])
    published(library, "算力券（再更正）.txt", notice(most=600))
    with pytest.raises(Conflict, match="请刷新后再发布"):
        library.publish(item.id, ADMIN, looked_at)
    library.publish(item.id, ADMIN, str(library.preview(item.id)["fingerprint"]))
    assert carried_out(library, item).state is State.PUBLISHED


# -- what is handed in ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("程序.exe", b"MZ", "不收这种文件"), ("空.txt", b"", "空文件"), ("", b"x", "不收这种文件"), (".docx", b"x", "不收这种文件"),
        ("包.zip", b"PK\x05\x06" + bytes(18), "没有可以收录的文件"), ("包.zip", b"not a zip", "已损坏"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_said_at_once_and_leaves_nothing(
    library: Library, name: str, data: bytes, said: str
) -> None:
    with pytest.raises(InputError, match=said) as raised:
        library.hand_in(io.BytesIO(data), name, EDITOR)
    assert "/tmp" not in str(raised.value)
    assert files_in(library) == [] and library.items.all() == []


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("坏.docx", b"PK\x03\x04 broken", "已损坏"), ("坏.pdf", b"%PDF-1.7 broken", "坏.pdf 不是完好的 PDF"), ("坏.png", b"\x89PNG broken", "坏.png 不是完好的图片"),
        ("表.txt", b"\xff\xfe\x00\xd8", "表.txt"), ("空白.txt", b" \n \n", "空白.txt"), ("压缩.txt", b"\x1f\x8b123", "gzip"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_ends_in_a_clear_line_and_leaves_no_file(
    library: Library, home: Path, name: str, data: bytes, said: str
) -> None:
    item = hand_in(library, name, data)
    assert item.state is State.UNREADABLE and said in item.error and str(home) not in item.error
    assert files_in(library) == []
    library.delete(item.id, ADMIN)
    assert library.items.all() == []


def test_the_bounds_are_kept_and_said(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.library.vault.MOST_BYTES", 1000)
    with pytest.raises(InputError, match="超过上限"):
        library.hand_in(io.BytesIO(notice() * 3), "大.txt", EDITOR)
    monkeypatch.setattr("assistant.library.vault.MOST_BYTES", naming.MOST_BYTES)
    monkeypatch.setattr("assistant.library.items.MOST_WAITING", 2)
    for number in (1, 2):
        hand_in(library, f"{number}.txt", notice(number))
    with pytest.raises(Conflict, match="待审文件已有 2 份，达到上限 2"):
        library.hand_in(io.BytesIO(notice(3)), "三.txt", EDITOR)
    monkeypatch.setattr("assistant.library.items.MOST_WAITING", 200)
    monkeypatch.setattr("assistant.library.vault.MOST_KEPT_BYTES", 2 * len(notice()))
    with pytest.raises(InputError, match="文件库已满"):
        library.hand_in(io.BytesIO(notice(3)), "三.txt", EDITOR)
    assert files_in(library) == ["original", "original"]


def test_the_same_file_is_not_taken_twice(either: Library) -> None:
    hand_in(either, "算力券.txt", notice())
    with pytest.raises(Conflict, match="与 算力券.txt（待审）完全相同"):
        either.hand_in(io.BytesIO(notice()), "另一个名字.txt", EDITOR)
    assert files_in(either) == ["original"]


def test_a_file_handed_in_while_the_same_one_is_deleted_is_kept(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = hand_in(library, "算力券.txt", notice())
    library.reject(item.id, "不要", ADMIN)
    sender = threading.Thread(target=library.hand_in, args=(io.BytesIO(notice()), "又来.txt", EDITOR))
    used = library.items.used

    def and_then(hash_: str) -> bool:
        found = used(hash_)
        if not sender.ident:
            sender.start()
            sender.join(1)  # it is done by now, or waits until the bytes are gone
        return found

    monkeypatch.setattr(library.items, "used", and_then)
    library.delete(item.id, ADMIN)
    sender.join(300)
    assert library.reading.wait(300)
    (again,) = library.items.all()
    assert (again.name, again.state) == ("又来.txt", State.STAGED) and files_in(library) == ["original"]
    assert library.preview(again.id)["text"]


def test_an_archive_becomes_its_files(library: Library) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("2026/一.txt", notice(1))
        archive.writestr("2026/二.txt", notice(2))
        archive.writestr("说明.xyz", "不是文件")
    packed.seek(0)
    items = library.hand_in(packed, "一批.zip", EDITOR)
    assert [i.name for i in items] == ["一.txt", "二.txt"] and library.reading.wait(120)
    assert [i.state for i in library.items.all()] == [State.STAGED, State.STAGED]
    packed.seek(0)
    with pytest.raises(Conflict, match="完全相同"):
        library.hand_in(packed, "再来.zip", EDITOR)
    assert len(library.items.all()) == 2 and files_in(library) == ["original", "original"]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("若干措施.docx", "若干措施.docx"), ("C:\\fakepath\\a.PDF", "a.PDF"), ("../../etc/passwd.txt", "passwd.txt"), ("a/../b.md", "b.md"),
        ("\u202etxt.exe.pdf", "txt.exe.pdf"), (".隐藏.txt", "隐藏.txt"), ("~$临时.docx", "临时.docx"), ("x\x00\n.html", "x.html"),
        ('a:b*"c".txt', "a_b__c_.txt"), ("README.md", "README_.md"), ("长" * 300 + ".docx", "长" * 65 + ".docx"),
    ],
)  # fmt: skip
def test_names_are_cleaned(given: str, name: str) -> None:
    assert cleaned_name(given) == name


# -- failures ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["full", "rejected", "catalog"])
def test_what_cannot_be_published_stays_as_it_was_and_says_why(
    library: Library, home: Path, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    before, first = current_generation(home), published(library, "算力券.txt", notice())
    assert current_generation(home) != before
    item = hand_in(library, "算力券二.txt", notice(most=900))
    before = current_generation(home)
    if reason == "full":
        monkeypatch.setattr("index.build.create_store", lambda *_: (_ for _ in ()).throw(StorageError("磁盘已满")))
    elif reason == "rejected":
        monkeypatch.setattr(
            "index.build.read_file", lambda path: b"\x1f\x8b" if item.id in str(path) else path.read_bytes()
        )
    else:
        library.items.change(item.id, (State.STAGED,), {"changes": {"no_such_key": "x"}})
    library.publish(item.id, ADMIN)
    failed = carried_out(library, item)
    said = {"full": "没有发布：磁盘已满", "rejected": "gzip", "catalog": "no_such_key"}[reason]
    assert failed.state is State.STAGED and said in failed.error
    assert current_generation(home) == before and library.items.get(first.id).state is State.PUBLISHED
    assert [p.name for p in library.vault.corpus.iterdir()] == [first.id]
    assert "500万元" in clauses_of(library, "算力券")


def test_an_undo_that_fails_leaves_the_document_published(
    library: Library, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = published(library, "算力券.txt", notice())
    before = current_generation(home)
    with monkeypatch.context() as patch:
        patch.setattr("index.build.create_store", lambda *_: (_ for _ in ()).throw(StorageError("磁盘已满")))
        library.undo(item.id, ADMIN)
        failed = carried_out(library, item)
    assert (failed.state, failed.error) == (State.PUBLISHED, "没有撤回：磁盘已满")
    assert current_generation(home) == before and [p.name for p in library.vault.corpus.iterdir()] == [item.id]
    library.undo(item.id, ADMIN)
    assert carried_out(library, item).state is State.WITHDRAWN


KILLED = """
import os, signal, sys
from pathlib import Path
import assistant.library.publishing as publishing
from assistant.library.library import Library
from assistant.people.person import Person, Role
from assistant.records.database import Database
from assistant.library.vault import Vault
from assistant.library.items import Items
from index.encode import load_encoder

home, url, cache, item, step, order = sys.argv[1:]

def end(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def after(done):
    def run(*arguments, **options):
        result = done(*arguments, **options)
        end()
    return run

encoder = None
if step in ("before-index", "before-put"):
    publishing.build_index = end
else:
    encoder = load_encoder("bundled", Path(cache))
if step == "before-put":
    Vault.put = end
if step == "after-index":
    publishing.build_index = after(publishing.build_index)
if step == "before-note":
    change = Items.change
    Items.change = lambda self, *a, **o: end() if o.get("action") in ("library.published", "library.withdrawn") else change(self, *a, **o)
library = Library(Path(home), Database.open(Path(home), url), encoder)
getattr(library, order)(item, Person("a" * 32, "管理员甲", "管理员甲", Role.ADMIN))
library.publishing.wait(300)
"""


@pytest.mark.parametrize(
    ("order", "step"),
    [
        ("publish", "before-put"), ("publish", "before-index"), ("publish", "after-index"), ("publish", "before-note"),
        ("undo", "before-index"), ("undo", "before-note"),
    ],
)  # fmt: skip
def test_an_order_that_was_killed_is_carried_out_by_the_next_process(
    home: Path, encoder: Encoder, model_cache: Path, order: str, step: str
) -> None:
    database = Database.open(home)
    library = Library(home, database, encoder)
    item = (
        hand_in(library, "算力券.txt", notice()) if order == "publish" else published(library, "算力券.txt", notice())
    )
    arguments = [str(home), "", str(model_cache), item.id, step, order]
    done = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False, timeout=300, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    half = library.items.get(item.id)
    assert half.state is (State.PUBLISHING if order == "publish" else State.WITHDRAWING)
    later = Library(home, database, encoder)
    later.resume()
    whole = carried_out(later, item)
    assert whole.state is (State.PUBLISHED if order == "publish" else State.WITHDRAWN), whole.error
    assert ("算力券" in names_in(home)) is (order == "publish")
    assert [p.name for p in later.vault.corpus.iterdir()] == ([item.id] if order == "publish" else [])
    assert audit.verify(database).broken == 0
    database.close()


def test_a_file_whose_reading_was_interrupted_is_read_by_the_next_process(home: Path, database: Database, encoder: Encoder) -> None:  # fmt: skip
    library = Library(home, database, encoder)
    kept = library.vault.keep(io.BytesIO(notice()), "算力券.txt")
    item = library.items.add("算力券.txt", kept, EDITOR.name)
    later = Library(home, database, encoder)
    later.resume()
    assert later.reading.wait(120) and later.items.get(item.id).state is State.STAGED


def test_orders_of_two_processes_are_carried_out_once_each(home: Path, database: Database, encoder: Encoder) -> None:
    one, two = Library(home, database, encoder), Library(home, database, encoder)
    first, second = hand_in(one, "一.txt", notice(1)), hand_in(two, "二.txt", notice(2).replace("算力券".encode(), "模型券".encode()))  # fmt: skip
    one.publish(first.id, ADMIN)
    two.publish(second.id, ADMIN)
    assert one.publishing.wait(300) and two.publishing.wait(300)
    assert {i.state for i in one.items.all()} == {State.PUBLISHED} and {"一", "二"} <= names_in(home)
    assert sum(a == "library.published" for _, a in actions(database)) == 2


# -- beside the command line ------------------------------------------------------------------------------


def test_indexing_without_paths_keeps_bundled_and_library_documents(
    library: Library, home: Path, wence: Callable[..., Ran]
) -> None:
    bundled = names_in(home)
    published(library, "算力券.txt", notice())
    ran = wence("index", home=home)
    assert ran.status == 0 and names_in(home) == bundled | {"算力券"}
    shutil.rmtree(home / "index")
    ran = wence("index", home=home)
    assert ran.status == 0 and names_in(home) == bundled | {"算力券"}, ran.err
    (document,) = [d for d, _ in library.published.documents() if d.document_id == "算力券"]
    assert document.number == "沪科规〔2026〕7号"


def test_leaving_out_a_file_and_adding_another_is_one_step(home: Path, encoder: Encoder, tmp_path: Path) -> None:
    old, new = tmp_path / "旧.txt", tmp_path / "新.txt"
    old.write_bytes(notice())
    new.write_bytes(b"\x1f\x8b")
    build_index(home, [old], encoder)
    before = current_generation(home)
    with pytest.raises(InputError, match="原有索引未受影响"):
        build_index(home, [new], encoder, without=[old])
    assert current_generation(home) == before and "旧" in names_in(home)
    new.write_bytes(notice(8))
    old.unlink()
    report = build_index(home, [new], encoder, without=[old])
    assert (report.count("removed"), report.count("added")) == (1, 1)
    assert {"新"} == names_in(home) - {p.stem for p in CORPUS.glob("*.txt")} - {"旧"} and "旧" not in names_in(home)


def test_pinned_answers_that_rest_on_a_changed_clause_are_named(either: Library, database: Database) -> None:
    published(either, "算力券.txt", notice())
    clause = next(c for c in either.published.clauses("算力券") if "500万元" in c.text)
    fields = {k: v for k, v in asdict(Source.of(clause, "")).items() if k != "clause_id"}
    line = {"text": clause.text, "clauses": [clause.clause_id], "support": "verbatim"}
    with database.write() as session:
        session.add(
            PinRow(question=QUESTION, sentences=[line], clauses={clause.clause_id: fields}, reviewer=EDITOR.name)
        )
    assert either.preview(hand_in(either, "更正.txt", notice(most=800)).id)["changes"]["pins"] == [QUESTION]
    other = notice().replace("智能算力".encode(), "算力".encode())
    assert either.preview(hand_in(either, "再更正.txt", other).id)["changes"]["pins"] == []
