"""Every answer and every rating leaves a record: one JSON line, personal data masked, appended in one write."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assistant.answer import Answer, Turn
from assistant.masking import mask


def keep(home: Path, answer: Answer, history: Sequence[Turn] = (), region: str = "") -> None:
    """Append a record to `<home>/records/answers-YYYY-MM.jsonl`; a full disk never costs the asker the answer."""
    record = {
        "answer_id": answer.answer_id,
        "question": mask(answer.question),
        "history": [{"role": turn.role, "content": mask(turn.content)} for turn in history],
        "region": region,
        "standalone_question": mask(answer.standalone_question),
        "refused": answer.refused,
        "refusal_reason": str(answer.refusal_reason) if answer.refusal_reason else None,
        "sentences": [s.to_json() for s in answer.sentences],
        "clauses": [c.clause.clause_id for c in answer.citations],
        "retrieved": [[r.clause.clause_id, round(r.score, 3)] for r in answer.retrieved[:10]],
        "mode": answer.mode,
        "model": answer.model,
        "prompt_version": answer.prompt_version,
        "degraded": answer.degraded,
        "usage": answer.usage,
        # What the guard made of each sentence of a model, and why: check, words, span of the clause.
        "vetting": [asdict(v) for v in answer.vetting],
        "index_version": answer.index_version,
        "timings_ms": {k: round(v, 1) for k, v in answer.timings_ms.items()},
    }
    _append(home, "answers", record)


def keep_feedback(home: Path, record: dict[str, Any]) -> bool:
    """Append a rating to `<home>/records/feedback-YYYY-MM.jsonl`; its comment is masked. Whether it was kept."""
    return _append(home, "feedback", record | {"comment": mask(str(record.get("comment", "")))})


def _append(home: Path, name: str, record: dict[str, Any]) -> bool:
    now = datetime.now(UTC)
    record = {"time": f"{now:%Y-%m-%dT%H:%M:%SZ}", **record}
    line = (json.dumps(record, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")
    try:
        folder = home / "records"
        folder.mkdir(parents=True, exist_ok=True)
        # One write to a file opened for appending: lines of several processes do not mix (POSIX O_APPEND).
        handle = os.open(folder / f"{name}-{now:%Y-%m}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, line)
        finally:
            os.close(handle)
    except OSError:
        return False
    return True
