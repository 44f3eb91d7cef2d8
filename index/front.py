"""What surrounds a document's text: letterhead, title, enactment line, signature, list of attachments.

Each function looks at blocks from a position on and says how far such a thing reaches; none changes
anything. Doubtful lines are text: a line taken for furniture is lost to search, a line kept is not.
"""

from __future__ import annotations

import re

from index.markers import Family, find_marker
from index.paragraphs import TITLE_END, Block, is_unit_name

MAX_TITLE_LINES = 5
MAX_TITLE_LINE_CHARS = 80

_MASTHEAD = re.compile(r"^[\u4e00-\u9fa5（）()\s、]{1,40}(?:令|公报|文件|公告|通告|函)$")
_SUBTITLE = re.compile(r"^[（(].{0,24}(?:稿|试行|草案|暂行|修订|修正|年[版本]|版|全文|节选|摘要|代拟|文本).{0,6}[）)]$")
_ENACTED = re.compile(
    r"^[（(][^\n]{0,400}(?:通过|公布|发布|修订|修正|施行|批准|印发|起草|此件|有删减)[^\n]{0,400}[）)]$"
)
_OFFICER = re.compile(
    r"^(?:代?(?:省长|市长|区长|县长|州长|盟长|主席|主任|部长|局长|厅长|行长|署长|院长|会长)|总理)\s*[\u4e00-\u9fa5·]{1,2}\s*[\u4e00-\u9fa5·]{1,8}$"
)
_ATTACHMENTS = re.compile(r"^附\s*[件表]?\s*\d{0,2}\s*[：:]\s*\S")
_FORMULA = re.compile(
    r"^(?:特此(?:通知|公告|通告|函复|批复|报告|函告|复函|致函|公示)|此复|专此(?:报告|函复)|此致|敬礼|以上(?:请予)?审议)[。！!]?$"
)
_GENERIC = frozenset({"前言", "引言", "序言", "总则", "附则", "目录", "目次", "正文", "摘要", "概述"})
"""Headings that no document has as its title."""
_CONTENTS_TAIL = re.compile(r"[\s.．…·—-]*(?:[\dIVXivx]{0,5})$")


def is_formula(text: str) -> bool:
    """特此通知。 and the like, which say nothing."""
    return bool(_FORMULA.match(text))


def is_enactment(text: str) -> bool:
    """A bracketed line that says how the document came about: （2020年5月28日…通过）."""
    return len(text) <= 900 and bool(_ENACTED.match(text))


def is_masthead(text: str) -> bool:
    """The head of a gazette or order, which is nobody's title: 某市人民政府公报."""
    squeezed = re.sub(r"\s", "", text)
    return len(squeezed) <= 40 and bool(_MASTHEAD.match(squeezed)) and "关于" not in squeezed


def title_end(blocks: list[Block], i: int, *, loose: bool) -> int:
    """End of the title that begins at block i; i when none does.

    Args:
        blocks: the document.
        i: where to look.
        loose: a title is due here (top of the file, under 附件1), so that one line may be the title
            although it does not end as titles do.
    """
    joined = ""
    end = i
    for j in range(i, min(i + MAX_TITLE_LINES, len(blocks))):
        block = blocks[j]
        if not _titleable(block, first=j == i):
            break
        if end > i and not _goes_on(joined, block):
            break
        joined += block.text
        if _is_full(joined):
            end = j + 1
    if end == i and loose and i < len(blocks) and _titleable(blocks[i], first=True) and len(blocks[i].text) <= 60:
        end = i + ("，" not in blocks[i].text and re.sub(r"\s", "", blocks[i].text) not in _GENERIC)
    while end > i and end < len(blocks) and len(blocks[end].text) <= 30 and _SUBTITLE.match(blocks[end].text):
        if (
            is_enactment(blocks[end].text)
            and not TITLE_END.search(blocks[end].text.rstrip("）)"))
            and "稿" not in blocks[end].text
        ):
            break
        end += 1
    return end


def _titleable(block: Block, *, first: bool) -> bool:
    text = block.text
    if block.kind != "text" or (block.marker and not (first and block.level == 1)):
        return False
    if len(text) > MAX_TITLE_LINE_CHARS and not block.level:
        return False
    if re.search(r"[。；！？\t|]", text) or re.search(r"[：:]", text) and "《" not in text:
        return bool(block.level and len(text) <= 200 and "。" not in text)
    return not text.isdigit() and not text.startswith(("——", "—"))


def _is_full(joined: str) -> bool:
    """The gathered lines end as a title does, with no bracket left open."""
    return bool(TITLE_END.search(joined)) and all(joined.count(a) <= joined.count(b) for a, b in ("《》", "（）", "()"))


def _goes_on(joined: str, block: Block) -> bool:
    """Whether a line belongs to a title that could already be complete."""
    if block.gap or block.level:
        return False
    return block.text.startswith("的") or (
        len(block.text) <= 15 and _is_full(joined + block.text) and not block.text.startswith("附")
    )


