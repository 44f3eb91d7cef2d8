"""Quoted stretches of a text, set aside before it is read for what the text itself orders."""

from __future__ import annotations

FILL = "\ue000"
"""Stands for each quoted character, so that every place in the text stays where it was."""
_CLOSES = {"”": "“", "’": "‘", "」": "「", "』": "『"}
_OPENS = frozenset(_CLOSES.values())
MAX_UNCLOSED = 20
"""Quotes without an end that are looked behind, one scan each; behind the last, nothing is read."""


def without_quotes(text: str) -> str:
    """The same text, of the same length, with what stands in quotes filled; quotes in a title 《…》 belong to it, and a
    short name (以下简称“办法”) is none of what is quoted.

    A paragraph inside a quote may open with its mark again and only the last one close it, as new wording of several
    paragraphs is printed. A quote that nobody closes ends with its sentence.

    >>> without_quotes("“十四五”和《“十四五”规划》").replace(FILL, "·")
    '“···”和《“十四五”规划》'
    """
    out = list(text)
    at = 0
    for _ in range(MAX_UNCLOSED):
        opened = _fill(text, out, at)
        if opened is None:
            return "".join(out)
        ends = [i for i in (text.find("。", opened), text.find("\n", opened)) if i >= 0]
        at = min(ends, default=len(text))
        out[opened + 1 : at] = FILL * (at - opened - 1)
    out[at:] = FILL * (len(text) - at)
    return "".join(out)


def _fill(text: str, out: list[str], at: int) -> int | None:
    """Fill what is quoted from a place on; where the first quote opens that is never closed, None when each is."""
    stack: list[tuple[str, int]] = []
    title = 0
    fresh = True  # nothing but space since the line began
    for i in range(at, len(text)):
        c = text[i]
        if not stack and c in "《》。\n":
            title = title + 1 if c == "《" else max(0, title - 1) if c == "》" else 0
        elif not title and (c in _OPENS or c in _CLOSES or c == '"'):
            mark = _CLOSES.get(c, c)
            closes = c in _CLOSES or (c == '"' and any(m == c for m, _ in stack[-2:]))
            if closes and any(m == mark for m, _ in stack[-8:]):
                while stack[-1][0] != mark:
                    stack.pop()
                _, start = stack.pop()
                if not stack:
                    out[start + 1 : i] = FILL * (i - start - 1)
            elif not closes and not (stack and fresh) and (stack or not text.endswith("称", 0, i)):
                stack.append((mark, i))
        fresh = c == "\n" or (fresh and c.isspace())
    return stack[0][1] if stack else None
