"""Files in the encodings offices use are read to the last character; others are named, never guessed."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from index.errors import DocumentError
from index.files.kinds import read_bytes
from index.files.plain import decode
from index.reading import MAX_FILE_BYTES, find_files, read_text

TEXT = "某市办法\r\n第一条 为了规范管理，制定本办法，给予不超过30万元的支持。\n"


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(), codecs.BOM_UTF8 + TEXT.encode(), TEXT.encode("gb18030"), TEXT.encode("gbk"),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-le"), TEXT.encode("utf-16-be"),
    ],
    ids=["utf-8", "utf-8-bom", "gb18030", "gbk", "utf-16-le", "utf-16-be", "unmarked-le", "unmarked-be"],
)  # fmt: skip
def test_the_encodings_of_offices_are_read_unchanged(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    assert read_text(path) == TEXT


def test_a_short_list_in_gb18030_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("名单\n上海市科技服务中心\n张三\n".encode("gb18030"))
    assert "张三" in read_text(path)


def test_big5_is_read() -> None:
    text = "臺灣地區與大陸地區人民關係條例，為確保臺灣地區安全與民眾福祉，特制定本條例。" * 5
    assert decode(text.encode("big5"), "a.txt") == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("日本国民は、正当に選挙された国会における代表者を通じて行動し、この憲法を確定する。" * 5, "shift_jis"),
        ("대한민국의 국민이 되는 요건은 법률로 정한다. 국가는 재외국민을 보호할 의무를 진다." * 5, "euc-kr"),
        ("Конституция Российской Федерации принята всенародным голосованием", "cp1251"),
    ],
)
def test_another_encoding_is_refused_by_name(text: str, encoding: str) -> None:
    with pytest.raises(
        DocumentError, match=r"不是 UTF-8（第 \d+ 字节），也不是 GB18030 或 Big5；可能是 .+，请另存为 UTF-8"
    ):
        decode(text.encode(encoding), "a.txt")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04....", "已损坏"), (b"\xd0\xcf\x11\xe0....", "旧版 Office"), (b"\x1f\x8b..", "gzip"), (b"Rar!....", "rar"),
        (b"7z\xbc\xaf..", "7z"), (b"{\\rtf1", "RTF"), (b"GIF89a", "GIF"), (b"ab\x00cd", "空字节"),
        (codecs.BOM_UTF16_LE + b"\x00\xd8a", "utf-16-le"), (codecs.BOM_UTF8 + b"\xff", "utf-8"),
    ],
)  # fmt: skip
def test_a_binary_or_damaged_file_is_refused_by_kind(data: bytes, said: str) -> None:
    with pytest.raises(DocumentError, match=said):
        read_bytes(data, "a.bin")


@pytest.mark.parametrize("data", [b"", b" \n\t", "　\n".encode(), codecs.BOM_UTF8])
def test_a_file_without_words_is_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "empty.txt"
    path.write_bytes(data)
    with pytest.raises(DocumentError, match="没有文字"):
        read_text(path)


def test_a_missing_file_a_folder_and_a_giant_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="找不到文件"):
        read_text(tmp_path / "none.txt")
    with pytest.raises(DocumentError, match="是文件夹"):
        read_text(tmp_path)
    giant = tmp_path / "giant.txt"
    with giant.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(DocumentError, match="超过上限"):
        read_text(giant)


def test_a_folder_is_searched_for_policy_files_only(tmp_path: Path) -> None:
    for name in ("b.txt", "a.md", "c.MARKDOWN", "README.md", "d.xlsx", "catalog.toml", ".hidden/e.txt", "sub/f.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("甲", encoding="utf-8")
    assert [p.relative_to(tmp_path).as_posix() for p in find_files(tmp_path)] == [
        "a.md",
        "b.txt",
        "c.MARKDOWN",
        "sub/f.txt",
    ]
    assert find_files(tmp_path / "d.xlsx") == [tmp_path / "d.xlsx"]


def test_a_folder_without_documents_and_a_missing_path_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="没有政策文本"):
        find_files(tmp_path)
    with pytest.raises(DocumentError, match="找不到"):
        find_files(tmp_path / "none")
