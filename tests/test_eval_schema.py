"""The published JSON Schema and the loader accept the same lines, and every bundled set is of it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest

from evals.answers import NOTICE_SIGNS
from evals.questions import DATASETS
from evals.schema import SCHEMAS, ClaimLine, Notice, QuestionLine, read_lines, schema_text
from index.errors import InputError

PUBLISHED = Path(__file__).parent.parent / "evals"
MODELS = sorted(SCHEMAS)
CHANGES: list[Any] = [None, True, 1, 1.5, "", " ", "x", [], ["x"], [[]], [["x"]], [[" "]], {}, {"x": 1}, [None], [{}]]
"""What is put in place of a field's value."""


def lines_of(kind: str) -> list[dict[str, Any]]:
    name = "policy.dev" if kind == "questions" else "claims.dev"
    return [json.loads(line) for line in (DATASETS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("kind", MODELS)
def test_the_published_schema_is_the_one_that_the_loader_uses(kind: str) -> None:
    assert (PUBLISHED / f"{kind}.schema.json").read_text(encoding="utf-8") == schema_text(kind)
    jsonschema.Draft202012Validator.check_schema(json.loads(schema_text(kind)))


@pytest.mark.parametrize("kind", MODELS)
def test_schema_and_loader_take_and_refuse_the_same_lines(kind: str, tmp_path: Path) -> None:
    """A tool that checks a file with the published schema must come to our verdict."""
    validator = jsonschema.Draft202012Validator(json.loads(schema_text(kind)))
    rows: list[dict[str, Any]] = []
    for row in lines_of(kind)[::90]:
        rows += [row, {**row, "unknown": 1}]
        for key in row:
            rows.append({k: v for k, v in row.items() if k != key})
            rows += [{**row, key: value} for value in CHANGES]
            if isinstance(row[key], list) and row[key] and isinstance(row[key][0], dict):
                rows += [{**row, key: [{**row[key][0], inner: v}]} for inner in row[key][0] for v in CHANGES]
    path, verdicts = tmp_path / "one.jsonl", Counter[bool]()
    for row in rows:
        path.write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
        try:
            taken = len(list(read_lines(path, SCHEMAS[kind]))) == 1
        except InputError as error:
            taken = False
            assert str(error).count("\n") == 0 and "第 1 行" in str(error)
        assert taken == validator.is_valid(row), row
        verdicts[taken] += 1
    assert verdicts[True] > 20 and verdicts[False] > 200


@pytest.mark.parametrize("path", sorted(DATASETS.glob("claims.*.jsonl")), ids=lambda p: p.stem)
def test_every_bundled_claims_file_is_of_the_schema(path: Path) -> None:
    """Counts only: items of the unseen files are never shown."""
    try:
        count = len(list(read_lines(path, ClaimLine)))
    except InputError:
        count = 0
    assert count >= 100


def test_notices_of_the_schema_are_those_that_can_be_measured() -> None:
    assert set(get_args(Notice)) == set(NOTICE_SIGNS)


def test_a_file_that_is_not_utf8_or_not_there_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "gbk.jsonl"
    path.write_bytes('{"id": "问"}'.encode("gb18030"))
    for bad, words in ((path, "不是 UTF-8"), (tmp_path / "absent.jsonl", "无法读取"), (tmp_path, "无法读取")):
        with pytest.raises(InputError, match=words):
            list(read_lines(bad, QuestionLine))


def test_a_line_separator_inside_a_question_does_not_cut_the_line(tmp_path: Path) -> None:
    """U+2028 is legal inside a JSON string and splits lines in str.splitlines."""
    row = {**lines_of("questions")[0], "question": "首台套\u2028补多少"}
    path = tmp_path / "set.jsonl"
    path.write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
    assert [line.question for _, line in read_lines(path, QuestionLine)] == ["首台套\u2028补多少"]


@pytest.mark.parametrize("kind", MODELS)
def test_the_schema_is_printed(kind: str, wence: Callable[..., Any]) -> None:
    assert json.loads(wence("eval", "schema", kind).out) == json.loads(schema_text(kind))


README = DATASETS / "README.md"


def test_the_readme_counts_are_the_counts() -> None:
    """| 题型 | dev | heldout | fresh |: the table of the README against the files."""
    text = README.read_text(encoding="utf-8")
    header = re.search(r"^\| 题型 \|(.+)\|$", text, re.M)
    assert header
    names = [n.strip() for n in header.group(1).split("|")]
    assert sorted(names) == sorted(p.stem for p in DATASETS.glob("policy.*.jsonl"))
    counts = {}
    for name in names:
        loaded = [line for _, line in read_lines(DATASETS / f"{name}.jsonl", QuestionLine)]
        counts[name] = {**Counter(q.type for q in loaded), "合计": len(loaded)}
    types = {t for per_set in counts.values() for t in per_set}
    told = {
        m.group(1): [int(n) for n in m.group(2).split("|")]
        for m in re.finditer(r"^\| `?([a-z_]+|合计)`?[^|]* \|([\d| ]+)\|$", text, re.M)
    }
    assert set(told) == types
    for kind in sorted(types):
        assert told[kind] == [counts[n].get(kind, 0) for n in names], kind


def test_the_readme_names_every_file_and_its_number_of_lines() -> None:
    text = README.read_text(encoding="utf-8")
    for path in DATASETS.glob("*.jsonl"):
        lines = sum(1 for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
        assert f"| `{path.name}` | {lines} |" in text, path.name
