"""Words of a claim without an equal in its evidence, and words that stand in the place of others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rapidfuzz.distance import Levenshtein

from evals.judge_pairs import Pair
from evals.judge_reading import Word, words
from evals.judge_wording import EXPLAINED, explained, numeric, telling, wording

_FRAME = 2
"""Characters on each side that frame a swap."""
_GLUE = "的和与及、或等在对中"


def words_of(pair: Pair) -> dict[str, float]:
    """How much of the claim has no equal in the evidence, in characters; `pair.found` is told the longest stretch."""
    text, ground = pair.text, pair.grounds
    own = [w for w in words(pair.bare) if telling(w)]
    gap = {w: 1 - explained(w, text) for w in own}
    nouns = [w for w in own if w.noun]
    copied = _copied(pair.bare, text)
    worst = max(own, key=lambda w: gap[w] * len(w.text) * (2 if w.noun else 1), default=None)
    if worst and gap[worst] > 1 - EXPLAINED:
        for name in (
            "loose_noun",
            "loose_verb",
            "loose_worst",
            "loose_run",
            "replaced",
            "statement_worst",
            "swapped",
            "loose_in_verbatim",
        ):
            pair.found[name] = worst.text
    return {
        "loose_noun": sum((gap[w] * len(w.text) for w in nouns), 0.0),
        "loose_verb": sum((gap[w] * len(w.text) for w in own if not w.noun), 0.0),
        "loose_worst": max((gap[w] * len(w.text) for w in nouns), default=0.0),
        "loose_run": _longest(own, gap),
        "statement_worst": max((_uncovered(s, text) for s in pair.contents if len(s) > 4), default=0.0),
        "statement_worst_ground": max((_uncovered(s, ground) for s in pair.contents if len(s) > 4), default=0.0),
        "replaced": _replaced(pair),
        "swapped": _swapped(pair, [w for w in nouns if gap[w] > 1 - EXPLAINED]),
        "near_copy": _nearly(pair),
        "loose_in_verbatim": max((gap[w] * len(w.text) for w in nouns), default=0.0) * copied,
        "compound": _compounds(pair),
        "closeness": pair.closeness,
        "length": min(len(pair.claim), 50) / 40,
        "evidence_length": min(len(text), 600) / 200,
    }


def _copied(claim: str, text: str) -> float:
    """Share of the claim's characters that stand in stretches of three or more taken from the evidence."""
    kept = [False] * len(claim)
    for i in range(len(claim) - 2):
        if claim[i : i + 3] in text:
            kept[i : i + 3] = [True] * 3
    letters = [k for k, c in zip(kept, claim, strict=True) if c.isalnum()]
    return sum(letters) / len(letters) if letters else 0.0


def _nearly(pair: Pair) -> float:
    """Share of characters in copied stretches, of the statements that are not copied whole: a copy with a change."""
    changed = [s for s in pair.contents if s not in pair.text]
    size = sum(map(len, changed))
    return sum(len(s) * _copied(s, pair.text) for s in changed) / size if size else 0.0


def _swapped(pair: Pair, nouns: Sequence[Word]) -> float:
    """Characters of unexplained nouns in the place of other words: what stands on both sides is the evidence's own."""
    best = 0.0
    for sentence in pair.ground:
        codes = list(Levenshtein.opcodes(pair.bare, sentence))
        found = 0.0
        for before, code, after in zip(codes, codes[1:], codes[2:], strict=False):
            framed = before.tag == after.tag == "equal" and min(_width(before), _width(after)) >= _FRAME
            old = sentence[code.dest_start : code.dest_end]
            if code.tag == "replace" and framed and not re.search("[,;:]", old):
                found += sum(
                    len(w.text) for w in nouns if code.src_start < w.start + len(w.text) and w.start < code.src_end
                )
        best = max(best, found)
    return best


def _width(code: Any) -> int:
    return int(code.src_end - code.src_start)


def _longest(own: Sequence[Word], gap: dict[Word, float]) -> float:
    """Characters of the longest stretch of unexplained words."""
    best = run = 0.0
    for word in own:
        run = run + len(word.text) if gap[word] > 1 - EXPLAINED else 0.0
        best = max(best, run)
    return best


def _uncovered(statement: str, text: str) -> float:
    """Share of a statement's telling characters without an equal."""
    own = [w for w in words(statement) if telling(w)]
    total = sum(len(w.text) for w in own)
    return sum((1 - explained(w, text)) * len(w.text) for w in own) / total if total else 0.0


def _compounds(pair: Pair) -> float:
    """Characters of neighbouring nouns that the evidence has, but never side by side: 数据 + 交易所."""
    found, text, row = 0.0, pair.text, words(pair.bare)
    for a, b in zip(row, row[1:], strict=False):
        if not (a.noun and b.noun and telling(a)) or numeric(b.text) or {a.text, b.text} & wording().general:
            continue
        together = re.escape(a.text) + f"[{_GLUE}]?[^,。;]{{0,2}}?" + re.escape(b.text)
        if a.text in text and b.text in text and not re.search(together, text):
            found += min(len(a.text), len(b.text))
    return found


def _replaced(pair: Pair) -> float:
    """Characters of unexplained nouns that stand where the ground has another noun, the neighbours being the same."""
    mine, best = [w for w in words(pair.bare) if w.content], 0.0
    for sentence in pair.ground:
        theirs = [w for w in words(sentence) if w.content]
        found = 0.0
        for code in Levenshtein.opcodes([w.text for w in mine], [w.text for w in theirs]):
            old = [w for w in theirs[code.dest_start : code.dest_end] if w.noun and w.text not in pair.claim]
            if code.tag == "replace" and old:
                new = [w for w in mine[code.src_start : code.src_end] if w.noun and not numeric(w.text)]
                found += sum(len(w.text) for w in new if explained(w, pair.text) < EXPLAINED)
        best = max(best, found)
    return best
