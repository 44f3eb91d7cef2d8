"""Two servers over one vector server and one PostgreSQL: a new index under load, restarts in turn, nobody notices.

Asked through a balancer: a server that takes no connection, or drops it without a word while it stops, is passed over,
as any balancer does; every other failure counts.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from assistant.people.person import Role
from assistant.people.reception import COOKIE
from assistant.people.sessions import Sessions
from assistant.records.database import Database
from assistant.records.tables import AnswerRow, RatingRow
from assistant.web.sites import Sites
from index.build import build_index
from index.encode import Encoder
from index.place import Address
from tests.postgres import Cluster
from tests.serving import PAGE, bearer, chroma_server, events, free_port, token_for
from tests.signing_in import PASSWORD, make_people, name_of
from tests.token_proxy import asking_for

TOKEN = "t0ken-of-the-vector-server"
OLD = "第一条 对首次升规的企业给予不超过30万元奖励。\n第二条 支持建设概念验证中心。\n"
NEW = "第一条 首台套装备按合同金额给予最高不超过{amount}万元支持。\n"
ASKED, NEWLY_ASKED = "升规奖励多少", "首台套最高多少"
WAIT_S = 300
"""Longest wait for anything; a busy machine takes a minute."""
PAUSE_S = 0.05
"""Between the questions of one person, so that the servers that start meanwhile get their share of the processor."""

pytestmark = pytest.mark.timeout(1200)  # six servers start here, of which a busy machine takes a minute each


class Server:
    """One `wence serve` process."""

    def __init__(self, home: Path, log: Path, **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("WENCE_")},
            "WENCE_HOME": str(home), "WENCE_LLM": "none", **settings,
        }  # fmt: skip
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "assistant", "serve", "--port", str(self.port)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        until(self._ready)

    def _ready(self) -> bool:
        assert self._process.poll() is None, self.log.read_text(encoding="utf-8")
        try:
            return httpx.get(f"{self.url}/readyz", timeout=30).is_success
        except httpx.HTTPError:
            return False

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(WAIT_S)

    def end(self) -> None:
        """Whatever state it is in."""
        self._process.kill()
        self._process.wait()

    def first(self, question: str, **headers: str) -> dict[str, Any]:
        """The clause found first."""
        body = {"question": question}
        reply = httpx.post(f"{self.url}/api/search", json=body, headers=headers, timeout=WAIT_S)
        assert reply.is_success, reply.text
        found: dict[str, Any] = reply.json()["results"][0]
        return found

    def shows(self, words: str) -> bool:
        """Whether it searches the index that has these words."""
        return words in self.first(NEWLY_ASKED)["text"]

    def answer(self, question: str) -> dict[str, Any]:
        """A whole answer."""
        reply = httpx.post(f"{self.url}/api/chat", json={"question": question}, timeout=WAIT_S)
        assert reply.is_success, reply.text
        return answer_in(reply.text)


def answer_in(text: str) -> dict[str, Any]:
    """The answer that an event stream ends with."""
    kind, answer = events(text)[-1]
    assert kind == "done", kind
    return answer


def until(met: Callable[[], object]) -> None:
    """Wait for a state."""
    deadline = time.monotonic() + WAIT_S
    while not met():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.2)


class Askers:
    """Three people who never stop asking, for clauses and for answers turn about."""

    def __init__(self, servers: list[Server]) -> None:
        self._servers, self._done = servers, threading.Event()
        self.failures: list[str] = []
        self.answers: dict[str, set[str]] = {server.url: set() for server in servers}
        """Ids of the answers that each server gave."""
        self._threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(3)]
        for thread in self._threads:
            thread.start()

    def _ask(self, turn: int) -> None:
        while not self._done.wait(PAUSE_S):
            turn += 1
            order = [self._servers[(turn + i) % len(self._servers)] for i in range(len(self._servers))]
            try:
                if not any(self._took(server, "search" if turn % 4 < 2 else "chat") for server in order):
                    self.failures.append("nobody took the connection")
            except Exception as error:  # noqa: BLE001 - whatever goes wrong is what is looked for
                self.failures.append(repr(error))

    def _took(self, server: Server, what: str) -> bool:
        try:
            reply = httpx.post(f"{server.url}/api/{what}", json={"question": ASKED}, timeout=WAIT_S)
        except (httpx.ConnectError, httpx.RemoteProtocolError, httpx.ReadError):
            return False
        assert reply.is_success, f"{reply.status_code} {reply.text[:200]}"
        if what == "search":
            said = reply.json()["results"][0]["text"]
        else:
            answer = answer_in(reply.text)
            self.answers[server.url].add(answer["answer_id"])
            said = answer["answer"]
        assert "30万元" in said, said
        return True

    def stop(self) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()


@pytest.fixture
def database(postgres: Cluster) -> Iterator[Database]:
    """One PostgreSQL database for both servers, with people and a site in it."""
    found = Database.open(Path("unused"), postgres.create())
    make_people(found)
    Sites(found).add("park", origins=[PAGE])
    yield found
    found.close()


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "升规办法.txt").write_text(OLD, encoding="utf-8")
    return folder


@contextmanager
def two_servers(homes: list[Path], database: Database, cache: Path, place: str) -> Iterator[list[Server]]:
    """Two processes that share the vector server, the database and the secret; their logs never show the token."""
    settings = {
        "WENCE_CACHE": str(cache), "WENCE_STORE": place, "WENCE_STORE_TOKEN": TOKEN, "WENCE_DATABASE_URL": database.url,
        "WENCE_SECRET": "s" * 40,
    }  # fmt: skip
    with ExitStack() as ending:
        servers = []
        for number, home in enumerate(homes):
            servers.append(Server(home, home.parent / f"server-{number}.log", **settings))
            ending.callback(servers[-1].end)
        yield servers
        for server in servers:
            server.stop()
            assert TOKEN not in server.log.read_text(encoding="utf-8")


def test_two_servers_of_one_home_take_on_a_new_index_and_are_restarted_under_load(
    tmp_path: Path, policies: Path, encoder: Encoder, model_cache: Path, database: Database
) -> None:
    """And records, sessions and pinned answers are in one place, whichever server they came by."""
    home = tmp_path / "home"
    with ExitStack() as ending:
        upstream, _ = ending.enter_context(chroma_server(tmp_path / "chroma"))
        url, refused = ending.enter_context(asking_for(TOKEN, upstream))
        place = Address(url, TOKEN)
        build_index(home, [policies], encoder, place=place)
        servers = ending.enter_context(two_servers([home, home], database, model_cache, place))
        one, other = servers
        asking = Askers(servers)
        try:
            for amount in ("2000", "3000"):
                (policies / "首台套办法.txt").write_text(NEW.format(amount=amount), encoding="utf-8")
                assert build_index(home, [policies], encoder, place=place).embedded > 0
                for server in servers:
                    until(partial(server.shows, f"{amount}万元"))
            for server in servers:
                server.stop()
                server.start()
                assert server.shows("3000万元")
        finally:
            asking.stop()
        assert not asking.failures, asking.failures[:3]
        assert not refused
        assert all(asking.answers.values()), "both servers answered"
        with database.read() as session:
            kept = set(session.scalars(select(AnswerRow.id)))
        assert set().union(*asking.answers.values()) <= kept, "no answer that somebody got is missing"

        rating = {"answer_id": one.answer(ASKED)["answer_id"], "rating": "up"}
        assert httpx.post(f"{other.url}/api/feedback", json=rating, timeout=WAIT_S).status_code == 201
        with database.read() as session:
            assert session.scalars(select(RatingRow.answer)).all() == [rating["answer_id"]]

        pinned_on_one_is_given_by_the_other(one, other, database)


def pinned_on_one_is_given_by_the_other(one: Server, other: Server, database: Database) -> None:
    """Somebody signs in at one server, pins there, and reads the pin at the other with the same session."""
    form = {"name": name_of(Role.EDITOR), "password": PASSWORD}
    key = httpx.post(f"{one.url}/login", data=form, headers={"Origin": one.url}, timeout=WAIT_S).cookies[COOKIE]
    visit = Sessions(database).find(key)
    assert visit

    def at(server: Server) -> httpx.Client:
        headers = {"Origin": server.url, "X-CSRF-Token": visit.csrf}
        return httpx.Client(base_url=server.url, cookies={COOKIE: key}, headers=headers, timeout=WAIT_S)

    clause = one.first(ASKED)
    line = {"text": clause["text"], "clauses": [clause["clause_id"]]}
    question = "企业第一次升规能拿到多少奖励"
    with at(one) as here, at(other) as there:
        made = here.post("/api/staff/pins", json={"question": question, "lines": [line]})
        assert made.is_success, made.text
        assert [p["pin"] for p in there.get("/api/staff/pins").json()] == [made.json()["pin"]]
        given = other.answer(question)
        with database.read() as session:
            kept = session.get(AnswerRow, given["answer_id"])
        assert kept and kept.pin == made.json()["pin"]
        assert there.post("/logout", data={"csrf": visit.csrf}).status_code == 303
        assert here.get("/api/staff/pins").status_code == 401, "signed out at one, signed out at both"


def test_two_homes_over_one_server_are_renewed_in_turn_and_leave_each_other_alone(
    tmp_path: Path, policies: Path, encoder: Encoder, model_cache: Path, database: Database
) -> None:
    """Two machines: each has its own WENCE_HOME and its own collections on the vector server they share."""
    homes = [tmp_path / "a" / "home", tmp_path / "b" / "home"]
    with ExitStack() as ending:
        upstream, _ = ending.enter_context(chroma_server(tmp_path / "chroma"))
        url, _ = ending.enter_context(asking_for(TOKEN, upstream))
        place = Address(url, TOKEN)
        for home in homes:
            build_index(home, [policies], encoder, place=place)
        servers = ending.enter_context(two_servers(homes, database, model_cache, place))
        asking = Askers(servers)
        try:
            (policies / "首台套办法.txt").write_text(NEW.format(amount="2000"), encoding="utf-8")
            for number, home in enumerate(homes):
                for server in servers[number:]:
                    assert not server.shows("2000万元")
                build_index(home, [policies], encoder, place=place)
                until(partial(servers[number].shows, "2000万元"))
        finally:
            asking.stop()
        assert not asking.failures, asking.failures[:3]
        assert all(asking.answers.values()), "both servers answered"
        with httpx.Client(base_url=servers[0].url, timeout=WAIT_S) as client:
            granted = token_for(client, "park")
        headers = bearer(granted["token"], Origin=PAGE)
        assert "30万元" in servers[1].first(ASKED, **headers)["text"], "a window's token is good at both"
