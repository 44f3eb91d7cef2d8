"""Quantities: one value for every notation, with unit and bound; names made of digits are none."""

import time

import pytest

from assistant.quantities import Quantity, find_quantities, parse_number


def one(text: str) -> Quantity:
    found = find_quantities(text)
    assert len(found) == 1, [text[q.start : q.end] for q in found]
    return found[0]


@pytest.mark.parametrize(
    ("text", "yuan"),
    [
        ("30万元", 3e5), ("30 万元", 3e5), ("三十万元", 3e5), ("三十万", 3e5), ("300000元", 3e5), ("300,000元", 3e5), ("３０万元", 3e5),
        ("3.3亿元", 3.3e8), ("33000万元", 3.3e8), ("3300余万元", 3.3e7), ("三千三百多万元", 3.3e7), ("0.3万亿元", 3e11), ("两千万元", 2e7),
        ("一点五亿元", 1.5e8), ("一点五亿", 1.5e8), ("三点二多亿元", 3.2e8), ("零点三万亿元", 3e11), ("两万亿", 2e12), ("一点五千万", 1.5e7),
    ],
)  # fmt: skip
def test_an_amount_is_one_value_in_every_notation(text: str, yuan: float) -> None:
    q = one(text)
    assert (q.kind, q.unit) == ("money", "元")
    assert q.value == pytest.approx(yuan)


@pytest.mark.parametrize(
    ("text", "percent"),
    [("30%", 30), ("３０％", 30), ("百分之三十", 30), ("三成", 30), ("一半", 50), ("9.2%", 9.2), ("百分之九点二", 9.2)],
)
def test_a_percentage_is_one_value_in_every_notation(text: str, percent: float) -> None:
    assert one(text).key == ("percent", "%")
    assert one(text).value == pytest.approx(percent)


def test_percentage_points_are_not_percent() -> None:
    assert one("提高5个百分点").unit == "百分点"


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("不超过30万元", "at_most"), ("最高 500 万元", "at_most"), ("最高不超过200万元", "at_most"), ("二十万元以内", "at_most"), ("封顶五百万元", "at_most"),
        ("1000万元封顶", "at_most"), ("上限为10万元", "at_most"), ("最多可以拿到300万元", "at_most"), ("至多30万元", "at_most"), ("顶格30万元", "at_most"),
        ("不低于50%", "at_least"), ("50%以上", "at_least"), ("突破3000亿元", "at_least"), ("超 8 亿元", "at_least"), ("奖励起步就是200万元", "at_least"),
        ("20 家左右", "approx"), ("约500家", "approx"), ("3300余万元", "approx"), ("近三成", "approx"), ("给予30万元", "exact"), ("节约30万元", "exact"),
    ],
)  # fmt: skip
def test_a_bound_is_read_from_the_words_around_the_figure(text: str, bound: str) -> None:
    assert one(text).bound == bound


def test_one_cap_word_holds_for_a_whole_list() -> None:
    assert [q.bound for q in find_quantities("不超过30万元、20万元、10万元的奖励")] == ["at_most"] * 3


def test_a_cap_on_one_figure_is_not_a_cap_on_another() -> None:
    assert [q.bound for q in find_quantities("按并购交易额的 5%、最高 500 万元")] == ["exact", "at_most"]


def test_days_and_working_days_differ() -> None:
    assert one("30日内").key != one("30个工作日内").key
    assert one("三年内").value == 36


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026年12月31日", 20261231),
        ("2025 年 3 月", 20250300),
        ("到2030年", 20300000),
        ("二〇二五年", 20250000),
        ("2025-05-17", 20250517),
    ],
)
def test_dates_keep_what_is_said_and_no_more(text: str, value: float) -> None:
    assert (one(text).kind, one(text).value) == ("date", value)


def test_a_span_of_months_is_not_the_year() -> None:
    assert one("2024年1-11月").value == one("2024年前11个月").value
    assert one("2024年1-11月").upper == 20241100


def test_a_date_left_open_is_marked() -> None:
    assert one("自 202x 年 x 月 x 日起").open_date
    assert one("自2024年XX月XX日起").open_date
    assert not one("至2026年12月31日").open_date


def test_ordinal_years_have_one_form() -> None:
    assert [one(t).value for t in ("首年", "第一年", "次年", "第二年", "第三年")] == [1, 1, 2, 2, 3]


def test_a_range_has_both_ends() -> None:
    assert (one("3-5 个").value, one("3-5 个").upper) == (one("三到五个").value, one("三到五个").upper) == (3, 5)


@pytest.mark.parametrize(
    "text",
    [
        "沪府办规〔2024〕14号", "11号文", "5G 和 AI4S", "“3+6”重点产业", "三大先导产业", "一站式服务", "一批企业", "统一安排", "第0353号代表建议",
        "第三方机构", "千行百业", "十四五规划", "上一年度", "去年", "一次性奖励", "成果转化", "威海路48号", "联系电话：63580013",
    ],
)  # fmt: skip
def test_names_and_phrases_with_digits_are_no_quantities(text: str) -> None:
    assert [text[q.start : q.end] for q in find_quantities(text)] == []


def test_a_reference_to_articles_is_kept_apart() -> None:
    assert one("本方案第1至3条").kind == "article"


def test_spans_point_into_the_text_as_given() -> None:
    text = "首年给予不超过 30 万元的奖励，第二年给予不超过 20 万元"
    assert [text[q.start : q.end] for q in find_quantities(text)] == ["首年", "30 万元", "第二年", "20 万元"]
    assert text[slice(*find_quantities(text)[1].outer)] == "不超过 30 万元"


def test_numbers_are_parsed_in_both_scripts() -> None:
    values = [
        parse_number(t)
        for t in ("3,300", "3.3亿", "三千三百多万", "五点六", "一点五亿", "二〇二五", "一百零五", "两百三", "元")
    ]
    assert values == [3300, 3.3e8, 3.3e7, 5.6, 1.5e8, 2025, 105, 230, None]
    assert [parse_number(t) for t in ("一点亿", "一点五个", "六十六点六八亿")] == [None, None, parse_number("66.68亿")]


@pytest.mark.parametrize("text", ["", "。", "元", "万", "%", "年月日", "第", "〔〕", "一" * 300, "9" * 300 + "元"])
def test_odd_text_raises_nothing(text: str) -> None:
    find_quantities(text)


def test_a_long_sentence_does_not_explode() -> None:
    text = "给予不超过 30 万元、20家、百分之三十，2026年12月31日前三年内" * 40
    start = time.perf_counter()
    find_quantities(text)
    assert time.perf_counter() - start < 5  # a hang is the failure, not a slow machine
