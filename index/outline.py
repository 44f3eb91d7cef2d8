"""Paragraphs to an outline: titles, headings and clauses, by the document's own numbering.

A numbering family nests under whichever family was open when its first number appeared, so a path comes
out right whatever the markdown level says and whichever families a document chose. An article (第X条)
keeps its paragraphs and items; a numbered line that is only a title heads the paragraphs below it, and
each of those is a clause of its own; a short list after a colon stays in the clause that introduces it.
A heading with nothing below it is itself the text, so it becomes a clause and is not lost.
"""

from __future__ import annotations

import re

from index import front
from index.account import Account
from index.clause import Department
from index.departments import department_line, trailing_bracket
from index.drafts import Draft, Key, Node, Outline, Part
from index.inline import number_standards, split_inline
from index.markers import ITEM_FAMILIES, LAW_FAMILIES, RANK, Family, Marker
from index.paragraphs import Block, is_ended
from index.runin import RunInTitles, bracketed_title

MAX_HEADING_CHARS = 50
"""A numbered line longer than this is text, even without a full stop (longest heading seen: 41)."""
MAX_ITEM_CHARS = 80
"""Lists whose items are longer on average are clauses of their own."""
MAX_LISTED_CHARS = 40
"""A line without a stop that is no longer than this may be one entry of a list of names."""

CLOSING = re.compile(
    r"^(?:本|该|此)(?:实施)?(?:若干)?(?:措施|办法|意见|方案|通知|规定|细则|条例|政策|指南|决定|规划|计划|公告|通告|实施细则|指引|标准|规范)"
    r"[^。]{0,40}(?:自.{0,30}(?:施行|实施|生效|执行|有效)|由.{2,40}(?:解释|负责解释)|有效期)"
)
_LETTER_CLOSING = re.compile(r"^(?:下一步，|感谢|衷心感谢|再次感谢|最后，感谢|以上答复)")
_QUESTION = re.compile(r"^(?:[【\[]?(?:问题?|Q)\s*\d{0,3}\s*[】\]]?\s*[：:.、]?|[【\[](?:问题?|Q)[】\]])(?<=[：:.、】\]])")
_AMENDS = re.compile(r"修改为|增加|修订为|改为")
_SPACES = re.compile(r"\s")
_PRELIMINARIES = frozenset({"前言", "引言", "序言", "正文", "导语"})
"""Headings that stand before the numbered text and never over it."""


