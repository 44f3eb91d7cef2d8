"""The guard at work on a model's sentences: shown as they are, shown with the right citation, replaced by the
clause's own words, or dropped. What fails is never shown, not even for a moment.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict

from assistant.alignment import bigrams, normalise
from assistant.answer import Citation, Sentence, Vetting
from assistant.guard import Verdict, check
from assistant.verdict import Evidence
from assistant.writer import Draft
from index.passages import sentence_spans

LEAST_SHARED = 0.25
"""A failing sentence is replaced by a sentence of the evidence that shares this part of its character pairs;
with less in common it is dropped, for it was about something else."""


def _whole(text: str, clause: str) -> bool:
    """Whether a sentence is a whole sentence of the clause, word for word."""
    return any(text == clause[s.start : s.end] for s in sentence_spans(clause))


LEAST_CHARS = 6
"""上海。 and 有。 may be true and still tell nobody of what."""


class Vetter:
    """Vets the sentences of one answer in order; knows what has been shown already."""

    def __init__(self, citations: Sequence[Citation]) -> None:
        self._citations = {c.n: c for c in citations}
        self._evidence = {c.n: Evidence.of(c.clause) for c in citations}
        self.shown: list[Sentence] = []
        self.log: list[Vetting] = []

    def vet(self, draft: Draft) -> Sentence | None:
        """The sentence to show for a draft, or None."""
        cited = tuple(n for n in draft.cited if n in self._evidence)
        if fault := _form(draft.text):
            self.log.append(Vetting(draft.text, draft.cited, "dropped", "", fault))
            return None
        # One clause must support the whole sentence by itself: two read as one heap let the subject of the one pass
        # with the amount of the other (首台套首年给予不超过30万元[1][2]).
        verdict: Verdict | None = None
        for n in dict.fromkeys([*cited, *self._evidence]):
            tried = self._check(draft.text, (n,))
            if tried.supported:
                return self._keep(draft, tried, "passed" if n in cited else "recited", draft.text, (n,))
            verdict = verdict or tried
        verdict = verdict or Verdict(False, 0.0, (), "没有依据，无法核对")
        if found := self._own_words(draft, cited):
            return self._keep(draft, verdict, "replaced", *found)
        self._note(draft, verdict, "dropped", "")
        return None

    def _check(self, text: str, cited: Sequence[int]) -> Verdict:
        return check(text, [self._evidence[n] for n in cited])

    def _own_words(self, draft: Draft, cited: Sequence[int]) -> tuple[str, tuple[int, ...]] | None:
        """The quoted sentence of the evidence that says what a failing draft tried to say."""
        pairs = frozenset(bigrams(normalise(draft.text).text))
        best: tuple[float, str, int] | None = None
        for n in cited or self._evidence:
            c = self._citations[n]
            for quote in c.quotes:
                for line in c.clause.text[quote.start : quote.end].split("\n"):
                    shared = len(pairs & bigrams(normalise(line).text)) / max(1, len(pairs))
                    if line.strip() and shared >= LEAST_SHARED and (best is None or shared > best[0]):
                        best = (shared, line, n)
        return (best[1], (best[2],)) if best else None

    def _keep(
        self, draft: Draft, verdict: Verdict, outcome: str, text: str, citations: tuple[int, ...]
    ) -> Sentence | None:
        own = any(_whole(text, self._citations[n].clause.text) for n in citations)
        if any(_same(text, s.text) for s in self.shown):
            self._note(draft, verdict, "dropped", "")
            return None
        sentence = Sentence(text, citations, "verbatim" if own else "supported")
        self.shown.append(sentence)
        self._note(draft, verdict, outcome, text)
        return sentence

    def _note(self, draft: Draft, verdict: Verdict, outcome: str, shown: str) -> None:
        findings = tuple(asdict(f) for f in verdict.findings)
        self.log.append(Vetting(draft.text, draft.cited, outcome, shown, verdict.reason, findings))  # type: ignore[arg-type]


def _form(text: str) -> str:
    """Why a draft is no statement at all, or "": the guard checks what is claimed, and these claim nothing."""
    plain = text.strip("。！!.， ")
    if re.search(r"[?？]|(?:吗|呢|吧|么)$", plain):
        return "是问话，不是陈述"
    if len(plain) < LEAST_CHARS or plain.endswith(("：", ":", "，", "、", "；", "以及", "包括", "如下")):
        return "不成句"
    if len(re.findall(r"[\u4e00-\u9fff]", plain)) < len(plain) / 3:
        return "不是中文"
    if any(text.count(a) != text.count(b) for a, b in ("（）", "“”", "《》", "()")):
        return "括号或引号不成对"
    return ""


def _same(a: str, b: str) -> bool:
    """One says nothing beyond the other's words."""
    a, b = normalise(a).text.strip("。"), normalise(b).text.strip("。")
    return a in b
