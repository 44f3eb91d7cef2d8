"""Settled questions as an evaluation set, JSON Lines in the schema of `wence eval schema questions`.

One line a question, replaced when it is settled again; the suite runs the file by its path.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from filelock import FileLock

from assistant.answer import Answer
from assistant.review.queue import OpenQuestion
from index.errors import StorageError, cause

FILE = "open-questions.jsonl"


def path_in(home: Path) -> Path:
    """Where the set of one WENCE_HOME is."""
    return home / "evals" / FILE


def keep_answered(home: Path, question: OpenQuestion, answer: Answer) -> None:
    """A question that must be answered from the clauses that its answer now cites.

    Raises:
        StorageError: it cannot be written.
    """
    gold = []
    for c in answer.citations:
        spans = c.quotes or ()
        quotes = [c.clause.text[q.start : q.end] for q in spans[:1]] or [c.clause.text]
        gold += [{"document": c.clause.document_id, "quote": quote} for quote in quotes]
    # Which of the clauses carries the answer, nobody said: any of them counts.
    _keep(home, question, {"answerable": True, "why_not": None, "gold": gold})


def keep_unanswerable(home: Path, question: OpenQuestion) -> None:
    """A question that must be refused.

    Raises:
        StorageError: it cannot be written.
    """
    _keep(home, question, {"answerable": False, "why_not": "no_evidence", "gold": []})


def _keep(home: Path, question: OpenQuestion, label: dict[str, Any]) -> None:
    line = {
        "id": f"open-{question.id}", "question": question.text, "history": [], "region": question.region or None,
        "type": "open", **label, "gold_mode": "any", "must_say": [], "must_not_say": [], "notices": [],
        "note": question.note or f"待办问题，{question.first:%Y-%m-%d} 起 {len(question.askings)} 次",
    }  # fmt: skip
    path = path_in(home)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock"), timeout=30):
            old = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
            kept = [row for row in old if row.strip() and json.loads(row)["id"] != line["id"]]
            fresh = path.with_suffix(".new")
            fresh.write_text(
                "".join(f"{row}\n" for row in [*kept, json.dumps(line, ensure_ascii=False)]), encoding="utf-8"
            )
            Path(fresh).replace(path)
    except OSError as error:
        raise StorageError(f"评测题没有写入 {path}（{cause(error)}）；请检查磁盘空间和权限，再结案一次") from None
