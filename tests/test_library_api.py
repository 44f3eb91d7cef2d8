"""The library over the wire: what goes in and out of `/api/library` and `/library`, and for whom."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import socket
import time
from collections.abc import AsyncIterator, Iterator
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from assistant.ask import Assistant
from assistant.library import naming
from assistant.library.library import Library
from assistant.people.gate import TOKEN
from assistant.people.person import Role
from assistant.people.reception import COOKIE
from assistant.records.database import Database
from assistant.server import Server
from assistant.web import bounds
from assistant.web.bounds import TOO_LARGE
from assistant.web.problems import LINES
from index.encode import Encoder
from index.live import LiveIndex
from tests.library.shelf import QUESTION, notice
from tests.serving import running
from tests.signing_in import make_people, name_of, signed_in
from tests.test_files_scans import drawn

FILES = "/api/library/files"


@pytest.fixture
def served(corpus_home: Path, tmp_path: Path, encoder: Encoder) -> Iterator[tuple[Server, Database]]:
    """A server that follows the index of a home of its own, and one person of each role."""
    home = tmp_path / "home"
    shutil.copytree(corpus_home / "index", home / "index")
    database = Database.open(home)
    make_people(database)
    assistant = Assistant(LiveIndex.open(home, encoder), today=dt.date(2026, 11, 21))
    with running(assistant, home, database=database) as server:
        yield server, database
    database.close()


def send(client: httpx.Client, name: str, data: bytes) -> list[dict[str, Any]]:
    reply = client.post(FILES, files={"file": (name, data)})
    assert reply.status_code == 201, reply.text
    found: list[dict[str, Any]] = reply.json()
    return found


def publish(client: httpx.Client, item: str) -> httpx.Response:
    """Look at it and publish it, as the page does."""
    seen = client.get(f"{FILES}/{item}/preview").json()["fingerprint"]
    return client.post(f"{FILES}/{item}/publish", json={"fingerprint": seen})


def until(client: httpx.Client, item: str, *states: str) -> dict[str, Any]:
    """The item when it is in one of the states; an order is carried out in seconds, a scan read in more."""
    deadline = time.monotonic() + 300
    while True:
        line: dict[str, Any] = client.get(f"{FILES}/{item}").json()
        if line["state"] in states:
            return line
        assert time.monotonic() < deadline, line
        time.sleep(0.1)


def answer(server: Server, question: str = QUESTION) -> str:
    reply = httpx.post(f"{server.url}/api/search", json={"question": question}, timeout=60)
    return "".join(row["text"] for row in reply.json()["results"])


def test_what_an_admin_publishes_an_enterprise_finds_at_once(served: tuple[Server, Database], tmp_path: Path) -> None:
    server, database = served
    scan = drawn(tmp_path / "意见.png").read_bytes()
    with (
        signed_in(server.url, database, Role.EDITOR) as editor,
        signed_in(server.url, database, Role.ADMIN) as admin,
    ):
        (item,) = send(editor, "算力券.txt", notice())
        (picture,) = send(editor, "C:\\扫描\\意见.png", scan)
        line = until(editor, item["id"], "staged")
        assert (line["title"], line["clauses"], line["name"]) == (
            "上海市科学技术委员会关于支持算力券的通知",
            5,
            "算力券.txt",
        )
        shown = editor.get(f"{FILES}/{item['id']}/preview").json()
        clause = next(c for c in shown["clauses"] if "500万元" in c["text"])
        assert shown["text"][clause["start"] : clause["end"]] == clause["text"] and shown["drawn"] is False
        assert shown["account"]["unclassified"] == 0 and shown["account"]["coverage"] == 1
        assert sum(k["characters"] for k in shown["account"]["kinds"]) == shown["account"]["characters"]
        assert "500万元" not in answer(server)

        corrected = editor.post(
            f"{FILES}/{item['id']}/facts", json={"values": {"region": "上海市", "signed": "2026-06-11"}}
        )
        assert {f["key"]: f["value"] for f in corrected.json()["facts"]}["signed"] == "2026-06-11"
        assert publish(editor, item["id"]).status_code == 403
        assert publish(admin, item["id"]).json()["state"] in ("publishing", "published")
        assert until(admin, item["id"], "published", "staged")["error"] == ""
        assert "每家企业每年最高不超过500万元" in answer(server)
        documents = httpx.get(f"{server.url}/api/documents").json()
        assert "2026-06-11" in {d["signed"] for d in documents}

        facts = f"{FILES}/{item['id']}/facts"
        ordered = editor.post(facts, json={"values": {"signed": "2026-06-12"}, "seen": {"signed": "2026-06-11"}})
        assert ordered.json()["item"]["state"] in ("correcting", "published")
        until(editor, item["id"], "published")
        late = editor.post(facts, json={"values": {"signed": "2026-06-13"}, "seen": {"signed": "2026-06-11"}})
        assert (late.status_code, "刚被别人改成“2026-06-12”" in late.json()["detail"]) == (409, True)
        assert "2026-06-12" in {d["signed"] for d in httpx.get(f"{server.url}/api/documents").json()}
        assert editor.post(f"{facts}/undo", json={}).json()["state"] in ("correcting", "published")
        assert until(editor, item["id"], "published")["error"] == ""
        assert "2026-06-11" in {d["signed"] for d in httpx.get(f"{server.url}/api/documents").json()}

        assert until(editor, picture["id"], "staged", "unreadable")["name"] == "意见.png"
        shown = editor.get(f"{FILES}/{picture['id']}/preview").json()
        assert (
            shown["drawn"] and shown["pages"] == 1 and shown["kind"] == "图片" and shown["account"]["recognised"] > 100
        )
        assert [c["page"] for c in shown["clauses"]] == [1, 1] and all(0.5 < c["ocr"] <= 1 for c in shown["clauses"])
        for _ in range(2):  # drawn, then taken from the disk
            page = editor.get(f"{FILES}/{picture['id']}/pages/1.png")
            assert page.headers["content-type"] == "image/png" and page.content.startswith(b"\x89PNG")
        missing = editor.get(f"{FILES}/{picture['id']}/pages/2.png")
        assert (missing.status_code, "没有第 2 页" in missing.json()["detail"]) == (422, True)
        original = editor.get(f"{FILES}/{picture['id']}/original")
        assert original.content == scan and original.headers["content-disposition"].startswith("attachment")

        rejected = admin.post(f"{FILES}/{picture['id']}/reject", json={"reason": ""})
        assert (rejected.status_code, "原因" in rejected.json()["detail"]) == (422, True)
        assert (
            admin.post(f"{FILES}/{picture['id']}/reject", json={"reason": "不是正式文件"}).json()["reason"]
            == "不是正式文件"
        )
        assert publish(admin, picture["id"]).status_code == 409
        assert admin.request("DELETE", f"{FILES}/{picture['id']}", json={}).status_code == 200
        assert editor.get(f"{FILES}/{picture['id']}").status_code == 404

        assert admin.post(f"{FILES}/{item['id']}/undo", json={}).json()["state"] in ("withdrawing", "withdrawn")
        until(admin, item["id"], "withdrawn")
        assert "500万元" not in answer(server)
        assert [line["state"] for line in editor.get(FILES).json()] == ["withdrawn"]


def test_editors_and_admins_hand_in_and_nobody_else(served: tuple[Server, Database]) -> None:
    server, database = served
    library: Library = server.config.app.state.library  # type: ignore[union-attr]
    expected = {Role.VISITOR: 401, Role.STAFF: 403, Role.EVALUATOR: 403, Role.EDITOR: 201, Role.ADMIN: 201}
    for number, (role, status) in enumerate(expected.items()):
        with signed_in(server.url, database, role) as client:
            assert client.post(FILES, files={"file": ("a.txt", notice(number))}).status_code == status, role
            assert client.get("/library").status_code == (200 if status == 201 else status), role
            if status == 201:
                start = client.get("/api/library/start").json()
                assert start["decides"] is (role is Role.ADMIN) and start["limits"]["bytes"] == naming.MOST_BYTES
                assert client.get("/api/staff/start").json()["library"] is True, "the workbench leads there"
                del client.headers[TOKEN]
                assert client.post(FILES, files={"file": ("b.txt", notice(9))}).status_code == 403
            elif role is Role.STAFF:
                assert client.get("/api/staff/start").json()["library"] is False
    assert {item.uploader for item in library.items.all()} == {name_of(Role.EDITOR), name_of(Role.ADMIN)}


def test_uploads_are_bounded_before_they_are_read(
    served: tuple[Server, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, database = served
    monkeypatch.setattr(bounds, "MOST_UPLOAD_BYTES", 100_000)
    with signed_in(server.url, database, Role.EDITOR) as client:
        for body, status, said in (
            ({"files": {"file": ("大.txt", b"x" * 200_000)}}, 413, "上限 100 MB"),
            ({"json": {"file": "x"}}, 415, "multipart"),
            (
                {"content": iter([b"x"]), "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
                411,
                "Content-Length",
            ),
            ({"files": {"other": ("a.txt", b"x")}}, 422, "file 字段"),
            ({"data": {"file": "a.txt"}, "files": {"x": ("a", b"")}}, 422, "file 字段"),
            ({"content": b"--x\r\nbroken", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, 400, ""),
            ({"files": {"file": ("程序.exe", b"MZ")}}, 422, "不收这种文件"),
            ({"files": [("file", ("a.txt", b"a")), ("file", ("b.txt", b"b"))]}, 400, ""),
        ):
            reply = client.post(FILES, **body)  # type: ignore[arg-type]
            assert reply.status_code in (status, 422) and said in reply.json()["detail"], (body, reply.text)
        assert client.get(FILES).json() == []


PART = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
"""The beginning of a file in a form."""


def raw(server: Server, client: httpx.Client, framing: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """What is answered to an upload that no well-meaning client would send."""
    host, port = server.url.removeprefix("http://").split(":")
    head = (
        f"POST {FILES} HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {server.url}\r\n{TOKEN}: {client.headers[TOKEN]}\r\n"
        f"Cookie: {COOKIE}={client.cookies[COOKIE]}\r\nContent-Type: multipart/form-data; boundary=x\r\n{framing}\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(head.encode() + body)
        reply = HTTPResponse(connection)
        reply.begin()
        return reply.status, json.loads(reply.read())


def test_a_sender_that_falls_silent_is_given_up(
    served: tuple[Server, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, database = served
    monkeypatch.setattr(bounds, "SILENT_S", 0.2)
    with signed_in(server.url, database, Role.EDITOR) as client:
        assert raw(server, client, "Content-Length: 500", PART + b"abc")[0] == 408
        assert client.get(FILES).json() == []


@pytest.mark.parametrize(
    "framing", ["Transfer-Encoding: chunked", "Content-Length: 10\r\nTransfer-Encoding: chunked", "X-None: 1"]
)
def test_an_upload_without_a_length_that_holds_is_refused(served: tuple[Server, Database], framing: str) -> None:
    """With both headers the chunks would count, and the length that was checked would be a lie."""
    server, database = served
    with signed_in(server.url, database, Role.EDITOR) as client:
        chunk = b"%x\r\n%b\r\n" % (len(PART), PART) if "chunked" in framing else b""
        status, body = raw(server, client, framing, chunk)
        assert (status, body) == (411, {"detail": LINES[411], "code": "length_required"})
        assert client.get(FILES).json() == []


def test_more_bytes_than_were_told_are_counted_as_they_come(
    served: tuple[Server, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent past the HTTP parser, which would cut them off: the bound holds whatever stands before the application."""
    server, database = served
    monkeypatch.setattr(bounds, "MOST_UPLOAD_BYTES", 100_000)
    given = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal given
        yield PART
        while given < 10_000_000:
            given += 10_000
            yield b"a" * 10_000
        yield b"\r\n--x--\r\n"

    async def ask(client: httpx.Client) -> httpx.Response:
        transport = httpx.ASGITransport(server.config.app)  # type: ignore[arg-type]
        headers = {
            "Content-Type": "multipart/form-data; boundary=x", "Content-Length": "10", "Origin": server.url,
            TOKEN: client.headers[TOKEN], "Cookie": f"{COOKIE}={client.cookies[COOKIE]}",
        }  # fmt: skip
        async with httpx.AsyncClient(transport=transport, base_url=server.url) as past:
            return await past.post(FILES, content=pieces(), headers=headers)

    with signed_in(server.url, database, Role.EDITOR) as client:
        reply = anyio.run(ask, client)
        assert (reply.status_code, reply.json()) == (413, {"detail": TOO_LARGE, "code": "too_large"})
        assert given <= 110_000, "nothing is asked for beyond the bound"
        assert client.get(FILES).json() == []


