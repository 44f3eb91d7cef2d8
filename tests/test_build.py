"""Building an index: incremental, all or nothing, and never without what was in it before."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from assistant.ask import Assistant
from index import generation, holdings, intake, lexical, writing
from index import search as search_module
from index.build import build_index
from index.card import is_card
from index.contents import read_clauses
from index.encode import Encoder
from index.errors import (
    CatalogError,
    DocumentError,
    IndexDamagedError,
    IndexMissingError,
    IndexStampError,
    InputError,
    StorageError,
    WenceError,
)
from index.generation import current_generation, read_stamp
from index.passages import passages_of
from index.report import Report
from index.search import Searcher

MEASURES = """甲市测试办法
第一条 为了支持企业发展，制定本办法。
第二条 对首次升规的企业给予不超过30万元奖励。
第三条 科技创新券每家企业每年不超过50万元。
"""
PLAN = """乙市测试方案
第一条 支持建设中试基地，最高补助200万元。
第二条 本方案自2026年1月1日起施行。
"""


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "measures.txt").write_text(MEASURES, encoding="utf-8")
    (folder / "plan.txt").write_text(PLAN, encoding="utf-8")
    return folder


@pytest.fixture
def home(tmp_path: Path, policies: Path, encoder: Encoder) -> Path:
    """A WENCE_HOME with both test documents."""
    home = tmp_path / "home"
    build_index(home, [policies], encoder)
    return home


def outcomes(report: Report) -> dict[str, str]:
    return {Path(r.file).name: r.outcome for r in report.rows}


def ids(home: Path) -> dict[str, str]:
    """Clause id → text."""
    return {c.clause_id: c.text for c in read_clauses(current_generation(home)) if not is_card(c)}


def best(home: Path, encoder: Encoder, question: str) -> str:
    return Searcher.open(home, encoder).search(question, top=1).ranked[0].clause.text


def test_a_first_build_takes_all_documents_in(tmp_path: Path, policies: Path, encoder: Encoder) -> None:
    told: list[tuple[int, int, int]] = []

    class Bar:
        done = 0

        def update(self, n: int) -> None:
            Bar.done += n

    def bar(*counts: int) -> Bar:
        told.append(counts)  # type: ignore[arg-type]
        return Bar()

    report = build_index(tmp_path / "home", [policies], encoder, bar=bar)
    assert outcomes(report) == {"measures.txt": "added", "plan.txt": "added"}
    assert (report.documents, report.clauses) == (2, 5), "cards are not counted as clauses"
    assert report.embedded == report.passages == Bar.done
    assert told == [(2, 5, report.passages)]
    assert "30万元" in best(tmp_path / "home", encoder, "升规奖励")


def test_a_second_run_with_nothing_changed_makes_no_new_generation(
    home: Path, policies: Path, encoder: Encoder
) -> None:
    before = current_generation(home)
    report = build_index(home, [policies], encoder)
    assert set(outcomes(report).values()) == {"unchanged"}
    assert (report.documents, report.clauses, report.embedded) == (2, 5, 0)
    assert sum(row.clauses for row in report.rows) == 5, "cards are not counted here either"
    assert current_generation(home) == before


def test_an_edited_clause_changes_one_id_and_only_its_passages_are_embedded(
    home: Path, policies: Path, encoder: Encoder
) -> None:
    before = ids(home)
    (policies / "measures.txt").write_text(MEASURES.replace("30万元", "35万元"), encoding="utf-8")
    report = build_index(home, [policies], encoder)
    after = ids(home)
    assert outcomes(report) == {"measures.txt": "updated", "plan.txt": "unchanged"}
    assert len(before.keys() - after.keys()) == len(after.keys() - before.keys()) == 1
    assert report.embedded == 1
    assert "35万元" in best(home, encoder, "升规奖励")


def test_adding_a_document_embeds_that_document_only(home: Path, tmp_path: Path, encoder: Encoder) -> None:
    (tmp_path / "new.txt").write_text("丙市规定\n第一条 支持概念验证中心。\n", encoding="utf-8")
    before = read_stamp(current_generation(home)).passages
    report = build_index(home, [tmp_path / "new.txt"], encoder)
    assert (report.documents, report.clauses) == (3, 6)
    assert 0 < report.embedded <= report.passages - before
    assert "30万元" in best(home, encoder, "升规奖励"), "documents that were not named stay"


def test_vectors_taken_over_are_those_that_were_computed(home: Path, policies: Path, encoder: Encoder) -> None:
    (policies / "plan.txt").write_text(PLAN + "第三条 由市科技局解释。\n", encoding="utf-8")
    build_index(home, [policies], encoder)
    searcher = Searcher.open(home, encoder)
    clauses = [passages_of(c) for c in searcher.clauses]
    passages = [p for of in clauses for p in of]
    stored = searcher.store.vectors([p.passage_id for p in passages])
    computed = encoder.encode_clauses(clauses)
    assert len(stored) == len(passages)
    assert min(float(stored[p.passage_id] @ v) for p, v in zip(passages, computed, strict=True)) > 0.999


def test_a_changed_catalog_entry_updates_its_document(home: Path, policies: Path, encoder: Encoder) -> None:
    entry = '[[document]]\nfile = "plan.txt"\nregion = "深圳市"\nstatus = "draft"\n'
    (policies / "catalog.toml").write_text(entry, encoding="utf-8")
    assert outcomes(build_index(home, [policies], encoder)) == {"measures.txt": "unchanged", "plan.txt": "updated"}
    assert Searcher.open(home, encoder).document("plan").region == "深圳市"


def test_a_broken_catalog_leaves_the_index_as_it_was(home: Path, policies: Path, encoder: Encoder) -> None:
    before = current_generation(home)
    (policies / "measures.txt").write_text(MEASURES + "第四条 略。\n", encoding="utf-8")
    (policies / "catalog.toml").write_text('[[document]]\nfile = "plan.txt"\nsigned = "2026年"\n', encoding="utf-8")
    with pytest.raises(CatalogError, match=r"catalog\.toml 第 3 行.*signed.*2026年.*2025-05-17"):
        build_index(home, [policies], encoder)
    assert current_generation(home) == before


def test_a_deleted_file_leaves_the_index_when_its_folder_is_indexed_again(
    home: Path, policies: Path, encoder: Encoder
) -> None:
    (policies / "plan.txt").unlink()
    assert outcomes(build_index(home, [policies / "measures.txt"], encoder)) == {"measures.txt": "unchanged"}
    assert read_stamp(current_generation(home)).documents == 2, "a file named alone says nothing of its neighbours"
    assert outcomes(build_index(home, [policies], encoder)) == {"plan.txt": "removed", "measures.txt": "unchanged"}
    assert read_stamp(current_generation(home)).documents == 1


def test_an_emptied_folder_is_an_error_and_removes_nothing(home: Path, policies: Path, encoder: Encoder) -> None:
    """A disk that is not mounted looks like this."""
    for file in policies.iterdir():
        file.unlink()
    with pytest.raises(DocumentError, match="没有政策文本"):
        build_index(home, [policies], encoder)
    assert read_stamp(current_generation(home)).documents == 2


def test_a_renamed_file_keeps_its_vectors(home: Path, policies: Path, encoder: Encoder) -> None:
    (policies / "plan.txt").rename(policies / "plan-2026.txt")
    report = build_index(home, [policies / "plan-2026.txt"], encoder)
    assert (report.documents, report.embedded) == (2, 0)


def test_the_same_text_twice_is_indexed_once(home: Path, policies: Path, encoder: Encoder) -> None:
    (policies / "copy.txt").write_text(PLAN, encoding="utf-8")
    (policies / "below").mkdir()
    (policies / "below" / "plan.txt").write_text(PLAN, encoding="utf-8")
    for _ in range(2):
        report = build_index(home, [policies], encoder)
        assert report.documents == 2
        assert {r.outcome for r in report.rows if "plan" not in Path(r.file).parts[-1]} == {"unchanged", "rejected"}
        rejected = [r for r in report.rows if r.outcome == "rejected"]
        assert [Path(r.file).name for r in rejected] == ["plan.txt", "copy.txt"] or len(rejected) == 2
        assert all("plan.txt 完全相同" in r.reason for r in rejected)


def test_another_text_of_the_same_name_is_rejected_by_name(home: Path, policies: Path, encoder: Encoder) -> None:
    (policies / "below").mkdir()
    (policies / "below" / "plan.txt").write_text(MEASURES.replace("甲市", "丙市"), encoding="utf-8")
    report = build_index(home, [policies], encoder)
    (rejected,) = [r for r in report.rows if r.outcome == "rejected"]
    assert "同名" in rejected.reason and "document_id" in rejected.reason
    assert report.documents == 2


def test_unreadable_files_are_rejected_with_reasons_and_the_others_go_in(
    tmp_path: Path, policies: Path, encoder: Encoder
) -> None:
    (policies / "gb.txt").write_bytes(("丁市的管理办法\n第一条 支持科技企业的发展。\n" * 5).encode("gb18030"))
    (policies / "binary.txt").write_bytes(b"\x7fELF\x00\x01\x02" * 50)
    (policies / "pdf.txt").write_bytes(b"%PDF-1.7 ...")
    (policies / "blank.txt").write_text(" \n\n")
    (policies / "korean.txt").write_bytes("정책 문서 지원 기업".encode("euc-kr") * 20)
    Path(os.fsdecode(os.fsencode(policies) + b"/\xb2\xe2.txt")).write_text(PLAN + "第三条 略。\n", encoding="utf-8")
    report = build_index(tmp_path / "home", [policies], encoder)
    reasons = {Path(r.file).name: r.reason for r in report.rows if r.outcome == "rejected"}
    assert {n for n, o in outcomes(report).items() if o == "added"} == {"gb.txt", "measures.txt", "plan.txt"}
    assert set(reasons) >= {"binary.txt", "pdf.txt", "blank.txt", "korean.txt"} and len(reasons) == 5
    assert "PDF" in reasons["pdf.txt"] and "UTF-8" in reasons["korean.txt"]
    assert all("\n" not in reason for reason in reasons.values())


@pytest.mark.parametrize("name", ["missing", "empty", "binary.txt"])
def test_nothing_to_index_is_an_error_and_makes_no_index(name: str, tmp_path: Path, encoder: Encoder) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "binary.txt").write_bytes(b"\x00" * 100)
    with pytest.raises(InputError):
        build_index(tmp_path / "home", [tmp_path / name], encoder)
    with pytest.raises(IndexMissingError, match="`wence index`"):
        Searcher.open(tmp_path / "home", encoder)


def test_a_second_builder_is_sent_away(home: Path, policies: Path, encoder: Encoder) -> None:
    inside, leave = threading.Event(), threading.Event()

    class Slow:
        name, dimension = "another", encoder.dimension

        def encode_clauses(self, clauses: Any, progress: Any = None) -> Any:
            inside.set()
            leave.wait(60)
            return encoder.encode_clauses(clauses, progress)

    first = threading.Thread(target=build_index, args=(home, [policies], Slow()))
    first.start()
    try:
        assert inside.wait(60)
        with pytest.raises(StorageError, match="另一个进程"):
            build_index(home, [policies], encoder)
    finally:
        leave.set()
        first.join(60)
    assert read_stamp(current_generation(home)).model == "another"


KILLED = """
import os, signal, sys
from pathlib import Path
from index import build, generation, writing
from index.lexical import LexicalIndex
from index.stores.chroma import ChromaStore
from index.words import Tokenizer

