"""The five bundled policies come out as they always did: counts, labels, titles, paths, departments, footnotes."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.catalog import load_catalog
from index.clause import Status
from index.parse import Parsed, parse_text
from index.reading import read_text

CORPUS = Path(__file__).parent.parent / "index" / "corpus"


@pytest.fixture(scope="module")
def corpus() -> dict[str, Parsed]:
    catalog = load_catalog(CORPUS)
    files = sorted(CORPUS.glob("*.txt"))
    return {f.stem: parse_text(read_text(f), f.name, catalog.get(f.name)) for f in files}


def labels(parsed: Parsed) -> str:
    return " ".join(c.label for c in parsed.clauses if c.label)


def test_each_document_has_its_clauses(corpus: dict[str, Parsed]) -> None:
    counts = {name: len(parsed.clauses) for name, parsed in corpus.items()}
    assert counts == {
        "sh-measures-draft": 12, "sh-opinions-2025-11": 40, "sh-reply-2025-36": 11, "sh-rnd-2023-409": 24,
        "sz-plan-draft": 26,
    }  # fmt: skip


def test_every_character_is_accounted_for(corpus: dict[str, Parsed]) -> None:
    kinds = {name: tuple(parsed.receipt.by_kind().values()) for name, parsed in corpus.items()}
    assert kinds == {  # clause, heading, footnote, department, metadata, noise
        "sh-measures-draft": (2406, 166, 0, 0, 2, 38),
        "sh-opinions-2025-11": (2559, 333, 0, 912, 227, 579),
        "sh-reply-2025-36": (2359, 164, 0, 0, 160, 96),
        "sh-rnd-2023-409": (3917, 409, 269, 752, 200, 303),
        "sz-plan-draft": (3812, 406, 0, 734, 3, 238),
    }
    for parsed in corpus.values():
        assert parsed.receipt.unclassified == 0
        assert parsed.receipt.gaps == ()


def test_labels_are_the_printed_numbers(corpus: dict[str, Parsed]) -> None:
    assert labels(corpus["sh-measures-draft"]) == "1. 2. 3. 4. 5. 6. 7. 8. 9. 10."
    assert labels(corpus["sh-reply-2025-36"]) == "一、 二、 三、 （一） （二） （三） 四、 五、"
    assert labels(corpus["sh-rnd-2023-409"]) == (
        "（一） （二） （二） 1. 2. 3. 4. 5. 6. 7. 8. 9. 10. 11. 12. 13. 14. 15. （一） （二） （三） （四）"
    )
    numbers = " ".join(f"{n}." for n in range(1, 19))
    assert labels(corpus["sz-plan-draft"]) == f"一、 二、 {numbers} （一） （二） （三） 五、 五、"


def test_the_documents_know_what_they_are(corpus: dict[str, Parsed]) -> None:
    facts = {n: (p.document.number, p.document.status, p.document.signed, p.document.region) for n, p in corpus.items()}
    assert facts == {
        "sh-measures-draft": ("", Status.DRAFT, "", "上海市"),
        "sh-opinions-2025-11": ("沪府办发〔2025〕11号", Status.IN_FORCE, "2025-05-17", "上海市"),
        "sh-reply-2025-36": ("沪科建复〔2025〕36号", Status.REPLY, "2025-06-25", "上海市"),
        "sh-rnd-2023-409": ("沪经信技〔2023〕409号", Status.ISSUED, "2023-04-18", "上海市"),
        "sz-plan-draft": ("", Status.DRAFT, "", "深圳市"),
    }


def test_paths_and_titles_do_not_follow_the_markdown_levels(corpus: dict[str, Parsed]) -> None:
    rnd = {c.label: c for c in corpus["sh-rnd-2023-409"].clauses if c.label.endswith(".")}
    assert rnd["9."].path == ("二、主要任务", "（三）推动研发产业规模化发展")
    assert rnd["9."].title == "加强应用场景开放力度"
    plan = {c.label: c for c in corpus["sz-plan-draft"].clauses if c.label.endswith(".")}
    assert plan["14."].path == ("三、重点工作", "（四）加强公共资源供给")
    assert plan["14."].title == "给予财政资金保障"
    reply = {c.label: c for c in corpus["sh-reply-2025-36"].clauses}
    assert reply["（三）"].title == "加快构建覆盖科技企业“全生命周期”的信贷产品体系"


def test_paragraphs_below_one_heading_are_clauses_with_their_own_departments(corpus: dict[str, Parsed]) -> None:
    opinions = [c for c in corpus["sh-opinions-2025-11"].clauses if c.label == "（一）"]
    assert [c.paragraph for c in opinions] == [1, 2, 3]
    assert [[d.name for d in c.departments] for c in opinions] == [
        ["市科委", "市发展改革委"],
        ["市教委", "市经济信息化委", "市科委"],
        ["市科委", "市数据局", "市教委", "市经济信息化委"],
    ]


def test_a_definition_inside_a_department_bracket_is_kept(corpus: dict[str, Parsed]) -> None:
    plan = corpus["sz-plan-draft"].clauses[3]
    assert [(d.name, d.role) for d in plan.departments] == [
        ("市科技创新局", "support"),
        ("市财政局", "support"),
        ("各区（含大鹏新区、深汕特别合作区，下同）", "support"),
    ]
    assert plan.text.endswith("给予一定比例补贴奖励。")


def test_footnotes_stand_with_the_clause_that_bears_their_marks(corpus: dict[str, Parsed]) -> None:
    noted = {
        c.title or c.label: [n.mark for n in c.footnotes] for c in corpus["sh-rnd-2023-409"].clauses if c.footnotes
    }
    assert noted == {"": ["1"], "加强关键核心技术攻关": ["2", "3", "4"]}
    assert not [c for c in corpus["sh-rnd-2023-409"].clauses if "<sup>" in c.text]


def test_sentences_broken_by_pages_are_whole(corpus: dict[str, Parsed]) -> None:
    measures = corpus["sh-measures-draft"].clauses
    assert "加大企业用地、保障性租赁用房、人才落户等专项支持力度" in measures[2].text
    assert "首年给予不超过 30 万元的一次性奖励" in measures[9].text
    assert "持续深化" in corpus["sh-opinions-2025-11"].clauses[22].text
    assert len(corpus["sh-rnd-2023-409"].receipt.doubts) == 7


def test_preamble_and_effective_date_are_clauses(corpus: dict[str, Parsed]) -> None:
    assert corpus["sh-measures-draft"].clauses[0].text.startswith("科技服务业是现代服务业的重要组成部分")
    assert corpus["sh-measures-draft"].clauses[-1].text.startswith("本措施自 202x 年 x 月 x 日起实施")
    assert corpus["sz-plan-draft"].clauses[-1].path == ("五、附则",)
    notice = corpus["sh-rnd-2023-409"].clauses[0]
    assert notice.path == ("关于印发《上海市吸引集聚企业研发机构 推进研发产业化的实施意见》的通知",)
