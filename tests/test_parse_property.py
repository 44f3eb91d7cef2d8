"""Random official documents: built as a tree, printed as offices print them, parsed, and compared with the tree."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import HealthCheck, assume, given, note, settings
from hypothesis import strategies as st

from index.numerals import chinese_ordinal
from index.parse import Parsed, parse_text
from index.receipt import Receipt

EXAMPLES = int(os.environ.get("WENCE_EXAMPLES", "40"))
"""Raised by hand when the parser changes: WENCE_EXAMPLES=2000 pytest tests/test_parse_property.py"""
FAST = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)

PHRASES = (
    "支持符合条件的企业建设研发机构", "完善科技服务体系和工作机制", "按照不超过{n}万元的标准给予补贴", "依照本办法第三条的规定办理",
    "在2025年底前建成{n}个公共服务平台", "推动R&D投入年均增长{n}%", "鼓励社会资本参与概念验证中心建设", "根据《某某条例》第十条执行",
    "对首次升规的企业给予 {n} 万元奖励", "加快培育“专精特新”企业", "经市政府同意后组织实施", "确保各项任务按期完成",
    "围绕生物医药、集成电路、人工智能等领域开展攻关", "做好与第二条、第四条所列政策的衔接", "其中一、二类项目优先",
)  # fmt: skip
HEADINGS = (
    "总体要求",
    "重点任务",
    "加强组织领导",
    "完善支持政策",
    "优化发展环境",
    "支持“小升规”企业",
    "强化要素保障",
    "建设概念验证中心",
)
OFFICES = ("市科委", "市发展改革委", "市财政局", "市经济信息化委", "区人民政府", "市知识产权局")


@dataclass
class Expected:
    """A clause as it was put into the document."""

    path: tuple[str, ...]
    label: str
    title: str
    text: str
    departments: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Press:
    """Prints a tree with one document's habits, and remembers which clauses it holds."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.figure = count(3)
        self.lines: list[str] = []
        self.clauses: list[Expected] = []
        self.gap = draw(st.sampled_from(["\n", "\n\n", "\r\n", "\r\n\r\n"]))
        self.indent = draw(st.sampled_from(["", "　　", "  ", "    "]))
        self.space = draw(st.sampled_from(["　", " ", "  ", ""]))
        self.wide = draw(st.booleans())
        self.breaks = draw(st.booleans())
        self.notes = count(1)

    def sentence(self, at_least: int = 2) -> str:
        """A sentence with commas; its figures make it unlike any other."""
        phrases = self.draw(st.lists(st.sampled_from(PHRASES), min_size=at_least, max_size=5))
        text = "，".join([*phrases, "扩大至{n}家"]) + "。"
        return re.sub(r"\{n\}", lambda _: str(next(self.figure)), text)

    def paragraph(self) -> str:
        """One to three sentences."""
        return "".join(self.sentence() for _ in range(self.draw(st.integers(1, 3))))

    def heading(self) -> str:
        """A short title, unlike any other."""
        return f"{self.draw(st.sampled_from(HEADINGS))}{chinese_ordinal(next(self.figure))}"

    def offices(self) -> tuple[str, list[tuple[str, str]]]:
        """A department bracket and what it says."""
        a, b = self.draw(st.permutations(OFFICES))[:2]
        return self.draw(
            st.sampled_from(
                [
                    (f"（责任单位：{a}、{b}）", [(a, "lead"), (b, "lead")]),
                    (f"（{a}牵头，{b}配合）", [(a, "lead"), (b, "support")]),
                    (f"（{a}、{b}按职责分工负责）", [(a, "support"), (b, "support")]),
                    (
                        f"［{a}牵头；各区（含开发区，下同）按职责分工落实］",
                        [(a, "lead"), ("各区（含开发区，下同）", "support")],
                    ),
                    (f"（牵头单位：{a}；配合单位：{b}）", [(a, "lead"), (b, "support")]),
                ]
            )
        )

    def put(self, text: str) -> None:
        """A line; a long one may be broken by the end of a page in the middle of a word."""
        if self.breaks and self.draw(st.booleans()):
            places = [
                i
                for i in range(len(text))
                if _chinese(text[i - 1 : i + 1]) and "<" not in text and _is_body(text[:i]) and len(text) - i > 3
            ]
            if places:
                at = self.draw(st.sampled_from(places))
                furniture = self.draw(
                    st.sampled_from(["\n\n", "\n\n- 3 -\n\n", "\n— 12 —\n\f", "\n\n第 4 页 共 9 页\n\n"])
                )
                text = text[:at] + furniture + text[at:]
        self.lines.append(self.indent + text)

    def text(self) -> str:
        """The document."""
        return self.gap.join(self.lines) + self.gap


