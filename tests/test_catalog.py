"""A broken catalog line is named by file, line, key and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.catalog import load_catalog
from index.clause import Status
from index.errors import CatalogError
from index.parse import parse_text

GOOD = '[[document]]\nfile = "a.txt"\ntitle = "某办法"\nstatus = "draft"\nsigned = "2024-05-17"\nexpires = ""\naliases = ["办法"]\n'


def load(folder: Path, text: str) -> dict[str, dict[str, object]]:
    (folder / "catalog.toml").write_text(text, encoding="utf-8")
    return load_catalog(folder)


def test_entries_come_by_file_name(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD)["a.txt"]["aliases"] == ["办法"]


def test_a_folder_without_a_catalog_has_no_entries(tmp_path: Path) -> None:
    assert load_catalog(tmp_path) == {}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'status = "draft"',
            'status = "drfat"',
            r'catalog.toml 第 4 行：status = "drfat"；应为 in_force、issued、draft',
        ),
        ('signed = "2024-05-17"', 'signed = "2024年5月17日"', r"第 5 行：signed = .*日期应为 2025-05-17 这样的格式"),
        ('signed = "2024-05-17"', 'signed = "2024-13-17"', r"第 5 行：signed"),
        ('signed = "2024-05-17"', 'signed = "2024-02-31"', r"第 5 行：signed"),
        ('title = "某办法"', 'document_id = ""', r"第 3 行：document_id"),
        ('title = "某办法"', "title = 3", r"第 3 行：title = 3；应为带引号的字符串"),
        ('title = "某办法"', 'titel = "某办法"', r"第 3 行：未知的键 titel；可用：.*title"),
        ('aliases = ["办法"]', 'aliases = "办法"', r"第 7 行：aliases = .*应为字符串列表"),
        ('aliases = ["办法"]', 'aliases = [""]', r"第 7 行：aliases"),
        ('file = "a.txt"\n', "", r"第 1 行：缺少 file"),
        ("[[document]]", "[document]", r"第 1 行：键 document 无效；每个文件写成一段 \[\[document\]\]"),
        ("[[document]]", "[[doc]]", r"第 1 行：键 doc 无效"),
        ('title = "某办法"', 'title = "某办法', r"TOML 语法错误：第 3 行第 \d+ 列"),
        ('title = "某办法"', "title", r"TOML 语法错误：第 3 行"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(CatalogError, match=said) as caught:
        load(tmp_path, GOOD.replace(old, new))
    assert str(tmp_path / "catalog.toml") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_line_is_counted_in_the_right_entry(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="第 11 行：status"):
        load(tmp_path, GOOD + GOOD.replace("a.txt", "b.txt").replace("draft", "no"))


def test_a_file_named_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r'第 8 行：file = "a.txt" 重复'):
        load(tmp_path, GOOD + GOOD)


def test_a_catalog_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "catalog.toml").write_bytes(GOOD.encode("gb18030"))
    with pytest.raises(CatalogError, match="不是 UTF-8"):
        load_catalog(tmp_path)


def test_the_catalog_wins_over_what_the_text_says() -> None:
    catalog = {"title": "某办法（修订）", "status": "repealed", "signed": "2024-05-17", "aliases": ["老办法"]}
    document = parse_text("某办法\n第一条 甲。\n某市财政局\n2020年1月1日\n", "a.txt", catalog).document
    assert (document.title, document.status, document.signed) == ("某办法（修订）", Status.REPEALED, "2024-05-17")
    assert document.aliases == ("老办法",)
    assert document.issuer == "某市财政局"
