"""Which words of a clause the typed words found: spans to be marked."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.alignment import normalise
from index.passages import Span
from index.search import Searcher

SHORTEST = 2
"""Single characters mark half a page."""


def marked_words(text: str, query_text: str, searcher: Searcher, others: Sequence[str] = ()) -> list[str]:
    """Words of a query that are worth marking, longest first.

    Args:
        text: the query, normalised (`Query.text`).
        query_text: its topic (`Query.topic`), without what serves as a filter.
        searcher: cuts it into words.
        others: further expressions, such as synonyms of what was said.
    """
    words = {t for t in searcher.tokenizer.tokens(query_text) if not t.startswith("~")}
    pieces = {p for p in query_text.split() if len(p) <= 12}
    found = {normalise(w).text for w in (*words, *pieces, *others)}
    return sorted((w for w in found if len(w) >= SHORTEST or (w.isdigit() and w in text)), key=lambda w: (-len(w), w))


def spans_of(text: str, words: Sequence[str]) -> list[Span]:
    """Where words stand in a text, in order, none overlapping; spans count characters of the text as printed."""
    normal = normalise(text)
    taken = bytearray(len(normal.text))
    for word in words:
        at = normal.text.find(word)
        while at >= 0:
            if not any(taken[at : at + len(word)]):
                taken[at : at + len(word)] = b"\x01" * len(word)
            at = normal.text.find(word, at + 1)
    spans, i = [], 0
    while i < len(taken):
        if taken[i]:
            end = i
            while end < len(taken) and taken[end]:
                end += 1
            spans.append(Span(*normal.span(i, end)))
            i = end
        else:
            i += 1
    return spans
