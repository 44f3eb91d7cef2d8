"""`wence catalog`: what is known of a document and where it was read; corrections go into its catalog.toml."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from index.catalog import LISTS, edit_entry, load_catalog
from index.contents import read_documents
from index.errors import IndexMissingError, InputError, UsageError, WenceError
from index.generation import current_generation
from index.parse import Parsed, parse_reading
from index.reading import catalog_place, is_there, read_source


def run(options: argparse.Namespace, home: Path) -> int:
    """Do what was asked with one document; exit status 0.

    Raises:
        UsageError: a change is not written as KEY=VALUE.
        InputError: no such document, or a change that is not valid.
    """
    path = find(options.document, home)
    if options.action == "edit":
        changes = changes_of(options.change)
        if not changes and not options.remove:
            raise UsageError("没有要改的内容；请写成 `wence catalog edit 文件 expires=2027-05-31`，或用 --remove 键")
        folder, name = catalog_place(path)
        catalog = edit_entry(folder, name, changes, options.remove)
        print(f"已写入 {catalog}；运行 `wence index {path}` 后生效")
    show(read(path), options.json)
    return 0


def find(name: str, home: Path) -> Path:
    """File of a document: a path, or the id or title of one in the index.

    Raises:
        InputError: there is none, or its file is gone.
    """
    if is_there(Path(name)):
        return Path(name)
    try:
        documents = read_documents(current_generation(home))
    except IndexMissingError:
        raise InputError(f"没有文件 {name}，也还没有索引；请给出文件路径") from None
    except WenceError as error:
        raise InputError(f"没有文件 {name}，索引也读不了（{error}）；请给出文件路径") from None
    found = [(d, noted) for d, noted in documents if name in (d.document_id, d.title, d.number, d.file, *d.aliases)]
    if len(found) != 1:
        known = "、".join(d.document_id for d, _ in (found or documents)[:8])
        raise InputError(f"索引里有 {len(found)} 份文件叫 {name!r}；请用下列名字之一或文件路径：{known}")
    path = Path(found[0][1]["path"])
    if not is_there(path):
        raise InputError(f"{name} 的文件 {path} 已不在；请放回后再试")
    return path


def changes_of(words: list[str]) -> dict[str, str | list[str]]:
    """KEY=VALUE words as changes; values of a list (aliases, repeals, …) are parted by 、 or ,.

    Raises:
        UsageError: a word has no =.
    """
    changes: dict[str, str | list[str]] = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not sign:
            raise UsageError(f"{word!r} 不是 键=值；如 expires=2027-05-31")
        many = [v.strip() for v in value.replace(",", "、").replace("，", "、").split("、") if v.strip()]
        changes[key.strip()] = many if key.strip() in LISTS else value.strip()
    return changes


def read(path: Path) -> Parsed:
    """A file parsed with its catalog entry."""
    folder, name = catalog_place(path)
    return parse_reading(read_source(path), name, load_catalog(folder).get(name))


def show(parsed: Parsed, as_json: bool) -> None:
    """Print what is known of a document and where it was read."""
    for fact in parsed.facts:
        print(json.dumps(fact.to_json(), ensure_ascii=False) if as_json else fact.line())
