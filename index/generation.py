"""The index on disk: whole generations side by side, and one small file that says which is current.

    <home>/index/CURRENT            name of the generation that readers open
    <home>/index/g-000007/          stamp.json, documents.jsonl, clauses.jsonl, forms.jsonl, columns.npz, ids.txt,
                                    lexical/, nearest/, vectors/ (unless a server holds them)

A generation is built beside the current one and becomes current by one rename, so a kill at any moment
leaves the old index or the new one, never half of one. Who reads one holds a lock on its stamp (`hold`), and what
is held is not removed: the lock goes with the process, so a kill leaves none behind.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from index.errors import BusyError, IndexDamagedError, IndexMissingError, IndexStampError, StorageError, cause

if sys.platform != "win32":
    import fcntl

CURRENT = "CURRENT"
FORMAT = "3"
REBUILD = "请运行 `wence index --rebuild`"
_NAME = re.compile(r"g-\d{6,}")


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an index was built by; another stamp cannot search it."""

    format: str
    parser: str
    model: str
    dimension: int
    collection: str
    """Collection name in the vector store."""
    store: str
    """`folder`, or the URL of the Chroma server that holds the vectors."""
    built: str
    """UTC time, ISO 8601."""
    documents: int
    clauses: int
    """Records in clauses.jsonl, cards included; a file with fewer has been cut short."""
    passages: int
    """Vectors in the collection."""


def index_home(home: Path) -> Path:
    """Folder of all generations."""
    return home / "index"


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Nobody else writes an index of this home meanwhile.

    Raises:
        BusyError: somebody does.
        StorageError: nothing can be written here.
    """
    from filelock import FileLock, Timeout

    try:
        index_home(home).mkdir(parents=True, exist_ok=True)
        lock = FileLock(str(index_home(home) / "build.lock"))
        lock.acquire(timeout=0.1)
    except Timeout:
        raise BusyError(f"另一个进程正在 {home} 建立索引；请等它结束后再试") from None
    except OSError as error:
        raise StorageError(f"无法写入 {home}（{cause(error)}）；请检查权限，或用 WENCE_HOME 换一个文件夹") from None
    with lock:
        yield


def current_generation(home: Path) -> Path:
    """Folder of the current generation.

    Raises:
        IndexMissingError: nothing has been indexed.
        IndexDamagedError: the pointer is gone or names a folder that is not there.
        StorageError: the machine does not let it be read.
    """
    pointer = index_home(home) / CURRENT
    try:
        name = pointer.read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        if complete_generations(home):
            raise IndexDamagedError(f"索引指针 {pointer} 不见了；请运行 `wence index` 恢复") from None
        raise IndexMissingError(f"{home} 里还没有索引；请先运行 `wence index`") from None
    except OSError as error:
        raise StorageError(f"无法读取 {pointer}（{cause(error)}）；请检查 WENCE_HOME 和权限") from None
    folder = index_home(home) / name
    if not _NAME.fullmatch(name) or not (folder / "stamp.json").is_file():
        raise IndexDamagedError(f"索引指针 {pointer} 指向不存在的 {name[:40]!r}；请运行 `wence index` 恢复")
    return folder


def complete_generations(home: Path) -> list[Path]:
    """Generations that were written to the end, oldest first."""
    found = (p for p in index_home(home).glob("g-*") if _NAME.fullmatch(p.name) and (p / "stamp.json").is_file())
    return sorted(found, key=_number)


def latest_generation(home: Path) -> Path | None:
    """The current generation or, when its pointer is lost, the newest complete one; None when there is none."""
    try:
        return current_generation(home)
    except (IndexMissingError, IndexDamagedError):
        complete = complete_generations(home)
        return complete[-1] if complete else None


def pointer_mark(home: Path) -> tuple[str, int] | None:
    """What tells one pointer from the next: its words and its time; None while it cannot be read.

    Reading these few bytes takes 20 µs, so it can be done often. (Its number on the disk would say no more, and on
    some network drives it changes by itself.)
    """
    try:
        with (index_home(home) / CURRENT).open(encoding="utf-8", errors="replace") as file:
            return file.read(64).strip(), os.fstat(file.fileno()).st_mtime_ns
    except OSError:
        return None


def hold(folder: Path) -> int | None:
    """Keep a generation from being removed until the descriptor is closed; None where locks are not to be had.

    Without one (Windows, a network drive that knows no locks) a reader still has the current generation and the one
    before it, and what it has mapped.
    """
    if sys.platform == "win32":
        return None
    return _locked_stamp(folder, os.O_RDONLY, fcntl.LOCK_SH)


def _locked_stamp(folder: Path, mode: int, kind: int) -> int | None:
    """A descriptor that holds a lock on a generation's stamp; None when somebody else's lock stands against it."""
    try:
        descriptor = os.open(folder / "stamp.json", mode)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _remove(folder: Path) -> None:
    """Remove a generation that nobody reads; where locks are not to be had, one that nobody should."""
    if sys.platform == "win32" or not (folder / "stamp.json").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        return
    # Held while it goes, so that nobody takes it up half gone.
    if (descriptor := _locked_stamp(folder, os.O_RDWR, fcntl.LOCK_EX)) is not None:
        try:
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(descriptor)


def new_generation(home: Path) -> Path:
    """An empty folder for the next generation."""
    folder = index_home(home) / f"g-{max(map(_number, complete_generations(home)), default=0) + 1:06d}"
    folder.mkdir(parents=True)
    return folder


@contextmanager
def written_anew(home: Path) -> Iterator[Path]:
    """A new generation's folder, removed again when building it fails."""
    try:
        folder = new_generation(home)
    except OSError as error:
        raise StorageError(f"无法写入 {home}（{cause(error)}）；请检查磁盘空间和权限") from None
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def clear_leftovers(home: Path) -> None:
    """Remove what no reader is in: half-written generations, those never made current, and old ones.

    The current generation and the one before it stay, and those that somebody holds. While the pointer is lost,
    every complete one stays.
    """
    complete = complete_generations(home)
    try:
        keep = complete[: complete.index(current_generation(home)) + 1][-2:]
    except (IndexMissingError, IndexDamagedError, ValueError):
        keep = complete
    for folder in index_home(home).glob("g-*"):
        if folder not in keep:
            _remove(folder)


def _number(folder: Path) -> int:
    return int(folder.name.removeprefix("g-"))


def make_current(home: Path, folder: Path) -> None:
    """Point readers at `folder` in one step; the generation before it stays for readers still in it."""
    base = index_home(home)
    draft = base / (CURRENT + ".new")
    with draft.open("w", encoding="utf-8") as file:
        file.write(folder.name + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(base / CURRENT)
    clear_leftovers(home)


def read_stamp(folder: Path) -> Stamp:
    """Stamp of a generation.

    Raises:
        IndexStampError: another version of this program laid out the folder.
        IndexDamagedError: it cannot be read.
    """
    path = folder / "stamp.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["format"] != FORMAT:
            raise IndexStampError(
                f"索引的格式是 {record['format']}，当前是 {FORMAT}；请运行 `wence index --rebuild` 重建索引"
            )
        return Stamp(**record)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise IndexDamagedError(f"索引标记 {path} 无法读取（{cause(error)}）；{REBUILD}") from None


def write_stamp(folder: Path, stamp: Stamp) -> None:
    """Write the stamp last: a generation without one is not complete."""
    (folder / "stamp.json").write_text(json.dumps(asdict(stamp), ensure_ascii=False, indent=1), encoding="utf-8")
