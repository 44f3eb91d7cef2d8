"""Numbers inside running text: whole documents on one line, （一）…（二）… in a paragraph, and bare numbers.

A number in running text counts only as part of an unbroken sequence, each after a sentence's end, so that
references (第二条、第三条的规定) cut nothing.
"""

from __future__ import annotations

import re

from index.markers import Family, Marker, find_marker
from index.paragraphs import Block, is_addressee

_CN = "零〇一二三四五六七八九十百千"
_AFTER_STOP = r"(?:(?<=[。；！？：])|(?<=\s))"
_LAW = re.compile(
    rf"{_AFTER_STOP}\s*(?=第[{_CN}\d]{{1,9}}(?:编|分编|章|节|条))|(?<=[法例定则章程])(?=第一[章条][\s\u3000])"
)
_COMMA = re.compile(rf"{_AFTER_STOP}\s*(?=[{_CN}]{{1,3}}、)")
_PAREN = re.compile(r"(?<=[。；！？”）)])\s*(?=[（(][一二三四五六七八九十]{1,3}[）)])")
_BARE = re.compile(r"([1-9]\d?)[ \u3000\t]{1,4}(?=[\u4e00-\u9fa5A-Za-z][^，。；：|\t]{0,30}$)")
_LONE = re.compile(r"([1-9]\d?(?:\.[1-9]\d?){1,3})")


def split_inline(blocks: list[Block]) -> list[Block]:
    """Cut running paragraphs where a sequence of numbers shows clauses; numbered articles stay whole."""
    blocks = [piece for block in blocks for piece in _cut(block, _law_cuts(block))]
    if any(b.marker and b.marker.family is Family.ARTICLE for b in blocks):
        return blocks
    for pattern, family in ((_COMMA, Family.COMMA), (_PAREN, Family.PAREN)):
        blocks = [piece for block in blocks for piece in _cut(block, _sequence_cuts(block, pattern, family))]
    return blocks


def _law_cuts(block: Block) -> list[int]:
    """Cuts before 第一章 and 第二条 in a law that stands in one paragraph."""
    if block.kind != "text" or block.text.count("条") + block.text.count("章") < 2:
        return []
    own = block.marker if block.marker and block.marker.family is Family.ARTICLE else None
    expected = own.number + 1 if own else 1
    cuts: list[int] = []
    articles = 1 if own else 0
    for m in _LAW.finditer(block.text):
        marker = find_marker(block.text[m.end() : m.end() + 60], "", expected)
        if marker is None or (marker.family is Family.ARTICLE and marker.number != expected):
            continue
        if marker.family is not Family.ARTICLE and not block.text[m.end() : m.end() + marker.length][-1].isspace():
            continue
        cuts.append(m.end())
        if marker.family is Family.ARTICLE:
            expected += 1
            articles += 1
    return cuts if articles >= 2 else []


def _sequence_cuts(block: Block, pattern: re.Pattern[str], family: Family) -> list[int]:
    own = block.marker is not None and block.marker.family is family
    if block.kind != "text" or (own and family is Family.PAREN):
        return []
    expected = block.marker.number + 1 if own and block.marker else 1
    cuts: list[int] = []
    for m in pattern.finditer(block.text):
        marker = find_marker(block.text[m.end() : m.end() + 60])
        if marker and marker.family is family and marker.number == expected:
            cuts.append(m.end())
            expected += 1
    return cuts if len(cuts) + own >= 2 else []


def _cut(block: Block, cuts: list[int]) -> list[Block]:
    if not cuts:
        return [block]
    pieces: list[Block] = []
    edges = [0, *cuts, len(block.text)]
    for a, b in zip(edges, edges[1:], strict=False):
        text = block.text[a:b].rstrip()
        if not text:
            continue
        piece = Block(text, block.offsets[a : a + len(text)], indent=block.indent, gap=block.gap)
        piece.bold = [(x - a, y - a) for x, y in block.bold if a <= x and y <= b]
        piece.marks = [(p - a, mark) for p, mark in block.marks if a < p <= b]
        piece.marker = block.marker if a == 0 else find_marker(text, "", 0)
        if piece.marker is None and is_addressee(text):
            piece.kind = "addressee"
        pieces.append(piece)
    return pieces


def number_standards(blocks: list[Block]) -> None:
    """Give the bare numbers of a standard (1 范围, 3.1) their markers, in documents numbered 4.1, 4.1.1.

    Without a decimal number elsewhere that continues it, “1 范围” is a table row or plain text.
    """
    chapters = {b.marker.parents[0] for b in blocks if b.marker and b.marker.family is Family.DECIMAL}
    chapters |= {int(m.group(1).split(".")[0]) for b in blocks if (m := _LONE.fullmatch(b.text))}
    if not chapters or not any(b.marker and b.marker.family is Family.DECIMAL for b in blocks):
        return
    last: tuple[int, ...] = (0,)
    for block in blocks:
        if block.kind != "text":
            continue
        if block.marker is None and (m := _BARE.match(block.text)) and int(m.group(1)) == last[0] + 1:
            block.marker = Marker(Family.DECIMAL, int(m.group(1)), m.group(1), m.end())
        elif block.marker is None and (m := _LONE.fullmatch(block.text)):
            numbers = tuple(int(n) for n in m.group(1).split("."))
            if numbers[:-1] == last[: len(numbers) - 1] and numbers[-1] in (
                1,
                *(n + 1 for n in last[len(numbers) - 1 :][:1]),
            ):
                block.marker = Marker(Family.DECIMAL, numbers[-1], m.group(1), m.end(), parents=numbers[:-1])
        if block.marker and block.marker.family is Family.DECIMAL:
            last = (*block.marker.parents, block.marker.number)