def field_length(blocks: list[Block], i: int) -> int:
    """Blocks that a field takes: two when its value stands on the next line, as in web pages saved as text."""
    if blocks[i].kind != "field" or not blocks[i].text.endswith(("：", ":")) or i + 1 >= len(blocks):
        return 1
    value = blocks[i + 1]
    free = value.kind in ("text", "number", "date") and value.marker is None and not value.level and not value.ended
    return 2 if free and len(value.text) <= 40 and not TITLE_END.search(value.text) else 1


def letterhead_end(blocks: list[Block], i: int) -> int:
    """End of the issuing offices that stand over a title, or between a title and its number or date."""
    j = i
    while j < len(blocks) and j < i + 12 and _is_office(blocks[j]):
        j += 1
    return j


def _is_office(block: Block) -> bool:
    text = block.text
    if block.kind != "text" or block.marker or block.level or text.endswith("公司"):
        return False
    return is_unit_name(text) or text in ("文件", "函", "公报") or is_masthead(text)


def signature_end(blocks: list[Block], i: int, last: str) -> int:
    """End of a run of office names closed by a date (or by the end of the document); i when there is none.

    Args:
        blocks: the document.
        i: where to look.
        last: the last paragraph of text before it; a list after a colon is no signature.
    """
    if last.endswith(("：", ":")) or (last and not last.endswith(("。", "！", "”", "）", ")", "；", "]", "?", "？"))):
        after_list = True
    else:
        after_list = False
    units = companies = 0
    for j in range(i, min(i + 24, len(blocks))):
        block = blocks[j]
        if block.kind == "date":
            if j == i:
                return i if after_list else j + 1
            return j + 1 if units and not (after_list and (j - i > 3 or companies)) and companies <= 2 else i
        text = block.text
        if (
            block.kind != "text"
            or block.marker
            or block.level
            or len(text) > 50
            or re.search(r"[，。；：、！？\t|]", text)
        ):
            return i
        if TITLE_END.search(text) and not is_unit_name(text):
            return i
        units += is_unit_name(text) or is_unit_name(re.sub(r"\s", "", text)) or bool(_OFFICER.match(text)) or j > i
        companies += text.endswith("公司")
        if not units:
            return i
    if len(blocks) - i > 3 or after_list or companies or not last:
        return i
    return len(blocks) if all(is_unit_name(re.sub(r"\s", "", b.text)) for b in blocks[i:]) else i


def attachment_list_end(blocks: list[Block], i: int) -> int:
    """End of a list such as 附件：1.申报书 2.汇总表 that announces attachments; i when it is no such list."""
    first = blocks[i]
    alone = first.kind == "attachment"
    if not alone and (not _ATTACHMENTS.match(first.text) or len(first.text) > 200 or "。" in first.text):
        return i
    j = i + 1
    while j < len(blocks):
        block = blocks[j]
        numbered = block.marker is not None and block.marker.family is Family.ARABIC
        if not numbered or block.ended or len(block.text) > 80:
            break
        j += 1
    if alone:
        announced = j > i + 1 and first.text.rstrip().endswith(("：", ":"))
        return j if announced and (j == len(blocks) or blocks[j].marker is None) else i
    return j


def is_attachment_head(blocks: list[Block], i: int) -> bool:
    """A line such as 附表1：收费标准 that heads an attachment, since text follows it at once."""
    text = blocks[i].text
    m = re.match(r"^附\s*[件表录]\s*[\d一二三四五六七八九十]{0,2}\s*[：:]\s*(?=\S)", text)
    following = blocks[i + 1] if i + 1 < len(blocks) else None
    if m is None or following is None or len(text) > 80 or re.search(r"[。；]", text) or find_marker(text[m.end() :]):
        return False
    if following.kind not in ("text", "table", "bracket") or following.text.startswith("附"):
        return False
    listed = following.marker is not None and following.marker.family is Family.ARABIC and following.marker.number != 1
    return not listed and signature_end(blocks, i + 1, "。") == i + 1


def contents_end(blocks: list[Block], i: int) -> int:
    """End of a table of contents headed at block i; i + 1 when what follows is the text itself."""
    entries: list[str] = []
    for j in range(i + 1, len(blocks)):
        entry = blocks[j]
        name = _CONTENTS_TAIL.sub("", re.sub(r"\s", "", entry.text))
        if entries and name == entries[0]:
            return j
        if entry.ended or len(entry.text) > 100 or entry.kind not in ("text", "table", "attachment"):
            break
        entries.append(name)
    if not entries:
        return i + 1
    stop = i + 1 + len(entries)
    later = {re.sub(r"\s", "", b.text) for b in blocks[stop : stop + 5000]}
    return stop if sum(entry in later for entry in entries) * 2 >= len(entries) else i + 1
