"""Whether what a claim puts together stands together in its evidence, and which conditions of that place it leaves out.

The evidence is cut into parts, what stands between commas. The words of a claim that are all known, but only from
different parts, tell of two true things crossed; a condition beside the part that a claim repeats is left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evals.judge_amounts import amounts
from evals.judge_pairs import Pair
from evals.judge_reading import Word, words
from evals.judge_sums import same_figure
from evals.judge_wording import forms, telling, wording

_PART = re.compile(r"[^,;:。!?\n]+")
_CONDITION = re.compile(
    r"符合[^,。;:]{0,20}?(?:条件|要求|方向|的)|满足[^,。;:]{0,14}?条件|经[^,。;:]{0,14}?(?:认定|评定|评估|评审|备案|立项|登记|认证)"
    r"|首次[^,。;:]{0,8}|连续[^,。;:]{1,4}年[^,。;:]{0,6}|达到一定[^,。;:]{0,4}|具备[^,。;:]{2,14}|(?:根据|依据)[^,。;:]{4,24}"
    r"|(?<=对)[^,。;:]{3,40}(?=的)|(?<=支持)[^,。;:]{4,24}(?=的)|在[^,。;:]{2,12}前提下"
)
_ENCOURAGED = re.compile("鼓励|探索|试点|研究(?=纳入|建立)|争取|力争")
_MILD = re.compile(
    "鼓励|提倡|倡导|欢迎|支持|希望|可以|可|能|引导|探索|试点|试行|研究|争取|力争|努力|想|打算|计划|要|会|属于|之一|包括|目标"
)
"""What a claim may say instead of 鼓励."""
_GIVES = re.compile("给|享受|享有|纳入|进|可|能|得到|拿|奖|补|支持|落实|申请|资助|有|发|减|免")
_NAMES_ONLY = re.compile("之一|属于|包括|责任单位|牵头|没写|未写|没有写|之列|哪|多少")
Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Part:
    """What stands between two commas of the evidence."""

    text: str
    sentence: int
    closes: bool
    """Followed by a semicolon or a full stop."""
    ends_condition: bool
    """Closed by 的 and a comma: a condition for what follows."""


def segments_of(pair: Pair) -> dict[str, float]:
    """Crossings and conditions left out; `pair.found` is told the words."""
    parts = [
        Part(
            m.group(),
            i,
            sentence[m.end() : m.end() + 1] in (";", "。"),
            m.group().endswith(("的", "后")) and sentence[m.end() : m.end() + 1] in (",", ":"),
        )
        for i, sentence in enumerate(pair.sentences)
        for m in _PART.finditer(sentence)
    ]
    out = dict.fromkeys(
        ("cross_sentence", "condition_open", "fit_open", "encouraged_gone", "joined", "joined_condition"), 0.0
    )
    rows: list[tuple[Array, Array]] = []
    told = []
    for statement in pair.contents or pair.statements:
        weights, covers = _covers(statement, parts)
        if len(weights):
            told.append(statement)
            rows.append((weights, covers))
            _cross(out, weights, covers, parts)
    if not rows or not parts:
        return out
    weights, covers = np.concatenate([w for w, _ in rows]), np.concatenate([c for _, c in rows])
    _conditions(pair, parts, weights, covers, out)
    _joined(rows, told, parts, out)
    return out


def _covers(statement: str, parts: Sequence[Part]) -> tuple[Array, Array]:
    """(characters [words], how far each part has each word [words, parts]) of a statement's telling words and figures."""
    found: list[tuple[int, float, list[float]]] = []
    for word in words(statement):
        if telling(word) and word.text not in wording().general:
            found.append(
                (word.start, float(len(word.text)) * (1.5 if word.noun else 0.7), [_has(word, p.text) for p in parts])
            )
    theirs = [amounts(p.text) for p in parts]
    for a in amounts(statement):
        if a.kind != "article":
            found.append((a.start, 3.0, [float(any(same_figure(a, b) for b in row)) for row in theirs]))
    found.sort(key=lambda f: f[0])
    return np.array([f[1] for f in found]), np.array([f[2] for f in found]).reshape(len(found), len(parts))


