"""A running server takes on each new index by itself: no request fails, and no answer is made of two of them."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from assistant.answer import Asker
from assistant.ask import Assistant
from assistant.mcp_server import build_server
from assistant.people.person import Person, Role
from assistant.records.database import Database
from assistant.review.board import Boards
from assistant.review.editing import Draft, Editing
from assistant.review.keeper import Keeper
from assistant.review.pins import ACTIVE, WITHDRAWN, Line
from index import live as live_module
from index.build import build_index
from index.encode import Encoder
from index.errors import IndexDamagedError
from index.generation import complete_generations, current_generation
from index.live import LiveIndex, followed
from index.search import Searcher
from tests.serving import chroma_server, events, free_port, running
from tests.signing_in import make_people, signed_in

EDITOR = Person("e" * 32, "编辑甲", "", Role.EDITOR)
TODAY = dt.date(2026, 11, 21)
QUESTION = "首次升规的企业奖励多少"
WAIT_S = 300
RULES = """甲市测试办法
第一条 为了支持企业发展，制定本办法。
第二条 对首次升规的企业给予不超过{amount}万元奖励。
第三条 科技创新券每家企业每年不超过50万元。
"""


def until(met: Callable[[], object]) -> None:
    """Wait for a state; a busy machine takes its time."""
    deadline = time.monotonic() + WAIT_S
    while not met():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


@dataclass
class Place:
    """A home with one document whose amount changes from index to index."""

    home: Path
    folder: Path
    encoder: Encoder
    store: str = ""
    amounts: dict[str, int] = field(default_factory=dict)
    """Version of each index → the amount in it."""

    def write(self, amount: int) -> str:
        """Index the document with this amount; the version."""
        (self.folder / "办法.txt").write_text(RULES.format(amount=amount), encoding="utf-8")
        build_index(self.home, [self.folder], self.encoder, place=self.store)
        stamp = json.loads((current_generation(self.home) / "stamp.json").read_text(encoding="utf-8"))
        version = f"{current_generation(self.home).name}@{stamp['built']}"
        self.amounts[version] = amount
        return version

    def opened(self) -> LiveIndex:
        return LiveIndex.open(self.home, self.encoder, self.store)


@pytest.fixture
def place(tmp_path: Path, encoder: Encoder) -> Place:
    folder = tmp_path / "policies"
    folder.mkdir()
    found = Place(tmp_path / "home", folder, encoder)
    found.write(30)
    return found


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "LOOK_S", 0.05)


def named(generations: list[Path]) -> list[str]:
    return [g.name for g in generations]


def amount_in(text: str) -> int:
    return int(text.partition("不超过")[2].partition("万元")[0])


class Askers:
    """Clients who never stop asking; each keeps what it was told, and any failure."""

    def __init__(self, url: str, question: str = QUESTION, about: str = "升规") -> None:
        self._url, self._done, self._question, self._about = url, threading.Event(), question, about
        self.told: list[tuple[str, set[int]]] = []
        """Index version and amounts of each answer."""
        self.failures: list[str] = []
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(3)]
        for thread in self._threads:
            thread.start()

    def _run(self, turn: int) -> None:
        with httpx.Client(base_url=self._url, timeout=WAIT_S) as client:
            while not self._done.is_set():
                turn += 1
                try:
                    (self._search if turn % 2 else self._chat)(client)
                except Exception as error:
                    self.failures.append(repr(error))

    def _search(self, client: httpx.Client) -> None:
        reply = client.post("/api/search", json={"question": self._question}).raise_for_status().json()
        self.told.append((reply["index_version"], {amount_in(reply["results"][0]["text"])}))

    def _chat(self, client: httpx.Client) -> None:
        reply = client.post("/api/chat", json={"question": self._question}).raise_for_status()
        steps = events(reply.text)
        kind, answer = steps[-1]
        assert kind == "done", steps[-1]
        shown = [c["text"] for k, data in steps if k == "evidence" for c in data["citations"]]
        texts = [*shown, *(c["text"] for c in answer["citations"]), answer["answer"]]
        self.told.append((answer["index_version"], {amount_in(t) for t in texts if self._about in t}))

    def stop(self) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()


def test_two_quick_updates_under_questions_fail_nobody_and_mix_nothing(place: Place) -> None:
    index = place.opened()
    with followed(index), running(Assistant(index, today=TODAY), place.home) as server:
        askers = Askers(server.url)
        try:
            until(lambda: askers.told)
            for first, second in ((31, 32), (33, 34)):
                place.write(first)
                last = place.write(second)
                until(lambda last=last: askers.told and askers.told[-1][0] == last)  # type: ignore[misc]
        finally:
            askers.stop()
        ready = httpx.get(f"{server.url}/readyz").json()
    assert not askers.failures, askers.failures[:3]
    assert {version: {place.amounts[version]} for version, _ in askers.told} == dict(askers.told)
    assert all(amounts == {place.amounts[version]} for version, amounts in askers.told)
    assert (ready["index_version"], ready["detail"]) == (last, "")
    assert len({version for version, _ in askers.told}) >= 3, "the first, and both last ones"


def test_a_served_home_takes_on_what_the_command_indexes(
    tmp_path: Path, corpus_home: Path, encoder: Encoder, model_cache: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Both as an operator runs them, over the five documents: `wence serve`, and `wence index` twice in a row."""
    home, folder, port = tmp_path / "home", tmp_path / "more", free_port()
    shutil.copytree(corpus_home, home)
    folder.mkdir()
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("WENCE_")},
        "WENCE_HOME": str(home), "WENCE_CACHE": str(model_cache), "WENCE_LLM": "none",
    }  # fmt: skip
    url, command = f"http://127.0.0.1:{port}", [sys.executable, "-m", "assistant"]

    def write(amount: int) -> Path:
        text = f"第一条 对量子蓝莓种植企业给予不超过{amount}万元奖励。\n"
        (folder / "量子蓝莓办法.txt").write_text(text, encoding="utf-8")
        return folder

    def ready() -> bool:
        try:
            return httpx.get(f"{url}/readyz", timeout=WAIT_S).is_success
        except httpx.HTTPError:
            return False

    build_index(home, [write(30)], encoder)
    server = subprocess.Popen([*command, "serve", "--port", str(port)], env=environment)
    try:
        until(ready)
        askers = Askers(url, "量子蓝莓种植企业奖励多少", "量子蓝莓")
        try:
            until(lambda: askers.told)
            for amount in (31, 32):
                subprocess.run([*command, "index", str(write(amount))], env=environment, check=True)
            until(lambda: askers.told[-1][1] == {32})
        finally:
            askers.stop()
    finally:
        server.terminate()
        server.wait(WAIT_S)
    assert not askers.failures, askers.failures[:3]
    by_version: dict[str, set[int]] = {}
    for version, amounts in askers.told:
        by_version.setdefault(version, set()).update(amounts)
    assert all(len(amounts) == 1 for amounts in by_version.values()), by_version
    assert {30} in by_version.values() and {32} in by_version.values()
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("store", ["chroma", "milvus"])
def test_it_holds_for_engines_that_keep_the_vectors_elsewhere(tmp_path: Path, encoder: Encoder, store: str) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    if store == "milvus":
        pytest.importorskip("milvus_lite")
        _updates_under_an_answer(Place(tmp_path / "home", folder, encoder, f"milvus:{tmp_path / 'store.db'}"))
    else:
        with chroma_server(tmp_path / "server") as (url, _):
            _updates_under_an_answer(Place(tmp_path / "home", folder, encoder, url))


