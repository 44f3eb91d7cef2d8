"""The vector store, embedded and as a server: it never makes up a collection, and says what it cannot do."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from index.build import build_index
from index.encode import Encoder
from index.errors import IndexDamagedError, IndexMissingError, SearchError
from index.generation import current_generation, read_stamp
from index.search import Searcher
from index.store import Entry, Scope, VectorStore, create_store, open_store
from tests.serving import chroma_server

STAMP = {"model": "test", "dimension": "3", "parser": "1"}
AXES = np.eye(3, dtype=np.float32)


def filled(place: Path | str, name: str = "wence-test") -> VectorStore:
    store = create_store(place, name, STAMP, 3)
    store.add([Entry(f"{c}#0", c, document) for c, document in zip("abc", ("one", "one", "two"), strict=True)], AXES)
    return store


def test_the_nearest_passages_come_first_with_their_cosine(tmp_path: Path) -> None:
    store = filled(tmp_path / "vectors")
    question = np.array([0.8, 0.6, 0.0], dtype=np.float32)
    (hits,) = store.query(question[None], 2)
    assert [(h.passage_id, h.clause_id) for h in hits] == [("a#0", "a"), ("b#0", "b")]
    assert [h.similarity for h in hits] == pytest.approx([0.8, 0.6], abs=1e-5)


def test_only_passages_of_the_documents_asked_are_given(tmp_path: Path) -> None:
    store = filled(tmp_path / "vectors")
    assert [h.clause_id for h in store.query(AXES[:1], 3, Scope(("two",)))[0]] == ["c"]
    assert store.query(AXES[:1], 3, Scope(("three",))) == [[]]


def test_stored_vectors_come_back_and_unknown_or_repeated_ids_do_no_harm(tmp_path: Path) -> None:
    store = filled(tmp_path / "vectors")
    found = store.vectors(["b#0", "unknown", "b#0"])
    assert list(found) == ["b#0"]
    assert np.allclose(found["b#0"], AXES[1])
    assert store.vectors([]) == {}


def test_a_collection_opens_again_with_its_stamp(tmp_path: Path) -> None:
    filled(tmp_path / "vectors").seal()
    store = open_store(tmp_path / "vectors", "wence-test")
    assert store.count() == 3
    assert store.stamp == STAMP


def test_a_missing_folder_is_an_error_and_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError, match="wence index"):
        open_store(tmp_path / "vectors", "wence-test")
    (tmp_path / "vectors").mkdir()
    with pytest.raises(IndexMissingError, match="wence index"):
        open_store(tmp_path / "vectors", "wence-test")
    assert not any((tmp_path / "vectors").iterdir())


def test_a_missing_collection_is_an_error_and_is_never_made(tmp_path: Path) -> None:
    store = filled(tmp_path / "vectors")
    store.seal()
    with pytest.raises(IndexMissingError, match="wence-other.*wence index"):
        open_store(tmp_path / "vectors", "wence-other")
    assert open_store(tmp_path / "vectors", "wence-test").names() == ["wence-test"]


def test_a_file_that_is_no_database_is_damage(tmp_path: Path) -> None:
    filled(tmp_path / "vectors").seal()
    (tmp_path / "vectors" / "chroma.sqlite3").write_bytes(b"not a database at all" * 500)
    with pytest.raises(IndexDamagedError, match="wence index --rebuild"):
        open_store(tmp_path / "vectors", "wence-test")


@pytest.mark.parametrize("damage", [shutil.rmtree, lambda folder: os.truncate(folder / "data_level0.bin", 100)])
def test_vectors_that_are_gone_behind_their_rows_are_damage(damage: Callable[[Path], object], tmp_path: Path) -> None:
    """From 1,000 rows on they stand in files of their own; without them Chroma finds less, or crashes."""
    many = np.random.default_rng(0).normal(size=(1100, 3)).astype(np.float32)
    names = [str(i) for i in range(len(many))]
    store = create_store(tmp_path / "vectors", "wence-test", STAMP, 3)
    store.add([Entry(n, n, n) for n in names], many)
    store.seal()
    assert open_store(tmp_path / "vectors", "wence-test").count() == 1100
    copy = Path(shutil.copytree(tmp_path / "vectors", tmp_path / "copy"))
    (graph,) = (p for p in copy.iterdir() if p.is_dir())
    damage(graph)
    with pytest.raises(IndexDamagedError, match="wence index --rebuild"):
        open_store(copy, "wence-test")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A real Chroma server."""
    with chroma_server(tmp_path / "server") as running:
        yield running


def names(url: str) -> list[str]:
    import chromadb

    address, port = url.removeprefix("http://").split(":")
    return sorted(c.name for c in chromadb.HttpClient(host=address, port=int(port)).list_collections())


def test_an_index_lives_on_a_server_and_leaves_no_old_collections_there(
    server: tuple[str, subprocess.Popen[bytes]], tmp_path: Path, encoder: Encoder
) -> None:
    url, process = server
    home, policy = tmp_path / "home", tmp_path / "办法.txt"
    stranger = filled(url, "somebody-elses")
    policy.write_text("第一条 对首次升规的企业给予不超过30万元奖励。\n", encoding="utf-8")
    build_index(home, [policy], encoder, place=url)
    for number in "二三四":  # each makes a generation; the one before stays for readers still in it
        with policy.open("a", encoding="utf-8") as file:
            file.write(f"第{number}条 支持第{number}类孵化器建设。\n")
        report = build_index(home, [policy], encoder, place=url)
        assert 0 < report.embedded < report.passages
    searcher = Searcher.open(home, encoder, url)
    assert searcher.search("升规奖励", top=1).ranked[0].clause.label == "第一条"
    kept = [read_stamp(g).collection for g in sorted((home / "index").glob("g-*"))]
    assert names(url) == sorted([*kept, "somebody-elses"])
    assert len(kept) == 2
    assert not (current_generation(home) / "vectors").exists()
    assert stranger.count() == 3

    with pytest.raises(IndexMissingError, match="wence index"):
        Searcher.open(home, encoder)  # the folder holds no vectors, and none are made up

    process.kill()
    process.wait()
    with pytest.raises(SearchError, match=f"{url}.*WENCE_CHROMA_URL"):
        Searcher.open(home, encoder, url)
    with pytest.raises(SearchError, match="没有回答"):
        searcher.search("升规奖励")
    before = current_generation(home)
    with policy.open("a", encoding="utf-8") as file:
        file.write("第五条 其他。\n")
    with pytest.raises(SearchError, match=url):
        build_index(home, [policy], encoder, place=url)
    assert current_generation(home) == before

    moved = build_index(home, [policy], encoder)  # without the server: everything is computed again, nothing is lost
    assert moved.embedded == moved.passages
    assert Searcher.open(home, encoder).search("升规奖励", top=1).ranked[0].clause.label == "第一条"
