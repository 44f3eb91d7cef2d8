"""The library: what is handed in is read, looked at, published, rejected and taken back."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from assistant.library.items import Conflict, Item, Missing, State
from assistant.library.library import Library
from assistant.records import audit
from assistant.records.database import Database
from assistant.records.tables import PinRow
from assistant.review.pins import Source
from index.build import build_index
from index.encode import Encoder
from index.errors import InputError
from index.generation import current_generation
from tests.conftest import Ran
from tests.library.shelf import (
    ADMIN,
    EDITOR,
    NOTICE,
    QUESTION,
    actions,
    carried_out,
    clauses_of,
    files_in,
    hand_in,
    names_in,
    notice,
    published,
)
from tests.sample_files import CORPUS


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
