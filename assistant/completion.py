"""What a written answer must still say: a model may leave out what was asked, so the clauses' own words fill it in.

A model's answer is never poorer than the verbatim one in what the question wants; it is only shorter in what
the question does not want.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant import compose
from assistant.alignment import bigrams, normalise
from assistant.answer import Citation, Sentence
from assistant.asked import FACTS
from assistant.evidence import Chosen, asks_several
from index.query import Intent, Query

WHOLE_SHARE = 0.75
"""A list counts as told when this part of its sentence's character pairs is said; below it the sentence is shown."""
NEARLY_AS_LIKELY = 0.3
"""A clause that the model passed over is named in one line when it is this likely, relative to the first. On 42
answers of the local model: points said 0.877 without it, 0.917 with it (the same as verbatim) at 185 characters
for 174; at 0.8 it adds nothing, at 0.2 only length."""
_WHOLE = {Intent.LIST, Intent.DEFINITION, Intent.GOAL, Intent.CONDITION}
"""Kinds of question whose answer is the whole sentence, not one fact of it."""
_THING = re.compile(r"(?:什么|哪个|哪些|哪种|哪类|啥)(?:样的)?(?P<thing>[\u4e00-\u9fff]{2})")
"""要进什么目录: the answer must name a 目录 where the clause does."""
_TELLS = re.compile(
    r"讲(?:了)?(?:什么|啥|的)|说(?:了)?(?:什么|啥)|介绍|内容|怎么(?:规定|说|写)|哪些|有什么|有啥|支持措施|政策"
)


def complete(
    chosen: Sequence[Chosen],
    citations: Sequence[Citation],
    query: Query,
    question: str,
    shown: Sequence[Sentence],
) -> list[Sentence]:
    """Sentences to add to what is shown of one place's evidence, in the clauses' order.

    Args:
        chosen: the evidence of one place, best first.
        citations: its numbers, in the same order.
        query: the question, read.
        question: the same as typed.
        shown: guarded sentences of this place, in order.

    Returns:
        Verbatim sentences; the whole verbatim composition when nothing is shown.
    """
    if not shown:
        return compose.verbatim(chosen, citations, query)
    told = normalise("".join(s.text for s in shown)).text
    cited = {n for s in shown for n in s.citations}
    wanted: list[Sentence] = []
    several = asks_several(question)
    first = citations[0].n
    place = 0
    for c, citation in zip(chosen, citations, strict=True):
        uncited = citation.n not in cited
        likely = c.likelihood >= NEARLY_AS_LIKELY * chosen[0].likelihood
        for number, line in enumerate(compose.quoted(c, citation)):
            left_out = uncited and (citation.n == first or several or (likely and number == 0))
            cut_short = (
                citation.n == first and wants_whole(query, question) and _share_told(line.text, told) < WHOLE_SHARE
            )
            if left_out or cut_short or (place < _NEAR and _holds_missing_fact(line.text, question, told)):
                wanted.append(line)
            place += 1
    return [*wanted, *_departments(chosen, citations, query, told + normalise("".join(w.text for w in wanted)).text)]


def wants_whole(query: Query, question: str) -> bool:
    """Whether a question is answered by whole sentences and not by one fact: lists, conditions, “what does it say”."""
    return not query.intents or bool(query.intents & _WHOLE) or bool(_TELLS.search(question))


_NEAR = 4
"""Lines looked at for a fact that was asked and not told; further ones are of clauses that answer less."""


def _share_told(line: str, told: str) -> float:
    pairs = bigrams(normalise(line).text)
    return len(pairs & bigrams(told)) / max(1, len(pairs))


def _holds_missing_fact(line: str, question: str, told: str) -> bool:
    """A kind of fact or of thing was asked, nothing told has it, and this line does."""
    plain, held = normalise(question).text, normalise(line).text
    things = any(m["thing"] in held and m["thing"] not in told for m in _THING.finditer(plain))
    return things or any(
        fact.asked.search(plain) and fact.shown.search(held) and not fact.shown.search(told) for fact in FACTS
    )


def _departments(chosen: Sequence[Chosen], citations: Sequence[Citation], query: Query, told: str) -> list[Sentence]:
    """Who is responsible, unless every department of that clause has been named."""
    found = []
    for c, citation in zip(chosen, citations, strict=True):
        if not c.clause.department_text or not compose.wants_departments(c, chosen, query):
            continue
        names = [normalise(d.name).text for d in c.clause.departments]
        if not names or not all(name in told for name in names):
            found.append(compose.departments_of(c.clause, citation.n))
    return found