def _updates_under_an_answer(place: Place) -> None:
    """Three indexes are made while somebody holds the first; it answers until it is let go, and then it is gone."""
    first = place.write(30)
    index = place.opened()
    held = Assistant(index, today=TODAY).held()
    versions = [place.write(amount) for amount in (31, 32, 33)]
    assert index.refresh() and index.now().version == versions[-1]
    answer = held.answer(QUESTION)
    assert (answer.index_version, amount_in(answer.text)) == (first, 30)
    assert amount_in(Assistant(index, today=TODAY).answer(QUESTION).text) == 33


def test_an_answer_under_way_ends_on_the_index_it_began_with(place: Place) -> None:
    first = current_generation(place.home)
    index = place.opened()
    assistant = Assistant(index, today=TODAY)
    stream = assistant.stream(QUESTION)
    evidence = next(stream)
    versions = [place.write(amount) for amount in (31, 32, 33)]
    assert index.refresh()
    assert named(complete_generations(place.home))[0] == first.name, "somebody still reads it"
    answer = list(stream)[-1].answer
    assert answer is not None
    assert {place.amounts[answer.index_version]} == {amount_in(c.clause.text) for c in evidence.citations} == {30}
    later = assistant.answer(QUESTION)
    assert (later.index_version, amount_in(later.text)) == (versions[-1], 33)


