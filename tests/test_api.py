"""The API over the wire: a real server, a real index, plain HTTP."""

from __future__ import annotations

import dataclasses
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select

from assistant.answer import ANYBODY, Answer, Asker
from assistant.ask import Assistant, Event
from assistant.records.answers import Answers
from assistant.records.database import Database
from assistant.records.tables import AnswerRow, RatingRow
from assistant.server import Server
from tests.serving import QUESTION, events, running


class Waiting:
    """An assistant that stops in the middle of an answer until it is told to go on, and says when it is closed."""

    def __init__(self, real: Assistant) -> None:
        self.searcher, self.real, self.region, self.today = real.searcher, real, real.region, real.today
        self.writer = None
        self.records = None
        self.go_on, self.closed, self.begun = threading.Event(), threading.Event(), threading.Event()

    def stream(self, message: str, history: Any = (), asker: Asker = ANYBODY, *, llm: bool = True) -> Iterator[Event]:
        try:
            events_ = self.real.stream(message, history, asker)
            yield next(events_)
            self.begun.set()
            if "坏掉" in message:
                raise RuntimeError("disk on fire /secret/path")
            if "等" in message:
                for _ in range(600):
                    if self.go_on.wait(0.05):
                        break
                    yield Event("notice", notice="还在写")
            yield from events_
        finally:
            self.closed.set()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("api-home")


@pytest.fixture(scope="module")
def server(assistant: Assistant, home: Path) -> Iterator[Server]:
    database = Database.open(home)
    with running(dataclasses.replace(assistant, records=Answers(database)), home, database=database) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=60) as client:
        yield client


def test_a_newcomer_gets_an_answer_with_nothing_but_curl(client: httpx.Client) -> None:
    reply = client.post("/api/chat", json={"question": QUESTION})
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert reply.headers["cache-control"] == "no-store" and "content-encoding" not in reply.headers
    told = events(reply.text)
    kinds = [kind for kind, _ in told]
    assert kinds[0] == "evidence" and kinds[-1] == "done" and kinds.count("done") == 1
    assert set(kinds) <= {"evidence", "sentence", "notice", "done"}
    citation = told[0][1]["citations"][0]
    record = told[-1][1]
    assert "409号" in citation["document_number"] and citation in record["citations"]
    sentences = [data for kind, data in told if kind == "sentence"]
    assert any("不超过 2000 万元" in s["text"] and s["citations"] == [1] for s in sentences)
    assert sentences == record["sentences"]
    assert [data["text"] for kind, data in told if kind == "notice"] == record["notices"]
    assert record["mode"] == "verbatim" and len(record["answer_id"]) == 32


def test_history_region_and_mode_are_used(client: httpx.Client) -> None:
    body = {
        "question": "那深圳呢？", "mode": "verbatim", "conversation": "0" * 32,
        "history": [{"role": "user", "content": "上海小升规奖励多少"}, {"role": "assistant", "content": "30万元。[1]"}],
    }  # fmt: skip
    record = events(client.post("/api/chat", json=body).text)[-1][1]
    assert "深圳" in record["standalone_question"] and "小升规" in record["standalone_question"]
    assert record["conversation"] == "0" * 32
    asked = {"question": "科技服务业税收有什么优惠", "region": "深圳"}
    record = events(client.post("/api/chat", json=asked).text)[-1][1]
    assert {c["region"] for c in record["citations"]} == {"深圳市"}


def test_search_clauses_and_documents_agree(client: httpx.Client, assistant: Assistant) -> None:
    found = client.post("/api/search", json={"question": QUESTION, "top": 3}).json()
    assert [r["rank"] for r in found["results"]] == [1, 2, 3]
    first = found["results"][0]
    clause = client.get(f"/api/clauses/{first['clause_id']}").json()
    assert clause["text"] == first["text"] and "2000 万元" in clause["text"]
    previous = client.get(f"/api/clauses/{clause['previous']}").json()
    assert previous["next"] == clause["clause_id"]
    documents = client.get("/api/documents").json()
    assert {d["document_id"] for d in documents} == {d.document_id for d in assistant.searcher.documents}


