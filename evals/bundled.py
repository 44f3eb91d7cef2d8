"""The bundled policies indexed afresh in a temporary folder: fits and benchmarks must not depend on what an
operator has added, nor on an index that an older parser built.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assistant.settings import BUNDLED_CORPUS
from index.build import build_index
from index.encode import Encoder
from index.search import Searcher


@contextmanager
def bundled_searcher(encoder: Encoder) -> Iterator[Searcher]:
    """A searcher over the five bundled documents (about 8 s to build)."""
    with tempfile.TemporaryDirectory(prefix="wence-eval-", ignore_cleanup_errors=True) as folder:
        build_index(Path(folder), [BUNDLED_CORPUS], encoder)
        yield Searcher.open(Path(folder), encoder)