def _has(word: Word, text: str) -> float:
    """How far a text has a word or an equal of it, 0..1."""
    if any(f in text for f in forms(word.text)):
        return 1.0
    size = len(word.text)
    if size < 3:
        return 0.0
    kept = [False] * size
    for i in range(size - 1):
        if any(f in text for f in forms(word.text[i : i + 2])):
            kept[i : i + 2] = [True, True]
    return sum(kept) / size * (1.0 if all(kept) else 0.7)


def _share(weights: Array, cover: Array) -> float:
    return float(weights @ cover / weights.sum())


def _best(weights: Array, covers: Array, parts: Sequence[Part], width: int) -> float:
    """The greatest share that neighbouring parts of one sentence, `width` at most, cover together."""
    best = 0.0
    for i, part in enumerate(parts):
        end = i
        while end < len(parts) and end - i < width and parts[end].sentence == part.sentence:
            end += 1
        best = max(best, _share(weights, covers[:, i:end].max(1)))
    return best


def _cross(out: dict[str, float], weights: Array, covers: Array, parts: Sequence[Part]) -> None:
    everywhere = _share(weights, covers.max(1))
    if len(weights) < 2:
        return
    sentence = _best(weights, covers, parts, len(parts))
    out["cross_sentence"] = max(out["cross_sentence"], everywhere - sentence)


def _joined(
    rows: Sequence[tuple[Array, Array]], statements: Sequence[str], parts: Sequence[Part], out: dict[str, float]
) -> None:
    """Neighbouring statements of the claim that the evidence has apart: 甲的, 给予… from 甲的, 享受…; 乙的, 给予…."""
    homes: list[int | None] = []
    for weights, covers in rows:
        scores = weights @ covers / weights.sum()
        best = int(np.argmax(scores))
        homes.append(best if scores[best] >= 0.6 else None)
    for (a, b), said in zip(zip(homes, homes[1:], strict=False), statements, strict=False):
        if a is None or b is None or a == b:
            continue
        between = parts[a].sentence != parts[b].sentence or abs(b - a) > 1 or parts[a].closes
        heads = [p for p in parts[a + 1 : b] if p.ends_condition or p.text.startswith(("对", "支持", "鼓励"))]
        out["joined"] = max(out["joined"], float(between))
        if between and (said.endswith(("的", "项目", "企业", "机构", "团队", "人员", "中心", "模式")) or heads):
            out["joined_condition"] = 1.0


def _home(weights: Array, covers: Array, parts: Sequence[Part]) -> list[int]:
    """Parts that a claim repeats: those that cover at least half as much as the best one."""
    scores = weights @ covers
    best = int(np.argmax(scores))
    return [
        i for i, s in enumerate(scores) if parts[i].sentence == parts[best].sentence and s >= 0.5 * scores[best] > 0
    ]


def _conditions(pair: Pair, parts: Sequence[Part], weights: Array, covers: Array, out: dict[str, float]) -> None:
    """Conditions in the parts that the claim repeats, or closed just before them, that the claim does not name."""
    home = _home(weights, covers, parts)
    if not home or _NAMES_ONLY.search(pair.claim):
        return
    first, last = min(home), max(home)
    binding = [
        p for i, p in enumerate(parts)
        if i in home or (p.sentence == parts[first].sentence and first - 2 <= i < last and p.ends_condition)
    ]  # fmt: skip
    opened = []
    for part in binding:
        spans = [m.group() for m in _CONDITION.finditer(part.text)] + [part.text] * part.ends_condition
        for span in spans:
            own = [w for w in words(span) if telling(w) and w.text not in wording().general]
            size = sum(len(w.text) for w in own)
            if size and sum(len(w.text) * (1 - _has(w, pair.claim)) for w in own) > 0.5 * size:
                opened.append(span)
    near, eligible = "".join(p.text for p in binding), wording().conditions["eligible"]
    unfit = bool(_GIVES.search(pair.claim) and eligible[0].search(near) and not eligible[1].search(pair.claim))
    out["condition_open"] = min(len(opened), 3) / 2
    out["fit_open"] = float(unfit)
    out["encouraged_gone"] = float(bool(_ENCOURAGED.search(near)) and not _MILD.search(pair.claim))
    pair.found["condition_open"] = "、".join(opened[:2])
    pair.found["fit_open"] = "符合条件" if unfit else ""
