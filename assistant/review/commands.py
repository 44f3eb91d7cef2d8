"""What `wence review` does."""

from __future__ import annotations

import argparse
from pathlib import Path

from assistant.ask import Assistant
from assistant.records.database import Database
from assistant.review.board import Board
from assistant.review.editing import Editing
from assistant.review.keeper import Keeper
from assistant.review.pins import STATES as PIN_STATES
from assistant.review.pins import WITHDRAWN
from assistant.review.queue import CAUSES, STATES
from assistant.review.settling import Settling


def run(options: argparse.Namespace, assistant: Assistant, database: Database, home: Path) -> int:
    """Run one action; the exit status."""
    board = Board(database, assistant.searcher)
    if options.action == "collect":
        collected, changed = Keeper(board, assistant, home).look()
        print(f"收集到 {collected} 次提问；撤回核定答案、重开问题共 {changed} 项")
        return 0
    for pin in Editing(board).all():
        why = f"：{pin.why}" if pin.state == WITHDRAWN else ""
        print(f"[{PIN_STATES[pin.state]}{why}] {pin.question}（{pin.reviewed.isoformat()}，/staff/?pin={pin.id}）")
    for question in Settling(database, assistant, home).all():
        counts = "，".join(f"{CAUSES[cause]} {n}" for cause, n in question.counts.items())
        print(
            f"[{STATES[question.state]}] {question.text}（{counts}；{question.owner or '无人负责'}，{question.due} 前）"
        )
    return 0
