"""Tuning: a better model is kept, another is thrown away, and nothing is ever half there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from assistant.settings import BUNDLED_CORPUS
from assistant.tune_commands import read_lessons, said
from evals.paired import sign_flip
from index.build import build_index
from index.encode import Encoder, load_encoder
from index.errors import InputError, StorageError, WeightsError
from index.scratch import scratch_searcher
from index.search import Searcher
from index.training import Course, Example, train
from index.tuning import DECIDING, NEGATIVES, Lesson, Outcome, chance, mined, split, text_of, tune, verdict
from index.weights import TUNED, like_bundled
from index.words import Tokenizer

ROOT = Path(__file__).parent.parent
DEV = ROOT / "evals" / "datasets" / "policy.dev.jsonl"


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> None:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory, model_cache: Path, encoder: Encoder) -> Path:
    """A model of one layer that has learnt nothing yet, with the bundled model's own tokenizer."""
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers import AutoTokenizer, BertConfig, BertModel

    folder, raw = tmp_path_factory.mktemp("tiny"), tmp_path_factory.mktemp("raw")
    torch.manual_seed(0)
    shape = BertConfig(
        vocab_size=250037, hidden_size=32, num_hidden_layers=1, num_attention_heads=4, intermediate_size=64,
        pad_token_id=1,
    )  # fmt: skip
    BertModel(shape).save_pretrained(str(raw))
    AutoTokenizer.from_pretrained(str(model_cache / encoder.name), local_files_only=True).save_pretrained(str(raw))
    SentenceTransformer(str(raw), local_files_only=True).save_pretrained(str(folder), create_model_card=False)
    return folder


def test_questions_of_one_clause_stay_on_one_side() -> None:
    """Else the questions held out would ask for what was taught."""
    lessons = [
        Lesson(f"问{i}", frozenset({f"c{i // 3}", *([f"c{i // 3 + 1}"] if i % 20 == 2 else [])})) for i in range(150)
    ]
    taught, held = split(lessons, 0.4, 0)
    assert len(taught) + len(held) == 150 and 40 <= len(held) <= 60
    assert not {c for one in taught for c in one.gold} & {c for one in held for c in one.gold}
    assert split(lessons, 0.4, 0) == (taught, held)


def test_too_few_questions_are_refused_with_their_number() -> None:
    with pytest.raises(InputError, match=r"题目太少.*20 题以上"):
        split([Lesson(f"问{i}", frozenset({f"c{i}"})) for i in range(30)], 0.4, 0)


def test_hard_negatives_come_from_our_own_search_and_are_never_right(searcher: Searcher) -> None:
    lessons = read_lessons([DEV], searcher.clauses)[:20]
    examples = mined(searcher, lessons, text_of, 0)
    texts = {text_of(c): c.clause_id for c in searcher.clauses}
    by_question = {one.question: one for one in lessons}
    for example in examples:
        lesson = by_question[example.question]
        assert texts[example.positive] in lesson.gold
        assert len(example.negatives) == NEGATIVES and not {texts[n] for n in example.negatives} & lesson.gold
        found = [s.clause.clause_id for s in searcher.search(lesson.question, 50, lesson.region).ranked]
        assert {texts[n] for n in example.negatives} <= set(found)


def test_the_test_is_that_of_the_evaluators_one_sided() -> None:
    rng = np.random.default_rng(1)
    before = rng.random(80).tolist()
    after = [b + d for b, d in zip(before, rng.normal(0.05, 0.2, 80), strict=True)]
    both = sign_flip([a - b for a, b in zip(after, before, strict=True)])
    assert chance(before, after) == pytest.approx(both / 2, abs=0.01)
    assert chance(after, before) > 0.8
    assert chance([0.5] * 40, [0.5] * 40) == 1


def test_a_model_that_finds_more_but_lets_a_guard_fall_is_thrown_away() -> None:
    low, high = [0.2] * 40, [0.6] * 40
    assert verdict({DECIDING: low}, {DECIDING: high}, [])[1] == ""
    assert "偶然" in verdict({DECIDING: low}, {DECIDING: low}, [])[1]
    assert "偶然" in verdict({DECIDING: high}, {DECIDING: low}, [])[1]
    fallen = verdict(
        {DECIDING: low, "应答率": [1.0] * 40}, {DECIDING: high, "应答率": [0.0] * 20 + [1.0] * 20}, ["应答率"]
    )
    assert "应答率由 1.000 降到 0.500" in fallen[1]


