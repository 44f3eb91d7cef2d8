"""What is a number at a line's start, and what is only a reference."""

from __future__ import annotations

import pytest

from index.markers import Family, find_marker, is_reference
from index.numerals import chinese_ordinal, parse_ordinal

OPEN = "对不符合条件的企业，由市科技行政部门责令限期改正，依照本办法"


@pytest.mark.parametrize(
    ("line", "family", "number", "label"),
    [
        ("第一千零二条　物权受法律平等保护", Family.ARTICLE, 1002, "第一千零二条"),
        ("第１２条　甲", Family.ARTICLE, 12, "第１２条"),
        ("第 11 条 甲", Family.ARTICLE, 11, "第 11 条"),
        ("第十 二 条　甲", Family.ARTICLE, 12, "第十 二 条"),
        ("第二条项目申报应当遵循精简的原则", Family.ARTICLE, 2, "第二条"),
        ("第三条目标考核由市政府组织", Family.ARTICLE, 3, "第三条"),
        ("第四条以科技创新为重点", Family.ARTICLE, 4, "第四条"),
        ("第五条和谐社会建设", Family.ARTICLE, 5, "第五条"),
        ("第六条至少每年评估一次", Family.ARTICLE, 6, "第六条"),
        ("第七条第三条规定的考核按年度进行", Family.ARTICLE, 7, "第七条"),
        ("第一条：为了加强管理", Family.ARTICLE, 1, "第一条"),
        ("第一编　总则", Family.PART, 1, "第一编"),
        ("第二分编 准合同", Family.SUBPART, 2, "第二分编"),
        ("第三章　一般规定", Family.CHAPTER, 3, "第三章"),
        ("第四节 法人", Family.SECTION, 4, "第四节"),
        ("十二、保障措施", Family.COMMA, 12, "十二、"),
        ("一．总则", Family.COMMA, 1, "一．"),
        ("（十一）提升能力", Family.PAREN, 11, "（十一）"),
        ("(一)自然人享有姓名权", Family.PAREN, 1, "(一)"),
        ("（一）项目申报条件", Family.PAREN, 1, "（一）"),
        ("㈡己项", Family.PAREN, 2, "㈡"),
        ("1．全称", Family.ARABIC, 1, "1．"),
        ("１２．支持平台", Family.ARABIC, 12, "１２．"),
        ("3、其他材料", Family.ARABIC, 3, "3、"),
        ("3.5G产业发展", Family.ARABIC, 3, "3."),
        ("1.2025年底前建成", Family.ARABIC, 1, "1."),
        ("⒈丙项", Family.ARABIC, 1, "⒈"),
        ("4.1 总体要求", Family.DECIMAL, 1, "4.1"),
        ("4.1.2 机构", Family.DECIMAL, 2, "4.1.2"),
        ("（3）年龄不超过60周岁", Family.PAREN_ARABIC, 3, "（3）"),
        ("⑵乙项", Family.PAREN_ARABIC, 2, "⑵"),
        ("2）无不良记录", Family.HALF_PAREN, 2, "2）"),
        ("③最后提交", Family.CIRCLED, 3, "③"),
        ("b) 硕士以上", Family.LETTER, 2, "b)"),
    ],
)
def test_a_number_in_any_notation_opens_a_clause(line: str, family: Family, number: int, label: str) -> None:
    marker = find_marker(line)
    assert marker is not None
    assert (marker.family, marker.number, marker.label) == (family, number, label)


def test_a_branch_article_keeps_its_own_identity() -> None:
    marker = find_marker("第二十条之一　本市设立基金")
    assert marker is not None
    assert (marker.number, marker.branch, marker.label) == (20, 1, "第二十条之一")


@pytest.mark.parametrize(
    "line",
    [
        "第三条的规定办理", "第七节相应改为第八节，其他不变。", "第三条、第四条所列", "第三条规定的，由市科技局责令改正", "第五条第二款规定", "第二条所称科技进步",
        "第一百条中的“科委”修改为“科技局”", "（一）项和第（二）项办理", "500万元奖励", "2.5万元补贴", "3年内有效", "2024年底前建成",
        "10家以上企业入驻的", "1.5 ", "条", "第", "（", "",
    ],
)  # fmt: skip
def test_a_reference_or_a_figure_opens_nothing(line: str) -> None:
    assert find_marker(line) is None


def test_a_number_that_continues_a_broken_sentence_is_a_reference() -> None:
    assert find_marker("第三条执行，并报市政府备案", before=OPEN) is None
    assert find_marker("一、二期工程同步建设", before="加快推进产业园区基础设施和公共服务平台建设，启动") is None
    assert find_marker("第三条　执行机关为市科技局。", before="某市科技服务业促进办法") is not None


def test_the_rest_of_a_broken_reference_is_recognised() -> None:
    assert is_reference("第三条规定的，由市科技局责令改正")
    assert is_reference("（一）项和第（二）项办理")
    assert is_reference("第二款所列事项")
    assert not is_reference("第三条　本办法适用于本市")
    assert not is_reference("（一）项目申报")


@pytest.mark.parametrize("number", [*range(1, 130), 200, 203, 210, 999, 1000, 1001, 1002, 1010, 1100, 1260, 9999])
def test_ordinals_come_back_as_they_were_written(number: int) -> None:
    assert parse_ordinal(chinese_ordinal(number)) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [("两百三", 230), ("二〇二五", 2025), ("〇", 0), ("１２", 12), ("条", None), ("", None), ("12345678901", None)],
)
def test_ordinals_are_read_as_people_write_them(text: str, number: int | None) -> None:
    assert parse_ordinal(text) == number


@pytest.mark.parametrize("number", [0, -1, 10_000])
def test_an_ordinal_out_of_range_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="1..9999"):
        chinese_ordinal(number)
