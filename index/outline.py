"""Paragraphs to an outline: titles, headings and clauses, by the document's own numbering.

A numbering family nests under whichever family was open when its first number appeared, so a path comes
out right whatever the markdown level says and whichever families a document chose. An article (第X条)
keeps its paragraphs and items; a numbered line that is only a title heads the paragraphs below it, and
each of those is a clause of its own; a short list after a colon stays in the clause that introduces it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from index.account import Account
from index.departments import trailing_bracket
from index.markers import ITEM_FAMILIES, LAW_FAMILIES, RANK, Family, Marker, find_marker
from index.paragraphs import ENDED, Block, is_addressee, is_unit_name
from index.runin import RunInTitles

MAX_HEADING_CHARS = 50
"""A numbered line longer than this is text, even without a full stop (longest heading seen: 41)."""
MAX_ITEM_CHARS = 80
"""Lists whose items are longer on average are clauses of their own."""

TITLE_END = re.compile(
    r"(?:意见|办法|措施|方案|细则|规定|通知|通告|公告|公报|决定|决议|条例|计划|规划|纲要|要点|指南|答复|批复|复函|函|报告|指引|标准|规范|规则|章程|目录|清单"
    r"|解读|法|令|说明|政策|制度|程序|流程|预案|简则|守则|公约|须知|申请表|一览表|表)"
    r"(?:》?的通知|》)?(?:\s*[（(【][^）)】]{1,20}[）)】])*$"
)
CLOSING = re.compile(
    r"^(?:本|该|此)(?:实施)?(?:若干)?(?:措施|办法|意见|方案|通知|规定|细则|条例|政策|指南|决定|规划|计划|公告|通告|实施细则|指引|标准|规范)"
    r"[^。]{0,40}(?:自.{0,30}(?:施行|实施|生效|执行|有效)|由.{2,40}(?:解释|负责解释)|有效期)"
)
_LETTER_CLOSING = re.compile(r"^(?:下一步，|感谢|衷心感谢|再次感谢|最后，感谢|以上答复)")
_FORMULA = re.compile(
    r"^(?:特此(?:通知|公告|通告|函复|批复|报告|函告|复函|致函)|此复|专此(?:报告|函复)|此致|敬礼|以上(?:请予)?审议)[。！!]?$"
)
_ENACTED = re.compile(r"^[（(].*(?:通过|公布|发布|修订|修正|施行|批准|印发|起草).*[）)]$", re.S)
_ATTACHMENT_LIST = re.compile(r"^附\s*件?\s*[：:]\s*\S")


@dataclass(slots=True)
class Draft:
    """A clause being gathered."""

    path: tuple[str, ...]
    label: str = ""
    title: str = ""
    family: Family | None = None
    run_in: bool = False
    """Numbered with text of its own, so unnumbered paragraphs below still belong to it."""
    pieces: list[tuple[str, list[int]]] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    department_text: str = ""
    item_family: tuple[Family, int] | None = None
    table: bool = False
    part: int = 0

    @property
    def last(self) -> str:
        """Text of the last paragraph."""
        return self.pieces[-1][0] if self.pieces else ""


@dataclass(slots=True)
class Node:
    """An open numbering level."""

    key: tuple[Family | None, int]
    heading: str
    label: str
    title: str
    line: bool
    """The heading stands on a line of its own."""
    marks: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Part:
    """A title with the text below it: a notice, the measures attached to it, an annex."""

    title: str
    is_main: bool = False


@dataclass(slots=True)
class Outline:
    """What a document is made of."""

    parts: list[Part] = field(default_factory=lambda: [Part("")])
    drafts: list[Draft] = field(default_factory=list)
    metadata: dict[str, list[str]] = field(default_factory=dict)
    gaps: list[str] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)


class Outliner:
    """Walks the blocks of one document once, in order."""

    def __init__(self, account: Account, blocks: list[Block]) -> None:
        self.account = account
        self.blocks = split_inline(blocks)
        self.outline = Outline()
        self.titles = RunInTitles(self.blocks)
        self.stack: list[Node] = []
        self.seen: set[tuple[Family, int]] = set()
        self.last_number: dict[tuple[Family, int], tuple[int, int, str]] = {}
        self.draft: Draft | None = None
        self.front = True
        self.title_lines: list[str] = []

    def run(self) -> Outline:
        """The outline; every block's characters are entered in the account."""
        i = 0
        while i < len(self.blocks):
            i = self._step(i)
        self._close_title()
        self.outline.drafts = [d for d in self.outline.drafts if d.pieces]
        return self.outline

    # -- one block ---------------------------------------------------------------------------------

    def _step(self, i: int) -> int:
        block = self.blocks[i]
        text = block.text
        if re.sub(r"\s", "", text) in ("目录", "目次") and (end := self._contents_end(i)) > i + 1:
            for entry in self.blocks[i:end]:
                self.account.enter(entry.offsets, "noise", "contents")
            return end
        if block.kind == "attachment":
            self._metadata(block, "attachment")
            self._new_part()
            return i + 1
        if _ATTACHMENT_LIST.match(text) and len(text) < 200 and not self.front:
            return self._attachment_list(i)
        if not block.marker and block.kind in ("text", "date") and (end := self._signature_end(i)) > i:
            for signed in self.blocks[i:end]:
                name = "signature_date" if signed.kind == "date" else "signature"
                head = self.front and len(self.outline.parts) == 1 and name == "signature"
                self._metadata(signed, "letterhead" if head else name)
            if not self.front:
                self._new_part()
            return end
        if block.kind in ("number", "date", "addressee") or (block.kind == "field" and (self.front or not self.draft)):
            self._metadata(block, block.kind)
            return i + 1
        if _FORMULA.match(text):
            self._metadata(block, "formula")
            return i + 1
        if self.front and self._front(block, i):
            return i + 1
        self._close_title()
        if block.kind == "bracket" and self._bracket(block):
            return i + 1
        if block.kind == "table":
            self._table(block)
        elif block.marker:
            self._numbered(block, block.marker, i)
        elif self._is_plain_heading(block, i):
            self._plain_heading(block)
        else:
            self._paragraph(block)
        return i + 1

    def _front(self, block: Block, i: int) -> bool:
        """Letterhead, title and enactment lines before the first text; False when the text begins."""
        text = block.text
        if block.marker and not (block.level == 1 and not self.title_lines):
            return False
        if _ENACTED.match(text) and not TITLE_END.search(text.rstrip("）)")):
            self._metadata(block, "enactment")
            return True
        titled = bool(TITLE_END.search(text)) or block.level > 0
        if not titled and (is_unit_name(text) or text in ("文件", "函", "公报")):
            self._metadata(block, "letterhead" if len(self.outline.parts) == 1 else "signature")
            return True
        if block.kind in ("table", "field") or (block.ended and not titled) or len(text) > 120:
            return False
        if re.search(r"[。；]", text) or (self.title_lines and self._title_is_full() and not text.startswith(("（", "("))):
            return False
        self.title_lines.append(text)
        self.account.enter(block.offsets, "heading", "title")
        return True

    def _title_is_full(self) -> bool:
        """The gathered lines already end as a title does; what follows is no longer part of it."""
        return bool(TITLE_END.search("".join(self.title_lines)))

    def _close_title(self) -> None:
        if self.title_lines:
            self.outline.parts[-1].title = " ".join(self.title_lines) if len(self.title_lines) == 1 else "".join(self.title_lines)
            self.title_lines = []
        self.front = False

    def _new_part(self) -> None:
        if self.front and not self.title_lines and not self.outline.parts[-1].title:
            return
        self._close_title()
        self.outline.parts.append(Part(""))
        self.stack, self.draft, self.front = [], None, True
        self.seen, self.last_number = set(), {}

    def _metadata(self, block: Block, name: str) -> None:
        self.outline.metadata.setdefault(name, []).append(block.text)
        self.account.enter(block.offsets, "metadata", name)

    # -- recognitions that look ahead -----------------------------------------------------------------

    def _contents_end(self, i: int) -> int:
        first: Marker | None = None
        for j in range(i + 1, len(self.blocks)):
            entry = self.blocks[j]
            if entry.marker and first and (entry.marker.family, entry.marker.number) == (first.family, first.number):
                return j
            if entry.ended or len(entry.text) > 80:
                return j if first is None else i + 1
            first = first or entry.marker
        return i + 1

    def _signature_end(self, i: int) -> int:
        """End of a run of office names closed by a date (or by the end of the document); i when there is none."""
        units = 0
        for j in range(i, min(i + 24, len(self.blocks))):
            block = self.blocks[j]
            if block.kind == "date":
                return j + 1 if units or j == i and not self.front else i
            text = block.text
            if block.kind != "text" or block.marker or block.level or len(text) > 50 or re.search(r"[，。；：、！？]", text):
                return i
            if TITLE_END.search(text) and not is_unit_name(text):
                return i
            units += is_unit_name(text) or is_unit_name(re.sub(r"\s", "", text)) or j > i
            if not units:
                return i
        return len(self.blocks) if not self.front and i > len(self.blocks) - 4 and units else i

    def _attachment_list(self, i: int) -> int:
        self._metadata(self.blocks[i], "attachment_list")
        j = i + 1
        while j < len(self.blocks):
            block = self.blocks[j]
            if not (block.marker and block.marker.family == Family.ARABIC and not block.ended and len(block.text) < 80):
                break
            self._metadata(block, "attachment_list")
            j += 1
        return j

    def _is_plain_heading(self, block: Block, i: int) -> bool:
        text = block.text
        if block.ended or len(text) > 30 or re.search(r"[，。；：、]", text) or block.kind != "text":
            return bool(block.level and len(text) <= MAX_HEADING_CHARS and not block.ended)
        if block.level:
            return True
        following = self.blocks[i + 1] if i + 1 < len(self.blocks) else None
        if following is None or following.kind not in ("text", "table"):
            return False
        if re.sub(r"\s", "", text) in ("总则", "附则", "前言", "引言", "正文"):
            return True
        in_list = self.draft is not None and not self.draft.last.endswith(("。", "）", ")", "]"))
        return not in_list and (following.ended or bool(following.marker)) and len(text) >= 3

    # -- structure ---------------------------------------------------------------------------------

    @property
    def path(self) -> tuple[str, ...]:
        """Headings of the open levels."""
        return tuple(node.heading for node in self.stack if node.line)

    def _open(self, draft: Draft) -> Draft:
        draft.part = len(self.outline.parts) - 1
        self.draft = draft
        self.outline.drafts.append(draft)
        return draft

    def _add(self, draft: Draft, block: Block, start: int = 0) -> None:
        """Append a block's text from `start` to a clause; its department bracket goes to the clause's own field."""
        text, offsets = block.text[start:], block.offsets[start:]
        bracket = trailing_bracket(text)
        end = bracket.start if bracket else len(text)
        while end and text[end - 1].isspace():
            end -= 1
        if bracket:
            draft.department_text += text[bracket.start : bracket.end]
            self.account.enter(offsets[bracket.start :], "department")
        if end:
            draft.pieces.append((text[:end], offsets[:end]))
            self.account.enter(offsets[:end], "clause")
        draft.marks += [mark for position, mark in block.marks if position >= start]

    def _bracket(self, block: Block) -> bool:
        bracket = trailing_bracket(block.text)
        if bracket and self.draft and not self.draft.department_text:
            self.draft.department_text = block.text
            self.account.enter(block.offsets, "department")
            self.draft.marks += [mark for _, mark in block.marks]
            return True
        return False

    def _table(self, block: Block) -> None:
        if self.draft and (self.draft.table or self.draft.run_in or self.draft.last.endswith(("：", ":"))):
            self._add(self.draft, block)
        else:
            self._add(self._paragraph_draft(), block)
        if self.draft:
            self.draft.table = True

    def _paragraph_draft(self) -> Draft:
        top = next((node for node in reversed(self.stack) if node.line), None)
        draft = Draft(self.path, top.label if top else "", top.title if top else "")
        if top:
            draft.marks, top.marks = list(top.marks), []
        return self._open(draft)

    def _paragraph(self, block: Block) -> None:
        closing = bool(CLOSING.match(block.text) or _LETTER_CLOSING.match(block.text))
        if closing and (self.draft is None or self.draft.run_in or _LETTER_CLOSING.match(block.text)):
            if self.draft is None or self.draft.family != Family.ARTICLE:
                self.stack = []
                self._add(self._paragraph_draft(), block)
                return
        draft = self.draft
        again = bool(draft and draft.department_text and trailing_bracket(block.text))
        in_list = bool(draft and (draft.item_family or draft.last.endswith(("：", ":", "；", ";"))))
        if draft and not closing and (draft.run_in or (in_list and draft.last.endswith(("；", ";")))):
            if again:
                same = Draft(draft.path, draft.label, draft.title, draft.family, run_in=True)
                self._add(self._open(same), block)
            else:
                self._add(draft, block)
            return
        self._add(self._paragraph_draft(), block)

    def _plain_heading(self, block: Block) -> None:
        text = block.text
        if block.level in (1, 2) and TITLE_END.search(text) and len(text) > 6 and self.draft:
            self._new_part()
            self._front(block, 0)
            return
        if block.level == 1 or re.sub(r"\s", "", text) in ("总则", "附则"):
            self.stack = []
        while self.stack and (not self.stack[-1].line or self.stack[-1].key[0] is None):
            self.stack.pop()
        self.stack.append(Node((None, 0), text, "", text, True, [m for _, m in block.marks]))
        self.outline.headings.append(text)
        self.account.enter(block.offsets, "heading")
        self.draft = None

    def _numbered(self, block: Block, marker: Marker, i: int) -> None:
        key = (marker.family, len(marker.parents))
        if self._is_item(block, marker, key, i):
            assert self.draft is not None
            self.draft.item_family = self.draft.item_family or key
            self._add(self.draft, block)
            return
        self._place(marker, key)
        self._check_sequence(marker, key)
        rest = block.text[marker.length :]
        heading = self._is_heading(rest, marker, key, i)
        title, start = self.titles.split(block, marker)
        self.account.enter(block.offsets[: marker.length], "heading", "label")
        if heading:
            node = Node(key, block.text.strip(), marker.label, rest.strip(), True, [m for _, m in block.marks])
            self.stack.append(node)
            self.outline.headings.append(node.heading)
            self.account.enter(block.offsets[marker.length :], "heading")
            self.draft = None
            if marker.family == Family.ARTICLE:  # 第三条 适用范围 ⏎ text: the line is the article's title
                node.line = False
                self._open(Draft(self.path, marker.label, rest.strip(), marker.family, run_in=True, marks=node.marks))
            return
        self.account.enter(block.offsets[marker.length : start], "heading", "run_in_title")
        draft = Draft(self.path, marker.label, title, marker.family, run_in=True)
        draft.marks = [mark for position, mark in block.marks if position < start]
        self.stack.append(Node(key, "", marker.label, title, False))
        self._add(self._open(draft), block, start)
        if not draft.pieces:  # nothing but a department bracket: the title is the text
            draft.pieces.append((title, block.offsets[marker.length : marker.length + len(title)]))

    def _place(self, marker: Marker, key: tuple[Family, int]) -> None:
        """Pop the levels that this number closes."""
        open_keys = [node.key for node in self.stack]
        if key in open_keys:
            del self.stack[open_keys.index(key) :]
        elif not (marker.number == 1 and key not in self.seen and marker.family not in LAW_FAMILIES):
            rank = (RANK[marker.family], len(marker.parents))
            while self.stack and (
                self.stack[-1].key[0] is None or (RANK[self.stack[-1].key[0]], self.stack[-1].key[1]) >= rank
            ):
                self.stack.pop()
        elif marker.family in (Family.ARTICLE, Family.COMMA):
            while self.stack and self.stack[-1].key[0] is not None and RANK[self.stack[-1].key[0]] > RANK[marker.family]:
                self.stack.pop()
        self.seen.add(key)

    def _check_sequence(self, marker: Marker, key: tuple[Family, int]) -> None:
        previous = self.last_number.get(key)
        self.last_number[key] = (marker.number, marker.branch, marker.label)
        if previous is None or marker.number == 1:
            if previous is None and marker.number > 1 and marker.family != Family.DECIMAL:
                self.outline.gaps.append(f"编号从 {marker.label} 开始")
            return
        number, branch, label = previous
        if (marker.number == number + 1 and not marker.branch) or (marker.number == number and marker.branch == branch + 1):
            return
        what = "编号重复" if marker.number == number else "编号不连续"
        self.outline.gaps.append(f"{what}：{label} → {marker.label}")

    def _is_heading(self, rest: str, marker: Marker, key: tuple[Family, int], i: int) -> bool:
        if marker.family in LAW_FAMILIES:
            return True
        following = self.blocks[i + 1] if i + 1 < len(self.blocks) else None
        if following is None or "。" in rest.rstrip("。") or len(rest) > MAX_HEADING_CHARS:
            return False
        if following.marker is None:
            below = following.kind in ("text", "table", "field", "addressee") and not (
                following.kind == "text" and (CLOSING.match(following.text) or self._signature_end(i + 1) > i + 1)
            )
        else:
            next_key = (following.marker.family, len(following.marker.parents))
            expected = self.last_number.get(next_key, (0, 0, ""))[0] + 1
            below = (
                next_key != key
                and next_key not in [node.key for node in self.stack]
                and following.marker.number in (1, expected)
                and (RANK[next_key[0]] > RANK[key[0]] or following.marker.number == 1)
            )
        if not below:
            return False
        if marker.family == Family.ARTICLE:
            return not ENDED.search(rest)
        return not ENDED.search(rest) or (rest.endswith("。") and len(rest) <= 25 and following.marker is None)

    def _is_item(self, block: Block, marker: Marker, key: tuple[Family, int], i: int) -> bool:
        draft = self.draft
        if draft is None or marker.family in LAW_FAMILIES or marker.family == Family.ARTICLE:
            return False
        if draft.family == Family.ARTICLE:
            if marker.family != Family.COMMA or block.ended or len(block.text) > MAX_HEADING_CHARS:
                return True
            return self.last_number.get(key) is None and marker.number != 1
        if draft.item_family == key:
            return True
        open_keys = [node.key for node in self.stack]
        if key in open_keys or draft.family is not None and RANK[marker.family] < RANK[draft.family]:
            return False
        if draft.item_family is not None and marker.number == 1 and RANK[marker.family] > RANK[draft.item_family[0]]:
            return True
        if marker.number != 1 or not draft.pieces:
            return False
        lengths = self._run_lengths(i, key)
        average = sum(lengths) / len(lengths)
        introduces = draft.last.endswith(("：", ":"))
        if introduces and block.text.endswith(("；", ";")):
            return True
        if marker.family in ITEM_FAMILIES:
            return average <= 2 * MAX_ITEM_CHARS
        return introduces and draft.run_in and average <= MAX_ITEM_CHARS

    def _run_lengths(self, i: int, key: tuple[Family, int]) -> list[int]:
        lengths = []
        for block in self.blocks[i : i + 30]:
            if block.marker and (block.marker.family, len(block.marker.parents)) == key:
                lengths.append(len(block.text))
            elif block.marker and RANK[block.marker.family] <= RANK[key[0]]:
                break
        return lengths


