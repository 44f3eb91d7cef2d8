"""A caller's file as one page of Word, with sources, to be sent after the call. The only file that touches python-docx."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

from docx import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from assistant.arithmetic import say
from assistant.staff.facts import day
from assistant.staff.fitting import VERDICTS
from assistant.staff.package import Item, Package
from assistant.staff.quote import name_of

FONT = "Microsoft YaHei"
"""Named, not embedded: Word and LibreOffice put another CJK font in its place where it is missing."""
BODY_PT = 9.0
LINE_CHARS = 54
"""Han characters of a line at 9 pt between the margins."""
LINES = 56
"""Of one page; what does not fit is counted and not shown."""
CAUTION = "本单只列出可能相关的条款和核对情况，不是审批结论；是否适用、给多少，以条款原文和责任部门核定为准。"
MEDIA = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_TONES = {"met": RGBColor(0x14, 0x70, 0x3D), "unmet": RGBColor(0xA3, 0x2A, 0x22), "ask": RGBColor(0x8A, 0x53, 0x00)}
_SOFT = RGBColor(0x4D, 0x5A, 0x68)


def sheet_of(package: Package, today: dt.date) -> bytes:
    """A .docx of one A4 page.

    Items that contradict the file are left out; the most fitting come first, and those for which no room is left are
    said in number.
    """
    word: Any = WordDocument()
    _page(word)
    _line(word, "企业服务包", size=15, bold=True, centre=True)
    _line(word, CAUTION, soft=True, centre=True)
    used = 4
    for label, value in _known(package):
        _line(word, f"{label}：{value}")
        used += _lines(label + value)
    fitting = [item for item in package.items if not item.unmet]
    shown = 0
    for item in fitting:
        need = _lines_of(item)
        if shown and used + need > LINES - 3:
            break
        _item(word, item, shown + 1)
        used += need
        shown += 1
    if not shown:
        _line(word, package.remark or "没有找到可能适用的条款。")
    if len(fitting) > shown:
        _line(word, f"另有 {len(fitting) - shown} 项可能相关，一页列不下，请在工作台查看。", soft=True)
    _line(word, f"制表日期：{day(today.isoformat())}　来源：问策收录的政策文件，条款为原文摘录", soft=True)
    out = io.BytesIO()
    word.save(out)
    return out.getvalue()


def _page(word: Any) -> None:
    section = word.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(1.8)
    section.top_margin = section.bottom_margin = Cm(1.4)
    style = word.styles["Normal"]
    style.font.name, style.font.size = FONT, Pt(BODY_PT)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), FONT)
    style.paragraph_format.space_after = Pt(1)
    style.paragraph_format.line_spacing = 1.0
    word.core_properties.title, word.core_properties.author = "企业服务包", "问策"
    word.core_properties.language = "zh-CN"


def _known(package: Package) -> list[tuple[str, str]]:
    caller = package.caller
    figures = [f"{what}{say_yuan(yuan)}" for what, yuan in caller.stated.items()]
    figures += [f"上年增长{caller.grown:g}%"] if caller.grown is not None else []
    figures += [f"连续{caller.in_a_row}年增长"] if caller.in_a_row is not None else []
    rows = (
        ("所在地", f"{caller.region}{caller.area}"), ("企业类型", "、".join(caller.kinds)),
        ("情况", caller.story), ("数字", "，".join(figures)),
    )  # fmt: skip
    return [(label, value) for label, value in rows if value]


def say_yuan(yuan: float) -> str:
    """Money as people write it: 500万元."""
    from decimal import Decimal

    return say(Decimal(str(yuan)))


def _item(word: Any, item: Item, number: int) -> None:
    heading = f"{number}. {item.clause.title or item.document.title}"
    standing = item.standing.text + (f"，{item.standing.detail}" if item.standing.detail else "")
    _line(word, heading, size=10.5, bold=True, before=4)
    _line(word, f"依据：{name_of(item.clause)}（{standing}）", soft=True)
    _line(word, f"原文：{item.offer.before}{item.offer.text}")
    for checked in item.checks:
        verdict = VERDICTS[checked.verdict]
        paragraph = _line(word, f"【{verdict}】", colour=_TONES[checked.verdict], bold=True)
        note = checked.reason or checked.question
        paragraph.add_run(f"{checked.condition.text}{f'——{note}' if note else ''}")
    for calculated in item.sums:
        _line(word, f"计算：{calculated}")
    offices = "；".join(f"{o.role}：{'、'.join(o.names)}" for o in item.told.offices)
    _line(word, f"联系：{offices or '条款没有写明责任部门'}")
    if item.told.unsaid:
        _line(word, f"文件没有写明：{'、'.join(item.told.unsaid)}", soft=True)
    if item.document.source_url:
        _line(word, f"来源：{item.document.source_url}", soft=True)


def _lines_of(item: Item) -> int:
    texts = [
        item.offer.before + item.offer.text + "原文：", name_of(item.clause) + item.standing.text + item.standing.detail,
        *(f"【需询问】{c.condition.text}{c.reason}{c.question}" for c in item.checks), *item.sums,
        "".join(f"{o.role}{'、'.join(o.names)}" for o in item.told.offices), "、".join(item.told.unsaid),
    ]  # fmt: skip
    return 2 + sum(_lines(t) for t in texts if t) + bool(item.document.source_url) * 2


def _lines(text: str) -> int:
    return -(-len(text) // LINE_CHARS) or 1


def _line(
    word: Any, text: str, *, size: float = BODY_PT, bold: bool = False, soft: bool = False, centre: bool = False,
    before: float = 0, colour: RGBColor | None = None,
) -> Any:  # fmt: skip
    paragraph = word.add_paragraph()
    if centre:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.paragraph_format.space_before = Pt(before)
    run = paragraph.add_run("".join(c if c.isprintable() else " " for c in text))  # XML has no control characters
    run.bold, run.font.size = bold, Pt(size)
    if colour or soft:
        run.font.color.rgb = colour or _SOFT
    return paragraph
