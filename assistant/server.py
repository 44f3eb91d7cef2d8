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
from assistant.library.api import build_library_router
from assistant.library.opening import open_library
from assistant.library.page import build_library_page
from assistant.page import EXAMPLES, mount_page
from assistant.people.entrance import build_people_router
from assistant.people.gate import Gate
from assistant.people.openid import Provider, openid_app
from assistant.people.reception import Reception
from assistant.records.database import Database
from assistant.shell import Shell
from assistant.staff.api import build_staff_router
from assistant.staff.desk import StaffDesk
from assistant.staff.page import mount_staff
from assistant.staff.review_api import build_review_router
from assistant.web import problems
from assistant.web.api import Office, build_router, build_state_router
from assistant.web.bounds import Bounds
from assistant.web.callers import Doorman
from assistant.web.chores import every_day
from assistant.web.connections import BoundedConnection
from assistant.web.counted import Counted
from assistant.web.embed import mount_widget
from assistant.web.headers import ExactCORS, Hardened
from assistant.web.interface import build_interface_router
from assistant.web.metrics import Metrics
from assistant.web.openai_shape import build_openai_router
from assistant.web.origins import is_loopback
from assistant.web.page_limits import PageLimits
from assistant.web.sites import Sites, take_over
from assistant.web.streaming import Desk
from assistant.web.token_api import build_token_router
from assistant.web.tokens import Tokens, load_secret
from index.errors import InputError, StorageError
from index.live import LiveIndex

HOST, PORT = "127.0.0.1", 7860
SHUTDOWN_S = 1
"""Open pages hold a connection; they are given this long when the server stops."""
BACKLOG = 512
PAGE_LOOK_S = 0.02
"""How often a page of the framework looks whether somebody has clicked. Its own 0.001 keeps an idle server with two
pages at 3.5 % of a core, this at 0.9 %."""
ABOUT = """逐句有条款依据的政策问答。

- 本机程序（服务只监听 127.0.0.1 时）不需要密钥；其他一律需要 `Authorization: Bearer …`。
- 网站服务器：`wence sites add 站点 --server` 生成的密钥。
- 网页里的对话窗口：`POST /api/token` 换取的 30 分钟令牌，只对登记的来源有效。
- 个人信息（身份证号、手机号、银行卡号、邮箱）先遮盖，再检索、存储或交给模型。"""

log = logging.getLogger("wence.server")


def create_app(
    assistant: Assistant, home: Path | None = None, database: Database | None = None, *, secret: str = "",
    keyless: bool = False, openid: Provider | None = None, pages: Sequence[Callable[[FastAPI], None]] = (),
) -> FastAPI:  # fmt: skip
    """The application around one assistant.

    Args:
        assistant: answers the questions; shared by everybody.
        home: folder with the registered sites and the signing secret; None has no sites.
        database: the store; None opens the one in `home`, where there is one.
        secret: signs tokens; "" takes the one of `home`.
        keyless: programs on this machine may use the API without a key.
        openid: who else may say who somebody is; None for nobody.
        pages: each mounts further pages of packages above this one; who gets them is in `assistant.people.access`.

    Raises:
        StorageError: the signing secret cannot be made or read, or the store.
        InputError: a newer version made the store, or the sites of an earlier version are damaged.
    """
    # No built-in interface pages: they load their scripts from another host.
    app = FastAPI(title="问策", version="0.1.0", description=ABOUT, docs_url=None, redoc_url=None)
    problems.install(app)
    signing = load_secret(home, secret)
    if database is None and home:
        database = Database.open(home)
    if database and home:
        take_over(home, database)
    metrics, sites = Metrics(), Sites(database)
    doorman = Doorman(sites, Tokens(signing), keyless=keyless)
    records = getattr(assistant, "records", None)
    if records:
        metrics.watch(records)
    if isinstance(index := getattr(assistant, "index", None), LiveIndex):
        metrics.follow(index)
    office = Office(Desk(assistant, metrics), doorman, database, records, EXAMPLES)
    app.state.office = office
    reception = Reception(database) if database else None
    app.state.reception = reception
    mount_widget(app, sites)
    routers = [
        build_state_router(office), build_token_router(office), build_router(office), build_openai_router(office),
        build_interface_router(),
    ]  # fmt: skip
    if reception and database:
        staff = StaffDesk(office.desk, reception, database, home)
        routers += [build_staff_router(staff), build_review_router(staff)]
    if reception and database and home and index:
        library = open_library(home, database, index)
        app.state.library = library
        library.resume()
        routers += [build_library_router(library, reception), build_library_page()]
    for router in routers:
        app.include_router(router)
    if reception:
        app.include_router(build_people_router(reception))
    if reception and database:
        mount_staff(app, staff)
    if reception and openid:
        reception.provider = openid.shown
        app.mount("/login/openid", openid_app(openid, reception, signing))
    for mount in pages:
        mount(app)
    problems.close_gaps(app, routers)
    mount_page(app, assistant)
    _let_rest(app)
    # The last one added is the outermost.
    app.add_middleware(Shell)
    app.add_middleware(PageLimits, doorman=doorman)
    app.add_middleware(Gate, reception=reception)
    app.add_middleware(Bounds)
    app.add_middleware(ExactCORS, sites=sites)
    # The scripts of the page are large; packed they are a third. Event streams are left alone.
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=6)
    app.add_middleware(Hardened)
    app.add_middleware(Counted, metrics=metrics)
    return app


