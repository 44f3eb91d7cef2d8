"""Damaged, locked and hostile files are one clear line, quickly: never a crash, a hang, or half a document."""

from __future__ import annotations

import struct
import zipfile
import zlib
from io import BytesIO
from pathlib import Path

import docx
import pytest
from PIL import Image

from index.build import build_index
from index.encode import Encoder
from index.errors import DocumentError
from index.files.apart import read_apart
from index.files.kinds import read_bytes
from index.reading import catalog_place, find_files, is_there, read_source, read_text
from tests import sample_files as samples

TEXT = "某市办法\n第一条 为了规范管理，制定本办法，给予不超过30万元的支持。\n"


def docx_bytes() -> bytes:
    document = docx.Document()
    document.add_paragraph("第一条 支持企业。")
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def pdf_bytes(words: str = "Article 1") -> bytes:
    content = f"BT /F1 12 Tf 72 720 Td ({words}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]  # fmt: skip
    out = b"%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(out)
    return out + b"xref\n0 6\n0000000000 65535 f \n%strailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (
        table,
        start,
    )


def locked_pdf() -> bytes:
    """A PDF whose trailer says that a password opens it."""
    locked = b"/Encrypt << /Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P -4 >> /ID [<00><00>]" % (
        b"11" * 32,
        b"22" * 32,
    )
    return pdf_bytes().replace(b"trailer << ", b"trailer << " + locked + b" ")


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def bomb() -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"0" * 30_000_000)
    return out.getvalue()


def locked_zip(data: bytes) -> bytes:
    """The same archive with the mark of encryption on each member."""
    out = bytearray(data)
    for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = out.find(sign)
        while at >= 0:
            out[at + place] |= 1
            at = out.find(sign, at + 4)
    return bytes(out)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("短.docx", docx_bytes()[:3000], "已损坏"),
        ("锁.docx", locked_zip(docx_bytes()), "已加密"),
        ("锁2.docx", b"\xd0\xcf\x11\xe0" + b"\x00" * 600 + "EncryptedPackage".encode("utf-16-le"), "打开密码"),
        ("短.pdf", pdf_bytes()[:120], "不是完好的 PDF"),
        ("锁.pdf", locked_pdf(), "打开密码"),
        ("空.pdf", b"%PDF-1.7", "不是完好的 PDF"),
        ("假.pdf", b"hello", "不是 pdf 文件"),
        ("假.docx", TEXT.encode(), "不是 docx 文件"),
        ("大.png", png(30_000, 30_000), "30,000×30,000 像素，超过上限"),
        ("短.png", png(300, 300), "不是完好的图片"),
        ("短.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF", "不是完好的图片"),
        ("表.xlsx", samples.zipped({"xl/workbook.xml": b""}), "xlsx 表格"),
        ("文.ofd", samples.zipped({"OFD.xml": b""}), "OFD 版式文件"),
    ],
    ids=lambda value: value if isinstance(value, str) else "data",
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_one_line_that_says_why(name: str, data: bytes, said: str) -> None:
    with pytest.raises(DocumentError) as raised:
        read_bytes(data, name)
    message = str(raised.value)
    assert message.startswith(name) and said in message and "\n" not in message and len(message) < 400


def test_scripts_of_a_page_are_neither_run_nor_read() -> None:
    page = (
        "<html><head><script>document.write('假的条款')</script></head><body onload='x()'><p>第一条 支持企业，按规定执行。</p>"
        "<img src=x onerror='alert(1)'><noscript>请开启脚本</noscript><p style='display:none'>隐藏的条款。</p>"
        "<iframe srcdoc='<p>框里的条款</p>'></iframe><a href='javascript:alert(1)'>链接文字。</a></body></html>"
    )
    reading = read_bytes(page.encode(), "a.html")
    assert "第一条 支持企业，按规定执行。" in reading.text
    for hidden in ("假的条款", "请开启脚本", "隐藏的条款", "框里的条款", "alert"):
        assert hidden not in reading.text
    assert [r.text for r in reading.removed if r.kind == "hidden"] == ["隐藏的条款。"]


@pytest.mark.parametrize(
    "page",
    [
        b"<html>" + b"<div>" * 100_000 + "第一条。".encode(),
        b"<html><body>" + b"<ol>" + b"<li>x" * 60_000,
        b"<html><table>" + b"<tr><td rowspan=99999 colspan=99999>a" * 500,
        b"<html><body>" + b"&lt;" * 300_000,
    ],
    ids=["deep", "wide", "spans", "entities"],
)  # fmt: skip
def test_a_strange_page_ends(page: bytes) -> None:
    try:
        read_bytes(page, "a.html")
    except DocumentError as error:
        assert "\n" not in str(error)


