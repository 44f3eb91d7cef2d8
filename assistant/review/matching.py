"""Do two questions ask the same thing? A cosine that must be reached, and checks that may only refuse.

An embedder hears that 首台套最高补多少 and 深圳首台套最高补多少 are near; it does not hear that the answers differ: on the
development pairs nine near misses of ten are nearer than 0.9, as are paraphrases. So what can be named is compared by
name: place, figures, documents, force, kind of fact, subject words, and the clauses that search finds. Any difference
refuses, and so does doubt: a question that is not matched gets the ordinary answer, which is right too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.review.wordings import Wording, is_subject, is_talk, opposed
from assistant.synonyms import synonyms
from index.lexical import LexicalIndex
from index.words import load_terms, normalise

LEAST_COSINE = 0.92
"""Highest that costs no paraphrase on `python -m evals.pin_curve`; the checks keep false matches below 1 % there, which
no cosine does: with 0.92 alone 0.99 of paraphrases match and 0.90 of near misses."""
LEAST_SHARED = 0.6
"""Share of the likelihood over clauses that two searches have in common: 0.91 of paraphrases reach it, 0.57 of near misses."""
MOST_MORE, MOST_LESS = 1, 1
"""Words, no subjects, that only the question or only the known wording has."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Why two questions are not the same."""

    check: str
    words: str

    def __str__(self) -> str:
        return f"{self.check}不同（{self.words}）" if self.words else f"{self.check}不同"


def differences(asked: Wording, known: Wording, lexical: LexicalIndex) -> list[Difference]:
    """What keeps a question from a known wording; none when nothing that can be named does.

    Args:
        asked: a question; its `place` is the asker's.
        known: a wording that has an answer; its `place` is where that answer holds, its `sources` the documents.
        lexical: knows which words are the documents' own.
    """
    found = [*_place(asked, known), *_document(asked, known)]
    if asked.plain == known.plain:
        return found
    if asked.areas != known.areas:
        found.append(Difference("区域", "、".join(sorted(asked.areas ^ known.areas))))
    if odd := asked.kinds ^ known.kinds:
        found.append(Difference("问的内容", "、".join(sorted(odd))))
    if asked.figures != known.figures:
        odd_figures = sorted(asked.figures ^ known.figures, key=str)
        found.append(Difference("数字", "、".join(f"{f.value:g}{f.unit}" for f in odd_figures)))
    if asked.denied != known.denied:
        found.append(Difference("肯定与否定", ""))
    if asked.must != known.must:
        found.append(Difference("语气", "必须"))
    found += [Difference("说法", f"{a}／{b}") for a, b in opposed(asked.plain, known.plain)]
    return [*found, *_narrowed(asked, known, lexical), *_words(asked, known, lexical)]


def _place(asked: Wording, known: Wording) -> list[Difference]:
    """A place that is named must be the answer's; a wording that names its place is for those who are in it."""
    where = set(asked.regions) or ({asked.place} if asked.place else set())
    answered = {known.place} if known.place else set(known.regions)
    if where and where != answered:
        return [Difference("地区", "、".join(sorted(where ^ answered)))]
    if not where and known.regions:
        return [Difference("地区", "没有说明所在地区")]
    return []


def _document(asked: Wording, known: Wording) -> list[Difference]:
    if asked.address != known.address:
        return [Difference("条款号", asked.address or known.address)]
    if asked.documents and not asked.documents & (known.documents or known.sources):
        return [Difference("文件", "、".join(sorted(asked.documents)))]
    if known.named and not asked.documents:
        return [Difference("文件", "没有说明文件")]
    return []


def _narrowed(asked: Wording, known: Wording, lexical: LexicalIndex) -> list[Difference]:
    """A word right before a subject that both name narrows it, or takes it away, unless the other says it too."""
    return [
        Difference("限定", f"{word}{subject}")
        for one, other in ((asked, known), (known, asked))
        for subject, word in sorted(one.narrowed - other.narrowed)
        if subject in other.words and not _said(word, other, lexical)
    ]


def _words(asked: Wording, known: Wording, lexical: LexicalIndex) -> list[Difference]:
    """Subject words, and words that no document has, must be in both; so must all when each has one the other lacks."""
    more = [w for w in asked.words if not _said(w, known, lexical)]
    less = [w for w in known.words if not _said(w, asked, lexical)]
    strict = [w for w in (*more, *less) if is_subject(w) or not lexical.knows(w)]
    # One word put in the place of another is another question; a word more or less is a way of talking.
    if strict or (more and less) or len(more) > MOST_MORE or len(less) > MOST_LESS:
        return [Difference("主题词", "、".join(strict or [*more, *less]))]
    return []


def _said(word: str, other: Wording, lexical: LexicalIndex) -> bool:
    """Whether the other question says a word too, in whatever expression."""
    # A word of talking stands for nothing: 工程 is not said by 项目, nor 组织 by 机构.
    alike = (normalise(s) for s in synonyms().get(word, ()))
    if word in other.plain or any(s in other.plain and not is_talk(s) for s in alike):
        return True
    terms = load_terms()
    for g in other.groups:
        members = [normalise(m) for m in terms.groups[g]]
        # 收购 is people's word for 并购; 服务包 and 服务专员 are both the documents' own, and two things.
        if word in members and not (lexical.knows(word) and any(lexical.knows(m) for m in members if m in other.plain)):
            return True
    # A compound stands for its parts, which are words of their own here: 首次升规 is said by 小升规, 升规 being.
    return len(word) > 2 and sum(c in other.plain for c in word) * 2 >= len(word) + len(word) % 2


def shared(a: Wording, b: Wording) -> float:
    """Part of the likelihood over clauses that two questions' searches have in common, 0..1."""
    return sum(min(share, b.found[i]) for i, share in a.found.items() if i in b.found)


def cosine(a: Wording, b: Wording) -> float:
    """Nearness of meaning, -1..1; two unrelated questions have about 0.8 under the bundled model."""
    return float(a.vector @ b.vector)


def why_not(asked: Wording, known: Wording, lexical: LexicalIndex, least: float = LEAST_COSINE) -> str:
    """Why a question is not taken for a known wording, in Chinese; "" when it is."""
    if found := differences(asked, known, lexical):
        return "；".join(map(str, found[:3]))
    if asked.plain == known.plain:
        return ""
    if (near := cosine(asked, known)) < least:
        return f"意思不够接近（{near:.2f}，至少 {least:.2f}）"
    if asked.found and known.found and (part := shared(asked, known)) < LEAST_SHARED:
        return f"查到的条款不同（相同部分 {part:.0%}）"
    return ""


def matches(
    asked: Wording, wanted: Sequence[Wording], unwanted: Sequence[Wording], lexical: LexicalIndex,
    least: float = LEAST_COSINE,
) -> tuple[float, str]:  # fmt: skip
    """How near a question comes to one of the wanted wordings, and why it is not taken for any ("" when it is).

    A counter-example that is at least as near as the nearest wanted wording forbids.
    """
    order = sorted(wanted, key=lambda w: -cosine(asked, w))
    reasons = [why_not(asked, w, lexical, least) for w in order]
    near = next((cosine(asked, w) for w, reason in zip(order, reasons, strict=True) if not reason), None)
    if near is None:
        return 0.0, reasons[0] if reasons else "没有问法"
    if any(asked.plain == w.plain for w in wanted):
        return 1.0, ""
    for w in unwanted:
        if asked.plain == w.plain or cosine(asked, w) >= near:
            return 0.0, f"更接近反例“{w.text}”"
    return near, ""
