"""Text of a Chinese official document to clauses and a receipt. Pure: no files, no vectors.

    lines (markup set aside) → paragraphs (page breaks joined) → outline (numbering) → clauses

`PARSER_VERSION` is part of the index stamp: raise it when clauses come out differently.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace

from index.account import Account
from index.clause import Clause, Document, Footnote, Source, clause_id
from index.departments import parse_departments
from index.lines import split_lines
from index.metadata import read_metadata
from index.outline import Draft, Outline, Outliner
from index.paragraphs import FootnoteText, join_lines
from index.receipt import Receipt

PARSER_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document with its clauses and the account of its source."""

    document: Document
    clauses: tuple[Clause, ...]
    receipt: Receipt


def parse_text(text: str, file: str, catalog: dict[str, str] | None = None) -> Parsed:
    """Parse one document.

    Args:
        text: decoded source; offsets in the result count its characters.
        file: name kept in each clause's `source`.
        catalog: fields of `Document` that override what is read from the text.

    Returns:
        Clauses in source order. A document of which nothing is a clause comes back with none;
        the receipt says where its characters went.
    """
    account = Account(text)
    layout = join_lines(account, split_lines(account))
    outline = Outliner(account, layout.blocks).run()
    account.close()
    catalog = catalog or {}
    main = _main_part(outline, catalog.get("title", ""))
    document = read_metadata(text, file, outline, main, catalog)
    clauses = _clauses(document, file, outline, main, layout.footnotes)
    receipt = Receipt.of(account, clauses, outline.gaps, layout.doubts, _unplaced(layout.footnotes, outline))
    return Parsed(document, clauses, receipt)


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
    if issued := re.search(r"印发[^《]*《(.+?)》", outline.parts[0].title):
        for i, title in enumerate(titles[1:], 1):
            if size[i] and _squeeze(issued.group(1)) in title:
                return i
    return next((i for i, _ in enumerate(titles) if size[i]), 0)


def _clauses(
    document: Document, file: str, outline: Outline, main: int, footnotes: list[FootnoteText]
) -> tuple[Clause, ...]:
    notes = _footnotes_by_mark(footnotes)
    seen: Counter[tuple[str, ...]] = Counter()
    clauses: list[Clause] = []
    for ordinal, draft in enumerate(outline.drafts):
        title = outline.parts[draft.part].title
        path = draft.path if draft.part == main or not title else (title, *draft.path)
        text, offsets = _join(draft)
        key = (*path, draft.label, text)
        identity = clause_id(document.document_id, path, draft.label, text, seen[key])
        seen[key] += 1
        clauses.append(
            Clause(
                clause_id=identity,
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
                departments=_departments(draft.department_text),
                department_text=draft.department_text,
                source=Source(file, offsets[0], offsets[-1] + 1),
                footnotes=tuple(Footnote(m, notes[m].pop(0)) for m in draft.marks if notes.get(m)),
                ordinal=ordinal,
                offsets=tuple(offsets),
            )
        )
    return _number_paragraphs(clauses)


def _number_paragraphs(clauses: list[Clause]) -> tuple[Clause, ...]:
    """Give paragraphs that share one number their place below it: 1, 2, 3 … (0 when alone)."""
    place = Counter((c.path, c.label) for c in clauses if c.label)
    count: Counter[tuple[tuple[str, ...], str]] = Counter()
    result = []
    for clause in clauses:
        key = (clause.path, clause.label)
        if clause.label and place[key] > 1:
            count[key] += 1
            clause = replace(clause, paragraph=count[key])
        result.append(clause)
    return tuple(result)


def _departments(text: str) -> tuple:  # type: ignore[type-arg]
    body = text.strip().rstrip("。；; ")
    return parse_departments(body[1:-1]) if body else ()


def _join(draft: Draft) -> tuple[str, list[int]]:
    text, offsets = "", []
    for piece, where in draft.pieces:
        if text:
            text += "\n"
            offsets.append(where[0] - 1 if where[0] - 1 > offsets[-1] else offsets[-1])
        text += piece
        offsets += where
    return text, offsets


def _footnotes_by_mark(footnotes: list[FootnoteText]) -> dict[str, list[str]]:
    notes: dict[str, list[str]] = {}
    for note in footnotes:
        notes.setdefault(note.mark, []).append(note.text)
    return notes


def _unplaced(footnotes: list[FootnoteText], outline: Outline) -> list[str]:
    """Footnotes whose mark stands in no clause or heading that has one."""
    marks = Counter(m for d in outline.drafts for m in d.marks)
    return [f"脚注 {n.mark} 没有找到正文标记：{n.text[:20]}" for n in footnotes if marks[n.mark] == 0]
