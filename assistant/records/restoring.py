"""A backup back in its place: checked whole before anything is touched, files first, the store last.

A restore that is cut short leaves no store, so nothing runs on half of one; run again, it does the rest.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from assistant.library.naming import cleaned_name
from assistant.library.vault import Vault
from assistant.records import audit
from assistant.records.backup import run_tool
from assistant.records.bundle import FORMAT, MANIFEST, PGDUMP, SQLITE, STORES, alone, inside
from assistant.records.database import FILE, Database
from index.errors import InputError, StorageError, cause

_CHUNK = 1 << 20
_DRAFT = ".restoring-"
_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"PK\3\4")
"""How files of gzip, bzip2, xz, zstd and zip begin."""
_ORIGINAL = re.compile(r"library/files/[0-9a-f]{64}/original")
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back."""

    made: str
    """When the backup was made, UTC."""
    files: int
    published: int
    missing: tuple[str, ...]
    """Names of files that were missing when the backup was made."""
    chain: audit.Chain
    as_backed_up: bool
    """The audit ends as the manifest says."""


def restore(source: Path, home: Path, url: str = "") -> Restored:
    """Put a backup into an empty WENCE_HOME, or its store into the empty database at `url`.

    Raises:
        InputError: it is no backup, damaged, of another kind of store or a newer version, or something is there already.
        StorageError: the disk or the database refuses.
    """
    kind = "postgresql" if url else "sqlite"
    vault = Vault(home)
    try:
        _must_be_ours(source, home)
        with tarfile.open(source, "r:") as tar:  # never a compressed one, of which a few KB can fill a disk
            manifest = _manifest(tar, source)
            if manifest["store"] != kind:
                wanted = (
                    "设好 WENCE_DATABASE_URL（一个空的库）"
                    if manifest["store"] == "postgresql"
                    else "去掉 WENCE_DATABASE_URL"
                )
                raise InputError(f"{source} 里的记录库是 {manifest['store']}；请先{wanted}再恢复")
            with alone(home):
                _must_be_free(home, vault, manifest, url)
                for left in home.glob(f"{_DRAFT}*"):  # of a restore that was cut short
                    shutil.rmtree(left, ignore_errors=True)
                with tempfile.TemporaryDirectory(prefix=_DRAFT, dir=home) as folder:
                    draft = Path(folder)
                    for name, facts in manifest["members"].items():
                        _extract(tar, name, facts, draft / name, source)
                    return _place(manifest, draft, vault, url)
    except (tarfile.TarError, EOFError) as error:
        raise _unfit(source, cause(error)) from None
    except OSError as error:
        where = error.filename or home
        raise StorageError(f"无法读写 {where}（{cause(error)}）；请检查路径、磁盘空间和权限") from None


def _unfit(source: Path, why: str) -> InputError:
    return InputError(f"{source} 不是完整的备份（{why}）；请换一份用 `wence records backup` 做的备份")


def _must_be_ours(source: Path, home: Path) -> None:
    """Backups of earlier versions are the bare store."""
    with source.open("rb") as file:
        found = file.read(16)
    if found.startswith(SQLITE):
        raise InputError(f"{source} 是早先版本的备份，只有记录库；请停止服务，把它复制为 {home / FILE}")
    if found.startswith(PGDUMP):
        raise InputError(f"{source} 是早先版本的备份，只有记录库；请用 pg_restore 恢复到一个空的库")
    if found.startswith(_COMPRESSED):
        raise InputError(f"{source} 是压缩过的；请先解压再恢复")


def _member(tar: tarfile.TarFile, name: str) -> tarfile.TarInfo | None:
    """A plain file of this name; a link leads elsewhere, and a sparse file is larger than what was backed up."""
    try:
        found = tar.getmember(name)
    except KeyError:
        return None
    return found if found.isreg() and not found.issparse() else None


def _manifest(tar: tarfile.TarFile, source: Path) -> dict[str, Any]:
    try:
        member = _member(tar, MANIFEST)
        file = tar.extractfile(member) if member else None
        found = json.loads(file.read()) if file else {}
        newer = int(found["format"]) > FORMAT
        strange = [] if newer else _strange(found)
    except (KeyError, ValueError, TypeError, AttributeError, InputError):
        raise _unfit(source, "没有清单，可能没有写完") from None
    if newer:
        raise InputError(f"{source} 由更新的版本制作（格式 {found['format']}，本程序 {FORMAT}）；请升级问策再恢复")
    if strange:
        raise _unfit(source, f"清单里有不认识的 {strange[0][:80]!r}")
    return dict(found)


