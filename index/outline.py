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
from index.drafts import Draft, Outline, Part
from index.headings import CLOSING, is_heading, is_item, is_plain_heading
from index.inline import number_standards, split_inline
from index.levels import Levels, Node
from index.markers import Family, Marker
from index.paragraphs import Block
from index.runin import RunInTitles, bracketed_title

MAX_LISTED_CHARS = 40
"""A line without a stop that is no longer than this may be one entry of a list of names."""

_LETTER_CLOSING = re.compile(r"^(?:下一步，|感谢|衷心感谢|再次感谢|最后，感谢|以上答复)")
_QUESTION = re.compile(
    r"^(?:[【\[]?(?:问题?|Q)\s*\d{0,3}\s*[】\]]?\s*[：:.、]?|[【\[](?:问题?|Q)[】\]])(?<=[：:.、】\]])"
)
_AMENDS = re.compile(r"修改为|增加|修订为|改为")
_SPACES = re.compile(r"\s")


class Outliner:
    """Walks the blocks of one document once, in order."""

    def __init__(self, account: Account, blocks: list[Block]) -> None:
        self.account = account
        number_standards(blocks)
        self.blocks = split_inline(blocks)
        self.outline = Outline()
        self.titles = RunInTitles(self.blocks)
        self.draft: Draft | None = None
        self.columns: Block | None = None
        """Head of the table that is being read."""
        self.title_marks: list[str] = []
        self._start_part()

    def _start_part(self) -> None:
        self.levels = Levels(self.account, self._heading_alone)
        self.draft = None
        self.front = True

    def run(self) -> Outline:
        """The outline; every block's characters are entered in the account."""
        i = 0
        while i < len(self.blocks):
            i = self._step(i)
        self.levels.close(0)
        for draft in self.outline.drafts:
            self._settle_title(draft)
        drafts = [d for d in self.outline.drafts if d.pieces] + self._settle_parts()
        self.outline.drafts = sorted(drafts, key=lambda d: d.pieces[0][1][0])
        return self.outline

    def _settle_parts(self) -> list[Draft]:
        """Titles with nothing below them, as an annex may have whose body is a picture: the title is the text."""
        filled = {d.part for d in self.outline.drafts if d.pieces}
        lonely: list[Draft] = []
        for i, part in enumerate(self.outline.parts):
            if part.title and i not in filled and (i > 0 or not filled):
                lonely.append(Draft((), pieces=[(part.title, part.offsets)], part=i))
                part.title = part.title if i == 0 else ""
                self.account.enter(part.offsets, "clause")
            self.account.enter(part.offsets, "heading", "title")
        return lonely

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
        if block.kind != "table":
            self.columns = None
        if block.kind == "table":
            self._table(block, i)
        elif block.marker and not self._quoted(block.marker):
            self._numbered(block, block.marker, i)
        elif not block.marker and is_plain_heading(self.blocks, i, self.draft):
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
        self.outline.parts[-1] = Part(block.text[cut:], block.offsets[cut:])
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
            end = self._metadata(i, i + front.field_length(self.blocks, i), block.kind)
            if end == i + 2:  # a field and, on the next line, its value
                fields = self.outline.metadata["field"]
                fields[-2:] = ["".join(fields[-2:])]
            return end
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
        titled = self.blocks[start:end]
        self.account.enter(self.outline.parts[-1].offsets, "heading", "title")
        self.outline.parts[-1] = Part("".join(b.text for b in titled), [o for b in titled for o in b.offsets])
        for block in titled:
            self.title_marks += [mark for _, mark in block.marks]
        return end

    def _new_part(self) -> None:
        if self.front and not self.outline.parts[-1].title:
            return
        self.levels.close(0)
        self.outline.parts.append(Part(""))
        self._start_part()

    def _metadata(self, i: int, end: int, name: str) -> int:
        for block in self.blocks[i:end]:
            self.outline.metadata.setdefault(name, []).append(block.text)
            self.account.enter(block.offsets, "metadata", name)
        return end

    # -- headings --------------------------------------------------------------------------------------

    def _push(self, node: Node) -> None:
        self.levels.nodes.append(node)
        self.draft = None

    def _heading_alone(self, node: Node) -> None:
        """A heading that got no text becomes a clause with its own words."""
        self.account.enter(node.label_offsets, "heading", "label")
        if not node.title:
            self.outline.gaps.append(f"只有编号，没有正文：{node.label}")
            return
        draft = Draft(self.levels.path, node.label, "", node.key[0], marks=node.marks)
        draft.pieces.append((node.title, node.title_offsets))
        self.account.enter(node.title_offsets, "clause")
        current = self.draft
        self._open(draft)
        self.draft = current

    def _open(self, draft: Draft) -> Draft:
        draft.part = len(self.outline.parts) - 1
        draft.marks = self.title_marks + self.levels.use() + draft.marks
        self.title_marks = []
        self.draft = draft
        self.outline.drafts.append(draft)
        return draft

    def _plain_heading(self, i: int) -> int:
        block = self.blocks[i]
        text = block.text
        if block.level in (1, 2) and front.TITLE_END.search(text) and len(text) > 6 and self.draft:
            self._new_part()
            return self._title(i, i + 1)
        nodes = self.levels.nodes
        sibling = len(nodes) > 1 and nodes[0].key[0] is None  # the last such heading had numbers below it
        if block.level == 1 or sibling or _SPACES.sub("", text) in ("总则", "附则"):
            self.levels.close(0)
        self.levels.close_run_in(unnumbered=True)
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

    def _table(self, block: Block, i: int) -> None:
        """A row: a clause of its own under its columns' names where these are known, else one with its neighbours."""
        if block.head and i + 1 < len(self.blocks) and self.blocks[i + 1].kind == "table":
            self.columns = block
            self.account.enter(block.offsets, "heading", "columns")
            return
        draft = self.draft
        if self.columns:
            row = self._open(Draft(draft.path, draft.label)) if draft else self._paragraph_draft()
            row.title = self.columns.text
            self._add(row, block)
            self.draft = draft
            return
        if not (draft and (draft.table or draft.run_in or draft.last.endswith(("：", ":")))):
            draft = self._paragraph_draft()
        self._add(draft, block)
        draft.table = True

    def _paragraph_draft(self) -> Draft:
        top = next((node for node in reversed(self.levels.nodes) if node.line), None)
        path = tuple(node.heading for node in self.levels.nodes if node.heading and node.line)
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
            self.levels.close(0)
            self._add(self._paragraph_draft(), block)
            return
        if _QUESTION.match(text) and not (draft and draft.family is Family.ARTICLE):
            self.levels.close_run_in()
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
        if is_item(self.blocks, i, marker, self.levels, self.draft):
            assert self.draft is not None
            if marker.key not in self.draft.item_keys:
                self.draft.item_keys.append(marker.key)
            self._add(self.draft, block)
            return
        self.levels.place(marker)
        if odd := self.levels.count(marker):
            self.outline.gaps.append(odd)
        rest = block.text[marker.length :]
        labelled = block.offsets[: marker.length]
        if is_heading(self.blocks, i, marker, self.levels):
            title, at = rest.strip(), marker.length + len(rest) - len(rest.lstrip())
            if bare := bracketed_title(rest):
                title, at = bare[0], marker.length + bare[1]
            offsets = block.offsets[at : at + len(title)]
            marks = [m for _, m in block.marks]
            if marker.family is Family.ARTICLE:  # 第三条 适用范围 ⏎ text: the line is the article's title
                parents = self.levels.path
                self._push(Node(marker.key, "", marker.label, title, False))
                self._open(Draft(parents, marker.label, title, marker.family, True, offsets, marks=marks))
                self.account.enter(labelled, "heading", "label")
            else:
                self._push(Node(marker.key, block.text.strip(), marker.label, title, True, labelled, offsets, marks))
            self.account.enter([*block.offsets[marker.length : at], *block.offsets[at + len(title) :]], "heading")
            return
        title, title_at, start = self.titles.split(block, marker)
        heading = f"{marker.label}{title}" if title else ""
        parents = self.levels.path
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
