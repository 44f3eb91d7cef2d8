"""What several test files share. Heavy imports stay inside fixtures, so that light tests start at once."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import platformdirs
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from assistant.ask import Assistant
    from assistant.records.database import Database
    from index.encode import Encoder
    from index.search import Searcher
    from tests.postgres import Cluster


# CI must give the same verdict twice; on a person's machine each run draws other documents.
hypothesis.settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")


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


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A running PostgreSQL."""
    from tests.postgres import Cluster, programs

    if not programs():
        assert not os.environ.get("CI"), "PostgreSQL is missing: apt-get install postgresql"
        pytest.skip("PostgreSQL is missing: apt-get install postgresql")
    cluster = Cluster(Path(tempfile.gettempdir()))
    yield cluster
    cluster.remove()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Database]:
    """Opens new, empty stores; whoever uses it runs on SQLite and on PostgreSQL."""
    from assistant.records.database import Database

    cluster = request.getfixturevalue("postgres") if request.param == "postgresql" else None

    def opened() -> Database:
        return Database.open(tmp_path_factory.mktemp("store"), cluster.create() if cluster else "")

    return opened


@pytest.fixture
def database(databases: Callable[[], Database]) -> Iterator[Database]:
    """A new, empty store: once SQLite, once PostgreSQL."""
    database = databases()
    yield database
    database.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A running chromium. A module each: its event loop would be in the way of tests that run their own."""
    from tests.chromium import launched

    with launched() as browser:
        yield browser


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that looks at pages is tried up to three times, each failure reported.

    Page, browser and server share the cores of one machine: a run of 2,700 tests has failed in one such test that
    had measured a panel while it still glided in.
    """
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.flaky(reruns=2))


@dataclass(frozen=True)
class Ran:
    """What one command left behind."""

    status: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """JSON Lines on stdout."""
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def wence(
    encoder: Encoder,
    model_cache: Path,
    corpus_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Ran]:
    """Runs one command in this process, on the index of the five documents or on `home`."""
    from assistant.__main__ import main

    for name in [n for n in os.environ if n.startswith("WENCE_") and not n.startswith("WENCE_TEST_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WENCE_CACHE", str(model_cache))
    monkeypatch.setenv("WENCE_TODAY", "2026-11-21")
    monkeypatch.setenv("WENCE_RECORD", "false")
    monkeypatch.setenv("WENCE_LLM", "none")  # the local model is tested by itself
    monkeypatch.setattr("index.encode.load_encoder", lambda *_: encoder)  # loading it each time takes two seconds

    def run(*arguments: str, home: Path = corpus_home) -> Ran:
        monkeypatch.setenv("WENCE_HOME", str(home))
        try:
            status = main(arguments)
        except SystemExit as error:
            status = int(error.code or 0)
        captured = capsys.readouterr()
        return Ran(status, captured.out, captured.err)

    return run


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 4 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)
