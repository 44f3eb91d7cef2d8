"""The library (文件库) as the rest of the program sees it: hand in, look, correct, publish, reject, take back."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from assistant.library.correcting import Value, check, merged
from assistant.library.intake import Intake
from assistant.library.items import DEAD, OPEN, ORDERED, Conflict, Item, Items, State, changed_meanwhile
from assistant.library.naming import MOST_BYTES, MOST_WAITING, cleaned_name
from assistant.library.preview import ELSEWHERE, line_of, preview_of
from assistant.library.published import Published
from assistant.library.publishing import Publisher
from assistant.library.reading import Reader
from assistant.library.vault import Vault
from assistant.library.worker import Worker
from assistant.people.person import Person
from assistant.records.database import Database
from assistant.records.tables import now
from assistant.review.touched import pins_resting_on
from index.encode import Encoder
from index.errors import DocumentError, InputError, StorageError, cause
from index.files.archive import ZIP_SUFFIX
from index.files.facsimile import KINDS, draw_page
from index.files.kinds import SUFFIXES

LONGEST_REASON = 1000
LEFT_S = 3600
"""What an interrupted upload left behind is cleared away after so long."""


class Library:
    """The library of one WENCE_HOME and its store. Safe to share between threads.

    Args:
        home: WENCE_HOME.
        database: the store.
        encoder: makes the vectors.
        place: where vectors are kept, as `index.build.build_index` takes it.
        refresh: called when the index has changed.
    """

    def __init__(
        self, home: Path, database: Database, encoder: Encoder, place: str = "", refresh: Callable[[], object] = lambda: None
    ) -> None:  # fmt: skip
        self.vault, self.published = Vault(home), Published(home)
        self.items = Items(database, self.vault.holds)
        self._database, self._intake = database, Intake(self.vault, self.items)
        self._publisher = Publisher(self.vault, self.items, self.published, encoder, place, refresh)
        reader = Reader(self.vault, self.items, self.published)
        self.reading = Worker("library-reading", self.vault.root / "reading.lock", reader.step)
        self.publishing = Worker("library-publishing", self.vault.root / "publishing.lock", self._publisher.step)

    def resume(self) -> None:
        """Take up what stands half done in the store, whoever left it; costs one look when there is nothing."""
        self._clear()
        if self.items.next((State.READING,)):
            self.reading.wake()
        if self.items.next(ORDERED):
            self.publishing.wake()

    def hand_in(self, source: BinaryIO, given_name: str, person: Person) -> list[Item]:
        """Store an uploaded file; of an archive, each policy file in it. They are read afterwards.

        Raises:
            InputError: not a file that is read, too large, known already, or too many wait; of this file nothing is kept.
            StorageError: the disk or the store failed.
        """
        name = cleaned_name(given_name)
        archive = name.lower().endswith(ZIP_SUFFIX)
        added = self._intake.of_archive(source, name, person) if archive else [self._intake.add(source, name, person)]
        self.reading.wake()
        return added

    def lines(self) -> list[dict[str, Any]]:
        """All items for the list, newest first."""
        self.resume()
        return [self.line(item) for item in self.items.all()]

    def line(self, item: Item) -> dict[str, Any]:
        """One item for the list."""
        return line_of(item, self._publisher.progress(item.id), self.items.here(item))

    def preview(self, item_id: str) -> dict[str, Any]:
        """One item with its clauses.

        Raises:
            Missing: there is no such item.
            Conflict: it has not been read, or is on another server.
            DocumentError: its file is gone.
        """
        item = self._as_it_stands(self.items.get(item_id))
        self._here(item)
        if item.state in (State.READING, State.UNREADABLE):
            raise Conflict(item.error or f"{item.name} 还在读取；请稍候")
        return {"item": self.line(item), **self._preview(item)}

    def page(self, item_id: str, number: int) -> Path:
        """A page of the file as PNG.

        Raises:
            Missing: there is no such item.
            DocumentError: it has no such page.
        """
        item = self.items.get(item_id)
        self._here(item)
        place = self.vault.folder(item.hash) / f"page-{number}.png"
        if place.is_file():
            return place
        reading = self.vault.reading(item.hash, item.name)
        if reading.kind not in KINDS:
            raise DocumentError(f"{item.name} 没有页面图像")
        drawn = draw_page(reading.kind, self.vault.data(item.hash, item.name), item.name, number)
        try:
            with tempfile.NamedTemporaryFile(dir=place.parent, prefix="page-", delete=False) as draft:
                draft.write(drawn)
            Path(draft.name).replace(place)
        except OSError as error:
            raise StorageError(f"无法存放 {item.name} 的页面图像（{cause(error)}）；请检查磁盘空间") from None
        return place

    def original(self, item_id: str) -> tuple[Item, Path]:
        """The file as it was handed in.

        Raises:
            Missing: there is none any more.
        """
        item = self.items.get(item_id)
        self._here(item)
        return item, self.vault.folder(item.hash) / "original"

    def correct(
        self, item_id: str, values: Mapping[str, Value], drop: Sequence[str], version_of: str | None, person: Person,
        seen: Mapping[str, str | None] | None = None,
    ) -> Item:  # fmt: skip
        """Correct facts of an item, take corrections back, or say which document it is a version of.

        Of a published document this is an order, carried out afterwards.

        Args:
            item_id: which.
            values: facts by key of the catalog.
            drop: keys whose correction is taken back, so that the text speaks again.
            version_of: id of a published document, "" for none, None to leave it.
            person: who does it.
            seen: as `correcting.merged`.

        Raises:
            Missing, Conflict: as `Items.change`.
            Conflict: somebody else has corrected the same fact meanwhile, or the file is on another server.
            InputError: a value is not valid, or there is no such document.
        """
        check(values)
        if version_of and not self.published.path_of(version_of):
            raise InputError(f"没有已发布的文件 {version_of}；请刷新后再选")

        def edit(item: Item) -> dict[str, Any]:
            item = self._as_it_stands(item)
            changes = merged(item.changes, values, drop, seen or {})
            return self._ordered(item, changes) if item.state is State.PUBLISHED else {"changes": changes}

        columns = {} if version_of is None else {"version_of": version_of}
        within = (*OPEN, State.PUBLISHED) if version_of is None else OPEN
        detail: dict[str, Any] = {"facts": dict(values), "dropped": list(drop), **columns}
        self._here(self.items.get(item_id))
        item = self.items.change(item_id, within, columns, person.name, "library.correct", edit=edit, **detail)
        self._carry_out(item)
        return item

    def undo_facts(self, item_id: str, person: Person) -> Item:
        """Take back the last correction of a published document; taking that back corrects again.

        Raises:
            Missing, Conflict: as `Items.change`.
            Conflict: nothing was corrected since it was published.
        """

        def edit(item: Item) -> dict[str, Any]:
            if "changes" not in item.earlier:
                raise Conflict(f"{item.name} 发布以后没有改正过；请刷新")
            return self._ordered(self._as_it_stands(item), dict(item.earlier["changes"]))

        self._here(self.items.get(item_id))
        item = self.items.change(item_id, (State.PUBLISHED,), {}, person.name, "library.uncorrect", edit=edit)
        self._carry_out(item)
        return item

    def publish(self, item_id: str, person: Person, fingerprint: str = "") -> Item:
        """Order a file to be published; it is carried out afterwards.

        Args:
            item_id: which.
            person: who does it.
            fingerprint: of the preview that the person looked at; "" when nobody looked.

        Raises:
            Missing, Conflict: as `Items.change`.
            Conflict: what would be published is not what the person looked at.
        """
        seen = self.items.get(item_id)
        self._here(seen)
        if fingerprint and seen.state in OPEN and self._preview(seen)["fingerprint"] != fingerprint:
            raise Conflict(changed_meanwhile(seen.name))
        values = {"state": State.PUBLISHING, "error": "", "earlier": {}, "decider": person.name, "decided": now()}
        item = self.items.change(item_id, OPEN, values, person.name, "library.publish", seen=seen)
        self.publishing.wake()
        return item

    def reject(self, item_id: str, reason: str, person: Person) -> Item:
        """Reject a file.

        Raises:
            InputError: no reason, or a very long one.
            Missing, Conflict: as `Items.change`.
        """
        reason = reason.strip()
        if not reason or len(reason) > LONGEST_REASON:
            raise InputError(f"请写明退回的原因（1 到 {LONGEST_REASON} 个字）")
        values = {"state": State.REJECTED, "reason": reason, "error": "", "decider": person.name, "decided": now()}
        return self.items.change(item_id, (State.STAGED,), values, person.name, "library.reject", reason=reason)

    def undo(self, item_id: str, person: Person) -> Item:
        """Take back what was decided last: a rejected file waits again, a published one is withdrawn.

        Raises:
            Missing, Conflict: as `Items.change`.
        """
        known = self.items.get(item_id)
        if known.state is State.REJECTED:
            values = {"state": State.STAGED, "reason": "", "decider": person.name, "decided": now()}
            return self.items.change(item_id, (State.REJECTED,), values, person.name, "library.unreject")
        self._here(known)
        values = {"state": State.WITHDRAWING, "error": "", "decider": person.name, "decided": now()}
        item = self.items.change(item_id, (State.PUBLISHED,), values, person.name, "library.withdraw")
        self.publishing.wake()
        return item

    def delete(self, item_id: str, person: Person) -> None:
        """Delete a file that was rejected, withdrawn or could not be read.

        Raises:
            Missing, Conflict: as `Items.remove`.
        """
        self._intake.remove(item_id, person)

    def limits(self) -> dict[str, Any]:
        """What the page tells before anything is sent."""
        return {"bytes": MOST_BYTES, "waiting": MOST_WAITING, "kinds": [*SUFFIXES, ZIP_SUFFIX], "deletable": [*DEAD]}

    def _here(self, item: Item) -> None:
        if not self.items.here(item):
            raise Conflict(ELSEWHERE)

    def _as_it_stands(self, item: Item) -> Item:
        """A published item with the corrections in its catalog, which `wence catalog edit` may have changed."""
        if item.state is not State.PUBLISHED or not self.vault.place_of(item.id, item.name).is_file():
            return item
        return replace(item, changes=self.vault.entry_of(item.id, item.name))

    def _ordered(self, item: Item, changes: Mapping[str, Any]) -> dict[str, Any]:
        """The order to correct a published item; nothing when it stands so already."""
        if changes == item.changes:
            return {}
        earlier = {**item.earlier, "changes": dict(item.changes)}
        return {"state": State.CORRECTING, "error": "", "changes": dict(changes), "earlier": earlier}

    def _carry_out(self, item: Item) -> None:
        if item.state in ORDERED:
            self.publishing.wake()

    def _preview(self, item: Item) -> dict[str, Any]:
        return preview_of(item, self.vault.reading(item.hash, item.name), self.published, self._pins)

    def _pins(self, clause_ids: Collection[str]) -> list[str]:
        """Questions of the pinned answers that cite one of these clauses."""
        return [pin.question for pin in pins_resting_on(self._database, clause_ids)] if clause_ids else []

    def _clear(self) -> None:
        for path in (self.vault.root / "incoming").glob("*"):
            try:
                if path.stat().st_mtime < time.time() - LEFT_S:
                    shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
            except OSError:  # somebody else has just finished with it
                continue
