"""Looking clauses up while a caller is talking: words, typed addresses and document numbers, with filters.

    read the line → which documents can hold a hit → search → filter → marked cards' material

Filters hold before the search, by document, so that a narrow filter does not empty a page of the best hundred.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from assistant.alignment import normalise as flat
from assistant.staff.filters import Filters
from assistant.staff.marks import marked_words, spans_of
from assistant.staff.shelf import Shelf
from index.address import NamedDocuments
from index.clause import Clause, Document
from index.query import Query, read_query
from index.search import Searcher
from index.timely import withheld
from index.words import load_terms, normalise

RANKED = 200
"""Clauses ranked before a filter by department or amount takes its own."""
FEWEST = 8
TAIL = 9.0
"""Utility below the best from which a clause is only noise: one chance in 8,000 that it is the one."""
NO_WORDS = "没有条款含有这些字词，下面是意思最接近的。"

Kind = Literal["start", "clauses", "document"]


@dataclass(frozen=True, slots=True)
class Looked:
    """What one line found."""

    kind: Kind
    clauses: tuple[Clause, ...] = ()
    """In order: of a search by rank, of a document as printed."""
    addressed: bool = False
    """The first ones stand at the typed address."""
    document: Document | None = None
    """The document that a number or a title alone opened."""
    words: tuple[str, ...] = ()
    """To be marked, longest first."""
    remark: str = ""
    """One line that staff should read first, e.g. that a document is not here; "" for none."""
    more: int = 0
    """Clauses beyond those shown."""


def look_up(shelf: Shelf, line: str, filters: Filters, region: str = "", top: int = 20, day: str = "") -> Looked:
    """Look one typed line up.

    Args:
        shelf: the index.
        line: as typed; half a word, a question, 409号文第8条, 409号.
        filters: what is chosen beside the box.
        region: of lines that name none and without a filter; "" searches everywhere.
        top: at most so many clauses.
        day: ISO; decides who has ceased, "" takes every document as it says of itself.
    """
    line, searcher = line.strip(), shelf.searcher
    if not line:
        if not filters.any:
            return Looked("start")
        rows = shelf.passing(filters, day).rows
        clauses = tuple(searcher.clauses[row] for row in rows[:top])
        return Looked("clauses", clauses, more=max(0, len(rows) - top), remark=_nothing(clauses, filters))
    query = read_query(searcher.mend(line), searcher.naming, filters.region or region)
    named = query.documents.certain
    if len(named) == 1 and query.address is None and _says_nothing_more(query, searcher):
        return _opened(shelf, query, named[0], filters)
    query = _narrowed(query, filters, shelf, day)
    found = searcher.search(line, RANKED if filters.any else top, query=query)
    ranked = sorted(found.ranked, key=lambda s: (not s.addressed, -s.score)) if filters.any else list(found.ranked)
    if day:  # what has ceased stands below what holds, where the line does not name it
        silent = withheld(query, searcher.naming, searcher.lineage, day)
        ended = searcher.lineage.ended
        ranked.sort(key=lambda s: s.clause.document_id in silent or (not s.addressed and ended(s.clause, day)))
    able = set(shelf.passing(filters, day).documents) if filters.any else None
    passing = [s for s in ranked if able is None or (s.clause.document_id in able and filters.lets(s.clause))]
    best = max((s.score for s in passing), default=0.0)
    passing = [s for i, s in enumerate(passing) if i < FEWEST or s.score >= best - TAIL or s.addressed]
    addressed = [s for s in passing if s.addressed and query.address]
    if addressed and _says_nothing_more(query, searcher):
        passing = addressed
    clauses = tuple(s.clause for s in passing[:top])
    words = _telling(query, searcher)
    remark = _remark(query, searcher, clauses, filters, bool(addressed), words)
    if remark == NO_WORDS:
        clauses = clauses[:FEWEST]
    return Looked("clauses", clauses, bool(addressed), words=words, remark=remark)


_KIND = re.compile(
    r"若干意见|若干措施|实施意见|实施方案|实施细则|意见|措施|方案|办法|细则|条例|规定|通知|答复函?|复函|计划|规划|指南|文件?|全文|原文|内容|是什么|说什么|[的号里中那个这份]"
)
"""What may stand beside an address or a number without asking for anything."""


def _says_nothing_more(query: Query, searcher: Searcher) -> bool:
    """The line is an address or a document's name and nothing else: what is left of it has no word."""
    left = _flat(query.topic)
    if not _KIND.sub("", left):
        return True
    named = [searcher.document(i) for i in query.documents.certain]
    return len(left) >= 4 and any(left in _flat(d.title) or left in _flat(d.number) for d in named)


def _flat(text: str) -> str:
    return "".join(c for c in normalise(text) if c.isalnum())


def _opened(shelf: Shelf, query: Query, document_id: str, filters: Filters) -> Looked:
    passing = tuple(c for c in shelf.members(document_id) if filters.lets(c))
    absent = query.documents.absent
    remark = f"没有收录{absent}的正文，下面是它的征求意见稿或最接近的文件。" if absent else ""
    return Looked("document", passing, document=shelf.searcher.document(document_id), remark=remark)


def _narrowed(query: Query, filters: Filters, shelf: Shelf, day: str) -> Query:
    """The query held to documents that have a clause which the filters let through."""
    if not filters.any:
        return query
    able = shelf.passing(filters, day).documents
    wanted = tuple(i for i in query.documents.certain if i in able) or able
    regions = (filters.region,) if filters.region else ()
    return replace(query, documents=NamedDocuments(wanted, (), query.documents.absent), regions=regions)


def _telling(query: Query, searcher: Searcher) -> tuple[str, ...]:
    """Words to mark. 奖励, 最高 and their like stand in every second sentence: they are marked only where nothing else is."""
    terms = load_terms()
    asking = {flat(m).text for group in terms.groups[: terms.asking] for m in group}
    others = [e for c in query.concepts for e in (c.said if c.group < terms.asking else (*c.said, *c.others))]
    words = marked_words(query.text, query.topic, searcher, others)
    return tuple([w for w in words if w not in asking] or words)


def _remark(
    query: Query, searcher: Searcher, clauses: Sequence[Clause], filters: Filters, addressed: bool, words: Sequence[str]
) -> str:
    known = {d.region for d in searcher.documents}
    absent = [r for r in query.regions if r not in known and not known & {"", "全国"}]
    if absent:
        return f"没有收录{'、'.join(absent)}的文件，不能用其他城市的规定答复。"
    if query.documents.absent:
        return f"没有收录{query.documents.absent}的正文，下面是最接近的条款。"
    if query.address and not addressed:
        return f"没有找到第{query.address.number}条，下面是字面最接近的条款。"
    if clauses and words and not addressed and not any(spans_of(c.title + c.text, words) for c in clauses[:3]):
        return NO_WORDS
    return _nothing(clauses, filters)


def _nothing(clauses: Sequence[Clause], filters: Filters) -> str:
    if clauses:
        return ""
    return "没有符合筛选条件的条款，请放宽筛选。" if filters.any else "没有找到条款，请换个说法。"
