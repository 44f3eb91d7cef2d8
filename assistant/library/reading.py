"""Reads what was handed in, one file after the other, apart from the requests: a scan takes seconds a page."""

from __future__ import annotations

import logging
from pathlib import PurePosixPath
from typing import Any

from assistant.library.items import Item, Items, State
from assistant.library.published import Published
from assistant.library.vault import Vault
from assistant.library.versions import matches
from index.errors import DocumentError, StorageError, WenceError
from index.files.sheet import Reading
from index.parse import Parsed, parse_reading

log = logging.getLogger("wence.library")


class Reader:
    """Turns items from `reading` into `staged`, or into `unreadable` with a clear line and no file left."""

    def __init__(self, vault: Vault, items: Items, published: Published) -> None:
        self._vault, self._items, self._published = vault, items, published

    def step(self) -> bool:
        """Read one; whether there was one.

        Raises:
            StorageError: the store failed.
        """
        item = self._items.next((State.READING,))
        if item is None:
            return False
        try:
            reading = self._vault.reading(item.hash, item.name)
            parsed = parse_reading(reading, item.name)
            if not parsed.clauses:
                raise DocumentError(
                    f"{item.name} 没有读出任何条款（共 {len(reading.text):,} 字）；请检查是不是政策文件"
                )
        except StorageError:
            raise  # the machine's trouble and not the file's: it is read later
        except WenceError as error:
            self._refuse(item, str(error))
            return True
        except Exception as error:
            log.error("%s 无法解析", item.name, exc_info=error)
            self._refuse(item, f"{item.name} 的版式无法解析（{type(error).__name__}）；请另存为 docx 或 pdf 再试")
            return True
        same = [
            m for m in matches(parsed.document, PurePosixPath(item.name).stem, self._published.documents()) if m.same
        ]
        values = {
            "state": State.STAGED, "found": summary(parsed, reading), "version_of": same[0].document.document_id if same else "",
        }  # fmt: skip
        self._items.change(item.id, (State.READING,), values, action="library.read", clauses=len(parsed.clauses))
        return True

    def _refuse(self, item: Item, why: str) -> None:
        values = {"state": State.UNREADABLE, "error": why}
        with self._vault.alone():
            self._items.change(item.id, (State.READING,), values, action="library.unreadable", why=why)
            if not self._items.used(item.hash):
                self._vault.drop(item.hash)


def summary(parsed: Parsed, reading: Reading) -> dict[str, Any]:
    """What the list shows of a file without reading it again."""
    return {
        "title": parsed.document.title, "number": parsed.document.number, "clauses": len(parsed.clauses),
        "doubts": len(parsed.receipt.low), "kind": reading.kind, "pages": pages_of(reading),
    }  # fmt: skip


def pages_of(reading: Reading) -> int:
    """Pages that something was read from; 0 for a file without pages."""
    return max([*(page for _, page in reading.pages), *(r.page for r in reading.removed)], default=0)
