"""Who is responsible: brackets, lines and last sentences that name departments, and those that do not."""

from __future__ import annotations

import pytest

from index.departments import department_line, parse_departments, trailing_bracket


def roles(content: str) -> dict[str, str]:
    return {d.name: d.role for d in parse_departments(content)}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("责任单位：市科委、市教委", {"市科委": "lead", "市教委": "lead"}),
        ("市科委牵头，市财政局配合", {"市科委": "lead", "市财政局": "support"}),
        ("市科委、市经信委按职责分工负责", {"市科委": "support", "市经信委": "support"}),
        ("市投资促进局牵头；各区按职责分工落实", {"市投资促进局": "lead", "各区": "support"}),
        (
            "牵头单位：市科委；配合单位：市财政局、各区政府",
            {"市科委": "lead", "市财政局": "support", "各区政府": "support"},
        ),
        ("牵头单位：市发改委 责任单位：市科委、市财政局", {"市发改委": "lead", "市科委": "lead", "市财政局": "lead"}),
        ("责任单位：市科委，完成时限：2024年12月", {"市科委": "lead"}),
        ("市委宣传部负责", {"市委宣传部": "lead"}),
        ("市科委、市财政局等按职责分工负责", {"市科委": "support", "市财政局": "support"}),
        ("市科委", {"市科委": "lead"}),
        ("市科委、市财政局，各区政府", {"市科委": "lead", "市财政局": "lead", "各区政府": "lead"}),
    ],
)
def test_roles_are_what_the_bracket_says(content: str, expected: dict[str, str]) -> None:
    assert roles(content) == expected


@pytest.mark.parametrize(
    "content",
    [
        "以下简称企业",
        "含个体工商户",
        "2024年修订",
        "张江、临港",
        "企业、高校、科研院所",
        "持续推进",
        "试行",
        "GB/T 19001",
        "一",
        "",
        "座机",
        "国家标准",
    ],
)
def test_other_brackets_name_no_department(content: str) -> None:
    assert roles(content) == {}


@pytest.mark.parametrize("pair", ["（）", "()", "［］", "[]", "【】", "〔〕"])
def test_every_kind_of_bracket_is_read(pair: str) -> None:
    text = f"支持企业发展。{pair[0]}市科委牵头，各区（含开发区，下同）配合{pair[1]}"
    bracket = trailing_bracket(text)
    assert bracket is not None
    assert text[bracket.start : bracket.end] == text[7:]
    assert [d.name for d in bracket.departments] == ["市科委", "各区（含开发区，下同）"]


def test_a_list_of_things_inside_a_sentence_is_text() -> None:
    assert trailing_bracket("支持三类主体（企业、高校、科研院所）。") is None
    assert trailing_bracket("由两家单位（市科委、市财政局）。") is None
    assert trailing_bracket("提升水平）") is None
    assert trailing_bracket("（" * 5000 + "）") is None


def test_departments_printed_without_brackets_are_read() -> None:
    assert [d.name for d in department_line("责任单位：市经信委、各区政府")] == ["市经信委", "各区政府"]
    assert department_line("责任单位应当落实责任。") == ()
    assert department_line("实施时间：2024年") == ()
    last = trailing_bracket("建设公共服务平台。责任单位：市科委。")
    assert last is not None
    assert (last.start, [d.name for d in last.departments]) == (9, ["市科委"])
