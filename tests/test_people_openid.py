"""Sign-in by OpenID Connect: a real browser at a real provider, and a provider that lies."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select

from assistant.ask import Assistant
from assistant.people.accounts import Accounts
from assistant.people.openid import Provider
from assistant.people.person import Role
from assistant.people.reception import COOKIE
from assistant.records.database import Database
from assistant.records.tables import AuditRow
from assistant.server import Server, take_port
from evals.page import evaluators_page
from tests.chromium import LONG_MS
from tests.providing import CLIENT, SECRET, provider
from tests.serving import running
from tests.signing_in import PASSWORD, hashes


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="zh-CN")
    context.set_default_timeout(LONG_MS)
    # The provider's own pages ask for a font of another host.
    context.route(lambda url: urlsplit(url).hostname != "127.0.0.1", lambda route: route.abort())
    yield context
    context.close()


@pytest.fixture(scope="module")
def house(
    assistant: Assistant, model_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, Database, str]]:
    """Our server, its store, and the issuer of the provider that it trusts."""
    listener = take_port("127.0.0.1", 0)
    database = Database.open(tmp_path_factory.mktemp("openid"))
    accounts = Accounts(database, hashes())
    accounts.add("boss", Role.ADMIN, PASSWORD)
    callback = f"http://127.0.0.1:{listener.getsockname()[1]}/login/openid/callback"
    with provider(model_cache, callback) as issuer:
        trusted = Provider(issuer, CLIENT, SECRET, "单位统一认证")
        pages = [evaluators_page([])]
        with running(assistant, None, listener, database=database, openid=trusted, pages=pages) as server:
            yield server, database, issuer
    database.close()


def at_provider(page: Page, login: str) -> None:
    """Sign in there and allow it, as the provider's own pages ask."""
    page.locator("input[name=login]").fill(login)
    page.locator("input[name=password]").fill("any")
    page.locator("button[type=submit]").click()
    page.get_by_role("button", name="Continue").click()


def account_of(database: Database, name: str) -> Any:
    return next(one for one in Accounts(database, hashes()).all() if one.person.name == name)


def test_a_prepared_account_is_linked_at_first_sign_in_and_found_by_its_subject_from_then_on(
    context: BrowserContext, browser: Browser, house: tuple[Server, Database, str]
) -> None:
    server, database, issuer = house
    Accounts(database, hashes()).add("li.si", Role.EVALUATOR)
    page = context.new_page()
    page.goto(f"{server.url}/evals/")
    page.get_by_role("link", name="用单位统一认证登录").click()
    at_provider(page, "li.si")
    page.wait_for_url(f"{server.url}/evals/")
    assert account_of(database, "li.si").subject == f"{issuer} subject-li.si"
    (cookie,) = [c for c in context.cookies() if c["name"] == COOKIE]
    assert cookie["httpOnly"] and cookie["sameSite"] == "Lax"
    page.goto(f"{server.url}/account")
    expect(page.locator("dl")).to_contain_text("已关联")
    expect(page.get_by_label("新口令", exact=True)).to_have_count(0)
    # Somebody else whom the provider calls li.si now.
    other = browser.new_context()
    other.route(lambda url: urlsplit(url).hostname != "127.0.0.1", lambda route: route.abort())
    stranger = other.new_page()
    stranger.goto(f"{server.url}/login")
    stranger.get_by_role("link", name="用单位统一认证登录").click()
    at_provider(stranger, "li.si/editor")
    expect(stranger.locator("main")).to_contain_text("还没有对应的问策账号")
    assert not [c for c in other.cookies() if c["name"] == COOKIE]
    other.close()


