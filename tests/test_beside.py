"""Recipes beside ours: what counts as found, environments, and a run in which one of them cannot be installed."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from evals.beside import __main__ as beside
from evals.beside.environments import STAMP, prepared, python_of
from evals.beside.figures import behind, budget_table, cost_table, finding_table
from evals.beside.holding import held_within, pieces_needed
from evals.beside.protocol import Piece
from evals.beside.running import Run, System
from evals.questions import DATASETS, Gold, Question, load_questions
from index.errors import StorageError

QUOTE = "对符合条件的离岸孵化器，在张江、临港新片区试点给予最高不超过 200 万元的资金支持"


def question(*quotes: str, mode: str = "any") -> Question:
    gold = tuple(Gold("doc", quote) for quote in quotes)
    return Question("q", "问", (), "", "amount", True, "", gold, mode, (), (), ())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("texts", "needed"),
    [
        (["别的", f"八、…{QUOTE}。"], 2),
        ([QUOTE.replace(" ", "").replace("，", "\n- 7 -\n")], 1),
        ([QUOTE[:18], QUOTE[18:]], 2),
        ([QUOTE.replace("200", "2000")], 1),
        ([QUOTE[:26]], None),
        (["对离岸孵化器最高给予200万元"], None),
        ([], None),
    ],
)  # fmt: skip
def test_a_quote_is_found_however_its_pieces_are_cut_and_not_in_other_words(
    texts: list[str], needed: int | None
) -> None:
    """A digit more cannot be told by runs of characters; no piece of the documents differs by so little."""
    assert pieces_needed(question(QUOTE), [Piece("doc", t) for t in texts]) == needed
    assert pieces_needed(question(QUOTE), [Piece("another", t) for t in texts]) is None


def test_a_question_that_needs_all_its_quotes_waits_for_the_last() -> None:
    pieces = [Piece("doc", "支持建设概念验证中心"), Piece("doc", "对首次升规的企业给予奖励")]
    both = ("支持建设概念验证中心", "对首次升规的企业给予奖励")
    assert pieces_needed(question(*both), pieces) == 1
    assert pieces_needed(question(*both, mode="all"), pieces) == 2
    assert [held_within(question(*both, mode="all"), pieces, n) for n in (10, 20, 21, 100)] == [
        False,
        False,
        True,
        True,
    ]


def test_tables_and_what_ours_does_not_lead() -> None:
    ours, theirs = System("问策", "a"), System("别家", "b", depths=(1, 2))
    asked = question("支持建设概念验证中心")
    good = Run((1, 1), (2, 2), 3, [(0.01, 0.02)], {"q": [Piece("doc", "支持建设概念验证中心")]}, 100)
    poor = Run(
        (1, 1), (1, 1), 3, [(0.02, 0.04)], {"q": [Piece("doc", "无"), Piece("doc", "支持建设概念验证中心")]}, 200
    )
    runs = {ours: [good], theirs: [poor]}
    first = {ours: good, theirs: poor}
    assert "1.000" in finding_table(first, [asked])[1] and "0.000" in finding_table(first, [asked])[2]
    assert "0.50×" in cost_table(runs, 1000)[2] and "2.00×" in cost_table(runs, 1000)[2]
    assert budget_table(first, [asked])[1].count("1.000") == 5
    assert behind(runs, first, [asked]) == ["建索引的 CPU 秒：别家 1，问策 2"]


def test_an_environment_is_made_once_and_again_when_its_list_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    needs, folder = tmp_path / "needs.txt", tmp_path / "made"
    needs.write_text("# nothing\n", encoding="utf-8")
    assert prepared(folder, needs) == python_of(folder)
    (folder / "kept").touch()
    prepared(folder, needs)
    assert (folder / "kept").exists()
    needs.write_text("a-package-that-nobody-has\n", encoding="utf-8")
    with pytest.raises(StorageError, match="needs.txt.*a-package-that-nobody-has.*网络") as caught:
        prepared(folder, needs)
    assert "\n" not in str(caught.value)
    assert not (folder / STAMP).exists() and not (folder / "kept").exists()


def test_without_a_network_the_other_rows_still_run(
    tmp_path: Path, model_cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("WENCE_CACHE", str(model_cache))
    few = tmp_path / "few.jsonl"
    lines = (DATASETS / "policy.dev.jsonl").read_text(encoding="utf-8").splitlines()[:3]
    few.write_text("\n".join(lines) + "\n", encoding="utf-8")
    arguments = ["--rounds", "1", "--laws", "0", "--questions", str(few), "--only", "问策,LangChain"]
    monkeypatch.setattr(sys, "argv", ["beside", *arguments, "--environments", str(tmp_path / "environments")])
    assert beside.main() == 0
    out = capsys.readouterr().out
    assert "略过 LangChain：装不上 langchain.txt 里的包" in out and "网络" in out
    assert len(load_questions(few)) == 3
    assert "问策" in out and "内存峰值" in out and "问策没有领先的：没有" in out


def test_recipes_import_nothing_of_ours_but_the_protocol() -> None:
    folder = Path(beside.__file__).parent
    files = [folder / "protocol.py", folder.parent / "__init__.py", folder / "__init__.py"]
    files += [f for f in folder.glob("recipe_*.py") if f.name != "recipe_wence.py"]
    assert len(files) == 8
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] not in {"assistant", "index", "prompts", "tests"}, f"{file.name}: {name}"
                assert not name.startswith("evals") or name.startswith(
                    ("evals.beside.protocol", "evals.beside.recipe_")
                )
