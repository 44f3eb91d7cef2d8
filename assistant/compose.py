"""An answer in the clauses' own words: chosen sentences in order, each with its citation, then who to ask.

Nothing is worded here but headings, refusals and courtesies, and those are marked as notices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.answer import Citation, Quote, Refusal, Sentence
from assistant.evidence import Chosen
from index.card import is_card
from index.clause import Clause
from index.query import Intent, Query
from index.search import Searcher

MAX_NEAREST = 3
"""Clauses shown beside a refusal."""
GREETING = "您好，我是问策，回答有关政策文件的问题，每句话都附条款出处。请直接问，例如：首台套最高补多少？"
THANKS = "不客气，有政策问题请随时问。"
EMPTY = "请输入想问的政策问题，例如：上海小升规奖励多少？"
UNSAFE = "这个问题不能协助。申报政策请提供真实材料；如有政策条款方面的问题，请直接提问。"
OUT_OF_SCOPE = "这个问题不在所收录政策文件的范围内，无法回答。可以问科技服务业、研发机构等方面的支持政策。"


def cite(chosen: Sequence[Chosen], searcher: Searcher) -> list[Citation]:
    """Numbered citations for evidence, in its order."""
    return [
        Citation(
            n,
            c.clause,
            tuple(Quote(s.start, s.end) for s in c.spans),
            c.clause.source.opens(searcher.document(c.clause.document_id).source_url),
        )
        for n, c in enumerate(chosen, 1)
    ]


@dataclass(frozen=True, slots=True)
class Place:
    """The evidence of one place: two cities that were both asked about are answered side by side."""

    heading: Sentence | None
    """None when there is only one place."""
    chosen: tuple[Chosen, ...]
    citations: tuple[Citation, ...]


def by_place(chosen: Sequence[Chosen], citations: Sequence[Citation]) -> list[Place]:
    """Evidence grouped by place, each in its order."""
    names = list(dict.fromkeys(c.clause.region for c in chosen))
    found = []
    for name in names:
        members = [(c, k) for c, k in zip(chosen, citations, strict=True) if c.clause.region == name]
        heading = Sentence(f"【{name or '未注明地区'}】", (), "notice") if len(names) > 1 else None
        found.append(Place(heading, tuple(c for c, _ in members), tuple(k for _, k in members)))
    return found


def verbatim(chosen: Sequence[Chosen], citations: Sequence[Citation], query: Query) -> list[Sentence]:
    """The chosen sentences of one place, with departments and footnotes; departments first when only they are asked."""
    sentences: list[Sentence] = []
    for c, citation in zip(chosen, citations, strict=True):
        said = quoted(c, citation) + _footnotes(c.clause, citation, query)
        if c.clause.department_text and wants_departments(c, chosen, query):
            departments = departments_of(c.clause, citation.n)
            said = [departments, *said] if asks_who_only(query) else [*said, departments]
        sentences += said
    return sentences


def asks_who_only(query: Query) -> bool:
    """The departments are the answer: they come first."""
    return Intent.DEPARTMENT in query.intents and not query.intents & {Intent.AMOUNT, Intent.CONDITION, Intent.LIST}


def quoted(c: Chosen, citation: Citation) -> list[Sentence]:
    """The chosen sentences of one clause, each by itself: what stands between two of them is never skipped over."""
    return [
        Sentence(line, (citation.n,), "verbatim")
        for s in c.spans
        for line in c.clause.text[s.start : s.end].split("\n")
        if line.strip()
    ]


def wants_departments(c: Chosen, chosen: Sequence[Chosen], query: Query) -> bool:
    """Departments follow every clause when they are asked, else the first clause of a place."""
    return Intent.DEPARTMENT in query.intents or c is chosen[0]


def departments_of(clause: Clause, n: int) -> Sentence:
    """The department bracket as printed, its brackets taken off."""
    inside = clause.department_text.strip().rstrip("。；;")
    inside = inside[1:-1] if inside[:1] in "（([［【" else inside
    return Sentence(f"{inside}。", (n,), "verbatim")


def _footnotes(clause: Clause, citation: Citation, query: Query) -> list[Sentence]:
    if Intent.DEFINITION not in query.intents:
        return []
    return [Sentence(note.text, (citation.n,), "verbatim") for note in clause.footnotes]


def unsaid(missing: Sequence[str]) -> Sentence:
    """What of a question the documents leave open, beside an answer to the rest."""
    return Sentence(f"所收录的文件没有写明{'、'.join(missing)}。", (), "notice")


def refusal(
    reason: Refusal, missing: Sequence[str], chosen: Sequence[Chosen], citations: Sequence[Citation]
) -> list[Sentence]:
    """The words of a refusal, and whom the nearest clauses name."""
    if reason == Refusal.UNSAFE:
        return [Sentence(UNSAFE, (), "notice")]
    if reason == Refusal.OUT_OF_SCOPE:
        return [Sentence(OUT_OF_SCOPE, (), "notice")]
    what = (
        f"所收录的文件没有写明{'、'.join(missing)}，无法给出答案。"
        if missing
        else "所收录的文件里没有找到能回答这个问题的条款。"
    )
    sentences = [Sentence(what, (), "notice")]
    if citations:
        sentences.append(Sentence("最接近的条款列在下面，供参考：", (), "notice"))
        for c, citation in zip(chosen, citations, strict=True):
            if not is_card(c.clause):
                sentences += quoted(c, citation)
        named = next(((c, k) for c, k in zip(chosen, citations, strict=True) if c.clause.department_text), None)
        if named:
            sentences.append(Sentence("可以向条款列明的部门咨询：", (), "notice"))
            sentences.append(departments_of(named[0].clause, named[1].n))
    return sentences
