"""A chat model over real HTTP, and every way in which such a server lets one down."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from assistant.model import ModelError, Usage, load_model, openai_model
from assistant.settings import load_settings
from index.errors import SettingsError

KEY = "sk-very-secret-1234567890"
ASK = [{"role": "user", "content": "你好"}]


def event(text: str) -> bytes:
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m",
             "choices": [{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}]}  # fmt: skip
    return f"data: {json.dumps(chunk)}\n\n".encode()


USAGE = b'data: {"id":"1","object":"chat.completion.chunk","created":0,"model":"m","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}\n\n'
DONE = b"data: [DONE]\n\n"


@pytest.fixture
def endpoint() -> Iterator[SimpleNamespace]:
    """A server on loopback whose behaviour the test sets; remembers requests and whether a client left early."""
    state = SimpleNamespace(behave=None, requests=[], left=threading.Event(), url="")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.requests.append((self.path, dict(self.headers), body))
            state.behave(self)

        def say(self, *parts: bytes, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/event-stream" if status == 200 else "application/json")
            self.end_headers()
            try:
                for part in parts:
                    self.wfile.write(part)
                    self.wfile.flush()
            except OSError:
                state.left.set()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()


def reply(endpoint: SimpleNamespace, behave: Callable[..., None], usage: Usage | None = None) -> str:
    endpoint.behave = behave
    return "".join(openai_model("m", endpoint.url, KEY).stream(ASK, 50, usage))


def test_pieces_and_token_counts_come_through(endpoint: SimpleNamespace) -> None:
    usage = Usage()
    assert reply(endpoint, lambda h: h.say(event("你"), event("好"), USAGE, DONE), usage) == "你好"
    assert (usage.prompt_tokens, usage.completion_tokens) == (7, 3)
    path, headers, body = endpoint.requests[0]
    assert path == "/v1/chat/completions" and body["messages"] == ASK and body["temperature"] == 0
    sent = {name.lower(): value for name, value in headers.items()}
    assert sent["authorization"] == f"Bearer {KEY}" and "grammar" not in body


def test_a_grammar_is_sent_only_to_a_server_that_takes_one(endpoint: SimpleNamespace) -> None:
    endpoint.behave = lambda h: h.say(event("好"), DONE)
    list(openai_model("m", endpoint.url, KEY, takes_grammar=True).stream(ASK, 5, None, "root ::= x"))
    list(openai_model("m", endpoint.url, KEY).stream(ASK, 5, None, "root ::= x"))
    assert [r[2].get("grammar") for r in endpoint.requests] == ["root ::= x", None]


@pytest.mark.parametrize(
    ("status", "reason"), [(429, "429"), (500, "500"), (503, "503"), (401, "密钥"), (404, "没有这个模型")]
)
def test_a_refusal_is_one_short_reason_without_secrets(status: int, reason: str, endpoint: SimpleNamespace) -> None:
    body = json.dumps({"error": {"message": f"bad key {KEY}", "type": "x"}}).encode()
    with pytest.raises(ModelError, match=reason) as caught:
        reply(endpoint, lambda h: h.say(body, status=status))
    assert KEY not in str(caught.value) and "127.0.0.1" not in str(caught.value)
    assert len(endpoint.requests) == 1  # the asker waits; trying again is the next question's business


def test_a_silent_server_is_given_up(endpoint: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.model.SILENCE_S", 0.3)
    with pytest.raises(ModelError, match="按时|断开"):
        reply(endpoint, lambda h: time.sleep(1.5))


def test_a_server_that_is_not_there_is_named_so() -> None:
    with pytest.raises(ModelError, match="连不上"):
        list(openai_model("m", "http://127.0.0.1:9/v1", KEY).stream(ASK, 5))


def test_a_stream_that_breaks_off_raises_after_what_came(endpoint: SimpleNamespace) -> None:
    def breaks(h: BaseHTTPRequestHandler) -> None:
        h.send_response(200)
        h.send_header("Content-Type", "text/event-stream")
        h.send_header("Content-Length", "100000")
        h.end_headers()
        h.wfile.write(event("给予"))
        h.wfile.flush()

    endpoint.behave = breaks
    pieces = openai_model("m", endpoint.url, KEY).stream(ASK, 5)
    assert next(pieces) == "给予"
    with pytest.raises(ModelError):
        list(pieces)


def test_garbage_is_an_error_and_not_an_answer(endpoint: SimpleNamespace) -> None:
    with pytest.raises(ModelError):
        reply(endpoint, lambda h: h.say(b"data: {not json}\n\n", DONE))


def test_closing_the_reply_ends_the_request(endpoint: SimpleNamespace) -> None:
    def endless(h: BaseHTTPRequestHandler) -> None:
        h.send_response(200)
        h.send_header("Content-Type", "text/event-stream")
        h.end_headers()
        try:
            for _ in range(400):
                h.wfile.write(event("好" * 200))
                h.wfile.flush()
                time.sleep(0.02)
        except OSError:
            endpoint.left.set()

    endpoint.behave = endless
    pieces = openai_model("m", endpoint.url, KEY).stream(ASK, 5)
    assert next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert endpoint.left.wait(5)


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for name in [n for n in os.environ if n.startswith(("WENCE_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WENCE_CACHE", str(tmp_path))
    return monkeypatch


def test_one_setting_names_the_model(no_settings: pytest.MonkeyPatch) -> None:
    no_settings.setenv("WENCE_LLM", "none")
    assert load_model(load_settings()) is None
    no_settings.setenv("WENCE_LLM", "openai:deepseek-chat")
    no_settings.setenv("WENCE_LLM_BASE_URL", "https://api.example.com/v1")
    no_settings.setenv("WENCE_LLM_API_KEY", KEY)
    model = load_model(load_settings())
    assert model and (model.name, model.parallel, model.takes_grammar) == ("deepseek-chat", 8, False)
    assert KEY not in repr(load_settings()) and KEY not in load_settings().model_dump_json()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"WENCE_LLM": "deepseek"}, "提供方:模型名"),
        ({"WENCE_LLM": "openai:gpt"}, "WENCE_LLM_API_KEY"),
        ({"WENCE_LLM": "ollama:qwen3"}, "langchain-ollama"),
        ({"WENCE_LLM": "nobody:model"}, "WENCE_LLM=nobody:model"),
        ({"WENCE_LLM_BASE_URL": "localhost:8000"}, "http://"),
        ({"WENCE_LLM_SECONDS": "soon"}, "数字"),
        ({"WENCE_LLM_SECONDS": "0"}, "WENCE_LLM_SECONDS"),
    ],
)
def test_a_wrong_setting_is_one_line(values: dict[str, str], said: str, no_settings: pytest.MonkeyPatch) -> None:
    for name, value in values.items():
        no_settings.setenv(name, value)
    with pytest.raises(SettingsError, match=said) as caught:
        load_model(load_settings())
    assert "\n" not in str(caught.value)


def test_prompts_are_never_sent_to_a_tracing_service(no_settings: pytest.MonkeyPatch) -> None:
    no_settings.setenv("LANGSMITH_TRACING", "true")
    openai_model("m", "http://127.0.0.1:9/v1", KEY)
    assert os.environ["LANGSMITH_TRACING"] == "false"