def test_an_account_with_a_password_is_linked_by_its_owner_only(
    context: BrowserContext, house: tuple[Server, Database, str]
) -> None:
    server, database, issuer = house
    page = context.new_page()
    page.goto(f"{server.url}/login")
    page.get_by_role("link", name="用单位统一认证登录").click()
    at_provider(page, "boss")
    expect(page.locator("main")).to_contain_text("还没有对应的问策账号")
    page.goto(f"{server.url}/login?next=/account")
    page.get_by_label("名字").fill("boss")
    page.get_by_label("口令").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.get_by_role("button", name="关联单位统一认证").click()
    page.get_by_role("link", name="继续").click()
    page.wait_for_url("**/account?done=linked")
    expect(page.get_by_role("status")).to_contain_text("已关联")
    assert account_of(database, "boss").subject == f"{issuer} subject-boss"
    page.get_by_role("button", name="退出登录").click()
    page.get_by_role("link", name="用单位统一认证登录").click()
    page.wait_for_url(f"{server.url}/staff/")
    with database.read() as session:
        seen = [(row.person, row.action) for row in session.scalars(select(AuditRow).order_by(AuditRow.id))]
    assert ("boss", "person.link") in seen and ("", "session.refuse") in seen


def test_an_answer_that_this_browser_did_not_ask_for_is_refused(house: tuple[Server, Database, str]) -> None:
    """Somebody sends a link with a code of their own: whoever opens it would work in their account."""
    server, _, _ = house
    with httpx.Client(base_url=server.url, timeout=60) as client:
        for query in (
            "code=x&state=y",
            "",
            "code=x",
            "state=y",
            "error=access_denied",
            "error=x&error_description=<b>",
        ):
            reply = client.get(f"/login/openid/callback?{query}")
            assert reply.status_code == 401 and "没有通过" in reply.text and "<b>" not in reply.text
        started = client.get("/login/openid/start")
        asked = parse_qs(urlsplit(started.headers["location"]).query)
        assert asked["code_challenge_method"] == ["S256"] and asked["response_type"] == ["code"]
        assert all(len(asked[name][0]) >= 20 for name in ("state", "nonce", "code_challenge"))
        assert "HttpOnly" in started.headers["set-cookie"].replace("httponly", "HttpOnly")
        assert client.get(f"/login/openid/callback?code=x&state={asked['state'][0]}x").status_code == 401
        assert COOKIE not in client.cookies


