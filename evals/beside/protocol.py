"""How a recipe is run and measured, the same for all: a process of its own that reads files, answers questions from
them and writes JSON lines. Only the standard library is imported, since this runs in every recipe's environment.

    ready     {"seconds", "cpu"}                 program loaded, model in memory (since the process began)
    indexed   {"seconds", "cpu", "pieces"}       files to a searchable index
    asked     {"id", "seconds", "cpu", "found": [{"document", "text"}, …]}
    done      {"peak_mib"}                       most memory that the process ever held
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

WARM_UP = 5
"""Questions asked before those that are timed."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a document, as a recipe finds it."""

    document: str
    """Name of its file, without ending."""
    text: str


class Recipe(Protocol):
    """Files in, pieces out."""

    top: int
    """Pieces that it gives a question by default."""

    def build(self, folder: Path) -> int:
        """Make the text files of a folder searchable; returns the number of pieces."""

    def search(self, asked: dict[str, Any], top: int) -> list[Piece]:
        """Best pieces for one question of the question set, best first."""


def run(load: Callable[[Path], Recipe], arguments: Sequence[str] | None = None) -> None:
    """Build and ask, as the command line says.

    Args:
        load: makes the recipe, given the folder of the embedding model.
        arguments: of the command line, that of the process when there are none.
    """
    parser = argparse.ArgumentParser()
    for name in ("--documents", "--model", "--questions", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--deep", type=int, default=0, help="pieces to hand back for each question; 0 the default's")
    options = parser.parse_args(arguments)
    lines = options.questions.read_text(encoding="utf-8").splitlines()
    questions: list[dict[str, Any]] = [json.loads(line) for line in lines]
    with options.out.open("w", encoding="utf-8") as out:

        def tell(event: str, **values: Any) -> None:
            out.write(json.dumps({"event": event, **values}, ensure_ascii=False) + "\n")

        recipe = load(options.model)
        tell("ready", seconds=_alive(), cpu=time.process_time())
        pieces, seconds, cpu = timed(lambda: recipe.build(options.documents))
        tell("indexed", seconds=seconds, cpu=cpu, pieces=pieces)
        for asked in questions[:WARM_UP]:
            recipe.search(asked, recipe.top)
        for asked in questions:
            found, seconds, cpu = timed(partial(recipe.search, asked, options.deep or recipe.top))
            tell("asked", id=asked["id"], seconds=seconds, cpu=cpu, found=[asdict(piece) for piece in found])
        tell("done", peak_mib=peak_mib())


def timed(call: Callable[[], Any]) -> tuple[Any, float, float]:
    """(result, seconds, CPU seconds of all threads)."""
    started, cpu = time.perf_counter(), time.process_time()
    result = call()
    return result, time.perf_counter() - started, time.process_time() - cpu


def peak_mib() -> float:
    """Most resident memory of this process so far, MiB; mapped files count while they are in memory."""
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 2**20 if sys.platform == "darwin" else most / 2**10


def _alive() -> float:
    """Seconds since this process began; where the system does not say, since Python's clock did."""
    try:
        fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        began = int(fields[19]) / 100  # USER_HZ is 100 on every Linux that matters
        return time.clock_gettime(time.CLOCK_BOOTTIME) - began
    except (OSError, AttributeError, ValueError, IndexError):
        return time.perf_counter()