def _chinese(pair: str) -> bool:
    return len(pair) == 2 and all("\u4e00" <= c <= "\u9fa5" for c in pair)


def _is_body(before: str) -> bool:
    return len(before) >= 30 and "，" in before[-80:]


def plain(text: str) -> str:
    return re.sub(r"\s", "", text)


def lay_paragraphs(press: Press, prefix: str, expected: Expected, paragraphs: list[str]) -> None:
    """Print the paragraphs of one clause, the first behind `prefix`; perhaps with a footnote and a bracket."""
    notes: list[tuple[str, str]] = []
    printed: list[str] = []
    for text in paragraphs:
        if press.draw(st.integers(0, 5)) == 0:
            mark, note = str(next(press.notes)), f"指由{press.sentence(1)}"
            at = text.index("，")
            printed.append(f"{text[:at]}<sup>{mark}</sup>{text[at:]}")
            notes.append((mark, note))
        else:
            printed.append(text)
    bracket, departments = press.offices() if press.draw(st.booleans()) else ("", [])
    own_line = press.draw(st.booleans())
    printed[-1] += "" if own_line else bracket
    for i, text in enumerate(printed):
        press.put((prefix if i == 0 else "") + text)
    if bracket and own_line:
        press.lines.append(bracket)
    for mark, note in notes:
        press.lines += ["", f"<sup>{mark}</sup> {note}", ""]
    expected.text = "\n".join(paragraphs)
    expected.departments = departments
    expected.notes = [note for _, note in notes]
    press.clauses.append(expected)


def lay_law(press: Press, prefix: tuple[str, ...] = ()) -> None:
    """编 章 节 条, with titles in brackets, further paragraphs and items."""
    draw = press.draw
    parts, sections = draw(st.booleans()), draw(st.booleans())
    article = count(draw(st.sampled_from([1, 1, 1, 9, 98, 998])))
    titled = draw(st.booleans())
    chapter = count(1)
    for p in range(draw(st.integers(1, 2)) if parts else 1):
        path = prefix
        if parts:
            path = (*path, f"第{chinese_ordinal(p + 1)}编　{press.heading()}")
            press.lines.append(path[-1])
        for _ in range(draw(st.integers(1, 2))):
            chapter_path = (*path, f"第{chinese_ordinal(next(chapter))}章 {press.heading()}")
            press.lines.append(chapter_path[-1])
            for s in range(draw(st.integers(1, 2)) if sections else 1):
                here = chapter_path
                if sections:
                    here = (*here, f"第{chinese_ordinal(s + 1)}节 {press.heading()}")
                    press.lines.append(here[-1])
                for _ in range(draw(st.integers(1, 3))):
                    lay_article(press, here, next(article), titled)


def lay_article(press: Press, path: tuple[str, ...], number: int, titled: bool) -> None:
    digits = (
        str(number).translate(str.maketrans("0123456789", "０１２３４５６７８９"))
        if press.wide
        else chinese_ordinal(number)
    )
    label = f"第{digits}条"
    title = press.draw(st.sampled_from(["适用范围", "支持标准", "部门职责"])) if titled else ""
    bracketed = press.draw(st.sampled_from(["（{}）", "【{}】"])).format(title) if titled else ""
    items = press.draw(st.integers(0, 3))
    paragraphs = [press.paragraph() for _ in range(press.draw(st.integers(1, 2)))]
    if items:
        paragraphs[-1] = paragraphs[-1].rstrip("。") + "，并符合下列条件："
        paragraphs += [
            f"（{chinese_ordinal(i + 1)}）{press.sentence().rstrip('。')}{'。' if i + 1 == items else '；'}"
            for i in range(items)
        ]
    lay_paragraphs(press, f"{label}{press.space}{bracketed}", Expected(path, label, title, ""), paragraphs)


