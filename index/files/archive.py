"""Zip archives of policy files: members are files of their own, named `archive.zip/folder/member.docx`.

Nothing is unpacked on disk. Names in GBK, as Windows in Chinese writes them, are decoded.
"""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from index.errors import DocumentError
from index.files.package import member_bytes, open_zip

ZIP_SUFFIX = ".zip"


def archive_of(path: Path) -> Path | None:
    """The archive that a path such as `a.zip/b.docx` leads into; None when it leads into none."""
    return next((p for p in path.parents if p.suffix.lower() == ZIP_SUFFIX and p.is_file()), None)


def list_members(path: Path, suffixes: Sequence[str]) -> list[Path]:
    """Members with one of these suffixes, and nested archives, as paths below the archive, in name order.

    Raises:
        DocumentError: damaged, encrypted, a bomb, or a member's name leads out of the archive.
    """
    with open_zip(path, str(path)) as archive:
        names = [_name(member, path) for member in archive.infolist() if _is_document(member)]
    wanted = [n for n in names if n.suffix.lower() in (*suffixes, ZIP_SUFFIX)]
    shown = [n for n in wanted if not any(part.startswith((".", "__MACOSX", "~$")) for part in n.parts)]
    return sorted({path / n for n in shown})


def read_member(path: Path, archive_path: Path, limit: int) -> bytes:
    """Bytes of one member.

    Raises:
        DocumentError: no such member, a nested archive, too large, damaged.
    """
    inner = path.relative_to(archive_path).as_posix()
    if path.suffix.lower() == ZIP_SUFFIX:
        raise DocumentError(f"{path} 是压缩包里的压缩包；请先解开再收录")
    with open_zip(archive_path, str(archive_path)) as archive:
        for member in archive.infolist():
            if _is_document(member) and _name(member, archive_path).as_posix() == inner:
                if member.file_size > limit:
                    raise DocumentError(f"{path} 有 {member.file_size:,} 字节，超过上限 {limit:,}；请拆成单个文件")
                return member_bytes(archive, member, str(archive_path))
    raise DocumentError(f"压缩包 {archive_path} 里没有 {inner}；请检查路径")


def _is_document(member: zipfile.ZipInfo) -> bool:
    return not member.is_dir() and not stat.S_ISLNK(member.external_attr >> 16)


def _name(member: zipfile.ZipInfo, path: Path) -> PurePosixPath:
    """A member's name with its characters as they were meant."""
    name = member.filename
    if not member.flag_bits & 0x800:  # no mark of UTF-8: bytes in the packer's own code page
        raw = name.encode("cp437", "replace")
        for encoding in ("utf-8", "gb18030"):
            try:
                name = raw.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
    name = name.replace("\\", "/")
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or ":" in parts[0] or "\x00" in name:
        raise DocumentError(f"{path} 里有越出压缩包的路径 {name[:80]!r}；不予解开")
    return PurePosixPath(name)
