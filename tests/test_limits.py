"""Limits per visitor, address and site, alone and over the wire."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from assistant.ask import Assistant
from assistant.records.database import Database
from assistant.server import Server
from assistant.web.limits import ADDRESS, VISITOR, Limits
from assistant.web.problems import Problem
from assistant.web.sites import Sites
from tests.serving import PAGE, QUESTION, bearer, running, token_for


def refused(limits: Limits, **who: object) -> Problem | None:
    try:
        limits.count("ask", **who)  # type: ignore[arg-type]
    except Problem as problem:
        return problem
    return None


def test_a_visitor_is_stopped_and_told_when_to_come_back() -> None:
    limits = Limits()
    most = int(VISITOR["ask"].split("/")[0])
    assert not any(refused(limits, visitor="a", site="s", quota=1000) for _ in range(most))
    problem = refused(limits, visitor="a", site="s", quota=1000)
    assert problem and problem.status_code == 429
    assert 0 < int((problem.headers or {})["Retry-After"]) <= 61 and "秒" in problem.detail
    assert refused(limits, visitor="b", site="s", quota=1000) is None


def test_an_address_is_stopped_whatever_visitor_it_says_it_is() -> None:
    limits = Limits()
    most = int(ADDRESS["ask"].split("/")[0])
    for n in range(most):
        assert refused(limits, visitor=f"v{n}", address="192.0.2.1", site="s", quota=10_000) is None
    assert refused(limits, visitor="new", address="192.0.2.1", site="s", quota=10_000)
    assert refused(limits, visitor="new", address="192.0.2.2", site="s", quota=10_000) is None


def test_a_site_is_stopped_at_its_quota_and_others_go_on() -> None:
    limits = Limits()
    for n in range(3):
        assert refused(limits, visitor=f"v{n}", site="s", quota=3) is None
    problem = refused(limits, visitor="v9", site="s", quota=3)
    assert problem and "今天" in problem.detail
    assert refused(limits, visitor="v9", site="t", quota=3) is None


def test_who_is_refused_does_not_use_up_the_sites_quota() -> None:
    limits = Limits()
    most = int(VISITOR["ask"].split("/")[0])
    for _ in range(most * 3):
        refused(limits, visitor="greedy", site="s", quota=most + 1)
    assert refused(limits, visitor="modest", site="s", quota=most + 1) is None


@pytest.fixture(scope="module")
def server(assistant: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    home = tmp_path_factory.mktemp("limits-home")
    Sites(Database.open(home)).add("small", origins=[PAGE], quota=2)
    Sites(Database.open(home)).add("park", origins=[PAGE])
    with running(assistant, home, keyless=False) as server:
        yield server, home


def test_limits_hold_over_the_wire(server: tuple[Server, Path]) -> None:
    with httpx.Client(base_url=server[0].url, timeout=60) as client:
        chat = {"question": QUESTION}
        token = token_for(client, "small")["token"]
        statuses = [client.post("/api/chat", json=chat, headers=bearer(token, Origin=PAGE)) for _ in range(3)]
        assert [r.status_code for r in statuses] == [200, 200, 429]
        last = statuses[-1]
        assert int(last.headers["retry-after"]) > 0 and last.headers["access-control-allow-origin"] == PAGE
        assert "Retry-After" in last.headers["access-control-expose-headers"]
        other = token_for(client, "small")["token"]  # a new visitor finds the same quota
        assert client.post("/api/chat", json=chat, headers=bearer(other, Origin=PAGE)).status_code == 429
        # Requests that are wrong cost nothing.
        token = token_for(client, "park")["token"]
        most = int(VISITOR["ask"].split("/")[0])
        for _ in range(most + 5):
            assert client.post("/api/chat", json={}, headers=bearer(token, Origin=PAGE)).status_code == 422
        assert client.post("/api/chat", json=chat, headers=bearer(token, Origin=PAGE)).status_code == 200


def test_a_forwarded_address_counts_only_from_a_trusted_proxy(server: tuple[Server, Path]) -> None:
    """127.0.0.1 is the trusted proxy here; behind it each visitor has an address of his own."""
    most = int(ADDRESS["token"].split("/")[0])
    with httpx.Client(base_url=server[0].url, timeout=60) as client:

        def ask(forwarded: str) -> int:
            headers = {"Origin": PAGE, "X-Forwarded-For": forwarded}
            return client.post("/api/token", json={"site": "park"}, headers=headers).status_code

        # The last address that is no proxy of ours counts; what a visitor wrote before it does not.
        statuses = [ask(f"10.9.8.{n % 250}, 198.51.100.7") for n in range(most + 1)]
        assert statuses[-1] == 429 and set(statuses[:-1]) == {200}
        assert ask("198.51.100.8") == 200


def test_the_full_pages_questions_count_against_the_address_too(server: tuple[Server, Path]) -> None:
    most = int(ADDRESS["page"].split("/")[0])
    with httpx.Client(base_url=server[0].url, timeout=60, headers={"X-Forwarded-For": "198.51.100.9"}) as client:
        asked = [client.post("/gradio_api/queue/join", json={}).status_code for _ in range(most + 1)]
        assert asked[-1] == 429 and 429 not in asked[:-1]
        assert client.get("/").status_code == 200