def test_a_reader_that_is_silent_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DocumentError, match="没有结果，已停止"):
        read_apart("pdf", pdf_bytes(), "a.pdf", silent_seconds=0.001)


def test_a_pdf_without_words_or_pictures_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf_bytes(" "))
    with pytest.raises(DocumentError, match="没有文字"):
        read_source(path)


# -- archives ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gbk", [True, False])
def test_members_of_an_archive_are_files_of_their_own(gbk: bool, tmp_path: Path) -> None:
    archive = samples.make_zip(
        {"政策/办法.txt": TEXT.encode("gb18030"), "政策/通知.docx": docx_bytes(), "图/~$通知.docx": b"x", "__MACOSX/a.txt": b"x", "表.xlsx": b"x"},
        tmp_path / "政策.zip", gbk=gbk,
    )  # fmt: skip
    found = find_files(tmp_path)
    assert [p.relative_to(archive).as_posix() for p in found] == ["政策/办法.txt", "政策/通知.docx"]
    assert read_text(found[0]) == TEXT and "第一条 支持企业。" in read_text(found[1])
    assert find_files(archive) == found and find_files(found[0]) == [found[0]]
    assert is_there(found[1]) and not is_there(archive / "政策/没有.docx")
    assert catalog_place(found[0]) == (tmp_path, "政策.zip/政策/办法.txt")


def test_an_archive_within_an_archive_is_refused_by_name(tmp_path: Path) -> None:
    archive = samples.make_zip(
        {"内.zip": samples.zipped({"a.txt": TEXT.encode()}), "外.txt": TEXT.encode()}, tmp_path / "a.zip"
    )
    assert [p.name for p in find_files(archive)] == ["内.zip", "外.txt"]
    with pytest.raises(DocumentError, match="内.zip 是压缩包里的压缩包；请先解开再收录"):
        read_source(archive / "内.zip")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (bomb(), "压缩比异常"),
        (locked_zip(samples.zipped({"a.txt": TEXT.encode()})), "已加密"),
        (samples.zipped({"../../etc/a.txt": TEXT.encode()}), "越出压缩包的路径"),
        (samples.zipped({"/etc/a.txt": TEXT.encode()}), "越出压缩包的路径"),
        (samples.zipped({"a.txt": TEXT.encode()})[:60], "已损坏"),
        (samples.zipped({"a.exe": b"MZ"}), "没有可以收录的政策文件"),
    ],
    ids=["bomb", "locked", "traversal", "absolute", "cut", "empty"],
)  # fmt: skip
def test_an_archive_that_is_not_safe_is_refused_whole(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    assert find_files(tmp_path) == [path]
    with pytest.raises(DocumentError, match=said) as raised:
        read_source(path)
    assert "\n" not in str(raised.value)


def test_an_index_takes_what_can_be_read_and_names_the_rest(tmp_path: Path, encoder: Encoder) -> None:
    folder = tmp_path / "政策"
    folder.mkdir()
    samples.make_zip({"甲.txt": TEXT.encode("gbk"), "乙.docx": docx_bytes()[:900]}, folder / "包.zip", gbk=True)
    (folder / "锁.pdf").write_bytes(locked_pdf())
    (folder / "catalog.toml").write_text('[[document]]\nfile = "包.zip/甲.txt"\nregion = "上海市"\n', encoding="utf-8")
    report = build_index(tmp_path / "home", [folder], encoder)
    assert {Path(r.file).name: r.outcome for r in report.rows} == {
        "甲.txt": "added",
        "乙.docx": "rejected",
        "锁.pdf": "rejected",
    }
    again = build_index(tmp_path / "home", [folder], encoder)
    assert {Path(r.file).name: r.outcome for r in again.rows}["甲.txt"] == "unchanged" and again.embedded == 0
    (folder / "包.zip").unlink()
    (folder / "新.txt").write_text("第一条 另一份办法，支持科技服务业企业。\n", encoding="utf-8")
    (folder / "catalog.toml").unlink()
    assert {Path(r.file).name: r.outcome for r in build_index(tmp_path / "home", [folder], encoder).rows}[
        "甲.txt"
    ] == "removed"


def test_a_picture_of_nothing_says_so(tmp_path: Path) -> None:
    Image.new("RGB", (400, 300), "white").save(tmp_path / "白.png")
    with pytest.raises(DocumentError, match="没有文字"):
        read_source(tmp_path / "白.png")
