"""The library beside a running index."""

from __future__ import annotations

from pathlib import Path

from assistant.library.library import Library
from assistant.records.database import Database
from index.errors import WenceError
from index.generation import current_generation, read_stamp
from index.live import Index, LiveIndex


def open_library(home: Path, database: Database, index: Index) -> Library:
    """The library of a home whose index a server has open; what is published there, the server takes on at once.

    Args:
        home: WENCE_HOME.
        database: the store.
        index: what the server answers from; its encoder makes the vectors.
    """
    if isinstance(index, LiveIndex):
        return Library(home, database, index.now().encoder, index.place, index.refresh)
    return Library(home, database, index.now().encoder, _place(home))


def _place(home: Path) -> str:
    """Where the vectors of the current generation are kept, as `build_index` takes it."""
    try:
        store = read_stamp(current_generation(home)).store
    except WenceError:
        return ""
    return "" if store == "folder" else store
