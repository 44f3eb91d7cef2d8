"""Closed to everyone else: who gets a token, what it opens, and what every wrong try is answered with."""

from __future__ import annotations

import dataclasses
import json
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text
from starlette.datastructures import Headers

from assistant.ask import Assistant
from assistant.records.answers import Answers
from assistant.records.audit import verify
from assistant.records.database import Database
from assistant.records.tables import AuditRow
from assistant.server import Server
from assistant.web.origins import from_this_machine, network_of, origin_of, same_origin
from assistant.web.sites import SERVER_KEY, Sites, take_over
from index.errors import InputError, UsageError
from tests.serving import OTHER, PAGE, QUESTION, bearer, events, running, token_for

CHAT = {"question": QUESTION}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sites-home")


@pytest.fixture(scope="module")
def keys(home: Path) -> dict[str, str]:
    """Server keys of two sites; `park` and `bureau` have pages, `closed` has none, `own` makes its tokens itself."""
    sites = Sites(Database.open(home))
    given = {
        "park": sites.add("park", name="示范园区", origins=[PAGE], region="上海市", server=True),
        "bureau": sites.add("bureau", origins=["https://bureau.example", "http://127.0.0.1:9001"], server=True),
    }
    sites.add("closed", origins=[])
    given["own"] = sites.add("own", origins=[PAGE], private=True, server=True)
    return given


@pytest.fixture(scope="module")
def server(assistant: Assistant, home: Path, keys: dict[str, str]) -> Iterator[Server]:
    database = Database.open(home)
    assistant = dataclasses.replace(assistant, records=Answers(database))
    with running(assistant, home, database=database, keyless=False) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=60) as client:
        yield client


def test_origins_have_one_spelling() -> None:
    assert origin_of("HTTPS://WWW.Example.gov.cn:443/") == "https://www.example.gov.cn"
    assert origin_of("http://127.0.0.1:9000") == "http://127.0.0.1:9000"
    assert origin_of("https://政务.中国") == "https://xn--zfr164b.xn--fiqs8s"
    assert origin_of("http://[::1]:8080") == "http://[::1]:8080"


@pytest.mark.parametrize(
    "text",
    [
        "*", "https://*", "https://*.gov.cn", "null", "", "www.gov.cn", "ftp://a.cn", "javascript:alert(1)", "https://a.cn/path",
        "https://a.cn?x", "https://a.cn#x", "https://user@a.cn", "https://a.cn:0", "https://a.cn:99999", "https://a.cn b.cn",
        "https://a.cn; script-src *", "https://a.cn\nX: y", "https://", "file:///etc/passwd", "https://a.cn,https://b.cn",
    ],
)  # fmt: skip
def test_what_is_no_origin_is_not_registered(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="来源"):
        Sites(Database.open(tmp_path)).add("park", origins=[text])
    assert Sites(Database.open(tmp_path)).all() == {}


def test_only_requests_that_started_here_count_as_this_machine() -> None:
    def here(peer: str = "127.0.0.1", **headers: str) -> bool:
        named = {k.replace("_", "-"): v for k, v in headers.items()}
        return from_this_machine(Headers({"host": "127.0.0.1:7860"} | named), peer)

    assert here() and here(host="localhost:7860") and here("::1", host="[::1]:7860")
    assert here(origin="http://127.0.0.1:7860")
    assert not here("203.0.113.7") and not here("") and not here(host="wence.example")
    assert not here(origin="http://127.0.0.1:9999") and not here(origin="null") and not here(origin=OTHER)
    for name in ("x_forwarded_for", "forwarded", "x_real_ip", "via", "x_forwarded_host", "x_forwarded_proto"):
        assert not here(**{name: "127.0.0.1"}), name
    assert not from_this_machine(Headers({"host": "127.0.0.1:7860"}), "127.0.0.1", "1.0")
    assert same_origin("https://a.cn", "a.cn:443") and not same_origin("https://a.cn", "a.cn.evil.example")
    assert network_of("::ffff:192.0.2.1") == "192.0.2.1"
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2::9") != network_of("2001:db8:1:3::9")


def test_the_registry_is_private_and_keeps_no_secret(home: Path, keys: dict[str, str]) -> None:
    files = list(home.glob("records.db*"))
    assert files and all(stat.S_IMODE(f.stat().st_mode) == 0o600 for f in files)
    written = b"".join(f.read_bytes() for f in files)
    assert all(key.startswith(SERVER_KEY) and len(key) > 40 and key.encode() not in written for key in keys.values())


