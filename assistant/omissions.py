"""What a sentence may not leave out of the words it borrows: 为…提供 is not …提供, and a goal is not a fact.

Both were found in answers of a small model that every other check let pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.verdict import Case, Finding

LEAST_BORROWED = 5
"""Characters in one piece that make a stretch of a sentence borrowed from the clause."""
_WORDS_WITH = re.compile(r"(?:作|成|认|列|行|视|分|定|称|转变|较|更|颇|尤)为$|(?:面|导|方|转|动|倾|志|意|双|定|投)向$")
"""为 and 向 at the end of another word."""
_RECEIVES = re.compile(r"获得|享受|得到|享有|获|拿到|领取|受益|可以|能够|收到")
_GOAL = re.compile(r"^到20\d\d年|^20\d\d年[^，。]{0,6}(?:达到|突破|力争)|力争|目标")
_GOAL_SAID = re.compile(
    r"到20\d\d年|20\d\d年|目标|力争|计划|规划|拟|打算|争取|预期|要(?!求)|将|期望|希望|努力|底前|之前"
)


def check_goal(case: Case) -> list[Finding]:
    """A goal of the clause told as if it had been reached."""
    if _GOAL_SAID.search(case.claim):
        return []
    for start, end in case.segments:
        for segment in case.aligned(start, end, 4)[:1]:
            passage = case.ground.passages[segment.passage].text
            if m := _GOAL.search(passage):
                return [
                    case.finding("modality", start, end, f"条款写的是目标（“{m.group()}”），句中说成了事实", m.group())
                ]
    return []


def check_recipient(case: Case) -> list[Finding]:
    """为 or 向 left out before borrowed words, which makes the one who receives the one who gives."""
    if _RECEIVES.search(case.claim):
        return []
    for start, end in _openings(case):
        borrowed = case.claim[start:end]
        for passage in case.ground.passages:
            at = passage.text.find(borrowed)
            before = passage.text[max(0, at - 3) : max(0, at)]
            if at > 0 and before[-1:] in "为向" and not _WORDS_WITH.search(before):
                return [
                    case.finding(
                        "relation", start, end, f"漏了“{before[-1]}”：原文是“{before[-1]}{borrowed}…”", borrowed
                    )
                ]
    return []


def _openings(case: Case) -> Iterator[tuple[int, int]]:
    """Spans at the start of each stretch of the sentence that stand in the clause in one piece."""
    for start, end in case.segments:
        length = LEAST_BORROWED
        while start + length <= end and case.claim[start : start + length] in case.ground.text:
            length += 1
        if length > LEAST_BORROWED:
            yield start, start + length - 1
