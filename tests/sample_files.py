"""Policy files of every kind, made from the bundled texts: what offices, websites and scanners would hand over.

Everything is made at run time into a folder of the caller's; nothing is kept in the repository.
"""

from __future__ import annotations

import html
import random
import re
import subprocess
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import docx
import numpy as np
import pypdfium2
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor
from PIL import Image, ImageFilter

from index.account import Account
from index.clause import Clause
from index.errors import DocumentError
from index.files.old_word import soffice
from index.footnotes import set_aside_footnotes
from index.lines import split_lines
from index.outline import Outliner
from index.pages import find_tables, set_aside_pages
from index.paragraphs import join_lines
from index.parse import Parsed, parse_text
from index.reading import read_text

CORPUS = Path(__file__).parent.parent / "index" / "corpus"
ENCODINGS = {
    "utf-8": "utf-8", "utf-8-bom": "utf-8-sig", "gb18030": "gb18030", "gbk": "gbk", "utf-16": "utf-16",
    "utf-16-le": "utf-16-le", "utf-16-be": "utf-16-be",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of a document and how it is set."""

    text: str
    look: str
    """text, title, letterhead, number, right, heading, field, table."""
    bold: tuple[tuple[int, int], ...] = ()
    marks: tuple[tuple[int, str], ...] = ()
    level: int = 0

    def pieces(self) -> list[tuple[str, bool, str]]:
        """(words, bold, footnote mark after them)."""
        cuts = sorted({0, len(self.text), *(p for pair in self.bold for p in pair), *(p for p, _ in self.marks)})
        marks = dict(self.marks)
        out = [("", False, marks[0])] if 0 in marks else []
        for a, b in zip(cuts, cuts[1:], strict=False):
            out.append((self.text[a:b], any(x <= a and b <= y for x, y in self.bold), marks.get(b, "")))
        return out


@dataclass(frozen=True, slots=True)
class Manuscript:
    """A bundled document as paragraphs, and the clauses that every file made from it must give."""

    name: str
    paragraphs: tuple[Paragraph, ...]
    notes: tuple[tuple[str, str], ...]
    parsed: Parsed


def manuscripts() -> list[Manuscript]:
    """All bundled documents."""
    return [manuscript(path) for path in sorted(CORPUS.glob("*.txt"))]


def manuscript(path: Path) -> Manuscript:
    """One document; sentences that a page break had cut are whole in it, as in the office's own file."""
    text = read_text(path)
    account = Account(text)
    lines = split_lines(account)
    set_aside_pages(account, lines)
    set_aside_footnotes(account, lines)
    find_tables(lines)
    layout = join_lines(account, lines)
    outline = Outliner(account, layout.blocks).run()
    facts = outline.metadata
    looks = dict.fromkeys(facts.get("letterhead", []), "letterhead") | dict.fromkeys(facts.get("number", []), "number")
    looks |= {t: "right" for name in ("signature", "signature_date") for t in facts.get(name, [])}
    titles = [part.title for part in outline.parts if part.title]
    paragraphs = []
    for block in layout.blocks:
        look = looks.get(block.text, "text")
        if look == "text" and any(block.text in title for title in titles):
            look = "title"
        elif block.kind == "field":
            look = "field"
        elif block.marker and len(block.text) < 40 and not re.search("[，。；]", block.text):
            look = "heading"
        paragraphs.append(Paragraph(block.text, look, tuple(block.bold), tuple(block.marks), block.level))
    notes = tuple((note.mark, note.text) for note in layout.footnotes)
    return Manuscript(path.stem, tuple(paragraphs), notes, parse_text(text, path.name))


def squeeze(text: str) -> str:
    """Without white space, which no two kinds of files keep alike."""
    return re.sub(r"\s", "", text)


def words_of(clauses: Sequence[Clause]) -> list[tuple[Any, ...]]:
    """What must be the same whatever kind of file a document comes as."""
    return [
        (c.label, squeeze(c.title), squeeze(c.text), tuple((d.name, d.role) for d in c.departments),
         tuple(map(squeeze, c.path)), tuple((f.mark, squeeze(f.text)) for f in c.footnotes))
        for c in clauses
    ]  # fmt: skip


# -- Word ----------------------------------------------------------------------------------------------


def make_docx(source: Manuscript, path: Path, *, letterhead: str = "", table: Sequence[Sequence[str]] = ()) -> Path:
    """A Word file with headings, header, page numbers, real footnotes, a letterhead and a table."""
    document = docx.Document()
    section = document.sections[0]
    section.header.paragraphs[0].text = "内部资料 注意保存"
    _page_number(section.footer.paragraphs[0])
    if letterhead:
        red = document.add_paragraph()
        red.alignment = WD_ALIGN_PARAGRAPH.CENTER
        run = red.add_run(letterhead)
        run.font.size, run.font.color.rgb = Pt(36), RGBColor(0xE0, 0, 0)
    marks: list[str] = []
    for paragraph in source.paragraphs:
        level = paragraph.level or (1 if paragraph.look == "title" and paragraph.marks == () else 0)
        made = document.add_heading("", min(level, 4)) if level else document.add_paragraph()
        if paragraph.look in ("title", "letterhead", "number"):
            made.alignment = WD_ALIGN_PARAGRAPH.CENTER
        elif paragraph.look == "right":
            made.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        elif paragraph.look == "text":
            made.paragraph_format.first_line_indent = Pt(32)
        for words, bold, mark in paragraph.pieces():
            for i, part in enumerate(re.split(r"(?<=。)", words)):  # Word cuts runs anywhere
                if part or not i:
                    run = made.add_run(part)
                    run.bold = bold or None
            if mark:
                marks.append(mark)
                _reference(made.add_run(), len(marks))
    if table:
        grid = document.add_table(len(table), len(table[0]), "Table Grid")
        for i, row in enumerate(table):
            for j, cell in enumerate(row):
                grid.cell(i, j).text = cell
    if marks:
        _add_notes(document, source.notes)
    document.save(str(path))
    return path


def _page_number(paragraph: Any) -> None:
    for kind, text in (("begin", ""), ("", " PAGE "), ("end", "")):
        run = paragraph.add_run()._r
        element = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            element.set(qn("w:fldCharType"), kind)
        else:
            element.text = text
        run.append(element)


def _reference(run: Any, number: int) -> None:
    element = OxmlElement("w:footnoteReference")
    element.set(qn("w:id"), str(number))
    run._r.append(element)


def _add_notes(document: Any, notes: Sequence[tuple[str, str]]) -> None:
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    body = "".join(
        f'<w:footnote w:id="{i}"><w:p><w:r><w:footnoteRef/></w:r><w:r><w:t>{html.escape(text)}</w:t></w:r></w:p></w:footnote>'
        for i, (_, text) in enumerate(notes, 1)
    )
    blob = f'<?xml version="1.0" encoding="UTF-8"?><w:footnotes xmlns:w="{space}">{body}</w:footnotes>'.encode()
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    part = Part(PackURI("/word/footnotes.xml"), kind, blob, document.part.package)
    document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)