def test_two_commands_at_once_lose_no_site(database: Database) -> None:
    def add(n: int) -> None:
        Sites(database).add(f"site-{n}", origins=[PAGE])

    threads = [threading.Thread(target=add, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Sites(database).all()) == 8


def test_a_change_by_another_process_is_seen_at_once_and_audited(databases: Callable[[], Database]) -> None:
    database = databases()
    seen, other = Sites(database), Sites(database)
    for n in range(20):
        other.add("park", origins=[PAGE], quota=n + 1, person="王工")
        assert seen.all()["park"].quota == n + 1
    edition = seen.all()["park"].edition
    other.remove("park", person="王工")
    assert seen.all() == {}
    other.add("park", origins=[PAGE])
    assert seen.all()["park"].edition != edition, "tokens of the removed site stay worthless"
    with database.read() as session:
        rows = session.scalars(select(AuditRow).order_by(AuditRow.id)).all()
    assert [(r.person, r.action, r.subject) for r in rows[-3:]] == [
        ("王工", "site.set", "park"), ("王工", "site.remove", "park"), ("", "site.set", "park"),
    ]  # fmt: skip
    assert verify(database).broken == 0 and "wence-sk-" not in str([r.detail for r in rows])


def test_a_store_that_cannot_be_read_refuses_everybody_and_says_so(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    sites = Sites(database)
    sites.add("park", origins=[PAGE])
    assert sites.knows(PAGE)
    for statement, known in (("ALTER TABLE sites RENAME TO gone", False), ("ALTER TABLE gone RENAME TO sites", True)):
        with database.write() as session:
            session.execute(text(statement))
        assert sites.knows(PAGE) is sites.knows(PAGE) is known
    assert len([r for r in caplog.records if "拒绝所有站点" in r.getMessage()]) == 1
    with database.write() as session:
        session.execute(text("UPDATE sites SET record = '{}', changed = '2030-01-01 00:00:00'"))
    assert sites.all() == {} and "已损坏" in caplog.text


def test_sites_of_an_earlier_version_are_taken_over_once(database: Database, tmp_path: Path) -> None:
    row = {
        "key": "park", "edition": "e1", "name": "示范园区", "origins": [PAGE], "quota": 9, "region": "上海市",
        "private": False, "mask_companies": True, "server_hash": "00",
    }  # fmt: skip
    file = tmp_path / "sites.json"
    file.write_text(json.dumps({"sites": [row]}), encoding="utf-8")
    assert take_over(tmp_path, database) == 1 and take_over(tmp_path, database) == 0
    site = Sites(database).all()["park"]
    assert (site.edition, site.origins, site.quota, site.server_hash) == ("e1", (PAGE,), 9, "00")
    assert not file.exists() and (tmp_path / "sites.json.imported").exists()
    file.write_text('{"sites": [{"key"', encoding="utf-8")
    with pytest.raises(InputError, match="已损坏"):
        take_over(tmp_path, database)
    assert file.exists() and Sites(database).get("park")


def test_sites_are_managed_from_the_command_line(wence: Callable[..., Any], tmp_path: Path) -> None:
    added = wence(
        "sites", "add", "park", "--origin", "https://A.example", "--region", "上海", "--server", home=tmp_path
    )
    assert added.status == 0 and "https://a.example" in added.out and "widget.js" in added.out
    key = added.out.split(SERVER_KEY)[1].split()[0]
    listed = wence("sites", "list", home=tmp_path)
    assert "park" in listed.out and "上海市" in listed.out and key not in listed.out
    assert wence("sites", "add", "Bad Key", home=tmp_path).status == 2
    assert wence("sites", "add", "x", "--origin", "*", home=tmp_path).status == 2
    assert "没有登记来源" in wence("sites", "add", "empty", home=tmp_path).err
    assert wence("sites", "remove", "park", home=tmp_path).status == 0
    gone = wence("sites", "remove", "park", home=tmp_path)
    assert gone.status == 1 and "sites list" in gone.err and gone.err.count("\n") == 1


def test_a_publish_key_gives_a_token_to_its_own_pages(client: httpx.Client) -> None:
    granted = token_for(client, "park")
    assert granted["expires_in"] == 1800 and granted["renew_in"] < 1800
    assert granted["site"]["region"] == "上海市" and "上海市" in granted["site"]["regions"]
    assert granted["site"]["examples"] and granted["site"]["model"] is False
    reply = client.post("/api/chat", json=CHAT, headers=bearer(granted["token"], Origin=PAGE))
    assert reply.status_code == 200 and reply.headers["access-control-allow-origin"] == PAGE
    record = events(reply.text)[-1][1]
    assert record["conversation"] == granted["conversation"]
    again = token_for(client, "park", conversation=granted["conversation"], visitor=granted["visitor"])
    assert again["conversation"] == granted["conversation"] and again["visitor"] == granted["visitor"]


def test_the_window_itself_calls_from_this_servers_origin(client: httpx.Client, server: Server) -> None:
    token = token_for(client, "park")["token"]
    assert client.post("/api/chat", json=CHAT, headers=bearer(token, Origin=server.url)).status_code == 200
    headers = bearer(token, **{"Sec-Fetch-Site": "same-origin"})
    assert client.get("/api/documents", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("site", "origin", "status"),
    [
        ("park", OTHER, 403), ("park", "https://www.park.example.evil.example", 403), ("park", "http://www.park.example", 403),
        ("park", "https://www.park.example:8443", 403), ("park", "https://WWW.PARK.EXAMPLE", 403), ("park", "null", 403),
        ("park", None, 403), ("park", "https://www.park.example, https://evil.example", 403), ("park", "https://bureau.example", 403),
        ("bureau", PAGE, 403), ("closed", PAGE, 403), ("closed", "", 403), ("nobody", PAGE, 403), ("", PAGE, 403), ("own", PAGE, 403),
        ("../park", PAGE, 403), ("park\x00", PAGE, 403),
    ],
)  # fmt: skip
def test_a_publish_key_gives_no_token_to_others(
    client: httpx.Client, site: str, origin: str | None, status: int
) -> None:
    headers = {} if origin is None else {"Origin": origin}
    reply = client.post("/api/token", json={"site": site}, headers=headers)
    assert reply.status_code == status, reply.text
    assert "token" not in reply.json()


def test_a_key_by_itself_opens_nothing(client: httpx.Client, keys: dict[str, str]) -> None:
    for value in ("park", SERVER_KEY, SERVER_KEY + "x" * 43, keys["park"][:-1], keys["park"] + "x", "a.b.c"):
        assert client.post("/api/chat", json=CHAT, headers={"Authorization": f"Bearer {value}"}).status_code == 401, (
            value
        )
    assert client.post("/api/chat", json=CHAT, headers={"Authorization": keys["park"]}).status_code == 401
    assert client.post("/api/chat", json=CHAT, headers={"Authorization": f"Basic {keys['park']}"}).status_code == 401
    assert client.post("/api/chat", json=CHAT).status_code == 401
    assert client.post("/api/chat?token=" + keys["park"], json=CHAT).status_code == 401
    for method, path in (("get", "/api/documents"), ("get", "/metrics"), ("get", "/v1/models")):
        reply = getattr(client, method)(path)
        assert reply.status_code == 401 and reply.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": OTHER}, 403), ({"Origin": "null"}, 403), ({}, 403), ({"Origin": "https://bureau.example"}, 403),
        ({"Origin": PAGE, "X-Forwarded-Host": "evil.example"}, 200),
        ({"Origin": OTHER, "X-Forwarded-Host": "evil.example"}, 403),
        ({"Origin": OTHER, "Referer": PAGE + "/"}, 403), ({"Origin": OTHER, "Sec-Fetch-Site": "same-origin"}, 403),
        ({"Origin": OTHER, "X-Original-URL": "/healthz", "X-HTTP-Method-Override": "GET"}, 403),
        ({"Origin": PAGE + ".evil.example"}, 403),
    ],
)  # fmt: skip
def test_the_origin_is_checked_on_every_call(client: httpx.Client, headers: dict[str, str], status: int) -> None:
    token = token_for(client, "park")["token"]
    assert client.post("/api/chat", json=CHAT, headers=bearer(token, **headers)).status_code == status
    if status == 403:
        reply = client.post("/api/token", json={}, headers=bearer(token, **headers))
        assert reply.status_code == 403


