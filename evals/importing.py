"""`wence eval import`: sheets that evaluators keep → a question set.

    table → heading row → one row a question → the line of the schema

Every problem is reported with its row and column, and nothing is written while there is one. Gold quotes are
checked against the policy files, so that a slip of the pen shows now and not as a wrong score later.
"""

from __future__ import annotations

import argparse
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evals.corpus import Corpus
from evals.folder import write_text
from evals.schema import QuestionLine, explain
from evals.sheets import Row, read_tables
from evals.template import EXAMPLE, HEADINGS, MODES, NO, NOTICES, REASONS, TYPES, YES
from index.errors import InputError, UsageError
from index.regions import mentioned_regions

HEADING_ROWS = 10
"""The headings are looked for in so many rows from the top: people put a title above."""
_SPEAKERS = {"用户": "user", "问": "user", "user": "user", "助手": "assistant", "系统": "assistant", "答": "assistant",
             "assistant": "assistant"}  # fmt: skip
_TURN = re.compile(rf"\s*({'|'.join(_SPEAKERS)})\s*[:：]\s*", re.I)
_BULLET = re.compile(r"^(?:\d{1,2}[.、)](?!\d)|[-•·])\s*")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one cell."""

    row: int
    heading: str
    """The column as the sheet calls it; "" for the whole row."""
    message: str

    def __str__(self) -> str:
        return f"第 {self.row} 行{f'“{self.heading}”列' if self.heading else ''}：{self.message}"


@dataclass(slots=True)
class Imported:
    """What a sheet holds."""

    lines: list[QuestionLine]
    problems: list[Problem]
    ignored: list[str]
    """Headings of columns that mean no field."""


class _Cell(ValueError):
    """A cell cannot be used; the message says why."""


def read_questions(path: Path, corpus: Corpus) -> Imported:
    """Questions of a CSV or Excel sheet.

    Raises:
        InputError: the file cannot be read, or no column is headed 问题.
    """
    rows, columns, ignored = _table(path)
    done = Imported([], [], ignored)
    taken: dict[str, int] = {}
    waiting: list[tuple[Row, dict[str, Any]]] = []
    for row in rows:
        cells = {field: row.cells[at] for field, (at, _) in columns.items() if at < len(row.cells)}
        if not any(c.text or c.wrong for c in cells.values()) or _text(cells, "id").startswith(EXAMPLE):
            continue
        heading = {field: name for field, (_, name) in columns.items()}
        wrong = [Problem(row.number, heading[f], c.wrong) for f, c in cells.items() if c.wrong]
        values = {f: c.text for f, c in cells.items()}
        line, more = _line(row.number, values, heading, corpus)
        done.problems += wrong or more
        name = line["id"]
        if name and name in taken:
            done.problems.append(Problem(row.number, heading["id"], f"编号 {name} 与第 {taken[name]} 行重复"))
        elif name:
            taken[name] = row.number
        if not wrong and not more:
            waiting.append((row, line))
    free = (f"q{n:03d}" for n in range(1, 10**6) if f"q{n:03d}" not in taken)
    for row, line in waiting:
        try:
            done.lines.append(QuestionLine.model_validate({**line, "id": line["id"] or next(free)}))
        except ValidationError as error:
            done.problems.append(Problem(row.number, "", explain(error, QuestionLine)))
    done.problems.sort(key=lambda p: p.row)
    return done


def _text(cells: Mapping[str, Any], field: str) -> str:
    return cells[field].text if field in cells else ""


def _table(path: Path) -> tuple[list[Row], dict[str, tuple[int, str]], list[str]]:
    """Rows below the headings, field → (column, heading), and headings of no field; of the table with most fields."""
    best: tuple[list[Row], dict[str, tuple[int, str]], list[str]] | None = None
    for table in read_tables(path):
        for at, row in enumerate(table[:HEADING_ROWS]):
            columns, ignored = _columns(path, row)
            if "question" in columns and (best is None or len(columns) > len(best[1])):
                best = (table[at + 1 :], columns, ignored)
    if best is None:
        raise InputError(
            f"{path} 前 {HEADING_ROWS} 行里没有“问题”这一列；请加上列名，或用 `wence eval template --out 空表.xlsx` 取一份空表"
        )
    return best


def _columns(path: Path, row: Row) -> tuple[dict[str, tuple[int, str]], list[str]]:
    columns: dict[str, tuple[int, str]] = {}
    ignored = []
    for at, cell in enumerate(row.cells):
        field = _FIELD_OF.get(_heading(cell.text))
        if field and field in columns and "question" in columns:
            raise InputError(
                f"{path} 第 {row.number} 行：“{columns[field][1]}”和“{cell.text}”两列是同一个意思；请只留一列"
            )
        if field:
            columns[field] = (at, " ".join(cell.text.split()))
        elif cell.text:
            ignored.append(" ".join(cell.text.split()))
    return columns, ignored


def _heading(text: str) -> str:
    flat = unicodedata.normalize("NFKC", text).lower()
    return "".join(c for c in re.sub(r"[(\[【][^)\]】]*[)\]】]", "", flat) if c.isalnum())


_FIELD_OF = {_heading(name): field for field, names in HEADINGS.items() for name in names}


def _line(
    row: int, values: dict[str, str], heading: Mapping[str, str], corpus: Corpus
) -> tuple[dict[str, Any], list[Problem]]:
    """The line of one row, and what is wrong with it."""
    problems: list[Problem] = []
    line: dict[str, Any] = {}

    def take(field: str, made: Any) -> None:
        try:
            line[field] = made()
        except _Cell as error:
            problems.append(Problem(row, heading.get(field, ""), str(error)))

    def cell(field: str) -> str:
        return values.get(field, "")

    line["id"], line["note"] = cell("id"), cell("note")
    take("question", lambda: _required(cell("question")))
    take("history", lambda: _history(cell("history")))
    take("region", lambda: _region(cell("region")))
    line["type"] = TYPES.get(cell("type"), cell("type") or "other")
    line["gold_mode"] = "any"
    if cell("gold_mode"):
        take("gold_mode", lambda: _one_of(cell("gold_mode"), MODES))
    line["must_say"] = [_wordings(value) for value in _values(cell("must_say"))]
    line["must_not_say"] = _values(cell("must_not_say"))
    take("notices", lambda: list(dict.fromkeys(_one_of(v, NOTICES) for v in _values(cell("notices")))))
    line["why_not"] = None
    if cell("why_not"):
        take("why_not", lambda: _one_of(cell("why_not"), REASONS))
    try:
        line["gold"] = list(_golds(cell("document"), cell("quote"), corpus))
    except _Cell as error:
        problems.append(Problem(row, heading.get("quote", heading.get("document", "")), str(error)))
    take("answerable", lambda: _answerable(cell("answerable"), cell("quote"), cell("why_not")))
    if line.get("answerable") is False and not cell("why_not"):
        problems.append(Problem(row, heading.get("why_not", HEADINGS["why_not"][0]), "不能回答的题要写明原因"))
    if line.get("answerable") is True and cell("why_not"):
        problems.append(Problem(row, heading["why_not"], "能回答的题不写原因"))
    return line, problems


def _required(text: str) -> str:
    if not text:
        raise _Cell("是空的；每行写一个问题")
    return text


def _values(text: str) -> list[str]:
    """Several values in a cell stand on lines of their own or between semicolons; bullets are taken off."""
    pieces = (_BULLET.sub("", p.strip()) for p in re.split(r"[\n；;]", text))
    return [p for p in pieces if p]


def _wordings(value: str) -> list[str]:
    """Wordings of one point stand between slashes; a slash between figures (1/3) divides nothing."""
    pieces = re.split(r"(?<!\d)[/／|]|[/／|](?!\d)", value)
    return [p.strip() for p in pieces if p.strip()] or [value]


def _one_of(text: str, names: Mapping[str, str]) -> str:
    value = names.get(text, text.strip().lower())
    if value not in names.values():
        raise _Cell(f"应为 {'、'.join(names)} 之一，实为 {text!r}")
    return value


def _region(text: str) -> str | None:
    if not text:
        return None
    regions = mentioned_regions(text).regions
    if len(regions) != 1:
        raise _Cell(f"应为一个省市的名字，如 上海市，实为 {text!r}")
    return regions[0]


def _answerable(text: str, quote: str, reason: str) -> bool:
    said = text.lower()
    if said in YES:
        return True
    if said in NO:
        return False
    if text:
        raise _Cell(f"应为 能 或 不能，实为 {text!r}")
    if quote and not reason:
        return True
    if reason and not quote:
        return False
    raise _Cell("没有写，又看不出来：有依据原文的填 能，否则填 不能 并写原因")


def _history(text: str) -> list[dict[str, str]]:
    turns: list[dict[str, str]] = []
    for line in text.split("\n"):
        if m := _TURN.match(line):
            turns.append({"role": _SPEAKERS[m.group(1).lower()], "content": line[m.end() :].strip()})
        elif turns:
            turns[-1]["content"] += "\n" + line.strip()
        elif line.strip():
            raise _Cell(f"每句话另起一行，前面写 用户： 或 助手：，实为 {_short(line)}")
    return [{**t, "content": t["content"].strip()} for t in turns]


def _golds(documents: str, quotes: str, corpus: Corpus) -> Iterator[dict[str, str]]:
    """Each quote with its document; a single document is that of all quotes, none is looked for."""
    named = [_document(d, corpus) for d in _values(documents)]
    found = _quotes(quotes, corpus)
    if len(named) > 1 and len(named) != len(found):
        raise _Cell(f"有 {len(named)} 份依据文件、{len(found)} 段原文；请一一对应，或只写一份文件")
    for at, quote in enumerate(found):
        told = named[at] if len(named) > 1 else named[0] if named else ""
        holders = corpus.holders(quote)
        if told and told not in holders:
            other = f"；它在 {'、'.join(holders)} 里" if holders else ""
            raise _Cell(f"{told} 里没有这段原文：{_short(quote)}{other}")
        if not holders:
            raise _Cell(f"没有一份文件含有这段原文：{_short(quote)}；请从文件里逐字复制")
        if not told and len(holders) > 1:
            raise _Cell(f"{'、'.join(holders)} 都有这段原文：{_short(quote)}；请写明依据文件")
        yield {"document": told or holders[0], "quote": quote}


def _quotes(text: str, corpus: Corpus) -> list[str]:
    """Quotes stand on lines of their own; semicolons divide only what is not one quote as it stands."""
    found: list[str] = []
    for line in (p.strip() for p in text.split("\n")):
        pieces = [line] if not line or corpus.holders(line) else _values(line)
        found += [p for p in pieces if p]
    return found


def _document(name: str, corpus: Corpus) -> str:
    ids = corpus.named(name)
    if len(ids) == 1:
        return next(iter(ids))
    known = "、".join(sorted(ids or corpus.sources))
    raise _Cell(f"{'不止一份' if ids else '没有'}文件叫 {name!r}；应为 {known} 之一，或它的标题、文号")


def _short(text: str) -> str:
    return f"“{text if len(text) <= 40 else text[:40] + '…'}”"


def import_sheet(options: argparse.Namespace) -> int:
    """wence eval import SHEET --out FILE.jsonl [--corpus FOLDER]."""
    from assistant.settings import BUNDLED_CORPUS

    if options.out.resolve() == options.sheet.resolve():
        raise UsageError("--out 与表格是同一个文件；请另写一个 .jsonl")
    done = read_questions(options.sheet, Corpus.read(options.corpus or BUNDLED_CORPUS))
    if done.ignored:
        print(f"没有用到的列：{'、'.join(done.ignored)}", file=sys.stderr)
    if done.problems:
        for problem in done.problems:
            print(f"{options.sheet} {problem}", file=sys.stderr)
        raise InputError(f"{options.sheet} 有 {len(done.problems)} 处问题，没有写出文件；请改好后再运行")
    if not done.lines:
        raise InputError(f"{options.sheet} 里没有题目（编号以“{EXAMPLE}”开头的行不算）；每行写一个问题")
    write_text(options.out, "".join(line.model_dump_json() + "\n" for line in done.lines))
    types = "，".join(f"{name} {n}" for name, n in Counter(line.type for line in done.lines).most_common())
    print(f"{len(done.lines)} 题写入 {options.out}（{types}）")
    if bare := sum(line.answerable and not line.gold for line in done.lines):
        print(f"其中 {bare} 题能回答但没有依据原文：检索的指标不计这些题", file=sys.stderr)
    return 0
