"""The library on disk: files by the hash of their bytes, and the corpus folder that the index reads.

    <home>/library/files/<hash>/original         the file as it was handed in
    <home>/library/files/<hash>/reading-*.json   its text and pages, read once by each parser (a scan takes seconds a page)
    <home>/library/files/<hash>/page-N.png       pages as pictures, drawn when somebody looks
    <home>/library/corpus/<item>/                a published document: the file under its name, and its catalog.toml

A published document's folder appears and disappears in one rename, so whoever indexes the corpus meanwhile never sees
a file without its catalog entry. Knows nothing of states and people.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO
from uuid import uuid4

from filelock import FileLock

from assistant.library.naming import MOST_BYTES, MOST_KEPT_BYTES, too_large
from index.catalog import edit_entry, load_catalog
from index.errors import DocumentError, InputError, StorageError, cause
from index.files.sheet import Reading
from index.parse import PARSER_VERSION
from index.reading import reading_of
from index.readings import Readings, reading_from

FOLDER, CORPUS = "library", "corpus"
_CHUNK = 1 << 20


def corpus_of(home: Path) -> Path:
    """Folder of the published documents of a WENCE_HOME; it need not be there."""
    return home / FOLDER / CORPUS


def library_paths(home: Path) -> list[Path]:
    """What `wence index` without paths reads besides the bundled documents: the corpus, when something is in it."""
    corpus = corpus_of(home)
    return [corpus] if any(corpus.glob("*/catalog.toml")) else []


@dataclass(frozen=True, slots=True)
class Kept:
    """A file in the vault."""

    hash: str
    size: int


class Vault:
    """The library of one WENCE_HOME. Safe to share between threads and processes."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.root = home / FOLDER
        self.corpus = corpus_of(home)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else puts files in or forgets them meanwhile, in any process; not to be entered twice.

        Who forgets a file that no item needs would otherwise take it from somebody who hands in the same bytes.

        Raises:
            StorageError: the disk refuses.
        """
        lock = FileLock(str(self.root / "files.lock"))
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except OSError as error:
            raise StorageError(f"无法写入文件库（{cause(error)}）；请检查磁盘空间和权限") from None
        try:
            yield
        finally:
            lock.release()

    def keep(self, source: BinaryIO, name: str) -> Kept:
        """Store what `source` gives, on the disk when this returns.

        Raises:
            InputError: empty or too large, or the library is full.
            StorageError: the disk refuses; nothing is left.
        """
        draft = self.root / "incoming" / uuid4().hex
        try:
            draft.parent.mkdir(parents=True, exist_ok=True)
            try:
                kept = _written(source, draft, name)
                if self._size() + kept.size > MOST_KEPT_BYTES:
                    raise InputError(
                        f"文件库已满（上限 {MOST_KEPT_BYTES // 1024**3} GB）；请先删除退回、撤回和读不了的文件"
                    )
                folder = self.folder(kept.hash)
                folder.mkdir(parents=True, exist_ok=True)
                draft.replace(folder / "original")
                _sync(folder)
            finally:
                draft.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"无法存入文件库（{cause(error)}）；请检查磁盘空间和权限") from None
        return kept

    def folder(self, hash_: str) -> Path:
        """Where all that belongs to one file lies."""
        return self.root / "files" / hash_

    def data(self, hash_: str, name: str) -> bytes:
        """A file's bytes.

        Raises:
            DocumentError: it is gone.
        """
        try:
            return (self.folder(hash_) / "original").read_bytes()
        except OSError as error:
            raise DocumentError(f"{name} 的原件读不了（{cause(error)}）；请重新上传") from None

    def drop(self, hash_: str) -> None:
        """Forget a file."""
        shutil.rmtree(self.folder(hash_), ignore_errors=True)

    def reading(self, hash_: str, name: str) -> Reading:
        """A file as text; read the first time, taken from the disk afterwards.

        Raises:
            DocumentError: it cannot be read; the message begins with `name`.
        """
        # What a file is read as may depend on what its name ends in.
        place = self.folder(hash_) / f"reading-{PARSER_VERSION}{PurePosixPath(name).suffix.lower()}.json"
        try:
            return reading_from(json.loads(place.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError):
            reading = reading_of(self.data(hash_, name), Path(name))
        draft = place.with_name(f"{place.name}.{uuid4().hex}")
        try:
            draft.write_text(json.dumps(asdict(reading)), encoding="utf-8")
            draft.replace(place)
        except OSError:  # it is read again the next time
            draft.unlink(missing_ok=True)
        return reading

    def place_of(self, item: str, name: str) -> Path:
        """Where a published file lies."""
        return self.corpus / item / name

    def item_at(self, path: str) -> str:
        """Which item's file lies at a path; "" when it is none of the library's."""
        place = Path(path)
        return place.parent.name if place.parent.parent == self.corpus.resolve() else ""

    def put(self, item: str, hash_: str, name: str, entry: Mapping[str, Any]) -> Path:
        """Lay a file with its catalog entry into the corpus; nothing happens when it lies there.

        Raises:
            StorageError: the disk refuses; nothing is there then.
            CatalogError: the entry is not valid.
        """
        place = self.place_of(item, name)
        draft = self.root / "incoming" / f"{item}.{uuid4().hex}"
        try:
            if not place.is_file():
                draft.mkdir(parents=True)
                self.corpus.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self.folder(hash_) / "original", draft / name)
                edit_entry(draft, name, dict(entry))
                shutil.rmtree(place.parent, ignore_errors=True)
                draft.rename(place.parent)
                _sync(self.corpus)
        except OSError as error:
            raise StorageError(f"无法把 {name} 放入文件库（{cause(error)}）；请检查磁盘空间和权限") from None
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return place

    def relabel(self, item: str, name: str, entry: Mapping[str, Any]) -> None:
        """Give a published document another catalog entry, in one step.

        Raises:
            StorageError: the disk refuses; the entry is as it was.
            CatalogError: the entry is not valid, or the one that stands is damaged.
        """
        folder = self.corpus / item
        stands = load_catalog(folder).get(name, {})
        edit_entry(folder, name, entry, [key for key in stands if key != "file" and key not in entry])

    def holds(self, hash_: str) -> bool:
        """Whether the file with this hash is here."""
        return (self.folder(hash_) / "original").is_file()

    def take_away(self, item: str) -> None:
        """Take a published document out of the corpus; its file stays in the vault."""
        place = self.corpus / item
        gone = self.root / "incoming" / f"{item}.{uuid4().hex}"
        try:
            gone.parent.mkdir(parents=True, exist_ok=True)
            place.rename(gone)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StorageError(f"无法从文件库取出 {place}（{cause(error)}）；请检查权限") from None
        shutil.rmtree(gone, ignore_errors=True)

    def entry_of(self, item: str, name: str) -> dict[str, Any]:
        """The catalog entry of a published document as it stands, whoever edited it since.

        Raises:
            CatalogError: the catalog is damaged.
        """
        entry = dict(load_catalog(self.corpus / item).get(name, {}))
        return {key: value for key, value in entry.items() if key not in ("file", "document_id")}

    def _size(self) -> int:
        return sum(path.stat().st_size for path in self.root.glob("files/*/original"))


class VaultReadings(Readings):
    """For builds: what the library has read before is taken from there, so that what was looked at is what is published."""

    def __init__(self, vault: Vault) -> None:
        super().__init__(vault.home)
        self._vault = vault

    def read(self, data: bytes, path: Path) -> Reading:
        """As `Readings.read`."""
        hash_ = hashlib.sha256(data).hexdigest()
        known = (self._vault.folder(hash_) / "original").is_file()
        return self._vault.reading(hash_, path.name) if known else super().read(data, path)


def _written(source: BinaryIO, draft: Path, name: str) -> Kept:
    digest, size = hashlib.sha256(), 0
    with draft.open("wb") as file:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > MOST_BYTES:
                raise too_large(name, size)
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    if not size:
        raise InputError(f"{name} 是空文件；请换成含正文的文件")
    return Kept(digest.hexdigest(), size)


def _sync(folder: Path) -> None:
    """Put a folder's names on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