def test_doubled_headers_are_refused(client: httpx.Client) -> None:
    token = token_for(client, "park")["token"]
    for doubled in ([("Origin", PAGE), ("Origin", OTHER)], [("Origin", PAGE), ("Authorization", f"Bearer {token}")]):
        headers = [("Authorization", f"Bearer {token}"), *doubled]
        assert client.post("/api/chat", json=CHAT, headers=headers).status_code == 400
    reply = client.post("/api/token", json={"site": "park"}, headers=[("Origin", OTHER), ("Origin", PAGE)])
    assert reply.status_code == 403


def test_a_token_is_for_one_conversation(client: httpx.Client) -> None:
    granted = token_for(client, "park")
    body = CHAT | {"conversation": "f" * 32}
    assert client.post("/api/chat", json=body, headers=bearer(granted["token"], Origin=PAGE)).status_code == 403
    body = CHAT | {"conversation": granted["conversation"]}
    assert client.post("/api/chat", json=body, headers=bearer(granted["token"], Origin=PAGE)).status_code == 200
    reply = client.post("/api/token", json={"conversation": "f" * 32}, headers=bearer(granted["token"], Origin=PAGE))
    assert reply.status_code == 403


def test_a_token_is_renewed_once_and_keeps_what_it_is_bound_to(client: httpx.Client, server: Server) -> None:
    first = token_for(client, "park")
    renewed = client.post("/api/token", json={}, headers=bearer(first["token"], Origin=server.url))
    assert renewed.status_code == 200
    second = renewed.json()
    assert (second["conversation"], second["visitor"]) == (first["conversation"], first["visitor"])
    replayed = client.post("/api/token", json={}, headers=bearer(first["token"], Origin=server.url))
    assert replayed.status_code == 401 and "续期" in replayed.json()["detail"]
    fresh = client.post("/api/token", json={"conversation": "new"}, headers=bearer(second["token"], Origin=server.url))
    assert fresh.status_code == 200 and fresh.json()["conversation"] != first["conversation"]


