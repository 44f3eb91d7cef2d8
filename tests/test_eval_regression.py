"""The gate on real regressions: what the product says is broken on purpose, asked again, and must be blocked."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant.__main__ import main
from assistant.answer import Answer
from assistant.ask import Assistant
from assistant.settings import BUNDLED_CORPUS
from evals.baseline import LIMITS, baseline_of
from evals.folder import write_json, write_lines
from evals.questions import DATASETS
from index.build import build_index
from index.encode import Encoder

LOST = "8. 加快创新产品应用推广"
"""The clause that one of the tests removes."""


@pytest.fixture(scope="module")
def home(
    tmp_path_factory: pytest.TempPathFactory, model_cache: Path, encoder: Encoder, corpus_home: Path
) -> Iterator[Path]:
    """A folder with 60 development questions, a first run over them and its baseline without floors."""
    place = tmp_path_factory.mktemp("gate")
    rows = [json.loads(line) for line in (DATASETS / "policy.dev.jsonl").read_text(encoding="utf-8").splitlines()]
    of_it = [r for r in rows if any(g["quote"][:8] in clause(LOST) for g in r["gold"])][:15]
    chosen = [*of_it, *[r for r in rows if r not in of_it][:: len(rows) // 40]]
    write_lines(place / "part.jsonl", chosen)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("HOME", corpus_home), ("CACHE", model_cache), ("TODAY", "2026-11-21"), ("LLM", "none")):
            patch.setenv(f"WENCE_{name}", str(value))
        patch.setattr("index.encode.load_encoder", lambda *_: encoder)
        assert ask(place, "first") == 0
        made = baseline_of(place / "first", {name: (0.0, allowed) for name, (_, allowed) in LIMITS.items()})
        write_json(place / "baseline.json", made.to_json())
        yield place


def clause(opening: str) -> str:
    """The clause that begins so, as printed."""
    text = (BUNDLED_CORPUS / "sh-rnd-2023-409.txt").read_text(encoding="utf-8")
    start = text.index(opening)
    return text[start : text.index("\n", start)]


def ask(home: Path, name: str) -> int:
    return main(["eval", "run", "--dataset", str(home / "part.jsonl"), "--no-llm", "--out", str(home / name)])


def again(home: Path, name: str) -> int:
    """Ask the same questions again and put the answers to the gate."""
    assert ask(home, name) == 0
    return main(["eval", "gate", str(home / name), "--baseline", str(home / "baseline.json")])


def test_an_unchanged_product_passes_twice(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert again(home, "same") == 0
    assert "放行（0）" in capsys.readouterr().out


def test_a_writer_that_drops_the_cap_is_blocked(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """不超过30万元 that becomes 30万元 is the mistake that costs an enterprise money."""
    real = Assistant.answer

    def careless(self: Assistant, *given: Any, **more: Any) -> Answer:
        answer = real(self, *given, **more)
        for word in ("最高不超过", "不超过", "最高"):
            answer.sentences = [replace(s, text=s.text.replace(word, "")) for s in answer.sentences]
        return answer

    monkeypatch.setattr(Assistant, "answer", careless)
    assert again(home, "careless") == 1
    shown = capsys.readouterr().out
    assert "拦下（1）" in shown and "逐字" in shown


def test_a_clause_that_is_lost_is_blocked(
    home: Path, tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = tmp_path / "corpus"
    shutil.copytree(BUNDLED_CORPUS, corpus)
    source = corpus / "sh-rnd-2023-409.txt"
    source.write_text(source.read_text(encoding="utf-8").replace(clause(LOST), ""), encoding="utf-8")
    build_index(tmp_path / "home", [corpus], encoder)
    monkeypatch.setenv("WENCE_HOME", str(tmp_path / "home"))
    assert again(home, "lost") == 1
    shown = capsys.readouterr().out
    assert "拦下（1）" in shown and "前5" in shown and "标准条款排在第" in shown
