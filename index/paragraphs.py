"""Cleaned lines to paragraphs: sentences broken by page breaks, footnotes and wrapped lines are joined.

A join is a guess about layout, never about words: the characters stay as they are, and each join over a
blank line is listed in the receipt so that a person can look. Two layouts occur and are told apart by
measuring: one line a paragraph (web pages, converted documents) and lines wrapped at a width (pdf text).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from index.account import Account
from index.lines import NOISE_KINDS, Line
from index.markers import LAW_FAMILIES, Family, Marker, find_marker, is_reference
from index.pages import display_width

BlockKind = Literal["text", "table", "field", "number", "date", "addressee", "bracket", "attachment"]

MAX_JOINED_CHARS = 40_000
"""No sentence is this long; beyond it lines are no longer joined, which also bounds the time taken."""


@dataclass(slots=True)
class Block:
    """A paragraph, heading line or table row. `text[i]` stands at `offsets[i]` of the source."""

    text: str
    offsets: list[int]
    kind: BlockKind = "text"
    marker: Marker | None = None
    level: int = 0
    indent: bool = False
    gap: bool = False
    """A blank line or page furniture stands right before it."""
    lines: int = 1
    last_width: int = 0
    """Display width of the last line that was joined in."""
    bold: list[tuple[int, int]] = field(default_factory=list)
    marks: list[tuple[int, str]] = field(default_factory=list)
    head: bool = False
    """The row of a table that names its columns."""

    @property
    def ended(self) -> bool:
        """The text ends as a sentence does."""
        return is_ended(self.text)


@dataclass(slots=True)
class FootnoteText:
    """A footnote as it stands in the source."""

    mark: str
    text: str
    start: int


@dataclass(slots=True)
class Layout:
    """Result of joining: blocks in order, footnotes, and the joins that a person may want to check."""

    blocks: list[Block]
    footnotes: list[FootnoteText]
    doubts: list[tuple[int, str]]
    """(source offset, what was joined)."""


_ENDED = re.compile(r"[。！？；：!?;:…][”’」』）)》】\"']*$")
_BRACKET_END = re.compile(r"[。；]\s*[（(［\[〔【][^。]{2,}$")
"""A sentence and, after it, a bracket that belongs to it: …。（责任单位：市科委）"""
_OPEN_END = re.compile(r"[，、,（(“《‘及和或的与为等在对将]$")
_CONTINUING = re.compile(r"所[列称述附示]|的[^士]|等[，。、]")
"""Openings that no paragraph has."""
_AMOUNT_AWAITED = re.compile(r"(?:[高过于达至为予到超每共计助励低近约满]|每[年月人户次家])$")
_AMOUNT = re.compile(r"\d[\d.,]*\s*(?:余|多)?[万亿千百]?(?:元|家|个|人|项|户|吨|亩|平方米|[%％])")
_UNIT = re.compile(r"[万亿]?元|[万亿个家项户吨亩%％]|平方米|年[^\d]|月\d|日[^\d]")
TITLE_END = re.compile(
    r"(?:意见|办法|措施|方案|细则|规定|通知|通告|公告|公报|公示|决定|决议|条例|计划|规划|纲要|要点|指南|答复|批复|复函|函|报告|总结|讲话|纪要|指引|标准|规范|规则|章程|目录|清单|名单"
    r"|解读|问答|手册|汇编|法|令|说明|政策|制度|程序|流程|预案|简则|守则|公约|须知|申请表|一览表|登记表|汇总表|表)"
    r"(?:》?的通知|》)?(?:\s*[（(【][^）)】]{1,20}[）)】])*$"
)
"""How the title of an official document ends."""
NUMBER = re.compile(
    r"^[（(]?(?:[\u4e00-\u9fa5]{0,14}(?:[\u4e00-\u9fa5A-Za-z]{0,4})\s?[〔\[［（(【]\s*\d{4}\s*[〕\]］）)】]\s*第?\s*\d{1,5}\s*号"
    r"|[\u4e00-\u9fa5]{0,20}令?第\s*[\d零〇一二三四五六七八九十百]{1,6}\s*[号期]|\d{4}\s*年\s*第\s*\d{1,4}\s*[号期])[）)]?$"
)
"""A line that is a document number and nothing else: 沪经信技〔2023〕409号, 市政府令第12号, 2024年第6号."""
_SIGNER = re.compile(r"\s*签\s*发\s*人\s*[：:].{1,20}$")
"""Beside the number in the letterhead of a document that goes upwards."""
DATE = re.compile(
    r"^[（(]?(?:(?:\d{4}|[二〇○零一二三四五六七八九]{4}|202[xX×]|XXXX)\s*年\s*[\dxX×一二三四五六七八九十]{1,3}\s*月\s*[\dxX×一二三四五六七八九十]{1,3}\s*日"
    r"|\d{4}[-/.]\d{1,2}[-/.]\d{1,2})\s*(?:印发|发布|公布)?[）)]?$"
)
_FIELD = re.compile(
    r"^[【\[]?(?P<name>发布日期|发布机构|发布时间|发布单位|发文日期|发文机[关构]|发文单位|发文字号|发布文号|生效日期|失效日期|制发机关|所属类别|公文种类|内容概述|成文日期|生成日期|公开日期|公开属性|公开类别|公开方式|公开形式"
    r"|印发日期|施行日期|实施日期|有效性|有效期限?|时效性|索引号|索\s*引\s*号|主题分类|主题词|体裁分类|组配分类|信息分类|信息名称|文件编号|文\s*号|来源|信息来源|文章来源|文件来源|作者|编辑|责任编辑"
    r"|原文链接|检索时间|检索关键词|链接|网址|浏览次数|阅读次数|点击数|办理结果|标\s*题|名\s*称|关键词|状态|签发人|联系人|联系人姓名|联系电话|联系地址|联系方式"
    r"|电子邮箱|邮政编码|邮编|传真|抄送|抄报|主送|分送|密级|紧急程度|时间(?=.*(?:来源|作者|浏览|阅读|点击)))(?:[】\]]|[】\]]?\s*[：:])"
    r"|^[\u4e00-\u9fa5]{2,30}\s+\d{4}年\d{1,2}月\d{1,2}日印发$"
)
_ATTACHMENT = re.compile(
    r"^附\s*(?:件|表|图|录)\s*(?:[\d０-９一二三四五六七八九十]{1,3}|[A-Z])?(?:[-—]\d{1,2})?\s*[：:]?$"
)
_ADDRESSEE = re.compile(r"^[^。；！？]{2,160}[：:]$")
_ADDRESSED = re.compile(r"(?:各|有关|人民政府|委员会|委、|局、|单位|部门|代表|委员|同志|企业|公司|学校|机构|局|厅)")
_SAYS = re.compile(
    r"如下|包括|以下|下列|提出|规定|要求|为：|是：|条件|原则|目标|任务|通知：|措施|应当|可以|分为|符合|具备|负责|申请|的通知|内容|[（(][一二三\d]"
)


def is_ended(text: str) -> bool:
    """The text ends as a sentence, a heading with a colon or a list item does."""
    return bool(_ENDED.search(text[-12:])) or (text[-1:] in "）)］]〕】" and bool(_BRACKET_END.search(text[-400:])))


def join_lines(account: Account, lines: list[Line]) -> Layout:
    """Blocks of a document from its cleaned lines; footnotes and table rules are taken out of the flow."""
    layout = Layout([], [], [])
    width = _wrap_width(lines)
    texts = [line for line in lines if line.kind == "text"]
    indents = sum(line.indent for line in texts) >= 3
    by_indent = indents and (not width or sum(line.indent for line in texts) < 0.9 * len(texts))
    gap = page = False
    footnote: Line | None = None
    article = 0
    for line in lines:
        if line.kind == "blank" or line.kind in NOISE_KINDS:
            if line.kind == "table_rule" and layout.blocks and layout.blocks[-1].kind == "table" and not gap:
                layout.blocks[-1].head = True
            gap, footnote = True, None
            page = page or line.kind in ("page_number", "running_header")
            continue
        if line.kind == "footnote":
            layout.footnotes.append(FootnoteText(line.footnote_mark, line.text, line.offsets[0] if line.offsets else 0))
            account.enter(line.offsets, "footnote")
            gap, footnote = True, line
            continue
        if footnote is not None and not gap and not is_ended(layout.footnotes[-1].text):
            layout.footnotes[-1].text += line.text
            account.enter(line.offsets, "footnote")
            continue
        gap, footnote = gap or footnote is not None, None
        previous = layout.blocks[-1] if layout.blocks else None
        before = "" if by_indent and line.indent else _open_text(previous, gap)
        block = _block(line, previous, before, article + 1)
        block.gap = gap
        # Below an article every unfinished line goes on: laws have no headings without a number or a title.
        outdented = by_indent and previous is not None and previous.indent and not line.indent
        sure = article > 0 and gap and (page or outdented)
        if previous is not None and _continues(previous, block, gap, width, indents, sure):
            if gap:
                layout.doubts.append((block.offsets[0], f"跨空行接续：…{previous.text[-8:]}｜{block.text[:8]}…"))
            _append(previous, block)
        else:
            layout.blocks.append(block)
            if block.marker and block.marker.family is Family.ARTICLE:
                article = block.marker.number
        gap = page = False
    return layout


def _open_text(previous: Block | None, gap: bool) -> str:
    """The text before a line that the line might go on with; "" after a full stop, a title or a heading."""
    if previous is None or previous.ended or previous.kind != "text":
        return ""
    text = previous.text
    if len(text) <= 100 and not re.search(r"[，。；]", text):
        heads = previous.marker is not None and (previous.marker.family in LAW_FAMILIES or (gap and len(text) <= 50))
        if heads or TITLE_END.search(text):
            return ""
    return text


def _block(line: Line, previous: Block | None, before: str, article: int) -> Block:
    block = Block(line.text, line.offsets, level=line.level, indent=line.indent, bold=list(line.bold))
    block.marks = list(line.marks)
    block.last_width = _printed_width(line)
    block.kind = "table" if line.kind == "table" else _kind(line.text)
    if block.kind == "text":
        block.marker = find_marker(line.text, before, article)
        opening = previous is None or not previous.ended or previous.kind != "text" or previous.gap
        if block.marker is None and opening and is_addressee(line.text) and not (len(before) >= 25 and "，" in before):
            block.kind = "addressee"
    return block


def _kind(text: str) -> BlockKind:
    """What a line is by its own words; `text` when they do not say."""
    if len(text) > 240:
        return "text"
    if len(text) <= 200 and _FIELD.match(text) and not (is_ended(text) and "。" in text[:-1]):
        return "field"
    if NUMBER.match(_SIGNER.sub("", text)):
        return "number"
    if DATE.match(text):
        return "date"
    if _ATTACHMENT.match(text):
        return "attachment"
    return "bracket" if is_bracket(text) else "text"


def is_field(text: str) -> bool:
    """A line such as 发文字号：… that says something about the document."""
    return len(text) <= 200 and bool(_FIELD.match(text))


def is_addressee(text: str) -> bool:
    """A line such as 各区人民政府，各有关单位： that says to whom a document is addressed."""
    return len(text) <= 161 and bool(_ADDRESSEE.match(text) and _ADDRESSED.search(text) and not _SAYS.search(text))


def is_bracket(text: str) -> bool:
    """The whole line stands in one pair of brackets."""
    pairs = {"（": "）", "(": ")", "[": "]", "［": "]", "【": "】", "〔": "〕"}
    body = text.rstrip("。；; ")
    if len(body) < 4 or body[0] not in pairs:
        return False
    depth = 0
    for position, c in enumerate(body):
        depth += c in "（([［【〔"
        depth -= c in "）)]］】〕"
        if depth == 0:
            return position == len(body) - 1
    return False


def _wrap_width(lines: list[Line]) -> int:
    """Width at which lines were wrapped, in columns; 0 when one line is one paragraph.

    Wrapped means: of the lines directly followed by another (no blank between), more than a third fill at
    least 85 % of a common width of at most 120 columns and end inside a sentence.
    """
    followed = [a for a, b in zip(lines, lines[1:], strict=False) if a.kind == "text" and b.kind == "text"]
    if len(followed) < 6:
        return 0
    widths = [_printed_width(line) for line in followed]
    width = sorted(widths)[int(len(widths) * 0.9)]
    if not 24 <= width <= 120:
        return 0
    full = [a.text for w, a in zip(widths, followed, strict=True) if w >= 0.85 * width and not is_ended(a.text)]
    running = sum(bool(re.search(r"[，。；、,;]", text)) for text in full)  # a list of names has none
    return width if len(full) > len(followed) / 3 and running * 2 >= len(full) else 0


def _printed_width(line: Line) -> int:
    """Columns of a line with its paragraph indent, which takes its part of the width."""
    return min(line.margin, 4) + (display_width(line.text) if len(line.text) <= 200 else 400)


def _continues(previous: Block, block: Block, gap: bool, width: int, indents: bool, sure: bool) -> bool:
    """Whether a line goes on with the sentence before it; every yes is a guess that layout supports."""
    if previous.kind != "text" or len(previous.text) > MAX_JOINED_CHARS:
        return False
    if block.kind in ("bracket", "field") and _open_bracket(previous.text):
        return True
    if block.kind != "text" or block.marker is not None or block.level or previous.level:
        return False
    if not previous.ended:
        if (is_reference(block.text) or _CONTINUING.match(block.text)) and len(previous.text) > 4:
            return True
        tail = previous.text[-4:]
        if _AMOUNT.match(block.text) and _AMOUNT_AWAITED.search(tail) and len(previous.text) >= 6:
            return True
        if _UNIT.match(block.text) and tail[-1:].isdigit() and len(previous.text) >= 12:
            return True
    if block.text.isdigit():
        return False
    if width and not gap:
        if previous.last_width < 0.85 * width or (block.indent and indents):
            return False
        return not previous.ended or (indents and not is_ended(block.text[:1]))
    if previous.ended and not _open_bracket(previous.text):
        return False
    if _OPEN_END.search(previous.text) and len(previous.text) >= 12:
        return True
    if block.indent and indents:
        return False
    if sure and len(previous.text) >= 5 and (previous.marker is None or previous.marker.family is Family.ARTICLE):
        titled = TITLE_END.search(previous.text) and not re.search(r"[，。；]", previous.text)
        return not is_unit_name(block.text) and not titled
    body = len(previous.text) >= 25 and (re.search(r"[，。；]", previous.text) or len(previous.text) > 60)
    return bool(body and not is_unit_name(block.text))


def _open_bracket(text: str) -> bool:
    return len(text) > 25 and text.count("（") + text.count("(") > text.count("）") + text.count(")")


_UNIT_NAME = re.compile(
    r"^[\u4e00-\u9fa5（）()\s、]{2,45}(?:人民政府|委员会|管委会|办公室|办公厅|国务院|局|厅|部|院|处|中心|署|所|会|协会|公司|银行|总队|支队|室|委)$"
)


def is_unit_name(text: str) -> bool:
    """A short line that is nothing but the name of an office, as in letterheads and signatures."""
    return len(text) <= 45 and (bool(_UNIT_NAME.match(text)) or text == "国务院")


def _append(previous: Block, block: Block) -> None:
    shift = len(previous.text)
    last, first = previous.text[-1:], block.text[:1]
    if last.isascii() and last.isalnum() and first.isascii() and first.isalnum():
        # An English word ends the line and another begins the next: the line break was the space.
        previous.text += " "
        previous.offsets.append(block.offsets[0] - 1)
        shift += 1
    previous.text += block.text
    previous.offsets.extend(block.offsets)
    previous.bold += [(a + shift, b + shift) for a, b in block.bold]
    previous.marks += [(p + shift, mark) for p, mark in block.marks]
    previous.lines += 1
    previous.last_width = block.last_width
