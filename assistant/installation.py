"""What an installation's settings name, opened: the record store, and the assistant over the current index."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Collection
from typing import TYPE_CHECKING

from index.errors import WenceError

if TYPE_CHECKING:
    from assistant.answer import Recorder
    from assistant.ask import Assistant
    from assistant.records.database import Database
    from assistant.settings import Settings


def open_database(settings: Settings) -> Database:
    """The store that the settings name, made or brought up to date when it is not.

    Raises:
        StorageError: it cannot be reached, read or written.
        InputError: its URL cannot be used, or a newer version made it.
    """
    from assistant.records.database import Database

    return Database.open(settings.home, settings.database_url.get_secret_value())


def store_of(settings: Settings) -> Database | None:
    """The store of a command that answers. One that cannot be opened is said, and costs nobody the answer."""
    from assistant.records.database import FILE

    wanted = settings.record or settings.database_url.get_secret_value() or (settings.home / FILE).exists()
    try:
        return open_database(settings) if wanted else None  # made for records only; but pinned answers may be there
    except WenceError as error:
        print(f"这次的问答不会留存，也不查核定答案：{error}", file=sys.stderr)
        return None


def recorder_of(settings: Settings, database: Database | None) -> Recorder | None:
    """Where a command's answers are kept."""
    from assistant.records.answers import Answers

    return Answers(database) if settings.record and database else None


def pins_resting(settings: Settings, clause_ids: Collection[str]) -> list[str]:
    """Questions of the pinned answers that cite one of these clauses."""
    from assistant.records.database import FILE

    kept = settings.database_url.get_secret_value() or (settings.home / FILE).exists()
    database = store_of(settings) if clause_ids and kept else None
    if database is None:
        return []
    from assistant.review.touched import pins_resting_on

    return [pin.question for pin in pins_resting_on(database, clause_ids)]


def open_assistant(
    settings: Settings, llm: bool = True, records: Recorder | None = None, database: Database | None = None
) -> Assistant:
    """The assistant over the current index; with `llm`, the model that the settings name writes.

    It stays on that index unless `index.live.followed` looks after it.

    Args:
        settings: what to open.
        llm: whether a model may write.
        records: where answers are kept.
        database: where answers that people settled are.
    """
    from assistant.ask import Assistant
    from assistant.local_model import LocalModel
    from assistant.model import load_model
    from assistant.writer import Writer
    from index.encode import load_encoder
    from index.errors import StorageError, WeightsError
    from index.generation import current_generation
    from index.live import LiveIndex
    from index.rerank import load_reranker

    current_generation(settings.home)  # a missing index is said before the model is loaded
    encoder = load_encoder(settings.embedding, settings.cache, settings.embedding_backend)
    reranker = load_reranker(settings.reranker)
    index = LiveIndex.open(settings.home, encoder, settings.store_place, reranker)
    today = dt.date.fromisoformat(settings.today) if settings.today else None
    model = load_model(settings) if llm else None
    if isinstance(model, LocalModel):
        try:
            model.prepare()  # the first asker should not wait for what a progress bar can show now
        except (WeightsError, StorageError) as error:
            print(f"语言模型不可用，改用条款原文作答：{error}", file=sys.stderr)
            model = None
    writer = Writer(model, settings.llm_seconds) if model else None
    pins = None
    if database:
        from assistant.review.board import Boards

        pins = Boards(database)
    return Assistant(index, writer, records, settings.region, today, pins)
