"""A last day that another document puts off: read from its words, derived when an index is opened, told with its source."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from assistant.ask import Assistant
from index.build import build_index
from index.encode import Encoder
from index.extensions import read_extensions, years_later
from index.search import Searcher

TODAY = dt.date(2026, 11, 21)
RULE = """某市科技创新券管理办法
某科规〔2022〕3号
某市科学技术局
2022年12月1日

第一条 科技创新券每家企业每年最高补贴30万元。
第二条 本办法自2023年1月1日起施行，有效期至2025年12月31日。
"""
LONGER = """某市科学技术局关于延长《某市科技创新券管理办法》有效期的通知
某科规〔2025〕9号
某市科学技术局
2025年11月3日

各有关单位：
《某市科技创新券管理办法》（某科规〔2022〕3号）经评估需继续实施，现将有效期延长至2028年12月31日。
特此通知。
"""


@pytest.mark.parametrize(
    ("text", "title", "found"),
    [
        ("现将《甲办法》（沪科规〔2022〕3号）有效期延长至2028年12月31日。", "通知", ["《甲办法》（沪科规〔2022〕3号） 2028-12-31"]),
        ("《甲办法》，经评估，需继续实施，其有效期延长至2028年6月30日止。", "通知", ["《甲办法》 2028-06-30"]),
        ("经评估，现将有效期延长至2028年6月30日。", "关于延长《甲办法》有效期的通知", ["《甲办法》 2028-06-30"]),
        ("《甲办法》《乙办法》有效期延长两年。", "通知", ["《甲办法》 +2", "《乙办法》 +2"]),
        ("《甲办法》继续执行至2028年12月31日。", "通知", ["《甲办法》 2028-12-31"]),
        ("延长《甲办法》的有效期至2028年12月31日。", "通知", ["《甲办法》 2028-12-31"]),
        ("拟将《甲办法》有效期延长至2028年12月31日。", "通知", []),
        ("研究将《甲办法》有效期延长至2028年12月31日。", "通知", []),
        ("根据《甲办法》，有效期延长至2028年12月31日。", "通知", []),
        ("按照《甲办法》，企业贷款展期至2028年12月31日。", "通知", []),
        ("《甲办法》认定的企业，其资格有效期延长至2028年12月31日。", "通知", []),
        ("《甲办法》确定的试点期限延长2年。", "通知", []),
        ("《甲办法》有效期至2025年12月31日。", "通知", []),
    ],
)  # fmt: skip
def test_what_is_put_off_is_read_and_what_only_sounds_like_it_is_not(text: str, title: str, found: list[str]) -> None:
    assert [f"{r.target} {r.day}" for r in read_extensions(text, title)] == found


def test_years_are_counted_from_the_day_that_was_stated() -> None:
    assert (years_later("2025-12-31", "+2"), years_later("2024-02-29", "+1"), years_later("", "+5")) == (
        "2027-12-31", "2025-02-28", "",
    )  # fmt: skip


def test_what_was_put_off_answers_today_and_names_who_did_it(encoder: Encoder, tmp_path: Path) -> None:
    home, files = tmp_path / "home", tmp_path / "files"
    files.mkdir()
    (files / "rule.txt").write_text(RULE, encoding="utf-8")
    build_index(home, [files], encoder)

    def told() -> tuple[str, str]:
        asked = Assistant(Searcher.open(home, encoder), today=TODAY)
        answer = asked.answer("科技创新券每年最高补贴多少")
        return "\n".join([answer.text, *answer.notices]), str(answer.citations[0].clause.status)

    text, status = told()
    assert "届满" in text and status == "expired"
    (files / "longer.txt").write_text(LONGER, encoding="utf-8")
    build_index(home, [files], encoder)
    text, status = told()
    assert "30万元" in text and "届满" not in text and status != "expired"
    assert "已由《某市科学技术局关于延长〈某市科技创新券管理办法〉有效期的通知》" in text and "2028年12月31日" in text
    (files / "longer.txt").unlink()
    build_index(home, [files], encoder)
    assert "届满" in told()[0]