def test_what_nobody_reads_any_more_is_removed_and_what_is_read_is_not(place: Place) -> None:
    reader = Searcher.open(place.home, place.encoder)
    for amount in (31, 32, 33):
        place.write(amount)
    assert named(complete_generations(place.home)) == ["g-000001", "g-000003", "g-000004"]
    assert amount_in(reader.search(QUESTION).ranked[0].clause.text) == 30
    kept = weakref.ref(reader)
    del reader
    assert kept() is None, "it goes with its last reader, not when a collection finds it"
    index = place.opened()
    with followed(index):
        for amount in (34, 35, 36, 37):
            version = place.write(amount)
            until(lambda version=version: index.now().version == version)  # type: ignore[misc]
    place.write(38)
    assert named(complete_generations(place.home)) == ["g-000008", "g-000009"]


def test_an_index_that_cannot_be_opened_changes_nothing_and_is_said_once(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    index = place.opened()
    with running(Assistant(index, today=TODAY), place.home) as server, caplog.at_level(logging.ERROR, "wence.index"):
        whole = place.write(31)
        words = current_generation(place.home) / "lexical" / "idf.npy"
        kept = words.read_bytes()
        words.write_bytes(kept[: len(kept) // 2])
        assert not index.refresh() and not index.refresh()
        assert amount_in(Assistant(index).answer(QUESTION).text) == 30
        (line,) = [r.getMessage() for r in caplog.records]
        assert line.startswith("新索引没有启用，仍用 g-000001@") and "\n" not in line
        ready = httpx.get(f"{server.url}/readyz")
        assert ready.status_code == 200 and "新索引没有启用" in ready.json()["detail"]
        assert "wence_index_behind 1.0" in httpx.get(f"{server.url}/metrics").text
        words.write_bytes(kept)
        assert index.refresh() and index.trouble == ""
        assert httpx.get(f"{server.url}/readyz").json() == {
            "status": "ok", "documents": 1, "index_version": whole, "detail": "",
        }  # fmt: skip
        assert f'wence_index{{version="{whole}"}} 1.0' in httpx.get(f"{server.url}/metrics").text


def test_a_pointer_that_is_lost_or_put_back_changes_nothing(place: Place) -> None:
    index = place.opened()
    pointer = place.home / "index" / "CURRENT"
    kept = pointer.rename(pointer.with_name("kept"))
    assert not index.refresh() and "索引指针" in index.trouble
    kept.rename(pointer)
    assert index.refresh() and index.trouble == ""
    assert amount_in(index.now().search(QUESTION).ranked[0].clause.text) == 30


def test_a_home_made_anew_is_taken_on_though_its_name_is_the_same(place: Place) -> None:
    index = place.opened()
    shutil.rmtree(place.home / "index")
    place.write(44)
    assert current_generation(place.home).name == "g-000001"
    assert index.refresh() and amount_in(index.now().search(QUESTION).ranked[0].clause.text) == 44


def test_opening_follows_a_pointer_that_moves_meanwhile(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    real = Searcher._opened.__func__  # type: ignore[attr-defined]

    def slow(cls: Any, folder: Path, *more: Any) -> Searcher:
        opened.append(folder.name)
        if len(opened) == 1:
            place.write(31)
            shutil.rmtree(folder)
        return real(cls, folder, *more)  # type: ignore[no-any-return]

    monkeypatch.setattr(Searcher, "_opened", classmethod(slow))
    assert amount_in(Searcher.open(place.home, place.encoder).search(QUESTION).ranked[0].clause.text) == 31
    assert opened == ["g-000001", "g-000002"]
    shutil.rmtree(current_generation(place.home) / "lexical")
    with pytest.raises(IndexDamagedError):
        Searcher.open(place.home, place.encoder)


def test_every_face_shows_the_new_documents_from_the_next_request_on(place: Place, tmp_path: Path) -> None:
    index = place.opened()
    assistant = Assistant(index, today=TODAY)
    tools = build_server(assistant)
    with running(assistant, place.home) as server, httpx.Client(base_url=server.url, timeout=WAIT_S) as client:
        assert "上海市" not in client.get("/").text
        clause = client.post("/api/search", json={"question": QUESTION}).json()["results"][0]["clause_id"]
        text = "上海市测试方案\n第一条 支持建设中试基地，最高补助200万元。\n"
        (place.folder / "上海市方案.txt").write_text(text, encoding="utf-8")
        version = place.write(31)
        assert index.refresh()
        assert [d["title"] for d in client.get("/api/documents").json()] != []
        assert len(client.get("/api/documents").json()) == 2
        assert client.get(f"/api/clauses/{clause}").status_code == 404
        assert "上海市测试方案" in client.get("/").text, "the list of documents on the page"
        assert "上海市" in client.get("/config").text, "regions to choose from"
        assert client.get("/readyz").json()["index_version"] == version
    assert tools is not None and "200万元" in assistant.answer("中试基地最高补助多少", (), Asker("上海市")).text


def test_the_workbench_and_its_shelf_follow(place: Place, tmp_path: Path) -> None:
    index, database = place.opened(), Database.open(tmp_path / "records")
    make_people(database)
    with (
        running(Assistant(index, today=TODAY), place.home, database=database) as server,
        signed_in(server.url, database, Role.EDITOR) as client,
    ):
        before = client.get("/api/staff/start").raise_for_status().json()
        version = place.write(35)
        assert index.refresh()
        after = client.get("/api/staff/start").json()
        assert before["index_version"] != after["index_version"] == version
        found = client.post("/api/staff/search", json={"line": QUESTION}).raise_for_status().text
        assert "35" in found and "30万元" not in found
    database.close()


def test_a_pin_whose_clause_changed_is_taken_back_at_the_next_question(place: Place, tmp_path: Path) -> None:
    index, database = place.opened(), Database.open(tmp_path / "records")
    boards = Boards(database)
    assistant = Assistant(index, today=TODAY, pins=boards)
    searcher = index.now()
    clause = searcher.search(QUESTION).ranked[0].clause
    editing = Editing(boards.at(searcher))
    pin = editing.save(EDITOR, Draft(QUESTION, (Line(clause.text, (clause.clause_id,)),)), TODAY)
    assert assistant.answer(QUESTION).pin == pin.id
    with Keeper(boards, assistant) as keeper:
        assert keeper.look()[1] == 0
        held = assistant.held()
        place.write(36)
        assert index.refresh()
        assert held.answer(QUESTION).pin == pin.id, "a request under way keeps what it began with"
        assert keeper.look()[1] == 1
    answer = assistant.answer(QUESTION)
    assert (answer.pin, amount_in(answer.text)) == ("", 36)
    assert Editing(boards.at(index.now())).get(pin.id).state == WITHDRAWN != ACTIVE
    database.close()


def test_a_fixed_index_is_left_alone(searcher: Searcher) -> None:
    with followed(searcher):
        assert searcher.now() is searcher
