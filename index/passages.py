"""Clauses to passages: what is embedded. Headings are added here and only here; passages are never shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from index.clause import Clause

MIN_SENTENCE_CHARS = 9
"""Shorter sentences (特此通知。) say nothing of their own."""
MAX_PASSAGE_CHARS = 420
"""About 300 tokens of the bundled model, which reads at most 512."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A text to embed and the clause it stands for."""

    passage_id: str
    clause_id: str
    text: str
    span: tuple[int, int] | None = None
    """Where it stands in the text of the clause's first passage, end exclusive; None for that passage itself, and for
    what lies behind its end."""


@dataclass(frozen=True, slots=True)
class Span:
    """A sentence of a clause: offsets into its text, end exclusive."""

    start: int
    end: int


@lru_cache(maxsize=1 << 14)
def sentence_spans(text: str) -> tuple[Span, ...]:
    """Sentences of a clause, in order, without surrounding space; together they cover all its words.

    Splits after 。！？ and line breaks, not after ；: what follows a semicolon often has its subject and its
    condition before it, and a figure must keep both. A full stop inside brackets or quotes does not split
    either, since what stands there belongs to the sentence around it.
    """
    spans: list[Span] = []
    start, depth = 0, 0
    for i, c in enumerate(text):
        depth += c in "（(《“"
        depth -= c in "）)》”" and depth > 0
        if c == "\n" or (c in "。！？" and depth == 0):
            end = i + 1
            _add(spans, text, start, end)
            start = end
            if c == "\n":
                depth = 0
    _add(spans, text, start, len(text))
    return tuple(spans)


def _add(spans: list[Span], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        spans.append(Span(start, end))


def context(clause: Clause) -> str:
    """Heading context of a clause: document title, headings, own title."""
    parts = [clause.document_title, *clause.path]
    if clause.title and clause.title not in (clause.path[-1] if clause.path else ""):
        parts.append(clause.title)
    return " ".join(parts)


def passages_of(clause: Clause) -> list[Passage]:
    """The whole clause under its headings, then each sentence, with the clause's own title where it stands alone.

    Footnotes are embedded too: they are where definitions stand. A clause that is one short sentence
    gives one passage only.
    """
    head = context(clause)
    notes = "".join(f"\n{note.text}" for note in clause.footnotes)
    body = (clause.text + notes)[:MAX_PASSAGE_CHARS]
    title = clause.title or clause.document_title
    found = [Passage(f"{clause.clause_id}#0", clause.clause_id, f"{head}\n{body}")]
    end = 0
    for number, sentence in enumerate(_own_sentences(clause), 1):
        start = body.find(sentence, end)
        span = None
        if start >= 0:
            end = start + len(sentence)
            span = (len(head) + 1 + start, len(head) + 1 + end)
        text = f"{title}：{sentence[:MAX_PASSAGE_CHARS]}"
        found.append(Passage(f"{clause.clause_id}#{number}", clause.clause_id, text, span))
    return found


def words_of(passages: Sequence[Passage]) -> str:
    """What the vectors of a clause depend on: a piece's vector is read from the whole."""
    return "\x1f".join(p.text for p in passages)


def sentence_passage_ids(clause: Clause) -> dict[Span, str]:
    """Passage ids of a clause's sentences, for those that have one."""
    wanted = _own_sentences(clause)
    ids: dict[Span, str] = {}
    number = 1
    for span in sentence_spans(clause.text):
        if number <= len(wanted) and clause.text[span.start : span.end] == wanted[number - 1]:
            ids[span] = f"{clause.clause_id}#{number}"
            number += 1
    return ids


def _own_sentences(clause: Clause) -> list[str]:
    """Sentences and footnotes that get a passage of their own; none when the clause is one sentence."""
    sentences = [clause.text[s.start : s.end] for s in sentence_spans(clause.text)]
    notes = [note.text for note in clause.footnotes]
    if len(sentences) + len(notes) < 2:
        return []
    return [s for s in sentences if len(s) >= MIN_SENTENCE_CHARS] + notes