def lay_notice(press: Press, prefix: tuple[str, ...] = ()) -> None:
    """一、 （一） 1.: a chain of families, the last of which bears the text."""
    draw = press.draw
    chain = draw(st.sampled_from(["一（1", "一（", "一1", "（1", "一", "（", "1"]))
    run_in = draw(st.booleans())
    titled = draw(st.booleans())
    running = draw(st.booleans())  # 1. goes on counting through the sections above it
    counters = {family: count(1) for family in chain}

    def label_of(family: str) -> str:
        number = next(counters[family])
        if family == "一":
            return f"{chinese_ordinal(number)}、"
        if family == "（":
            return f"（{chinese_ordinal(number)}）"
        return f"{number}."

    def lay(depth: int, path: tuple[str, ...]) -> None:
        family = chain[depth]
        if depth and not (running and family == "1"):
            counters[family] = count(1)
        for _ in range(draw(st.integers(2 if run_in and depth + 1 == len(chain) else 1, 3))):
            label, title = label_of(family), press.heading()
            line = f"{label}{title}"
            if depth + 1 < len(chain):
                press.lines.append(hashes() + line)
                lay(depth + 1, (*path, line))
            elif run_in:
                stop = f"{title}。" if titled else ""
                expected = Expected(path, label, title if titled else "", "")
                lay_paragraphs(
                    press, f"{label}{stop}", expected, [press.paragraph() for _ in range(draw(st.integers(1, 2)))]
                )
            else:
                press.lines.append(hashes() + line)
                for _ in range(draw(st.integers(1, 2))):
                    lay_paragraphs(press, "", Expected((*path, line), label, title, ""), [press.paragraph()])

    marked = draw(st.booleans())

    def hashes() -> str:
        return "#" * draw(st.integers(2, 4)) + " " if marked else ""

    lay(0, prefix)


@st.composite
def documents(draw: st.DrawFn) -> Press:
    press = Press(draw)
    name = "某市科技服务业促进办法"
    kind = draw(st.sampled_from(["law", "notice", "both"]))
    if kind == "both":
        press.lines += [
            f"某市科学技术委员会关于印发《{name}》的通知",
            "某科规〔2024〕3号",
            "各区人民政府，各有关单位：",
        ]
        lay_notice(press, (press.lines[0],))
        press.lines += ["", "某市科学技术委员会", "2024年3月5日", "", "附件", "", name]
        lay_law(press)
        return press
    press.lines += [name, ""]
    if draw(st.booleans()):
        lay_paragraphs(press, "", Expected((), "", "", ""), [press.paragraph()])
    (lay_law if kind == "law" else lay_notice)(press)
    return press


def balanced(parsed: Parsed, source: str) -> None:
    """The account holds: every character once, nothing unclassified, every clause verbatim."""
    receipt: Receipt = parsed.receipt
    assert sum(receipt.totals.values()) == receipt.characters == len(source)
    assert receipt.unclassified == 0
    assert receipt.coverage == 1
    assert not [line for line in receipt.doubts if "账目不平" in line]
    last = -1
    for clause in parsed.clauses:
        assert clause.text.strip()
        shown = [(o, c) for o, c in zip(clause.offsets, clause.text, strict=True) if not c.isspace()]
        assert all(source[o] == c for o, c in shown)
        places = [o for o, _ in shown]
        assert places == sorted(set(places))
        assert places[0] > last
        last = places[-1]
        assert clause.source.start <= places[0]
        assert clause.source.end >= places[-1] + 1
    assert len({c.clause_id for c in parsed.clauses}) == len(parsed.clauses)


@FAST
@given(documents())
def test_a_printed_document_comes_back_as_the_tree_it_was(press: Press) -> None:
    source = press.text()
    note(source)
    parsed = parse_text(source, "random.txt")
    balanced(parsed, source)
    got = [
        (
            tuple(plain(h) for h in c.path), c.label, c.title, [plain(p) for p in c.text.split("\n")],
            [(d.name, d.role) for d in c.departments], [n.text for n in c.footnotes],
        )
        for c in parsed.clauses
    ]  # fmt: skip
    want = [
        (
            tuple(plain(h) for h in e.path), e.label, e.title, [plain(p) for p in e.text.split("\n")],
            e.departments, e.notes,
        )
        for e in press.clauses
    ]  # fmt: skip
    assert got == want
    assert parsed.document.title == "某市科技服务业促进办法"
    assert all("开始" in gap for gap in parsed.receipt.gaps)