def test_a_site_may_hand_out_tokens_from_its_own_server(client: httpx.Client, keys: dict[str, str]) -> None:
    reply = client.post("/api/token", json={"origin": PAGE}, headers=bearer(keys["own"]))
    assert reply.status_code == 200
    token = reply.json()["token"]
    assert client.post("/api/chat", json=CHAT, headers=bearer(token, Origin=PAGE)).status_code == 200
    for body, status in (({"origin": OTHER}, 403), ({"origin": "*"}, 403), ({}, 403)):
        assert client.post("/api/token", json=body, headers=bearer(keys["own"])).status_code == status
    # A key that stands in a web page is a key that was given away.
    assert client.post("/api/token", json={"origin": PAGE}, headers=bearer(keys["own"], Origin=PAGE)).status_code == 403
    assert client.post("/api/chat", json=CHAT, headers=bearer(keys["own"], Origin=PAGE)).status_code == 403


def test_a_server_key_opens_the_api(client: httpx.Client, keys: dict[str, str]) -> None:
    reply = client.post("/api/chat", json=CHAT, headers=bearer(keys["park"]))
    assert reply.status_code == 200 and events(reply.text)[-1][0] == "done"
    assert client.get("/metrics", headers=bearer(keys["park"])).status_code == 200
    token = token_for(client, "park")["token"]
    assert client.get("/metrics", headers=bearer(token, Origin=PAGE)).status_code == 403


def test_changes_of_the_registry_hold_at_once(client: httpx.Client, home: Path, keys: dict[str, str]) -> None:
    sites = Sites(Database.open(home))
    sites.add("short", origins=[PAGE])
    token = token_for(client, "short")["token"]
    ask = lambda: client.post("/api/chat", json=CHAT, headers=bearer(token, Origin=PAGE)).status_code
    assert ask() == 200
    sites.add("short", origins=["https://elsewhere.example"])
    assert ask() == 403
    sites.add("short", origins=[])
    assert ask() == 403
    sites.add("short", origins=[PAGE])
    assert ask() == 200
    sites.remove("short")
    assert ask() == 401
    sites.add("short", origins=[PAGE])  # the same key again is another registration
    assert ask() == 401
    sites.remove("short")


def test_cors_is_exact(client: httpx.Client) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    allowed = client.options("/api/chat", headers={"Origin": PAGE, **asked})
    assert allowed.status_code == 200 and allowed.headers["access-control-allow-origin"] == PAGE
    assert "access-control-allow-credentials" not in allowed.headers and "Origin" in allowed.headers["vary"]
    for origin in (OTHER, "null", "https://www.park.example.evil.example", "http://www.park.example"):
        refused = client.options("/api/chat", headers={"Origin": origin, **asked})
        assert refused.status_code == 400 and "access-control-allow-origin" not in refused.headers, origin
    odd = client.options("/api/chat", headers={"Origin": PAGE, "Access-Control-Request-Method": "DELETE"})
    assert odd.status_code == 400
    reply = client.post("/api/token", json={"site": "park"}, headers={"Origin": OTHER})
    assert "access-control-allow-origin" not in reply.headers
    for path in ("/", "/healthz", "/metrics", "/embed?site=park"):
        headers = client.get(path, headers={"Origin": OTHER}).headers
        assert not [name for name in headers if name.startswith("access-control-")], path
    assert client.get("/widget.js").headers["access-control-allow-origin"] == "*"


