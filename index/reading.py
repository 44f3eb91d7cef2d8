"""Bytes of a policy file to text, losing nothing: UTF-8 (with or without mark), UTF-16, GB18030.

Only these are read. Another encoding is named in the error rather than guessed at, because a wrong
guess turns 万 into another character without anybody noticing.
"""

from __future__ import annotations

import codecs
from pathlib import Path

from index.errors import DocumentError, cause

MAX_FILE_BYTES = 20 * 1024 * 1024
"""Larger files are refused: the longest statute in the corpora seen is under 1 MiB of text."""

TEXT_SUFFIXES = (".txt", ".md", ".markdown")
"""Files that a folder is searched for."""

_COMMON = frozenset(
    "的一是在不有和人中大为上国以要时来用到作于出分对成会可主发年动同工能下过产方后多定行学法所民经三进等部度家力化高自理实加量制机业本性应开合由其前外政日事平全关各重新内数正利"
    "第条市区科技企支持单位管办项规二四五章（），。、；："
)
"""Characters and signs of which any Chinese official text is largely made."""
MIN_COMMON = 0.15
"""Share of them: the five bundled documents have 0.47 to 0.52, Korean or Japanese read as GB18030 under 0.09."""

_BINARY_SIGNS = (
    (b"%PDF", "PDF"), (b"PK\x03\x04", "docx/xlsx/zip"), (b"\xd0\xcf\x11\xe0", "旧版 Office"), (b"\x89PNG", "PNG 图片"),
    (b"\xff\xd8\xff", "JPEG 图片"), (b"\x1f\x8b", "gzip"),
)  # fmt: skip


def read_text(path: Path) -> str:
    """Decoded text of a file, line ends as they stand, byte-order mark removed.

    Raises:
        DocumentError: missing, empty, binary, too large, or in an encoding that is not read.
    """
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise DocumentError(f"{path} 是文件夹，这里需要一个文件；整个文件夹请用 `wence index {path}`")
        if size > MAX_FILE_BYTES:
            raise DocumentError(f"{path} 有 {size:,} 字节，超过上限 {MAX_FILE_BYTES:,}；请拆成单个文件")
        with path.open("rb") as file:  # what has no size, like /dev/zero, may still have no end
            data = file.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise DocumentError(f"{path} 超过上限 {MAX_FILE_BYTES:,} 字节；请拆成单个文件")
    except FileNotFoundError:
        raise DocumentError(f"找不到文件 {path}；请检查路径") from None
    except OSError as error:
        raise DocumentError(f"无法读取 {path}（{cause(error)}）；请检查权限") from None
    text = decode(data, str(path))
    if not text.strip():
        raise DocumentError(f"{path} 没有文字（{size} 字节）；请换成含正文的文本文件")
    return text


def decode(data: bytes, name: str) -> str:
    """Text of `data`; `name` is only for messages.

    Raises:
        DocumentError: binary content or another encoding.
    """
    for sign, kind in _BINARY_SIGNS:
        if data.startswith(sign):
            raise DocumentError(f"{name} 是{kind}文件，不是文本；请先另存为 UTF-8 文本（.txt 或 .md）")
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):  # fmt: skip
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding)
            except UnicodeDecodeError:
                raise DocumentError(f"{name} 带有 {encoding} 标记但内容损坏；请重新导出") from None
    if b"\x00" in data:
        raise DocumentError(f"{name} 含有空字节，是二进制文件；请先另存为 UTF-8 文本")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        position = error.start
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        text = ""
    if text and _looks_chinese(text):
        return text
    raise DocumentError(
        f"{name} 不是 UTF-8（第 {position} 字节），也不是 GB18030；可能是 {_likely(data)}，请另存为 UTF-8"
    )


def _looks_chinese(text: str) -> bool:
    """GB18030 accepts nearly any bytes, so the result must read as Chinese: GB2312 characters, common ones among them.

    Korean and Japanese bytes also come out as GB2312 characters, but as rare ones.
    """
    wide = "".join(c for c in text[:20_000] if ord(c) > 127)
    if not wide:
        return False
    plain = len(wide.encode("gb2312", "ignore").decode("gb2312")) / len(wide)
    common = sum(c in _COMMON for c in wide) / len(wide)
    return plain > 0.9 and common > MIN_COMMON


def _likely(data: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(data[:50_000]).best()
    return best.encoding if best else "未知编码或二进制"


def find_files(path: Path) -> list[Path]:
    """Policy text files at `path`: itself, or all below it in name order.

    Raises:
        DocumentError: no such path, or a folder without text files.
    """
    if path.is_file():
        return [path]
    if not path.exists():
        raise DocumentError(f"找不到 {path}；请检查路径")
    files = sorted(
        p for p in path.rglob("*")
        if p.is_file() and p.suffix.lower() in TEXT_SUFFIXES and p.name.lower() != "readme.md"
        and not any(part.startswith(".") for part in p.relative_to(path).parts)
    )  # fmt: skip
    if not files:
        raise DocumentError(f"文件夹 {path} 里没有政策文本（{'、'.join(TEXT_SUFFIXES)}）；请放入文件后再试")
    return files
