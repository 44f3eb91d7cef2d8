"""Web pages as saved from government sites (html, mhtml): the document, without the page around it.

The element that holds the running text is found by descending to where the sentences are; above it the heading
and the box of fields (索引号, 发文字号, 发布日期 …) are kept. Navigation, side bars and footers are set aside and listed.
"""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import dataclass, field
from typing import Any

from lxml import etree
from lxml import html as lxml_html

from index.errors import DocumentError, cause
from index.files.plain import decode
from index.files.sheet import Composer, Reading, Run
from index.files.web_table import collapsed, data_rows
from index.paragraphs import is_field

MAX_ELEMENTS = 200_000
MAX_DEPTH = 200
"""The deepest page seen nests 40 elements."""
_SENTENCE = re.compile(r"[，。；、：]")
_NEVER = {
    "script", "style", "noscript", "template", "iframe", "svg", "select", "button", "input", "textarea", "object",
    "embed", "head", "canvas", "audio", "video", "option", "map",
}  # fmt: skip
_AROUND = {"nav", "footer", "aside", "header", "form"}
_AROUND_NAME = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|menu|crumbs?|breadcrumbs?|footer?|sidebar|side|share|related|copyright|toolbar|tools|search|banner|pager|recommend|hot|qrcode|ewm|links?|print)(?:$|[\s_-])",
    re.I,
)
_INLINE = {
    "a", "abbr", "b", "big", "cite", "code", "del", "em", "font", "i", "ins", "label", "mark", "o:p", "q", "s", "small",
    "span", "strike", "strong", "sub", "sup", "time", "u", "var", "img", "wbr",
}  # fmt: skip
_HEADINGS = {f"h{n}": n for n in range(1, 7)}
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_INDENTED = re.compile(r"text-indent\s*:\s*(?!0)[\d.]+", re.I)
_HEAVY = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)", re.I)


def read_html(data: bytes, name: str) -> Reading:
    """Text of a web page.

    Raises:
        DocumentError: no page, too large a page, or an encoding that is not read.
    """
    if re.match(rb"(?:From:|MIME-Version:|Snapshot-Content-Location:)", data[:200], re.I | re.M):
        data = _from_mhtml(data, name)
    text = decode(data, name)
    parser = lxml_html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = lxml_html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError) as error:
        raise DocumentError(f"{name} 不是完好的网页（{cause(error)}）；请在浏览器里重新保存") from None
    if sum(1 for _ in root.iter()) > MAX_ELEMENTS:
        raise DocumentError(f"{name} 的网页元素超过 {MAX_ELEMENTS:,} 个；请只保存正文部分")
    body = root.find("body")
    page = _Page(Composer())
    page.read(root, body if body is not None else root)
    return page.out.finish("html")


def _from_mhtml(data: bytes, name: str) -> bytes:
    message = email.message_from_bytes(data, policy=email.policy.default)
    for part in message.walk():
        if part.get_content_type() == "text/html":
            return bytes(part.get_payload(decode=True) or b"")
    raise DocumentError(f"{name} 里没有网页；请在浏览器里另存为 html")


