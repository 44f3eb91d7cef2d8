"""Zip containers (docx, zip) checked before anything in them is unpacked: bombs, encryption, damage."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

from index.errors import DocumentError, cause

MAX_UNPACKED_BYTES = 1024 * 1024 * 1024
"""All members together."""
MAX_RATIO = 200
"""Unpacked to packed size of one member: text packs 3 to 20 times, a bomb 1,000 times."""
MAX_MEMBERS = 5_000


def open_zip(source: bytes | Path, name: str) -> zipfile.ZipFile:
    """An archive that is safe to read, from bytes or a file.

    Raises:
        DocumentError: damaged, encrypted, or unpacking to more than is allowed.
    """
    try:
        archive = zipfile.ZipFile(BytesIO(source) if isinstance(source, bytes) else source)
        members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise DocumentError(f"{name} 已损坏，无法打开（{cause(error)}）；请重新下载或导出") from None
    if any(member.flag_bits & 0x1 for member in members):
        raise DocumentError(f"{name} 已加密；请去掉密码后再试")
    size = sum(member.file_size for member in members)
    if len(members) > MAX_MEMBERS or size > MAX_UNPACKED_BYTES:
        raise DocumentError(
            f"{name} 解开后有 {len(members):,} 个文件、{size:,} 字节，超过上限（{MAX_MEMBERS:,} 个、{MAX_UNPACKED_BYTES:,} 字节）；请拆开后再试"
        )
    for member in members:
        if member.file_size > 1_000_000 and member.file_size > MAX_RATIO * max(member.compress_size, 1):
            raise DocumentError(
                f"{name} 里的 {member.filename[:80]} 压缩比异常（{member.compress_size:,} → {member.file_size:,} 字节）；不予解开"
            )
    return archive


def member_bytes(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> bytes:
    """What a member holds; sizes in the directory are not believed.

    Raises:
        DocumentError: damaged, or longer than its entry says.
    """
    try:
        with archive.open(member) as file:
            data = file.read(member.file_size + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise DocumentError(f"{name} 里的 {member.filename[:80]} 已损坏（{cause(error)}）；请重新下载") from None
    except Exception as error:  # zlib.error and lzma.LZMAError share no base
        raise DocumentError(f"{name} 里的 {member.filename[:80]} 已损坏（{cause(error)}）；请重新下载") from None
    if len(data) > member.file_size:
        raise DocumentError(f"{name} 里的 {member.filename[:80]} 比目录写明的长；不予解开")
    return data
