"""The web server: the page at `/`, the API, the widget and the window for other people's pages, health.

The port is taken before anything else starts, so that a port in use costs a moment and not a started server.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from assistant.ask import Assistant
from assistant.page import EXAMPLES, mount_page, regions_of
from assistant.shell import Shell
from assistant.web import problems
from assistant.web.api import Office, build_router, build_state_router
from assistant.web.bounds import Bounds
from assistant.web.callers import Doorman
from assistant.web.counted import Counted
from assistant.web.embed import mount_widget
from assistant.web.headers import ExactCORS, Hardened
from assistant.web.interface import build_interface_router
from assistant.web.metrics import Metrics
from assistant.web.openai_shape import build_openai_router
from assistant.web.origins import is_loopback
from assistant.web.page_limits import PageLimits
from assistant.web.sites import Sites
from assistant.web.streaming import Desk
from assistant.web.token_api import build_token_router
from assistant.web.tokens import Tokens, load_secret
from index.errors import InputError, StorageError

HOST, PORT = "127.0.0.1", 7860
SHUTDOWN_S = 1
"""Open pages hold a connection; they are given this long when the server stops."""
BACKLOG = 512
MOST_CONNECTIONS = 1000
ABOUT = """逐句有条款依据的政策问答。

- 本机程序（服务只监听 127.0.0.1 时）不需要密钥；其他一律需要 `Authorization: Bearer …`。
- 网站服务器：`wence sites add 站点 --server` 生成的密钥。
- 网页里的对话窗口：`POST /api/token` 换取的 30 分钟令牌，只对登记的来源有效。
- 个人信息（身份证号、手机号、银行卡号、邮箱）先遮盖，再检索、存储或交给模型。"""

log = logging.getLogger("wence.server")


def create_app(
    assistant: Assistant, home: Path | None = None, *, secret: str = "", keyless: bool = False,
    pages: Sequence[Callable[[FastAPI], None]] = (),
) -> FastAPI:  # fmt: skip
    """The application around one assistant.

    Args:
        assistant: answers the questions; shared by everybody.
        home: folder with the registered sites and the signing secret, and where ratings go; None has no sites.
        secret: signs tokens; "" takes the one of `home`.
        keyless: programs on this machine may use the API without a key.
        pages: each mounts further pages of packages above this one, and guards them itself.

    Raises:
        StorageError: the signing secret cannot be made or read.
    """
    # No built-in interface pages: they load their scripts from another host.
    app = FastAPI(title="问策", version="0.1.0", description=ABOUT, docs_url=None, redoc_url=None)
    problems.install(app)
    metrics, sites = Metrics(), Sites(home)
    doorman = Doorman(sites, Tokens(load_secret(home, secret)), keyless=keyless)
    regions = regions_of(assistant.searcher.documents)
    examples = [text for needed, text in EXAMPLES if {*needed} <= {*regions}]
    keeps = home if getattr(assistant, "home", None) else None
    office = Office(Desk(assistant, metrics), doorman, keeps, regions, examples)
    app.state.office = office
    mount_widget(app, sites)
    routers = (
        build_state_router(office), build_token_router(office), build_router(office), build_openai_router(office),
        build_interface_router(),
    )  # fmt: skip
    for router in routers:
        app.include_router(router)
    for mount in pages:
        mount(app)
    problems.close_gaps(app, routers)
    mount_page(app, assistant)
    # The last one added is the outermost.
    app.add_middleware(Shell)
    app.add_middleware(PageLimits, doorman=doorman)
    app.add_middleware(Bounds)
    app.add_middleware(ExactCORS, sites=sites)
    # The scripts of the page are large; packed they are a third. Event streams are left alone.
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=6)
    app.add_middleware(Hardened)
    app.add_middleware(Counted, metrics=metrics)
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
    """uvicorn with one Chinese line when it is ready.

    Args:
        assistant: answers the questions.
        listener: a port taken with `take_port`.
        home, secret, pages: as `create_app`.
        keyless: programs on this machine need no key, if the port is open to this machine only.
        proxies: addresses of proxies whose X-Forwarded-For is believed, separated by commas.
    """

    def __init__(
        self, assistant: Assistant, listener: socket.socket, home: Path | None = None, *, secret: str = "",
        keyless: bool = True, proxies: str = HOST, pages: Sequence[Callable[[FastAPI], None]] = (),
    ) -> None:  # fmt: skip
        self.listener = listener
        app = create_app(
            assistant, home, secret=secret, keyless=keyless and is_loopback(str(listener.getsockname()[0])), pages=pages
        )
        config = uvicorn.Config(
            # The other parser that uvicorn knows reads headers of any size.
            app, http="h11", log_level="warning", access_log=False, timeout_graceful_shutdown=SHUTDOWN_S, timeout_keep_alive=30,
            backlog=BACKLOG, limit_concurrency=MOST_CONNECTIONS, server_header=False, forwarded_allow_ips=proxies,
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


def serve(
    assistant: Assistant, host: str = HOST, port: int = PORT, listener: socket.socket | None = None,
    home: Path | None = None, *, secret: str = "", keyless: bool = True, proxies: str = HOST,
    pages: Sequence[Callable[[FastAPI], None]] = (),
) -> None:  # fmt: skip
    """Serve until Ctrl-C.

    Args:
        assistant: answers the questions; shared by everybody.
        host: address to listen on; 127.0.0.1 is this machine only.
        port: port to listen on.
        listener: a port taken before with `take_port`, to fail before the index is loaded.
        home, secret, keyless, proxies, pages: as `Server`.

    Raises:
        StorageError: the port is in use or may not be used, or the signing secret cannot be read.
    """
    listener = listener or take_port(host, port)
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s"
    )
    logging.getLogger("uvicorn.error").addFilter(_worth_logging)
    try:
        Server(assistant, listener, home, secret=secret, keyless=keyless, proxies=proxies, pages=pages).serve_here()
    except KeyboardInterrupt:
        pass
    finally:
        listener.close()
    print("问策已停止。", flush=True)


def _worth_logging(record: logging.LogRecord) -> bool:
    """Pages that are still open when the server stops are no error."""
    cut_off = record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not cut_off and "timeout graceful shutdown" not in record.getMessage()
