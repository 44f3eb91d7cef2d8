"""Connections that keep silent, and too many of one address: over real sockets."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from assistant.ask import Assistant
from assistant.server import Server
from assistant.web.connections import is_proxy
from tests.serving import running

MOST = 8
ELSEWHERE = "192.0.2.1"
"""A proxy on another machine, so that 127.0.0.1 is an address like any other."""
HEADERS = (
    b"POST /api/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
)
BODY = json.dumps({"question": "首台套"}).encode()


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.web.connections.MOST_OF_AN_ADDRESS", MOST)


@contextmanager
def connected(server: Server, count: int) -> Iterator[list[socket.socket]]:
    """So many connections, made one after the other."""
    with ExitStack() as stack:
        made = []
        for _ in range(count):
            made.append(stack.enter_context(socket.create_connection(server.listener.getsockname(), timeout=20)))
        yield made


def ended(connection: socket.socket) -> bool:
    """Waits until the server ends a connection; what it says before does not matter."""
    try:
        while connection.recv(1 << 16):
            pass
    except ConnectionError:
        pass
    return True


def answers(server: Server, address: str = "127.0.0.1") -> int:
    """Status that a new connection from an address gets."""
    with httpx.Client(transport=httpx.HTTPTransport(local_address=address), timeout=20) as client:
        return client.get(server.url + "/healthz").status_code


def first_line(connection: socket.socket) -> bytes:
    with connection.makefile("rb") as file:
        return file.readline()


@pytest.mark.usefixtures("few")
def test_idle_connections_of_one_address_make_room_for_its_own(assistant: Assistant) -> None:
    with running(assistant, proxies=ELSEWHERE) as server, connected(server, 3 * MOST) as made:
        assert all(ended(c) for c in made[: 2 * MOST]), "the oldest ones go"
        assert answers(server, "127.0.0.2") == 200, "others notice nothing"
        assert answers(server) == 200
        made[-1].sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert first_line(made[-1]).startswith(b"HTTP/1.1 200"), "the newest ones stay"


@pytest.mark.usefixtures("few")
def test_connections_at_work_are_never_closed_for_a_newcomer(assistant: Assistant) -> None:
    with running(assistant, proxies=ELSEWHERE) as server, connected(server, MOST) as made:
        for connection in made:
            connection.sendall(HEADERS % len(BODY))
        deadline = time.monotonic() + 20
        while len(server.server_state.tasks) < MOST:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        with pytest.raises(httpx.TransportError):
            answers(server)
        for connection in made:
            connection.sendall(BODY)
        assert all(first_line(c).startswith(b"HTTP/1.1 200") for c in made)
        assert answers(server) == 200


@pytest.mark.usefixtures("few")
def test_a_trusted_proxy_holds_as_many_as_it_likes(assistant: Assistant) -> None:
    with running(assistant, proxies="127.0.0.0/8") as server, connected(server, 3 * MOST) as made:
        made[0].sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert first_line(made[0]).startswith(b"HTTP/1.1 200")
    assert is_proxy("10.1.2.3", "127.0.0.1,10.1.0.0/16") and is_proxy("::1", "::1")
    assert not is_proxy("10.2.0.1", "10.1.0.0/16") and not is_proxy("", "127.0.0.1") and not is_proxy("1.2.3.4", "")


def test_who_never_sends_whole_headers_is_not_waited_for(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then buys no time, neither on a new connection nor on one that was answered."""
    monkeypatch.setattr("assistant.web.connections.HEADERS_S", 2.0)
    with running(assistant) as server, connected(server, 3) as (silent, slow, again):
        again.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert b"200" in again.recv(1 << 16)
        for connection in (slow, again):
            connection.sendall(b"GET /healthz HTTP/1.1\r\nX-Slow: ")
        cut_off: set[socket.socket] = set()
        deadline = time.monotonic() + 30
        while len(cut_off) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
            for connection in {slow, again} - cut_off:
                try:
                    connection.sendall(b"x")
                except ConnectionError:
                    cut_off.add(connection)
        assert cut_off == {slow, again} and ended(silent)


def test_a_request_that_has_begun_has_the_time_of_its_body(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.web.connections.HEADERS_S", 2.0)
    with running(assistant) as server, connected(server, 1) as (connection,):
        connection.sendall(HEADERS % len(BODY))
        time.sleep(2.5)
        connection.sendall(BODY)
        assert first_line(connection).startswith(b"HTTP/1.1 200")


def test_a_proxy_that_hides_itself_is_known_by_its_version(assistant: Assistant) -> None:
    """What nginx sends where nothing but proxy_pass is set: its own address as Host, no header of its own, HTTP/1.0."""
    with running(assistant) as server:
        for line, status in (
            (b"GET /api/documents HTTP/1.0\r\n", b"401"),
            (b"GET /api/documents HTTP/1.1\r\n", b"200"),
        ):
            with connected(server, 1) as (connection,):
                connection.sendall(line + b"Host: 127.0.0.1:7860\r\nConnection: close\r\n\r\n")
                assert first_line(connection).split()[1] == status


def test_too_many_of_all_are_refused_in_our_words(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.web.connections.MOST", 2)
    with running(assistant) as server:
        with connected(server, 2):
            answer = httpx.post(server.url + "/api/search", json={"question": "首台套"}, timeout=20)
            assert (answer.status_code, answer.json()["code"]) == (503, "busy")
            assert answer.json()["detail"] == "现在提问的人太多，请稍后再试" and answer.headers["Retry-After"] == "5"
            shaped = httpx.post(server.url + "/v1/chat/completions", json={}, timeout=20)
            assert shaped.status_code == 503 and shaped.json()["error"]["code"] == "busy"
        deadline = time.monotonic() + 20
        while answers(server) != 200:
            assert time.monotonic() < deadline, "room again"
