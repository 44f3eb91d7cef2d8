"""Run-in titles: the short bold or first sentence that names a numbered clause (9. 支持企业“小升规”。…).

Whether a short first sentence is a title or simply a sentence cannot be told from one clause; siblings
vote. Statutory articles bear titles only in brackets (第三条（适用范围）).
"""

from __future__ import annotations

import re
from collections import defaultdict

from index.markers import Family, Marker
from index.paragraphs import Block

MAX_TITLE_CHARS = 40
VOTE = 0.6
"""Share of siblings that must open with a short sentence for it to count as a title."""

_BRACKETED = re.compile(
    r"\s*(?:【([^】]{1,30})】|[［\[]([^］\]]{1,30})[］\]]|〔([^〕]{1,30})〕|[（(](?!以下|下称|简称|含|包括|不含|试行|暂行)([^）)，。；]{2,20})[）)])\s*"
)
_FIRST = re.compile(r"([^。；！？：:]{2,40})(。|：|:)")
_SENTENCE = re.compile(r"应当|不得|必须|可以|是指|指的是|的，|如下|下列|以下|包括")


class RunInTitles:
    """Knows, for one document, which numbering families carry run-in titles."""

    def __init__(self, blocks: list[Block]) -> None:
        votes: dict[tuple[Family, str], list[bool]] = defaultdict(list)
        in_article = False
        for block in blocks:
            if block.kind == "attachment" or (block.marker and block.marker.family is Family.COMMA):
                in_article = False
            elif block.marker and block.marker.family is Family.ARTICLE:
                in_article = True
            if in_article:
                continue  # （一） below 第三条 is an item, whatever it is elsewhere in the file
            if block.marker and block.marker.family != Family.ARTICLE and "。" in block.text:
                end, stop = self._first(block.text[block.marker.length :][:400])
                for separator in ("。", "："):
                    votes[block.marker.family, separator].append(bool(end) and stop == separator)
        self._titled = {key for key, found in votes.items() if sum(found) >= VOTE * len(found)}

    @staticmethod
    def _first(rest: str) -> tuple[int, str]:
        """End of the short first sentence (0 when there is none) and its stop."""
        m = _FIRST.match(rest)
        if not m:
            return 0, ""
        words, stop = m.group(1), m.group(2).replace(":", "：")
        plain = re.sub(r"[“《（(][^”》）)]*[”》）)]", "", words)
        limit = 14 if stop == "：" else 30
        if _SENTENCE.search(words) or "，" in plain or len(plain) > limit or len(rest) - m.end() < 8:
            return 0, ""
        return m.end(), stop

    def split(self, block: Block, marker: Marker) -> tuple[str, int, int]:
        """Title of a numbered block, and where title and text start in `block.text`.

        Returns:
            (title without its stop, its offset, offset of the text); ("", marker.length, marker.length)
            without a title.
        """
        begin = marker.length
        rest = block.text[begin : begin + 400]
        if marker.family == Family.ARTICLE:
            if (m := _BRACKETED.match(rest)) and begin + m.end() < len(block.text):
                return _inside(m, begin) + (begin + m.end(),)
            return "", begin, begin
        for a, b in block.bold:
            if a <= begin < b <= begin + MAX_TITLE_CHARS and b < len(block.text) - 8:
                end = b
                while end < len(block.text) and block.text[end] in "。：: \u3000":
                    end += 1
                title = block.text[begin:b].strip("。：: \u3000")
                if title:
                    return title, block.text.index(title, begin), end
        stop_at, stop = self._first(rest)
        if stop_at and (marker.family, stop) in self._titled:
            title = rest[: stop_at - 1].strip()
            return title, begin + rest.index(title), begin + stop_at
        return "", begin, begin


def bracketed_title(text: str) -> tuple[str, int] | None:
    """Title and its offset when a text is nothing but a title in brackets: 【数据权益】, （附则）."""
    m = _BRACKETED.fullmatch(text) if len(text) < 60 else None
    return _inside(m, 0) if m else None


def _inside(m: re.Match[str], shift: int) -> tuple[str, int]:
    group = next(i for i in range(1, 5) if m.group(i) is not None)
    return m.group(group), m.start(group) + shift
