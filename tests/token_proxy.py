"""A proxy that lets through only who shows a token: what stands before a Chroma server, which asks nobody itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import httpx


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    upstream: ClassVar[httpx.Client]
    token: ClassVar[str]
    refused: ClassVar[list[str]]

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Authorization") != f"Bearer {self.token}":
            self.refused.append(self.path)
            self._reply(401, b"who are you", "text/plain")
            return
        kind = {"Content-Type": self.headers["Content-Type"]} if "Content-Type" in self.headers else {}
        reply = self.upstream.request(self.command, self.path, content=body, headers=kind)
        self._reply(reply.status_code, reply.content, reply.headers.get("Content-Type", "application/json"))

    do_GET = do_POST = do_PUT = do_DELETE = _serve

    def _reply(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def asking_for(token: str, upstream: str) -> Iterator[tuple[str, list[str]]]:
    """(URL, paths that were refused) of a proxy on a free loopback port, before the server at `upstream`."""
    refused: list[str] = []
    with httpx.Client(base_url=upstream, timeout=300) as client:
        door = type("Door", (_Door,), {"upstream": client, "token": token, "refused": refused})
        server = ThreadingHTTPServer(("127.0.0.1", 0), door)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", refused
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
