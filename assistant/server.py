"""The web server: the page at `/`, health, and a few read-only facts as JSON.

The port is taken before anything else starts, so that a port in use costs a moment and not a started server.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import sys
from typing import Any

import uvicorn
from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse
from starlette.middleware.gzip import GZipMiddleware

from assistant.ask import Assistant
from assistant.page import mount_page
from assistant.shell import Shell
from index.errors import InputError, StorageError

HOST, PORT = "127.0.0.1", 7860
SHUTDOWN_S = 1
"""Open pages hold a connection; they are given this long when the server stops."""
BACKLOG = 512

log = logging.getLogger("wence.server")


def create_app(assistant: Assistant) -> FastAPI:
    """The application around one assistant."""
    # No interactive API pages: they load their scripts from another host.
    app = FastAPI(title="问策", docs_url=None, redoc_url=None)

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @app.get("/readyz")
    def readyz() -> JSONResponse:
        """The index answers."""
        try:
            found = assistant.searcher.search("政策", top=1)
        except Exception:
            log.exception("not ready")
            return JSONResponse({"status": "unavailable", "detail": "索引没有回应，详情见服务日志"}, 503)
        status = "ok" if found.ranked else "empty"
        facts = {"documents": len(assistant.searcher.documents), "index_version": assistant.searcher.version}
        return JSONResponse({"status": status, **facts}, 200 if found.ranked else 503)

    @app.get("/api/documents")
    def documents() -> list[dict[str, Any]]:
        """Collected documents."""
        keys = ("document_id", "title", "number", "issuer", "region", "status", "signed", "published", "effective", "expires", "source_url")  # fmt: skip
        return [{k: str(getattr(d, k)) for k in keys} for d in assistant.searcher.documents]

    @app.get("/api/clauses/{clause_id:path}")
    def clause(clause_id: str) -> dict[str, Any]:
        """One clause by its id."""
        if found := assistant.searcher.clause(clause_id):
            return found.to_json()
        raise HTTPException(404, "没有这一条款")

    mount_page(app, assistant)
    app.add_middleware(Shell)
    # The scripts of the page are large; packed they are a third. Event streams are left alone.
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=6)
    return app


def take_port(host: str, port: int) -> socket.socket:
    """A listening socket, ours from now on. Port 0 takes any free one.

    Raises:
        StorageError: the port is in use or may not be used.
        InputError: no such address.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        # A port whose last connections are still closing counts as free; one that somebody listens on does not.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        number = getattr(error, "errno", None)
        if number == errno.EADDRINUSE:
            raise StorageError(
                f"端口 {port} 已被占用（{host}:{port}）；请先停止占用它的程序，或换一个端口，例如 `wence serve --port {port % 65535 + 1}`"
            ) from None
        if number == errno.EACCES:
            raise StorageError(
                f"没有权限使用端口 {port}；请换用 1024 以上的端口，例如 `wence serve --port {PORT}`"
            ) from None
        if isinstance(error, OverflowError):
            raise InputError(f"端口 {port} 无效；应为 1 到 65535") from None
        raise InputError(f"无法在地址 {host} 上监听（{error}）；本机使用 127.0.0.1，对外服务使用 0.0.0.0") from None
    return listener


class Server(uvicorn.Server):
    """uvicorn with one Chinese line when it is ready."""

    def __init__(self, assistant: Assistant, listener: socket.socket) -> None:
        self.listener = listener
        config = uvicorn.Config(
            create_app(assistant), log_level="warning", access_log=False, timeout_graceful_shutdown=SHUTDOWN_S,
            timeout_keep_alive=30, backlog=BACKLOG,
        )  # fmt: skip
        super().__init__(config)

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the page."""
        host, port = self.listener.getsockname()[:2]
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
        return f"http://{host}:{port}"

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        if self.started:
            print(f"问策已就绪：{self.url}（按 Ctrl-C 停止）", flush=True)

    def serve_here(self) -> None:
        """Run until stopped."""
        self.run(sockets=[self.listener])


def serve(assistant: Assistant, host: str = HOST, port: int = PORT, listener: socket.socket | None = None) -> None:
    """Serve until Ctrl-C.

    Args:
        assistant: answers the questions; shared by everybody.
        host: address to listen on; 127.0.0.1 is this machine only.
        port: port to listen on.
        listener: a port taken before with `take_port`, to fail before the index is loaded.

    Raises:
        StorageError: the port is in use or may not be used.
    """
    listener = listener or take_port(host, port)
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s"
    )
    logging.getLogger("uvicorn.error").addFilter(_worth_logging)
    try:
        Server(assistant, listener).serve_here()
    except KeyboardInterrupt:
        pass
    finally:
        listener.close()
    print("问策已停止。", flush=True)


def _worth_logging(record: logging.LogRecord) -> bool:
    """Pages that are still open when the server stops are no error."""
    cut_off = record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not cut_off and "timeout graceful shutdown" not in record.getMessage()
