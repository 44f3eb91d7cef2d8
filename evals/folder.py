"""What lies in a run's folder, and reading and writing it: whole files or none, lines that survive a kill.

header.json      what made the answers, and which judge graded them
questions.jsonl  the questions asked, as they stood in the dataset
gold.json        for each question the clauses that hold its gold quotes, in the index that answered
outputs.jsonl    one answer record a line, in the order of the dataset
judged.jsonl     every call of the judge, so that scoring goes on where it was cut
verdicts.jsonl   one claim a line with the verdicts of judge and guard
measures.jsonl   one question a line with all its measures
judge.json       the judge's pin and its own figures on labelled claims
scores.json      means with intervals, over all and by type
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from index.errors import InputError, StorageError, cause

HEADER, QUESTIONS, GOLD, OUTPUTS = "header.json", "questions.jsonl", "gold.json", "outputs.jsonl"
JUDGED, VERDICTS, MEASURES, JUDGE, SCORES = (
    "judged.jsonl", "verdicts.jsonl", "measures.jsonl", "judge.json", "scores.json",
)  # fmt: skip
Record = dict[str, Any]


def write_json(path: Path, content: Any) -> None:
    """Write whole or not at all.

    Raises:
        StorageError: the disk refuses.
    """
    write_text(path, json.dumps(content, ensure_ascii=False, indent=1) + "\n")


def write_lines(path: Path, rows: Iterable[Record]) -> None:
    """JSON Lines, whole or not at all.

    Raises:
        StorageError: the disk refuses.
    """
    write_text(path, "".join(line_of(row) for row in rows))


def line_of(row: Record) -> str:
    """One line of JSON Lines."""
    return json.dumps(row, ensure_ascii=False) + "\n"


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all.

    Raises:
        StorageError: the disk refuses.
    """
    draft = path.with_name(path.name + ".part")
    try:
        # A lone surrogate, which JSON can spell and UTF-8 cannot, is written as the escape it came as.
        draft.write_text(text, encoding="utf-8", errors="backslashreplace")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise StorageError(f"无法写入 {path}（{cause(error)}）；请检查路径和磁盘空间") from None


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Says what to do about a file of a run that is missing or damaged."""
    try:
        yield
    except FileNotFoundError:
        raise InputError(
            f"{path.parent} 里没有 {path.name}；请给出 `wence eval run` 写成的文件夹，缺分数时先 `wence eval score`"
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} 读不出来（{cause(error)}）；请重新运行这次评测") from None


def read_json(path: Path) -> Any:
    """A JSON file of a run.

    Raises:
        InputError: it is missing or damaged; names the file and what to do.
    """
    with _readable(path):
        return json.loads(path.read_text(encoding="utf-8"))


def read_lines(path: Path) -> list[Record]:
    """A JSON Lines file of a run.

    Raises:
        InputError: it is missing, or a line is no JSON object; names file and line.
    """
    with _readable(path):
        # Not splitlines: it also breaks at U+2028, which JSON may hold inside a text.
        lines = path.read_text(encoding="utf-8").split("\n")
    rows = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InputError(f"{path} 第 {number} 行：不是 JSON（{cause(error)}）；请重新运行这次评测") from None
        if not isinstance(row, dict):
            raise InputError(f"{path} 第 {number} 行：应为 JSON 对象，实为 {type(row).__name__}；请重新运行这次评测")
        rows.append(row)
    return rows


def finished(path: Path, key: str) -> dict[str, Record]:
    """Lines that a run wrote before it was cut, by `key`; a last line cut short by a kill is taken off the file."""
    done: dict[str, Record] = {}
    if not path.is_file():
        return done
    good = 0
    with path.open("rb") as file:
        for line in file:
            try:
                row = json.loads(line)
                name = row[key]
            except (ValueError, KeyError, TypeError):
                break
            if not line.endswith(b"\n"):
                break
            done[name] = row
            good += len(line)
    os.truncate(path, good)
    return done