@settings(parent=FAST, max_examples=EXAMPLES // 2)
@given(documents(), st.data())
def test_editing_one_clause_changes_only_its_id(press: Press, data: st.DataObject) -> None:
    source = press.text()
    before = parse_text(source, "random.txt").clauses
    assert [c.clause_id for c in parse_text(source, "random.txt").clauses] == [c.clause_id for c in before]
    index = data.draw(st.integers(0, len(before) - 1))
    clause = before[index]
    at = next((o for o, c in zip(clause.offsets, clause.text, strict=True) if c == "，"), -1)
    assume(at >= 0)
    after = parse_text(source[: at + 1] + "切实" + source[at + 1 :], "random.txt").clauses
    assert len(after) == len(before)
    changed = [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a.clause_id != b.clause_id]
    assert changed == [index]


@st.composite
def wrapped_laws(draw: st.DrawFn) -> tuple[str, list[tuple[str, str]]]:
    """A law as pdf text: long articles with an indent, hard line breaks at a width, page numbers."""
    press = Press(draw)
    width = draw(st.integers(24, 44))
    lines = ["某市科技服务业促进办法"]
    articles: list[tuple[str, str]] = []
    for number in range(1, draw(st.integers(4, 8)) + 1):
        label = f"第{chinese_ordinal(number)}条"
        text = "".join(press.sentence(4) for _ in range(draw(st.integers(3, 5))))
        articles.append((label, text))
        row = f"　　{label}　"
        for piece in re.findall(r"[A-Za-z0-9&%]+|.", text):
            if len(row) + len(piece) > width and piece not in "，。、；：”》）":
                lines.append(row)
                row = ""
            row += piece
        lines.append(row)
        if draw(st.booleans()):
            lines[-1:-1] = [draw(st.sampled_from(["- 2 -", "— 7 —\n\f"]))]
    return "\n".join(lines) + "\n", articles


@settings(parent=FAST, max_examples=EXAMPLES // 2)
@given(wrapped_laws())
def test_lines_wrapped_at_a_width_become_paragraphs_again(made: tuple[str, list[tuple[str, str]]]) -> None:
    source, articles = made
    parsed = parse_text(source, "wrapped.txt")
    balanced(parsed, source)
    assert [(c.label, plain(c.text)) for c in parsed.clauses] == [(label, plain(text)) for label, text in articles]


PIECES = st.sampled_from([
    "第一条 甲。", "第二条的规定", "一、总体要求", "（一）", "（一）项", "1.", "1.1 ", "①", "a）", "第一章 总则", "附件1", "附件：1.表", "目录", "附则", "- 3 -",
    "\f", "**", "<sup>1</sup>", "<sup>1</sup> 注。", "[^2]", "[1]", "〔3〕", "<p>", "</td><td>", "<!--", "-->", "<script>", "</script>", "&nbsp;", "|a|b|",
    "|---|", "\t", "　　", "\u200b", "\u2028", "\x85", "\x00", "（责任单位：市科委）", "（市科委", "责任单位：市科委", "某市财政局", "2024年1月1日", "各有关单位：",
    "特此通知。", "抄送：", "问：甲？", "答：乙。", "5", "A", "😀", "（", "）", "“", "”", "《", "》", "。", "：", "；", "支持企业发展，给予不超过100万元奖励", "## ",
])  # fmt: skip


@settings(parent=FAST, max_examples=4 * EXAMPLES)
@given(st.lists(st.one_of(PIECES, PIECES, st.just("\n"), st.text(max_size=6)), max_size=60).map("".join))
def test_any_text_is_parsed_and_balances(source: str) -> None:
    balanced(parse_text(source, "fuzz.txt"), source)


@settings(parent=FAST, max_examples=EXAMPLES // 2)
@given(st.data())
def test_a_damaged_document_is_parsed_and_balances(data: st.DataObject) -> None:
    lines = data.draw(documents()).text().splitlines(keepends=True)
    lines = data.draw(st.permutations(lines)) if data.draw(st.booleans()) else lines
    source = "".join(lines)
    begin, end = data.draw(st.integers(0, len(source))), data.draw(st.integers(0, len(source)))
    source = source[min(begin, end) :] + data.draw(PIECES) + source[: data.draw(st.integers(0, 200))]
    balanced(parse_text(source, "damaged.txt"), source)


@pytest.mark.parametrize("character", list("（[<*第。、一\n#|1①\t\f"))
def test_time_grows_with_length_and_not_with_its_square(character: str) -> None:
    source = character * 60_000
    balanced(parse_text(source, "long.txt"), source)
