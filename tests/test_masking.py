"""Personal data is masked in what is kept; what a policy question is made of survives."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answer import Answer, Turn
from assistant.masking import mask
from assistant.records.answers import Answers
from assistant.records.database import Database


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("身份证11010519491231002X能申报吗", "身份证[身份证号]能申报吗"),
        ("证号 440524 18800101 0014", "证号 440524 18800101 0014"),
        ("证号 110105 19491231 002x", "证号 [身份证号]"),
        ("１１０１０５１９４９１２３１００２Ｘ", "[身份证号]"),
        ("电话13812345678", "电话[手机号]"),
        ("+86 138-1234-5678", "[手机号]"),
        ("我的号码是１３８１２３４５６７８，请回电", "我的号码是[手机号]，请回电"),
        ("座机021-63112233", "座机[电话号码]"),
        ("座机（021）63112233转8", "座机[电话号码]转8"),
        ("卡号6222021234567890128", "卡号[银行卡号]"),
        ("卡号 4111 1111 1111 1111", "卡号 [银行卡号]"),
        ("发到zhang.san@example.com.cn", "发到[邮箱]"),
        ("运通卡378282246310005", "运通卡[银行卡号]"),
        ("农行 9559980868435875117", "农行 [银行卡号]"),
        ("电话13812345678，卡6222021234567890128，邮箱a@b.cn", "电话[手机号]，卡[银行卡号]，邮箱[邮箱]"),
    ],
)
def test_personal_data_is_replaced_by_what_it_was(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "营业收入13812345678元能升规吗",
        "500000000元", "2000万元", "30 万元", "最高不超过2000万元，比例30%",
        "沪府办发〔2025〕11号", "沪经信技〔2023〕409号", "第0353号", "2025年5月17日", "2023-04-18", "20230418",
        "统一社会信用代码91310000132212345X", "110105194912310021是错误的校验位", "4111111111111112不是卡号", "6222021234567890127不是卡号",
        "12345热线", "从2023到2026", "序号202304180001",
    ],
)  # fmt: skip
def test_amounts_numbers_and_dates_survive(text: str) -> None:
    assert mask(text) == text


CODE = "91350100M000100Y43"
"""The example of GB 32100-2015."""


@pytest.mark.parametrize("text", [CODE, CODE.lower(), "９１３５０１００Ｍ０００１００Ｙ４３", "91350100 M000 100Y 43"])
def test_a_companys_code_is_masked_where_a_site_asks_for_it(text: str) -> None:
    assert mask(f"我们是{text}，能申报吗", companies=True) == "我们是[统一社会信用代码]，能申报吗"
    assert mask(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "91350100M000100Y44", "91350100I000100Y43", "X91350100M000100Y43", "91350100M000100Y430", "913501000000000000",
        "沪经信技〔2023〕409号", "GB/T 32100-2015", "ISO9001:2015", "2025年度第0353号", "91350100M000100Y4",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_companys_code_survives(text: str) -> None:
    assert mask(text, companies=True) == text


@given(st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=9, max_size=9), st.integers(100000, 999999))
def test_every_code_with_a_right_check_sign_is_masked_and_no_other(body: str, area: int) -> None:
    signs = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    first = f"91{area}{body}"
    right = signs[-sum(signs.index(c) * 3**i for i, c in enumerate(first)) % 31]
    assert mask(first + right, companies=True) == "[统一社会信用代码]"
    wrong = signs[(signs.index(right) + 1) % 31]
    assert "[统一社会信用代码]" not in mask(first + wrong, companies=True)


@pytest.mark.parametrize(
    "text",
    [
        "项目编号310115202304180001",
        "流水号3101152023041800016",
        "合同金额7000000000000000元",
        "登记号 8111111111111117",
    ],
)
def test_serial_numbers_with_a_right_check_digit_by_chance_survive(text: str) -> None:
    assert mask(text) == text


def test_masking_twice_changes_nothing_more() -> None:
    once = mask("电话13812345678 邮箱a@b.cn 卡4111111111111111")
    assert mask(once) == once == "电话[手机号] 邮箱[邮箱] 卡[银行卡号]"


def check_digit(first_17: str) -> str:
    weights = [2 ** (17 - i) % 11 for i in range(17)]
    return "10X98765432"[sum(int(d) * w for d, w in zip(first_17, weights, strict=True)) % 11]


@given(st.integers(110000, 659999), st.dates(dt.date(1920, 1, 1), dt.date(2099, 12, 31)), st.integers(0, 999))
def test_every_number_with_a_right_check_digit_is_masked_and_no_other(area: int, born: dt.date, order: int) -> None:
    first = f"{area}{born:%Y%m%d}{order:03d}"
    right = check_digit(first)
    assert mask(f"证号{first}{right}。") == "证号[身份证号]。"
    wrong = "0" if right != "0" else "1"
    assert "[身份证号]" not in mask(f"证号{first}{wrong}。")


def test_a_record_keeps_no_personal_data_and_bears_any_character(tmp_path: Path) -> None:
    records = Answers(Database.open(tmp_path))
    told = [Turn("user", "回电13812345678 \udc00")]
    assert records.keep(Answer("我是13812345678 \ud83d\x00 小升规", standalone_question="电话13812345678"), told)
    assert records.keep(Answer(question="第二条"))
    first, second = records.recent()
    assert (first.question, first.standalone) == ("我是[手机号] \ufffd\ufffd 小升规", "电话[手机号]")
    assert first.record["history"] == [{"role": "user", "content": "回电[手机号] \ufffd"}]
    assert second.question == "第二条"
    assert not [f for f in tmp_path.glob("records.db*") if b"13812345678" in f.read_bytes()]
