"""What of an evidence sentence may be left out, as a grammar that a small model writes under.

A model of 1.5 billion parameters drops 为 from 为…企业提供 and turns goals into facts, and no check finds all of
it. Under this grammar it cannot: it chooses sentences of the evidence and leaves out stretches between commas
that nothing kept depends on; every word that remains stands in the clause in that order, and the citation
follows from the sentence. The rules of what may go are below; when in doubt a stretch stays.

Grammars are GBNF, as llama.cpp reads them; a served model that takes none writes freely under the guard alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.answer import Citation
from assistant.evidence import Chosen

MAX_SENTENCES = 4
_OPEN, _CLOSE = "（([［【《“‘〔", "）)]］】》”’〕"
_LEAD = re.compile(
    r"^(?:对|对于|经|凡|在|自|到|至|若|如果?|当|针对|围绕|按照?|根据|依托|为|通过|以|由|从|面向|属于|符合|首次|连续|除|截至|\d{4}\s*年)"
)
"""A stretch that opens so says for whom, when, where or how: nothing after it is kept without it."""
_OPENS = re.compile(r"^(?:对(?!此|其|该|上述|于此)|在(?!此)|到|截至|自|\d{4}\s*年)")
"""Leads that name whom, where or since when in full: 符合条件的 and 为此 point back at what stands before them."""
_TRAIL = re.compile(
    r"^(?:但|其中|其|该|此|且|并|或|以及|及|和|最高|最多|最低|累计|不超过|不低于|每|同一|不得|不含|不包括|除外|仅|限|否则|同时|从其|视同|[（(])"
    r"|须|应当|必须|不得|需经|方可|才能|除外|仅限|限于|为限|不重复|就高"
)
"""A stretch that opens so, or binds so, belongs to the one before it: that one is never kept without it."""
_MEASURE = re.compile(
    r"^(?:支持|鼓励|推动|推进|加快|加强|加大|建设|建立|打造|培育|引进|引导|完善|提升|优化|探索|落实|实施|开展|强化|深化|发展|大力|持续|积极|组织|搭建|布局|发挥|促进|做好|简化|降低|发布|健全|构建|扩大|拓展|畅通)"
)
"""A stretch that opens so is a measure of its own, with the same unsaid subject as its neighbours. 给予 and 纳入 are
none: what is given, and to whom, stands before them."""


_GOVERNS = re.compile(
    r"^(?:还|并|积极|持续|大力|进一步)*(?:支持|鼓励|引导|推动|组织|动员|有序推进|推荐|允许|指导|依托)"
)
"""鼓励各区…，…: whoever is encouraged or supported does what follows, too, up to a semicolon or the next such word."""
_UNFINISHED = re.compile(
    r"(?:等)?(?:形式|方式|手段|需要|需求|情况下|前提下|过程中|基础上|为主业|趋势|以来|范围内)$|^(?:会同|围绕|面向)|会同[^，]*$"
)
"""A stretch that ends so leads to what comes after it."""
_PREDICATE = re.compile(
    r"给予|奖励|支持|鼓励|补贴|补助|资助|补偿|负责|牵头|配合|享受|纳入|实行|执行|达到|达|提高|提升|增长|突破|完成|培训|设立|成立|建立|建设|建成|发放|惠及|签约|实现"
    r"|生效|有效|施行|实施|适用|开展|推动|推进|形成|引导|组织|加强|加快|探索|打造|培育|优化|落实|承担|成为|获得|发布|保障|统筹|审核|列支|拓展|促进|降低|减免|落户|提供|挖掘|盘活"
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Text between commas; `mark` is the comma or semicolon after it, "" at the end."""

    text: str
    mark: str

    @property
    def leads(self) -> bool:
        """What follows depends on it."""
        return bool(_LEAD.match(self.text)) or self.text.endswith("的") or bool(_UNFINISHED.search(self.text))

    @property
    def says(self) -> bool:
        """It holds a predicate of its own: an answer may end after it."""
        return bool(_PREDICATE.search(self.text.rpartition("的")[2]))

    @property
    def trails(self) -> bool:
        """It belongs to what comes before."""
        return bool(_TRAIL.search(self.text))

    @property
    def measure(self) -> bool:
        """It can stand without those before it."""
        return bool(_MEASURE.match(self.text)) and not self.leads and not self.trails