def test_only_what_was_looked_at_is_published(served: tuple[Server, Database]) -> None:
    server, database = served
    library: Library = server.config.app.state.library  # type: ignore[union-attr]
    other = library.published.documents()[0][0].document_id
    with (
        signed_in(server.url, database, Role.EDITOR) as editor,
        signed_in(server.url, database, Role.ADMIN) as admin,
    ):
        (item,) = send(editor, "算力券.txt", notice())
        path = f"{FILES}/{item['id']}"
        until(admin, item["id"], "staged")
        seen = admin.get(f"{path}/preview").json()["fingerprint"]
        assert admin.get(f"{path}/preview").json()["fingerprint"] == seen, "looking again changes nothing"
        for missing in ({}, {"fingerprint": ""}, {"fingerprint": "x" * 64}):
            assert admin.post(f"{path}/publish", json=missing).status_code == 422
        for change in ({"values": {"expires": "2026-01-01"}}, {"version_of": other}):
            corrected = editor.post(f"{path}/facts", json=change).json()["fingerprint"]
            reply = admin.post(f"{path}/publish", json={"fingerprint": seen})
            assert (reply.status_code, reply.json()) == (
                409, {"detail": "算力券.txt 刚被别人改过，请刷新后再发布", "code": "conflict"},
            )  # fmt: skip
            assert admin.get(path).json()["state"] == "staged" and "500万元" not in answer(server)
            seen = admin.get(f"{path}/preview").json()["fingerprint"]
            assert seen == corrected
        editor.post(f"{path}/facts", json={"drop": ["expires"], "version_of": ""})
        assert publish(admin, item["id"]).status_code == 202
        assert until(admin, item["id"], "published", "staged")["error"] == ""
        assert "每家企业每年最高不超过500万元" in answer(server)
        assert other in {d.document_id for d, _ in library.published.documents()}