def test_feedback_is_kept_beside_the_answer_without_personal_data(client: httpx.Client, home: Path) -> None:
    record = events(client.post("/api/chat", json={"question": f"我的电话13812345678，{QUESTION}"}).text)[-1][1]
    assert "13812345678" not in json.dumps(record, ensure_ascii=False)
    rated = {
        "answer_id": record["answer_id"], "rating": "down", "reason": "incomplete", "comment": "请回电13812345678",
    }  # fmt: skip
    reply = client.post("/api/feedback", json=rated)
    assert (reply.status_code, reply.json()) == (201, {"kept": True})
    with Database.open(home).read() as session:
        (rating,) = session.scalars(select(RatingRow).where(RatingRow.answer == record["answer_id"]))
        kept = session.get_one(AnswerRow, record["answer_id"])
    assert (rating.rating, rating.reason, rating.comment) == ("down", "incomplete", "请回电[手机号]")
    assert kept.question.startswith("我的电话[手机号]")
    assert not [f for f in home.glob("records.db*") if b"13812345678" in f.read_bytes()]


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/api/chat", '{"question": "首台', 400, "JSON"),
        ("/api/chat", "[]", 422, "类型"),
        ("/api/chat", "{}", 422, "question"),
        ("/api/chat", '{"question": ""}', 422, "question"),
        ("/api/chat", '{"question": 5}', 422, "question"),
        ("/api/chat", '{"question": "x", "prompt": "y"}', 422, "prompt"),
        ("/api/chat", '{"question": "x", "region": "火星"}', 422, "上海市"),
        ("/api/chat", '{"question": "x", "mode": "fast"}', 422, "mode"),
        ("/api/chat", '{"question": "x", "conversation": "../../etc"}', 422, "conversation"),
        ("/api/chat", '{"question": "x", "history": [{"role": "system", "content": "y"}]}', 422, "history"),
        ("/api/chat", json.dumps({"question": "长" * 20001}), 422, "20000"),
        ("/api/chat", json.dumps({"question": "x", "history": [{"role": "user", "content": "y"}] * 41}), 422, "40"),
        ("/api/chat", "[" * 50_000, 400, "JSON"),
        ("/api/chat", b"\xff\xfe{}", 400, "JSON"),
        ("/api/search", '{"question": "x", "top": 51}', 422, "top"),
        ("/api/feedback", '{"answer_id": "../x", "rating": "up"}', 422, "answer_id"),
        ("/api/feedback", '{"answer_id": "abcdef00", "rating": "sideways"}', 422, "rating"),
    ],
)
def test_a_malformed_body_is_one_clear_line(
    client: httpx.Client, path: str, body: str | bytes, status: int, words: str
) -> None:
    reply = client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == status, reply.text
    assert words in reply.json()["detail"] and set(reply.json()) == {"detail", "code"}


def test_a_lone_surrogate_or_control_characters_break_nothing(client: httpx.Client) -> None:
    body = b'{"question": "\\ud83d\\u0000\\u202e \xe9\xa6\x96\xe5\x8f\xb0\xe5\xa5\x97"}'
    reply = client.post("/api/chat", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code in (200, 422)
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_what_is_not_json_is_refused(client: httpx.Client, media: str) -> None:
    """A page elsewhere can send these without asking first, so they are never read."""
    reply = client.post("/api/chat", content='{"question": "x"}', headers={"Content-Type": media})
    assert reply.status_code == 415


def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(client: httpx.Client) -> None:
    big = b'{"question": "' + b"x" * 300_000 + b'"}'
    headers = {"Content-Type": "application/json"}
    assert client.post("/api/chat", content=big, headers=headers).status_code == 413

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(big), 50_000):
            yield big[start : start + 50_000]

    assert client.post("/api/chat", content=pieces(), headers=headers).status_code == 413


