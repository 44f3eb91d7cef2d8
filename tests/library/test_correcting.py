"""Facts of a document corrected by several people, before it is published and after."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from assistant.library import publishing
from assistant.library.items import Conflict, Item, State
from assistant.library.library import Library
from assistant.library.preview import ELSEWHERE
from assistant.records import audit
from assistant.records.database import Database
from index.encode import Encoder
from index.errors import InputError
from index.generation import current_generation
from index.search import Searcher
from tests.library.shelf import ADMIN, EDITOR, actions, carried_out, clauses_of, hand_in, notice, published
from tests.postgres import Cluster


def facts_of(library: Library, item: Item) -> dict[str, Any]:
    return {f["key"]: f for f in library.preview(item.id)["facts"]}


def test_two_editors_at_once_keep_both_corrections(either: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    item = hand_in(either, "算力券.txt", notice())
    get, both = either.items.get, threading.Barrier(2)

    def get_together(item_id: str) -> Item:
        """Both have read the item before either writes."""
        found = get(item_id)
        both.wait(60)
        return found

    monkeypatch.setattr(either.items, "get", get_together)
    changes: list[dict[str, str]] = [{"issuer": "市科委"}, {"region": "上海市"}]
    threads = [threading.Thread(target=either.correct, args=(item.id, c, [], None, EDITOR)) for c in changes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert get(item.id).changes == {"issuer": "市科委", "region": "上海市"}


def test_the_second_of_two_who_correct_the_same_fact_is_told(library: Library) -> None:
    item = hand_in(library, "算力券.txt", notice())
    library.correct(item.id, {"issuer": "市科委"}, [], None, EDITOR, {"issuer": None})
    with pytest.raises(Conflict, match="^“发文机关”刚被别人改成“市科委”，您的修改没有保存；请看过再改$"):
        library.correct(
            item.id, {"issuer": "市经信委", "number": "甲"}, [], None, ADMIN, {"issuer": None, "number": None}
        )
    assert library.items.get(item.id).changes == {"issuer": "市科委"}, "all of it or nothing"
    library.correct(item.id, {"issuer": "市科委"}, [], None, ADMIN, {"issuer": None})  # both say the same
    library.correct(item.id, {}, ["issuer"], None, ADMIN, {"issuer": "市科委"})
    with pytest.raises(Conflict, match="撤销了改正"):
        library.correct(item.id, {"issuer": "市经信委"}, [], None, EDITOR, {"issuer": "市科委"})


def test_a_published_document_is_corrected_and_the_correction_undone(
    either: Library, home: Path, database: Database, encoder: Encoder
) -> None:
    item = published(either, "算力券.txt", notice())
    words, before = clauses_of(either, "算力券"), current_generation(home)
    ids = [c.clause_id for c in either.published.clauses("算力券")]
    ordered = either.correct(item.id, {"status": "expired", "issuer": "市科委"}, [], None, EDITOR)
    assert ordered.state is State.CORRECTING
    item = carried_out(either, item)
    assert item.state is State.PUBLISHED and not item.error, item.error
    assert current_generation(home) != before and clauses_of(either, "算力券") == words
    assert [c.clause_id for c in either.published.clauses("算力券")] == ids, "pinned answers keep their clauses"
    document = Searcher.open(home, encoder).document("算力券")
    assert (document.status, document.issuer) == ("expired", "市科委")
    assert facts_of(either, item)["issuer"]["origin"] == "catalog"
    made = current_generation(home)
    either.correct(item.id, {"issuer": "市科委"}, [], None, EDITOR)
    assert carried_out(either, item).state is State.PUBLISHED and current_generation(home) == made

    either.undo_facts(item.id, EDITOR)
    item = carried_out(either, item)
    document = Searcher.open(home, encoder).document("算力券")
    assert (document.status, item.changes) == ("issued", {}) and document.issuer != "市科委"
    either.undo_facts(item.id, EDITOR)
    assert carried_out(either, item).changes == {"status": "expired", "issuer": "市科委"}
    with pytest.raises(Conflict, match="不能这样做"):
        either.correct(item.id, {}, [], "", EDITOR)
    assert [a for _, a in actions(database)][-7:] == [
        "library.correct", "library.corrected", "library.correct", "library.uncorrect", "library.corrected", "library.uncorrect", "library.corrected",
    ]  # fmt: skip
    assert audit.verify(database).broken == 0
    either.undo(item.id, ADMIN)
    assert carried_out(either, item).state is State.WITHDRAWN


def test_a_correction_that_fails_leaves_the_document_as_it_was(
    library: Library, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = published(library, "算力券.txt", notice())
    build = publishing.build_index

    def refuse(*_: object, **__: object) -> None:
        raise InputError("磁盘满")

    monkeypatch.setattr(publishing, "build_index", refuse)
    library.correct(item.id, {"issuer": "市科委"}, [], None, EDITOR)
    item = carried_out(library, item)
    assert (item.state, item.error, item.changes) == (State.PUBLISHED, "没有改正：磁盘满", {})
    assert library.vault.entry_of(item.id, item.name) == {}

    def cut_off(*arguments: Any, **options: Any) -> None:
        build(*arguments, **options)
        raise OSError("断电")

    monkeypatch.setattr(publishing, "build_index", cut_off)
    library.correct(item.id, {"issuer": "市科委"}, [], None, EDITOR)
    assert carried_out(library, item).state is State.CORRECTING, "it is out, and only the note is missing"
    monkeypatch.setattr(publishing, "build_index", build)
    library.resume()
    item = carried_out(library, item)
    assert (item.state, item.error) == (State.PUBLISHED, "")
    assert [d.issuer for d, _ in library.published.documents() if d.document_id == "算力券"] == ["市科委"]


def test_what_was_edited_in_the_catalog_meanwhile_is_kept(library: Library) -> None:
    item = published(library, "算力券.txt", notice())
    library.vault.relabel(item.id, item.name, {"number": "沪科规〔2026〕8号", "document_id": item.document})
    assert facts_of(library, item)["number"]["value"] == "沪科规〔2026〕8号"
    library.correct(item.id, {"issuer": "市科委"}, [], None, EDITOR)
    assert carried_out(library, item).changes == {"number": "沪科规〔2026〕8号", "issuer": "市科委"}


def test_servers_with_homes_of_their_own_leave_each_others_files_alone(
    postgres: Cluster, home: Path, tmp_path: Path, encoder: Encoder, wence: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database.open(home, postgres.create())
    one, other = Library(home, database, encoder), Library(tmp_path / "other", database, encoder)
    item = hand_in(one, "算力券.txt", notice())
    one.items.change(item.id, (State.STAGED,), {"state": State.READING})
    other.resume()
    assert other.reading.wait(60) and other.items.get(item.id).state is State.READING, "not its to read"
    one.resume()
    assert one.reading.wait(60)
    one.publish(item.id, ADMIN)
    assert carried_out(one, item).state is State.PUBLISHED
    assert [line["error"] for line in other.lines()] == [ELSEWHERE] and [line["error"] for line in one.lines()] == [""]
    monkeypatch.setenv("WENCE_DATABASE_URL", database.url.replace("+psycopg", ""))
    assert "[注意] 文件库：1 份文件的原件不在" in wence("check", home=tmp_path / "other").out
    assert "[正常] 文件库：1 份文件，原件都在" in wence("check", home=home).out
    for act in (
        lambda: other.preview(item.id), lambda: other.undo(item.id, ADMIN), lambda: other.undo_facts(item.id, EDITOR),
        lambda: other.correct(item.id, {"issuer": "甲"}, [], None, EDITOR), lambda: other.original(item.id),
        lambda: other.publish(item.id, ADMIN),
    ):  # fmt: skip
        with pytest.raises(Conflict, match="另一台服务器"):
            act()
    assert one.items.get(item.id).state is State.PUBLISHED
    database.close()
