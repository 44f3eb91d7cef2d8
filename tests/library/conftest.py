"""A library over the five documents."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.library.library import Library
from assistant.records.database import Database
from index.encode import Encoder


@pytest.fixture
def home(corpus_home: Path, tmp_path: Path) -> Path:
    """A WENCE_HOME of its own with the five documents."""
    shutil.copytree(corpus_home / "index", tmp_path / "home" / "index")
    return tmp_path / "home"


@pytest.fixture
def library(home: Path, encoder: Encoder) -> Iterator[Library]:
    """On SQLite, as most installations are."""
    database = Database.open(home)
    yield Library(home, database, encoder)
    database.close()


@pytest.fixture
def either(home: Path, database: Database, encoder: Encoder) -> Library:
    """Once on SQLite, once on PostgreSQL."""
    return Library(home, database, encoder)