def _strange(found: dict[str, Any]) -> list[str]:
    """Names in a manifest that no backup has; KeyError and the like where something is not there at all."""
    _ = found["missing"], found["audit"]["rows"], found["audit"]["head"]
    store = STORES[found["store"]]
    strange = [
        name
        for name, facts in {store: found["members"][store], **found["members"]}.items()
        if (name != store and not _ORIGINAL.fullmatch(name)) or not {"sha256", "bytes"} <= {*facts}
    ]
    strange += [
        row["name"]
        for row in found["published"]
        if not _ID.fullmatch(row["id"])
        or cleaned_name(row["name"]) != row["name"]
        or not _ORIGINAL.fullmatch(inside(row["hash"]))
        or "document_id" not in row["entry"]
    ]
    return strange


def _must_have_no_store(home: Path) -> None:
    there = [p for suffix in ("", "-wal", "-shm") if (p := home / (FILE + suffix)).exists()]
    if there:
        raise InputError(f"{there[0]} 已经存在；请停止服务并把它移走，或用 WENCE_HOME 换一个空的文件夹，再恢复")


def _must_be_empty(home: Path, url: str) -> None:
    _pg_restore()
    database = Database.open(home, url, upgrade=False)
    database.close()
    if database.version:
        raise InputError(f"{database.name} 里已有记录；请新建一个空的库，设为 WENCE_DATABASE_URL，再恢复")


def _must_be_free(home: Path, vault: Vault, manifest: dict[str, Any], url: str) -> None:
    if url:
        _must_be_empty(home, url)
    else:
        _must_have_no_store(home)
    ours = {row["id"] for row in manifest["published"]}
    others = [p for p in vault.corpus.glob("*") if p.is_dir() and p.name not in ours]
    if others:
        raise InputError(f"{others[0]} 不在备份里；请把 {vault.root} 移走，或用 WENCE_HOME 换一个空的文件夹，再恢复")


def _extract(tar: tarfile.TarFile, name: str, facts: dict[str, Any], target: Path, source: Path) -> None:
    """One member as the manifest has it."""
    member = _member(tar, name)
    file = tar.extractfile(member) if member and member.size == facts["bytes"] else None
    if file is None:
        raise _unfit(source, f"缺少 {name}")
    digest = hashlib.sha256()
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch(0o600)
    with target.open("wb") as copy:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())
    if digest.hexdigest() != facts["sha256"]:
        raise _unfit(source, f"{name} 的内容与清单不符")


def _place(manifest: dict[str, Any], draft: Path, vault: Vault, url: str) -> Restored:
    home = vault.home
    if not url:
        Database.open(draft).close()  # a newer version's store is refused before anything is laid in place
    files = 0
    for folder in (draft / "library" / "files").glob("*"):
        with (folder / "original").open("rb") as original, vault.alone():
            vault.keep(original, folder.name)
        files += 1
    published = [row for row in manifest["published"] if (vault.folder(row["hash"]) / "original").is_file()]
    for row in published:
        vault.put(row["id"], row["hash"], row["name"], row["entry"])
    store = draft / STORES[manifest["store"]]
    if url:
        _postgresql(store, url)
    else:
        _must_have_no_store(home)  # a server that was started meanwhile has made one, and a log beside it
        store.replace(home / FILE)
    database = Database.open(home, url)
    try:
        chain = audit.verify(database)
        with database.write() as session:
            audit.note(session, audit.operator(), "records.restore", str(manifest["made"]))
    finally:
        database.close()
    said = manifest["audit"]
    as_backed_up = (chain.rows, chain.head) == (said["rows"], said["head"])
    return Restored(str(manifest["made"]), files, len(published), tuple(manifest["missing"]), chain, as_backed_up)


def _pg_restore() -> str:
    program = shutil.which("pg_restore")
    if program is None:
        raise InputError("这台机器上没有 pg_restore；请安装 PostgreSQL 的客户端程序再恢复")
    return program


def _postgresql(store: Path, url: str) -> None:
    shown = make_url(url).set(password=None, drivername="postgresql").render_as_string()
    options = ["--no-owner", "--single-transaction", "--exit-on-error", "-d", shown]
    run_tool(url, [_pg_restore(), *options, str(store)], "恢复到 PostgreSQL（须是空的库）")
