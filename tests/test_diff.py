"""What changed between two texts: aligned clauses, marked words, figures first, and what rests on them."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.difference import Change, Figure, counts, differ, touched, whole
from assistant.people.person import Person, Role
from assistant.records.database import Database
from assistant.review.board import Board
from assistant.review.editing import Draft, Editing
from assistant.review.pins import Line
from assistant.review.touched import pins_resting_on
from assistant.settings import BUNDLED_CORPUS
from index.build import build_index
from index.clause import Clause
from index.encode import Encoder
from index.parse import parse_text
from index.search import Searcher
from tests.conftest import Ran
from tests.versions import NEW, OLD, write_family

Run = Callable[..., Ran]
RND = "sh-rnd-2023-409.txt"


def clauses(text: str, file: str = "a.txt") -> tuple[Clause, ...]:
    return parse_text(text, file).clauses


def kinds(changes: list[Change]) -> list[tuple[str, str, str]]:
    return [(c.kind, c.old.label if c.old else "", c.new.label if c.new else "") for c in changes]


def test_a_revision_is_told_clause_by_clause() -> None:
    changes = differ(clauses(OLD), clauses(NEW))
    assert kinds(changes) == [
        ("unchanged", "第一条", "第一条"), ("changed", "第二条", "第二条"), ("changed", "第三条", "第三条"),
        ("added", "", "第四条"), ("moved", "第四条", "第五条"), ("changed", "第五条", "第六条"),
    ]  # fmt: skip
    award = changes[2]
    assert set(award.figures) == {Figure("30%", "50%"), Figure("最高不超过30万元", "最高不超过50万元")}
    assert [(p.op, p.text) for p in award.pieces if p.op != "same"] == [
        ("removed", "30%"), ("added", "50%"), ("removed", "30万元"), ("added", "50万元"),
    ]  # fmt: skip
    assert [c.label for c in touched(changes)] == ["第二条", "第三条", "第五条"]


def test_what_was_taken_out_stands_where_it_stood() -> None:
    changes = differ(clauses(NEW), clauses(OLD))
    assert kinds(changes)[3] == ("removed", "第四条", "")
    assert counts(changes) == {"changed": 3, "added": 0, "removed": 1, "moved": 1, "unchanged": 1}


def test_a_changed_cap_is_a_changed_figure_though_the_number_is_the_same() -> None:
    changes = differ(clauses("第一条 给予不超过30万元补贴。"), clauses("第一条 给予不低于30万元补贴。"))
    assert changes[0].figures == (Figure("不超过30万元", "不低于30万元"),)


WORDS = st.lists(st.sampled_from(["给予", "企业", "30万元", "50%", "，", "符合条件的", "创新券", " ", "A1", "𠮷"]), max_size=14)  # fmt: skip


@given(st.lists(WORDS.map("".join).map(lambda t: f"本条{t}。"), min_size=1, max_size=6), st.data())
@settings(deadline=None)
def test_the_pieces_of_a_change_are_both_texts_and_every_clause_is_told_once(
    old: list[str], data: st.DataObject
) -> None:
    new = data.draw(st.lists(st.sampled_from(old) | WORDS.map("".join).map(lambda t: f"本条{t}。"), min_size=1, max_size=6))  # fmt: skip
    before, after = (
        clauses("\n".join(f"第{'一二三四五六'[n]}条 {t}" for n, t in enumerate(x))) for x in (old, new)
    )  # fmt: skip
    changes = differ(before, after)
    assert [c.new for c in changes if c.new] == list(after)
    assert sorted(c.old.ordinal for c in changes if c.old) == [c.ordinal for c in before]
    for change in changes:
        if change.kind == "changed":
            assert change.old and change.new
            assert "".join(p.text for p in change.pieces if p.op != "added") == whole(change.old)
            assert "".join(p.text for p in change.pieces if p.op != "removed") == whole(change.new)
    assert {c.kind for c in differ(before, before)} == {"unchanged"}


@pytest.fixture
def edited(tmp_path: Path) -> Path:
    """A real document with one amount raised."""
    folder = tmp_path / "later"
    shutil.copytree(BUNDLED_CORPUS, folder)
    text = (folder / RND).read_text(encoding="utf-8")
    assert text.count("最高不超过 200 万元的资金支持") == 1
    (folder / RND).write_text(
        text.replace("最高不超过 200 万元的资金支持", "最高不超过 300 万元的资金支持"), encoding="utf-8"
    )
    return folder


def test_questions_that_rest_on_a_changed_clause_are_listed(wence: Run, edited: Path) -> None:
    ran = wence("diff", "沪经信技〔2023〕409号", str(edited / RND))
    assert ran.status == 0 and "修改 1，新增 0，删除 0，移动 0" in ran.out
    assert "最高不超过 200 万元 → 最高不超过 300 万元" in ran.out and "［－200－］［＋300＋］" in ran.out
    assert "d001 离岸孵化器能给多少钱" in ran.out and "首台套" not in ran.out.split("评测题")[1]
    record = json.loads(wence("diff", "sh-rnd-2023-409", str(edited / RND), "--json").out)
    assert record["counts"]["changed"] == 1 and record["figures"][0]["new"] == "最高不超过 300 万元"
    assert {q["id"] for q in record["questions"]} >= {"d001", "d002"} and record["pins"] == []
    same = wence("diff", str(BUNDLED_CORPUS / RND), RND)
    assert same.status == 0 and "修改 0" in same.out and "评测题" not in same.out


def test_documents_are_named_by_number_title_file_or_id(wence: Run, tmp_path: Path) -> None:
    folder, home = write_family(tmp_path / "files"), tmp_path / "home"
    assert wence("index", str(folder), home=home).status == 0
    for name in (
        "voucher-2023",
        "voucher-2023.txt",
        "沪科规〔2023〕5号",
        "沪科规[2023]5号",
        str(folder / "voucher-2023.txt"),
    ):
        assert "修改 3，新增 1" in wence("diff", name, "voucher-2025", home=home).out, name
    title = wence("diff", "上海市科技创新券管理办法", "voucher-2025", home=home)
    assert title.status == 1 and "2 份文件" in title.err and "沪科规〔2025〕8号" in title.err
    unknown = wence("diff", "没有这份", "voucher-2025", home=home)
    assert unknown.status == 1 and unknown.err.count("\n") == 1 and "voucher-2023" in unknown.err
    assert wence("diff", "没有这份", "b", home=tmp_path / "empty").status == 1
    assert wence("diff", "voucher-2023", home=home).status == 2


def test_pinned_answers_that_rest_on_changed_clauses_are_named(
    wence: Run, encoder: Encoder, edited: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, folder = tmp_path / "home", tmp_path / "files"
    shutil.copytree(BUNDLED_CORPUS, folder)
    build_index(home, [folder], encoder)
    searcher = Searcher.open(home, encoder)
    database = Database.open(home)
    question = "离岸孵化器最高支持多少？"
    found = searcher.search(question, 1).ranked[0].clause
    said = "对符合条件的离岸孵化器，在张江、临港新片区试点给予最高不超过 200 万元的资金支持。"
    editing = Editing(Board(database, searcher))
    editor = Person("e" * 32, "编辑甲", "", Role.EDITOR)
    editing.save(editor, Draft(question, (Line(said, (found.clause_id,)),)), dt.date(2026, 11, 21))
    assert [p.question for p in pins_resting_on(database, {found.clause_id})] == [question]
    database.close()

    compared = wence("diff", RND, str(edited / RND), home=home)
    assert "核定答案（1 条）" in compared.out and question in compared.out
    shutil.copy(edited / RND, folder / RND)
    updated = wence("index", str(folder), home=home)
    assert updated.status == 0
    line = updated.out.splitlines()[-1]
    assert "修改 1，新增 0" in line and f"1 条核定答案引用了所改条款，请复核：{question}" in line
    again = wence("index", str(folder), home=home)
    assert "核定答案" not in again.out, "nothing changed, nothing is told"
