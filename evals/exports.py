"""`wence eval export`: a run's outputs in the shapes that RAGAS and DeepEval read, so that their measures can be run
beside ours on the same answers.

    ragas     JSON Lines of SingleTurnSample: `EvaluationDataset.from_jsonl(FILE)`
    deepeval  a JSON list of test cases: `EvaluationDataset().add_test_cases_from_json_file(FILE, "input",
              "actual_output", "expected_output", "context", "retrieval_context")`

What both call the response is what the answer says of the documents: our own headings, refusals and notices are
left out of it unless there is nothing else, since no clause could support them.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from evals.folder import OUTPUTS, QUESTIONS, read_lines, write_text
from evals.questions import Question, load_questions
from evals.verdicts import text_of
from index.errors import InputError

Record = Mapping[str, Any]


def response_of(record: Record) -> str:
    """The answer without citation marks; a refusal's own words when it says nothing else."""
    own = [s["text"] for s in record["sentences"] if s["support"] != "notice"]
    return "\n".join(own or [s["text"] for s in record["sentences"]])


def contexts_of(record: Record) -> list[str]:
    """Everything that was found, best first, then what is cited beyond it; cited clauses with their departments."""
    cited = {c["clause_id"]: text_of(c) for c in record["citations"]}
    found = {r["clause_id"]: r["text"] for r in record["retrieved"]}
    return list({**found, **cited}.values())


def question_of(question: Question, record: Record) -> str:
    """The question as it can be understood alone: a follow-up is completed, as it was for searching."""
    return str(record["standalone_question"]) if question.history else question.question


def ragas_sample(question: Question, record: Record) -> dict[str, Any]:
    """A SingleTurnSample; what is not known is left out, as RAGAS takes null for it."""
    gold = [g.quote for g in question.gold]
    return {
        "user_input": question_of(question, record),
        "retrieved_contexts": contexts_of(record),
        "reference_contexts": gold or None,
        "response": response_of(record),
        "reference": "\n".join(gold) or None,
    }


def deepeval_case(question: Question, record: Record) -> dict[str, Any]:
    """An LLMTestCase by the field names of its Python class."""
    gold = [g.quote for g in question.gold]
    return {
        "name": question.id,
        "input": question_of(question, record),
        "actual_output": response_of(record),
        "expected_output": "\n".join(gold) or None,
        "context": gold or None,
        "retrieval_context": contexts_of(record),
        "tags": [question.type, "refused" if record["refused"] else "answered"],
    }


def _lines(rows: Sequence[dict[str, Any]]) -> str:
    # ASCII escapes: RAGAS opens the file in the machine's own encoding, which need not be UTF-8.
    return "".join(json.dumps(row) + "\n" for row in rows)


def _list(rows: Sequence[dict[str, Any]]) -> str:
    return json.dumps(rows, ensure_ascii=False, indent=1) + "\n"


SHAPES: dict[str, tuple[Callable[[Question, Record], dict[str, Any]], Callable[[Sequence[dict[str, Any]]], str]]] = {
    "ragas": (ragas_sample, _lines),
    "deepeval": (deepeval_case, _list),
}
"""Format → how one answer and how the file is written."""


def export(options: argparse.Namespace) -> int:
    """wence eval export RUN --format ragas|deepeval --out FILE [--answered]."""
    questions = {q.id: q for q in load_questions(options.folder / QUESTIONS)}
    records = [r for r in read_lines(options.folder / OUTPUTS) if not (options.answered and r["refused"])]
    if unknown := [r["id"] for r in records if r["id"] not in questions]:
        raise InputError(f"{options.folder / OUTPUTS} 里的题 {unknown[0]} 不在 {QUESTIONS} 里；请重新运行这次评测")
    if not records:
        raise InputError(f"{options.folder} 里没有可导出的答案")
    sample, text = SHAPES[options.format]
    write_text(options.out, text([sample(questions[r["id"]], r) for r in records]))
    counts = Counter("拒答" if r["refused"] else "作答" for r in records)
    print(f"{len(records)} 个答案写入 {options.out}（{'，'.join(f'{k} {n}' for k, n in counts.items())}）")
    return 0
