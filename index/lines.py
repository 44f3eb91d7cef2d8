"""Source text to cleaned lines: markup recognised and set aside, every kept character with its offset.

Nothing is rewritten here. Markup, invisible characters and web page furniture are entered in the account
as named noise; what remains is the document's own words, in order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from index.account import Account

LineKind = Literal[
    "text",
    "blank",
    "rule",
    "page_number",
    "running_header",
    "table",
    "table_rule",
    "footnote",
    "download",
    "navigation",
]
NOISE_KINDS = frozenset({"rule", "page_number", "running_header", "table_rule", "download", "navigation"})


@dataclass(slots=True)
class Line:
    """One physical line after cleaning. `text[i]` stands at `offsets[i]` of the source."""

    text: str
    offsets: list[int]
    kind: LineKind = "text"
    indent: bool = False
    """Begins with a paragraph indent (full-width space, or two or more spaces)."""
    margin: int = 0
    """Columns of white space before it."""
    level: int = 0
    """Number of leading # of a markdown heading, 0 when none."""
    bold: list[tuple[int, int]] = field(default_factory=list)
    """Spans of `text` that stood between ** marks."""
    marks: list[tuple[int, str]] = field(default_factory=list)
    """Footnote marks: (position in `text` that the mark follows, mark)."""
    footnote_mark: str = ""
    """For kind `footnote`: the mark it explains."""
    page_start: bool = False
    """A form feed stands right before it."""


_TAGS = (
    "a|abbr|article|b|big|blockquote|body|br|caption|center|cite|code|col|colgroup|dd|del|div|dl|dt|em|figure|font|footer|form|h[1-6]"
    "|head|header|hr|html|i|iframe|img|input|ins|label|li|link|main|meta|nav|o:p|ol|option|p|pre|s|section|select|small|span"
    "|strike|strong|style|script|sub|sup|table|tbody|td|tfoot|th|thead|title|tr|u|ul|video"
)
_BLOCK_TAGS = "article|blockquote|body|br|caption|center|dd|div|dl|dt|footer|form|h[1-6]|head|header|hr|html|li|main|nav|ol|p|pre|section|table|tbody|tfoot|thead|title|tr|ul"
_END = "\n\r\f\v\x1c\x1d\x1e\x85\u2028\u2029"
_BREAK = re.compile(rf"\r\n|[{_END}]|</?(?:{_BLOCK_TAGS})(?:\s[^<>{_END}]{{0,400}})?/?>", re.I)
_HIDDEN_STARTS = (
    ("<script", "</script>"),
    ("<style", "</style>"),
    ("<title", "</title>"),
    ("<!--", "-->"),
    ("<!doctype", ">"),
)
_INLINE = re.compile(
    r"(?P<sup><sup>\s*(?P<sup_open>\[?)(?P<mark>[0-9]{1,3}|[*＊①-⑳])\]?\s*</sup>)"
    r"|(?P<ref>^\s*\[\^(?P<definition>[^\]\s\[]{1,12})\]:|\[\^(?P<mark2>[^\]\s\[]{1,12})\])"
    r"|(?P<bookmark>\[bookmark:[^\]\n]{0,200}\])"
    r"|(?P<image>!\[[^\]\[]{0,200}\]\([^)\n(]{0,600}\))"
    r"|(?P<link>\[(?P<linked>[^\]\[\n]{0,400})\]\([^)\n(]{0,800}\))"
    r"|(?P<bold>(?<![*])\*{2,3}(?![*])|(?<!_)__(?!_))"
    rf"|(?P<cell></?t[dh](?:\s[^<>\n]{{0,400}})?/?>)"
    rf"|(?P<html></?(?:{_TAGS})(?:\s[^<>\n]{{0,400}})?/?>|&(?:nbsp|ensp|emsp|thinsp|zwnj|#160|#12288);)"
    r"|(?P<invisible>[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u00ad\x00-\x08\x0e-\x1b\x1f\x7f])",
    re.I,
)
_NAME = {"sup": "footnote_mark", "ref": "footnote_mark", "bold": "markup", "cell": "html"}
_FOOTNOTE_LINE = re.compile(r"^[^\S\n]*<sup>\s*\[?([0-9]{1,3}|[*＊①-⑳])\]?\s*</sup>", re.M)
_RULE = re.compile(r"^\s*(?:[-_*=—–─━－~～·•#]\s*){3,}$")
_PAGE_NUMBER = re.compile(
    r"^(?:[-—–－―]{1,3}\s*\d{1,4}\s*[-—–－―]{1,3}|第\s*\d{1,4}\s*页(?:\s*[,，/／]?\s*共\s*\d{1,4}\s*页)?"
    r"|[Pp]age\s*\d{1,4}(?:\s*of\s*\d{1,4})?)$"
)
_TABLE = re.compile(r"^\|.*\|$")
_TABLE_RULE = re.compile(r"^\|?(?:\s*:?-{2,}:?\s*\|)+\s*(?::?-{2,}:?)?\s*$")
_HEADING = re.compile(r"^(#{1,6})(?:\s+|(?=[^\s#\d]))")
_BULLET = re.compile(r"^(?:[-*+]\s+|>\s*|[•●◆■▪◇□]\s*)")
_DOWNLOAD = re.compile(
    r"^(?:【(?:原文|附件|文件)?下载】|(?:附件|原文|文件)下载[：:]?|[^，。；！？]{0,80}\.(?:pdf|docx?|xlsx?|wps|ofd|zip|rar))$",
    re.I,
)
_NAVIGATION = re.compile(
    r"^(?:(?:您?(?:的|所在|当前)*位置|当前位置)[：:].{0,200}|首页\s*[>＞»|].{0,200}"
    r"|[【\[]?\s*(?:打印|关闭|收藏|返回顶部|分享到|字体|字号|微信|微博)(?:[\s：:】\]【\[|/]|大|中|小|打印|关闭|窗口|收藏|分享到|本页|本文|字体|字号|微信|微博)*"
    r"|(?:上一篇|下一篇|上一条|下一条)\s*[：:].{0,80}|相关链接[：:]?|扫一扫.{0,30}|.{0,20}(?:版权所有|ICP备).{0,60})$"
)


