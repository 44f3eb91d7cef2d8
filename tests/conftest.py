"""What several test files share. Heavy imports stay inside fixtures, so that light tests start at once."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
import pytest

if TYPE_CHECKING:
    from assistant.ask import Assistant
    from index.encode import Encoder
    from index.search import Searcher


@pytest.fixture(scope="session")
def model_cache() -> Path:
    """Where unpacked models stay between runs: unpacking takes seconds and half a gigabyte."""
    named = os.environ.get("WENCE_TEST_CACHE")
    return Path(named) if named else Path(platformdirs.user_cache_dir("wence-test"))


@pytest.fixture(scope="session")
def encoder(model_cache: Path) -> Encoder:
    """The real model; loading it takes two seconds."""
    from index.encode import load_encoder

    return load_encoder("bundled", model_cache)


@pytest.fixture(scope="session")
def corpus_home(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    """A WENCE_HOME with the five bundled documents. Read only: a test that changes it takes a copy."""
    from assistant.settings import BUNDLED_CORPUS
    from index.build import build_index

    home = tmp_path_factory.mktemp("corpus-home")
    build_index(home, [BUNDLED_CORPUS], encoder)
    return home


@pytest.fixture(scope="session")
def searcher(corpus_home: Path, encoder: Encoder) -> Searcher:
    """The open index of the five documents."""
    from index.search import Searcher

    return Searcher.open(corpus_home, encoder)


@pytest.fixture(scope="session")
def assistant(searcher: Searcher) -> Assistant:
    """Answers from the five documents as of a fixed day; keeps no records."""
    from assistant.ask import Assistant

    return Assistant(searcher, today=dt.date(2026, 11, 21))
