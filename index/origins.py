"""Where each fact about a document was read, so that a person can check it and correct it in the catalog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from index.clause import STATUS_NAMES, Document, RelationKind
from index.files.sheet import Reading

Origin = Literal["text", "catalog", "file", "derived", "none"]
KEYS: dict[str, str] = {
    "title": "标题", "number": "文号", "issuer": "发文机关", "region": "地区", "status": "状态", "signed": "成文日期",
    "published": "发布日期", "effective": "施行日期", "expires": "失效日期", "validity_text": "有效期原文",
    "source_url": "原文链接", "repealed": "废止日期", "superseded_by": "替代文件", "repeals": "废止的文件",
    "replaces": "替代的文件", "amends": "修改的文件", "aliases": "别名",
}  # fmt: skip
"""Keys of the catalog that are shown, with their Chinese names: fields of `Document`, and kinds of its relations."""
RELATION_KEYS: tuple[RelationKind, ...] = ("repeals", "replaces", "amends")
"""Kinds of relation that the catalog may state, each as a list of 文号 or 标题."""
_SIGNS = frozenset("*#|")


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of the text that a value was read from."""

    words: str
    last: bool = False
    """They stand at the end (signature, date), so the last place that has them is meant."""
    derived: bool = False
    """The value follows from these words; it is not written in them."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One value and where it comes from."""

    key: str
    value: str
    origin: Origin
    quote: str = ""
    """Words of the text."""
    start: int | None = None
    """Offset of the quote in the text as it was read; None where it does not stand there."""
    page: int | None = None
    read: str = ""
    """For origin `catalog`: what the text says, "" when it says nothing."""

    def to_json(self) -> dict[str, Any]:
        """The fact as a record."""
        return {name: getattr(self, name) for name in ("key", "value", "origin", "quote", "start", "page", "read")}

    def line(self) -> str:
        """The fact for a terminal, in Chinese."""
        name, value = KEYS[self.key], self.value or "（未写明）"
        if self.key == "status":
            value += f"（{STATUS_NAMES[self.value]}）"  # type: ignore[index]
        place = "".join(
            [f"第 {self.page} 页" if self.page else "", f"第 {self.start} 字符" if self.start is not None else ""]
        )
        said = f"“{self.quote[:60]}{'…' if len(self.quote) > 60 else ''}”" if self.quote else ""
        where = {
            "text": f"正文{place}：{said}", "derived": f"据正文{place}：{said}", "file": "取自文件名", "none": "",
            "catalog": f"catalog.toml，正文{place}{'一致' if self.read == self.value else f'读出 {self.read}'}"
            if self.read else "catalog.toml",
        }[self.origin]  # fmt: skip
        return f"{self.key:<14}{name}：{value}" + (f"  ← {where}" if where else "")


def facts_of(
    document: Document, read: Document, quotes: dict[str, Quote], catalog: dict[str, Any], reading: Reading
) -> tuple[Fact, ...]:
    """All facts in the order of `KEYS`.

    Args:
        document: after the catalog has overridden what was read.
        read: what the text alone gives.
        quotes: words of the text that values were read from, by field.
        catalog: the document's entry.
        reading: the text.
    """
    finder = _Finder(reading.text)
    facts = []
    for key in KEYS:
        value, own = _shown(_value(document, key)), _shown(_value(read, key))
        quote = quotes.get(key, Quote(""))
        start = finder.find(quote)
        page = None if start is None else reading.page_at(start)
        origin: Origin = "derived" if quote.derived else "text"
        if not quote.words:
            origin = "file" if key == "title" and value else "none"
        if key in catalog:
            origin = "catalog"
        facts.append(Fact(key, value, origin, quote.words, start, page, own if key in catalog else ""))
    return tuple(facts)


def _value(document: Document, key: str) -> object:
    """A field, or the targets of one kind of relation."""
    if key in RELATION_KEYS:
        return tuple(r.target for r in document.relations if r.kind == key)
    return getattr(document, key)


def _shown(value: object) -> str:
    return "、".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)


class _Finder:
    """Finds words in a text whatever white space and signs of layout stand between them."""

    def __init__(self, text: str) -> None:
        self.places = [i for i, c in enumerate(text) if not c.isspace() and c not in _SIGNS]
        self.text = "".join(text[i] for i in self.places)

    def find(self, quote: Quote) -> int | None:
        words = "".join(c for c in quote.words if not c.isspace() and c not in _SIGNS)
        at = self.text.rfind(words) if quote.last else self.text.find(words)
        return self.places[at] if words and at >= 0 else None
