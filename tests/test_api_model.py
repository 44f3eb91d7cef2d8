"""The API with a language model behind it: readers who leave, readers who wait, in the order they came."""

from __future__ import annotations

import dataclasses
import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest

from assistant.ask import Assistant
from assistant.web.line import TICKET, Line, Ticket
from assistant.writer import Writer
from tests.serving import events, running

QUESTION = "上海和深圳对检验检测有什么支持？"
"""Its evidence is long enough that a model is asked."""


class SlowModel:
    """Writes nothing but spaces until it is told to stop; says when it was begun and when it was closed."""

    name, parallel, takes_grammar = "slow", 1, False

    def __init__(self) -> None:
        self.begun, self.closed, self.stop = threading.Event(), threading.Event(), threading.Event()
        self.prompts: list[str] = []

    def stream(self, messages: Sequence[dict[str, str]], max_tokens: int, *_: Any) -> Iterator[str]:
        self.prompts.append(json.dumps(list(messages), ensure_ascii=False))
        self.begun.set()
        try:
            for _ in range(390):
                if self.stop.wait(0.05):
                    return
                yield " "
        finally:
            self.closed.set()


@pytest.fixture
def model() -> SlowModel:
    return SlowModel()


@pytest.fixture
def slow(assistant: Assistant, model: SlowModel) -> Assistant:
    return dataclasses.replace(assistant, writer=Writer(model))


def wait_for(metric: str, client: httpx.Client) -> None:
    deadline = time.monotonic() + 60
    while metric not in client.get("/metrics").text:
        assert time.monotonic() < deadline, metric


def test_a_reader_who_leaves_stops_the_model(slow: Assistant, model: SlowModel) -> None:
    """Over a real socket that is closed in the middle of the stream."""
    body = json.dumps({"question": QUESTION}).encode()
    with running(slow) as server, httpx.Client(base_url=server.url) as client:
        with socket.create_connection(server.listener.getsockname(), timeout=20) as raw:
            raw.sendall(
                b"POST /api/chat HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
            )
            seen = b""
            while b"event: evidence" not in seen:
                seen += raw.recv(65536)
            assert model.begun.wait(20) and not model.closed.is_set()
        assert model.closed.wait(10), "the model went on without a reader"
        wait_for("wence_answers_in_progress 0.0", client)


