"""Exports have the fields that RAGAS (SingleTurnSample) and DeepEval (LLMTestCase) read.

Both libraries are heavy and not among our dependencies; their own loaders were run on such files by hand
(ragas 0.4.3, deepeval 4.3.1), and the field names and types they want are held here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.answer import Asker, Turn
from assistant.ask import Assistant
from evals.folder import write_lines
from evals.questions import DATASETS

Wence = Callable[..., Any]


@pytest.fixture(scope="module")
def run(assistant: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real answers to four development questions: an amount, departments, a follow-up, one to refuse."""
    rows = [json.loads(line) for line in (DATASETS / "policy.dev.jsonl").read_text(encoding="utf-8").splitlines()]
    chosen = [next(r for r in rows if r["type"] == t) for t in ("amount", "department", "followup", "unanswerable")]
    folder = tmp_path_factory.mktemp("run")
    outputs = []
    for row in chosen:
        history = [Turn(t["role"], t["content"]) for t in row["history"]]
        answer = assistant.answer(row["question"], history, Asker(row["region"] or ""), llm=False)
        outputs.append({"id": row["id"], **answer.to_json()})
    write_lines(folder / "questions.jsonl", chosen)
    write_lines(folder / "outputs.jsonl", outputs)
    return folder


def test_ragas_samples(wence: Wence, run: Path, tmp_path: Path) -> None:
    out = tmp_path / "ragas.jsonl"
    assert wence("eval", "export", str(run), "--format", "ragas", "--out", str(out)).status == 0
    text = out.read_bytes().decode("ascii")  # read in the machine's own encoding over there
    samples = [json.loads(line) for line in text.splitlines()]
    assert len(samples) == 4
    for sample in samples:
        assert set(sample) == {"user_input", "retrieved_contexts", "reference_contexts", "response", "reference"}
        assert all(isinstance(c, str) and c for c in sample["retrieved_contexts"])
        assert isinstance(sample["response"], str) and "[1]" not in sample["response"]
    amount, department, followup, refused = samples
    assert "200 万元" in amount["reference"] and amount["reference_contexts"] == [amount["reference"]]
    assert any(amount["reference"] in c for c in amount["retrieved_contexts"])
    assert any("责任单位" in c for c in department["retrieved_contexts"])  # what the answer quotes must be among them
    assert followup["user_input"] != "那第三年呢" and "第三年" in followup["user_input"]
    assert refused["reference"] is None and refused["reference_contexts"] is None and refused["response"]


def test_deepeval_cases(wence: Wence, run: Path, tmp_path: Path) -> None:
    out = tmp_path / "deepeval.json"
    ran = wence("eval", "export", str(run), "--format", "deepeval", "--out", str(out), "--answered")
    assert ran.status == 0 and ran.out.startswith("3 个答案写入")
    cases = json.loads(out.read_text(encoding="utf-8"))
    assert len(cases) == 3
    for case in cases:
        assert {"input", "actual_output", "expected_output", "context", "retrieval_context"} <= set(case)
        assert isinstance(case["input"], str) and isinstance(case["actual_output"], str)
        assert isinstance(case["context"], list) and isinstance(case["retrieval_context"], list)
        assert case["tags"][1] == "answered"


def test_a_folder_that_is_no_run_and_a_wrong_format_are_one_line(wence: Wence, run: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.json"
    ran = wence("eval", "export", str(tmp_path), "--format", "ragas", "--out", str(out))
    assert ran.status == 1 and ran.err.count("\n") == 1 and not out.exists()
    ran = wence("eval", "export", str(run), "--format", "trulens", "--out", str(out))
    assert ran.status == 2 and ran.err.count("\n") == 1
    ran = wence("eval", "export", str(run), "--format", "ragas", "--out", str(tmp_path / "no" / "x.json"))
    assert ran.status == 1 and ran.err.count("\n") == 1 and "无法写入" in ran.err
