"""The library (文件库) as the rest of the program sees it: hand in, look, correct, publish, reject, take back."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from assistant.library.items import DEAD, OPEN, ORDERED, Conflict, Item, Items, State, changed_meanwhile
from assistant.library.naming import MOST_BYTES, MOST_WAITING, cleaned_name
from assistant.library.preview import editable, line_of, preview_of
from assistant.library.published import Published
from assistant.library.publishing import Publisher
from assistant.library.reading import Reader
from assistant.library.vault import Vault
from assistant.library.worker import Worker
from assistant.people.person import Person
from assistant.records.database import Database
from assistant.records.tables import now
from assistant.review.touched import pins_resting_on
from index.catalog import check_value
from index.encode import Encoder
from index.errors import DocumentError, InputError, StorageError, cause
from index.files.archive import ZIP_SUFFIX, list_members, read_member
from index.files.facsimile import KINDS, draw_page
from index.files.kinds import SUFFIXES
from index.origins import KEYS as FACTS

LONGEST_REASON = 1000
LONGEST_VALUE = 500
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
        self.vault, self.items, self.published = Vault(home), Items(database), Published(home)
        self._database = database
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
        if name.lower().endswith(ZIP_SUFFIX):
            added = self._hand_in_archive(source, name, person)
        else:
            added = [self._add(source, name, person)]
        self.reading.wake()
        return added

    def lines(self) -> list[dict[str, Any]]:
        """All items for the list, newest first."""
        self.resume()
        return [line_of(item, self._publisher.progress(item.id)) for item in self.items.all()]

    def line(self, item: Item) -> dict[str, Any]:
        """One item for the list."""
        return line_of(item, self._publisher.progress(item.id))

    def preview(self, item_id: str) -> dict[str, Any]:
        """One item with its clauses.

        Raises:
            Missing: there is no such item.
            Conflict: it has not been read.
            DocumentError: its file is gone.
        """
        item = self.items.get(item_id)
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
        return item, self.vault.folder(item.hash) / "original"

    def correct(
        self, item_id: str, values: Mapping[str, str | list[str]], drop: Sequence[str], version_of: str | None, person: Person
    ) -> Item:  # fmt: skip
        """Correct facts of an item, take corrections back, or say which document it is a version of.

        Args:
            item_id: which.
            values: facts by key of the catalog.
            drop: keys whose correction is taken back, so that the text speaks again.
            version_of: id of a published document, "" for none, None to leave it.
            person: who does it.

        Raises:
            Missing, Conflict: as `Items.change`.
            InputError: a value is not valid, or there is no such document.
        """
        for key, value in values.items():
            if not editable(key):
                raise InputError(f"{key} 不能修改")
            if (
                max(map(len, [value] if isinstance(value, str) else [*value, ""])) > LONGEST_VALUE
                or len(value) > LONGEST_VALUE
            ):
                raise InputError(f"{key} 太长，最多 {LONGEST_VALUE} 个字")
            if key == "title" and not str(value).strip():
                raise InputError("标题不能为空")
            check_value(FACTS[key], key, value)
        if version_of and not self.published.path_of(version_of):
            raise InputError(f"没有已发布的文件 {version_of}；请刷新后再选")
        item = self.items.get(item_id)
        changes = {key: value for key, value in {**item.changes, **values}.items() if key not in drop}
        columns: dict[str, Any] = {"changes": changes}
        if version_of is not None:
            columns["version_of"] = version_of
        detail: dict[str, Any] = {"facts": dict(values), "dropped": list(drop)}
        if version_of is not None:
            detail["version_of"] = version_of
        return self.items.change(item_id, OPEN, columns, person.name, "library.correct", **detail)

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
        if self.items.get(item_id).state is State.REJECTED:
            values = {"state": State.STAGED, "reason": "", "decider": person.name, "decided": now()}
            return self.items.change(item_id, (State.REJECTED,), values, person.name, "library.unreject")
        values = {"state": State.WITHDRAWING, "error": "", "decider": person.name, "decided": now()}
        item = self.items.change(item_id, (State.PUBLISHED,), values, person.name, "library.withdraw")
        self.publishing.wake()
        return item

    def delete(self, item_id: str, person: Person) -> None:
        """Delete a file that was rejected, withdrawn or could not be read.

        Raises:
            Missing, Conflict: as `Items.remove`.
        """
        with self.vault.alone():
            item = self.items.remove(item_id, person.name)
            if not self.items.used(item.hash):
                self.vault.drop(item.hash)

    def limits(self) -> dict[str, Any]:
        """What the page tells before anything is sent."""
        return {"bytes": MOST_BYTES, "waiting": MOST_WAITING, "kinds": [*SUFFIXES, ZIP_SUFFIX], "deletable": [*DEAD]}

    def _preview(self, item: Item) -> dict[str, Any]:
        return preview_of(item, self.vault.reading(item.hash, item.name), self.published, self._pins)

    def _pins(self, clause_ids: Collection[str]) -> list[str]:
        """Questions of the pinned answers that cite one of these clauses."""
        return [pin.question for pin in pins_resting_on(self._database, clause_ids)] if clause_ids else []

    def _add(self, source: BinaryIO | IO[bytes], name: str, person: Person) -> Item:
        with self.vault.alone():
            kept = self.vault.keep(cast(BinaryIO, source), name)
            try:
                return self.items.add(name, kept, person.name)
            except BaseException:
                if not self.items.used(kept.hash):
                    self.vault.drop(kept.hash)
                raise

    def _hand_in_archive(self, source: BinaryIO, name: str, person: Person) -> list[Item]:
        """Each policy file of an archive; all of them, or the reason why none."""
        with tempfile.TemporaryDirectory(prefix="wence-") as folder:
            path = Path(folder) / name
            with path.open("wb") as file:
                shutil.copyfileobj(source, file)
            try:
                members = list_members(path, SUFFIXES)
                if not members:
                    raise DocumentError(
                        f"{path} 里没有可以收录的文件（{'、'.join(k[1:] for k in SUFFIXES)}）；请解开后检查"
                    )
                if len(members) > MOST_WAITING:
                    raise DocumentError(
                        f"{path} 里有 {len(members)} 份文件，超过一次 {MOST_WAITING} 份的上限；请分成几包"
                    )
                added: list[Item] = []
                try:
                    for member in members:
                        with tempfile.TemporaryFile() as part:
                            part.write(read_member(member, path, MOST_BYTES))
                            part.seek(0)
                            added.append(self._add(part, cleaned_name(member.name), person))
                except BaseException:
                    for item in added:
                        self._take_back(item, person)
                    raise
            except InputError as error:
                raise type(error)(str(error).replace(f"{folder}/", "")) from None
        return added

    def _take_back(self, item: Item, person: Person) -> None:
        self.items.change(item.id, tuple(State), {"state": State.UNREADABLE})
        self.delete(item.id, person)

    def _clear(self) -> None:
        for path in (self.vault.root / "incoming").glob("*"):
            try:
                if path.stat().st_mtime < time.time() - LEFT_S:
                    shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
            except OSError:  # somebody else has just finished with it
                continue
