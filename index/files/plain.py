"""Bytes of a text file to text, losing nothing: UTF-8, UTF-16, GB18030 (and so GBK, GB2312), Big5.

Only these are read. Another encoding is named in the error rather than guessed at, because a wrong
guess turns 万 into another character without anybody noticing.
"""

from __future__ import annotations

import codecs

from index.errors import DocumentError

_COMMON = frozenset(
    "的一是在不有和人中大为上国以要时来用到作于出分对成会可主发年动同工能下过产方后多定行学法所民经三进等部度家力化高自理实加量制机业本性应开合由其前外政日事平全关各重新内数正利"
    "第条市区科技企支持单位管办项规二四五章（），。、；："
)
"""Characters and signs of which any Chinese official text is largely made."""
_COMMON_TRADITIONAL = _COMMON | frozenset("為國時來於對會發動過產後學經進質實機業應開關數條區單項規辦現長與個之及依者")
MIN_COMMON = 0.15
"""Share of them: the five bundled documents have 0.47 to 0.52, Korean or Japanese read as GB18030 under 0.09."""
_SAMPLE_CHARS = 20_000


def decode(data: bytes, name: str) -> str:
    """Text of `data`; `name` is only for messages.

    Raises:
        DocumentError: binary content or another encoding.
    """
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):  # fmt: skip
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding)
            except UnicodeDecodeError:
                raise DocumentError(f"{name} 带有 {encoding} 标记但内容损坏；请重新导出") from None
    if b"\x00" in data:
        if text := _unmarked_utf16(data):
            return text
        raise DocumentError(f"{name} 含有空字节，是二进制文件；请先另存为 UTF-8 文本")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        position = error.start
    text = _decoded(data, "gb18030")
    if text and _looks_chinese(text):
        return text
    text = _decoded(data, "cp950") or _decoded(data, "big5hkscs")
    if text and _share(text, _COMMON_TRADITIONAL) > MIN_COMMON:
        return text
    raise DocumentError(
        f"{name} 不是 UTF-8（第 {position} 字节），也不是 GB18030 或 Big5；可能是 {_likely(data)}，请另存为 UTF-8"
    )


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return ""


def _unmarked_utf16(data: bytes) -> str:
    """Text in UTF-16 whose mark was lost: read one way it is Chinese, read the other way it is not."""
    for encoding in ("utf-16-le", "utf-16-be"):
        text = _decoded(data, encoding) if len(data) % 2 == 0 else ""
        if text and "\x00" not in text and _share(text, _COMMON) > 2 * MIN_COMMON:
            return text
    return ""


def _looks_chinese(text: str) -> bool:
    """GB18030 accepts nearly any bytes, so the result must read as Chinese: GB2312 characters, common ones among them.

    Korean and Japanese bytes also come out as GB2312 characters, but as rare ones.
    """
    wide = _wide(text)
    if not wide:
        return False
    plain = len(wide.encode("gb2312", "ignore").decode("gb2312")) / len(wide)
    return plain > 0.9 and _share(text, _COMMON) > MIN_COMMON


def _wide(text: str) -> str:
    return "".join(c for c in text[:_SAMPLE_CHARS] if ord(c) > 127)


def _share(text: str, common: frozenset[str]) -> float:
    """Share of the characters beyond ASCII that are common ones, 0..1."""
    wide = _wide(text)
    return sum(c in common for c in wide) / len(wide) if wide else 0.0


def _likely(data: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(data[:50_000]).best()
    return best.encoding if best else "未知编码或二进制"
