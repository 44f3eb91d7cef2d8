"""A server that finds an index of another make: it rebuilds from the files, or says in one line why it cannot."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from assistant.library.library import Library
from assistant.library.vault import Vault, VaultReadings
from assistant.records.database import Database
from assistant.renewal import open_renewed
from assistant.review.board import Boards
from assistant.review.editing import Draft, Editing
from assistant.review.pins import Line
from index.build import build_index
from index.encode import Encoder
from index.errors import IndexDamagedError, IndexStampError
from index.generation import current_generation, locked
from index.search import Searcher
from tests.conftest import Ran
from tests.library.shelf import ADMIN, EDITOR, QUESTION, notice, published
from tests.serving import free_port

TODAY = dt.date(2026, 11, 21)
RULES = "{city}测试办法\n第一条 为了支持企业发展，制定本办法。\n第二条 对首次升规的企业给予不超过{amount}万元奖励。\n"


def restamped(home: Path, **values: object) -> Path:
    """The current generation, as if another version had made it."""
    folder = current_generation(home)
    stamp = folder / "stamp.json"
    stamp.write_text(json.dumps(json.loads(stamp.read_text(encoding="utf-8")) | values), encoding="utf-8")
    return folder


def starts(home: Path, encoder: Encoder, builds: list[Sequence[Path]] | None = None, first: Path = Path()) -> Searcher:
    """The index that a server would start on."""

    def build(paths: Sequence[Path]) -> object:
        if builds is not None:
            builds.append(paths)
        return build_index(home, paths, encoder, readings=VaultReadings(Vault(home)))

    return open_renewed(home, lambda: Searcher.open(home, encoder), build, lambda: [first])


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """Two small documents."""
    folder = tmp_path / "政策"
    folder.mkdir()
    for city, amount in (("甲市", 30), ("乙市", 20)):
        (folder / f"{city}.txt").write_text(RULES.format(city=city, amount=amount), encoding="utf-8")
    return folder


@pytest.fixture
def home(policies: Path, tmp_path: Path, encoder: Encoder) -> Path:
    """An index of both."""
    build_index(tmp_path / "home", [policies], encoder)
    return tmp_path / "home"


@pytest.mark.parametrize(
    "was", [{"parser": "1"}, {"format": "2", "unknown": 1}, {"model": "another", "dimension": 8}], ids=str
)
def test_an_index_of_another_make_is_rebuilt_and_nothing_is_lost(
    home: Path, encoder: Encoder, was: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    database = Database.open(home)
    library = Library(home, database, encoder)
    item = published(library, "算力券.txt", notice())
    boards = Boards(database)
    before = Searcher.open(home, encoder)
    clause = next(c for c in before.clauses if c.document_id == item.document and "500万元" in c.text)
    Editing(boards.at(before)).save(EDITOR, Draft(QUESTION, (Line(clause.text, (clause.clause_id,)),)), TODAY)
    old = restamped(home, **was)
    held = {path: path.read_bytes() for path in old.rglob("*") if path.is_file()}
    capsys.readouterr()
    builds: list[Sequence[Path]] = []
    after = starts(home, encoder, builds)
    said = capsys.readouterr().err
    assert builds == [()] and said.count("\n") == 1 and "重建" in said and "索引的" in said
    assert [c.clause_id for c in after.clauses] == [c.clause_id for c in before.clauses]
    assert boards.at(after).loaded().pins and boards.at(after).fault(boards.at(after).loaded().pins[0], TODAY) == ""
    assert {path: path.read_bytes() for path in held} == held, "readers of the old one keep it"
    assert starts(home, encoder, builds).version == after.version and len(builds) == 1, "once is enough"
    library.undo(item.id, ADMIN)
    assert library.publishing.wait(300) and library.items.get(item.id).state == "withdrawn"


def test_what_a_newer_version_made_is_left_alone(home: Path, encoder: Encoder) -> None:
    for was in ({"format": "99"}, {"format": "3", "parser": "99"}):
        folder = restamped(home, **was)
        with pytest.raises(IndexStampError, match="更新的版本.*升级问策"):
            starts(home, encoder)
        assert current_generation(home) == folder


def test_a_damaged_index_is_left_to_a_person(home: Path, encoder: Encoder) -> None:
    (current_generation(home) / "ids.txt").unlink()
    builds: list[Sequence[Path]] = []
    with pytest.raises(IndexDamagedError):
        starts(home, encoder, builds)
    assert not builds


def test_an_index_whose_vectors_are_gone_gets_them_anew_and_nothing_else(
    home: Path, policies: Path, encoder: Encoder, capsys: pytest.CaptureFixture[str]
) -> None:
    before = Searcher.open(home, encoder)
    (current_generation(home) / "vectors" / "chroma.sqlite3").unlink()
    builds: list[Sequence[Path]] = []
    after = starts(home, encoder, builds, policies)
    assert builds == [()] and "还没有索引" not in capsys.readouterr().err
    assert [c.clause_id for c in after.clauses] == [c.clause_id for c in before.clauses]


def test_serving_names_the_file_that_is_missing(wence: Callable[..., Ran], home: Path, policies: Path) -> None:
    generation = restamped(home, parser="1")
    (policies / "乙市.txt").unlink()
    ran = wence("serve", "--port", str(free_port()), home=home)
    last = ran.err.splitlines()[-1]
    assert ran.status == 1 and "乙市.txt 已不在" in last and "Traceback" not in ran.err
    assert current_generation(home) == generation
    asked = wence("search", "首台套", home=home)
    assert asked.status == 1 and asked.err.count("\n") == 1 and "wence index --rebuild" in asked.err


def test_of_two_servers_one_builds_and_the_other_waits(
    policies: Path, tmp_path: Path, encoder: Encoder, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "shared"
    found: list[Searcher] = []
    builds: list[Sequence[Path]] = []
    waiting = threading.Thread(target=lambda: found.append(starts(home, encoder, builds, policies)))
    with locked(home):
        waiting.start()
        said = ""
        while "另一个进程" not in said:
            said += capsys.readouterr().err
            assert waiting.is_alive()
    waiting.join(300)
    assert len(found) == 1 and builds == [[policies]] and said.count("\n") == 1