def tuned(tiny: Path, out: Path, rate: float) -> Outcome:
    """Twenty-four clauses and questions that share no word with them: nothing but the vectors can join the two."""

    def load(folder: Path) -> Encoder:
        return load_encoder(str(folder), out.parent)

    numbers, topics = (
        "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥天地",
        "鹤鹭鸥鹰鹊鸦雀燕鸽鹅鸭鸡狼狐狸獭貂熊豹狮虎象犀鹿",
    )
    searcher = scratch_searcher([n * 10 + "。" for n in numbers], load(tiny), Tokenizer())
    gold = [frozenset({c.clause_id}) for c in searcher.clauses]
    taught, held = ([Lesson(t * 9 + end, g) for t, g in zip(topics, gold, strict=True)] for end in ("", "？"))
    course = Course(epochs=25, learning_rate=rate, tokens=32)
    return tune(searcher, taught, held, str(tiny), out, load, course=course)


def test_a_better_model_is_kept_and_loads_by_its_folder(tiny: Path, tmp_path: Path) -> None:
    outcome = tuned(tiny, tmp_path / "models" / "new", 5e-3)
    assert outcome.folder == tmp_path / "models" / "new" and outcome.p < 0.01
    assert np.mean(outcome.after[DECIDING]) > np.mean(outcome.before[DECIDING]) + 0.2
    record = json.loads((outcome.folder / TUNED).read_text(encoding="utf-8"))
    assert record["name"] == outcome.name and record["base"] == str(tiny) and record["held_out"] == 24
    assert record["figures"][DECIDING][1] > record["figures"][DECIDING][0]
    new = load_encoder(str(outcome.folder), tmp_path)
    assert new.name == outcome.name, "the index's stamp tells it from every other model"
    assert not list(outcome.folder.parent.glob(".tuning-*/")), "no work folder stays"
    lines = said(outcome)
    assert f"WENCE_EMBEDDING={outcome.folder}" in lines and "wence index --rebuild" in lines
    with pytest.raises(InputError, match="已经存在"):
        tuned(tiny, outcome.folder, 5e-3)


def test_a_model_that_is_no_better_is_thrown_away(tiny: Path, tmp_path: Path) -> None:
    outcome = tuned(tiny, tmp_path / "models" / "new", 1e-12)
    assert outcome.folder is None and "偶然" in outcome.why_not
    assert [p.name for p in (tmp_path / "models").iterdir()] == [".tuning-lock"]
    assert "继续使用原模型" in said(outcome)


def test_a_full_disk_is_one_line_and_leaves_nothing(tiny: Path, small_disk: Path) -> None:
    with pytest.raises(StorageError, match="原模型未受影响") as caught:
        tuned(tiny, small_disk / "new", 1e-12)
    assert "\n" not in str(caught.value)
    assert [p.name for p in small_disk.iterdir()] == [".tuning-lock"]