def test_a_body_that_never_ends_is_given_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.web.bounds.BODY_S", 0.3)
    with socket.create_connection(server.listener.getsockname(), timeout=10) as raw:
        raw.sendall(
            b"POST /api/chat HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
        )
        assert b" 408 " in raw.recv(4096).split(b"\r\n")[0]


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET /api/clauses/../../../../etc/passwd HTTP/1.1", b"GET /api/clauses/%2e%2e%2f%2e%2e%2fetc%2fpasswd HTTP/1.1",
        b"GET /embed/../../server.py HTTP/1.1", b"GET /embed/%2e%2e%2f%2e%2e%2fserver.py HTTP/1.1",
        b"GET /embed/..%5c..%5cserver.py HTTP/1.1", b"GET /docs/..%2f__init__.py HTTP/1.1",
        b"GET /embed/%00 HTTP/1.1", b"GET //etc/passwd HTTP/1.1", b"GET /gradio_api/file=/etc/passwd HTTP/1.1",
        b"GET /static/../../../../etc/passwd HTTP/1.1", b"GET /assets/..%2f..%2f..%2f..%2fetc%2fpasswd HTTP/1.1",
    ],
)  # fmt: skip
def test_no_path_leads_out_of_the_served_files(server: Server, request_line: bytes) -> None:
    with socket.create_connection(server.listener.getsockname(), timeout=10) as raw:
        raw.sendall(request_line + b"\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        reply = b"".join(iter(lambda: raw.recv(65536), b""))
    assert int(reply.split()[1]) in (400, 403, 404), reply[:200]
    assert b"root:" not in reply and b"import" not in reply


@pytest.mark.parametrize(
    "raw_request",
    [
        b"POST /api/chat HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n",
        b"POST /api/chat HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/chat HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Long: " + b"x" * 4_000_000 + b"\r\n\r\n",
        b"NONSENSE\r\n\r\n",
    ],
)
def test_a_request_that_means_two_things_is_refused(server: Server, raw_request: bytes) -> None:
    with socket.create_connection(server.listener.getsockname(), timeout=10) as raw:
        raw.settimeout(5)
        try:
            raw.sendall(raw_request)
            reply = raw.recv(65536)
        except (ConnectionError, TimeoutError):
            reply = b""
    assert not reply or int(reply.split()[1]) in (400, 401, 415, 431), reply[:200]
    assert b"wence_requests" not in reply


def test_unknown_addresses_and_methods_are_answered_in_chinese(client: httpx.Client) -> None:
    assert client.get("/api/clauses/none:0").json() == {"detail": "没有这一条款", "code": "not_found"}
    reply = client.get("/api/chat")
    assert (reply.status_code, reply.json()["code"]) == (405, "method_not_allowed")


def test_every_response_is_hardened(client: httpx.Client) -> None:
    for path in ("/", "/healthz", "/api/documents", "/docs", "/openapi.json", "/embed", "/widget.js", "/api/none"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] in ("no-referrer", "same-origin"), path
        assert "server" not in headers, path
    data = client.get("/api/documents").headers
    assert data["content-security-policy"].startswith("default-src 'none'") and data["cache-control"] == "no-store"
    docs = client.get("/docs").headers["content-security-policy"]
    assert "script-src 'self';" in docs
    assert "frame-ancestors 'self'" in client.get("/").headers["content-security-policy"]


def test_the_interface_pages_ask_nothing_of_another_host(client: httpx.Client) -> None:
    page = client.get("/docs").text
    assert "http://" not in page and "https://" not in page
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "start.js"):
        assert client.get(f"/docs/{name}").status_code == 200
    first = client.get("/docs/start.js")
    assert client.get("/docs/start.js", headers={"If-None-Match": first.headers["etag"]}).status_code == 304


def test_openapi_names_every_route_with_its_refusals(client: httpx.Client) -> None:
    schema = client.get("/openapi.json").json()
    assert set(schema["paths"]) == {
        "/healthz", "/readyz", "/metrics", "/api/token", "/api/chat", "/api/search", "/api/clauses/{clause_id}",
        "/api/documents", "/api/feedback", "/v1/models", "/v1/chat/completions",
    }  # fmt: skip
    for path, methods in schema["paths"].items():
        for operation in methods.values():
            assert operation["summary"] and operation["tags"], path
            if path not in ("/healthz", "/readyz"):
                assert {"401", "403", "429", "503"} <= set(operation["responses"]), path
                assert operation["security"], path
    assert "text/event-stream" in schema["paths"]["/api/chat"]["post"]["responses"]["200"]["content"]


def test_metrics_count_what_happened(client: httpx.Client) -> None:
    client.post("/api/chat", json={"question": QUESTION})
    deadline = time.monotonic() + 60
    while "wence_answers_in_progress 0.0" not in client.get("/metrics").text:
        assert time.monotonic() < deadline, "a place was not given back"
    families = {f.name: f for f in text_string_to_metric_families(client.get("/metrics").text)}
    labels = {"mode": "verbatim", "outcome": "answered", "site": ""}
    (answered,) = [
        s.value for s in families["wence_answers"].samples if s.labels == labels and s.name.endswith("_total")
    ]
    assert answered >= 1
    assert "process_resident_memory_bytes" in families
    assert "首台套" not in client.get("/metrics").text


