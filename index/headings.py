"""Is this line a heading, a clause or a list item? The judgements an outline rests on.

None can be read from a line alone: each looks at what follows, at what is open, and at the siblings.
"""

from __future__ import annotations

import re

from index.drafts import Draft
from index.front import signature_end
from index.levels import PRELIMINARIES, Key, Levels
from index.markers import ITEM_FAMILIES, LAW_FAMILIES, RANK, Family, Marker
from index.paragraphs import Block, is_ended
from index.runin import bracketed_title

MAX_HEADING_CHARS = 50
"""A numbered line longer than this is text, even without a full stop (longest heading seen: 41)."""
MAX_ARTICLE_TITLE_CHARS = 30
MAX_ITEM_CHARS = 80
"""Lists whose items are longer on average are clauses of their own."""
CLOSING = re.compile(
    r"^(?:本|该|此)(?:实施)?(?:若干)?(?:措施|办法|意见|方案|通知|规定|细则|条例|政策|指南|决定|规划|计划|公告|通告|实施细则|指引|标准|规范)"
    r"[^。]{0,40}(?:自.{0,30}(?:施行|实施|生效|执行|有效)|由.{2,40}(?:解释|负责解释)|有效期)"
)
_SPACES = re.compile(r"\s")


def is_plain_heading(blocks: list[Block], i: int, draft: Draft | None) -> bool:
    """A line without a number that heads what follows."""
    block, text = blocks[i], blocks[i].text
    if block.ended or len(text) > 30 or re.search(r"[，。；：、|\t]", text) or block.kind != "text":
        return bool((block.level or _all_bold(block)) and len(text) <= MAX_HEADING_CHARS and not block.ended)
    if block.level or _all_bold(block):
        return True
    following = blocks[i + 1] if i + 1 < len(blocks) else None
    if following is None or following.kind not in ("text", "table", "field"):
        return False
    if _SPACES.sub("", text) in {"总则", "附则"} | PRELIMINARIES:
        return True
    in_list = draft is not None and not draft.last.endswith(("。", "）", ")", "]"))
    if draft is not None and draft.family is Family.ARTICLE:  # in a law only a chapter that lost its number
        article = following.marker is not None and following.marker.family is Family.ARTICLE
        return not in_list and article and len(text) >= 3
    begins = following.marker is not None and following.marker.number == 1
    long_enough = len(text) >= 3 and not re.fullmatch(r"[\d\s.,%％\-—/~～]+", text)
    return not in_list and (begins or (following.ended and following.marker is None)) and long_enough


def _all_bold(block: Block) -> bool:
    return bool(block.bold) and block.kind == "text" and block.bold[0] == (0, len(block.text))


def is_heading(blocks: list[Block], i: int, marker: Marker, levels: Levels) -> bool:
    """Whether a numbered line only heads what follows it."""
    rest = blocks[i].text[marker.length :]
    if marker.family in LAW_FAMILIES:
        return len(rest) <= MAX_HEADING_CHARS or "。" not in rest
    if not rest.strip() or (marker.family is Family.ARTICLE and bracketed_title(rest)):
        return True
    following = blocks[i + 1] if i + 1 < len(blocks) else None
    if following is None or "。" in rest.rstrip("。") or len(rest) > MAX_HEADING_CHARS:
        return False
    deeper = False
    if following.marker is None:
        below = following.kind in ("text", "table", "field", "addressee") and not (
            following.kind == "text"
            and marker.family is not Family.ARTICLE
            and (CLOSING.match(following.text) or signature_end(blocks, i + 1, rest) > i + 1)
        )
    else:
        key, below_key = marker.key, following.marker.key
        deeper = RANK[following.marker.family] > RANK[marker.family] or below_key[1] > key[1]
        inverted = following.marker.number == 1 and marker.family not in ITEM_FAMILIES
        below = (
            below_key != key
            and below_key not in levels.keys
            and following.marker.number in (1, levels.expected(below_key))
            and (deeper or inverted)
        )
    if not below:
        return False
    if marker.family is Family.ARTICLE:
        return not is_ended(rest) and "，" not in rest and len(rest) <= MAX_ARTICLE_TITLE_CHARS
    short = rest.endswith("。") and len(rest) <= 25 and (following.marker is None or deeper)
    return not is_ended(rest) or short


def is_item(blocks: list[Block], i: int, marker: Marker, levels: Levels, draft: Draft | None) -> bool:
    """Whether a numbered block is a list item of the clause before it."""
    block, key = blocks[i], marker.key
    if draft is None or marker.family in LAW_FAMILIES or marker.family is Family.ARTICLE:
        return False
    if draft.family is Family.ARTICLE:
        if marker.family != Family.COMMA or block.ended or len(block.text) > MAX_HEADING_CHARS:
            return True
        after = blocks[i + 1].marker if i + 1 < len(blocks) else None
        heads = after is not None and after.family is Family.ARTICLE  # 三、执行 ⏎ 第十条: a chapter
        return not heads and not levels.counted(key) and marker.number != 1
    if key in draft.item_keys:
        return True
    if key in levels.keys or (draft.family is not None and RANK[marker.family] < RANK[draft.family]):
        return False
    if draft.item_keys and marker.number == 1 and RANK[marker.family] > RANK[draft.item_keys[-1][0] or marker.family]:
        return True
    if marker.number != 1 or not draft.pieces:
        return False
    lengths = _run_lengths(blocks, i, key)
    average = sum(lengths) / len(lengths)
    introduces = draft.last.endswith(("：", ":"))
    if introduces and block.text.endswith(("；", ";")):
        return True
    if marker.family in ITEM_FAMILIES:
        return average <= 2 * MAX_ITEM_CHARS
    return introduces and draft.run_in and average <= MAX_ITEM_CHARS


def _run_lengths(blocks: list[Block], i: int, key: Key) -> list[int]:
    lengths = []
    for block in blocks[i : i + 30]:
        if block.marker and block.marker.key == key:
            lengths.append(len(block.text))
        elif block.marker and key[0] is not None and RANK[block.marker.family] <= RANK[key[0]]:
            break
    return lengths
