"""Policy files to text: what stands at a path, in a folder, or in a zip archive."""

from __future__ import annotations

from pathlib import Path

from index.errors import DocumentError, cause
from index.files.archive import ZIP_SUFFIX, archive_of, list_members, read_member
from index.files.kinds import SUFFIXES, read_bytes
from index.files.sheet import Reading

MAX_FILE_BYTES = 100 * 1024 * 1024
"""Larger files are refused: a scanned document of 200 pages has about 60 MiB."""


def read_text(path: Path) -> str:
    """Text of a file, the text that offsets of its clauses count; see `read_source`."""
    return read_source(path).text


def read_source(path: Path) -> Reading:
    """A file as text with its pages; a path may lead into a zip archive (`a.zip/b.docx`).

    Raises:
        DocumentError: missing, empty, too large, damaged, locked, or of a kind or encoding that is not read.
    """
    return reading_of(read_file(path), path)


def reading_of(data: bytes, path: Path) -> Reading:
    """A file's bytes as text with its pages; `path` tells the kind where the bytes do not. Errors: `read_source`."""
    if path.suffix.lower() == ZIP_SUFFIX:
        list_members(path, SUFFIXES)  # says what is wrong with it, if anything is
    reading = read_bytes(data, str(path))
    if not reading.text.strip():
        raise DocumentError(f"{path} 没有文字（{len(data)} 字节）；请换成含正文的文件")
    return reading


def read_file(path: Path) -> bytes:
    """Bytes of a file or of an archive's member.

    Raises:
        DocumentError: missing, a folder, too large, not readable.
    """
    try:
        if not path.exists() and (archive := archive_of(path)):
            return read_member(path, archive, MAX_FILE_BYTES)
        size = path.stat().st_size
        if path.is_dir():
            raise DocumentError(f"{path} 是文件夹，这里需要一个文件；整个文件夹请用 `wence index {path}`")
        if size > MAX_FILE_BYTES:
            raise DocumentError(f"{path} 有 {size:,} 字节，超过上限 {MAX_FILE_BYTES:,}；请拆成单个文件")
        with path.open("rb") as file:  # what has no size, like /dev/zero, may still have no end
            data = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise DocumentError(f"找不到文件 {path}；请检查路径") from None
    except OSError as error:
        raise DocumentError(f"无法读取 {path}（{cause(error)}）；请检查权限") from None
    if len(data) > MAX_FILE_BYTES:
        raise DocumentError(f"{path} 超过上限 {MAX_FILE_BYTES:,} 字节；请拆成单个文件")
    return data


def is_there(path: Path) -> bool:
    """Whether a file, or the archive's member that a path leads to, is still there."""
    if path.is_file():
        return True
    try:
        archive = archive_of(path)
        return archive is not None and path in list_members(archive, SUFFIXES)
    except (DocumentError, OSError):
        return False


def catalog_place(path: Path) -> tuple[Path, str]:
    """The folder whose catalog.toml speaks of a file, and the file's name there (`a.zip/b.docx` in an archive)."""
    archive = None if path.exists() else archive_of(path)
    return (archive.parent, path.relative_to(archive.parent).as_posix()) if archive else (path.parent, path.name)


def find_files(path: Path) -> list[Path]:
    """Policy files at `path`: itself, or all below it in name order; an archive's members are files of their own.

    Raises:
        DocumentError: no such path, or a folder without policy files.
    """
    if path.is_file():
        return _members(path) if path.suffix.lower() == ZIP_SUFFIX else [path]
    if not path.exists():
        if archive_of(path):
            return [path]
        raise DocumentError(f"找不到 {path}；请检查路径")
    files = files_below(path)
    if not files:
        raise DocumentError(f"文件夹 {path} 里没有政策文本（{'、'.join((*SUFFIXES, ZIP_SUFFIX))}）；请放入文件后再试")
    return [found for file in files for found in (_members(file) if file.suffix.lower() == ZIP_SUFFIX else [file])]


def files_below(path: Path) -> list[Path]:
    """Files and archives of policies at `path`: itself, or all below it in name order; [] where there is none."""
    if path.is_file():
        return [path]
    return sorted(
        p for p in path.rglob("*")
        if p.is_file() and p.suffix.lower() in (*SUFFIXES, ZIP_SUFFIX) and p.name.lower() != "readme.md"
        and not any(part.startswith((".", "~$")) for part in p.relative_to(path).parts)
    )  # fmt: skip


def _members(archive: Path) -> list[Path]:
    """Members of an archive; the archive itself when it cannot be opened, since reading it then says why."""
    try:
        return list_members(archive, SUFFIXES) or [archive]
    except DocumentError:
        return [archive]
