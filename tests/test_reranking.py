"""A reranker looks at the first clauses again: it may change their order and nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from index.encode import Encoder
from index.errors import SearchError, WeightsError
from index.rerank import DEPTH, CrossEncoderReranker, load_reranker
from index.search import Searcher
from index.tuning import text_of
from tests.conftest import Ran

Wence = Callable[..., Ran]
QUESTION = "企业研发机构能拿多少补贴"
TAUGHT = "张江"
"""What the small model learns to prefer: clauses that name this place."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, model_cache: Path, encoder: Encoder, searcher: Searcher) -> Path:
    """A CrossEncoder of one layer with the bundled tokenizer, trained on the five documents' clauses."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import torch
    from datasets import Dataset
    from sentence_transformers import CrossEncoder, CrossEncoderTrainer, CrossEncoderTrainingArguments
    from sentence_transformers.cross_encoder.losses import BinaryCrossEntropyLoss
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    raw, folder = tmp_path_factory.mktemp("raw"), tmp_path_factory.mktemp("reranker")
    torch.manual_seed(0)
    shape = BertConfig(
        vocab_size=250037, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64,
        num_labels=1, pad_token_id=1,
    )  # fmt: skip
    BertForSequenceClassification(shape).save_pretrained(str(raw))
    AutoTokenizer.from_pretrained(str(model_cache / encoder.name), local_files_only=True).save_pretrained(str(raw))
    model = CrossEncoder(str(raw), local_files_only=True, max_length=96)
    texts = [text_of(c) for c in searcher.clauses]
    right = [t for t in texts if TAUGHT in t]
    wrong = [t for t in texts if TAUGHT not in t][: len(right)]
    assert len(right) >= 5
    rows = [(QUESTION, text, float(TAUGHT in text)) for text in (*right, *wrong)]
    columns = dict(zip(("question", "clause", "label"), map(list, zip(*rows, strict=True)), strict=True))
    arguments = CrossEncoderTrainingArguments(
        output_dir=str(folder), num_train_epochs=12, per_device_train_batch_size=8, learning_rate=5e-3,
        save_strategy="no", logging_strategy="no", report_to="none", disable_tqdm=True, seed=0,
        dataloader_pin_memory=False,
    )  # fmt: skip
    CrossEncoderTrainer(
        model=model, args=arguments, train_dataset=Dataset.from_dict(columns), loss=BinaryCrossEntropyLoss(model)
    ).train()
    model.save_pretrained(str(folder), create_model_card=False)
    return folder


@pytest.fixture(scope="module")
def reranker(folder: Path) -> CrossEncoderReranker:
    return CrossEncoderReranker(str(folder))


def test_a_real_cross_encoder_scores_each_text(reranker: CrossEncoderReranker, searcher: Searcher) -> None:
    texts = [text_of(c) for c in searcher.clauses]
    scores = reranker.scores(QUESTION, texts)
    assert scores.shape == (len(texts),) and scores.dtype == np.float32
    named = np.array([TAUGHT in t for t in texts])
    assert scores[named].mean() > scores[~named].mean(), "it has learnt what it was taught"
    assert np.allclose(reranker.scores(QUESTION, texts[3:5]), scores[3:5], atol=1e-4)
    assert reranker.scores(QUESTION, []).shape == (0,)


def test_the_first_clauses_are_put_in_its_order_and_no_other_clause_moves(
    corpus_home: Path, encoder: Encoder, searcher: Searcher, reranker: CrossEncoderReranker
) -> None:
    with_it = Searcher.open(corpus_home, encoder, reranker=reranker)
    plain = searcher.search(QUESTION, 80).ranked
    again = with_it.search(QUESTION, 80).ranked
    before, after = ([s.clause.clause_id for s in ranked] for ranked in (plain, again))
    assert set(before[:DEPTH]) == set(after[:DEPTH]) and before[DEPTH:] == after[DEPTH:]
    assert before[:DEPTH] != after[:DEPTH]
    scores = reranker.scores(QUESTION, [text_of(s.clause) for s in again[:DEPTH]])
    assert (np.diff(scores) <= 1e-5).all(), "best first by its own scores"
    assert [s.score for s in again] == [s.score for s in plain], "what follows on the scores sees the new order"


def test_filters_and_addresses_are_honoured(
    corpus_home: Path, encoder: Encoder, searcher: Searcher, reranker: CrossEncoderReranker
) -> None:
    with_it = Searcher.open(corpus_home, encoder, reranker=reranker)
    assert {s.clause.region for s in with_it.search("小升规奖励多少", 40, "深圳市").ranked} == {"深圳市"}
    plain, again = (s.search("409号文第8条", 10).ranked for s in (searcher, with_it))
    assert plain[0].addressed and again[0].addressed
    assert plain[0].clause.clause_id == again[0].clause.clause_id
    both = [s.clause.region for s in with_it.search("上海和深圳的小升规奖励分别多少", 6).ranked]
    assert both[0] != both[1], "two cities still take turns"


def test_it_is_one_setting(folder: Path, wence: Wence, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = [row["clause_id"] for row in wence("search", QUESTION, "--top", "10", "--json").rows]
    assert "重排模型" not in wence("check").out
    monkeypatch.setenv("WENCE_RERANKER", str(folder))
    assert [row["clause_id"] for row in wence("search", QUESTION, "--top", "10", "--json").rows] != plain
    assert f"[正常] 重排模型：{folder}，重排前 {DEPTH} 条" in wence("check").out


@pytest.mark.parametrize("kind", ["no folder", "no model", "an embedding model", "a file"])
def test_a_folder_that_holds_none_is_one_line(
    kind: str, wence: Wence, tmp_path: Path, model_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    place = {"no folder": tmp_path / "nothing", "no model": tmp_path / "empty", "a file": tmp_path / "file"}
    monkeypatch.setenv("WENCE_RERANKER", str(place.get(kind, model_cache / "multilingual-e5-small-q4")))
    ran = wence("search", QUESTION)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("wence：") and ran.err.count("\n") == 1 and "重排模型" in ran.err
    check = wence("check")
    assert check.status == 1 and "[失败] 重排模型" in check.out


def test_a_name_that_can_be_no_model_is_refused_before_anything_is_contacted() -> None:
    with pytest.raises(WeightsError, match="找不到重排模型目录"):
        load_reranker("a/b/c")
    assert load_reranker("") is None


def test_a_model_that_fails_is_a_known_error(folder: Path) -> None:
    broken = CrossEncoderReranker(str(folder))

    class Broken:
        def __init__(self, answer: Callable[[], Sequence[float]]) -> None:
            self._answer = answer

        def predict(self, *_: object, **__: object) -> Sequence[float]:
            return self._answer()

    def fails() -> Sequence[float]:
        raise RuntimeError("out of memory")

    for answer, said in ((fails, "out of memory"), (lambda: [float("nan")], "不是数字")):
        broken._model = Broken(answer)
        with pytest.raises(SearchError, match=said) as caught:
            broken.scores("问", ["答"])
        assert "WENCE_RERANKER" in str(caught.value)
