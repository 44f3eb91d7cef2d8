"""Typed addresses: which document, and which article of it, a question names.

“409号文第8条”, “若干意见第（九）条”, “深圳那个方案第14条是什么”: a number, a title or its usual short form
names a document; an article number means the document's own main numbering, whatever mark it prints.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from index.clause import Clause, Document, Status
from index.markers import Family, find_marker
from index.naming import MIN_SHARED_CHARS, Naming
from index.numerals import parse_ordinal
from index.words import normalise

_NUM = r"[0-9零〇一二三四五六七八九十百千两]{1,7}"
_ARTICLE = re.compile(
    rf"第\s*[(（]?\s*({_NUM})\s*[)）]?\s*(条|款|项|点|章|节|部分|大点|小点)(?:\s*之\s*([一二三四五六七八九十\d]{{1,3}}))?"
)
_BARE = re.compile(r"(?:文|意见|措施|方案|办法|规定|细则|条例)[的里中]?\s*[(（]?(\d{1,4})[)）]?\s*(条|点|项|章)")
_AFTER_NUMBER = re.compile(rf"号\s*(?:文件?)?[的里中]?\s*第?\s*[(（]?({_NUM})[)）]?\s*(条|点|项|章|款)")
_MARKED = re.compile(rf"(?:文|意见|措施|方案|办法|规定|细则|条例)[的里中]?\s*[(（]({_NUM})[)）]")
_RANGE = re.compile(rf"第\s*{_NUM}\s*[条款项]?\s*(?:至|到|-|—|~)\s*第?\s*{_NUM}")
_NUMBER = re.compile(
    r"(?:([\u4e00-\u9fa5]{1,8})\s*[〔\[（(【]?\s*((?:19|20)\d{2})\s*[〕\]）)】年\s]\s*)?第?\s*(\d{1,5})\s*号(?!楼|线|店|院|门|机|码|湾|元素)"
)
_SHORT_NUMBER = re.compile(r"(?<![\d.])(\d{3,4})\s*(?=那个|这个|那份|这份|文件|里面|里头|文)")
_QUOTED = re.compile(r"《([^》]{2,60})》")
_KINDS = (
    "若干意见", "若干措施", "实施意见", "实施方案", "实施细则", "意见", "措施", "方案", "办法", "细则", "条例", "规定", "通知", "答复", "复函", "计划", "规划", "指南",
)  # fmt: skip
_HEADS = frozenset({Family.COMMA, Family.CHAPTER, Family.PART, Family.SECTION})


@dataclass(frozen=True, slots=True)
class Address:
    """A numbered place inside a document."""

    number: int
    heading: bool
    """章, 节 or 部分 was said: all clauses under that heading are meant."""
    branch: int = 0


@dataclass(frozen=True, slots=True)
class NamedDocuments:
    """Documents that a question names."""

    certain: tuple[str, ...] = ()
    """Named by number, title or catalog alias: nothing else is meant."""
    likely: tuple[str, ...] = ()
    """Named by a kind only (那个方案): preferred, not required."""
    absent: str = ""
    """A document number that no document here bears, as typed."""


def find_address(question: str) -> Address | None:
    """The article, item or chapter that a question names, or None; ranges (第一至三条) are none."""
    text = normalise(question)
    if _RANGE.search(text):
        return None
    for pattern in (_ARTICLE, _AFTER_NUMBER, _BARE, _MARKED):
        if m := pattern.search(text):
            number = parse_ordinal(m.group(1))
            unit = m.group(2) if pattern is not _MARKED else "条"
            if number and not (pattern is _ARTICLE and unit in ("款", "项") and "条" in text[: m.start()]):
                branch = parse_ordinal(m.group(3) or "") if pattern is _ARTICLE else 0
                return Address(number, unit in ("章", "节", "部分", "大点"), branch or 0)
    return None


def find_documents(question: str, naming: Naming, regions: Sequence[str]) -> NamedDocuments:
    """Which documents a question names, narrowed by the regions it names."""
    text = normalise(re.sub(r"((?:19|20)\d{2})\s*[-—年]?\s+(\d{1,5}\s*号)", r"\1年\2", question))
    certain: list[str] = []
    absent = ""
    for m in _NUMBER.finditer(text):
        hit = naming.bearing(m.group(3), m.group(2))
        certain += hit
        if not hit and (m.group(2) or re.match(r"\s*文", text[m.end() :])):
            absent = m.group(0).strip()
            # The text here that the absent one replaced is the nearest there is.
            certain += naming.replacing(m.group(3), m.group(2))
    for m in _SHORT_NUMBER.finditer(text):
        certain += naming.bearing(m.group(1))
    flat = re.sub(r"\s", "", text)
    certain += naming.named_in(flat)
    for m in _QUOTED.finditer(text):
        wanted = re.sub(r"\s", "", normalise(m.group(1)))
        if len(wanted) >= 4:
            certain += [
                d.document_id for d, title in zip(naming.documents, naming.titles, strict=True) if wanted in title
            ]
    kinds = [k for k in _KINDS if k in flat]
    reply = bool(re.search(r"答复|回复|回信|复函|代表建议|提案|议案", flat))
    draft = bool(re.search(r"征求意见|草案", flat))
    if certain:
        # “若干措施跟11号文有啥区别”: the second document is named by its kind.
        others = [k for k in _KINDS[:5] if k in flat and _apart(k, certain, naming)]
        here = _here(naming, regions) if others else []
        certain += [d.document_id for k in others for d in here if k in d.title]
        return NamedDocuments(tuple(dict.fromkeys(certain)), absent=absent)
    here = _here(naming, regions) if kinds or reply or draft else []
    likely = [d.document_id for kind in kinds[:1] for d in here if kind in d.title]
    if not likely:
        inside = _inside(naming, regions)
        shared = {d.document_id: _shared_run(flat, name) for d, name in naming.sharing(flat) if inside(d)}
        best = max(shared.values(), default=0)
        likely = [i for i, n in shared.items() if n == best] if best >= MIN_SHARED_CHARS else []
    if reply:
        likely += [d.document_id for d in here if d.status == Status.REPLY]
    if not likely and draft:
        likely = [d.document_id for d in here if d.status == Status.DRAFT]
    return NamedDocuments((), tuple(likely), absent)


def _shared_run(flat: str, title: str) -> int:
    """Longest run of characters that a question shares with a title."""
    best = 0
    for i in range(len(title)):
        while title[i : i + best + 1] in flat and i + best < len(title):
            best += 1
    return best


def _inside(naming: Naming, regions: Sequence[str]) -> Callable[[Document], bool]:
    """Whether a document may hold in one of the regions; every one may where none of them has documents."""
    places = {*regions, "", "全国"}
    anywhere = not regions or naming.regions.isdisjoint(places)
    return lambda d: anywhere or d.region in places


def _here(naming: Naming, regions: Sequence[str]) -> list[Document]:
    inside = _inside(naming, regions)
    return [d for d in naming.documents if inside(d)]


def _apart(kind: str, certain: list[str], naming: Naming) -> bool:
    """Whether a kind word speaks of another document than those named."""
    return not any(kind in naming.documents[naming.place[i]].title for i in certain)


@lru_cache(maxsize=1 << 12)
def label_number(label: str) -> tuple[Family, int, int] | None:
    """(family, number, branch) of a printed label, or None when it is no number."""
    marker = find_marker(label + " ") if label else None
    return (marker.family, marker.number, marker.branch) if marker else None


def clauses_at(address: Address, clauses: Iterable[Clause], question: str = "") -> list[Clause]:
    """Clauses of the documents given that stand at an address, by each document's main numbering.

    A heading that the question also names (保障措施第二点) decides between equal numbers.
    """
    by_document: dict[str, list[Clause]] = {}
    for clause in clauses:
        by_document.setdefault(clause.document_id, []).append(clause)
    found: list[Clause] = []
    text = normalise(question)
    for members in by_document.values():
        found += _in_document(address, members, text)
    return found


def _in_document(address: Address, clauses: list[Clause], text: str) -> list[Clause]:
    if address.heading:
        under = [c for c in clauses if any(_heads(h, address.number) for h in c.path)]
        if under:
            return under
    numbered = [(c, n) for c in clauses if (n := label_number(c.label))]
    for heading in {h for c in clauses for h in c.path}:
        marker = find_marker(heading)
        words = normalise(heading[marker.length :] if marker else heading)
        if len(words) >= 4 and words in text:
            inside = [c for c, n in numbered if heading in c.path and n[1:] == (address.number, address.branch)]
            if inside:
                return inside
    # The main numbering is the one with most different numbers: 1.–15. and not 一、–三、.
    spread = Counter(family for family, _, _ in {n for _, n in numbered})
    for family, _ in spread.most_common():
        hit = [c for c, n in numbered if n == (family, address.number, address.branch)]
        if hit:
            return hit
    return []


def _heads(heading: str, number: int) -> bool:
    marker = find_marker(heading)
    return bool(marker and marker.family in _HEADS and marker.number == number)
