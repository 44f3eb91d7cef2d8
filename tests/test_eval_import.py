"""Sheets that evaluators keep become question sets, or every problem is named and nothing is written."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from evals import sheets
from evals.questions import load_questions

Wence = Callable[..., Any]
OFFSHORE = "对符合条件的离岸孵化器，在张江、临港新片区试点给予最高不超过 200 万元的资金支持"
FIRST = "给予不超过创新产品合同金额的 30%、最高不超过 2000 万元支持"
SEMICOLON = "经认定的高新技术成果转化项目，按规定享受财政扶持资金；对研究制定具有行业影响力的国际标准"
HEAD = [
    "问题（必填）",
    "题型",
    "地区",
    "依据文件",
    "依据原文",
    "必须说*",
    "不能说",
    "提示",
    "能否回答",
    "原因",
    "历史 对话",
]
ROWS = [
    ["离岸孵化器补多少", "金额", "", "沪经信技〔2023〕409号", OFFSHORE, "200万元\n最高/不超过\n1/3", "2000万元；5000万元", "试点区域", "能", "", ""],
    ["截止到几号", "追问", "上海", "", "", "", "", "", "不能", "文件没写", "用户：上海升规奖励多少\n助手：首年不超过30万元。\n分三年。"],
    ["首台套和国际标准", "我们的题型", "", "409", f"{FIRST}\n{SEMICOLON}", "", "", "", "", "", ""],
]  # fmt: skip


def write_csv(path: Path, rows: list[list[str]], encoding: str = "utf-8-sig", delimiter: str = ",") -> Path:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def write_excel(path: Path, rows: list[list[Any]]) -> Path:
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def imported(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(
    ("name", "encoding", "delimiter"),
    [
        ("bom.csv", "utf-8-sig", ","),
        ("plain.csv", "utf-8", ","),
        ("gb.csv", "gb18030", ","),
        ("utf16.csv", "utf-16", "\t"),
        ("semicolon.csv", "utf-8-sig", ";"),
        ("tab.tsv", "utf-8", "\t"),
        ("sheet.xlsx", "", ""),
    ],
)
def test_a_sheet_becomes_the_same_question_set_however_it_was_saved(
    wence: Wence, tmp_path: Path, name: str, encoding: str, delimiter: str
) -> None:
    rows = [["评测表", "第一版"], [], HEAD, *ROWS]
    source = write_csv(tmp_path / name, rows, encoding, delimiter) if encoding else write_excel(tmp_path / name, rows)
    out = tmp_path / "set.jsonl"
    ran = wence("eval", "import", str(source), "--out", str(out))
    assert (ran.status, ran.out.split("（")[0]) == (0, f"3 题写入 {out}")
    first, second, third = imported(out)
    assert first == {
        "id": "q001", "question": "离岸孵化器补多少", "history": [], "region": None, "type": "amount",
        "answerable": True, "why_not": None, "gold": [{"document": "sh-rnd-2023-409", "quote": OFFSHORE}],
        "gold_mode": "any", "must_say": [["200万元"], ["最高", "不超过"], ["1/3"]],
        "must_not_say": ["2000万元", "5000万元"], "notices": ["pilot_area"], "note": "",
    }  # fmt: skip
    assert second["history"] == [
        {"role": "user", "content": "上海升规奖励多少"},
        {"role": "assistant", "content": "首年不超过30万元。\n分三年。"},
    ]
    assert (second["region"], second["answerable"], second["why_not"]) == ("上海市", False, "no_evidence")
    assert [g["quote"] for g in third["gold"]] == [FIRST, SEMICOLON]
    assert (third["type"], third["answerable"]) == ("我们的题型", True)
    assert len(load_questions(out)) == 3


@pytest.mark.parametrize(
    ("change", "heading", "words"),
    [
        ({"依据原文": OFFSHORE.replace("200", "300")}, "依据原文", "sh-rnd-2023-409 里没有这段原文：“对符合条件的离岸孵化器"),
        ({"依据文件": "", "依据原文": "最高 300 万元"}, "依据原文", "没有一份文件含有这段原文：“最高 300 万元”"),
        ({"依据文件": "深圳实施方案", "依据原文": FIRST}, "依据原文", "sz-plan-draft 里没有这段原文：“给予不超过创新产品合同金额的 30%、最高不超过 2000 万元支持”；它在 sh-rnd-2023-409 里"),
        ({"依据文件": "某某办法"}, "依据原文", "没有文件叫 '某某办法'"),
        ({"依据文件": "", "依据原文": "市科委"}, "依据原文", "都有这段原文"),
        ({"依据文件": "409号；深圳方案；11号"}, "依据原文", "请一一对应"),
        ({"问题": ""}, "问题", "是空的"),
        ({"地区": "火星"}, "地区", "应为一个省市的名字，如 上海市，实为 '火星'"),
        ({"提示": "快过期"}, "提示", "应为 征求意见稿、"),
        ({"能否回答": "也许"}, "能否回答", "应为 能 或 不能，实为 '也许'"),
        ({"能否回答": "不能"}, "原因", "不能回答的题要写明原因"),
        ({"原因": "文件没写"}, "原因", "能回答的题不写原因"),
        ({"能否回答": "不能", "原因": "忘了"}, "原因", "应为 文件没写、"),
        ({"能否回答": "", "依据原文": "", "依据文件": ""}, "能否回答", "看不出来"),
        ({"历史对话": "上海升规奖励多少"}, "历史对话", "前面写 用户： 或 助手："),
        ({"依据关系": "或者"}, "依据关系", "应为 任一、"),
    ],
)  # fmt: skip
def test_a_wrong_cell_is_named_by_row_and_column_and_nothing_is_written(
    wence: Wence, tmp_path: Path, change: dict[str, str], heading: str, words: str
) -> None:
    head = ["问题", "地区", "依据文件", "依据原文", "依据关系", "提示", "能否回答", "原因", "历史对话"]
    good = {"问题": "离岸孵化器补多少", "依据文件": "409号文", "依据原文": OFFSHORE, "能否回答": "能"}
    rows = [head, *([row.get(h, "") for h in head] for row in (good, {**good, **change}))]
    source, out = write_csv(tmp_path / "in.csv", rows), tmp_path / "set.jsonl"
    ran = wence("eval", "import", str(source), "--out", str(out))
    assert ran.status == 1
    assert f"{source} 第 3 行“{heading}”列：" in ran.err and words in ran.err
    assert ran.err.splitlines()[-1].startswith(f"wence：{source} 有 1 处问题")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.csv"]


def test_all_problems_are_told_at_once_and_lines_are_counted_as_an_editor_does(wence: Wence, tmp_path: Path) -> None:
    """A cell of several lines must not shift the line numbers below it."""
    rows = [
        ["编号", "问题", "能否回答", "原因"],
        ["a", "问\n题", "不能", "文件\n没写"],
        ["b", "问", "也许", ""],
        ["b", "", "不能", "无关"],
    ]
    ran = wence("eval", "import", str(write_csv(tmp_path / "in.csv", rows)), "--out", str(tmp_path / "set.jsonl"))
    told = [line.split(" ", 1)[1].split("：")[0] for line in ran.err.splitlines()[:-1]]
    assert told == ["第 2 行“原因”列", "第 5 行“能否回答”列", "第 6 行“问题”列", "第 6 行“编号”列"]
    assert "有 4 处问题" in ran.err


def test_formulas_and_error_values_are_reported_and_never_computed(wence: Wence, tmp_path: Path) -> None:
    rows = [["问题", "必须说", "能否回答", "原因"], ['=HYPERLINK("http://x","看")', "", "不能", "无关"], ["问", "=1+1", "不能", "无关"],
            ["问二", "#N/A", "不能", "无关"]]  # fmt: skip
    ran = wence("eval", "import", str(write_excel(tmp_path / "in.xlsx", rows)), "--out", str(tmp_path / "o.jsonl"))
    assert [line.split("：")[0].split(" ", 1)[1] for line in ran.err.splitlines()[:-1]] == [
        "第 2 行“问题”列", "第 3 行“必须说”列", "第 4 行“必须说”列",
    ]  # fmt: skip
    assert "公式" in ran.err and "#N/A" in ran.err


def test_what_excel_stores_as_numbers_and_dates_reads_as_shown(wence: Wence, tmp_path: Path) -> None:
    import datetime as dt

    path = write_excel(tmp_path / "in.xlsx", [["编号", "问题", "必须说", "能否回答", "原因"]])
    book = load_workbook(path)
    sheet: Any = book.active
    for n, (value, shown) in enumerate(
        [(0.3, "0%"), (200, "General"), (12.5, "0.0"), (dt.date(2026, 12, 31), "yyyy-mm-dd")], 2
    ):
        sheet.append([n, "问", value, False, "无关"])
        sheet.cell(n, 3).number_format = shown
    book.save(path)
    out = tmp_path / "set.jsonl"
    assert wence("eval", "import", str(path), "--out", str(out)).status == 0
    assert [row["must_say"] for row in imported(out)] == [[["30%"]], [["200"]], [["12.5"]], [["2026年12月31日"]]]
    assert [row["id"] for row in imported(out)] == ["2", "3", "4", "5"]


def test_the_template_is_filled_and_imported(wence: Wence, tmp_path: Path) -> None:
    empty, out = tmp_path / "空表.xlsx", tmp_path / "set.jsonl"
    assert wence("eval", "template", "--out", str(empty)).status == 0
    ran = wence("eval", "import", str(empty), "--out", str(out))
    assert ran.status == 1 and "里没有题目" in ran.err
    book = load_workbook(empty)
    assert book.sheetnames == ["题目", "说明"]
    heads = [c.value for c in book["题目"][1]]
    for wanted in (
        "问题",
        "题型",
        "地区",
        "依据文件",
        "依据原文",
        "必须说",
        "不能说",
        "提示",
        "能否回答",
        "原因",
        "历史对话",
    ):
        assert wanted in heads
    # The examples themselves must pass: they are what people copy.
    for row in range(2, book["题目"].max_row + 1):
        book["题目"].cell(row, 1).value = None
    book.save(empty)
    assert wence("eval", "import", str(empty), "--out", str(out)).status == 0
    assert [row["type"] for row in imported(out)] == ["amount", "followup"]
    again = wence("eval", "template", "--out", str(empty))
    assert again.status == 1 and "已经存在" in again.err


def test_own_columns_are_passed_over_and_said(wence: Wence, tmp_path: Path) -> None:
    rows = [["问题", "负责人", "原因"], ["今天天气", "小王", "无关"]]
    out = tmp_path / "set.jsonl"
    ran = wence("eval", "import", str(write_csv(tmp_path / "in.csv", rows)), "--out", str(out))
    assert ran.status == 0 and "没有用到的列：负责人" in ran.err
    assert imported(out)[0]["why_not"] == "out_of_scope"


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([["题面", "答案"], ["a", "b"]], "没有“问题”这一列"),
        ([["问题", "提问"], ["a", "b"]], "“问题”和“提问”两列是同一个意思"),
        ([["问题"] + ["列"] * 200], "超过 100 列"),
    ],
)
def test_a_sheet_of_another_shape_is_one_line(wence: Wence, tmp_path: Path, rows: list[list[str]], words: str) -> None:
    ran = wence("eval", "import", str(write_csv(tmp_path / "in.csv", rows)), "--out", str(tmp_path / "o.jsonl"))
    assert ran.status == 1 and ran.err.count("\n") == 1 and words in ran.err


def test_files_that_are_no_sheets_are_one_line(wence: Wence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def said(path: Path) -> str:
        ran = wence("eval", "import", str(path), "--out", str(tmp_path / "o.jsonl"))
        assert ran.status == 1 and ran.err.count("\n") == 1, ran.err
        return str(ran.err)

    damaged, packed = tmp_path / "damaged.xlsx", tmp_path / "packed.xlsx"
    damaged.write_bytes(b"PK\x03\x04 no zip")
    assert "已损坏" in said(damaged)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("xl/workbook.xml", "<x/>")
    assert "读不出来" in said(packed)
    old = tmp_path / "old.xlsx"
    old.write_bytes(b"\xd0\xcf\x11\xe0" + b"\0" * 600)
    assert "加了密码，或是旧版" in said(old)
    assert ".xlsx" in said(tmp_path / "a.xls") and "不是表格" in said(tmp_path / "a.pdf")
    assert "无法读取" in said(tmp_path / "absent.xlsx") and "找不到" in said(tmp_path / "absent.csv")
    # A small zip that swells is refused by what it says it holds, before it is unpacked.
    monkeypatch.setattr(sheets, "MAX_UNPACKED_BYTES", 50_000)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("xl/workbook.xml", "<x/>" + " " * 100_000)
    assert packed.stat().st_size < 1000 and "解开后有" in said(packed)
    monkeypatch.setattr(sheets, "MAX_ROWS", 2)
    assert "超过 2 行" in said(write_csv(tmp_path / "long.csv", [["问题"], ["a"], ["b"]]))
    assert "不是完好的 CSV" in said(write_csv(tmp_path / "wide.csv", [["问题"], ["a" * 200_000]]))


def test_a_full_disk_leaves_nothing_half_written(wence: Wence, tmp_path: Path, small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(b"\0" * (4 * 1024 * 1024 - 8192))
    rows = [["问题", "原因", "备注"], *([f"问{n}", "无关", "长" * 3000] for n in range(9))]
    out = small_disk / "set.jsonl"
    ran = wence("eval", "import", str(write_csv(tmp_path / "in.csv", rows)), "--out", str(out))
    assert ran.status == 1 and "磁盘" in ran.err and ran.err.count("\n") == 1
    assert [p.name for p in small_disk.iterdir()] == ["filler"]


def test_cells_that_are_only_coloured_in_do_not_count(wence: Wence, tmp_path: Path) -> None:
    from openpyxl.styles import PatternFill

    path = write_excel(tmp_path / "in.xlsx", [["问题", "原因"], ["问", "无关"]])
    book = load_workbook(path)
    sheet: Any = book.active
    for cell in (sheet.cell(2, 300), sheet.cell(25_000, 1)):
        cell.fill = PatternFill("solid", fgColor="FFFF00")
    book.save(path)
    assert wence("eval", "import", str(path), "--out", str(tmp_path / "set.jsonl")).status == 0


def test_cells_that_spreadsheet_programs_would_run_are_defused(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    sheets.write_csv(path, [["=1+1", "+86", "-5", "@x", "30%"]])
    assert path.read_text(encoding="utf-8-sig").strip() == "'=1+1,'+86,'-5,'@x,30%"
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
