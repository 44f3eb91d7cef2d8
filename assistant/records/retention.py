"""What is older than the setting says is deleted: answers, ratings, conversations. Audit, pins and open questions stay."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select

from assistant.records import audit
from assistant.records.database import Database
from assistant.records.tables import AnswerRow, ConversationRow, RatingRow, now
from index.errors import StorageError

AT_ONCE = 500
"""Rows deleted in one transaction: those who want to write meanwhile wait for some milliseconds, not for all of it."""

log = logging.getLogger("wence.records")


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows were deleted."""

    answers: int = 0
    ratings: int = 0
    conversations: int = 0

    @property
    def any(self) -> bool:
        """Whether there were some."""
        return bool(self.answers or self.ratings or self.conversations)


def prune(database: Database, days: int, person: str = "") -> Pruned:
    """Delete what is older than `days`; 0 keeps all.

    Raises:
        StorageError: the store cannot be written; what was deleted before stays so.
    """
    if not days:
        return Pruned()
    limit = now() - timedelta(days=days)
    counts = []
    for table, key, moment in (
        (AnswerRow, AnswerRow.id, AnswerRow.time), (RatingRow, RatingRow.id, RatingRow.time),
        (ConversationRow, ConversationRow.id, ConversationRow.last),
    ):  # fmt: skip
        counts.append(0)
        old = select(key).where(moment < limit).limit(AT_ONCE)
        while True:
            with database.write() as session:
                keys = session.scalars(old).all()
                if keys:
                    session.execute(delete(table).where(key.in_(keys)).execution_options(synchronize_session=False))
            counts[-1] += len(keys)
            if len(keys) < AT_ONCE:
                break
    done = Pruned(*counts)
    if done.any:
        with database.write() as session:
            audit.note(session, person, "records.prune", before=f"{limit:%Y-%m-%d}", rows=sum(counts))
    return done


def prune_quietly(database: Database, days: int) -> None:
    """As `prune`, for a server that goes on whatever happens."""
    try:
        done = prune(database, days)
    except StorageError as error:
        log.error("过期记录没有清理：%s", error)
        return
    if done.any:
        log.warning(
            "已清理 %d 天以前的答案 %d 条、评价 %d 条、对话 %d 个", days, done.answers, done.ratings, done.conversations
        )
