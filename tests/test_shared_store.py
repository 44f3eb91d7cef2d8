"""Two servers over one Chroma server: the index is renewed and both are restarted in turn, and nobody notices."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx

from index.build import build_index
from index.encode import Encoder
from tests.serving import chroma_server, free_port

OLD = "第一条 对首次升规的企业给予不超过30万元奖励。\n第二条 支持建设概念验证中心。\n"
NEW = "第一条 首台套装备按合同金额给予最高不超过2000万元支持。\n"
WAIT_S = 300
"""Longest wait for a server; a busy machine takes a minute."""


class Server:
    """One `wence serve` process."""

    def __init__(self, home: Path, cache: Path, place: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("WENCE_")},
            "WENCE_HOME": str(home), "WENCE_CACHE": str(cache), "WENCE_STORE": place, "WENCE_LLM": "none",
            "WENCE_RECORD": "false",
        }  # fmt: skip
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "assistant", "serve", "--port", str(self.port)]
        self._process = subprocess.Popen(
            command, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                if httpx.get(f"{self.url}/readyz", timeout=30).is_success:
                    return
            except httpx.HTTPError:
                pass
            assert self._process.poll() is None and time.monotonic() < deadline, "server did not start"
            time.sleep(0.2)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(WAIT_S)


class Askers:
    """Clients behind a balancer: a server that takes no connection, or drops it without a word while it stops, is
    passed over, as any balancer does; every other failure counts."""

    def __init__(self, servers: list[Server]) -> None:
        self._servers, self._done = servers, threading.Event()
        self.failures: list[str] = []
        self.answered = 0
        self._threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(3)]
        for thread in self._threads:
            thread.start()

    def _ask(self, turn: int) -> None:
        while not self._done.is_set():
            turn += 1
            order = [self._servers[(turn + i) % len(self._servers)] for i in range(len(self._servers))]
            if not any(self._one(server) for server in order):
                self.failures.append("nobody took the connection")

    def _one(self, server: Server) -> bool:
        try:
            reply = httpx.post(f"{server.url}/api/search", json={"question": "升规奖励多少"}, timeout=WAIT_S)
        except (httpx.ConnectError, httpx.RemoteProtocolError, httpx.ReadError):
            return False
        except httpx.HTTPError as error:
            self.failures.append(repr(error))
            return True
        first = reply.json()["results"][0]["text"] if reply.is_success else ""
        if "30万元" in first:
            self.answered += 1
        else:
            self.failures.append(f"{reply.status_code} {reply.text[:200]}")
        return True

    def stop(self) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()


def first_text(server: Server, question: str) -> str:
    reply = httpx.post(f"{server.url}/api/search", json={"question": question}, timeout=WAIT_S)
    assert reply.is_success, reply.text
    return str(reply.json()["results"][0]["text"])


def test_an_index_on_a_server_is_renewed_under_two_running_servers(
    tmp_path: Path, encoder: Encoder, model_cache: Path
) -> None:
    policies, home = tmp_path / "policies", tmp_path / "home"
    policies.mkdir()
    (policies / "升规办法.txt").write_text(OLD, encoding="utf-8")
    with chroma_server(tmp_path / "server") as (place, _):
        build_index(home, [policies], encoder, place=place)
        servers = [Server(home, model_cache, place) for _ in range(2)]
        try:
            askers = Askers(servers)
            try:
                (policies / "首台套办法.txt").write_text(NEW, encoding="utf-8")
                assert build_index(home, [policies], encoder, place=place).embedded > 0
                for server in servers:
                    server.stop()
                    server.start()
                    assert "2000万元" in first_text(server, "首台套最高多少")
            finally:
                askers.stop()
        finally:
            for server in servers:
                server.stop()
    assert not askers.failures, askers.failures[:3]
    assert askers.answered > 0
