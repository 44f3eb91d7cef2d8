"""The widget's files as a server sends them: weight, headers, caching, and the page's closed doors."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from assistant.markup import MODES, VERDICTS
from assistant.records.database import Database
from assistant.web.embed import STATIC, mount_widget
from assistant.web.sites import Sites
from index.clause import STATUS_NAMES, Status

MOST_WIDGET_BYTES = 10_000
MOST_FIRST_LOAD_BYTES = 60_000
PARK = "https://www.park.example"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    sites = Sites(Database.open(tmp_path_factory.mktemp("sites")))
    sites.add("park", origins=[PARK, "https://m.park.example:8443"])
    sites.add("nowhere")
    app = FastAPI()
    mount_widget(app, sites)
    return TestClient(app)


def parts(client: TestClient) -> list[str]:
    """Addresses of everything that the page loads before the first question."""
    page = client.get("/embed?site=park").text
    return ["/embed?site=park", *(f"/{name}" for name in re.findall(r'(?:href|src)="(embed/[^"]+)"', page))]


def packed_size(client: TestClient, address: str) -> int:
    with client.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as response:
        assert response.status_code == 200, address
        assert response.headers["content-encoding"] == "gzip"
        return len(b"".join(response.iter_raw()))


def test_the_widget_is_under_ten_kilobytes_and_the_conversation_under_sixty(client: TestClient) -> None:
    widget = packed_size(client, "/widget.js")
    sizes = {address: packed_size(client, address) for address in parts(client)}
    print(f"widget.js {widget} bytes; before the first question {sum(sizes.values())} bytes in {len(sizes)} files")
    assert widget < MOST_WIDGET_BYTES
    assert sum(sizes.values()) < MOST_FIRST_LOAD_BYTES


def test_every_module_is_preloaded_and_nothing_else_is_imported(client: TestClient) -> None:
    """A module that is not named in the page costs a round trip; one that does not exist breaks it."""
    loaded = {Path(address).name for address in parts(client)[1:]}
    scripts = {p.name: p.read_text(encoding="utf-8") for p in STATIC.glob("*.js") if p.name != "widget.js"}
    imported = {name for text in scripts.values() for name in re.findall(r'from "\./([^"]+)"', text)}
    assert loaded == {*scripts, "embed.css"}
    assert imported | {"embed.js"} == set(scripts)


def test_the_frame_policy_names_exactly_the_sites_origins(client: TestClient) -> None:
    response = client.get("/embed?site=park")
    policy = response.headers["content-security-policy"]
    assert policy.endswith(f"frame-ancestors {PARK} https://m.park.example:8443")
    assert "unsafe" not in policy and "*" not in policy and "default-src 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert f'data-origins="{PARK} https://m.park.example:8443"' in response.text
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(("site", "status"), [("", 404), ("unknown", 404), ("nowhere", 403), ("park%0d%0aX: y", 404)])
def test_a_site_that_is_unknown_or_has_no_origin_shows_one_line_to_nobody(
    client: TestClient, site: str, status: int
) -> None:
    response = client.get(f"/embed?site={site}")
    assert response.status_code == status
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
    assert "不能打开问策" in response.text and "script" not in response.text


def test_files_of_the_page_are_kept_for_good_and_the_page_is_asked_for_anew(client: TestClient) -> None:
    page = client.get("/embed?site=park")
    assert page.headers["cache-control"] == "no-cache"
    same = client.get("/embed?site=park", headers={"If-None-Match": page.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert "frame-ancestors https" in same.headers["content-security-policy"]
    for address in parts(client)[1:]:
        assert "immutable" in client.get(address).headers["cache-control"]
    widget = client.get("/widget.js")
    assert "max-age=600" in widget.headers["cache-control"]
    assert widget.headers["cross-origin-resource-policy"] == "cross-origin"
    assert client.get("/widget.js", headers={"If-None-Match": f"W/{widget.headers['etag']}"}).status_code == 304


def test_a_client_that_cannot_unpack_gets_plain_bytes(client: TestClient) -> None:
    plain = client.get("/widget.js", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == (STATIC / "widget.js").read_bytes()
    assert gzip.compress(plain.content, 9, mtime=0)[:2] == b"\x1f\x8b"


def test_no_file_but_the_pages_own_can_be_had(client: TestClient) -> None:
    version = parts(client)[1].split("/")[2]
    for name in ("embed.html", "widget.js", "../embed.py", "..%2fembed.py", "%2e%2e/embed.py", "none.js", ""):
        assert client.get(f"/embed/{version}/{name}").status_code == 404, name
    assert client.get("/embed/000000000000/embed.js").status_code == 404


def test_no_script_of_ours_parses_markup_or_evaluates(client: TestClient) -> None:
    """The browser refuses it on our own page; the widget runs on pages that may not."""
    for file in STATIC.glob("*.js"):
        text = file.read_text(encoding="utf-8")
        for word in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "http:",
        ):
            assert word not in text.replace("http://www.w3.org/2000/svg", ""), f"{word} in {file.name}"
    page = (STATIC / "embed.html").read_text(encoding="utf-8")
    assert not re.search(r"\son\w+=|<style|style=|<script(?! type=\"module\" src=)", page)


def test_the_widget_speaks_the_words_of_the_full_page() -> None:
    """One standing, one verdict, one name, wherever a person reads it."""
    words = (STATIC / "words.js").read_text(encoding="utf-8")
    chinese = words[: words.index("const EN")]
    for status, name in STATUS_NAMES.items():
        assert re.search(rf'{Status(status).value}: "{re.escape(name)}"', chinese), status
    for reason, verdict in VERDICTS.items():
        assert f'{reason.value}: "{verdict}"' in chinese, reason
    assert set(re.findall(r"(\w+): \[\"", chinese)) == set(MODES)