def _let_rest(app: FastAPI) -> None:
    """Slow down the polling of all mounted pages."""
    for route in app.routes:
        if blocks := getattr(getattr(route, "app", None), "blocks", None):
            blocks._queue.sleep_when_free = PAGE_LOOK_S


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
        home, database, secret, openid, pages: as `create_app`.
        keyless: programs on this machine need no key, if the port is open to this machine only.
        proxies: addresses of proxies whose X-Forwarded-For is believed, separated by commas.
        chores: what is to be done once a day.
    """

    def __init__(
        self, assistant: Assistant, listener: socket.socket, home: Path | None = None,
        database: Database | None = None, *, secret: str = "", keyless: bool = True, proxies: str = HOST,
        openid: Provider | None = None, pages: Sequence[Callable[[FastAPI], None]] = (),
        chores: Sequence[Callable[[], object]] = (),
    ) -> None:  # fmt: skip
        self.listener, self.chores = listener, chores
        self._daily: asyncio.Task[None] | None = None
        app = create_app(
            assistant, home, database, secret=secret, openid=openid, pages=pages,
            keyless=keyless and is_loopback(str(listener.getsockname()[0])),
        )  # fmt: skip
        config = uvicorn.Config(
            # Built on h11: the other parser that uvicorn knows reads headers of any size. Nothing here speaks WebSocket.
            app, http=BoundedConnection, ws="none", log_level="warning", access_log=False, timeout_graceful_shutdown=SHUTDOWN_S, timeout_keep_alive=30,
            backlog=BACKLOG, server_header=False, forwarded_allow_ips=proxies,
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
            self._daily = asyncio.create_task(every_day(self.chores))
            print(f"问策已就绪：{self.url}（按 Ctrl-C 停止）", flush=True)

    def serve_here(self) -> None:
        """Run until stopped."""
        self.run(sockets=[self.listener])


def serve(
    assistant: Assistant, host: str = HOST, port: int = PORT, listener: socket.socket | None = None,
    home: Path | None = None, database: Database | None = None, *, secret: str = "", keyless: bool = True,
    proxies: str = HOST, openid: Provider | None = None, pages: Sequence[Callable[[FastAPI], None]] = (),
    chores: Sequence[Callable[[], object]] = (),
) -> None:  # fmt: skip
    """Serve until Ctrl-C.

    Args:
        assistant: answers the questions; shared by everybody.
        host: address to listen on; 127.0.0.1 is this machine only.
        port: port to listen on.
        listener: a port taken before with `take_port`, to fail before the index is loaded.
        home, database, secret, keyless, proxies, openid, pages, chores: as `Server`.

    Raises:
        StorageError: the port is in use or may not be used, or the signing secret cannot be read.
    """
    listener = listener or take_port(host, port)
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s"
    )
    logging.getLogger("bm25s").setLevel(logging.WARNING)  # it logs each build as DEBUG, whatever the root says
    logging.getLogger("uvicorn.error").addFilter(_worth_logging)
    try:
        Server(
            assistant, listener, home, database, secret=secret, keyless=keyless, proxies=proxies, openid=openid, pages=pages,
            chores=chores,
        ).serve_here()  # fmt: skip
    except KeyboardInterrupt:
        pass
    finally:
        listener.close()
    print("问策已停止。", flush=True)


def _worth_logging(record: logging.LogRecord) -> bool:
    """Pages that are still open when the server stops are no error."""
    cut_off = record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not cut_off and "timeout graceful shutdown" not in record.getMessage()