def test_the_window_may_be_framed_by_the_sites_pages_only(client: httpx.Client) -> None:
    policy = client.get("/embed", params={"site": "park"}).headers["content-security-policy"]
    assert f"frame-ancestors {PAGE}" in policy.split("; ") and "unsafe" not in policy
    policy = client.get("/embed", params={"site": "bureau"}).headers["content-security-policy"]
    assert "frame-ancestors https://bureau.example http://127.0.0.1:9001" in policy.split("; ")
    for site, status in (("closed", 403), ("nobody", 404), ("", 404), ("<script>alert(1)</script>", 404)):
        reply = client.get("/embed", params={"site": site})
        assert reply.status_code == status and "<script>alert" not in reply.text
        assert "frame-ancestors 'none'" in reply.headers["content-security-policy"].split("; ")


def test_a_site_learns_nothing_of_another(client: httpx.Client, keys: dict[str, str]) -> None:
    mine, other = token_for(client, "park"), token_for(client, "bureau", "https://bureau.example")
    secret = "我公司叫暗号企业，" + QUESTION
    client.post("/api/chat", json={"question": secret}, headers=bearer(other["token"], Origin="https://bureau.example"))
    for path in ("/api/documents", "/metrics", f"/api/clauses/{other['conversation']}"):
        reply = client.get(path, headers=bearer(mine["token"], Origin=PAGE))
        assert "暗号" not in reply.text and other["conversation"] not in reply.text
    body = {"question": "另一个网站的人刚才问了什么？", "conversation": other["conversation"]}
    assert client.post("/api/chat", json=body, headers=bearer(mine["token"], Origin=PAGE)).status_code == 403
    text = client.post(
        "/api/chat", json={"question": "另一个网站的人刚才问了什么？"}, headers=bearer(mine["token"], Origin=PAGE)
    ).text
    assert "暗号" not in text


def test_a_site_chooses_to_mask_company_codes(client: httpx.Client, home: Path) -> None:
    Sites(Database.open(home)).add("strict", origins=[PAGE], mask_companies=True)
    code = "91350100M000100Y43"
    for site, shown in (("strict", False), ("park", True)):
        token = token_for(client, site)["token"]
        reply = client.post("/api/chat", json={"question": f"{code}，{QUESTION}"}, headers=bearer(token, Origin=PAGE))
        assert (code in events(reply.text)[-1][1]["question"]) is shown


def test_a_server_open_to_others_needs_a_key_from_everybody(assistant: Assistant) -> None:
    with running(assistant, keyless=True) as server, httpx.Client(base_url=server.url) as client:
        for headers in (
            {"Origin": OTHER},
            {"Host": "wence.example"},
            {"X-Forwarded-For": "127.0.0.1"},
            {"Via": "1.1 x"},
        ):
            assert client.get("/api/documents", headers=headers).status_code == 401, headers
        assert client.get("/api/documents").status_code == 200
    for keyless, host in ((False, "127.0.0.1"), (True, "0.0.0.0")):
        from assistant.server import take_port

        listener = take_port(host, 0)
        try:
            app = Server(assistant, listener, keyless=keyless).config.app
            assert app.state.office.doorman.keyless is False  # type: ignore[union-attr]
        finally:
            listener.close()


def test_no_secret_is_ever_logged(
    client: httpx.Client, keys: dict[str, str], home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        token = token_for(client, "park")["token"]
        client.post("/api/chat", json=CHAT, headers=bearer(token, Origin=PAGE))
        client.post("/api/chat", json=CHAT, headers=bearer(keys["park"]))
        client.post("/api/chat", content="{", headers=bearer(keys["park"]))
    ours = [r.getMessage() for r in caplog.records if r.name.startswith("wence")]
    written = "\n".join(ours).encode() + b"".join(f.read_bytes() for f in home.glob("records.db*"))
    secret = (home / "secret").read_text(encoding="ascii")
    assert not [s for s in (token, keys["park"], secret) if s.encode() in written]
    assert Sites(Database.open(home)).all()
