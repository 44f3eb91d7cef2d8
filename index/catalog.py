"""catalog.toml: what an operator knows of a document beyond its text. Entries override what is read.

A broken line is an error that names file, line, key and what was expected; nothing is guessed.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

from index.clause import Document, Status
from index.errors import CatalogError, StorageError, cause
from index.origins import RELATION_KEYS

CATALOG_NAME = "catalog.toml"
LISTS = frozenset({"aliases", *RELATION_KEYS})
"""Keys whose value is a list."""
_KEYS = {f.name for f in fields(Document)} - {"text_hash", "validity_text", "relations", "amendments"} | LISTS
_DATES = {"signed", "published", "effective", "expires", "repealed"}


def load_catalog(folder: Path) -> dict[str, dict[str, Any]]:
    """Entries of `folder/catalog.toml` by file name; {} when there is none.

    Raises:
        CatalogError: unreadable TOML, unknown key, wrong type or value, missing or repeated file.
    """
    path = folder / CATALOG_NAME
    if not path.is_file():
        return {}
    try:
        text = path.read_text(encoding="utf-8-sig")
        data = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise CatalogError(f"{path} 第 {line} 行：不是 UTF-8 文本；请另存为 UTF-8") from None
    except OSError as error:
        raise CatalogError(f"无法读取 {path}（{cause(error)}）；请检查权限") from None
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(f"{path}：TOML 语法错误：{_chinese(str(error))}") from None
    lines = text.splitlines()
    unknown = set(data) - {"document"}
    written = data.get("document", [])
    if unknown or not (isinstance(written, list) and all(isinstance(entry, dict) for entry in written)):
        key = next(iter(unknown), "document")
        raise CatalogError(f"{path} 第 {_line(lines, key)} 行：键 {key} 无效；每个文件写成一段 [[document]]")
    entries: dict[str, dict[str, Any]] = {}
    starts = [i for i, row in enumerate(lines, 1) if re.match(r"\s*\[\[\s*document\s*\]\]", row)]
    if len(starts) != len(written):  # written in another of TOML's ways: lines are then found from the top
        starts = [1] * len(written)
    for start, entry in zip(starts, written, strict=True):
        _check(path, lines, start, entry)
        if entry["file"] in entries:
            raise CatalogError(f'{path} 第 {start} 行：file = "{entry["file"]}" 重复；每个文件只写一段')
        entries[entry["file"]] = entry
    return entries


def _check(path: Path, lines: list[str], start: int, entry: dict[str, Any]) -> None:
    for key, value in entry.items():
        check_value(f"{path} 第 {_line(lines, key, start)} 行", key, value)
    if not entry.get("file"):
        raise CatalogError(f'{path} 第 {start} 行：缺少 file；应写明文件名，如 file = "a.txt"')


def check_value(where: str, key: str, value: object) -> None:
    """Whether a key may have a value; `where` begins the message.

    Raises:
        CatalogError: unknown key, wrong type or value.
    """
    if key not in _KEYS:
        raise CatalogError(f"{where}：未知的键 {key}；可用：{'、'.join(sorted(_KEYS))}")
    if key in LISTS:
        if not (isinstance(value, list) and all(isinstance(v, str) and v for v in value)):
            example = "若干意见" if key == "aliases" else "沪府办发〔2020〕1号"
            raise CatalogError(f'{where}：{key} = {value!r}；应为字符串列表，如 ["{example}"]')
    elif not isinstance(value, str):
        raise CatalogError(f"{where}：{key} = {value!r}；应为带引号的字符串")
    elif key == "document_id" and not value.strip():
        raise CatalogError(f'{where}：document_id = "{value}"；应为不空的名字，或删去这一行')
    elif key == "status" and value not in set(Status):
        raise CatalogError(f'{where}：status = "{value}"；应为 {"、".join(Status)}')
    elif key in _DATES and value and not _is_date(value):
        raise CatalogError(f'{where}：{key} = "{value}"；日期应为 2025-05-17 这样的格式，未知则写 ""')


def edit_entry(folder: Path, file: str, changes: Mapping[str, str | list[str]], drop: Sequence[str] = ()) -> Path:
    """Change one entry of `folder/catalog.toml`, made when there is none; comments and other entries stay as they are.

    Args:
        folder: where the file lies.
        file: its name there.
        changes: values by key.
        drop: keys whose override is taken back, so that the text speaks again.

    Returns:
        The catalog, written in one step.

    Raises:
        CatalogError: a change is not valid, or the catalog as it stands is not; nothing is written then.
        StorageError: the folder cannot be written.
    """
    from filelock import FileLock

    path = folder / CATALOG_NAME
    for key, value in changes.items():
        if key == "file":
            raise CatalogError("file 是文件名，不能修改；文件改名后请直接改 catalog.toml")
        check_value(f"{key}={'、'.join(value) if isinstance(value, list) else value}", key, value)
    for key in drop:
        if key not in _KEYS or key == "file":
            raise CatalogError(f"未知的键 {key}；可用：{'、'.join(sorted(_KEYS - {'file'}))}")
    try:
        with FileLock(str(folder / f".{CATALOG_NAME}.lock")):
            load_catalog(folder)  # what is broken already is said with its line, and not written over
            text = path.read_text(encoding="utf-8-sig") if path.is_file() else ""
            made = _edited(text, file, changes, drop)
            if _others(_parsed(made, path), file) != _others(_parsed(text, path), file):
                raise CatalogError(f"{path} 的写法不能自动修改；请直接编辑它")
            _replace(path, made)
            load_catalog(folder)
    except OSError as error:
        raise StorageError(f"无法写入 {path}（{cause(error)}）；请检查权限和磁盘空间") from None
    return path


def _parsed(text: str, path: Path) -> list[dict[str, object]]:
    try:
        return list(tomllib.loads(text).get("document", []))
    except tomllib.TOMLDecodeError:
        raise CatalogError(f"{path} 的写法不能自动修改；请直接编辑它") from None


def _others(entries: Sequence[Mapping[str, object]], file: str) -> list[Mapping[str, object]]:
    return [entry for entry in entries if entry.get("file") != file]


def _edited(text: str, file: str, changes: Mapping[str, str | list[str]], drop: Sequence[str]) -> str:
    import tomlkit

    document = tomlkit.parse(text if not text or text.endswith("\n") else text + "\n")
    entries = document.get("document")
    if not entries:
        document.pop("document", None)
        entries = tomlkit.aot()
        document["document"] = entries
    entry = next((e for e in entries if e.get("file") == file), None)
    if entry is None:
        entry = tomlkit.table()
        entry["file"] = file
        entries.append(entry)
        entry = entries[-1]
    for key, value in changes.items():
        entry[key] = value
    for key in drop:
        entry.pop(key, None)
    return tomlkit.dumps(document)


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if path.is_file():
            draft.chmod(path.stat().st_mode & 0o777)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _is_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _line(lines: list[str], key: str, start: int = 1) -> int:
    for i, row in enumerate(lines[start - 1 :], start):
        if re.match(rf"\s*(\[\[?\s*)?[\"']?{re.escape(key)}\b", row):
            return i
    return start


def _chinese(message: str) -> str:
    m = re.search(r"\(at line (\d+), column (\d+)\)", message)
    where = f"第 {m.group(1)} 行第 {m.group(2)} 列" if m else "文件末尾"
    return f"{where}（{re.sub(r' *[(]at .*[)]', '', message)}）"
