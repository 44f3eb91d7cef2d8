"""Source text to cleaned lines: markup recognised and set aside, every kept character with its offset.

Nothing is rewritten here. Markup, invisible characters and page furniture are entered in the account as
named noise; what remains is the document's own words, in order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from index.account import Account

LineKind = Literal["text", "blank", "rule", "page_number", "table", "table_rule", "footnote", "download", "navigation"]


@dataclass(slots=True)
class Line:
    """One physical line after cleaning. `text[i]` stands at `offsets[i]` of the source."""

    text: str
    offsets: list[int]
    kind: LineKind = "text"
    indent: bool = False
    """Begins with a paragraph indent (full-width space, or two or more spaces)."""
    level: int = 0
    """Number of leading # of a markdown heading, 0 when none."""
    bold: list[tuple[int, int]] = field(default_factory=list)
    """Spans of `text` that stood between ** marks."""
    marks: list[tuple[int, str]] = field(default_factory=list)
    """Footnote marks: (position in `text` that the mark follows, mark)."""
    footnote_mark: str = ""
    """For kind `footnote`: the mark it explains."""


_LINE = re.compile(r"[^\n\r\f\v\x1c-\x1e\x85\u2028\u2029]*(?:\r\n|[\n\r\f\v\x1c-\x1e\x85\u2028\u2029]|$)")
_INLINE = re.compile(
    r"(?P<sup><sup>\s*(?:\[?(?P<mark>[0-9]{1,3}|[*＊①-⑳])\]?)\s*</sup>)"
    r"|(?P<ref>\[\^(?P<mark2>[^\]\s]{1,12})\])"
    r"|(?P<bookmark>\[bookmark:[^\]\n]*\])"
    r"|(?P<image>!\[[^\]]*\]\([^)\n]*\))"
    r"|(?P<link>\[(?P<linked>[^\]\n]*)\]\([^)\n]*\))"
    r"|(?P<bold>\*\*|__)"
    r"|(?P<html></?(?:p|br|span|div|b|strong|u|i|em|font|a|td|th|tr|table|tbody|thead|sub|sup|center|h[1-6]|ul|ol|li|o:p)"
    r"(?:\s[^<>\n]{0,400})?/?>|<!--[^\n]*?-->|&(?:nbsp|ensp|emsp|thinsp|zwnj);)"
    r"|(?P<invisible>[\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\u00ad\x00-\x08\x0e-\x1f\x7f])"
)
_NAME = {"sup": "footnote_mark", "ref": "footnote_mark", "bold": "markup", "link": "link"}
_RULE = re.compile(r"^[\s]*(?:[-_*=—–─━－~～·•#]\s*){3,}$")
_PAGE_NUMBER = re.compile(
    r"^(?:[-—–－―]{1,3}\s*\d{1,4}\s*[-—–－―]{1,3}|第\s*\d{1,4}\s*页(?:\s*[,，/／]?\s*共\s*\d{1,4}\s*页)?|\d{1,4}\s*[/／]\s*\d{1,4}"
    r"|[Pp]age\s*\d+(?:\s*of\s*\d+)?)$"
)
_TABLE = re.compile(r"^\|.*\|$")
_TABLE_RULE = re.compile(r"^\|?(?:\s*:?-{2,}:?\s*\|)+\s*(?::?-{2,}:?)?\s*$")
_HEADING = re.compile(r"^(#{1,6})(?:\s+|(?=[^\s#\d]))")
_BULLET = re.compile(r"^(?:[-*+]\s+|>\s*|[•●◆■▪◇□]\s*)")
_DOWNLOAD = re.compile(
    r"^(?:【(?:原文|附件|文件)?下载】|(?:附件|原文|文件)下载[：:]?|.{0,80}\.(?:pdf|docx?|xlsx?|wps|ofd|zip|rar))$", re.I
)
_NAVIGATION = re.compile(
    r"^(?:(?:您?(?:的|所在|当前)*位置|当前位置)[：:].*|首页\s*[>＞》].*|[【\[]?\s*(?:打印|关闭|收藏|返回顶部|分享到|字体|字号)[\s：:】\]【\[大中小打印关闭窗口收藏分享到本页]*"
    r"|(?:上一篇|下一篇|相关链接|扫一扫).{0,60}|.{0,10}(?:版权所有|ICP备).{0,60})$"
)


