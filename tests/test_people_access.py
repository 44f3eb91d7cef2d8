"""The table of role × route, walked over a real server: every route of the application, every role."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from assistant.ask import Assistant
from assistant.people.access import NOBODY, RULES, allowed, rule_of
from assistant.people.accounts import Accounts
from assistant.people.gate import TOKEN
from assistant.people.person import Role
from assistant.people.reception import COOKIE
from assistant.records.database import Database
from assistant.server import Server, create_app
from assistant.web import limits
from evals.page import evaluators_page
from tests.serving import running
from tests.signing_in import PASSWORD, cookie_of, hashes, make_people, name_of, signed_in

PAGE = {"Accept": "text/html"}
OUTSIDE = {"X-Forwarded-For": "203.0.113.9"}
ROLES = (Role.VISITOR, Role.STAFF, Role.EVALUATOR, Role.EDITOR, Role.ADMIN)
FOR_ALL, FOR_STAFF, FOR_EDITORS, FOR_EVALUATORS, FOR_ADMINS, FOR_ACCOUNTS, FOR_NOBODY = "11111", "01011", "00011", "00101", "00001", "01111", "00000"  # fmt: skip
OPEN_TO = ("queue/data?session_hash=x", "queue/status", "heartbeat/abc", "startup-events", "info")
SHUT = (
    "gradio_api/upload_progress", "gradio_api/file=/etc/passwd", "gradio_api/file/etc/passwd", "gradio_api/proxy=http://127.0.0.1/",
    "gradio_api/user", "gradio_api/token", "gradio_api/app_id", "gradio_api/runs", "gradio_api/openapi.json", "gradio_api/deep_link",
    "gradio_api/dev/reload", "gradio_api/vibe-code", "gradio_api/login_check", "monitoring", "monitoring/summary", "svelte/x.js",
    "manifest.json", "pwa_icon", "pwa_icon/192", "redoc", "no-such-page",
)  # fmt: skip
"""Doors of the framework that no page of ours has use for."""
ROWS: list[tuple[str, str, str]] = [
    *(("GET", path, FOR_ALL) for path in (
        "/", "/config", "/theme.css", "/page.css", "/page.js", "/robots.txt", "/login/door.css", "/healthz", "/readyz", "/openapi.json",
        "/docs", "/docs/start.js", "/widget.js", "/embed?site=none", "/embed/x/y.js", "/assets/none.js", "/static/none.css", "/favicon.ico",
    )),
    *(("GET", f"/gradio_api/{path}", FOR_ALL) for path in OPEN_TO),
    *(("POST", f"/gradio_api/{path}", FOR_ALL) for path in ("queue/join", "cancel", "reset")),
    *(("GET", path, FOR_ALL) for path in ("/metrics", "/api/documents", "/api/clauses/none", "/v1/models", "/api/none")),
    *(("POST", path, FOR_ALL) for path in (
        "/api/chat", "/api/search", "/api/token", "/api/feedback", "/v1/chat/completions",
    )),
    ("GET", "/staff", FOR_STAFF), ("GET", "/staff/", FOR_STAFF), ("GET", "/staff/config", FOR_STAFF),
    ("GET", "/staff/assets/none.js", FOR_STAFF), ("GET", "/staff/static/none.css", FOR_STAFF), ("GET", "/staff/theme.css", FOR_STAFF),
    *(("GET", f"/staff/gradio_api/{path}", FOR_STAFF) for path in OPEN_TO),
    *(("POST", f"/staff/gradio_api/{path}", FOR_STAFF) for path in ("queue/join", "cancel", "reset")),
    ("GET", "/api/staff/pins", FOR_STAFF), ("POST", "/api/staff/pins", FOR_EDITORS), ("DELETE", "/api/staff/pins", FOR_EDITORS),
    ("GET", "/api/staff/start", FOR_STAFF), ("POST", "/api/staff/search", FOR_STAFF),
    *((method, "/api/staff/none", FOR_STAFF) for method in ("GET", "POST", "PUT", "DELETE", "PATCH")),
    ("GET", "/library", FOR_EDITORS), ("GET", "/library/static/none/none.js", FOR_EDITORS),
    *(("GET", f"/api/library/{path}", FOR_EDITORS) for path in ("start", "files", "files/none", "files/none/preview")),
    ("POST", "/api/library/files", FOR_EDITORS), ("POST", "/api/library/files/none/facts", FOR_EDITORS),
    *(("POST", f"/api/library/files/none/{step}", FOR_ADMINS) for step in ("publish", "reject", "undo")),
    ("DELETE", "/api/library/files/none", FOR_ADMINS),
    ("GET", "/evals", FOR_EVALUATORS), ("GET", "/evals/", FOR_EVALUATORS), ("GET", "/evals/config", FOR_EVALUATORS),
    ("GET", "/evals/report?run=none", FOR_EVALUATORS), ("GET", "/evals/assets/none.js", FOR_EVALUATORS),
    *(("GET", f"/evals/gradio_api/{path}", FOR_EVALUATORS) for path in OPEN_TO),
    *(("POST", f"/evals/gradio_api/{path}", FOR_EVALUATORS) for path in ("queue/join", "cancel", "reset")),
    ("GET", "/account", FOR_ACCOUNTS),
    *(("GET", f"{prefix}/{path}", FOR_NOBODY) for prefix in ("", "/staff", "/evals") for path in SHUT),
    *(("POST", f"{prefix}/{path}", FOR_NOBODY) for prefix in ("", "/staff", "/evals") for path in (
        "gradio_api/upload", "gradio_api/run/x", "gradio_api/call/x", "gradio_api/api/x", "gradio_api/component_server",
        "gradio_api/process_recording", "gradio_api/stream/x", "gradio_api/vibe-edit",
    )),
    *((method, f"{prefix}/login", FOR_NOBODY) for prefix in ("/staff", "/evals") for method in ("GET", "POST")),
    *(("GET", path, FOR_NOBODY) for path in (
        "/staff/logout", "/evals/logout", "/staff/docs", "/evals/openapi.json", "/Staff/", "/staffx", "/evals/enter",
        "/admin", "/.env", "/login/x",
    )),
]  # fmt: skip
"""(method, address, who gets in: one digit a role, in the order of ROLES)."""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = Database.open(tmp_path_factory.mktemp("people"))
    make_people(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def server(assistant: Assistant, database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With all pages and one person of each role; sign-in is not limited by address, others of its tests do that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(limits.ADDRESS, "signin", "10000/minute")
        runs = tmp_path_factory.mktemp("runs")
        with running(assistant, None, database=database, pages=[evaluators_page([runs])]) as server:
            yield server


@pytest.fixture(scope="module")
def clients(server: Server, database: Database) -> Iterator[dict[Role, httpx.Client]]:
    made = {role: signed_in(server.url, database, role) for role in ROLES}
    yield made
    for client in made.values():
        client.close()


def status(client: httpx.Client, method: str, path: str, **headers: str) -> int:
    """Status of a response whose body may never end."""
    body = {"json": {}} if method not in ("GET", "HEAD") else {}
    with client.stream(method, path, headers=headers, **body) as response:  # type: ignore[arg-type]
        if response.status_code == 303 and response.headers["location"].startswith("/login"):
            return 401
        return response.status_code


@pytest.mark.parametrize(("method", "path", "who"), ROWS, ids=lambda value: str(value))
def test_each_role_gets_what_the_table_says(
    clients: dict[Role, httpx.Client], method: str, path: str, who: str
) -> None:
    found = {role: status(clients[role], method, path) for role in ROLES}
    public = found[Role.VISITOR]
    for role, may in zip(ROLES, who, strict=True):
        if who == FOR_NOBODY:
            assert found[role] == 404, role
        elif who == FOR_ALL:
            # What a route itself says (no such site, no field) is the same for all.
            assert found[role] == public and public not in (401, 303), role
        elif may == "1":
            assert found[role] not in (401, 403, 303), role
        else:
            assert found[role] == (401 if role is Role.VISITOR else 403), role


def test_the_table_says_what_these_rows_say_and_no_rule_is_without_one() -> None:
    rows = {path.partition("?")[0] for _, path, _ in ROWS}
    own = {"/login", "/logout", "/account", "/login/openid/start", "/login/openid/callback", "/login/openid/link"}
    first = {rule_of(path) for path in rows | own}
    spare = (
        "/",
        "/config/",
        "/info/",
        "/reset/",
        "/status",
        "/robots.txt",
        "/favicon.ico",
        "/theme.css",
        "/static/{path:path}",
        "/data",
    )
    missing = [r.pattern for r in RULES if r.roles and r not in first and not r.pattern.endswith(spare)]
    assert not missing
    for method, path, who in ROWS:
        rule = rule_of(path.partition("?")[0])
        assert (allowed(rule, method) if rule else NOBODY) == {
            role for role, may in zip(ROLES, who, strict=True) if may == "1"
        }, path


def routes_of(routes: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """(method, pattern) of every route below, through mounts and routers."""
    for route in routes:
        if hasattr(route, "original_router"):
            yield from routes_of(route.original_router.routes, prefix + route.include_context.prefix)
        elif getattr(route, "methods", None):
            for method in route.methods:
                yield method, prefix + route.path
        elif getattr(route, "routes", None):
            yield from routes_of(route.routes, prefix + route.path)
        else:
            yield "ANY", prefix + route.path


def test_no_route_of_the_application_is_missing_from_the_table(
    assistant: Assistant, database: Database, tmp_path: Path
) -> None:
    """A page that is mounted tomorrow is shut until somebody says who gets it."""
    app = create_app(assistant, None, database, pages=[evaluators_page([tmp_path])])
    patterns = {pattern for _, pattern in routes_of(app.routes)}
    assert {"/api/chat", "/evals/report", "/evals/gradio_api/queue/join", "/gradio_api/upload", "/login"} <= patterns
    unknown = [
        p for p in sorted(patterns) if rule_of(p.replace(":path", "").replace("{", "").replace("}", "") or "/") is None
    ]
    assert not unknown


def test_a_route_that_is_not_in_the_table_does_not_exist(assistant: Assistant, database: Database) -> None:
    def forgotten(app: FastAPI) -> None:
        @app.get("/forgotten/page")
        def page() -> str:
            return "secret"

    with (
        running(assistant, None, database=database, pages=[forgotten]) as server,
        signed_in(server.url, database, Role.ADMIN) as admin,
    ):
        assert status(admin, "GET", "/forgotten/page") == 404


@pytest.mark.parametrize(
    "path", ["//staff/", "/staff/../staff/", "/./staff/", "/%2fstaff/", "/x/../staff/", "/staff%2f", "/STAFF/", "/staff/%2e%2e/staff/", "/staff;x/", "/staff/?x", "/staff%00/", "http://127.0.0.1/staff/"],
)  # fmt: skip
def test_no_spelling_of_an_address_gets_round_the_table(server: Server, path: str) -> None:
    """Sent as it stands; a client library would tidy it up."""
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=60)
    connection.request("GET", path)
    reply = connection.getresponse()
    body = reply.read().decode()
    connection.close()
    assert reply.status in (400, 401, 404), body[:200]
    assert "gradio" not in body


def test_the_api_keeps_its_own_rules_whoever_is_signed_in(clients: dict[Role, httpx.Client]) -> None:
    """A session opens no API: from another machine a key is asked for, admin or not."""
    for role in ROLES:
        for method, path in (
            ("GET", "/metrics"),
            ("GET", "/api/documents"),
            ("POST", "/api/search"),
            ("GET", "/v1/models"),
        ):
            assert status(clients[role], method, path, **OUTSIDE) == 401, (role, path)


def test_who_is_not_signed_in_is_led_to_the_sign_in_page_and_back(clients: dict[Role, httpx.Client]) -> None:
    reply = clients[Role.VISITOR].get("/evals/?run=a&b=c", headers=PAGE)
    assert (reply.status_code, reply.headers["location"]) == (303, "/login?next=/evals/%3Frun%3Da%26b%3Dc")
    reply = clients[Role.VISITOR].get("/evals/config")
    assert reply.status_code == 401 and reply.json()["code"] == "unauthorized"


def test_who_lacks_the_right_is_told_so(clients: dict[Role, httpx.Client]) -> None:
    page = clients[Role.STAFF].get("/evals/", headers=PAGE)
    assert page.status_code == 403 and "没有这个页面的权限" in page.text and "退出登录" in page.text
    data = clients[Role.STAFF].get("/evals/config")
    assert data.status_code == 403 and "坐席" in data.json()["detail"]


def test_without_accounts_the_evaluations_are_for_this_machine_alone(assistant: Assistant, tmp_path: Path) -> None:
    empty = Database.open(tmp_path)
    with (
        running(assistant, None, database=empty, pages=[evaluators_page([tmp_path])]) as server,
        httpx.Client(base_url=server.url) as client,
    ):
        assert client.get("/evals/").status_code == 200
        for headers in (OUTSIDE, {"Host": "evil.example"}, {"Origin": "http://evil.example"}):
            assert client.get("/evals/", headers=headers).status_code == 404
        assert status(client, "GET", "/staff/") == 401
        login = client.get("/login")
        assert "还没有账号" in login.text and "wence people add 名字 --role admin" in login.text
        Accounts(empty, hashes()).add("boss", Role.ADMIN, PASSWORD)
        assert client.get("/evals/").status_code == 401
        assert "还没有账号" not in client.get("/login").text
    empty.close()


CHANGES = [
    "/staff/gradio_api/queue/join",
    "/evals/gradio_api/queue/join",
    "/evals/gradio_api/cancel",
    "/api/staff/none",
    "/account",
    "/logout",
]


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"}, {"Origin": "http://127.0.0.1:1"}, {"Origin": "http://127.0.0.1.evil.example"}, {},
    ],
)  # fmt: skip
def test_what_changes_something_has_to_come_from_our_own_pages(
    server: Server, database: Database, path: str, headers: dict[str, str]
) -> None:
    cookies = {COOKIE: cookie_of(database, Role.ADMIN)}
    with httpx.Client(base_url=server.url, cookies=cookies, headers=headers) as client:
        for media in (
            "application/x-www-form-urlencoded",
            "text/plain",
            "application/json",
            "multipart/form-data; boundary=x",
        ):
            reply = client.post(path, content=b"{}", headers={"Content-Type": media})
            assert reply.status_code in (403, 415), media
        assert client.get("/account").status_code == 200, "the session lives on"


def test_the_foreign_page_is_refused_also_with_the_right_origin_beside_it(server: Server, database: Database) -> None:
    """Two Origin headers: a browser sends one; whoever sends two hopes that we read the other."""
    cookies = {COOKIE: cookie_of(database, Role.ADMIN)}
    with httpx.Client(base_url=server.url, cookies=cookies) as client:
        headers = [("Origin", server.url), ("Origin", "https://evil.example")]
        assert client.post("/evals/gradio_api/cancel", json={}, headers=headers).status_code == 403


def test_the_staff_api_needs_the_token_of_this_session(server: Server, database: Database) -> None:
    with signed_in(server.url, database, Role.STAFF) as one, signed_in(server.url, database, Role.STAFF) as other:
        assert status(one, "POST", "/api/staff/none") == 404
        for token in ("", "x", other.headers[TOKEN], one.headers[TOKEN][:-1]):
            assert status(one, "POST", "/api/staff/none", **{TOKEN: token}) == 403
        assert status(one, "GET", "/api/staff/none", **{TOKEN: ""}) == 404, "reading needs none"
        del one.headers["Origin"]
        assert status(one, "POST", "/api/staff/none") == 404, "a program that knows the token"


def test_sign_in_from_another_site_is_refused(server: Server) -> None:
    """Else that site could sign somebody in as itself and read what they enter."""
    form = {"name": name_of(Role.STAFF), "password": PASSWORD}
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {}):
        assert httpx.post(f"{server.url}/login", data=form, headers=headers).status_code == 403


@pytest.mark.parametrize(
    "path", ["//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil", "javascript:alert(1)", "/a\r\nX: y", "/\tevil", "evil", "/%0d%0a" + "x" * 3000],
)  # fmt: skip
def test_sign_in_leads_to_pages_of_ours_only(server: Server, path: str) -> None:
    form = {"name": name_of(Role.EVALUATOR), "password": PASSWORD, "next": path}
    reply = httpx.post(f"{server.url}/login", data=form, headers={"Origin": server.url})
    assert (reply.status_code, reply.headers["location"]) == (303, "/evals/")


def entered(server: Server, form: dict[str, str], scheme: str = "http") -> httpx.Response:
    headers = {"Origin": server.url.replace("http", scheme, 1), "X-Forwarded-Proto": scheme}
    return httpx.post(f"{server.url}/login", data=form, headers=headers)


def test_the_cookie_is_kept_from_scripts_and_plain_connections(server: Server) -> None:
    form = {"name": name_of(Role.STAFF), "password": PASSWORD, "next": "/account"}
    plain, secure = entered(server, form).headers["set-cookie"], entered(server, form, "https").headers["set-cookie"]
    assert (
        plain.startswith(f"{COOKIE}=") and "; HttpOnly" in plain and "; SameSite=lax" in plain and "; Path=/" in plain
    )
    assert "; Max-Age=43200" in plain and "Secure" not in plain and "; Secure" in secure and "Domain" not in plain


def test_sign_in_gives_a_new_key_and_ends_the_old_one(server: Server, database: Database) -> None:
    """A key that somebody planted before is worth nothing afterwards."""
    planted = cookie_of(database, Role.STAFF)
    form = {"name": name_of(Role.ADMIN), "password": PASSWORD}
    with httpx.Client(base_url=server.url, cookies={COOKIE: planted}, headers={"Origin": server.url}) as client:
        fresh = client.post("/login", data=form).cookies[COOKIE]
    assert fresh != planted
    for key, expected in ((planted, 401), (fresh, 200)):
        assert httpx.get(f"{server.url}/account", cookies={COOKIE: key}).status_code == expected


def test_wrong_name_wrong_password_and_lock_get_the_same_answer(assistant: Assistant, tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    make_people(database)
    with running(assistant, None, database=database) as server:
        wrong = [
            entered(server, {"name": "nobody", "password": "x"}),
            entered(server, {"name": name_of(Role.STAFF), "password": "x"}),
        ]
        for _ in range(5):
            entered(server, {"name": name_of(Role.STAFF), "password": "x"})
        wrong.append(entered(server, {"name": name_of(Role.STAFF), "password": PASSWORD}))
    assert [reply.status_code for reply in wrong] == [401] * 3
    texts = {reply.text.replace('value="nobody"', "").replace(f'value="{name_of(Role.STAFF)}"', "") for reply in wrong}
    assert len(texts) == 1 and "连续输错 5 次" in texts.pop()
    database.close()


def test_an_address_that_tries_on_and_on_has_to_wait(
    assistant: Assistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(limits.ADDRESS, "signin", "3/year")  # a window that no slow machine leaves
    database = Database.open(tmp_path)
    make_people(database)
    with running(assistant, None, database=database) as server:
        replies = [entered(server, {"name": f"guess{n}", "password": "x"}) for n in range(4)]
        other = httpx.post(
            f"{server.url}/login", data={"name": "x", "password": "x"}, headers={"Origin": server.url, **OUTSIDE}
        )
    assert [reply.status_code for reply in replies] == [401, 401, 401, 429]
    assert int(replies[3].headers["retry-after"]) > 0 and "请稍等" in replies[3].text
    assert other.status_code == 401
    database.close()


@pytest.mark.parametrize(
    ("role", "path"),
    [(Role.VISITOR, "/login"), (Role.STAFF, "/account"), (Role.STAFF, "/evals/"), (Role.EVALUATOR, "/evals/")],
)
def test_no_other_page_may_frame_these_and_nobody_keeps_a_copy(
    clients: dict[Role, httpx.Client], role: Role, path: str
) -> None:
    reply = clients[role].get(path, headers=PAGE)
    assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]
    assert reply.headers["cache-control"] == "no-store"


def test_our_own_pages_run_no_script(clients: dict[Role, httpx.Client]) -> None:
    for role, path in ((Role.VISITOR, "/login"), (Role.ADMIN, "/account"), (Role.STAFF, "/evals/")):
        reply = clients[role].get(path, headers=PAGE)
        policy = reply.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "script-src" not in policy
        assert "<script" not in reply.text and "style=" not in reply.text and "onclick" not in reply.text


def test_what_was_typed_is_shown_as_text(server: Server) -> None:
    nasty = '"><script>alert(1)</script>'
    reply = entered(server, {"name": nasty, "password": nasty, "next": f"/x{nasty}"})
    assert reply.status_code == 401 and "<script" not in reply.text
    assert "alert(1)" not in reply.text.replace("&lt;script&gt;alert(1)&lt;/script&gt;", ""), (
        "the password is not shown"
    )
    assert reply.text.count("alert(1)") <= 2


def test_only_admins_see_the_accounts_and_the_table(clients: dict[Role, httpx.Client]) -> None:
    admin, staff = clients[Role.ADMIN].get("/account").text, clients[Role.STAFF].get("/account").text
    assert "谁可以用什么" in admin and name_of(Role.EVALUATOR) in admin
    assert "谁可以用什么" not in staff and name_of(Role.EVALUATOR) not in staff


@pytest.fixture
def own(assistant: Assistant, tmp_path: Path) -> Iterator[tuple[Server, Database]]:
    """A server of one's own."""
    database = Database.open(tmp_path)
    make_people(database)
    with running(assistant, None, database=database) as server:
        yield server, database
    database.close()


