"""What several test files share."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs
import pytest


@pytest.fixture(scope="session")
def model_cache() -> Path:
    """Where unpacked models stay between runs: unpacking takes seconds and half a gigabyte."""
    named = os.environ.get("WENCE_TEST_CACHE")
    return Path(named) if named else Path(platformdirs.user_cache_dir("wence-test"))
