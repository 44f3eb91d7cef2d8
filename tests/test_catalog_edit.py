"""Facts about a document are shown with the place they were read, and corrected in its catalog without losing a word."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from index.catalog import edit_entry, load_catalog
from index.errors import CatalogError, StorageError
from index.files.sheet import Composer, Run
from index.parse import parse_reading, parse_text
from tests.conftest import Ran

Wence = Callable[..., Ran]
TEXT = (
    "上海市人民政府办公厅文件\n沪府办发〔2025〕7号\n关于支持科技服务业的若干意见\n\n第一条 支持企业发展。\n\n"
    "第二条 本意见自2025年6月1日起施行，有效期至2027年5月31日。\n\n上海市人民政府办公厅\n2025年5月17日\n"
)
CATALOG = '# 由办公室维护\n[[document]]\nfile = "a.txt"  # 第一份\nregion = "上海市"\n\n[[document]]\nfile = "b.txt"\nstatus = "draft"\n'


def folder_with(tmp_path: Path, catalog: str = CATALOG) -> Path:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(TEXT.replace("7号", "8号" if name == "b.txt" else "7号"), encoding="utf-8")
    (tmp_path / "catalog.toml").write_text(catalog, encoding="utf-8")
    return tmp_path


def test_each_fact_names_the_words_it_was_read_from() -> None:
    facts = {f.key: f for f in parse_text(TEXT, "a.txt").facts}
    for key, value, words in (
        ("title", "关于支持科技服务业的若干意见", "关于支持科技服务业的若干意见"),
        ("number", "沪府办发〔2025〕7号", "沪府办发〔2025〕7号"), ("issuer", "上海市人民政府办公厅", "上海市人民政府办公厅文件"),
        ("signed", "2025-05-17", "2025年5月17日"), ("effective", "2025-06-01", "自2025年6月1日起施行"),
        ("expires", "2027-05-31", "有效期至2027年5月31日"),
    ):  # fmt: skip
        fact = facts[key]
        assert (fact.value, fact.origin) == (value, "text") and words in fact.quote
        assert fact.start is not None and TEXT[fact.start :].startswith(fact.quote[:6])
    assert (facts["region"].value, facts["region"].origin) == ("上海市", "derived")
    assert (facts["status"].value, facts["status"].quote) == ("issued", "沪府办发〔2025〕7号")
    assert facts["published"].origin == "none" and facts["published"].start is None
    assert {f.key: f.origin for f in parse_text("没有题目的一段话。", "文件名.txt").facts}["title"] == "file"


def test_a_fact_knows_its_page() -> None:
    out = Composer()
    out.paragraph([Run("关于支持科技服务业的若干意见", 1)])
    out.paragraph([Run("第一条 本意见自2025年6月1日起施行。", 3)])
    facts = {f.key: f for f in parse_reading(out.finish("pdf"), "a.pdf").facts}
    assert (facts["title"].page, facts["effective"].page) == (1, 3)
    assert "第 3 页" in facts["effective"].line()


def test_the_catalog_wins_and_what_the_text_says_stays_visible() -> None:
    facts = {
        f.key: f
        for f in parse_text(TEXT, "a.txt", {"file": "a.txt", "expires": "2028-01-01", "region": "上海市"}).facts
    }
    assert (facts["expires"].value, facts["expires"].origin, facts["expires"].read) == (
        "2028-01-01",
        "catalog",
        "2027-05-31",
    )
    assert "读出 2027-05-31" in facts["expires"].line() and "一致" in facts["region"].line()


def test_an_edit_keeps_comments_and_other_entries(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    edit_entry(folder, "a.txt", {"expires": "2028-01-01", "aliases": ["若干意见", "意见"]})
    text = (folder / "catalog.toml").read_text(encoding="utf-8")
    assert "# 由办公室维护" in text and "# 第一份" in text
    entries = load_catalog(folder)
    assert entries["a.txt"] == {
        "file": "a.txt",
        "region": "上海市",
        "expires": "2028-01-01",
        "aliases": ["若干意见", "意见"],
    }
    assert entries["b.txt"] == {"file": "b.txt", "status": "draft"}
    edit_entry(folder, "a.txt", {}, ["aliases", "region"])
    assert load_catalog(folder)["a.txt"] == {"file": "a.txt", "expires": "2028-01-01"}


def test_an_entry_and_a_catalog_are_made_when_there_is_none(tmp_path: Path) -> None:
    edit_entry(tmp_path, "包.zip/甲.docx", {"title": '带"引号"的\\标题'})
    assert load_catalog(tmp_path) == {"包.zip/甲.docx": {"file": "包.zip/甲.docx", "title": '带"引号"的\\标题'}}
    edit_entry(tmp_path, "乙.pdf", {"status": "draft"})
    assert load_catalog(tmp_path)["乙.pdf"]["status"] == "draft"
    assert not [p for p in tmp_path.iterdir() if p.name.endswith(".new")]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("expire", "2027-01-01", "未知的键 expire"), ("expires", "2027年", "日期应为 2025-05-17 这样的格式"), ("expires", "2027-02-30", "日期"),
        ("status", "有效", "应为 in_force、issued"), ("file", "b.txt", "不能修改"), ("document_id", " ", "不空的名字"),
    ],
)  # fmt: skip
def test_a_wrong_change_is_one_line_and_changes_nothing(key: str, value: str, said: str, tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    with pytest.raises(CatalogError, match=said) as raised:
        edit_entry(folder, "a.txt", {"region": "深圳市", key: value})
    assert "\n" not in str(raised.value)
    assert (folder / "catalog.toml").read_text(encoding="utf-8") == CATALOG


def test_a_broken_catalog_is_not_written_over(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, '[[document]]\nfile = "a.txt"\nstatus = "有效"\n')
    with pytest.raises(CatalogError, match="第 3 行"):
        edit_entry(folder, "a.txt", {"region": "上海市"})
    assert "有效" in (folder / "catalog.toml").read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_with(tmp_path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="磁盘已满"):
        edit_entry(folder, "a.txt", {"region": "深圳市"})
    assert (folder / "catalog.toml").read_text(encoding="utf-8") == CATALOG
    assert not [p for p in folder.iterdir() if p.name.endswith(".new")]


def _edit(folder: str, number: int) -> None:
    edit_entry(Path(folder), f"{number}.txt", {"region": "上海市"})


def test_edits_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        pool.starmap(_edit, [(str(tmp_path), number) for number in range(12)])
    assert sorted(load_catalog(tmp_path)) == sorted(f"{number}.txt" for number in range(12))


def test_the_command_shows_and_edits(wence: Wence, tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    file = str(folder / "a.txt")
    shown = wence("parse", "--metadata", file)
    assert shown.status == 0 and "number" in shown.out and "正文第 13 字符：“沪府办发〔2025〕7号”" in shown.out
    edited = wence("catalog", "edit", file, "expires=2028-01-01", "aliases=若干意见、意见", "--remove", "region")
    assert edited.status == 0 and "已写入" in edited.out and "wence index" in edited.out
    rows = {row["key"]: row for row in wence("catalog", "show", file, "--json").rows}
    assert (rows["expires"]["value"], rows["expires"]["origin"], rows["expires"]["read"]) == (
        "2028-01-01",
        "catalog",
        "2027-05-31",
    )
    assert rows["region"]["origin"] == "derived"
    assert "expires" in json.dumps(rows)
    for words, status, said in (
        ((file, "expires"), 2, "不是 键=值"), ((file,), 2, "没有要改的内容"), ((file, "expires=明天"), 1, "日期应为"),
        (("没有.txt", "status=draft"), 1, "没有文件"),
    ):  # fmt: skip
        ran = wence("catalog", "edit", *words, home=tmp_path / "home")
        assert ran.status == status and said in ran.err and ran.err.count("\n") == 1 and ran.out == ""


def test_a_document_of_the_index_is_found_by_its_names(wence: Wence, corpus_home: Path) -> None:
    for name in ("sh-rnd-2023-409", "沪经信技〔2023〕409号", "研发产业化实施意见"):
        ran = wence("catalog", "show", name, home=corpus_home)
        assert ran.status == 0 and "上海市吸引集聚企业研发机构" in ran.out
    unknown = wence("catalog", "show", "没有这份", home=corpus_home)
    assert unknown.status == 1 and "索引里有 0 份文件叫" in unknown.err


@pytest.mark.parametrize(
    "text", ['[[document]]\nfile = "b.txt"', '[[document]]\nfile = "b.txt"\n# 注', "document = []", "document = []\n"]
)
def test_a_catalog_without_a_last_line_end_or_without_entries_is_not_ruined(tmp_path: Path, text: str) -> None:
    (tmp_path / "catalog.toml").write_text(text, encoding="utf-8")
    edit_entry(tmp_path, "a.txt", {"number": "某发〔2025〕1号"})
    entries = load_catalog(tmp_path)
    assert entries["a.txt"]["number"] == "某发〔2025〕1号" and ("b.txt" in entries) == ("b.txt" in text)