@dataclass
class _Page:
    out: Composer
    runs: list[Run] = field(default_factory=list)
    """Of the paragraph that is being gathered."""
    counts: dict[Any, int] = field(default_factory=dict)
    """Ordered list → items printed."""

    def read(self, root: Any, body: Any) -> None:
        """The document on a page, heading and fields first."""
        for element in list(body.iter()):
            if element.tag in _NEVER:
                _drop(element)
            elif element.get("hidden") is not None or _HIDDEN.search(element.get("style") or ""):
                self.out.remove(0, "hidden", _text(element))
                _drop(element)
        content = _content(body)
        above, below = _around(body, content)
        title = _title(root, content, above)
        if title:
            self.out.paragraph([Run(title)], level=1)
        said = _text(content)
        if (date := _meta(root, "PubDate")) and not any("发布" in line and is_field(line) for line in above):
            self.out.paragraph([Run(f"发布日期：{date}")])
        for line in above:
            if line == title or line in said:
                continue
            if is_field(line):
                self.out.paragraph([Run(line)])
            else:
                self.out.remove(0, "navigation", line)
        self._block(content, 0)
        self._flush()
        for line in below:
            self.out.remove(0, "navigation", line)

    # -- blocks ----------------------------------------------------------------------------------------

    def _block(self, element: Any, depth: int) -> None:
        """A block element: what flows in it, and the blocks in it, in order."""
        if depth > MAX_DEPTH:
            self.runs.append(Run(_text(element)))
            return
        level = _HEADINGS.get(element.tag, 0)
        if element.tag == "table" and (rows := data_rows(element)):
            self._flush()
            self.out.table([[[Run(cell)] for cell in row] for row in rows])
            return
        if depth and self._is_around(element):
            self.out.remove(0, "navigation", _text(element))
            return
        if element.tag == "li" and (number := self._list_number(element)):
            self.runs.append(Run(number))
        style = element.get("style") or ""
        bold = bool(_HEAVY.search(style)) or element.tag == "th"
        self._flow(element, depth, bold, level, bool(_INDENTED.search(style)))

    def _flow(self, element: Any, depth: int, bold: bool, level: int, indent: bool) -> None:
        self._words(element.text, bold)
        for child in element:
            tag = child.tag if isinstance(child.tag, str) else ""
            if tag == "br":
                if level:
                    self.runs.append(Run(" "))
                else:
                    self._flush(0, indent)
            elif tag in _INLINE or (tag and ":" in tag):
                self._inline(child, bold, depth + 1, level, indent)
            elif tag == "hr" or not tag:
                self._flush(level, indent)
            else:
                self._flush(level, indent)
                self._block(child, depth + 1)
                self._flush()
            self._words(child.tail, bold)
        if element.tag not in _INLINE:
            self._flush(level, indent)

    def _inline(self, element: Any, bold: bool, depth: int, level: int, indent: bool) -> None:
        if depth > MAX_DEPTH:
            self._words(_text(element), bold)
            return
        style = element.get("style") or ""
        if element.tag == "sup":
            words = _text(element).strip("[]〔〕 ")
            mark = bool(re.fullmatch(r"\d{1,3}|[①-⑳*]", words))
            self.runs.append(Run(words, bold=bold, mark=mark))
            return
        heavy = bold or element.tag in ("b", "strong") or bool(_HEAVY.search(style))
        self._flow(element, depth, heavy, level, indent or bool(_INDENTED.search(style)))

    def _list_number(self, item: Any) -> str:
        """1. of an ordered list, as the browser prints it."""
        parent = item.getparent()
        if parent is None or parent.tag != "ol":
            return ""
        start = parent.get("start") or "1"
        self.counts[parent] = self.counts.get(parent, int(start) - 1 if start.isdigit() and len(start) < 6 else 0) + 1
        return f"{self.counts[parent]}. "

    def _words(self, text: str | None, bold: bool) -> None:
        if text:
            self.runs.append(Run(collapsed(text), bold=bold))

    def _flush(self, level: int = 0, indent: bool = False) -> None:
        runs, self.runs = self.runs, []
        text = "".join(run.text for run in runs)
        if not text.strip():
            return
        indent = indent or bool(re.match(r"[\s\u3000\xa0]{2,}", text))
        first = next(i for i, run in enumerate(runs) if run.text.strip())
        opening = runs[first]
        runs = [Run(opening.text.lstrip(), bold=opening.bold, mark=opening.mark), *runs[first + 1 :]]
        self.out.paragraph(runs, level=level if len(text) <= 100 else 0, indent=indent and not level)

    @staticmethod
    def _is_around(element: Any) -> bool:
        """Share buttons, related links and the like that stand inside the text's own element."""
        if element.tag in _AROUND and not _SENTENCE.search(_text(element)[:2000].replace("：", "")):
            return True
        named = _AROUND_NAME.search(f"{element.get('class') or ''} {element.get('id') or ''}")
        return bool(named) and len(_text(element)) <= 400 and "。" not in _text(element)


def _drop(element: Any) -> None:
    """Take an element out and leave what follows it."""
    if element.getparent() is not None:
        element.drop_tree()


def _text(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())


def _weight(element: Any) -> int:
    """Characters of sentences below an element that are no links."""
    total = 0
    for node in element.iter():
        if not isinstance(node.tag, str) or node.tag == "a":
            continue
        for text in (node.text, *(child.tail for child in node)):
            if text and len(text.strip()) >= 8 and _SENTENCE.search(text):
                total += len(text.strip())
    return total


def _content(body: Any) -> Any:
    """The innermost element that holds nearly all sentences of a page."""
    here, weight = body, _weight(body)
    while True:
        heaviest = max(
            ((_weight(child), child) for child in here if isinstance(child.tag, str)),
            key=lambda p: p[0],
            default=(0, None),
        )
        if heaviest[1] is None or heaviest[0] < 0.8 * weight or heaviest[1].tag in ("p", "tr", "td", "tbody", *_INLINE):
            return here
        # What the page says around its text (side bars, footers) is left behind step by step.
        weight = heaviest[0]
        here = heaviest[1]


def _around(body: Any, content: Any) -> tuple[list[str], list[str]]:
    """Lines above and below an element."""
    inside = set(content.iter())
    above: list[str] = []
    below: list[str] = []
    found = False
    for element in body.iter():
        if element is content:
            found = True
        if element in inside or not isinstance(element.tag, str) or element.tag in _INLINE:
            continue
        if any(child in inside or child.tag not in _INLINE | {"br"} for child in element):
            lines = [t for t in (element.text, *(c.tail for c in element)) if t and t.strip()]
        else:
            lines = [_text(element)]
        (below if found else above).extend(" ".join(line.split()) for line in lines if line.strip())
    return above, below


def _meta(root: Any, name: str) -> str:
    for element in root.iter("meta"):
        if (element.get("name") or "").lower() == name.lower():
            return " ".join((element.get("content") or "").split())
    return ""


def _title(root: Any, content: Any, above: list[str]) -> str:
    """The heading over the text; "" when the text bears its own."""
    if content.find(".//h1") is not None:
        return ""
    said = _meta(root, "ArticleTitle")
    window = root.find(".//title")
    candidates = [said] if said else []
    candidates += [_text(h) for h in root.iter("h1", "h2") if _text(h) in above]
    shown = _text(window) if window is not None else ""
    candidates += [line for line in reversed(above) if len(line) >= 8 and shown.startswith(line)]
    opening = re.sub(r"\s", "", _text(content)[:300])
    for candidate in candidates:
        if re.sub(r"\s", "", candidate) in opening:
            return ""
        if len(candidate) >= 4:
            return candidate
    return ""
