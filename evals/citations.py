"""Citation recall and precision of an answer as ALCE defines them (Gao et al. 2023, section 3.2; its eval.py,
compute_autoais), with the judge in the place of the entailment model.

    recall     a sentence counts 1 when all that it cites together supports it; uncited or wrongly numbered, 0
    precision  a citation counts 0 when its sentence is not supported, or when it alone does not support the
               sentence while the others without it do (it is not needed); else 1

Wence's own words (headings, notices, refusals) claim nothing of a clause and are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Supports = Callable[[str, Sequence[str]], bool]
"""(sentence, texts) → whether the texts together support the sentence."""


@dataclass(frozen=True, slots=True)
class Cited:
    """One sentence with the texts that it cites, in the order of its marks."""

    text: str
    sources: tuple[str, ...]
    broken: bool = False
    """Whether one of its marks points at no citation of the answer."""


@dataclass(frozen=True, slots=True)
class CitationScores:
    """Means over the sentences (recall) and over the citations (precision) of one answer; None without any."""

    recall: float | None
    precision: float | None


def citation_scores(sentences: Sequence[Cited], supports: Supports) -> CitationScores:
    """Both measures of one answer.

    Precision is None when nothing is cited (ALCE writes 0 there; recall says it already).

    Raises:
        Unscored: the judge could not grade a sentence; passed on from `supports`.
    """
    recalled = needed = cited = 0
    for sentence in sentences:
        if not sentence.sources or sentence.broken:
            continue
        cited += len(sentence.sources)
        if supports(sentence.text, sentence.sources):
            recalled += 1
            needed += sum(_needed(sentence, i, supports) for i in range(len(sentence.sources)))
    return CitationScores(
        recalled / len(sentences) if sentences else None,
        needed / cited if cited else None,
    )


def _needed(sentence: Cited, i: int, supports: Supports) -> bool:
    """Whether a citation of a supported sentence supports it alone, or cannot be spared."""
    others = (*sentence.sources[:i], *sentence.sources[i + 1 :])
    return not others or supports(sentence.text, (sentence.sources[i],)) or not supports(sentence.text, others)