def make_doc(path: Path) -> Path:
    """An old Word file, by LibreOffice."""
    command = [soffice(), "--headless", "--convert-to", "doc:MS Word 97", "--outdir", str(path.parent), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return path.with_suffix(".doc")


def rewrite_member(path: Path, member: str, change: Callable[[bytes], bytes]) -> None:
    """Replace one member of a zip container."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    if member not in members:
        raise DocumentError(f"no {member}")
    members[member] = change(members[member])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


# -- web pages -----------------------------------------------------------------------------------------

_SITE = """<!DOCTYPE html><html lang="zh"><head><meta charset="{charset}"><title>{title}_某市人民政府</title>
<meta name="SiteName" content="某市人民政府"><meta name="ColumnName" content="政策文件">
<style>.nav li {{ display: inline }}</style><script>var _hmt = []; document.write("<p>统计，统计。</p>");</script></head><body>
<div class="top-bar"><a href="/">某市人民政府</a> <a href="/login">登录</a> <a>无障碍</a> <a>繁體</a></div>
<div class="nav"><ul><li><a href="/">首页</a></li><li><a href="/zwgk">政务公开</a></li><li><a>政务服务</a></li><li><a>互动交流</a></li></ul></div>
<div class="crumbs">您现在的位置：<a>首页</a> &gt; <a>政务公开</a> &gt; <a>政策文件</a> &gt; 正文</div>
<div class="main"><div class="left-side"><h3>政策文件</h3><ul>{links}</ul></div>
<div class="article"><h1>{title}</h1>
<div class="info"><span>发布日期：2025-05-27</span> <span>来源：某市科学技术委员会</span> <span>字体：<a>大</a> <a>中</a> <a>小</a></span></div>
<div class="TRS_Editor">
{body}
</div><div class="share">分享到：<a>微信</a> <a>微博</a></div>
<div class="pages"><p>上一篇：<a href="a.html">关于举办政策宣讲活动的通知</a></p><p>下一篇：<a href="b.html">关于公布项目名单的通知</a></p></div></div></div>
<div class="footer"><p>主办：某市人民政府办公厅，承办：某市大数据中心，地址：某市某路200号。</p><p>沪ICP备12345678号 版权所有</p></div>
</body></html>"""


def make_html(source: Manuscript, path: Path, encoding: str = "utf-8") -> Path:
    """A page of a government site around the document."""
    links = "".join(f'<li><a href="{i}.html">关于印发某市第{i}号工作方案的通知</a></li>' for i in range(1, 9))
    title = source.parsed.document.title
    body = "\n".join(_html_body(source, site=True))
    text = _SITE.format(charset=encoding, title=html.escape(title), links=links, body=body)
    path.write_bytes(text.encode(encoding, "xmlcharrefreplace"))
    return path


def _html_body(source: Manuscript, *, site: bool = False) -> list[str]:
    out = []
    for paragraph in source.paragraphs:
        inner = "".join(
            (f"<strong>{html.escape(words)}</strong>" if bold else html.escape(words))
            + (f"<sup>{mark}</sup>" if mark else "")
            for words, bold, mark in paragraph.pieces()
        )
        indent = "&nbsp;&nbsp;&nbsp;&nbsp;" if site and paragraph.look == "text" else ""
        tag = f"h{paragraph.level}" if paragraph.level and site else "p"
        out.append(f'<{tag} class="{paragraph.look}">{indent}{inner}</{tag}>')
    out += [f'<p class="note"><sup>{mark}</sup> {html.escape(text)}</p>' for mark, text in source.notes]
    return out


# -- printed pages -------------------------------------------------------------------------------------

_PRINT = """<!DOCTYPE html><html lang="zh"><meta charset="utf-8"><style>
body {{ font: 16pt/28pt "Noto Serif CJK SC", serif; margin: 0; text-align: justify; overflow-wrap: anywhere }}
p {{ margin: 0 }} .text {{ text-indent: 2em }} .heading {{ text-indent: 2em; font-family: "Noto Sans CJK SC" }}
.title {{ font-size: 22pt; line-height: 36pt; text-align: center; margin: 0 }}
.letterhead {{ color: #e00000; font-size: 28pt; line-height: 42pt; text-align: center }}
.number {{ text-align: center; margin: 12pt 0 }} .right {{ text-align: right; padding-right: 2em }}
.note {{ font-size: 10.5pt; line-height: 15pt }} sup {{ font-size: 60% }}
table {{ border-collapse: collapse; width: 100% }} td {{ border: 1px solid #000; font-size: 14pt }}
.seal {{ position: absolute; right: 3em; width: 120pt; height: 120pt; border: 4pt solid #e00000; border-radius: 50%;
  color: #e00000; text-align: center; font-size: 14pt; margin-top: -90pt; opacity: 0.8 }}
</style><body>{body}</body></html>"""


def make_pdf(
    sources: Sequence[tuple[Manuscript, Path]], *, table: Sequence[Sequence[str]] = (), seal: bool = False
) -> None:
    """PDF files printed by Chromium on A4 with a running header and page numbers."""
    pages = []
    for source, path in sources:
        body = _html_body(source)
        if table:
            rows = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in table)
            body.append(f"<table>{rows}</table>")
        if seal:
            body.append('<div class="seal"><br>某市科学技术<br>委员会<br>专用章</div>')
        pages.append(("\n".join(body), path))
    print_pages(pages)


def print_pages(pages: Sequence[tuple[str, Path]]) -> None:
    """HTML bodies printed as official documents are set, each to its PDF file."""
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
        page = browser.new_page()
        for body, path in pages:
            page.set_content(_PRINT.format(body=body))
            page.pdf(
                path=str(path), format="A4", display_header_footer=True, print_background=True,
                header_template='<div style="font-size:9pt;width:100%;text-align:center">某市人民政府公报 2025年第6期</div>',
                footer_template='<div style="font-size:12pt;width:100%;text-align:center">— <span class="pageNumber"></span> —</div>',
                margin={"top": "37mm", "bottom": "35mm", "left": "28mm", "right": "26mm"},
            )  # fmt: skip
        browser.close()


def photograph(pdf: Path, pages: Sequence[int] | None = None, dpi: int = 200, seed: int = 1) -> list[Image.Image]:
    """Pages as a scanner gives them: skew up to 2 degrees, blur, uneven light, grain, JPEG."""
    chance = random.Random(f"{pdf.stem} {dpi} {seed}")
    grain = np.random.default_rng(chance.randrange(1 << 30))
    document = pypdfium2.PdfDocument(pdf)
    out = []
    for number in pages if pages is not None else range(len(document)):
        image = document[number].render(scale=dpi / 72).to_pil().convert("RGB")
        image = image.rotate(chance.uniform(-2, 2), Image.Resampling.BICUBIC, fillcolor="white")
        image = image.filter(ImageFilter.GaussianBlur(dpi / 400))
        pixels = np.asarray(image).astype(np.float32)
        light = np.linspace(chance.uniform(0.88, 1), 1, pixels.shape[1])[None, :, None]
        pixels = pixels * light + grain.normal(0, 9, pixels.shape[:2])[:, :, None]
        out.append(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)))
    document.close()
    return out


def make_scan(images: Sequence[Image.Image], path: Path, dpi: int = 200) -> Path:
    """A picture file, or a PDF whose pages are pictures."""
    if path.suffix == ".pdf":
        images[0].save(path, "PDF", save_all=True, append_images=images[1:], resolution=dpi, quality=70)
    else:
        images[0].save(path, quality=70, dpi=(dpi, dpi))
    return path


def make_zip(files: dict[str, bytes], path: Path, *, gbk: bool = False) -> Path:
    """A zip archive; with `gbk` names are written as Windows in Chinese writes them."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(_GBKInfo(name) if gbk else zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return path


def zipped(files: dict[str, bytes]) -> bytes:
    """Bytes of a zip archive."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


class _GBKInfo(zipfile.ZipInfo):
    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - the library's name
        return self.filename.encode("gbk"), self.flag_bits
