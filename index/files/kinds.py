"""One entry for all kinds of files: told apart by their first bytes, since names are often wrong."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from pathlib import PurePosixPath

from index.errors import DocumentError
from index.files.plain import decode
from index.files.sheet import Reading

TEXT_SUFFIXES = (".txt", ".md", ".markdown")
WEB_SUFFIXES = (".html", ".htm", ".shtml", ".mht", ".mhtml")
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp")
SUFFIXES = (*TEXT_SUFFIXES, *WEB_SUFFIXES, ".docx", ".doc", ".wps", ".pdf", *PICTURE_SUFFIXES)
"""Files that a folder or an archive is searched for."""

MAX_TEXT_BYTES = 20 * 1024 * 1024
"""Larger texts are refused: the longest statute in the corpora seen is under 1 MiB of text."""
_PICTURES = (
    b"\x89PNG", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"BM",
)  # fmt: skip
_REFUSED = (
    (b"\x1f\x8b", "gzip 压缩文件", "解开"), (b"Rar!", "rar 压缩包", "解开，或改成 zip"), (b"7z\xbc\xaf", "7z 压缩包", "解开，或改成 zip"),
    (b"{\\rtf", "RTF 文件", "用 Word 另存为 docx"), (b"GIF8", "GIF 图片", "另存为 PNG 或 PDF"),
)  # fmt: skip
_OLE = b"\xd0\xcf\x11\xe0"
_OPENED = {
    "word/document.xml": "docx", "xl/workbook.xml": "xlsx 表格", "ppt/presentation.xml": "pptx 演示文稿",
    "OFD.xml": "OFD 版式文件", "content.xml": "OpenDocument 文件",
}  # fmt: skip


def read_bytes(data: bytes, name: str) -> Reading:
    """Text of a file with its pages and what was recognised.

    Args:
        data: the whole file.
        name: its name, for messages and where the bytes do not tell the kind.

    Raises:
        DocumentError: damaged, locked, or of a kind that is not read; the message says what to do.
    """
    suffix = PurePosixPath(name).suffix.lower()
    for sign, kind, remedy in _REFUSED:
        if data.startswith(sign):
            raise DocumentError(f"{name} 是{kind}；请先{remedy}再试")
    if b"%PDF-" in data[:1024]:
        from index.files.apart import read_apart

        return read_apart("pdf", data, name)
    if data.startswith(_OLE):
        from index.files.old_word import read_doc

        return read_doc(data, name)
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _package(data, name)
    webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    if webp or (data.startswith(_PICTURES) and (not data.startswith(b"BM") or suffix == ".bmp")):
        from index.files.apart import read_apart

        return read_apart("image", data, name)
    if len(data) > MAX_TEXT_BYTES:
        raise DocumentError(f"{name} 有 {len(data):,} 字节，超过文本文件的上限 {MAX_TEXT_BYTES:,}；请拆成单个文件")
    if suffix in WEB_SUFFIXES or re.match(rb"\s*(?:\xef\xbb\xbf)?\s*(?:<!doctype html|<html[\s>])", data[:200], re.I):
        from index.files.web import read_html

        return read_html(data, name)
    if suffix in (".pdf", ".docx", ".doc", ".wps", *PICTURE_SUFFIXES):
        raise DocumentError(f"{name} 的内容不是 {suffix[1:]} 文件，可能已损坏；请重新下载或导出")
    return Reading(decode(data, name))


def _package(data: bytes, name: str) -> Reading:
    try:
        members = set(zipfile.ZipFile(BytesIO(data)).namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        raise DocumentError(f"{name} 已损坏，无法打开；请重新下载或导出") from None
    kind = next((kind for inside, kind in _OPENED.items() if inside in members), "zip")
    if kind == "docx":
        from index.files.word import read_docx

        return read_docx(data, name)
    if kind == "zip":
        raise DocumentError(f"{name} 是压缩包，里面没有可以收录的政策文件；请解开后检查")
    raise DocumentError(f"{name} 是 {kind}，目前不能直接读；请另存为 pdf 或 docx")
