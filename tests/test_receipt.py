"""The receipt adds up, names what it set aside, and cries out when a clause's characters do not match the account."""

from __future__ import annotations

from dataclasses import replace

from index.account import Account
from index.parse import parse_text
from index.receipt import Receipt

SOURCE = "某办法\n第一条 支持**企业**。（责任单位：市科委）\n- 1 -\n第三条 其他<sup>1</sup>。\n<sup>1</sup> 注释。\n"


def test_each_character_has_one_kind_and_the_sums_agree() -> None:
    receipt = parse_text(SOURCE, "a.txt").receipt
    assert sum(receipt.totals.values()) == receipt.characters == len(SOURCE)
    assert sum(receipt.by_kind().values()) == len(SOURCE)
    assert receipt.by_kind() == {
        "clause": 8,
        "heading": 11,
        "footnote": 3,
        "department": 10,
        "metadata": 0,
        "noise": len(SOURCE) - 32,
    }
    assert receipt.coverage == 1


def test_what_was_set_aside_is_listed_with_its_place() -> None:
    receipt = parse_text(SOURCE, "a.txt").receipt
    assert [(name, text) for name, _, text in receipt.noise] == [
        ("markup", "**"), ("markup", "**"), ("page_number", "- 1 -"), ("footnote_mark", "<sup>1</sup>"), ("footnote_mark", "<sup>1</sup>"),
    ]  # fmt: skip
    assert all(SOURCE[start:].startswith(text) for _, start, text in receipt.noise)


def test_the_receipt_is_printed_in_chinese_with_gaps() -> None:
    lines = parse_text(SOURCE, "a.txt").receipt.lines()
    assert lines[0] == f"共 {len(SOURCE)} 字符，2 条条款，归类 100.00%（未归类 0 字符）"
    assert "编号问题：1 处" in lines
    assert "  编号不连续：第一条 → 第三条" in lines
    assert "存疑的修复：无" in lines


def test_the_record_carries_the_same_facts() -> None:
    record = parse_text(SOURCE, "a.txt").receipt.to_json()
    assert record["coverage"] == 1
    assert record["clauses"] == 2
    assert record["gaps"] == ["编号不连续：第一条 → 第三条"]
    assert sum(record["entries"].values()) == record["characters"]


def test_a_character_keeps_its_first_entry_and_leftovers_are_unclassified() -> None:
    account = Account("甲乙 丙")
    account.enter([0, 1], "clause")
    account.enter([1], "noise", "markup")
    account.close()
    assert account.entries == ["clause", "clause", "noise:space", "noise:unclassified"]


def test_an_account_that_does_not_balance_says_so() -> None:
    parsed = parse_text("某办法\n第一条 甲乙。\n第二条 丙丁。\n", "a.txt")
    account = Account("某办法\n第一条 甲乙。\n第二条 丙丁。\n")
    for clause in parsed.clauses:
        account.enter(clause.offsets, "clause")
    account.enter(range(len(account.source)), "noise", "space")
    twice = (parsed.clauses[0], replace(parsed.clauses[0]))
    receipt = Receipt.of(account, twice, [], [], [])
    assert receipt.doubts == ("账目不平：3 个字符属于两个条款，3 个条款字符没有归属",)
    assert receipt.coverage < 1


def test_an_empty_source_is_wholly_covered() -> None:
    assert parse_text("", "a.txt").receipt.coverage == 1
