"""Sheets as people keep them, CSV and Excel: rows of text with the place of each cell. The only file that touches
openpyxl.

Nothing in a sheet is ever computed: a formula is reported, not evaluated. Sizes are checked before reading, packed
and unpacked, so that a small file that swells is refused.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from index.errors import InputError, StorageError, cause
from index.reading import MAX_FILE_BYTES, read_text

MAX_ROWS = 20_000
MAX_COLUMNS = 100
MAX_UNPACKED_BYTES = 200 * 1024 * 1024
"""An Excel file is a zip; 20 MB of it can hold gigabytes of repeated text."""
_DELIMITERS = (",", "\t", ";")
_CSV = (".csv", ".tsv", ".txt")
_EXCEL = (".xlsx", ".xlsm")
_RISKY = ("=", "+", "-", "@", "\t", "\r")
"""A cell that starts so is run as a formula by spreadsheet programs (OWASP, CSV injection)."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as text."""

    text: str
    wrong: str = ""
    """Why it cannot be used, "" when it can: a formula, an error value."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `number` is what the sheet itself shows (for CSV the line it begins on), from 1."""

    number: int
    cells: tuple[Cell, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing is written in it."""
        return not any(c.text or c.wrong for c in self.cells)


def read_tables(path: Path) -> list[list[Row]]:
    """The tables that a file may be meant to hold, likeliest first: the sheets of an Excel file, or a CSV file
    parsed with each delimiter.

    Raises:
        InputError: neither CSV nor Excel, unreadable, damaged, encrypted or too large.
    """
    suffix = path.suffix.lower()
    if suffix in _EXCEL:
        return _read_excel(path)
    if suffix in _CSV:
        text = read_text(path)
        return [_read_csv(path, text, d) for d in _DELIMITERS]
    if suffix == ".xls":
        raise InputError(f"{path} 是旧版 Excel；请另存为 .xlsx")
    raise InputError(f"{path} 不是表格；应为 {'、'.join((*_CSV[:2], *_EXCEL))} 文件")


def _read_csv(path: Path, text: str, delimiter: str) -> list[Row]:
    rows: list[Row] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    start = 1
    try:
        for cells in reader:
            _add(path, rows, Row(start, tuple(Cell(c.strip()) for c in cells)))
            start = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{path} 第 {start} 行：不是完好的 CSV（{error}）；请重新导出") from None
    return rows


def _add(path: Path, rows: list[Row], row: Row) -> None:
    """Keep a row that holds something; cells and rows that are only coloured in do not count."""
    if row.empty:
        return
    rows.append(row)
    columns = 1 + max(i for i, c in enumerate(row.cells) if c.text or c.wrong)
    if len(rows) > MAX_ROWS:
        raise InputError(f"{path} 超过 {MAX_ROWS:,} 行；请拆成几份")
    if columns > MAX_COLUMNS:
        raise InputError(f"{path} 第 {row.number} 行有 {columns} 列，超过 {MAX_COLUMNS} 列；请只留需要的列")


def _read_excel(path: Path) -> list[list[Row]]:
    from openpyxl import load_workbook

    _check_zip(path)
    try:
        book = load_workbook(path, read_only=True, data_only=False, keep_links=False)
        try:
            return [_read_sheet(path, sheet) for sheet in book.worksheets if sheet.sheet_state == "visible"]
        finally:
            book.close()
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - openpyxl fails on damaged files in a dozen ways
        raise InputError(f"{path} 读不出来（{cause(error)}）；请用表格软件打开后另存为 .xlsx") from None


def _check_zip(path: Path) -> None:
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise InputError(f"{path} 有 {size:,} 字节，超过上限 {MAX_FILE_BYTES:,}；请拆成几份")
        with path.open("rb") as file:
            old = file.read(4) == b"\xd0\xcf\x11\xe0"
        with zipfile.ZipFile(path) as packed:
            unpacked = sum(i.file_size for i in packed.infolist())
    except OSError as error:
        raise InputError(f"无法读取 {path}（{cause(error)}）；请检查路径") from None
    except zipfile.BadZipFile:
        why = "加了密码，或是旧版 Excel" if old else "不是 Excel 文件，或已损坏"
        raise InputError(f"{path} {why}；请另存为不加密的 .xlsx") from None
    if unpacked > MAX_UNPACKED_BYTES:
        raise InputError(f"{path} 解开后有 {unpacked:,} 字节，超过上限 {MAX_UNPACKED_BYTES:,}；请只留需要的内容")


def _read_sheet(path: Path, sheet: Any) -> list[Row]:
    sheet.reset_dimensions()  # the size that a file claims may be wrong; what is there counts
    rows: list[Row] = []
    for number, cells in enumerate(sheet.iter_rows(), 1):
        _add(path, rows, Row(number, tuple(map(_cell, cells))))
    return rows


def _cell(cell: Any) -> Cell:
    value = cell.value
    if value is None:
        return Cell("")
    if cell.data_type == "f":
        return Cell("", "这一格是公式；请复制后“粘贴为值”")
    if cell.data_type == "e":
        return Cell("", f"这一格是错误值 {value}；请改正")
    if isinstance(value, bool):
        return Cell("是" if value else "否")
    if isinstance(value, datetime | date):
        return Cell(f"{value.year}年{value.month}月{value.day}日")
    if isinstance(value, int | float):
        percent = "%" in (cell.number_format or "")
        return Cell(f"{value * 100 if percent else value:.10g}" + ("%" if percent else ""))
    return Cell(str(value).replace("_x000D_", "").replace("\r\n", "\n").strip())


def harmless(text: str) -> str:
    """Text for a cell of a CSV file that a spreadsheet program opens: never taken for a formula."""
    return "'" + text if text.startswith(_RISKY) else text


def write_csv(path: Path, rows: Sequence[Sequence[str]]) -> None:
    """A CSV file that Excel opens as it is (UTF-8 with mark), whole or not at all.

    Raises:
        StorageError: the disk refuses.
    """

    def fill(draft: Path) -> None:
        with draft.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([[harmless(c) for c in row] for row in rows])

    write_whole(path, fill)


def write_whole(path: Path, fill: Callable[[Path], object]) -> None:
    """`fill` a draft beside `path`, then put it in its place; nothing half-written remains.

    Raises:
        StorageError: the disk refuses.
    """
    draft = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fill(draft)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise StorageError(f"无法写入 {path}（{cause(error)}）；请检查路径和磁盘空间") from None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the template."""

    heading: str
    width: int
    comment: str
    choices: tuple[str, ...] = ()
    """What the drop-down offers; () for free text."""


def write_workbook(
    path: Path, title: str, columns: Sequence[Column], rows: Sequence[Sequence[str]], notes: Sequence[Sequence[str]]
) -> None:
    """An Excel file with a sheet of headings and rows, and a sheet of notes (heading, text). All of it is text: a
    question that begins with = is no formula.

    Raises:
        StorageError: the disk refuses.
    """
    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    sheet: Any = book.active
    sheet.title = title
    sheet.append([c.heading for c in columns])
    for row in rows:
        sheet.append([ILLEGAL_CHARACTERS_RE.sub("", value) for value in row])
    for number, column in enumerate(columns, 1):
        letter = get_column_letter(number)
        head = sheet.cell(1, number)
        head.font, head.fill = Font(bold=True), PatternFill("solid", fgColor="DDE7F3")
        head.comment = Comment(column.comment, "问策", width=320, height=120)
        sheet.column_dimensions[letter].width = column.width
        if column.choices:
            listed = DataValidation(type="list", formula1=f'"{",".join(column.choices)}"', allow_blank=True)
            sheet.add_data_validation(listed)
            listed.add(f"{letter}2:{letter}{MAX_ROWS}")
    for cells in sheet.iter_rows(min_row=2):
        for cell in cells:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.data_type = "s"
    sheet.freeze_panes = "A2"
    guide = book.create_sheet("说明")
    for line in notes:
        guide.append(list(line))
    guide.column_dimensions["A"].width, guide.column_dimensions["B"].width = 18, 100
    for cells in guide.iter_rows():
        for cell in cells:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    write_whole(path, book.save)