def test_changing_the_password_signs_out_everywhere_else(own: tuple[Server, Database]) -> None:
    server, database = own
    with signed_in(server.url, database, Role.STAFF) as here, signed_in(server.url, database, Role.STAFF) as there:
        csrf, new = here.headers[TOKEN], PASSWORD + "新"
        for form, expected, told in (
            ({"old": "wrong", "new": new, "again": new}, 422, "现在的口令不对"), ({"old": PASSWORD, "new": new, "again": "x"}, 422, "不一样"),
            ({"old": PASSWORD, "new": "short", "again": "short"}, 422, "太短"), ({"old": PASSWORD, "new": PASSWORD, "again": PASSWORD}, 422, "换一个"),
        ):  # fmt: skip
            reply = here.post("/account", data={**form, "csrf": csrf})
            assert reply.status_code == expected and told in reply.text, form
        assert here.post("/account", data={"old": PASSWORD, "new": new, "again": new, "csrf": "x"}).status_code == 403
        done = here.post("/account", data={"old": PASSWORD, "new": new, "again": new, "csrf": csrf})
        assert (done.status_code, done.headers["location"]) == (303, "/account?done=password")
        assert "口令已修改" in here.get("/account?done=password").text
        assert there.get("/account").status_code == 401
    assert entered(server, {"name": name_of(Role.STAFF), "password": PASSWORD}).status_code == 401
    assert entered(server, {"name": name_of(Role.STAFF), "password": new}).status_code == 303


