"""Every answer leaves a record: one JSON line, personal data masked, appended and flushed in one write."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from assistant.answer import Answer
from assistant.masking import mask


def keep(home: Path, answer: Answer) -> None:
    """Append a record to `<home>/records/answers-YYYY-MM.jsonl`; a full disk never costs the asker the answer."""
    now = datetime.now(UTC)
    record = {
        "time": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "question": mask(answer.question),
        "standalone_question": mask(answer.standalone_question),
        "refused": answer.refused,
        "refusal_reason": str(answer.refusal_reason) if answer.refusal_reason else None,
        "sentences": [s.to_json() for s in answer.sentences],
        "clauses": [c.clause.clause_id for c in answer.citations],
        "retrieved": [[r.clause.clause_id, round(r.score, 3)] for r in answer.retrieved[:10]],
        "mode": answer.mode,
        "model": answer.model,
        "prompt_version": answer.prompt_version,
        "index_version": answer.index_version,
        "timings_ms": {k: round(v, 1) for k, v in answer.timings_ms.items()},
    }
    line = (json.dumps(record, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")
    try:
        folder = home / "records"
        folder.mkdir(parents=True, exist_ok=True)
        # One write to a file opened for appending: lines of several processes do not mix (POSIX O_APPEND).
        handle = os.open(folder / f"answers-{now:%Y-%m}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, line)
        finally:
            os.close(handle)
    except OSError:
        return
