"""可读话术: an answer as it is read out on the phone. Nothing is said that the answer does not say.

Only sentences that are a clause's own words or that the guard let pass are read as what the policy says; what Wence
itself says (refusals, notices) is kept apart. The clauses are named at the end. A sentence whose numbers do not
come out the same in words keeps its figures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from assistant.answer import Answer, Sentence
from assistant.staff.quote import spoken_name
from assistant.staff.spoken import faithful, spoken
from index.card import is_card

LineKind = Literal["said", "place", "notice", "basis"]
_SHOWN = re.compile(r"列在下面|[：:]$")
"""Words of a refusal that point at something on a screen."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line to read."""

    kind: LineKind
    """said: guarded; place: the city that what follows holds for; notice: said by Wence; basis: the clauses."""
    text: str


@dataclass(frozen=True, slots=True)
class Script:
    """What is read out, in order."""

    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        """To be copied: a line each."""
        return "\n".join(line.text for line in self.lines)


def script_of(answer: Answer) -> Script:
    """The script of an answer; of a refusal, the refusal and whom the nearest clause names."""
    lines: list[Line] = []
    cited: list[int] = []
    for sentence in answer.sentences:
        if sentence.support == "notice":
            if place := re.fullmatch(r"【(.+)】", sentence.text):
                lines.append(Line("place", f"{place.group(1)}的规定："))
            elif not (answer.refused and _SHOWN.search(sentence.text)):
                lines.append(Line("notice", said(sentence.text)))
            continue
        department = _names_departments(answer, sentence)
        if answer.refused and not department:
            continue  # the nearest clauses stand on the screen; read out, they would sound like the answer
        text = said(sentence.text)
        if department and answer.refused:
            text = "可以向条款列明的部门咨询，" + text
        lines.append(Line("said", text))
        cited += sentence.citations
    lines += [Line("notice", "请注意，" + said(notice)) for notice in answer.notices]
    if basis := _basis(answer, cited):
        lines.append(Line("basis", basis))
    return Script(tuple(lines))


def said(text: str) -> str:
    """One sentence in spoken words, closed by a full stop."""
    words = spoken(text)
    words = words if faithful(text, words) else text
    return words if words.endswith(("。", "！", "？", "：")) else words.rstrip("；，、") + "。"


def _names_departments(answer: Answer, sentence: Sentence) -> bool:
    clauses = [c.clause for c in answer.citations if c.n in sentence.citations]
    return any(c.department_text and sentence.text.rstrip("。") in c.department_text for c in clauses)


def _basis(answer: Answer, cited: list[int]) -> str:
    clauses = {c.n: c.clause for c in answer.citations}
    names = [spoken_name(clauses[n]) for n in dict.fromkeys(cited) if n in clauses and not is_card(clauses[n])]
    names += [spoken_name(clauses[n]) for n in dict.fromkeys(cited) if n in clauses and is_card(clauses[n])]
    return f"依据：{'；'.join(dict.fromkeys(names))}。" if names else ""
