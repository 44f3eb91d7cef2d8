"""The load script: what it counts, over a real server with a scripted model."""

from __future__ import annotations

import asyncio
import dataclasses
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from assistant.ask import Assistant
from assistant.writer import Writer
from tests.scripted import ScriptedModel
from tests.serving import running

SCRIPT = Path(__file__).parent.parent / "scripts" / "load.py"


@pytest.fixture(scope="module")
def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("load", SCRIPT)
    assert spec and spec.loader
    module = sys.modules["load"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_load_with_a_model_tells_of_order_and_of_silence(load: ModuleType, assistant: Assistant) -> None:
    model = ScriptedModel("给予支持。[1]", parallel=1, pause_s=0.01)
    with running(dataclasses.replace(assistant, writer=Writer(model))) as server:
        seen = asyncio.run(load.press(server.url, people=8, seconds=0, pause=0, mode="llm"))
    assert len(seen.answers) == 8 and not seen.errors
    assert all(h.sent < (h.evidence or h.done) <= h.done and h.silence > 0 for h in seen.answers)
    assert sum(h.evidence is not None for h in seen.answers) > 4, "small talk alone has none"
    text = "\n".join(load.lines_of(seen, 8, 0))
    assert "8 people" in text and "errors: none" in text and "first evidence: p50" in text


def test_only_those_who_stood_in_line_together_are_compared(load: ModuleType) -> None:
    def heard(evidence: float, sentence: float, mode: str = "llm") -> object:
        return load.Heard(0.0, evidence=evidence, sentence=sentence, done=sentence, mode=mode)

    assert load.in_order([heard(1, 5), heard(2, 7), heard(3, 9)]) == (3, 3)
    assert load.in_order([heard(1, 5), heard(2, 9), heard(3, 7)]) == (2, 3)
    assert load.in_order([heard(1, 2), heard(3, 4), heard(3.5, 3.6, "verbatim")]) == (0, 0)


def test_what_fails_is_counted_and_not_timed(load: ModuleType) -> None:
    seen = asyncio.run(load.press("http://127.0.0.1:9", people=1, seconds=0, pause=0, mode="verbatim"))
    assert not seen.answers and seen.errors == {"ConnectError": 1}
    assert "0 answers" in load.lines_of(seen, 1, 0)[0]
