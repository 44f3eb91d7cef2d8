"""What staff read out on the phone: numbers in words that are heard right, nothing lost, nothing added."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.ask import Assistant
from assistant.quantities import find_quantities
from assistant.staff.quote import name_of, place_of, quote_of, spoken_name
from assistant.staff.script import said, script_of
from assistant.staff.spoken import cardinal, faithful, numbers, spoken
from index.search import Searcher

READ = [
    ("第2款、第2个", "第二款、第二个"),
    ("同比增长-3.5%", "同比增长负百分之三点五"),
    ("3年-5年内", "三年到五年内"),
    ("2000万元", "两千万元"), ("最高不超过 2000 万元", "最高不超过两千万元"), ("20000元", "两万元"), ("300,000元", "三十万元"),
    ("1.5亿元", "一点五亿元"), ("66.68 亿元", "六十六点六八亿元"), ("5409.59亿元", "五千四百零九点五九亿元"),
    ("3300 余万元", "三千三百余万元"), ("22万元", "二十二万元"), ("12000万元", "一亿两千万元"), ("12万", "十二万"), ("10-20万元", "十到二十万元"), ("10万元/年", "十万元每年"),
    ("￥30万", "三十万元"), ("0.5元", "零点五元"), ("2 家", "两家"), ("12家", "十二家"), ("2674 项", "两千六百七十四项"),
    ("1554 人次", "一千五百五十四人次"), ("102人", "一百零二人"), ("200人", "两百人"), ("2个月", "两个月"), ("2月", "二月"),
    ("30%", "百分之三十"), ("9.2%", "百分之九点二"), ("5％", "百分之五"), ("5%-10%", "百分之五到百分之十"), ("5-10%", "百分之五到百分之十"),
    ("5‰", "千分之五"), ("-3%", "负百分之三"), ("1/3", "三分之一"), ("3:1", "三比一"), ("9:30", "九点三十分"), ("7×24小时", "七乘以二十四小时"),
    ("2026年", "二零二六年"), ("2025 年 5 月 17 日", "二零二五年五月十七日"), ("2020-05-07", "二零二零年五月七日"),
    ("2025年1-11月", "二零二五年一到十一月"), ("2024-2026年", "二零二四到二零二六年"), ("2024年XX月XX日", "二零二四年某月某日"),
    ("202x 年 x 月 x 日", "二零二某年某月某日"), ("3-5年", "三到五年"), ("3-5 个", "三到五个"), ("3年", "三年"),
    ("409号", "四零九号"), ("11号文", "十一号文"), ("第0353号", "第零三五三号"), ("48号", "四十八号"),
    ("沪经信技〔2023〕409号", "沪经信技，二零二三，四零九号"), ("沪府办发（2025）11号", "沪府办发，二零二五，十一号"),
    ("12345热线", "一二三四五热线"), ("电话63580013", "电话六三五八零零一三"),
    ("第（六）项", "第六项"), ("第8条", "第八条"), ("第1至3条", "第一至三条"), ("“3+6”重点产业", "“三加六”重点产业"),
    ("5G、AI4S", "五G、AI4S"), ("中国（上海）自贸区", "中国上海自贸区"), ("国家级/省（市）级", "国家级、省市级"),
    ("机构（CRO）对接", "机构，CRO，对接"), ("《甲规范》《乙规范》", "甲规范、乙规范"), ("500万元×30%＝150万元", "五百万元乘以百分之三十等于一百五十万元"),
    ("各区（含大鹏新区、深汕特别合作区，下同）按职责", "各区，含大鹏新区、深汕特别合作区，下同，按职责"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "read"), READ, ids=[w for w, _ in READ])
def test_figures_dates_and_names_are_read_as_people_say_them(written: str, read: str) -> None:
    assert spoken(written) == read
    assert faithful(written, read), (numbers(written), numbers(read))


def test_every_clause_keeps_all_its_numbers_and_no_others(searcher: Searcher) -> None:
    """Parsed back, the words give the numbers of the text, in its order, by two readers that know nothing of the rules."""
    kinds = ("money", "percent", "count", "duration", "date")
    read = 0
    for clause in searcher.clauses:
        notes = [note.text for note in clause.footnotes]
        for text in (clause.text, clause.title, clause.document_title, clause.department_text, *notes):
            words = spoken(text)
            assert numbers(words) == numbers(text), (text, words)
            assert not re.search(r"[\d()（）〔〕［］\[\]【】《》<>*]", re.sub(r"[A-Za-z]+\d+[A-Za-z]*", "", words)), (
                words
            )
            # The other reader knows no decimals with 亿 in words and no 某年.
            exact = [
                q for q in find_quantities(text) if q.kind in kinds and not q.open_date and q.value == int(q.value)
            ]
            back = {(q.kind, q.value, q.upper, q.unit) for q in find_quantities(words)}
            plain = [q for q in exact if "." not in text[q.start : q.end]]
            assert {(q.kind, q.value, q.upper, q.unit) for q in plain} <= back, (text, words)
            read += len(plain)
    assert read > 50


@given(st.integers(1, 10**11), st.sampled_from(["元", "家", "", "万元"]))
def test_any_whole_number_comes_back(value: int, unit: str) -> None:
    assert numbers(spoken(f"共{value}{unit}的")) == numbers(f"共{value}{unit}的")
    assert not re.search(r"\d", cardinal(str(value)))


def test_words_that_would_change_a_number_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.staff.script.spoken", lambda text: text.replace("30", "三十三"))
    assert said("给予30万元") == "给予30万元。"


def test_a_script_is_the_answers_sentences_and_then_their_clauses(assistant: Assistant) -> None:
    answer = assistant.answer("上海小升规最多奖励多少？")
    script = script_of(answer)
    guarded = [s for s in answer.sentences if s.support in ("verbatim", "supported")]
    assert [line.text for line in script.lines if line.kind == "said"] == [said(s.text) for s in guarded]
    assert "首年给予不超过三十万元的一次性奖励" in script.text
    assert "征求意见稿" in "".join(line.text for line in script.lines if line.kind == "notice")
    assert script.lines[-1].kind == "basis"
    assert script.lines[-1].text.startswith("依据：上海市加快科技服务业高质量发展的若干措施，征求意见稿，第九条")
    assert not re.search(r"[\d\[\]（）()]", script.text)


def test_two_cities_are_named_before_their_sentences(assistant: Assistant) -> None:
    kinds = [line.kind for line in script_of(assistant.answer("上海和深圳对检验检测有什么支持？")).lines]
    assert kinds.count("place") == 2 and kinds[0] == "place"


def test_a_refusal_reads_no_clause_as_an_answer_and_names_whom_to_ask(assistant: Assistant) -> None:
    answer = assistant.answer("深圳首次升规的企业能拿多少奖励？")
    assert answer.refused
    script = script_of(answer)
    assert script.lines[0].text.startswith("所收录的文件没有写明具体金额")
    assert [line.text for line in script.lines if line.kind == "said"] == [
        "可以向条款列明的部门咨询，市科技创新局、市财政局、各区按职责分工落实。"
    ]


def test_clauses_are_named_in_writing_and_aloud(searcher: Searcher) -> None:
    def one(document: str, label: str, title: str) -> tuple[str, str]:
        clause = next(c for c in searcher.clauses if (c.document_id, c.label) == (document, label) and title in c.title)
        assert quote_of(clause) == f"{name_of(clause)}：{clause.text}"
        return place_of(clause), spoken_name(clause)

    assert one("sh-rnd-2023-409", "8.", "创新产品") == (
        "第8条", "上海市吸引集聚企业研发机构推进研发产业化的实施意见，四零九号文，第八条",
    )  # fmt: skip
    assert one("sh-rnd-2023-409", "（四）", "金融")[0] == "“三、保障措施”第（四）项"
    assert one("sh-opinions-2025-11", "（十四）", "融资")[0].endswith("第（十四）项第一段")
    assert one("sz-plan-draft", "一、", "总体要求")[0] == "第一部分"
