"""Footnotes printed without markup: [1], 〔1〕 or ① at a line's start, explained words earlier in the text.

Only when the same mark stands inside an earlier sentence is the line a footnote; otherwise ① opens a list
item and [1] a reference, and both stay where they are.
"""

from __future__ import annotations

import re

from index.account import Account
from index.lines import Line

_NOTE = re.compile(r"^(?:[\[〔［](?P<number>\d{1,3})[\]〕］]|(?P<circled>[①-⑳]))\s*(?=\S)")
_MARK = re.compile(
    r"(?<=[\u4e00-\u9fa5A-Za-z0-9”》）)])(?:[\[〔［](?P<number>\d{1,3})[\]〕］]|(?P<circled>[①-⑳]))(?![号\d])"
)
_LISTING = re.compile(r"(?:[为是括如下即]|分别|以及|或者?|和|及)$")


def set_aside_footnotes(account: Account, lines: list[Line]) -> None:
    """Turn note lines and their marks into what `split_lines` makes of <sup> marks."""
    marks: dict[str, tuple[Line, int, int]] = {}
    for line in lines:
        if line.kind != "text":
            continue
        note = _NOTE.match(line.text)
        mark = note and (note.group("number") or note.group("circled"))
        if note and mark in marks:
            owner, start, end = marks.pop(mark)
            _take_mark(account, owner, start, end, mark)
            for other, (same, a, b) in marks.items():
                if same is owner and a > start:
                    marks[other] = (same, a - (end - start), b - (end - start))
            account.enter(line.offsets[: note.end()], "noise", "footnote_mark")
            line.text, line.offsets = line.text[note.end() :], line.offsets[note.end() :]
            line.bold, line.kind, line.footnote_mark = [], "footnote", mark
            continue
        for m in _MARK.finditer(line.text):
            if not _LISTING.search(line.text[: m.start()]):
                marks.setdefault(m.group("number") or m.group("circled"), (line, m.start(), m.end()))


def _take_mark(account: Account, line: Line, start: int, end: int, mark: str) -> None:
    """Take a mark out of a sentence; it stays in the account, and on the line as a mark."""
    account.enter(line.offsets[start:end], "noise", "footnote_mark")
    line.text = line.text[:start] + line.text[end:]
    line.offsets = line.offsets[:start] + line.offsets[end:]
    shift = end - start
    line.bold = [(a - shift * (a >= end), b - shift * (b >= end)) for a, b in line.bold]
    line.marks = sorted([(p - shift * (p >= end), m) for p, m in line.marks] + [(start, mark)])
