"""What the index holds now, as the library asks it: by document, without reading a hundred thousand clauses."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from index.card import is_card
from index.clause import Clause, Document
from index.contents import open_clauses, read_documents
from index.errors import IndexMissingError, StorageError, cause
from index.generation import current_generation

Documents = list[tuple[Document, dict[str, Any]]]


class Published:
    """The current generation of one WENCE_HOME, looked up anew each time: any process may have made another."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._read = lru_cache(maxsize=1)(_documents)

    def documents(self) -> Documents:
        """All documents with what was noted when they were read; none where nothing has been indexed.

        Raises:
            IndexDamagedError: the index cannot be read.
            StorageError: it was replaced while it was looked at.
        """
        try:
            folder = current_generation(self._home)
            return self._read(folder, (folder / "stamp.json").stat().st_mtime_ns)
        except IndexMissingError:
            return []
        except OSError as error:
            raise StorageError(f"无法读取索引（{cause(error)}）；请稍后重试") from None

    def path_of(self, document_id: str) -> str:
        """Where a document was read from; "" when it is not in the index."""
        return next((str(noted["path"]) for d, noted in self.documents() if d.document_id == document_id), "")

    def holds(self, path: Path) -> bool:
        """Whether a file's document is in the index."""
        return bool(self.entry_read(path))

    def entry_read(self, path: Path) -> str:
        """Hash of the catalog entry with which a file's document was read; "" when it is not in the index."""
        wanted = str(path.resolve())
        return next((str(noted["catalog"]) for _, noted in self.documents() if noted["path"] == wanted), "")

    def clauses(self, document_id: str) -> list[Clause]:
        """A document's clauses in order, its card left out."""
        row = next((i for i, (d, _) in enumerate(self.documents()) if d.document_id == document_id), -1)
        if row < 0:
            return []
        found = open_clauses(current_generation(self._home))
        clauses = [found.clauses[int(i)] for i in np.flatnonzero(found.columns.document == row)]
        return sorted((c for c in clauses if not is_card(c)), key=lambda c: c.ordinal)


def _documents(folder: Path, made: int) -> Documents:
    """The documents of a generation; another one may bear the same name when somebody has removed the folder."""
    return read_documents(folder)