def test_who_waits_has_the_evidence_at_once_and_is_told_of_the_line(
    slow: Assistant, model: SlowModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.web.streaming.TICK_S", 0.1)
    monkeypatch.setattr("assistant.web.streaming.QUIET_S", 600)
    with running(slow) as server, httpx.Client(base_url=server.url, timeout=60) as client:
        first = threading.Thread(
            target=httpx.post, args=(server.url + "/api/chat",), kwargs={"json": {"question": QUESTION}, "timeout": 60}
        )
        first.start()
        assert model.begun.wait(20)
        kinds: list[str] = []
        with client.stream("POST", "/api/chat", json={"question": QUESTION}) as reply:
            for line in reply.iter_lines():
                if line.startswith("event: "):
                    kinds.append(line[7:])
                if kinds[-1:] == ["waiting"] and line.startswith("data: "):
                    told = json.loads(line[6:])
                    assert told["ahead"] == 1 and "1 位" in told["text"]
                    model.stop.set()
        first.join(30)
        assert kinds[0] == "evidence" and "waiting" in kinds and kinds[-1] == "done"
        # Who asks for the clauses' own words stands in no line.
        model.stop.clear()
        told_ = events(client.post("/api/chat", json={"question": QUESTION, "mode": "verbatim"}).text)
        assert told_[-1][1]["mode"] == "verbatim"


def test_who_is_written_for_slowly_is_told_so(
    slow: Assistant, model: SlowModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.web.streaming.TICK_S", 0.1)
    monkeypatch.setattr("assistant.web.streaming.QUIET_S", 0.2)
    with running(slow) as server, httpx.Client(base_url=server.url, timeout=60) as client:
        kinds: list[str] = []
        with client.stream("POST", "/api/chat", json={"question": QUESTION}) as reply:
            for line in reply.iter_lines():
                if line.startswith("event: "):
                    kinds.append(line[7:])
                elif kinds[-1:] == ["waiting"] and line.startswith("data: "):
                    assert json.loads(line[6:]) == {"text": "正在撰写回答，请稍候……", "ahead": 0}
                    model.stop.set()
        assert kinds[0] == "evidence" and "waiting" in kinds and kinds[-1] == "done"


class GatedModel(SlowModel):
    """Writes one sentence of the evidence, slowly, once it is let; keeps who was written for."""

    def stream(self, messages: Sequence[dict[str, str]], max_tokens: int, *_: Any) -> Iterator[str]:
        self.prompts.append(messages[-1]["content"])
        self.begun.set()
        assert self.stop.wait(60)
        for piece in ("首年给予不超过30万元", "的一次性奖励。", "[1]\n"):
            time.sleep(0.02)
            yield piece


def test_eight_askers_are_written_for_in_the_order_they_came(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has the evidence at once and is told how many are ahead; nobody overtakes."""
    monkeypatch.setattr("assistant.web.streaming.TICK_S", 0.05)
    monkeypatch.setattr("assistant.web.streaming.QUIET_S", 600)
    monkeypatch.setattr("assistant.writer.QUEUE_S", 120)
    model = GatedModel()
    names = "甲乙丙丁戊己庚辛"
    told: dict[str, list[str]] = {name: [] for name in names}
    ahead: dict[str, int] = {}
    changed = threading.Condition()

    def listen(url: str, name: str) -> None:
        body = {"question": f"上海企业升规奖励多少（{name}公司问）"}
        with httpx.stream("POST", url + "/api/chat", json=body, timeout=120) as reply:
            for line in reply.iter_lines():
                with changed:
                    if line.startswith("event: "):
                        told[name].append(line[7:])
                    elif line.startswith("data: ") and told[name][-1] == "waiting":
                        ahead.setdefault(name, json.loads(line[6:])["ahead"])
                    changed.notify_all()

    with running(dataclasses.replace(assistant, writer=Writer(model, 120))) as server:
        threads = []
        for place, name in enumerate(names):
            threads.append(threading.Thread(target=listen, args=(server.url, name)))
            threads[-1].start()
            with changed:  # the next one comes when this one stands in line
                assert changed.wait_for(lambda: name in ahead or (place == 0 and model.begun.is_set()), 60)  # noqa: B023
        model.stop.set()
        for thread in threads:
            thread.join(120)
    assert ahead == {name: place for place, name in enumerate(names) if place}
    written = [next(n for n in names if f"（{n}公司问）" in prompt) for prompt in model.prompts]
    assert list(dict.fromkeys(written)) == list(names)
    assert all(kinds[0] == "evidence" and "sentence" in kinds and kinds[-1] == "done" for kinds in told.values())
    assert all("waiting" in told[name] for name in names[1:])


def test_nothing_personal_reaches_the_model(slow: Assistant, model: SlowModel) -> None:
    model.stop.set()
    question = f"11010519491231002X，13812345678。{QUESTION}"
    turns = [{"role": "user", "content": "邮箱a@b.example，上海小升规奖励多少"}]
    with running(slow) as server, httpx.Client(base_url=server.url, timeout=60) as client:
        events(client.post("/api/chat", json={"question": question, "history": turns}).text)
    assert model.prompts
    for secret in ("11010519491231002X", "13812345678", "a@b.example"):
        assert not any(secret in prompt for prompt in model.prompts)


def test_a_line_serves_in_the_order_of_arrival() -> None:
    line, served = Line(1), []
    assert line.acquire(1)

    def come(n: int) -> None:
        assert line.acquire(20)
        served.append(n)
        line.release()

    threads = []
    for n in range(6):
        threads.append(threading.Thread(target=come, args=(n,)))
        threads[-1].start()
        time.sleep(0.05)
    line.release()
    for thread in threads:
        thread.join(20)
    assert served == list(range(6))


def test_who_gives_up_or_waits_too_long_leaves_the_line() -> None:
    line = Line(1)
    assert line.acquire(1) and not line.acquire(0.05)
    ticket, came = Ticket(), []

    def come() -> None:
        TICKET.set(ticket)
        came.append(line.acquire(20))

    thread = threading.Thread(target=come)
    thread.start()
    while ticket.ahead == 0:
        time.sleep(0.01)
    line.give_up(ticket)
    thread.join(5)
    assert came == [False]
    line.release()
    assert line.acquire(1), "a place was lost"
