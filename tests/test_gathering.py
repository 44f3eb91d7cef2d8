"""Evidence for a question on a day: what is in force answers, and never for a subject that only an expired text has."""

from __future__ import annotations

import datetime as dt

import pytest

from assistant.ask import Assistant
from assistant.asked import FACTS
from assistant.when import read_when
from index.build import build_index
from index.encode import Encoder
from index.search import Searcher
from index.words import normalise
from tests.versions import write_family

TODAY = dt.date(2026, 11, 21)
EXPIRED = """沪科规〔2024〕61号

上海市算力券管理办法

第一条 为降低企业算力成本，制定本办法。
第二条 算力券每家企业每年最高100万元。
第三条 本办法自2024年6月1日起施行，有效期至2025年5月31日。

上海市科学技术委员会
2024年4月20日
"""


ENDED = EXPIRED.replace("算力券", "数据券").replace("61号", "62号").replace("，有效期至2025年5月31日", "")
NOTICE = """沪科〔2025〕9号

上海市科学技术委员会关于废止《上海市数据券管理办法》的通知

各有关单位：
经研究，决定废止《上海市数据券管理办法》（沪科规〔2024〕62号），自2025年9月1日起执行。

上海市科学技术委员会
2025年8月1日
"""


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Assistant:
    folder = write_family(tmp_path_factory.mktemp("family"))
    for name, text in (("compute", EXPIRED), ("data", ENDED), ("notice", NOTICE)):
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    home = tmp_path_factory.mktemp("home")
    build_index(home, [folder], encoder)
    return Assistant(Searcher.open(home, encoder), today=TODAY)


def test_what_only_an_expired_text_speaks_of_is_said_of_it_and_never_of_another_subject(family: Assistant) -> None:
    answer = family.answer("算力券每家企业最高多少")
    assert "100万元" in answer.text and "50万元" not in answer.text
    assert answer.sentences[0].text.startswith("《上海市算力券管理办法》已过期")
    assert any("现已届满" in notice for notice in answer.notices)


def test_a_notice_that_only_repeals_is_not_called_the_text_in_force(family: Assistant) -> None:
    answer = family.answer("数据券每家企业最高多少")
    assert "废止" in answer.sentences[0].text and "100万元" in answer.text
    assert not any("现行文件为" in notice for notice in answer.notices)


@pytest.mark.parametrize("question", ["创新券最高补多少", "上一年度研发费用要多少", "创新券60万"])
def test_a_text_in_force_speaks_where_it_took_the_place_of_another(family: Assistant, question: str) -> None:
    answer = family.answer(question)
    assert answer.citations and {c.clause.document_number for c in answer.citations} == {"沪科规〔2025〕8号"}


@pytest.mark.parametrize(
    "question",
    [
        "公司2023年成立的时候只有5个人，量子计算机时费用能资助多少", "养老政策有哪些", "敬老政策里每张床位补多少", "立项之前的规定是什么",
    ],
)  # fmt: skip
def test_an_askers_history_and_words_for_the_old_say_no_day(question: str) -> None:
    when = read_when(question, TODAY)
    assert (when.day, when.earlier, when.rest) == (TODAY, False, question)


@pytest.mark.parametrize(
    ("question", "clause"),
    [
        ("能同时享受国家支持吗", "可以同时享受国家支持"), ("成立几年的企业能申请", "申报企业成立时间不超过5年"), ("租金补贴多少", "租金补贴，每年最高不超过20万元"),
        ("培训费补助最高多少", "培训费补助最高5万元"), ("公示要几天", "公示5日"), ("资格有效几年", "资格三年内有效"), ("怎么评审", "由第三方机构进行评审"),
    ],
)  # fmt: skip
def test_a_clause_that_says_what_is_asked_is_seen_to(question: str, clause: str) -> None:
    asked = [fact for fact in FACTS if fact.asked.search(normalise(question))]
    assert asked and all(fact.shown.search(normalise(clause)) for fact in asked)
