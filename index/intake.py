"""Files into the documents of the next generation: found, read where they changed, refused with a reason."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from index.card import card_of, is_card
from index.catalog import load_catalog
from index.errors import InputError, WenceError
from index.holdings import Holding
from index.parse import PARSER_VERSION, parse_reading
from index.reading import catalog_place, find_files, is_there, read_file
from index.readings import Readings
from index.report import Row


def take_out_deleted(folder: Path, entries: dict[str, Holding], wanted: Callable[[Path], bool]) -> list[Row]:
    """Take out documents that were read below `folder` and whose file is not there any more."""
    if not find_files(folder):
        return []
    below = folder.resolve()
    gone = [
        n for n, e in entries.items() if below in (p := Path(e.noted["path"])).parents and wanted(p) and not is_there(p)
    ]
    return [Row(entries.pop(name).noted["path"], "removed") for name in gone]


def files_at(path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A file, or those of a folder, each with its entry in the catalog beside it.

    Raises:
        InputError: a path or catalog is unusable.
    """
    catalogs: dict[Path, dict[str, dict[str, Any]]] = {}
    for file in find_files(path):
        folder, name = catalog_place(file)
        if folder not in catalogs:
            catalogs[folder] = load_catalog(folder)
        yield file, catalogs[folder].get(name, {})
    for folder, catalog in catalogs.items():
        absent = [name for name in catalog if not is_there(folder / name)]
        if absent and path.is_dir():
            raise InputError(f'{folder / "catalog.toml"}：file = "{absent[0]}" 不在文件夹里；请改正文件名或删去这一段')


def take_in(file: Path, catalog: dict[str, Any], entries: dict[str, Holding], readings: Readings) -> Row:
    """Read one file into `entries` if it is new or has changed; the row says which, or why it was refused."""
    try:
        str(file).encode()
        data = read_file(file)
        noted = {
            "path": str(file.resolve()),
            "bytes": hashlib.sha256(data).hexdigest(),
            "catalog": hashlib.sha256(json.dumps(catalog, sort_keys=True, ensure_ascii=False).encode()).hexdigest(),
            "parser": PARSER_VERSION,
        }
        name = str(catalog.get("document_id") or file.stem)
        known = entries.get(name)
        if known and {key: known.noted.get(key) for key in noted} == noted:  # a scan takes seconds a page to read
            return Row(str(file), "unchanged", sum(not is_card(c) for c in known.clauses))
        reading = readings.read(data, file)
    except UnicodeEncodeError:
        return Row(str(file), "rejected", reason="文件名不是 UTF-8；请改名")
    except WenceError as error:
        return Row(str(file), "rejected", reason=str(error).removeprefix(str(file)).strip())
    content = hashlib.sha256(reading.text.encode("utf-8", "surrogatepass")).hexdigest()
    noted["content"] = content
    elsewhere = known and known.noted["path"] != noted["path"] and is_there(Path(known.noted["path"]))
    if known and elsewhere and known.noted["content"] != content:
        reason = f"与已收录的 {known.noted['path']} 同名；请改名，或在 catalog.toml 写明不同的 document_id"
        return Row(str(file), "rejected", reason=reason)
    twins = [n for n, e in entries.items() if e.noted["content"] == content and e.noted["path"] != noted["path"]]
    for twin in twins:
        if is_there(Path(entries[twin].noted["path"])):
            return Row(str(file), "rejected", reason=f"内容与 {entries[twin].noted['path']} 完全相同")
        del entries[twin]  # the file was moved or renamed
    parsed = parse_reading(reading, catalog_place(file)[1], catalog)
    if not parsed.clauses:
        return Row(str(file), "rejected", reason="没有读出任何条款；请用 `wence parse --coverage` 查看")
    entries[name] = Holding(parsed.document, [*parsed.clauses, card_of(parsed.document)], noted)
    low = len(parsed.receipt.low)
    before, after = (tuple(known.clauses), parsed.clauses) if known else ((), ())
    return Row(str(file), "updated" if known else "added", len(parsed.clauses), "", low, before, after)
