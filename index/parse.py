"""Text of a Chinese official document to clauses and a receipt. Pure: no files, no vectors.

    lines (markup set aside) → paragraphs (page breaks joined) → outline (numbering) → clauses

`PARSER_VERSION` is part of the index stamp: raise it when clauses come out differently.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from index.account import Account
from index.clause import Clause, Document, Footnote, Source, clause_id
from index.drafts import Draft, Outline
from index.files.sheet import Reading
from index.footnotes import set_aside_footnotes
from index.lines import split_lines
from index.metadata import read_metadata
from index.origins import Fact, facts_of
from index.outline import Outliner
from index.pages import find_tables, set_aside_pages
from index.paragraphs import FootnoteText, join_lines
from index.receipt import Receipt

PARSER_VERSION = "3"

_ISSUES = re.compile(
    r"(?:印发|公布|发布|转发|征求)[^《]{0,20}《(.+?)》|《([^》]+)》[^。]{0,80}(?:现予|予以)(?:公布|发布|印发)"
)
"""Words by which a notice or an order says what it brings."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document with its clauses and the account of its source."""

    document: Document
    clauses: tuple[Clause, ...]
    receipt: Receipt
    facts: tuple[Fact, ...] = ()
    """What is known of the document and where each value was read."""


def parse_text(text: str, file: str, catalog: dict[str, Any] | None = None) -> Parsed:
    """Parse one document that is plain text; see `parse_reading`."""
    return parse_reading(Reading(text), file, catalog)


def parse_reading(reading: Reading, file: str, catalog: dict[str, Any] | None = None) -> Parsed:
    """Parse one document.

    Args:
        reading: its text with pages; offsets in the result count the characters of the text.
        file: name kept in each clause's `source`.
        catalog: fields of `Document` that override what is read from the text.

    Returns:
        Clauses in source order. A document of which nothing is a clause comes back with none;
        the receipt says where its characters went.
    """
    text = reading.text
    account = Account(text)
    lines = split_lines(account)
    set_aside_pages(account, lines)
    set_aside_footnotes(account, lines)
    find_tables(lines)
    layout = join_lines(account, lines)
    outline = Outliner(account, layout.blocks).run()
    account.close()
    catalog = catalog or {}
    main = _main_part(outline, catalog.get("title", ""))
    document, read, quotes = read_metadata(text, file, outline, main, catalog)
    notes = _footnotes_by_mark(layout.footnotes)
    clauses = _clauses(document, file, outline, main, notes, reading)
    receipt = Receipt.of(account, clauses, outline.gaps, layout.doubts, _unplaced(notes), reading)
    return Parsed(document, clauses, receipt, facts_of(document, read, quotes, catalog, reading))


def _squeeze(text: str) -> str:
    return re.sub(r"[\s《》（）()]", "", text)


def _main_part(outline: Outline, catalog_title: str) -> int:
    """The part that is the document itself: the one the catalog names, or that the notice issues, or the first."""
    titles = [_squeeze(p.title) for p in outline.parts]
    size = Counter(d.part for d in outline.drafts)
    if catalog_title:
        wanted = _squeeze(catalog_title)
        for i, title in enumerate(titles):
            if title and size[i] and (title == wanted or title in wanted or wanted in title) and "印发" not in title:
                return i
    if re.search(r"印发|公布|发布|转发", titles[0]):
        for i, title in enumerate(titles[1:], 1):
            if size[i] and len(title) > 5 and title in titles[0]:
                return i
    opening = next((d.pieces[0][0][:300] for d in outline.drafts if d.part == 0), "")
    for said in (outline.parts[0].title, opening):
        if issued := _ISSUES.search(said):
            for i, title in enumerate(titles[1:], 1):
                if size[i] and title and _squeeze(issued.group(1) or issued.group(2)) in title:
                    return i
    return next((i for i, _ in enumerate(titles) if size[i]), 0)


def _clauses(
    document: Document, file: str, outline: Outline, main: int, notes: dict[str, list[str]], reading: Reading
) -> tuple[Clause, ...]:
    titles = [part.title for part in outline.parts]
    paths = [d.path if d.part == main or not titles[d.part] else (titles[d.part], *d.path) for d in outline.drafts]
    siblings = Counter(zip(paths, (d.label for d in outline.drafts), strict=True))
    place: Counter[tuple[tuple[str, ...], str]] = Counter()
    seen: Counter[tuple[str, ...]] = Counter()
    clauses: list[Clause] = []
    for ordinal, (draft, path) in enumerate(zip(outline.drafts, paths, strict=True)):
        text, offsets = _join(draft)
        words = (*path, draft.label, text)
        below = (path, draft.label)
        place[below] += 1
        clauses.append(
            Clause(
                clause_id=clause_id(document.document_id, path, draft.label, text, seen[words]),
                document_id=document.document_id,
                document_title=document.title,
                document_number=document.number,
                issuer=document.issuer,
                region=document.region,
                status=document.status,
                path=path,
                label=draft.label,
                title=draft.title,
                text=text,
                departments=tuple(draft.departments),
                department_text=draft.department_text,
                source=_source(file, offsets, reading),
                footnotes=tuple(Footnote(m, notes[m].pop(0)) for m in draft.marks if notes.get(m)),
                paragraph=place[below] if draft.label and siblings[below] > 1 else 0,
                ordinal=ordinal,
                offsets=tuple(offsets),
            )
        )
        seen[words] += 1
    return tuple(clauses)


def _source(file: str, offsets: list[int], reading: Reading) -> Source:
    start, end = offsets[0], offsets[-1] + 1
    sure = reading.confidence(start, end)
    return Source(file, start, end, reading.page_at(start), None if sure is None else round(sure, 4))


def _join(draft: Draft) -> tuple[str, list[int]]:
    offsets: list[int] = []
    for _, where in draft.pieces:
        if offsets:  # the line feed between paragraphs stands for the one before the next
            offsets.append(max(where[0] - 1, offsets[-1]))
        offsets += where
    return "\n".join(piece for piece, _ in draft.pieces), offsets


def _footnotes_by_mark(footnotes: list[FootnoteText]) -> dict[str, list[str]]:
    notes: dict[str, list[str]] = {}
    for note in footnotes:
        notes.setdefault(note.mark, []).append(note.text)
    return notes


def _unplaced(notes: dict[str, list[str]]) -> list[str]:
    """Footnotes that are left over because no clause or heading bears their mark."""
    return [f"脚注 {mark} 没有找到正文标记：{text[:20]}" for mark, texts in notes.items() for text in texts]
