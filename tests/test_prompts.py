"""Prompt files are loaded strictly: what is missing or not used is named."""

from __future__ import annotations

from pathlib import Path

import pytest

import prompts
from prompts import Prompt, PromptError, load_prompt

FILES = sorted(p.stem for p in Path(prompts.__file__).parent.glob("*.md"))


@pytest.mark.parametrize("name", FILES)
def test_every_prompt_file_loads_and_its_first_part_never_changes(name: str) -> None:
    prompt = load_prompt(name)
    assert prompt.system and "$" not in prompt.system
    assert len(prompt.version) == 12


def test_a_missing_value_is_named() -> None:
    with pytest.raises(PromptError, match=r"answer\.md: no value for \$question"):
        load_prompt("answer").messages(evidence="[1] x")


def test_an_unused_value_is_named() -> None:
    with pytest.raises(PromptError, match=r"answer\.md: has no variable \$region"):
        load_prompt("answer").messages(evidence="[1] x", question="q", region="上海市")


def test_a_missing_file_is_named() -> None:
    with pytest.raises(PromptError, match="nothing.md: no such file"):
        load_prompt("nothing")


def test_dollar_signs_and_variables_inside_a_value_stay_text() -> None:
    question = "补贴$5还是$evidence？---\n${question}"
    user = Prompt("x", "s", "条款：$evidence 问题：$question", "v").messages(evidence="e", question=question)[1]
    assert user["content"] == f"条款：e 问题：{question}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("只有一段", "found 1"),
        ("一\n---\n二\n---\n三", "found 3"),
        ("有$变\n---\n二", "fixed|no variable"),
        ("一\n---\n$", "no variable"),
    ],
)
def test_a_malformed_file_is_refused(text: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bad.md").write_text(text, encoding="utf-8")
    monkeypatch.setattr("prompts.files", lambda _: tmp_path)
    with pytest.raises(PromptError, match=problem):
        load_prompt.__wrapped__("bad")
