"""One contract for every engine: Chroma in a folder, a real Chroma server, Milvus Lite; they agree on what is near."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from index.build import build_index
from index.contents import read_documents
from index.encode import Encoder
from index.errors import IndexMissingError, InputError, SearchError
from index.generation import current_generation, read_stamp
from index.moving import copy_index
from index.nearest import NearestPassages
from index.search import Searcher
from index.store import Entry, Scope, Vectors, VectorStore, WordStore, create_store, open_store
from tests.serving import chroma_server

ENGINES = ("chroma", "chroma-server", "milvus-lite")
STAMP = {"model": "test", "dimension": "32", "parser": "1"}
TOLERANCE = 1e-4
"""Cosines of two engines may differ by so much: they add in another order, and Chroma gives 1 - cosine."""
Place = Callable[[str], str | Path]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chroma_server(tmp_path_factory.mktemp("server")) as (url, _):
        yield url


@pytest.fixture(params=ENGINES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    """Where one engine keeps its collections."""
    if request.param == "milvus-lite":
        try:
            import milvus_lite  # noqa: F401
        except ImportError:
            assert not os.environ.get("CI"), "milvus-lite is missing"
            pytest.skip("needs pip install 'wence[milvus]'")
        return f"milvus:{tmp_path / 'passages.db'}"
    if request.param == "chroma-server":
        return str(request.getfixturevalue("server"))
    return tmp_path / "vectors"


@pytest.fixture
def name() -> str:
    return f"wence-{uuid.uuid4().hex}"


def passages(count: int = 300) -> tuple[list[Entry], Vectors]:
    """Three passages a clause, ten clauses a document, two regions turn about."""
    vectors = np.random.default_rng(5).normal(size=(count, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    words = ("升规奖励", "概念验证中心", "人才公寓租金", "首台套保险", "科技创新券")
    entries = [
        Entry(
            f"d{i // 30}:{i // 3:03d}#{i % 3}", f"d{i // 30}:{i // 3:03d}", f"d{i // 30}",
            ("上海市", "深圳市")[i // 30 % 2], "in_force", f"支持{words[i % len(words)]}，第{i}条",
        )
        for i in range(count)
    ]  # fmt: skip
    return entries, vectors


def filled(place: str | Path, name: str) -> VectorStore:
    store = create_store(place, name, STAMP, 32)
    store.add(*passages())
    store.seal()
    return open_store(place, name)


def test_a_store_gives_back_what_it_was_given(place: str | Path, name: str) -> None:
    entries, vectors = passages()
    store = filled(place, name)
    assert store.count() == len(entries)
    assert store.stamp == STAMP
    assert name in store.names()
    found = store.vectors([entries[7].passage_id, "nobody#0", entries[3].passage_id, entries[7].passage_id])
    assert list(found) == [entries[7].passage_id, entries[3].passage_id] or set(found) == {
        entries[7].passage_id, entries[3].passage_id,
    }  # fmt: skip
    assert np.allclose(found[entries[7].passage_id], vectors[7], atol=1e-6)
    assert store.vectors([]) == {}
    store.close()
    store.close()


@pytest.mark.parametrize(
    "scope", [None, Scope(), Scope(regions=("深圳市",)), Scope(documents=("d2", "d5")), Scope(documents=("absent",))]
)
def test_every_engine_finds_what_an_exact_scan_finds(scope: Scope | None, place: str | Path, name: str) -> None:
    entries, vectors = passages()
    questions = vectors[:4] * 0.8 + vectors[100:104] * 0.5
    questions /= np.linalg.norm(questions, axis=1, keepdims=True)
    store = filled(place, name)
    allowed = np.array(
        [
            (not scope or not scope.regions or e.region in scope.regions)
            and (not scope or not scope.documents or e.document_id in scope.documents)
            for e in entries
        ]
    )
    for question, hits in zip(questions, store.query(questions, 10, scope), strict=True):
        similarity = np.where(allowed, vectors @ question, -2)
        expected = np.argsort(-similarity)[: min(10, int(allowed.sum()))]
        assert [h.passage_id for h in hits] == [entries[i].passage_id for i in expected]
        assert [h.clause_id for h in hits] == [entries[i].clause_id for i in expected]
        assert [h.similarity for h in hits] == pytest.approx(similarity[expected].tolist(), abs=TOLERANCE)
    store.close()


def test_creating_replaces_and_opening_never_makes_one(place: str | Path, name: str) -> None:
    filled(place, name).close()
    create_store(place, name, {**STAMP, "model": "newer"}, 32).seal()
    store = open_store(place, name)
    assert (store.count(), store.stamp["model"]) == (0, "newer")
    other = f"wence-{uuid.uuid4().hex}"
    store.drop(other)
    store.close()
    with pytest.raises(IndexMissingError, match="wence index"):
        open_store(place, other)
    store = open_store(place, name)
    assert other not in store.names()
    store.drop(name)
    assert name not in store.names()
    store.close()


def test_an_engine_that_searches_words_fuses_both(place: str | Path, name: str) -> None:
    entries, vectors = passages()
    store = filled(place, name)
    if not isinstance(store, WordStore):
        store.close()
        pytest.skip("this engine searches vectors only")
    hits = store.hybrid(vectors[0], "概念验证中心", 10, Scope(regions=("上海市",)))
    by_id = {e.passage_id: e for e in entries}
    assert {by_id[h.passage_id].region for h in hits} == {"上海市"}
    assert any("概念验证" in by_id[h.passage_id].text for h in hits), "words are searched"
    assert entries[0].passage_id in {h.passage_id for h in hits}, "vectors are searched"
    assert [h.similarity for h in hits] == sorted((h.similarity for h in hits), reverse=True)
    store.close()


QUESTIONS = ("首台套最高补多少", "深圳小升规奖励", "上海创新券怎么领", "409号文第8条", "概念验证中心有什么支持")


def test_answers_do_not_depend_on_the_engine(
    place: str | Path, corpus_home: Path, tmp_path: Path, encoder: Encoder, searcher: Searcher
) -> None:
    """The five documents, indexed into each engine: the same five clauses in the same order, for every question."""
    if isinstance(place, Path):
        pytest.skip("this is what the others are compared with")
    files = [Path(noted["path"]) for _, noted in read_documents(current_generation(corpus_home))]
    build_index(tmp_path / "home", files, encoder, place=place)
    assert not (current_generation(tmp_path / "home") / "nearest").exists()
    elsewhere = Searcher.open(tmp_path / "home", encoder, place)
    assert elsewhere.store.count() == read_stamp(current_generation(tmp_path / "home")).passages
    for question in QUESTIONS:
        here, there = (s.search(question, 5).ranked for s in (searcher, elsewhere))
        assert [s.clause.clause_id for s in there] == [s.clause.clause_id for s in here], question
        assert [s.score for s in there] == pytest.approx([s.score for s in here], abs=0.05)
    elsewhere.store.close()


def test_a_scan_of_many_passages_by_their_bits_finds_nearly_all_that_an_exact_one_finds() -> None:
    """30,000 clustered vectors: of the nearest 100, at least 95 in 100 are found, and none outside the scope."""
    random = np.random.default_rng(3)
    centres = random.normal(size=(300, 384))
    vectors = (centres[random.integers(0, 300, 30_000)] + random.normal(size=(30_000, 384)) * 0.8).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    owners = np.repeat(np.arange(10_000, dtype=np.int32), 3)
    store = NearestPassages(vectors, owners, [str(i) for i in range(10_000)])
    rows = random.random(10_000) < 0.5
    for scope in (None, Scope(rows=rows)):
        allowed = np.ones(30_000, dtype=bool) if scope is None else rows[owners]
        held = []
        for hits, question in zip(store.query(vectors[:5], 100, scope), vectors[:5], strict=True):
            similarity = np.where(allowed, vectors @ question, -2)
            nearest = {f"{i // 3}#{i % 3}" for i in np.argsort(-similarity)[:100]}
            found = [h.passage_id for h in hits]
            assert len(set(found)) == 100
            assert all(allowed[int(p.split("#")[0]) * 3 + int(p.split("#")[1])] for p in found)
            held.append(len(nearest & set(found)) / 100)
        assert np.mean(held) > 0.95


def test_an_index_moves_between_engines_without_computing_a_vector(
    place: str | Path, corpus_home: Path, tmp_path: Path, encoder: Encoder, searcher: Searcher
) -> None:
    """Folder → engine → folder: the same clauses with the same scores at the end (Chroma scales vectors again)."""
    if isinstance(place, Path):
        pytest.skip("this is where it starts")
    home = Path(shutil.copytree(corpus_home, tmp_path / "home"))
    with pytest.raises(InputError, match="folder"):
        copy_index(home, place, "folder")
    there = copy_index(home, "folder", place)
    assert there.store == place
    with pytest.raises(IndexMissingError, match="wence index"):
        Searcher.open(home, encoder)  # the folder of the current generation holds no vectors
    elsewhere = Searcher.open(home, encoder, place)
    found = [s.clause.clause_id for s in elsewhere.search(QUESTIONS[0], 5).ranked]
    assert found == [s.clause.clause_id for s in searcher.search(QUESTIONS[0], 5).ranked]
    elsewhere.store.close()
    assert build_index(home, [], encoder, place=place).embedded == 0, "the copy is an index like any other"
    back = copy_index(home, place, "folder")
    assert (back.passages, back.clauses) == (there.passages, there.clauses)
    again = Searcher.open(home, encoder)
    for question in QUESTIONS:
        here, there_ = (s.search(question, 5).ranked for s in (searcher, again))
        assert [s.clause for s in there_] == [s.clause for s in here]
        assert [s.score for s in there_] == pytest.approx([s.score for s in here], abs=10 * TOLERANCE)


def test_a_copy_that_fails_leaves_the_index_as_it_was(corpus_home: Path, tmp_path: Path, encoder: Encoder) -> None:
    home = Path(shutil.copytree(corpus_home, tmp_path / "home"))
    before = current_generation(home)
    with pytest.raises(SearchError, match="127.0.0.1"):
        copy_index(home, "folder", "http://127.0.0.1:9")
    assert current_generation(home) == before
    assert Searcher.open(home, encoder).search(QUESTIONS[0], 1).ranked
