"""The library when a disk is full, a file is broken or a process is killed: nothing lost, nothing half."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.library.items import State
from assistant.library.library import Library
from assistant.records import audit
from assistant.records.database import Database
from index.encode import Encoder
from index.errors import StorageError
from index.generation import current_generation
from tests.library.shelf import (
    ADMIN,
    EDITOR,
    actions,
    carried_out,
    clauses_of,
    hand_in,
    names_in,
    notice,
    published,
)


@pytest.mark.parametrize("reason", ["full", "rejected", "catalog"])
def test_what_cannot_be_published_stays_as_it_was_and_says_why(
    library: Library, home: Path, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    before, first = current_generation(home), published(library, "算力券.txt", notice())
    assert current_generation(home) != before
    item = hand_in(library, "算力券二.txt", notice(most=900))
    before = current_generation(home)
    if reason == "full":
        monkeypatch.setattr("index.writing.create_store", lambda *_: (_ for _ in ()).throw(StorageError("磁盘已满")))
    elif reason == "rejected":
        monkeypatch.setattr(
            "index.intake.read_file", lambda path: b"\x1f\x8b" if item.id in str(path) else path.read_bytes()
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
        patch.setattr("index.writing.create_store", lambda *_: (_ for _ in ()).throw(StorageError("磁盘已满")))
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
