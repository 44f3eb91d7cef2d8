"""Each statement of a claim laid along the sentence that it repeats: what stands there instead, beside, or no more.

Both are aligned character by character; stretches of two or more equal characters are anchors, and what lies
between two anchors is a slot. A word put into a slot from elsewhere in the evidence tells of two true things crossed;
a slot emptied tells of a condition lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from evals.judge_pairs import Pair
from evals.judge_reading import Word, words
from evals.judge_wording import EXPLAINED, explained, forms, telling, wording

_STOP = re.compile("[,;:。!?]")
_ANCHOR = 2
"""Equal characters that make an anchor; a single one may be chance."""
_MOST = 8.0
"""Characters that count fully."""
_LOST = re.compile("的|后|且|并|经|符合|首次|连续|达到|具备|自行")
NAMES = (
    "slot_new_noun", "slot_new_verb", "slot_known", "slot_put_in", "slot_new_in", "slot_lost", "slot_lost_condition",
    "slot_lost_list", "slot_head", "slot_head_known",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Slot:
    """What the claim and the evidence have between two anchors."""

    new: str
    old: str
    start: int
    """Offset of `new` in the statement."""
    inner: bool
    """Between two anchors, not before the first or after the last."""


def slots_of(pair: Pair) -> dict[str, float]:
    """Characters, over 8, of words that differ in a slot; `pair.found` is told the words."""
    out = dict.fromkeys(NAMES, 0.0)
    held = total = 0
    for statement in pair.contents or pair.statements:
        said = _in_the_words_of(statement, pair.grounds)
        best = max(
            ((_anchors(said, s), s) for s in pair.sentences), key=lambda f: sum(n for *_, n in f[0]), default=None
        )
        if best is None or not best[0]:
            continue
        anchors, sentence = best
        held += sum(n for *_, n in anchors)
        total += len(said)
        own = [w for w in words(said) if telling(w) and w.text not in wording().general]
        for slot in _slots(said, sentence, anchors):
            _weigh(slot, own, pair, out)
    share = held / total if total else 0.0
    out = {name: min(value, _MOST) / _MOST for name, value in out.items()}
    return out | {f"{name}_copied": value * share for name, value in out.items()}


def _in_the_words_of(statement: str, ground: str) -> str:
    """The statement with its words exchanged for the equal ones that the ground uses."""
    said = []
    for word in words(statement):
        equal = [f for f in forms(word.text) if f in ground] if word.text not in ground else []
        said.append(max(equal, key=len) if equal and telling(word) else word.text)
    return "".join(said)


def _anchors(said: str, sentence: str) -> list[tuple[int, int, int]]:
    """(offset in the statement, offset in the sentence, length) of equal stretches, in order."""
    return [
        (c.src_start, c.dest_start, c.src_end - c.src_start)
        for c in Levenshtein.opcodes(said, sentence)
        if c.tag == "equal" and c.src_end - c.src_start >= _ANCHOR
    ]


def _slots(said: str, sentence: str, anchors: Sequence[tuple[int, int, int]]) -> Iterator[Slot]:
    for (a, b, n), (c, d, _) in zip(anchors, anchors[1:], strict=False):
        yield Slot(said[a + n : c], sentence[b + n : d], a + n, True)
    first, last = anchors[0], anchors[-1]
    head = _STOP.split(sentence[: first[1]])[-1]
    yield Slot(said[: first[0]], head, 0, False)
    end = last[0] + last[2]
    tail = _STOP.split(sentence[last[1] + last[2] :])[0]
    yield Slot(said[end:], tail, end, False)


def _weigh(slot: Slot, own: Sequence[Word], pair: Pair, out: dict[str, float]) -> None:
    end = slot.start + len(slot.new)
    new = [w for w in own if slot.start < w.start + len(w.text) and w.start < end and w.text not in slot.old]
    far = bool(_STOP.search(slot.old))
    old = [w for w in words(slot.old) if telling(w) and not any(f in pair.claim for f in forms(w.text))]
    nouns = [w for w in old if w.noun]
    for word in new:
        known = explained(word, pair.text) >= EXPLAINED
        size = len(word.text)
        if not slot.inner:
            if nouns and word.noun:
                _add(out, pair, "slot_head_known" if known else "slot_head", word)
        elif far:
            continue
        elif old:
            kind = "slot_known" if known else "slot_new_noun" if word.noun else "slot_new_verb"
            _add(out, pair, kind, word)
        else:
            _add(out, pair, "slot_put_in" if known else "slot_new_in", word)
    if slot.inner and not far and not new:
        size = sum(len(w.text) for w in old)
        if "、" in slot.old:
            out["slot_lost_list"] += size
        else:
            out["slot_lost"] += size
            if size and _LOST.search(slot.old):
                out["slot_lost_condition"] += size
                pair.found["slot_lost_condition"] = pair.found["slot_lost_condition_copied"] = slot.old


def _add(out: dict[str, float], pair: Pair, name: str, word: Word) -> None:
    out[name] += len(word.text)
    pair.found[name] = pair.found[name + "_copied"] = word.text
