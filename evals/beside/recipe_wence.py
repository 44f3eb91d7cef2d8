"""Ours, through the same protocol: `wence index` over the files, then the clauses that `wence search` shows.

A clause's text is what its card shows: headings, label, title, text, departments. What a question refers to, and the
place it asks about, are read as the product reads them.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from assistant.answer import Turn
from assistant.understand import understand
from evals.beside.protocol import Piece, run
from index.build import build_index
from index.clause import Clause
from index.encode import load_encoder
from index.search import Searcher


class Wence:
    """See the top of this module."""

    top = 5

    def __init__(self, model: Path) -> None:
        self._encoder = load_encoder("bundled", model.parent)

    def build(self, folder: Path) -> int:
        """Parse, embed and write the index to the disk; open it."""
        self._home = tempfile.TemporaryDirectory(prefix="wence-beside-", ignore_cleanup_errors=True)
        home = Path(self._home.name)
        report = build_index(home, [folder], self._encoder)
        self._searcher = Searcher.open(home, self._encoder)
        return report.clauses

    def search(self, asked: dict[str, Any], top: int) -> list[Piece]:
        """The question with what it refers to."""
        history = [Turn(turn["role"], turn["content"]) for turn in asked["history"]]
        question = understand(asked["question"], history).standalone or asked["question"]
        found = self._searcher.search(question, top, asked["region"] or "")
        return [Piece(Path(s.clause.source.file).stem, shown(s.clause)) for s in found.ranked]


def shown(clause: Clause) -> str:
    """The words of a clause's card."""
    return "\n".join(
        part for part in (*clause.path, f"{clause.label}{clause.title}", clause.text, clause.department_text) if part
    )


if __name__ == "__main__":
    run(Wence)
