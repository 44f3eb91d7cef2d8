"""What is handed in goes into the vault and the store together, and leaves both together."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import IO, BinaryIO, cast

from assistant.library.items import Item, Items, State
from assistant.library.naming import MOST_BYTES, MOST_WAITING, cleaned_name
from assistant.library.vault import Vault
from assistant.people.person import Person
from index.errors import DocumentError, InputError
from index.files.archive import list_members, read_member
from index.files.kinds import SUFFIXES


class Intake:
    """Takes files into one vault and its store."""

    def __init__(self, vault: Vault, items: Items) -> None:
        self._vault, self._items = vault, items

    def add(self, source: BinaryIO | IO[bytes], name: str, person: Person) -> Item:
        """Store one file.

        Raises:
            InputError: it cannot be taken.
            StorageError: the disk or the store failed.
        """
        with self._vault.alone():
            kept = self._vault.keep(cast(BinaryIO, source), name)
            try:
                return self._items.add(name, kept, person.name)
            except BaseException:
                if not self._items.used(kept.hash):
                    self._vault.drop(kept.hash)
                raise

    def of_archive(self, source: BinaryIO, name: str, person: Person) -> list[Item]:
        """Each policy file of an archive; all of them, or the reason why none.

        Raises:
            InputError: one of them cannot be taken, or it holds none.
            StorageError: the disk or the store failed.
        """
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
                            added.append(self.add(part, cleaned_name(member.name), person))
                except BaseException:
                    for item in added:
                        self._take_back(item, person)
                    raise
            except InputError as error:
                raise type(error)(str(error).replace(f"{folder}/", "")) from None
        return added

    def remove(self, item_id: str, person: Person) -> None:
        """Forget a dead item, and its file where no other needs it.

        Raises:
            Missing, Conflict: as `Items.remove`.
        """
        with self._vault.alone():
            item = self._items.remove(item_id, person.name)
            if not self._items.used(item.hash):
                self._vault.drop(item.hash)

    def _take_back(self, item: Item, person: Person) -> None:
        self._items.change(item.id, tuple(State), {"state": State.UNREADABLE})
        self.remove(item.id, person)