_INLINE = re.compile(r"(?<=[。；！？”）)])\s*(?=[（(][一二三四五六七八九十]{1,3}[）)])")


def split_inline(blocks: list[Block]) -> list[Block]:
    """Split a running paragraph at （一）…（二）… that follow sentence ends in order; articles stay whole."""
    if any(b.marker and b.marker.family == Family.ARTICLE for b in blocks):
        return blocks
    result: list[Block] = []
    for block in blocks:
        cuts: list[int] = []
        if block.kind == "text" and (block.marker is None or block.marker.family != Family.PAREN):
            expected = 1
            for m in _INLINE.finditer(block.text):
                marker = find_marker(block.text[m.end() :])
                if marker and marker.family == Family.PAREN and marker.number == expected:
                    cuts.append(m.end())
                    expected += 1
        if len(cuts) < 2:
            result.append(block)
            continue
        edges = [0, *cuts, len(block.text)]
        for a, b in zip(edges, edges[1:], strict=False):
            piece = Block(block.text[a:b], block.offsets[a:b], indent=block.indent)
            piece.bold = [(x - a, y - a) for x, y in block.bold if a <= x and y <= b]
            piece.marks = [(p - a, mark) for p, mark in block.marks if a < p <= b]
            piece.marker = block.marker if a == 0 else find_marker(piece.text)
            result.append(piece)
    return result


__all__ = ["Draft", "Outline", "Outliner", "Part", "is_addressee"]
