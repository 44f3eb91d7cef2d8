"""The token of a vector server: given to the server that it is for, shown and written nowhere."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant import check
from assistant.settings import load_settings
from index.build import build_index
from index.encode import Encoder
from index.errors import SearchError, SettingsError
from index.generation import current_generation, read_stamp
from index.place import Address, token_of
from index.search import Searcher
from index.store import open_store
from tests.conftest import Ran
from tests.serving import chroma_server
from tests.token_proxy import asking_for

TOKEN = "t0ken-of-the-vector-server"
RULES = "第一条 对首次升规的企业给予不超过30万元奖励。\n第二条 支持建设概念验证中心。\n"


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[str]]]:
    """A real Chroma server behind a proxy that asks for `TOKEN`: (URL, paths refused)."""
    with chroma_server(tmp_path_factory.mktemp("server")) as (url, _), asking_for(TOKEN, url) as found:
        yield found


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "升规办法.txt").write_text(RULES, encoding="utf-8")
    return folder


def test_an_address_is_its_place_wherever_text_is_wanted() -> None:
    place = Address("http://host:8000", TOKEN)
    assert place == "http://host:8000" and hash(place) == hash("http://host:8000") and f"{place}" == str(place)
    assert TOKEN not in repr(place) + str([place]) + f"{place!s}"
    assert (token_of(place), token_of("http://host:8000"), token_of(Path("x")), bool(Address(""))) == (
        TOKEN,
        "",
        "",
        False,
    )


def test_an_index_is_built_searched_and_renewed_behind_a_token_that_no_file_and_no_log_holds(
    door: tuple[str, list[str]], policies: Path, tmp_path: Path, encoder: Encoder, caplog: pytest.LogCaptureFixture
) -> None:
    url, refused = door
    place, home = Address(url, TOKEN), tmp_path / "home"
    refused.clear()
    with caplog.at_level(logging.DEBUG):
        build_index(home, [policies], encoder, place=place)
        assert read_stamp(current_generation(home)).store == url
        (policies / "办法二.txt").write_text("第一条 首台套装备最高不超过2000万元支持。\n", encoding="utf-8")
        again = build_index(home, [policies], encoder, place=place)
        assert 0 < again.embedded < again.passages, "vectors are taken over from behind the token"
        found = Searcher.open(home, encoder, place).search("升规奖励多少", 1)
    assert "30万元" in found.ranked[0].clause.text
    assert not refused
    assert TOKEN not in caplog.text
    assert not [file for file in home.rglob("*") if file.is_file() and TOKEN.encode() in file.read_bytes()]


@pytest.mark.parametrize("token", ["", "wrong"])
def test_who_has_not_the_token_is_told_which_setting_and_not_what_was_tried(
    token: str, door: tuple[str, list[str]], policies: Path, tmp_path: Path, encoder: Encoder
) -> None:
    url, _ = door
    for call in (
        lambda: build_index(tmp_path / "home", [policies], encoder, place=Address(url, token)),
        lambda: open_store(Address(url, token), "wence-x"),
    ):
        with pytest.raises(SearchError, match=f"{url}.*WENCE_STORE_TOKEN") as caught:
            call()
        assert "\n" not in str(caught.value) and "wrong" not in str(caught.value)


def test_milvus_lite_takes_a_token_and_does_without(policies: Path, tmp_path: Path, encoder: Encoder) -> None:
    """The client of a cluster is the same; a file asks nobody."""
    pytest.importorskip("milvus_lite") if not os.environ.get("CI") else __import__("milvus_lite")
    place = Address(f"milvus:{tmp_path / 'passages.db'}", "root:Milvus")
    build_index(tmp_path / "home", [policies], encoder, place=place)
    searcher = Searcher.open(tmp_path / "home", encoder, place)
    assert "30万元" in searcher.search("升规奖励多少", 1).ranked[0].clause.text
    searcher.store.close()


def test_the_token_comes_from_the_environment_and_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith("WENCE_")]:
        monkeypatch.delenv(name)
    assert token_of(load_settings().store_place) == ""
    monkeypatch.setenv("WENCE_STORE", "http://host:8000")
    monkeypatch.setenv("WENCE_STORE_TOKEN", TOKEN)
    settings = load_settings()
    assert (settings.store_place, token_of(settings.store_place)) == ("http://host:8000", TOKEN)
    assert TOKEN not in f"{settings!r}{settings}{settings.model_dump()}{settings.model_dump_json()}"
    monkeypatch.setenv("WENCE_STORE_TOKEN", f"{TOKEN}\r\nHost: elsewhere")
    with pytest.raises(SettingsError, match="WENCE_STORE_TOKEN") as caught:
        load_settings()
    assert TOKEN not in str(caught.value)


def test_an_index_is_copied_to_a_server_that_asks_and_never_from_one_server_to_another(
    door: tuple[str, list[str]], policies: Path, tmp_path: Path, encoder: Encoder,
    wence: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    url, _ = door
    home = tmp_path / "home"
    build_index(home, [policies], encoder)
    monkeypatch.setenv("WENCE_STORE_TOKEN", TOKEN)
    there = wence("store", "copy", "folder", url, home=home)
    assert there.status == 0, there.err
    refused = wence("store", "copy", url, "http://127.0.0.1:9", home=home)
    assert refused.status == 2 and "folder" in refused.err
    back = wence("store", "copy", url, "folder", home=home)
    assert back.status == 0, back.err
    assert TOKEN not in there.out + there.err + refused.err + back.out + back.err


def test_check_says_what_is_wrong_with_a_token_and_does_not_show_it(
    wence: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WENCE_STORE_TOKEN", TOKEN)
    idle = wence("check")
    (said,) = [line for line in idle.out.splitlines() if "口令" in line]
    assert said.startswith("[注意]") and "WENCE_STORE" in said and TOKEN not in idle.out + idle.err
    for place, warned in (
        ("http://10.0.0.5:8000", True), ("milvus:http://10.0.0.5:19530", True),
        ("https://vectors.example", False), ("http://127.0.0.1:8000", False),
    ):  # fmt: skip
        monkeypatch.setenv("WENCE_STORE", place)
        assert bool(list(check._token(load_settings()))) == warned, place
