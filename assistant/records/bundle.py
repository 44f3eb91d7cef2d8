"""A backup: the store and the library's files that it names, in one tar file that is whole or not there.

    wence-backup                       a mark, by which earlier backups are known
    records.db | records.dump          the store: SQLite's file, or pg_dump's custom format
    library/files/<hash>/original      every file that the store names
    manifest.json                      SHA-256 and bytes of each of these, the published files with their catalog
                                       entries, and what was missing; last, so that a backup cut short has none

Files are named by the hash of their bytes and never change, so nobody has to wait while they are copied. Left out is
what can be made again: readings, page pictures, the index; and the secret that signs the windows' tokens.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from filelock import FileLock, Timeout

from assistant.library.items import Items, State
from assistant.library.vault import Vault
from assistant.records.backup import Named, copy_store
from assistant.records.database import FILE, Database
from index.errors import InputError, StorageError, cause

MARK, MANIFEST = "wence-backup", "manifest.json"
STORES = {"sqlite": FILE, "postgresql": "records.dump"}
FORMAT = 1
SQLITE, PGDUMP = b"SQLite format 3\0", b"PGDMP"
"""How backups of earlier versions begin."""
_BEGINNINGS = (f"{MARK}\0".encode(), SQLITE, PGDUMP)
"""Only these are replaced."""
_TRIES = 5
_PLACED = frozenset({State.PUBLISHED, State.CORRECTING, State.WITHDRAWING})
"""Items of these states lie in the corpus."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds."""

    size: int
    """Bytes."""
    files: int
    missing: tuple[str, ...]
    """Names of library files that are not on this disk, or not what was handed in."""
    audit_rows: int
    audit_head: str
    """Of the audit as it is in the backup."""


class _Changed(Exception):
    """Somebody deleted a file that the copied store names."""


def back_up(database: Database, home: Path, target: Path) -> Backup:
    """Put the store and its files into `target`; an earlier backup there is replaced when the new one is whole.

    Raises:
        InputError: `target` cannot be used, or what PostgreSQL needs is missing.
        StorageError: the store cannot be read, or the backup not written.
    """
    target = Path(os.path.realpath(target))  # a link stays one
    _may_replace(database, target)
    draft, store = target.with_name(f".{target.name}.part"), target.with_name(f".{target.name}.store")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with alone(home):
            try:
                for left in reversed(range(_TRIES)):
                    try:
                        made = _packed(database, Vault(home), draft, store)
                        break
                    except _Changed:
                        if not left:
                            raise StorageError("备份时不断有文件从文件库删除；请稍后再试") from None
                draft.replace(target)
            finally:
                for path in (draft, store):
                    path.unlink(missing_ok=True)
        return made
    except OSError as error:
        raise StorageError(f"无法写入 {target}（{cause(error)}）；请检查磁盘空间和权限") from None


def inside(hash_: str) -> str:
    """Where the original with this hash lies in a backup."""
    return f"library/files/{hash_}/original"


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """No other backup or restore of this home meanwhile: two would write the same drafts.

    Raises:
        StorageError: there is one, or the disk refuses.
    """
    lock = FileLock(str(home / "backup.lock"))
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise StorageError(f"{home} 正在备份或恢复；请等它结束后再试") from None
    except OSError as error:
        raise StorageError(f"无法写入 {home}（{cause(error)}）；请检查磁盘空间和权限") from None
    try:
        yield
    finally:
        lock.release()


def _may_replace(database: Database, target: Path) -> None:
    if target.is_dir():
        raise InputError(f"{target} 是文件夹；请写成文件，如 {target / 'wence-backup.tar'}")
    if not target.exists():
        return
    if not target.is_file():
        raise InputError(f"{target} 是设备或管道，会被备份顶掉；请换一个文件")
    if database.path and target.samefile(database.path):
        raise InputError(f"{target} 就是记录库本身；请换一个文件")
    try:
        with target.open("rb") as file:
            found = file.read(20)
    except OSError as error:
        raise StorageError(f"无法读取 {target}（{cause(error)}）；请检查权限") from None
    if found and not found.startswith(_BEGINNINGS):
        raise InputError(f"{target} 已经存在，且不是备份；请换一个文件")
    if found.startswith(SQLITE) and found[18:] == b"\2\2":  # written with a log beside it, as backups never were
        raise InputError(f"{target} 是一个在用的数据库，不是备份；请换一个文件")


def _packed(database: Database, vault: Vault, draft: Path, store: Path) -> Backup:
    copied = copy_store(database, store)
    named = copied.named
    members: dict[str, dict[str, Any]] = {}
    missing: list[str] = []
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
            tar.addfile(tarfile.TarInfo(MARK))
            with store.open("rb") as source:
                members[STORES[database.dialect]] = _add(tar, STORES[database.dialect], source)
            for hash_, name in {n.hash: n.name for n in named if n.state != State.UNREADABLE}.items():
                place = vault.folder(hash_) / "original"
                member = inside(hash_)
                try:
                    with place.open("rb") as source:
                        added = _add(tar, member, source)
                except FileNotFoundError:
                    if not Items(database).used(hash_):
                        raise _Changed from None
                    missing.append(name)
                    continue
                if added["sha256"] == hash_:
                    members[member] = added
                else:
                    missing.append(name)
            manifest = {
                "format": FORMAT, "made": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "store": database.dialect,
                "members": members, "published": _published(vault, named), "missing": missing,
                "audit": {"rows": copied.audit_rows, "head": copied.audit_head},
            }  # fmt: skip
            _add(tar, MANIFEST, io.BytesIO(json.dumps(manifest, ensure_ascii=False).encode()))
        file.flush()
        os.fsync(file.fileno())
    return Backup(draft.stat().st_size, len(members) - 1, tuple(missing), copied.audit_rows, copied.audit_head)


def _published(vault: Vault, named: Sequence[Named]) -> list[dict[str, Any]]:
    """What lies in the corpus, with the catalog entry as it stands there, whoever edited it."""
    rows = []
    for item in named:
        if State(item.state) in _PLACED:
            entry = vault.entry_of(item.id, item.name) or item.changes
            rows.append({"id": item.id, "name": item.name, "hash": item.hash, "entry": {**entry, "document_id": item.document}})  # fmt: skip
    return rows


class _Hashing:
    """Reads a file and knows what it has read."""

    def __init__(self, source: BinaryIO) -> None:
        self._source, self.digest = source, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """As a file's."""
        data = self._source.read(size)
        self.digest.update(data)
        return data


def _add(tar: tarfile.TarFile, name: str, source: BinaryIO) -> dict[str, Any]:
    info, reader = tarfile.TarInfo(name), _Hashing(source)
    info.size = source.seek(0, os.SEEK_END)
    info.mode = 0o600
    source.seek(0)
    tar.addfile(info, cast(BinaryIO, reader))
    return {"sha256": reader.digest.hexdigest(), "bytes": info.size}