Tokenizer()  # the dictionary is loaded once, for all children
home, policies = Path(sys.argv[1]), Path(sys.argv[2])
class Known:
    "No passage is new, so nothing is ever encoded."
    name, dimension = sys.argv[3], int(sys.argv[4])

def kill(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def after(function):
    def both(*arguments, **named):
        function(*arguments, **named)
        kill()
    return both

moments = [
    (ChromaStore, "create", kill), (ChromaStore, "add", kill), (ChromaStore, "add", after(ChromaStore.add)),
    (LexicalIndex, "save", kill), (writing, "write_records", after(writing.write_records)),
    (writing, "write_stamp", after(writing.write_stamp)), (Path, "replace", kill), (generation.shutil, "rmtree", kill),
]
for place, name, instead in moments:
    child = os.fork()
    if not child:
        setattr(place, name, instead)
        build.build_index(home, [policies], Known())
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(name, status, generation.current_generation(home).name, flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked builders")
def test_a_builder_killed_at_any_moment_leaves_an_index_that_answers(
    home: Path, policies: Path, encoder: Encoder
) -> None:
    (policies / "plan.txt").unlink()
    build_index(home, [policies], encoder)
    (policies / "plan.txt").write_text(PLAN, encoding="utf-8")
    build_index(home, [policies], encoder)  # two generations, so that making the third current removes one
    before = current_generation(home)
    (policies / "measures.txt").unlink()
    command = [sys.executable, "-c", KILLED, str(home), str(policies), encoder.name, str(encoder.dimension)]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent.parent, check=False)
    moments = [line.split() for line in ran.stdout.splitlines()]
    assert len(moments) == 8, ran.stderr
    assert [status for _, status, _ in moments] == ["9"] * 8, moments
    assert {now for _, _, now in moments[:-1]} == {before.name}, "until the pointer moves, readers find the old index"
    assert best(home, encoder, "中试基地")
    report = build_index(home, [policies], encoder)
    assert report.documents == 1
    assert "200万元" in best(home, encoder, "中试基地")
    assert len(list((home / "index").glob("g-*"))) <= 2, "what killed builders left is cleared away"


def fail_full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    ("place", "name"),
    [(lexical.LexicalIndex, "save"), (writing, "write_records"), (writing, "write_stamp"), (generation.Path, "mkdir")],
)
def test_a_full_disk_leaves_the_index_as_it_was(
    place: Any, name: str, home: Path, policies: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = current_generation(home)
    (policies / "plan.txt").write_text(PLAN + "第三条 略。\n", encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(place, name, fail_full)
        with pytest.raises(StorageError, match="磁盘已满"):
            build_index(home, [policies], encoder)
    assert current_generation(home) == before
    assert [g.name for g in (home / "index").glob("g-*")] == [before.name], "nothing half-written stays"
    assert build_index(home, [policies], encoder).count("updated") == 1


def test_on_a_really_full_or_read_only_disk_search_goes_on_and_building_says_why_not(
    small_disk: Path, tmp_path: Path, home: Path, policies: Path, encoder: Encoder
) -> None:
    there = small_disk / "home"
    shutil.copytree(home, there)
    with (small_disk / "fill").open("wb", buffering=0) as fill, pytest.raises(OSError):  # noqa: PT011 - the disk fills up
        while True:
            fill.write(b"\0" * 4096)
    (policies / "plan.txt").write_text(PLAN + "第三条 略。\n", encoding="utf-8")
    assert "30万元" in best(there, encoder, "升规奖励")
    with pytest.raises(StorageError, match="磁盘"):
        build_index(there, [policies], encoder)
    (small_disk / "fill").unlink()
    read_only = tmp_path / "read-only"
    read_only.mkdir()
    subprocess.run(["mount", "--bind", str(small_disk), str(read_only)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(read_only)], check=True)
        assert "30万元" in best(read_only / "home", encoder, "升规奖励")
        with pytest.raises(StorageError, match="只读"):
            build_index(read_only / "home", [policies], encoder)
    finally:
        subprocess.run(["umount", "-l", str(read_only)], check=True)


def test_a_home_below_a_file_is_named(tmp_path: Path, policies: Path, encoder: Encoder) -> None:
    (tmp_path / "file").write_text("in the way")
    below = tmp_path / "file" / "home"
    with pytest.raises(StorageError, match="WENCE_HOME"):
        build_index(below, [policies], encoder)
    with pytest.raises(StorageError, match="WENCE_HOME"):
        Searcher.open(below, encoder)


class Renamed:
    """The same model under another name."""

    def __init__(self, encoder: Encoder) -> None:
        self.name, self.dimension = "another-model", encoder.dimension
        self.encode_question, self.encode_clauses = encoder.encode_question, encoder.encode_clauses


def test_an_index_of_another_model_refuses_to_open_and_the_named_command_repairs_it(
    home: Path, encoder: Encoder
) -> None:
    other = Renamed(encoder)
    with pytest.raises(IndexStampError, match=r"multilingual-e5-small.*another-model.*`wence index --rebuild`"):
        Searcher.open(home, other)
    report = build_index(home, [], other, rebuild=True)
    assert report.documents == 2 and report.embedded == report.passages
    assert "30万元" in best(home, other, "升规奖励")


def test_an_index_of_another_parser_is_read_again_from_its_files(
    home: Path, policies: Path, tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (holdings, intake, writing, search_module):
        monkeypatch.setattr(module, "PARSER_VERSION", "999")
    with pytest.raises(IndexStampError, match=r"解析器.*999.*`wence index --rebuild`"):
        Searcher.open(home, encoder)
    (tmp_path / "new.txt").write_text("丙市规定\n第一条 支持概念验证中心。\n", encoding="utf-8")
    moved = (policies / "plan.txt").rename(tmp_path / "away.txt")
    before = current_generation(home)
    with pytest.raises(IndexDamagedError, match=r"plan\.txt 已不在"):
        build_index(home, [tmp_path / "new.txt"], encoder)
    assert current_generation(home) == before
    moved.rename(policies / "plan.txt")
    report = build_index(home, [tmp_path / "new.txt"], encoder)
    assert outcomes(report) == {"measures.txt": "updated", "plan.txt": "updated", "new.txt": "added"}
    assert "30万元" in best(home, encoder, "升规奖励")


def test_rebuilding_with_paths_keeps_these_only(home: Path, policies: Path, encoder: Encoder) -> None:
    report = build_index(home, [policies / "plan.txt"], encoder, rebuild=True)
    assert (report.documents, report.embedded) == (1, report.passages)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def last_line_off(path: Path) -> None:
    path.write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[:-1]), encoding="utf-8")


DAMAGE = {
    "a pointer that is gone": lambda g: (g.parent / "CURRENT").unlink(),
    "a pointer to nowhere": lambda g: (g.parent / "CURRENT").write_text("g-000099\n"),
    "a pointer of rubbish": lambda g: (g.parent / "CURRENT").write_bytes(b"\xff\x00../../etc"),
    "clauses cut in a line": lambda g: cut(g / "clauses.jsonl"),
    "clauses cut between lines": lambda g: last_line_off(g / "clauses.jsonl"),
    "clauses that are gone": lambda g: (g / "clauses.jsonl").unlink(),
    "a stamp of rubbish": lambda g: (g / "stamp.json").write_bytes(b"\x00{"),
    "a stamp of another format": lambda g: (g / "stamp.json").write_text('{"format": "0"}'),
    "forms that are gone": lambda g: (g / "forms.jsonl").unlink(),
    "line starts that are gone": lambda g: (g / "clauses.starts.npy").unlink(),
    "columns of rubbish": lambda g: (g / "columns.npz").write_bytes(b"PK rubbish"),
    "clause ids cut short": lambda g: cut(g / "ids.txt"),
    "the nearest passages cut short": lambda g: cut(g / "nearest" / "vectors.npy"),
    "vectors that are gone": lambda g: shutil.rmtree(g / "vectors"),
    "a database of rubbish": lambda g: (g / "vectors" / "chroma.sqlite3").write_bytes(os.urandom(20_000)),
    "an empty database": lambda g: (g / "vectors" / "chroma.sqlite3").write_bytes(b""),
    "a lexical index that is gone": lambda g: shutil.rmtree(g / "lexical"),
    "a lexical file cut short": lambda g: cut(g / "lexical" / "idf.npy"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_one_clear_error_and_indexing_again_brings_everything_back(
    damage: str, home: Path, policies: Path, tmp_path: Path, encoder: Encoder
) -> None:
    elsewhere = tmp_path / "elsewhere.txt"
    elsewhere.write_text("丙市规定\n第一条 支持概念验证中心。\n", encoding="utf-8")
    build_index(home, [elsewhere], encoder)
    before = ids(home)
    DAMAGE[damage](current_generation(home))
    with pytest.raises(WenceError, match="`wence index") as caught:
        Searcher.open(home, encoder)
    assert "\n" not in str(caught.value)
    build_index(home, [policies], encoder)
    assert ids(home) == before, "documents that were not named again are not forgotten"
    assert "概念验证" in best(home, encoder, "概念验证中心")


def test_when_it_is_not_known_what_was_indexed_nothing_is_thrown_away(
    home: Path, policies: Path, encoder: Encoder
) -> None:
    (current_generation(home) / "documents.jsonl").write_bytes(os.urandom(200))
    before = sorted(p.name for p in (home / "index").glob("g-*"))
    for rebuild in (False, True):
        with pytest.raises(IndexDamagedError, match=r"`wence index --rebuild 路径…`"):
            build_index(home, [] if rebuild else [policies], encoder, rebuild=rebuild)
    assert sorted(p.name for p in (home / "index").glob("g-*")) == before
    assert build_index(home, [policies], encoder, rebuild=True).documents == 2


def test_records_on_disk_are_plain_json_lines(home: Path) -> None:
    folder = current_generation(home)
    rows = [json.loads(line) for line in (folder / "clauses.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) == read_stamp(folder).clauses == 7
    assert (home / "index" / "CURRENT").read_text(encoding="utf-8") == f"{folder.name}\n"


def test_an_impossible_date_in_a_document_breaks_no_answer(tmp_path: Path, encoder: Encoder) -> None:
    policy = tmp_path / "typo.txt"
    policy.write_text(
        "丙市办法\n第一条 对首次升规的企业给予不超过30万元奖励。\n第二条 本办法自2025年2月30日起施行，有效期至2029年9月31日。\n",
        encoding="utf-8",
    )
    build_index(tmp_path / "home", [policy], encoder)
    searcher = Searcher.open(tmp_path / "home", encoder)
    assert (searcher.documents[0].effective, searcher.documents[0].expires) == ("", "")
    assert "不超过30万元" in Assistant(searcher).answer("升规奖励多少").text