def test_the_page_runs_nothing_that_is_not_ours(served: tuple[Server, Database]) -> None:
    server, database = served
    with signed_in(server.url, database, Role.EDITOR) as client:
        page = client.get("/library")
        policy = page.headers["content-security-policy"]
        assert "unsafe" not in policy and "script-src 'self'" in policy and "frame-ancestors 'none'" in policy
        assert page.headers["cache-control"] == "no-store"
        assert not re.search(r"<script(?![^>]* src=)|\son\w+=|style=", page.text)
        for path in re.findall(r'(?:src|href)="(library/static/[^"]+)"', page.text):
            assert client.get(f"/{path}").status_code == 200, path
        script = re.findall(r'src="(library/static/[^/]+)/', page.text)[0]
        for name in ("dom.js", "net.js", "preview.js", "source.js", "facts.js", "account.js", "versions.js", "ask.js"):
            assert client.get(f"/{script}/{name}").headers["content-type"].startswith("text/javascript"), name
        assert client.get("/library/static/none/library.js").status_code == 404
        account = client.get("/account", headers={"Accept": "text/html"}).text
        assert 'href="/library"' in account


def test_a_name_or_a_text_with_markup_stays_text(served: tuple[Server, Database]) -> None:
    server, database = served
    hostile = '<img src=x onerror="alert(1)">.txt'
    with signed_in(server.url, database, Role.EDITOR) as client:
        (item,) = send(client, hostile, notice().replace("算力券".encode(), b"<script>alert(1)</script>"))
        assert not set('<>"') & set(item["name"])
        until(client, item["id"], "staged")
        shown = client.get(f"{FILES}/{item['id']}/preview")
        assert shown.headers["content-type"] == "application/json"
        original = client.get(f"{FILES}/{item['id']}/original")
        assert original.headers["content-type"] == "application/octet-stream"
