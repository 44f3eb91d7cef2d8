"""Word documents (docx): paragraphs in reading order with their printed numbers, tables, footnotes, text boxes.

Headers, footers and hidden text are set aside; deletions of tracked changes are not read, insertions are.
Pages are those that Word noted when it last saved the file; without such notes there are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import docx
from docx.opc.constants import RELATIONSHIP_TYPE as RT
from lxml import etree

from index.errors import DocumentError, cause
from index.files.numbering import Numbering, W
from index.files.package import open_zip
from index.files.sheet import Composer, Reading, Run

MAX_HEADING_CHARS = 80
_ALTERNATE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}AlternateContent"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_BLIP = "{http://schemas.openxmlformats.org/drawingml/2006/main}blip"
_NOT_READ = {W + "del", W + "moveFrom", W + "commentRangeStart", W + "commentRangeEnd", W + "rPr", W + "pPr"}
_BLOCKS = {W + "sdt", W + "sdtContent", W + "ins", W + "moveTo", W + "customXml", W + "smartTag"}
_HEADING_NAME = re.compile(r"(?:heading|标题)\s*([1-6])", re.I)


def read_docx(data: bytes, name: str) -> Reading:
    """Text of a docx file.

    Raises:
        DocumentError: damaged, encrypted, unpacking to too much, or no Word document.
    """
    open_zip(data, name).close()
    try:
        document = docx.Document(BytesIO(data))
        body = document.element.body
        walk = _Walk.of(document)
    except Exception as error:  # the package raises KeyError, ValueError and its own errors for damage
        raise DocumentError(f"{name} 不是完好的 Word 文件（{cause(error)}）；请用 Word 另存一份再试") from None
    if body is None:
        raise DocumentError(f"{name} 里没有正文；请用 Word 另存一份再试")
    walk.blocks(body)
    for part in document.part.rels.values():
        if part.reltype in (RT.HEADER, RT.FOOTER) and not part.is_external:
            kind = "header" if part.reltype == RT.HEADER else "footer"
            for paragraph in _parsed(part.target_part.blob).iter(W + "p"):
                walk.out.remove(0, kind, "".join(t.text or "" for t in paragraph.iter(W + "t")))
    if walk.pictures:
        walk.out.warnings.append(f"文中有 {walk.pictures} 张图片，图片里的文字没有读")
    return walk.out.finish("docx")


def _parsed(blob: bytes) -> Any:
    """Root of an XML part; entities are not resolved and nothing outside is loaded."""
    return etree.fromstring(blob, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))


@dataclass(slots=True)
class _Style:
    name: str
    based_on: str
    element: Any


@dataclass
class _Walk:
    """One pass through a document."""

    styles: dict[str, _Style]
    numbering: Numbering
    footnotes: dict[str, Any]
    paged: bool
    out: Composer = field(default_factory=Composer)
    page: int = 0
    pictures: int = 0
    noted: int = 0

    @classmethod
    def of(cls, document: Any) -> _Walk:
        styles = {}
        default = ""
        for element in document.styles.element.iter(W + "style"):
            name, base = element.find(W + "name"), element.find(W + "basedOn")
            identity = element.get(W + "styleId", "")
            if element.get(W + "type") == "paragraph" and element.get(W + "default") in ("1", "true"):
                default = identity
            styles[identity] = _Style(
                name.get(W + "val", "") if name is not None else "",
                base.get(W + "val", "") if base is not None else "", element,
            )  # fmt: skip
        styles[""] = styles.get(default, _Style("", "", etree.Element("none")))
        roots = {}
        for relation in document.part.rels.values():
            if not relation.is_external and relation.reltype in (RT.NUMBERING, RT.FOOTNOTES, RT.ENDNOTES):
                roots[relation.reltype] = _parsed(relation.target_part.blob)
        notes: dict[str, Any] = {}
        for kind, tag in ((RT.FOOTNOTES, "footnote"), (RT.ENDNOTES, "endnote")):
            if kind in roots:
                notes |= {tag + note.get(W + "id", ""): note for note in roots[kind].iter(W + tag)}
        paged = next(document.element.iter(W + "lastRenderedPageBreak"), None) is not None
        walk = cls(styles, Numbering.of(roots.get(RT.NUMBERING)), notes, paged)
        walk.page = int(paged)
        return walk

    # -- blocks ----------------------------------------------------------------------------------------

    def blocks(self, parent: Any) -> None:
        """Paragraphs and tables below an element, in order."""
        for child in parent:
            if child.tag == W + "p":
                self._paragraph(child)
            elif child.tag == W + "tbl":
                self._table(child)
            elif child.tag in _BLOCKS:
                self.blocks(child)

    def _paragraph(self, paragraph: Any) -> None:
        for box in _text_boxes(paragraph):
            self.blocks(box)
        style = self._chain(_value(paragraph, "pPr/pStyle"))
        runs = list(self._runs(paragraph, style))
        text = "".join(run.text for run in runs).strip()
        if not text:
            return
        if label := self._label(paragraph, style):
            runs.insert(0, Run(label, runs[0].page, runs[0].bold))
        level = self._level(paragraph, style) if len(text) <= MAX_HEADING_CHARS and "。" not in text else 0
        indent = not text.startswith("　") and self._indented(paragraph, style)
        self.out.paragraph(runs, level=level, indent=indent)

    def _label(self, paragraph: Any, style: list[Any]) -> str:
        for element in (paragraph.find(W + "pPr"), *(s.find(W + "pPr") for s in style)):
            if element is None or (link := element.find(f"{W}numPr/{W}numId")) is None:
                continue
            level = element.find(f"{W}numPr/{W}ilvl")
            at = level.get(W + "val", "0") if level is not None else "0"
            return self.numbering.label(link.get(W + "val", ""), int(at) if at.isdigit() else 0)
        return ""

    def _level(self, paragraph: Any, style: list[Any]) -> int:
        """Heading level 1 to 6, 0 for text."""
        outline = _value(paragraph, "pPr/outlineLvl")
        for element in style:
            outline = outline or _value(element, "pPr/outlineLvl")
            name = _value(element, "name")
            if m := _HEADING_NAME.fullmatch(name):
                return int(m.group(1))
            if name.lower() in ("title", "标题"):
                return 1
        return int(outline) + 1 if outline.isdigit() and int(outline) < 6 else 0

    @staticmethod
    def _indented(paragraph: Any, style: list[Any]) -> bool:
        for element in (paragraph, *style):
            found = element.find(f"{W}pPr/{W}ind")
            if found is not None:
                first = found.get(W + "firstLineChars") or found.get(W + "firstLine") or "0"
                return first.lstrip("-").isdigit() and int(first) > 0
        return False

    def _chain(self, identity: str) -> list[Any]:
        """A style and those that it is based on, nearest first."""
        chain: list[Any] = []
        while len(chain) < 12 and (found := self.styles.get(identity)) is not None:
            chain.append(found.element)
            if not found.based_on:
                break
            identity = found.based_on
        return chain

    # -- runs ------------------------------------------------------------------------------------------

    def _runs(self, element: Any, style: list[Any]) -> Iterator[Run]:
        for child in element:
            if child.tag in _NOT_READ:
                continue
            if child.tag != W + "r":
                if isinstance(child.tag, str) and child.tag != _ALTERNATE:
                    yield from self._runs(child, style)
                continue
            properties = child.find(W + "rPr")
            styles = [*self._chain(_value(child, "rPr/rStyle")), *style] if _value(child, "rPr/rStyle") else style
            if _on(properties, "vanish"):
                self.out.remove(self.page, "hidden", "".join(t.text or "" for t in child.iter(W + "t")))
                continue
            bold = next(
                (b for b in (_on(p, "b") for p in (properties, *(s.find(W + "rPr") for s in styles))) if b is not None),
                False,
            )
            raised = properties is not None and _value(child, "rPr/vertAlign") == "superscript"
            yield from self._run(child, bold, raised)

    def _run(self, run: Any, bold: bool, raised: bool) -> Iterator[Run]:
        for child in run:
            tag = child.tag.removeprefix(W) if isinstance(child.tag, str) else ""
            if tag == "t" and child.text:
                mark = raised and bool(re.fullmatch(r"\s*(?:\d{1,3}|[①-⑳*])\s*", child.text))
                yield Run(child.text, self.page, bold, mark)
            elif tag in ("tab", "ptab"):
                yield Run(" ", self.page, bold)
            elif tag in ("br", "cr") and child.get(W + "type") in (None, "textWrapping"):
                yield Run("\n", self.page, bold)
            elif tag == "noBreakHyphen":
                yield Run("-", self.page, bold)
            elif tag == "lastRenderedPageBreak":
                self.page += 1
            elif tag in ("footnoteReference", "endnoteReference"):
                yield from self._note(tag.removesuffix("Reference") + child.get(W + "id", ""))
            elif tag in ("drawing", "pict", "object") and next(child.iter(_BLIP), None) is not None:
                self.pictures += 1

    def _note(self, identity: str) -> Iterator[Run]:
        note = self.footnotes.get(identity)
        if note is None:
            return
        self.noted += 1
        mark, page = str(self.noted), self.page
        words = "\n".join("".join(t.text or "" for t in p.iter(W + "t")) for p in note.iter(W + "p"))
        self.out.note(mark, [Run(words.strip(), page)])
        yield Run(mark, page, mark=True)

    # -- tables ----------------------------------------------------------------------------------------

    def _table(self, table: Any) -> None:
        rows: list[list[list[Run]]] = []
        above: dict[int, list[Run]] = {}
        for row in table.iter(W + "tr"):
            if next(a for a in row.iterancestors(W + "tbl")) is not table:
                continue
            cells: list[list[Run]] = []
            for cell in row.iter(W + "tc"):
                if next(a for a in cell.iterancestors(W + "tr")) is not row:
                    continue
                runs = self._cell(cell)
                merge = cell.find(f"{W}tcPr/{W}vMerge")
                if merge is not None and merge.get(W + "val") != "restart":
                    runs = above.get(len(cells), [])  # a merged cell speaks for each of its rows
                above[len(cells)] = runs
                cells.append(runs)
                span = _value(cell, "tcPr/gridSpan")
                cells += [[]] * (min(int(span), 64) - 1 if span.isdigit() else 0)
            if any(run.text.strip() for cell in cells for run in cell):
                rows.append(cells)
        if len(rows) >= 2 and max(sum(bool(c) for c in row) for row in rows) >= 2:
            self.out.table(rows)
            return
        for row in rows:  # a frame for layout
            for cell in row:
                if cell:
                    self.out.paragraph(cell)

    def _cell(self, cell: Any) -> list[Run]:
        runs: list[Run] = []
        for paragraph in cell.iter(W + "p"):
            style = self._chain(_value(paragraph, "pPr/pStyle"))
            words = list(self._runs(paragraph, style))
            if label := self._label(paragraph, style) if words else "":
                words.insert(0, Run(label, words[0].page))
            if runs and words:
                runs.append(Run("\n", words[0].page))
            runs += words
        return runs


def _value(element: Any, path: str) -> str:
    found = element.find("/".join(W + step for step in path.split("/")))
    return str(found.get(W + "val", "")) if found is not None else ""


def _on(properties: Any | None, name: str) -> bool | None:
    """A switch such as <w:b/>: on, off, or None when it is not given."""
    found = properties.find(W + name) if properties is not None else None
    return None if found is None else found.get(W + "val", "1") not in ("0", "false", "off")


def _text_boxes(paragraph: Any) -> list[Any]:
    """Text boxes anchored in a paragraph, each once: Word writes them twice, for old and new readers."""
    boxes = []
    for box in paragraph.iter(W + "txbxContent"):
        inside = list(box.iterancestors())
        own = next((a for a in inside if a.tag == W + "p"), None)
        if own is paragraph and not any(a.tag == _FALLBACK for a in inside):
            boxes.append(box)
    return boxes
