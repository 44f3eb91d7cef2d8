"""What may be handed in to the library, under which name, and what is refused at once."""

from __future__ import annotations

import io
import threading
import zipfile
from pathlib import Path

import pytest

from assistant.library import naming
from assistant.library.items import Conflict, State
from assistant.library.library import Library
from assistant.library.naming import cleaned_name
from index.errors import InputError
from tests.library.shelf import (
    ADMIN,
    EDITOR,
    files_in,
    hand_in,
    notice,
)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("程序.exe", b"MZ", "不收这种文件"), ("空.txt", b"", "空文件"), ("", b"x", "不收这种文件"), (".docx", b"x", "不收这种文件"),
        ("包.zip", b"PK\x05\x06" + bytes(18), "没有可以收录的文件"), ("包.zip", b"not a zip", "已损坏"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_said_at_once_and_leaves_nothing(
    library: Library, name: str, data: bytes, said: str
) -> None:
    with pytest.raises(InputError, match=said) as raised:
        library.hand_in(io.BytesIO(data), name, EDITOR)
    assert "/tmp" not in str(raised.value)
    assert files_in(library) == [] and library.items.all() == []


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("坏.docx", b"PK\x03\x04 broken", "已损坏"), ("坏.pdf", b"%PDF-1.7 broken", "坏.pdf 不是完好的 PDF"), ("坏.png", b"\x89PNG broken", "坏.png 不是完好的图片"),
        ("表.txt", b"\xff\xfe\x00\xd8", "表.txt"), ("空白.txt", b" \n \n", "空白.txt"), ("压缩.txt", b"\x1f\x8b123", "gzip"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_ends_in_a_clear_line_and_leaves_no_file(
    library: Library, home: Path, name: str, data: bytes, said: str
) -> None:
    item = hand_in(library, name, data)
    assert item.state is State.UNREADABLE and said in item.error and str(home) not in item.error
    assert files_in(library) == []
    library.delete(item.id, ADMIN)
    assert library.items.all() == []


def test_the_bounds_are_kept_and_said(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.library.vault.MOST_BYTES", 1000)
    with pytest.raises(InputError, match="超过上限"):
        library.hand_in(io.BytesIO(notice() * 3), "大.txt", EDITOR)
    monkeypatch.setattr("assistant.library.vault.MOST_BYTES", naming.MOST_BYTES)
    monkeypatch.setattr("assistant.library.items.MOST_WAITING", 2)
    for number in (1, 2):
        hand_in(library, f"{number}.txt", notice(number))
    with pytest.raises(Conflict, match="待审文件已有 2 份，达到上限 2"):
        library.hand_in(io.BytesIO(notice(3)), "三.txt", EDITOR)
    monkeypatch.setattr("assistant.library.items.MOST_WAITING", 200)
    monkeypatch.setattr("assistant.library.vault.MOST_KEPT_BYTES", 2 * len(notice()))
    with pytest.raises(InputError, match="文件库已满"):
        library.hand_in(io.BytesIO(notice(3)), "三.txt", EDITOR)
    assert files_in(library) == ["original", "original"]


def test_the_same_file_is_not_taken_twice(either: Library) -> None:
    hand_in(either, "算力券.txt", notice())
    with pytest.raises(Conflict, match="与 算力券.txt（待审）完全相同"):
        either.hand_in(io.BytesIO(notice()), "另一个名字.txt", EDITOR)
    assert files_in(either) == ["original"]


def test_a_file_handed_in_while_the_same_one_is_deleted_is_kept(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = hand_in(library, "算力券.txt", notice())
    library.reject(item.id, "不要", ADMIN)
    sender = threading.Thread(target=library.hand_in, args=(io.BytesIO(notice()), "又来.txt", EDITOR))
    used = library.items.used

    def and_then(hash_: str) -> bool:
        found = used(hash_)
        if not sender.ident:
            sender.start()
            sender.join(1)  # it is done by now, or waits until the bytes are gone
        return found

    monkeypatch.setattr(library.items, "used", and_then)
    library.delete(item.id, ADMIN)
    sender.join(300)
    assert library.reading.wait(300)
    (again,) = library.items.all()
    assert (again.name, again.state) == ("又来.txt", State.STAGED) and files_in(library) == ["original"]
    assert library.preview(again.id)["text"]


def test_an_archive_becomes_its_files(library: Library) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("2026/一.txt", notice(1))
        archive.writestr("2026/二.txt", notice(2))
        archive.writestr("说明.xyz", "不是文件")
    packed.seek(0)
    items = library.hand_in(packed, "一批.zip", EDITOR)
    assert [i.name for i in items] == ["一.txt", "二.txt"] and library.reading.wait(120)
    assert [i.state for i in library.items.all()] == [State.STAGED, State.STAGED]
    packed.seek(0)
    with pytest.raises(Conflict, match="完全相同"):
        library.hand_in(packed, "再来.zip", EDITOR)
    assert len(library.items.all()) == 2 and files_in(library) == ["original", "original"]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("若干措施.docx", "若干措施.docx"), ("C:\\fakepath\\a.PDF", "a.PDF"), ("../../etc/passwd.txt", "passwd.txt"), ("a/../b.md", "b.md"),
        ("\u202etxt.exe.pdf", "txt.exe.pdf"), (".隐藏.txt", "隐藏.txt"), ("~$临时.docx", "临时.docx"), ("x\x00\n.html", "x.html"),
        ('a:b*"c".txt', "a_b__c_.txt"), ("README.md", "README_.md"), ("长" * 300 + ".docx", "长" * 65 + ".docx"),
    ],
)  # fmt: skip
def test_names_are_cleaned(given: str, name: str) -> None:
    assert cleaned_name(given) == name