def split_lines(account: Account) -> list[Line]:
    """Physical lines of `account.source`, cleaned; markup and page furniture are entered as noise."""
    source = account.source
    explained = set(_FOOTNOTE_LINE.findall(source))
    for begin, stop in _hidden(source):
        account.enter(range(begin, stop), "noise", "hidden")
        source = source[:begin] + "\x00" * (stop - begin) + source[stop:]
    lines: list[Line] = []
    marks_seen: set[str] = set()
    page_start = False
    for start, body, end in _physical(source):
        line = _clean(account, start, body, marks_seen, explained)
        line.page_start, page_start = page_start, "\f" in end or (page_start and not line.text)
        account.enter(
            range(start + len(body), start + len(body) + len(end)), "noise", "html" if ">" in end else "space"
        )
        _classify(account, line)
        lines.append(line)
    return lines


def _hidden(source: str) -> list[tuple[int, int]]:
    """Spans of scripts, style sheets and comments, which a browser never shows; an unclosed one is text."""
    lower = source.lower() if "<" in source else ""
    spans: list[tuple[int, int]] = []
    for opening, closing in _HIDDEN_STARTS:
        start = lower.find(opening)
        while start >= 0 and (stop := lower.find(closing, start)) >= 0 and len(spans) < 1000:
            spans.append((start, stop + len(closing)))
            start = lower.find(opening, stop)
    return spans if len(lower) == len(source) else []


def _physical(source: str) -> Iterator[tuple[int, str, str]]:
    """(offset, text, line end) of each line; a tag such as <p> ends a line as a line feed does."""
    position = 0
    for m in _BREAK.finditer(source):
        yield position, source[position : m.start()], m.group(0)
        position = m.end()
    if position < len(source):
        yield position, source[position:], ""


def _clean(account: Account, start: int, body: str, marks_seen: set[str], explained: set[str]) -> Line:
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
        name = next(g for g in _GROUPS if m.group(g) is not None)
        if name == "link" or (name == "sup" and _is_power(m, chars, explained)):
            inner_start, inner_end = m.span("linked" if name == "link" else "mark")
            drop(m.start(), inner_start, "link" if name == "link" else "html")
            keep(inner_start, inner_end)
            drop(inner_end, m.end(), "link" if name == "link" else "html")
            continue
        drop(m.start(), m.end(), _NAME.get(name, name))
        if name in ("sup", "ref"):
            mark = m.group("mark") or m.group("mark2") or m.group("definition")
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
        elif name == "cell" and chars and not chars[-1].isspace():  # cells of a row must not run together
            chars.append(" ")
            offsets.append(start + m.start())
    keep(position, len(body))
    return _line("".join(chars), offsets, bold, marks, footnote_mark, account)


_GROUPS = ("sup", "ref", "bookmark", "image", "link", "bold", "cell", "html", "invisible")


def _is_power(m: re.Match[str], chars: list[str], explained: set[str]) -> bool:
    """m<sup>2</sup>, 10<sup>4</sup>: raised text that no footnote explains belongs to the sentence."""
    if m.group("mark") in explained or m.group("sup_open"):
        return False
    return bool(chars) and m.group("mark").isdigit() and chars[-1].isascii() and chars[-1].isalnum()


def _line(
    text: str,
    offsets: list[int],
    bold: list[tuple[int, int]],
    marks: list[tuple[int, str]],
    footnote_mark: str,
    account: Account,
) -> Line:
    """A line without its margins, heading signs and bullets."""
    level = 0
    lead = len(text) - len(text.lstrip())
    margin = sum({"\u3000": 2, "\t": 4}.get(c, 1) for c in text[:lead])
    indent = margin >= 2
    if not _PAGE_NUMBER.match(text.strip()) and not _RULE.match(text):
        for pattern in (_HEADING, _BULLET):
            if h := pattern.match(text[lead:]):
                account.enter(offsets[lead : lead + h.end()], "noise", "markup")
                lead += h.end()
                if pattern is _HEADING:
                    level = len(h.group(1))
    lead += len(text[lead:]) - len(text[lead:].lstrip())
    end = max(len(text.rstrip()), lead)
    line = Line(text[lead:end], offsets[lead:end], indent=indent, margin=margin, level=level)
    line.footnote_mark = footnote_mark
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
    elif "|" in text and _TABLE_RULE.match(text):
        line.kind = "table_rule"
    elif _TABLE.match(text) and len(text) > 2:
        _table_row(account, line)
    elif len(text) <= 300 and _DOWNLOAD.match(text):
        line.kind = "download"
    elif len(text) <= 300 and _NAVIGATION.match(text):
        line.kind = "navigation"
    if line.kind in NOISE_KINDS:
        account.enter(line.offsets, "noise", line.kind)


def _table_row(account: Account, line: Line) -> None:
    """Take the outer | off a markdown row; those between cells stay, they are what keeps cells apart."""
    text = line.text
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