def test_killed_half_way_nothing_is_left_that_looks_like_a_model(
    tiny: Path, tmp_path: Path, model_cache: Path, searcher: Searcher
) -> None:
    """The real command in its own process: killed while it trains, then run to its end."""
    home, lines = tmp_path / "home", tmp_path / "questions.jsonl"
    rows = DEV.read_text(encoding="utf-8").splitlines()[:90]
    lines.write_text("\n".join(rows), encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WENCE_")} | {
        "WENCE_HOME": str(home), "WENCE_CACHE": str(model_cache), "WENCE_EMBEDDING": str(tiny), "WENCE_LLM": "none",
        "HF_HUB_OFFLINE": "1",
    }  # fmt: skip

    def wence(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "assistant", *arguments]

    build_index(home, [BUNDLED_CORPUS], load_encoder(str(tiny), model_cache))
    process = subprocess.Popen(
        wence("tune", str(lines), "--epochs", "50"), cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr
    seen = ""
    while "训练 |" not in seen:
        letter = process.stderr.read(1)
        assert letter, seen
        seen += letter
    process.send_signal(signal.SIGKILL)
    process.wait()
    models = home / "models"
    assert [p for p in models.iterdir() if not p.name.startswith(".")] == []
    assert list(models.glob(".tuning-*/"))
    ran = subprocess.run(
        wence("tune", str(lines), "--epochs", "1"),
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "题用于训练" in ran.stderr and "Traceback" not in ran.stderr
    assert (ran.returncode, "没有采用" in ran.stdout) in ((1, True), (0, False))
    assert not list(models.glob(".tuning-*/"))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "第 1 行 读不懂"), ("[1]", "第 1 行 读不懂"), ('{"question": ""}', "读不懂"), ('{"question": "x"}', "gold"),
        ('{"question": 3, "clause_ids": ["a"]}', "读不懂"), ('{"question": "x", "gold": [{"document": "a"}]}', "读不懂"),
    ],
)  # fmt: skip
def test_a_line_that_is_no_question_is_named(line: str, said: str, tmp_path: Path, searcher: Searcher) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(InputError, match=said) as caught:
        read_lessons([path], searcher.clauses)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_question_sets_pins_and_clause_ids_are_understood(
    tmp_path: Path, searcher: Searcher, capsys: pytest.CaptureFixture[str]
) -> None:
    known = searcher.clauses[3].clause_id
    rows: list[dict[str, object]] = [
        {"question": "能补多少", "clause_ids": [known]},
        {
            "question": "能补多少",
            "region": "",
            "state": "active",
            "clauses": {known: {}},
            "wanted": ["补多少", "给几万"],
        },
        {"question": "旧的", "state": "retired", "clauses": {known: {}}, "wanted": []},
        {"question": "别处的", "clause_ids": ["nowhere"]},
        {"question": "今天天气", "answerable": False},
    ]
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in rows), encoding="utf-8")
    lessons = read_lessons([path], searcher.clauses)
    assert lessons == [Lesson(w, frozenset({known})) for w in ("能补多少", "能补多少", "补多少", "给几万")]
    assert "略过 2 题没有依据的、1 题依据不在索引里的" in capsys.readouterr().err
    assert len(read_lessons([DEV], searcher.clauses)) > 200


def test_without_the_packages_the_message_names_them(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(WeightsError, match=r"wence\[tune\]"):
        train(str(tiny), [Example("问", "答", ("别的",))], Course(), tmp_path, lambda *_: None)


def test_a_tuned_copy_of_the_bundled_model_is_as_fast_as_the_bundled_model(
    model_cache: Path, encoder: Encoder, tmp_path: Path
) -> None:
    """A few real steps of training; then the folder runs in OpenVINO, and gives what torch gives."""
    texts = ["对符合条件的企业给予资助。", "本办法自发布之日起施行。"]
    examples = [Example("能补多少", texts[0], (texts[1],)), Example("何时施行", texts[1], (texts[0],))]
    steps: list[tuple[int, int]] = []
    course = Course(epochs=3, batch=2, tokens=32, learning_rate=1e-4)
    train(str(model_cache / encoder.name), examples, course, tmp_path, lambda *done: steps.append(done))
    assert steps == [(1, 3), (2, 3), (3, 3)] and like_bundled(tmp_path)
    fast, exact = load_encoder(str(tmp_path), model_cache), load_encoder(str(tmp_path), model_cache, backend="torch")
    assert type(fast) is type(encoder) and type(exact) is not type(encoder)
    # Trained weights leave the bundled model's 4-bit grid, so int8 rounds them: 0.998 where it has 0.9998.
    assert (fast.encode_passages(texts) * exact.encode_passages(texts)).sum(axis=1).min() > 0.995
    assert (fast.encode_queries(texts) * encoder.encode_queries(texts)).sum(axis=1).max() < 0.9999, "it has learnt"
    pooling = tmp_path / "1_Pooling" / "config.json"
    pooling.write_text(json.dumps(json.loads(pooling.read_text()) | {"pooling_mode": "cls"}))
    assert not like_bundled(tmp_path), "another pooling is another architecture"