def split_lines(account: Account) -> list[Line]:
    """Physical lines of `account.source`, cleaned; markup and page furniture are entered as noise."""
    lines: list[Line] = []
    marks_seen: set[str] = set()
    for m in _LINE.finditer(account.source):
        if m.start() == m.end():
            continue
        line = _clean(account, m.start(), m.group(0), marks_seen)
        _classify(account, line)
        lines.append(line)
    return lines


def _clean(account: Account, start: int, raw: str, marks_seen: set[str]) -> Line:
    body = raw.rstrip("\n\r\f\v\x1c\x1d\x1e\x85\u2028\u2029")
    chars: list[str] = []
    offsets: list[int] = []
    bold: list[tuple[int, int]] = []
    marks: list[tuple[int, str]] = []
    bold_from: int | None = None
    footnote_mark = ""

    def keep(begin: int, end: int) -> None:
        chars.extend(body[begin:end])
        offsets.extend(range(start + begin, start + end))

    def drop(begin: int, end: int, name: str) -> None:
        account.enter(range(start + begin, start + end), "noise", name)

    position = 0
    for m in _INLINE.finditer(body):
        keep(position, m.start())
        position = m.end()
        name = m.lastgroup or ""
        name = next(g for g in ("sup", "ref", "bookmark", "image", "link", "bold", "html", "invisible") if m.group(g))
        if name == "link":
            inner_start, inner_end = m.span("linked")
            drop(m.start(), inner_start, "link")
            keep(inner_start, inner_end)
            drop(inner_end, m.end(), "link")
            continue
        drop(m.start(), m.end(), _NAME.get(name, name))
        if name in ("sup", "ref"):
            mark = m.group("mark") or m.group("mark2")
            at_start = not "".join(chars).strip()
            if at_start and (mark in marks_seen or body[m.end() :].strip()) and not footnote_mark:
                footnote_mark = mark
            else:
                marks_seen.add(mark)
                marks.append((len(chars), mark))
        elif name == "bold":
            if bold_from is None:
                bold_from = len(chars)
            else:
                bold.append((bold_from, len(chars)))
                bold_from = None
    keep(position, len(body))
    text = "".join(chars)
    level = 0
    lead = len(text) - len(text.lstrip())
    indent = "\u3000" in text[:lead] or text[:lead].replace("\t", "    ").count(" ") >= 2
    for pattern in (_HEADING, _BULLET):
        if (h := pattern.match(text[lead:])) and not _RULE.match(text):
            account.enter(offsets[lead : lead + h.end()], "noise", "markup")
            lead += h.end()
            if pattern is _HEADING:
                level = len(h.group(1))
    lead += len(text[lead:]) - len(text[lead:].lstrip())
    end = len(text.rstrip())
    line = Line(text[lead:end], offsets[lead:end], indent=indent, level=level, footnote_mark=footnote_mark)
    line.bold = [(max(a - lead, 0), min(b, end) - lead) for a, b in bold if min(b, end) > max(a, lead)]
    line.marks = [(min(max(p - lead, 0), end - lead), mark) for p, mark in marks]
    return line


def _classify(account: Account, line: Line) -> None:
    text = line.text
    if not text:
        line.kind = "blank"
        return
    if line.footnote_mark:
        line.kind = "footnote"
    elif _RULE.match(text):
        line.kind = "rule"
    elif _PAGE_NUMBER.match(text):
        line.kind = "page_number"
    elif _TABLE_RULE.match(text) and "|" in text:
        line.kind = "table_rule"
    elif _TABLE.match(text) and len(text) > 2:
        line.kind = "table"
        account.enter((line.offsets[0], line.offsets[-1]), "noise", "table_rule")
        inner = text[1:-1]
        lead = 1 + len(inner) - len(inner.lstrip())
        end = len(text) - 1 - (len(inner) - len(inner.rstrip()))
        line.text, line.offsets = text[lead:end], line.offsets[lead:end]
        line.bold = []
        line.marks = [(min(max(p - lead, 0), len(line.text)), mark) for p, mark in line.marks]
        if not line.text:
            line.kind = "blank"
    elif _DOWNLOAD.match(text):
        line.kind = "download"
    elif _NAVIGATION.match(text):
        line.kind = "navigation"
    if line.kind in ("rule", "page_number", "table_rule", "download", "navigation"):
        account.enter(line.offsets, "noise", line.kind)
