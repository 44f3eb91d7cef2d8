"""Every answer and every rating, kept with personal data masked; a store that fails never costs the asker the answer."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import select

from assistant.answer import ANYBODY, Answer, Asker, Rating, Turn
from assistant.masking import mask
from assistant.records.database import Database
from assistant.records.tables import AnswerRow, ConversationRow, RatingRow, now
from assistant.records.together import Put, Together
from index.errors import StorageError

log = logging.getLogger("wence.records")


class Answers:
    """Keeps answers and ratings in a store; `assistant.answer.Recorder`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._together = Together(database)
        self._lock = threading.Lock()
        self.lost = 0
        self.trouble = ""

    def keep(self, answer: Answer, history: Sequence[Turn] = (), asker: Asker = ANYBODY) -> bool:
        """Keep an answer and its conversation. Whether it is on the disk; a failure is logged and counted."""
        moment = now()
        puts = [Put(AnswerRow, row_of(answer, history, asker) | {"time": moment})]
        if asker.conversation:
            row = {"id": asker.conversation, "site": asker.site, "started": moment, "last": moment}
            puts.append(Put(ConversationRow, row, ("last",)))
        return self._write(puts)

    def rate(self, rating: Rating) -> bool:
        """Keep a rating. Whether it is on the disk; a failure is logged and counted."""
        return self._write([Put(RatingRow, asdict(rating) | {"comment": mask(rating.comment), "time": now()})])

    def recent(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        site: str | None = None,
        refused: bool | None = None,
        dropped: bool = False,
        rated: str = "",
        limit: int | None = None,
    ) -> list[AnswerRow]:
        """Answers, oldest first.

        Args:
            since, until: UTC without a zone; `until` is left out of the range.
            site: of this site; "" for those of no site, None for all.
            refused: only refusals, or only answers; None for both.
            dropped: only those where the guard let a sentence of a model not through.
            rated: only those with this rating (up, down).
            limit: the newest so many.

        Raises:
            StorageError: the store cannot be read.
        """
        query = select(AnswerRow).order_by(AnswerRow.time.desc(), AnswerRow.id.desc())
        if since:
            query = query.where(AnswerRow.time >= since)
        if until:
            query = query.where(AnswerRow.time < until)
        if site is not None:
            query = query.where(AnswerRow.site == site)
        if refused is not None:
            query = query.where(AnswerRow.refused == refused)
        if dropped:
            query = query.where(AnswerRow.dropped > 0)
        if rated:
            query = query.where(AnswerRow.id.in_(select(RatingRow.answer).where(RatingRow.rating == rated)))
        with self._database.read() as session:
            return list(reversed(session.scalars(query.limit(limit)).all()))

    def comments(self, rating: str) -> dict[str, str]:
        """The last comment, "" for none, of each answer that was rated so.

        Raises:
            StorageError: the store cannot be read.
        """
        query = select(RatingRow.answer, RatingRow.comment).where(RatingRow.rating == rating).order_by(RatingRow.id)
        with self._database.read() as session:
            return {row.answer: row.comment for row in session.execute(query)}

    def _write(self, puts: Sequence[Put]) -> bool:
        try:
            self._together.write(puts)
        except StorageError as error:
            with self._lock:
                first, self.trouble, self.lost = not self.trouble, str(error), self.lost + 1
            if first:
                log.error("问答没有留存：%s", error)
            return False
        if self.trouble:
            with self._lock:
                was, self.trouble = self.trouble, ""
            if was:
                log.warning("记录库恢复正常；到现在共有 %d 条没有留存", self.lost)
        return True


def row_of(answer: Answer, history: Sequence[Turn], asker: Asker) -> dict[str, Any]:
    """Columns of an answer, masked."""
    return {
        "id": answer.answer_id,
        "site": asker.site,
        "conversation": asker.conversation,
        "person": asker.person,
        "region": asker.region[:20],
        "question": mask(answer.question),
        "standalone": mask(answer.standalone_question),
        "refused": answer.refused,
        "reason": str(answer.refusal_reason or ""),
        "mode": answer.mode,
        "model": answer.model[:200],
        "prompt_version": answer.prompt_version[:64],
        "index_version": answer.index_version[:100],
        "pin": answer.pin,
        "dropped": sum(v.outcome in ("replaced", "dropped") for v in answer.vetting),
        "total_ms": round(answer.timings_ms.get("total", 0.0), 1),
        "record": {
            "history": [{"role": turn.role, "content": mask(turn.content)} for turn in history],
            "sentences": [s.to_json() for s in answer.sentences],
            "clauses": [c.clause.clause_id for c in answer.citations],
            "retrieved": [[r.clause.clause_id, round(r.score, 3)] for r in answer.retrieved[:10]],
            "notices": answer.notices,
            "degraded": answer.degraded,
            "usage": answer.usage,
            # What the guard made of each sentence of a model, and why: check, words, span of the clause.
            "vetting": [asdict(v) for v in answer.vetting],
            "timings_ms": {k: round(v, 1) for k, v in answer.timings_ms.items()},
        },
    }