class Outliner:
    """Walks the blocks of one document once, in order."""

    def __init__(self, account: Account, blocks: list[Block]) -> None:
        self.account = account
        number_standards(blocks)
        self.blocks = split_inline(blocks)
        self.outline = Outline()
        self.titles = RunInTitles(self.blocks)
        self.draft: Draft | None = None
        self.title_marks: list[str] = []
        self._start_part()

    def _start_part(self) -> None:
        self.stack: list[Node] = []
        self.draft = None
        self.front = True
        self.seen: set[Key] = set()
        self.nested_under: dict[Key, Key | None] = {}
        self.last_number: dict[Key, tuple[int, int, str]] = {}

    def run(self) -> Outline:
        """The outline; every block's characters are entered in the account."""
        i = 0
        while i < len(self.blocks):
            i = self._step(i)
        self._pop(0)
        for draft in self.outline.drafts:
            self._settle_title(draft)
        self.outline.drafts = [d for d in self.outline.drafts if d.pieces]
        return self.outline

    def _settle_title(self, draft: Draft) -> None:
        """An article's title line heads its text; without any text it is the text."""
        if draft.pieces:
            self.account.enter(draft.title_offsets, "heading", "run_in_title")
        elif draft.title_offsets:
            draft.pieces.append((draft.title, draft.title_offsets))
            draft.title = ""
            self.account.enter(draft.title_offsets, "clause")
        else:
            self.outline.gaps.append(f"只有编号，没有正文：{draft.label}")

    # -- one block ---------------------------------------------------------------------------------

    def _step(self, i: int) -> int:
        block = self.blocks[i]
        if end := self._furniture(i):
            return end
        if self.front and (end := self._front(i)):
            return end
        self.front = False
        if block.kind == "bracket" and self._bracket(block):
            return i + 1
        if block.kind == "table":
            self._table(block)
        elif block.marker and not self._quoted(block.marker):
            self._numbered(block, block.marker, i)
        elif not block.marker and self._is_plain_heading(block, i):
            return self._plain_heading(i)
        else:
            self._paragraph(block)
        return i + 1

    def _furniture(self, i: int) -> int:
        """End of what stands around the text at block i, or 0: contents, attachment heads and lists, signature."""
        block = self.blocks[i]
        if self.front and _SPACES.sub("", block.text) in ("目录", "目次"):
            end = front.contents_end(self.blocks, i)
            if end > i + 1:
                for entry in self.blocks[i:end]:
                    self.account.enter(entry.offsets, "noise", "contents")
                return end
        if block.kind == "attachment" or block.text.startswith("附"):
            begun = len(self.outline.parts) > 1 or bool(self.outline.parts[0].title)
            if begun and front.is_attachment_head(self.blocks, i):
                return self._attachment_head(block, i)
            if (end := front.attachment_list_end(self.blocks, i)) > i:
                return self._metadata(i, end, "attachment_list")
            if block.kind == "attachment":
                self._new_part()
                return self._metadata(i, i + 1, "attachment")
        if not block.marker and block.kind in ("text", "date") and not (self.front and block.kind == "date"):
            end = front.signature_end(self.blocks, i, self.draft.last if self.draft else "。" if not self.front else "")
            if end > i:
                return self._signature(i, end)
        return self._metadata(i, i + 1, "formula") if front.is_formula(block.text) else 0

    def _attachment_head(self, block: Block, i: int) -> int:
        self._new_part()
        colon = re.search(r"[：:]\s*", block.text)
        cut = colon.end() if colon else len(block.text)
        self.account.enter(block.offsets[:cut], "metadata", "attachment")
        self.outline.metadata.setdefault("attachment", []).append(block.text[:cut])
        self.account.enter(block.offsets[cut:], "heading", "title")
        self.outline.parts[-1].title = block.text[cut:].strip()
        return i + 1

    def _signature(self, i: int, end: int) -> int:
        head = self.front and len(self.outline.parts) == 1
        for j in range(i, end):
            dated = self.blocks[j].kind == "date"
            self._metadata(j, j + 1, "signature_date" if dated else "letterhead" if head else "signature")
        if not self.front:
            self._new_part()
        return end

    def _front(self, i: int) -> int:
        """Letterhead, title, number, date, addressee and enactment lines before the text; 0 when the text begins."""
        block, part = self.blocks[i], self.outline.parts[-1]
        first = len(self.outline.parts) == 1
        if block.kind in ("number", "date", "addressee", "field"):
            return self._metadata(i, i + 1, block.kind)
        if front.is_enactment(block.text) and not front.TITLE_END.search(block.text.rstrip("）)")):
            return self._metadata(i, i + 1, "enactment")
        offices = front.letterhead_end(self.blocks, i)
        due = i == 0 or self.blocks[i - 1].kind == "attachment" or block.level > 0 or (first and not self.draft)
        end = front.title_end(self.blocks, offices if not part.title else i, loose=due and not part.title)
        start = offices if not part.title else i
        if end > start and not part.title:
            self._metadata(i, start, "letterhead" if first else "signature")
            return self._title(start, end)
        if end > start and self._takes_new_title(start, end):
            return self._title(start, end)
        if part.title and offices > i and front.is_masthead(block.text):
            return self._metadata(i, offices, "letterhead")
        following = self.blocks[offices].kind if offices < len(self.blocks) else "end"
        headed = following in ("number", "date", "addressee", "field", "bracket")
        if offices > i and (headed or (not part.title and not first)) and offices - i <= 8:
            return self._metadata(i, offices, "letterhead" if first else "signature")
        return 0

    def _takes_new_title(self, start: int, end: int) -> bool:
        """A second title before any text: the first was a masthead, or a web page printed it twice."""
        old = _SPACES.sub("", self.outline.parts[-1].title)
        new = _SPACES.sub("", "".join(b.text for b in self.blocks[start:end]))
        return new == old or (front.is_masthead(old) and not front.is_masthead(new))

    def _title(self, start: int, end: int) -> int:
        self.outline.parts[-1].title = "".join(b.text for b in self.blocks[start:end])
        for block in self.blocks[start:end]:
            self.account.enter(block.offsets, "heading", "title")
            self.title_marks += [mark for _, mark in block.marks]
        return end

    def _new_part(self) -> None:
        if self.front and not self.outline.parts[-1].title:
            return
        self._pop(0)
        self.outline.parts.append(Part(""))
        self._start_part()

    def _metadata(self, i: int, end: int, name: str) -> int:
        for block in self.blocks[i:end]:
            self.outline.metadata.setdefault(name, []).append(block.text)
            self.account.enter(block.offsets, "metadata", name)
        return end

    # -- headings and levels ---------------------------------------------------------------------------

    @property
    def path(self) -> tuple[str, ...]:
        """Headings of the open levels."""
        return tuple(node.heading for node in self.stack if node.heading)

    def _push(self, node: Node) -> None:
        self.stack.append(node)
        self.draft = None

    def _pop(self, depth: int) -> None:
        """Close the levels below `depth`; a heading that got no text becomes a clause with its own words."""
        while len(self.stack) > depth:
            node = self.stack.pop()
            if node.line and not node.used:
                if node.title:
                    draft = Draft(self.path, node.label, "", node.key[0], marks=node.marks)
                    draft.pieces.append((node.title, node.title_offsets))
                    self.account.enter(node.label_offsets, "heading", "label")
                    self.account.enter(node.title_offsets, "clause")
                    kept = self.draft
                    self._open(draft)
                    self.draft = kept
                else:
                    self.account.enter(node.label_offsets, "heading", "label")
                    self.outline.gaps.append(f"只有编号，没有正文：{node.label}")

    def _open(self, draft: Draft) -> Draft:
        draft.part = len(self.outline.parts) - 1
        draft.marks = self.title_marks + [m for node in self.stack for m in node.marks] + draft.marks
        self.title_marks = []
        for node in self.stack:
            node.marks = []
            if node.line and not node.used:
                node.used = True
                self.account.enter(node.label_offsets, "heading", "label")
                self.account.enter(node.title_offsets, "heading")
        self.draft = draft
        self.outline.drafts.append(draft)
        return draft

    def _is_plain_heading(self, block: Block, i: int) -> bool:
        """A line without a number that heads what follows."""
        text = block.text
        if block.ended or len(text) > 30 or re.search(r"[，。；：、|\t]", text) or block.kind != "text":
            return bool(block.level and len(text) <= MAX_HEADING_CHARS and not block.ended)
        if block.level:
            return True
        following = self.blocks[i + 1] if i + 1 < len(self.blocks) else None
        if following is None or following.kind not in ("text", "table", "field"):
            return False
        if _SPACES.sub("", text) in {"总则", "附则"} | _PRELIMINARIES:
            return True
        in_list = self.draft is not None and not self.draft.last.endswith(("。", "）", ")", "]"))
        begins = following.marker is not None and following.marker.number == 1
        long_enough = len(text) >= 3 and not re.fullmatch(r"[\d\s.,%％\-—/~～]+", text)
        return not in_list and (begins or (following.ended and following.marker is None)) and long_enough

    def _plain_heading(self, i: int) -> int:
        block = self.blocks[i]
        text = block.text
        if block.level in (1, 2) and front.TITLE_END.search(text) and len(text) > 6 and self.draft:
            self._new_part()
            return self._title(i, i + 1)
        depth = len(self.stack)
        if block.level == 1 or _SPACES.sub("", text) in ("总则", "附则"):
            depth = 0
        elif self.stack and self.stack[0].key[0] is None and len(self.stack) > 1:
            depth = 0  # the last such heading had numbers below it: this one is its sibling
        while depth and (not self.stack[depth - 1].line or self.stack[depth - 1].key[0] is None):
            depth -= 1
        self._pop(depth)
        self._push(Node((None, 0), text, "", text, True, [], block.offsets, [m for _, m in block.marks]))
        return i + 1

    # -- text ------------------------------------------------------------------------------------------

    def _add(self, draft: Draft, block: Block, start: int = 0) -> None:
        """Append a block's text from `start` to a clause; its department bracket goes to the clause's own field."""
        text, offsets = block.text[start:], block.offsets[start:]
        bracket = trailing_bracket(text)
        end = bracket.start if bracket else len(text)
        while end and text[end - 1].isspace():
            end -= 1
        if bracket:
            self._assign(draft, text[bracket.start : bracket.end], bracket.departments)
            self.account.enter(offsets[bracket.start :], "department")
        if end:
            draft.pieces.append((text[:end], offsets[:end]))
            self.account.enter(offsets[:end], "clause")
        draft.marks += [mark for position, mark in block.marks if position >= start]

    @staticmethod
    def _assign(draft: Draft, text: str, departments: tuple[Department, ...]) -> None:
        draft.department_text += text
        draft.departments += [d for d in departments if d not in draft.departments]

    def _bracket(self, block: Block) -> bool:
        bracket = trailing_bracket(block.text)
        if bracket and self.draft and not self.draft.department_text:
            self._assign(self.draft, block.text, bracket.departments)
            self.account.enter(block.offsets, "department")
            self.draft.marks += [mark for _, mark in block.marks]
            return True
        return False

    def _table(self, block: Block) -> None:
        draft = self.draft
        if not (draft and (draft.table or draft.run_in or draft.last.endswith(("：", ":")))):
            draft = self._paragraph_draft()
        self._add(draft, block)
        draft.table = True

    def _paragraph_draft(self) -> Draft:
        top = next((node for node in reversed(self.stack) if node.line), None)
        path = tuple(node.heading for node in self.stack if node.heading and node.line)
        return self._open(Draft(path, top.label if top else "", top.title if top else ""))

    def _paragraph(self, block: Block) -> None:
        text, draft = block.text, self.draft
        if draft and draft.pieces and (departments := department_line(text)):
            self._assign(draft, text, departments)
            self.account.enter(block.offsets, "department")
            return
        letter = bool(_LETTER_CLOSING.match(text))
        closing = letter or bool(CLOSING.match(text))
        if closing and (draft is None or draft.run_in or letter) and (draft is None or draft.family != Family.ARTICLE):
            self._pop(0)
            self._add(self._paragraph_draft(), block)
            return
        if _QUESTION.match(text) and not (draft and draft.family is Family.ARTICLE):
            depth = len(self.stack)
            while depth and not self.stack[depth - 1].line:
                depth -= 1
            self._pop(depth)
            question = self._paragraph_draft()
            question.run_in = True
            self._add(question, block)
            return
        listed = len(text) <= MAX_LISTED_CHARS and not block.ended and not block.marks
        if draft and (not closing or draft.family is Family.ARTICLE) and self._belongs(draft, listed):
            if draft.department_text and trailing_bracket(text):
                draft = self._open(Draft(draft.path, draft.label, draft.title, draft.family, run_in=True))
            self._add(draft, block)
        else:
            self._add(self._paragraph_draft(), block)
        if self.draft:
            self.draft.listing = listed and not self.draft.run_in

    @staticmethod
    def _belongs(draft: Draft, listed: bool) -> bool:
        """Whether an unnumbered paragraph goes on with the clause before it."""
        if draft.run_in:
            return True
        in_list = bool(draft.item_keys) or draft.last.endswith(("：", ":", "；", ";"))
        return (in_list and draft.last.endswith(("；", ";"))) or (draft.listing and listed)

    def _quoted(self, marker: Marker) -> bool:
        """第五条 inside the quotation of an amendment (将第四条修改为：“第四条 …) is not this document's own."""
        draft = self.draft
        if marker.family is not Family.ARTICLE or draft is None or draft.family in (None, Family.ARTICLE):
            return False
        text = "".join(piece for piece, _ in draft.pieces[-6:])
        return bool(_AMENDS.search(text[:400])) and text.count("“") > text.count("”")

    # -- numbers ---------------------------------------------------------------------------------------

    def _numbered(self, block: Block, marker: Marker, i: int) -> None:
        if self._is_item(block, marker, i):
            assert self.draft is not None
            if marker.key not in self.draft.item_keys:
                self.draft.item_keys.append(marker.key)
            self._add(self.draft, block)
            return
        self._place(marker)
        self._check_sequence(marker)
        rest = block.text[marker.length :]
        labelled = block.offsets[: marker.length]
        if self._is_heading(rest, marker, i):
            title, at = rest.strip(), marker.length + len(rest) - len(rest.lstrip())
            if bare := bracketed_title(rest):
                title, at = bare[0], marker.length + bare[1]
            offsets = block.offsets[at : at + len(title)]
            marks = [m for _, m in block.marks]
            if marker.family is Family.ARTICLE:  # 第三条 适用范围 ⏎ text: the line is the article's title
                parents = self.path
                self._push(Node(marker.key, "", marker.label, title, False))
                self._open(Draft(parents, marker.label, title, marker.family, True, offsets, marks=marks))
                self.account.enter(labelled, "heading", "label")
            else:
                self._push(Node(marker.key, block.text.strip(), marker.label, title, True, labelled, offsets, marks))
            self.account.enter([*block.offsets[marker.length : at], *block.offsets[at + len(title) :]], "heading")
            return
        title, title_at, start = self.titles.split(block, marker)
        heading = f"{marker.label}{title}" if title else ""
        parents = self.path
        self._push(Node(marker.key, heading, marker.label, title, False))
        draft = Draft(parents, marker.label, title, marker.family, run_in=True)
        draft.marks = [mark for position, mark in block.marks if position < start]
        self._open(draft)
        self.account.enter(labelled, "heading", "label")
        self._add(draft, block, start)
        if draft.pieces:
            self.account.enter(block.offsets[marker.length : start], "heading", "run_in_title")
        elif title:  # nothing but a department bracket: the title is the text
            draft.pieces.append((title, block.offsets[title_at : title_at + len(title)]))
            self.account.enter(draft.pieces[0][1], "clause")
            self.account.enter(block.offsets[marker.length : start], "heading", "run_in_title")

    def _place(self, marker: Marker) -> None:
        """Close the levels that this number closes."""
        key = marker.key
        before = (i for i, node in enumerate(self.stack) if _SPACES.sub("", node.title) in _PRELIMINARIES)
        self._pop(next(before, len(self.stack)))
        keys = [node.key for node in self.stack]
        parent = self.nested_under.get(key)
        if key in keys:
            self._pop(keys.index(key))
        elif parent in keys:
            self._pop(keys.index(parent) + 1)
        elif key in self.seen or marker.number != 1 or marker.family in LAW_FAMILIES:
            self._pop(self._depth_by_rank(marker, strict=False))
        elif marker.family in (Family.ARTICLE, Family.COMMA):
            self._pop(self._depth_by_rank(marker, strict=True))
        self.seen.add(key)
        above = self.stack[-1].key if self.stack else (None, 0)
        if above[0] is not None and RANK[above[0]] > RANK[key[0]]:
            self.nested_under.setdefault(key, above)  # 1. （一） … 2. （一）: against the usual order

    def _depth_by_rank(self, marker: Marker, *, strict: bool) -> int:
        """How many open levels rank above a number, by the usual order of families."""
        rank = (RANK[marker.family], len(marker.parents))
        depth = len(self.stack)
        while depth:
            node = self.stack[depth - 1]
            family, deep = node.key
            if family is None:
                heads = marker.family not in LAW_FAMILIES and rank != (RANK[Family.DECIMAL], 0)
                if strict or (heads and _SPACES.sub("", node.title) not in _PRELIMINARIES):
                    break
            elif RANK[family] <= rank[0] if strict else (RANK[family], deep) < rank:
                break
            depth -= 1
        return depth

    def _check_sequence(self, marker: Marker) -> None:
        key = marker.key
        previous = self.last_number.get(key)
        self.last_number[key] = (marker.number, marker.branch, marker.label)
        if previous is None or marker.number == 1:
            if previous is None and marker.number > 1 and marker.family is not Family.DECIMAL:
                self.outline.gaps.append(f"编号从 {marker.label} 开始")
            return
        number, branch, label = previous
        if (marker.number == number + 1 and not marker.branch) or (marker.number == number and marker.branch == branch + 1):
            return
        what = "编号重复" if marker.number == number else "编号不连续"
        self.outline.gaps.append(f"{what}：{label} → {marker.label}")

    def _is_heading(self, rest: str, marker: Marker, i: int) -> bool:
        """Whether a numbered line only heads what follows it."""
        if marker.family in LAW_FAMILIES:
            return len(rest) <= MAX_HEADING_CHARS or "。" not in rest
        if not rest.strip() or (marker.family is Family.ARTICLE and bracketed_title(rest)):
            return True
        following = self.blocks[i + 1] if i + 1 < len(self.blocks) else None
        if following is None or "。" in rest.rstrip("。") or len(rest) > MAX_HEADING_CHARS:
            return False
        deeper = False
        if following.marker is None:
            below = following.kind in ("text", "table", "field", "addressee") and not (
                following.kind == "text"
                and (CLOSING.match(following.text) or front.signature_end(self.blocks, i + 1, rest) > i + 1)
            )
        else:
            key, below_key = marker.key, following.marker.key
            expected = self.last_number.get(below_key, (0, 0, ""))[0] + 1
            deeper = RANK[following.marker.family] > RANK[marker.family] or below_key[1] > key[1]
            inverted = following.marker.number == 1 and marker.family not in ITEM_FAMILIES
            below = (
                below_key != key
                and below_key not in [node.key for node in self.stack]
                and following.marker.number in (1, expected)
                and (deeper or inverted)
            )
        if not below:
            return False
        if marker.family is Family.ARTICLE:
            return not is_ended(rest)
        short = rest.endswith("。") and len(rest) <= 25 and (following.marker is None or deeper)
        return not is_ended(rest) or short

    def _is_item(self, block: Block, marker: Marker, i: int) -> bool:
        """Whether a numbered block is a list item of the clause before it."""
        draft, key = self.draft, marker.key
        if draft is None or marker.family in LAW_FAMILIES or marker.family is Family.ARTICLE:
            return False
        if draft.family is Family.ARTICLE:
            if marker.family != Family.COMMA or block.ended or len(block.text) > MAX_HEADING_CHARS:
                return True
            return self.last_number.get(key) is None and marker.number != 1
        if key in draft.item_keys:
            return True
        open_keys = [node.key for node in self.stack]
        if key in open_keys or (draft.family is not None and RANK[marker.family] < RANK[draft.family]):
            return False
        if draft.item_keys and marker.number == 1 and RANK[marker.family] > RANK[draft.item_keys[-1][0] or marker.family]:
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

    def _run_lengths(self, i: int, key: Key) -> list[int]:
        lengths = []
        for block in self.blocks[i : i + 30]:
            if block.marker and block.marker.key == key:
                lengths.append(len(block.text))
            elif block.marker and key[0] is not None and RANK[block.marker.family] <= RANK[key[0]]:
                break
        return lengths