def stretches(sentence: str) -> list[Stretch]:
    """A sentence cut at commas and semicolons outside brackets and quotes; the final stop is taken off."""
    found: list[Stretch] = []
    depth, start = 0, 0
    body = sentence.rstrip("。；;，, \n")
    for i, c in enumerate(body):
        depth += (c in _OPEN) - (c in _CLOSE)
        if c in "，；" and depth <= 0:
            found.append(Stretch(body[start:i], c))
            start = i + 1
    found.append(Stretch(body[start:], ""))
    return [s for s in found if s.text.strip()]


def grammar(chosen: Sequence[Chosen], citations: Sequence[Citation]) -> str:
    """GBNF of all answers that may be written from the evidence: up to MAX_SENTENCES, each `words。[n]`."""
    rules: list[str] = []
    names: list[str] = []
    for c, citation in zip(chosen, citations, strict=True):
        for span in c.spans:
            for line in c.clause.text[span.start : span.end].split("\n"):
                if parts := stretches(line):
                    names.append(f"s{len(names)}")
                    rules += _sentence_rules(names[-1], parts, f"。[{citation.n}]")
    more = " ".join(["(sentence"] * (MAX_SENTENCES - 1)) + ")?" * (MAX_SENTENCES - 1)
    return "\n".join([f"root ::= sentence {more}", f"sentence ::= {' | '.join(names)}", *rules])


def _sentence_rules(name: str, parts: Sequence[Stretch], end: str) -> list[str]:
    """One rule a stretch: keep it, then go on at any later stretch that may follow it, or end."""
    rules = []
    for i, part in enumerate(parts):
        goes_on = [f"{_literal(part.mark)} {name}-{j}" for j in _followers(parts, i)]
        open_end = part.leads or not part.says or (i + 1 < len(parts) and parts[i + 1].trails)
        ends = [] if open_end else [_literal(end)]
        rules.append(f"{name}-{i} ::= {_literal(part.text)} ({' | '.join([*ends, *goes_on]) or _literal(end)})")
    starts = [f"{name}-{i}" for i in range(len(parts)) if i == 0 or _may_start(parts, i)]
    return [f"{name} ::= {' | '.join(starts)}", *rules]


def _followers(parts: Sequence[Stretch], i: int) -> list[int]:
    """Stretches that may come right after stretch i is kept: the next one, or a later measure."""
    found = []
    for j in range(i + 1, len(parts)):
        if j == i + 1 or (parts[j].measure and not _needed(parts[i + 1 : j], parts[j])):
            found.append(j)
        if parts[j].trails and j == i + 1:
            break
    return found


def _may_start(parts: Sequence[Stretch], i: int) -> bool:
    """An answer may begin with stretch i: it is a measure or says for whom, and nothing before it governs it."""
    if parts[i].trails:
        return False
    return (parts[i].measure or bool(_OPENS.match(parts[i].text))) and not _needed(parts[:i], parts[i])


def _needed(skipped: Sequence[Stretch], following: Stretch) -> bool:
    """Something skipped governs what comes after: a lead, a stretch that names who acts, or one that says who is
    encouraged (鼓励各区…) unless the next says so for itself."""
    last = max((k for k, p in enumerate(skipped) if p.mark == "；"), default=-1)
    open_ = skipped[last + 1 :]
    if any(p.leads or not (p.measure or p.trails) for p in open_):
        return True
    return any(_GOVERNS.match(p.text) for p in open_) and not _GOVERNS.match(following.text)


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


__all__ = ["Stretch", "grammar", "stretches"]
