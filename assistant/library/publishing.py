"""Carries out orders to publish and to withdraw, one at a time, each whole or not at all.

Publish: lay the file with its catalog entry into the corpus → index it, in one generation that leaves out the version
before → take the version before out of the corpus → note it. Withdraw: the same backwards. Correct: change the catalog
entry in the corpus → index it → note it. An order that was
interrupted anywhere is carried out again by the next process that looks; every step may be done twice. An order that
cannot be carried out is undone, and the item says why.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from assistant.library.items import ORDERED, Item, Items, Missing, State
from assistant.library.published import Published
from assistant.library.vault import Vault, VaultReadings
from index.build import build_index
from index.encode import Encoder
from index.errors import BusyError, CatalogError, InputError, WenceError, cause
from index.generation import locked
from index.reading import is_there
from index.report import Report

BUSY_S = 600
"""An order waits so long for another program that is indexing."""
NOTHING = {"path": "", "item": ""}

log = logging.getLogger("wence.library")


@dataclass(slots=True)
class Progress:
    """How far an order is; read by other threads."""

    stage: str
    done: int = 0
    total: int = 0
    """Passages to embed; 0 before that is known."""

    def update(self, n: int) -> None:
        """So many more passages are embedded."""
        self.done += n


class Publisher:
    """Works off the orders of one store.

    Args:
        vault, items, published: the library.
        encoder: makes the vectors.
        place: where vectors are kept, as `build_index` takes it.
        refresh: called when the index has changed.
    """

    def __init__(
        self, vault: Vault, items: Items, published: Published, encoder: Encoder, place: str, refresh: Callable[[], object]
    ) -> None:  # fmt: skip
        self._vault, self._items, self._published = vault, items, published
        self._encoder, self._place, self._refresh = encoder, place, refresh
        self._guard = threading.Lock()
        self._progress: dict[str, Progress] = {}

    def progress(self, item_id: str) -> Progress | None:
        """How far an order is; None when this process does not work on it."""
        with self._guard:
            return self._progress.get(item_id)

    def step(self) -> bool:
        """Carry out one order; whether there was one.

        Raises:
            WenceError: it stands half done and is to be tried again later.
        """
        item = self._items.next(ORDERED)
        if item is None:
            return False
        self._tell(item, Progress("准备"))
        try:
            if item.state is State.PUBLISHING:
                self._publish(item)
            elif item.state is State.CORRECTING:
                self._correct(item)
            else:
                self._withdraw(item)
        finally:
            self._tell(item, None)
        return True

    def _publish(self, item: Item) -> None:
        if not item.earlier:
            item = self._decided(item)
        placed = self._vault.place_of(item.id, item.name)
        earlier = str(item.earlier["path"])
        try:
            self._vault.put(item.id, item.hash, item.name, {**item.changes, "document_id": item.document})
            self._index(item, [placed], [Path(earlier)] if earlier else [])
        except Exception as error:
            if self._published.holds(placed):  # it is out already, and only the rest has to be done
                raise
            self._vault.take_away(item.id)
            self._failed(item, State.STAGED, f"没有发布：{_why(error)}", earlier={}, document="")
            return
        others = {}
        if item.earlier["item"]:
            self._retire(str(item.earlier["item"]))
            others = {str(item.earlier["item"]): State.REPLACED}
        self._refresh_quietly()  # who reads that it is published, finds it
        values = {"state": State.PUBLISHED, "error": "", "reason": ""}
        self._items.change(
            item.id, (State.PUBLISHING,), values, action="library.published", others=others, document=item.document,
            earlier=dict(item.earlier),
        )  # fmt: skip

    def _correct(self, item: Item) -> None:
        """Its columns have the corrections that are wanted and, in `earlier`, those before."""
        placed = self._vault.place_of(item.id, item.name)
        known = self._published.entry_read(placed)
        before = dict(item.earlier["changes"])
        try:
            self._vault.relabel(item.id, item.name, {**item.changes, "document_id": item.document})
            self._index(item, [placed], [])
        except Exception as error:
            if self._published.entry_read(placed) != known:  # it is out already
                raise
            self._vault.relabel(item.id, item.name, {**before, "document_id": item.document})
            left = {key: value for key, value in item.earlier.items() if key != "changes"}
            self._failed(item, State.PUBLISHED, f"没有改正：{_why(error)}", changes=before, earlier=left)
            return
        self._refresh_quietly()
        values = {"state": State.PUBLISHED, "error": ""}
        self._items.change(
            item.id, (State.CORRECTING,), values, action="library.corrected", document=item.document, before=before,
            after=dict(item.changes),
        )  # fmt: skip

    def _withdraw(self, item: Item) -> None:
        placed = self._vault.place_of(item.id, item.name)
        earlier, back = str(item.earlier.get("item", "")), []
        others = {}
        try:
            if earlier:
                before = self._items.get(earlier)
                back = [self._vault.put(before.id, before.hash, before.name, {**before.changes, "document_id": before.document})]  # fmt: skip
                others = {earlier: State.PUBLISHED}
            elif item.earlier.get("path"):
                back = [Path(str(item.earlier["path"]))]
                if not is_there(back[0]):
                    raise InputError(f"替换前的文件 {back[0]} 已不在，不能恢复；请放回后再撤回，或发布另一版")
            self._index(item, back, [placed])
        except Exception as error:
            if not self._published.holds(placed) and all(self._published.holds(p) for p in back):
                raise
            if earlier:
                self._vault.take_away(earlier)
            self._failed(item, State.PUBLISHED, f"没有撤回：{_why(error)}")
            return
        self._vault.take_away(item.id)
        if self._published.holds(placed):  # somebody indexed the corpus after us and before this
            self._index(item, back, [placed])
        self._refresh_quietly()
        values: dict[str, Any] = {"state": State.WITHDRAWN, "error": "", "earlier": {}, "document": ""}
        self._items.change(
            item.id, (State.WITHDRAWING,), values, action="library.withdrawn", others=others, document=item.document,
            restored=str(back[0]) if back else "",
        )  # fmt: skip

    def _failed(self, item: Item, back: State, error: str, **values: Any) -> None:
        """Note that an order was not carried out."""
        changed = {"state": back, "error": error, **values}
        self._items.change(item.id, ORDERED, changed, action="library.failed", why=error)

    def _decided(self, item: Item) -> Item:
        """The order with the document's id and what it takes the place of, noted before anything is done."""
        path = self._published.path_of(item.version_of) if item.version_of else ""
        earlier = {"path": path, "item": self._vault.item_at(path)} if path else NOTHING
        document = item.version_of if path else self._free_id(item)
        return self._items.change(item.id, (State.PUBLISHING,), {"earlier": earlier, "document": document})

    def _free_id(self, item: Item) -> str:
        stem = PurePosixPath(item.name).stem
        return f"{stem}-{item.id[:8]}" if self._published.path_of(stem) else stem

    def _index(self, item: Item, paths: Sequence[Path], without: Sequence[Path]) -> Report:
        def bar(documents: int, clauses: int, passages: int) -> Progress:
            made = Progress("计算向量", 0, passages)
            self._tell(item, made)
            return made

        self._tell(item, Progress("等待另一个索引任务"))
        self._await_others()
        self._tell(item, Progress("读取文件"))
        report = build_index(
            self._vault.home,
            paths,
            self._encoder,
            place=self._place,
            without=without,
            readings=VaultReadings(self._vault),
            bar=bar,
        )
        refused = [row.reason for row in report.rows if row.outcome == "rejected"]
        if refused:
            raise InputError(refused[0])
        return report

    def _await_others(self) -> None:
        deadline = time.monotonic() + BUSY_S
        while True:
            try:
                with locked(self._vault.home):
                    return
            except BusyError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    def _retire(self, item_id: str) -> None:
        """Take a replaced version out of the corpus; what was edited in its catalog meanwhile is kept for its return."""
        try:
            item = self._items.get(item_id)
            entry = self._vault.entry_of(item.id, item.name)
            if entry and entry != item.changes:
                self._items.change(item.id, tuple(State), {"changes": entry})
        except (Missing, CatalogError):
            pass
        self._vault.take_away(item_id)

    def _refresh_quietly(self) -> None:
        try:
            self._refresh()
        except WenceError as error:  # the server looks again by itself
            log.warning("新索引还没有启用：%s", error)

    def _tell(self, item: Item, progress: Progress | None) -> None:
        with self._guard:
            if progress:
                self._progress[item.id] = progress
            else:
                self._progress.pop(item.id, None)


def _why(error: Exception) -> str:
    """One line for a person."""
    if isinstance(error, WenceError):
        return str(error)
    log.error("文件库的一步出错", exc_info=error)
    return f"程序出错（{cause(error)}）；请查看服务器日志"
