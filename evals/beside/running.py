"""One run of one recipe in its own process, and what it wrote."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evals.beside.protocol import Piece
from index.errors import StorageError

ROOT = Path(__file__).resolve().parents[2]
QUIET = {
    "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1",
    "HAYSTACK_TELEMETRY_ENABLED": "False", "ANONYMIZED_TELEMETRY": "False", "LANGSMITH_TRACING": "false",
    "LANGCHAIN_TRACING_V2": "false", "TOKENIZERS_PARALLELISM": "false",
}  # fmt: skip
"""Nothing phones home, nothing is fetched: what these libraries ask their environment for that."""
PATIENT = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Threads that wait sleep: on a busy machine torch's would spin, and processor seconds would count the waiting."""


@dataclass(frozen=True, slots=True)
class System:
    """A recipe, where it runs, and the depths at which it is looked at (its default first)."""

    name: str
    module: str
    environment: str = ""
    """Folder and list of requirements of the same name; "" for our own environment."""
    depths: tuple[int, ...] = (5,)


@dataclass(slots=True)
class Run:
    """What one process did; seconds by the clock and of the processor."""

    ready: tuple[float, float] = (0.0, 0.0)
    indexed: tuple[float, float] = (0.0, 0.0)
    pieces: int = 0
    asked: list[tuple[float, float]] = field(default_factory=list)
    found: dict[str, list[Piece]] = field(default_factory=dict)
    """By question id."""
    peak_mib: float = 0.0


def run(system: System, python: Path, documents: Path, model: Path, questions: Path, out: Path, deep: int = 0) -> Run:
    """Start the recipe, wait for it, read what it wrote.

    Args:
        system: which.
        python: the interpreter of its environment.
        documents: folder of text files.
        model: folder of the embedding model.
        questions: JSON lines: id, question, history, region.
        out: file for its lines.
        deep: pieces to keep of each question; 0 keeps the default's.

    Raises:
        StorageError: it failed; the message has its last words.
    """
    command: Sequence[str | Path] = [
        python, "-m", f"evals.beside.{system.module}", "--documents", documents, "--model", model,
        "--questions", questions, "--out", out, "--deep", str(deep),
    ]  # fmt: skip
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("WENCE_", "PYTHON"))}
    done = subprocess.run(
        command, cwd=ROOT, env={**ours, **QUIET, **PATIENT}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise StorageError(f"{system.name} 没有跑完（{said[-1][:200] if said else done.returncode}）")
    return read(out.read_text(encoding="utf-8").splitlines())


def read(lines: Sequence[str]) -> Run:
    """A run from its lines."""
    made = Run()
    for line in lines:
        row = json.loads(line)
        spent = (row.get("seconds", 0.0), row.get("cpu", 0.0))
        match row["event"]:
            case "ready":
                made.ready = spent
            case "indexed":
                made.indexed, made.pieces = spent, row["pieces"]
            case "asked":
                made.asked.append(spent)
                made.found[row["id"]] = [Piece(**piece) for piece in row["found"]]
            case "done":
                made.peak_mib = row["peak_mib"]
    return made