def test_sign_out_needs_the_token_and_ends_the_session(own: tuple[Server, Database]) -> None:
    server, database = own
    with signed_in(server.url, database, Role.STAFF) as client:
        assert client.post("/logout", data={"csrf": "x"}).status_code == 403
        assert client.get("/account").status_code == 200
        key = client.cookies[COOKIE]
        reply = client.post("/logout", data={"csrf": client.headers[TOKEN]})
        assert (reply.status_code, reply.headers["location"]) == (303, "/login?out=1")
        assert "Max-Age=0" in reply.headers["set-cookie"]
    assert httpx.get(f"{server.url}/account", cookies={COOKIE: key}).status_code == 401


Changed = Callable[[Accounts], None]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda accounts: accounts.remove(name_of(Role.STAFF)), 401),
        (lambda accounts: accounts.set_role(name_of(Role.STAFF), Role.EVALUATOR), 401),
        (lambda accounts: accounts.set_password(name_of(Role.STAFF), PASSWORD + "2"), 401),
    ],
    ids=["removed", "another role", "another password"],
)  # fmt: skip
def test_a_change_counts_with_the_next_request(own: tuple[Server, Database], change: Changed, expected: int) -> None:
    server, database = own
    with signed_in(server.url, database, Role.STAFF) as client:
        assert client.get("/account").status_code == 200
        change(Accounts(database, hashes()))
        assert client.get("/account").status_code == expected


def test_damaged_requests_to_sign_in_are_answered_politely(server: Server) -> None:
    headers = {"Origin": server.url}
    form = "application/x-www-form-urlencoded"
    for content, media in (
        (b"\xff\xfe%zz=%", form),
        (b"", form),
        (b"name=%ed%a0%bd&password=%ed%a0%bd", form),
        (b"{}", "application/json"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b"x", "multipart/form-data"),
    ):
        reply = httpx.post(f"{server.url}/login", content=content, headers={**headers, "Content-Type": media})
        assert reply.status_code in (400, 401), (content, reply.status_code)
    many = "&".join(f"a{n}=1" for n in range(100)).encode()
    assert httpx.post(f"{server.url}/login", content=many, headers={**headers, "Content-Type": form}).status_code == 400
