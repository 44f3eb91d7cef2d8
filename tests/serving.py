"""A real server on a free loopback port, for tests of what goes over the wire."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from assistant.server import Server, take_port

QUESTION = "首台套最高补多少？"
PAGE, OTHER = "https://www.park.example", "https://evil.example"


@contextmanager
def running(
    assistant: Any, home: Path | None = None, listener: socket.socket | None = None, **options: Any
) -> Iterator[Server]:
    """The server, started; stopped when the block is left. Takes a free port, or the one of `listener`."""
    server = Server(assistant, listener or take_port("127.0.0.1", 0), home, **options)
    thread = threading.Thread(target=server.serve_here, daemon=True)
    thread.start()
    deadline = time.monotonic() + 300
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    assert server.started, "server did not start"
    try:
        yield server
    finally:
        server.should_exit = True
        thread.join(120)
        server.listener.close()
        assert not thread.is_alive(), "server did not stop"


def events(text: str) -> list[tuple[str, dict[str, Any]]]:
    """(kind, data) of a whole event stream; comments are left out."""
    found = []
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith(":")]
        if lines:
            kind, data = (line.partition(": ")[2] for line in lines)
            found.append((kind, json.loads(data)))
    return found


def token_for(client: httpx.Client, site: str, origin: str = PAGE, **body: str) -> dict[str, Any]:
    """A token by publish key, as a browser on `origin` gets one."""
    reply = client.post("/api/token", json={"site": site, **body}, headers={"Origin": origin})
    assert reply.status_code == 200, reply.text
    granted: dict[str, Any] = reply.json()
    return granted


def bearer(token: str, **headers: str) -> dict[str, str]:
    """Headers with a token or key."""
    return {"Authorization": f"Bearer {token}", **headers}


def free_port() -> int:
    """A loopback port that nobody listens on.

    It is below those that a system hands out by itself, and each worker of a test run has a thousand of its own: between
    asking and using, which takes a server seconds, nobody is given it by chance.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while True:
        port = 20_000 + 1_000 * worker + random.randrange(1_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def chroma_server(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A real Chroma server on a free loopback port: (URL, process); killed when the block is left."""
    port = free_port()
    command = [str(Path(sys.executable).parent / "chroma"), "run", "--path", str(folder), "--port", str(port)]
    folder.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 300
    try:
        while True:
            try:
                if httpx.get(f"{url}/api/v2/heartbeat", timeout=5).is_success:
                    break
            except httpx.HTTPError:
                pass
            assert process.poll() is None and time.monotonic() < deadline, "the Chroma server did not start"
            time.sleep(0.1)
        yield url, process
    finally:
        process.kill()
        process.wait()