def test_a_silent_answer_sends_signs_of_life(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.web.streaming.KEEP_ALIVE_S", 0.1)
    silent = Waiting(assistant)
    real = silent.stream

    def stream(*arguments: Any, **options: Any) -> Iterator[Event]:
        events_ = real(*arguments, **options)
        yield next(events_)
        time.sleep(0.5)
        yield from events_

    silent.stream = stream  # type: ignore[method-assign]
    with running(silent) as server, httpx.Client(base_url=server.url) as client:
        text = client.post("/api/chat", json={"question": QUESTION}, timeout=30).text
    assert text.count("\n: …") >= 2 or text.count(": …\n") >= 2
    assert [kind for kind, _ in events(text)][-1] == "done"


def test_a_full_desk_says_so_and_when_to_come_back(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.web.streaming.MOST_INSIDE", 2)
    waiting = Waiting(assistant)
    with running(waiting) as server, httpx.Client(base_url=server.url, timeout=30) as client:
        ended: list[str] = []

        def ask() -> None:
            ended.append(httpx.post(server.url + "/api/chat", json={"question": "等" + QUESTION}, timeout=60).text)

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 60
        while "wence_answers_in_progress 2.0" not in client.get("/metrics").text:
            assert time.monotonic() < deadline
        for path, body in (
            ("/api/chat", {"question": QUESTION}),
            ("/api/search", {"question": QUESTION}),
        ):
            reply = client.post(path, json=body)
            assert reply.status_code == 503 and int(reply.headers["retry-after"]) > 0
            assert "稍后再试" in reply.json()["detail"]
        asked = {"model": "wence", "messages": [{"role": "user", "content": QUESTION}]}
        reply = client.post("/v1/chat/completions", json=asked)
        assert reply.status_code == 503 and "稍后再试" in reply.json()["error"]["message"]
        assert client.get("/healthz").status_code == 200
        waiting.go_on.set()
        for thread in threads:
            thread.join(30)
        assert all(events(text)[-1][0] == "done" for text in ended) and len(ended) == 2
        assert client.post("/api/chat", json={"question": QUESTION}).status_code == 200


def test_a_failure_inside_is_one_polite_line(assistant: Assistant, caplog: pytest.LogCaptureFixture) -> None:
    with running(Waiting(assistant)) as server, httpx.Client(base_url=server.url, timeout=30) as client:
        text = client.post("/api/chat", json={"question": "坏掉" + QUESTION}).text
        kinds = events(text)
        assert kinds[-1] == ("error", {"message": "服务出错，请稍后再试", "code": "internal"})
        assert "disk on fire" not in text and "disk on fire" in caplog.text
        asked = {"model": "wence", "messages": [{"role": "user", "content": "坏掉" + QUESTION}]}
        reply = client.post("/v1/chat/completions", json=asked)
        assert reply.status_code == 500 and "disk" not in reply.text


def test_an_answer_that_takes_too_long_is_ended_in_words(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.web.streaming.ANSWER_S", 0.5)
    monkeypatch.setattr("assistant.web.streaming.TICK_S", 0.1)
    waiting = Waiting(assistant)
    with running(waiting) as server, httpx.Client(base_url=server.url, timeout=30) as client:
        waiting.stream = _slow(waiting)  # type: ignore[method-assign]
        kinds = events(client.post("/api/chat", json={"question": QUESTION}).text)
        assert kinds[-1][0] == "error" and kinds[-1][1]["code"] == "timeout"
        assert waiting.closed.wait(5)


def _slow(waiting: Waiting) -> Any:
    real = Waiting.stream

    def stream(*arguments: Any, **options: Any) -> Iterator[Event]:
        events_ = real(waiting, *arguments, **options)
        try:
            yield next(events_)
            time.sleep(1.5)
            yield from events_
        finally:
            events_.close()  # type: ignore[attr-defined]

    return stream


def test_answers_survive_many_readers_at_once(client: httpx.Client, server: Server) -> None:
    ended: list[Answer | Any] = []

    def ask(n: int) -> None:
        text = httpx.post(server.url + "/api/chat", json={"question": QUESTION}, timeout=60).text
        ended.append(events(text)[-1][0])

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert ended == ["done"] * 12