class Liar(ThreadingHTTPServer):
    """A provider that hands out whatever ID token a test wants."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Lies)
        self.issuer = f"http://127.0.0.1:{self.server_port}"
        self.calls_itself = self.issuer
        self.algorithms = ["RS256", "HS256", "none"]
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key())) | {"kid": "1", "use": "sig"}
        self.token: Any = None
        """Makes the ID token from right claims."""
        self.nonce = ""

    def claims(self) -> dict[str, Any]:
        now = int(time.time())
        return {
            "iss": self.issuer, "sub": "17", "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": self.nonce, "preferred_username": "li.si",
        }  # fmt: skip

    def signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.key, "RS256", {"kid": "1"})


class _Lies(BaseHTTPRequestHandler):
    server: Liar

    def do_GET(self) -> None:  # noqa: N802 - the library's name
        base = self.server.issuer
        if self.path == "/keys":
            self._json({"keys": [self.server.public]})
        else:
            self._json({
                "issuer": self.server.calls_itself, "authorization_endpoint": f"{base}/auth", "token_endpoint": f"{base}/token",
                "jwks_uri": f"{base}/keys", "id_token_signing_alg_values_supported": self.server.algorithms,
            })  # fmt: skip

    def do_POST(self) -> None:  # noqa: N802
        self.rfile.read(int(self.headers["Content-Length"]))
        token = self.server.token(self.server.claims())
        self._json({"access_token": "x", "token_type": "Bearer"} | ({"id_token": token} if token else {}))

    def _json(self, data: dict[str, Any]) -> None:
        body = json.dumps(data).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def liar() -> Iterator[Liar]:
    server = Liar()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def trusting(assistant: Assistant, liar: Liar, tmp_path: Path) -> Iterator[tuple[Server, Database]]:
    database = Database.open(tmp_path)
    Accounts(database, hashes()).add("boss", Role.ADMIN, PASSWORD)
    Accounts(database, hashes()).add("li.si", Role.STAFF)
    trusted = Provider(liar.issuer, CLIENT, SECRET, role_claim="role")
    with running(assistant, None, database=database, openid=trusted) as server:
        yield server, database
    database.close()


def come_back(server: Server, liar: Liar, make: Any) -> httpx.Response:
    """The whole way round, with the ID token that `make` makes of right claims."""
    with httpx.Client(base_url=server.url, timeout=60) as client:
        asked = parse_qs(urlsplit(client.get("/login/openid/start?next=/account").headers["location"]).query)
        liar.nonce, liar.token = asked["nonce"][0], make
        return client.get(f"/login/openid/callback?code=c&state={asked['state'][0]}")


def changed(liar: Liar, **claims: Any) -> Any:
    return lambda right: liar.signed({k: v for k, v in (right | claims).items() if v is not None})


def test_an_id_token_that_does_not_hold_opens_nothing(trusting: tuple[Server, Database], liar: Liar) -> None:
    server, database = trusting
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = liar.key.public_key()
    lies = {
        "no token": lambda right: "",
        "not signed": lambda right: jwt.encode(right | {"role": "staff"}, None, "none"),
        "signed with our own secret": lambda right: jwt.encode(right | {"role": "staff"}, SECRET.ljust(32), "HS256", {"kid": "1"}),
        "signed by another": lambda right: jwt.encode(right | {"role": "staff"}, other, "RS256", {"kid": "1"}),
        "for another client": changed(liar, aud="somebody else", role="staff"),
        "by another issuer": changed(liar, iss="https://evil.example", role="staff"),
        "of another sign-in": changed(liar, nonce="x" * 20, role="staff"),
        "without nonce": changed(liar, nonce=None, role="staff"),
        "expired": changed(liar, exp=int(time.time()) - 3600, role="staff"),
        "without end": changed(liar, exp=None, role="staff"),
        "without subject": changed(liar, sub=None, role="staff"),
        "damaged": lambda right: liar.signed(right)[:-5] + "AAAAA",
    }  # fmt: skip
    assert public
    for name, lie in lies.items():
        reply = come_back(server, liar, lie)
        assert (reply.status_code, COOKIE in reply.cookies) == (401, False), name
    assert not account_of(database, "li.si").subject
    right = come_back(server, liar, changed(liar, role="staff"))
    assert (right.status_code, right.headers["location"]) == (303, "/account") and COOKIE in right.cookies


def test_a_role_claim_counts_at_each_sign_in(trusting: tuple[Server, Database], liar: Liar) -> None:
    server, database = trusting
    for claim, expected in (
        (["x", "staff", "editor"], Role.EDITOR),
        ("evaluator", Role.EVALUATOR),
        (["admin"], Role.ADMIN),
    ):
        assert come_back(server, liar, changed(liar, role=claim)).status_code == 303
        assert account_of(database, "li.si").person.role is expected
    for nothing in (None, [], "king", {"admin": 1}, ["visitor"]):
        reply = come_back(server, liar, changed(liar, role=nothing))
        assert reply.status_code == 403 and "没有问策的角色" in reply.text


def test_a_provider_under_another_name_or_out_of_reach_is_not_used(
    trusting: tuple[Server, Database], liar: Liar
) -> None:
    server, _ = trusting
    liar.calls_itself = "https://evil.example"
    reply = httpx.get(f"{server.url}/login/openid/start", timeout=60)
    assert reply.status_code == 503 and "联系不上" in reply.text
    assert httpx.get(f"{server.url}/login").status_code == 200


def test_an_unverified_address_is_no_name(assistant: Assistant, liar: Liar, tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    Accounts(database, hashes()).add("li@id.example", Role.STAFF)
    trusted = Provider(liar.issuer, CLIENT, SECRET, name_claim="email")
    with running(assistant, None, database=database, openid=trusted) as server:
        for verified, expected in ((None, 403), ("true", 403), (False, 403), (True, 303)):
            make = changed(liar, email="li@id.example", email_verified=verified)
            assert come_back(server, liar, make).status_code == expected
    database.close()
