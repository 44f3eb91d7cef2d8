"""An embedding model adapted to a deployment's own questions, and the test that it must pass.

    questions with their clauses → split → hard negatives by our own search → training → search with both models
    over the questions held out → better beyond chance: kept; else thrown away

The old model stays in use until somebody names the new one in the settings; a folder appears when it is whole.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from index.clause import Clause
from index.encode import Encoder
from index.errors import InputError
from index.model_folder import digest, drafted, note, settle
from index.nearest import NearestPassages
from index.passages import passages_of
from index.search import Searcher
from index.training import Course, Example, train

FEWEST = 20
"""Questions on either side; with fewer held out hardly any gain could be told from chance."""
HELD_OUT = 0.4
"""Share of the questions that training does not see."""
NEGATIVES = 1
"""Hard negatives a question; a second one makes a step a third longer."""
NEGATIVE_RANKS = (4, 50)
"""Ranks that hard negatives are drawn from: the very first are too often right and only not labelled."""
NEAREST = "最近余弦"
"""Cosine of a question and the passage nearest to it."""
LEVEL = 0.05
"""One-sided p-value below which the new model counts as better."""
DEEPEST = 100
RESAMPLES = 9_999

DECIDING = "融合 MRR"
"""What is tested: 1 / rank of the first right clause in the product's own search. It moves with every rank, so fewer
questions tell a gain than R@10 needs."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A question and the clauses that answer it."""

    question: str
    gold: frozenset[str]
    """Clause ids; at least one."""
    region: str = ""


Values = dict[str, list[float]]
"""Measure → one value a held-out question."""
Guard = Callable[[Searcher, Lesson], float]
"""What must not fall by more than chance, of one question, higher is better."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a tuning."""

    name: str
    """Of the new model, with its weights' hash."""
    folder: Path | None
    """Where it is; None when it was thrown away."""
    before: Values
    after: Values
    p: float
    """One-sided, that the deciding measure rose by chance."""
    trained: int
    held_out: int
    why_not: str = ""
    """Why it was thrown away."""


@dataclass(frozen=True, slots=True)
class Steps:
    """What shows progress; each is called with what is done and what there is to do."""

    training: Callable[[int, int], object] = field(default=lambda done, total: None)
    embedding: Callable[[int, int], object] = field(default=lambda done, total: None)


def split(lessons: Sequence[Lesson], share: float, seed: int) -> tuple[list[Lesson], list[Lesson]]:
    """(for training, held out). Questions that share a clause stay on one side, or the test would ask what was taught.

    Raises:
        InputError: too few on a side.
    """
    groups: list[tuple[set[str], list[Lesson]]] = []
    for lesson in lessons:
        joined = [g for g in groups if not g[0].isdisjoint(lesson.gold)]
        groups = [g for g in groups if g[0].isdisjoint(lesson.gold)]
        clauses = set(lesson.gold).union(*(g[0] for g in joined))
        groups.append((clauses, [*(one for g in joined for one in g[1]), lesson]))
    random.Random(seed).shuffle(groups)
    held: list[Lesson] = []
    taught: list[Lesson] = []
    for _, members in groups:
        (held if len(held) + len(members) <= max(share * len(lessons), FEWEST) else taught).extend(members)
    enough(taught, held)
    return taught, held


def enough(taught: Sequence[Lesson], held: Sequence[Lesson]) -> None:
    """Raises InputError when either side is too small."""
    if min(len(taught), len(held)) < FEWEST:
        raise InputError(
            f"题目太少：用于训练 {len(taught)} 题，留作检验 {len(held)} 题，各要 {FEWEST} 题以上（同一条款的题分在同一边）；"
            "请多给一些带依据的问题"
        )


def text_of(clause: Clause) -> str:
    """A clause as it is embedded."""
    return passages_of(clause)[0].text


def mined(searcher: Searcher, lessons: Sequence[Lesson], text: Callable[[Clause], str], seed: int) -> list[Example]:
    """One example a right clause, with clauses that our own search takes for right and that are not."""
    draw = random.Random(seed)
    examples = []
    for lesson in lessons:
        found = searcher.search(lesson.question, NEGATIVE_RANKS[1], lesson.region).ranked
        wrong = [s.clause for s in found if s.clause.clause_id not in lesson.gold]
        wrong = wrong[NEGATIVE_RANKS[0] - 1 :] or wrong
        for clause_id in sorted(lesson.gold):
            clause = searcher.clause(clause_id)
            if clause is not None and wrong:
                picked = draw.sample(wrong, NEGATIVES) if len(wrong) >= NEGATIVES else [wrong[0]] * NEGATIVES
                examples.append(Example(lesson.question, text(clause), tuple(text(c) for c in picked)))
    if not examples:
        raise InputError("没有一题的依据在索引里，无从训练；请先用 `wence index` 收录这些文件")
    return examples


def measures(searcher: Searcher, lessons: Sequence[Lesson], guards: Mapping[str, Guard]) -> Values:
    """What a model does on questions, by vectors alone and through the product's own search."""
    values: Values = {}
    for lesson in lessons:
        (hits,) = searcher.store.query(searcher.encoder.encode_queries([lesson.question]), 4 * DEEPEST)
        dense = list(dict.fromkeys(h.clause_id for h in hits))
        fused = [s.clause.clause_id for s in searcher.search(lesson.question, DEEPEST, lesson.region).ranked]
        for kind, ids in (("向量", dense), ("融合", fused)):
            first = next((r for r, i in enumerate(ids[:DEEPEST], 1) if i in lesson.gold), 0)
            values.setdefault(f"{kind} MRR", []).append(1 / first if first else 0.0)
            for k in (10, DEEPEST):
                values.setdefault(f"{kind} R@{k}", []).append(len(lesson.gold & set(ids[:k])) / len(lesson.gold))
        # What is calibrated on cosines (refusing, pinned answers) needs them to keep their level.
        values.setdefault(NEAREST, []).append(hits[0].similarity if hits else 0.0)
        for name, guard in guards.items():
            values.setdefault(name, []).append(guard(searcher, lesson))
    return values


def chance(before: Sequence[float], after: Sequence[float], seed: int = 0) -> float:
    """One-sided p-value that the mean rose by chance: the sign-flip permutation test (Fisher 1935), paired."""
    from scipy.stats import permutation_test

    moved = [b - a for a, b in zip(before, after, strict=True) if a != b]
    if len(moved) < 2:
        return 1.0
    found = permutation_test(
        (moved,), lambda x, axis: np.mean(x, axis=axis), permutation_type="samples", n_resamples=RESAMPLES,
        alternative="greater", vectorized=True, rng=np.random.default_rng(seed),
    )  # fmt: skip
    return float(found.pvalue)


def verdict(before: Values, after: Values, guards: Sequence[str]) -> tuple[float, str]:
    """(p of the deciding measure, why the new model is thrown away or "")."""
    p = chance(before[DECIDING], after[DECIDING])
    means = f"{DECIDING} {np.mean(before[DECIDING]):.3f} → {np.mean(after[DECIDING]):.3f}"
    if p >= LEVEL:
        return p, f"{means}，p = {p:.3f}，不能排除只是偶然（要小于 {LEVEL}）"
    for name in guards:
        if chance(after[name], before[name]) < LEVEL:
            return p, f"{means}，但{name}由 {np.mean(before[name]):.3f} 降到 {np.mean(after[name]):.3f}"
    return p, ""


def reembedded(searcher: Searcher, encoder: Encoder, progress: Callable[[int, int], object]) -> Searcher:
    """The same index in memory, its vectors made by another model."""
    clauses = list(searcher.clauses)
    passages = [passages_of(c) for c in clauses]
    total, done = sum(map(len, passages)), 0

    def told(count: int) -> None:
        nonlocal done
        done += count
        progress(done, total)

    vectors = encoder.encode_clauses(passages, progress=told)
    owners = np.repeat(np.arange(len(clauses), dtype=np.int32), [len(of) for of in passages])
    store = NearestPassages(vectors, owners, [c.clause_id for c in clauses])
    return Searcher(encoder, store, searcher.lexical, clauses, searcher.documents, encoder.name, searcher.tokenizer)


def tune(
    searcher: Searcher,
    taught: Sequence[Lesson],
    held: Sequence[Lesson],
    base: str,
    out: Path,
    load: Callable[[Path], Encoder],
    *,
    course: Course | None = None,
    reopen: Callable[[Searcher, Encoder, Callable[[int, int], object]], Searcher] = reembedded,
    text: Callable[[Clause], str] = text_of,
    guards: Mapping[str, Guard] | None = None,
    steps: Steps | None = None,
) -> Outcome:
    """Train, test, and keep the new model only when it is better.

    Args:
        searcher: the index as it is, with the model in use.
        taught: questions to train on.
        held: questions to test on.
        base: folder or hub name of the model in use.
        out: where the new model will be; must not be there yet.
        load: makes an encoder of a folder.
        course: how to train.
        reopen: the index with another model.
        text: a clause as it is embedded.
        guards: what must not fall, beside what must rise.
        steps: what shows progress.

    Raises:
        InputError: `out` is there already, or there is too little to learn from.
        WeightsError: a package for training is missing.
        StorageError: the disk refuses; nothing is left behind.
    """
    course, guards, steps = course or Course(), guards or {}, steps or Steps()
    enough(taught, held)
    if out.exists():
        raise InputError(f"{out} 已经存在；请换一个名字")
    with drafted(out) as draft:
        examples = mined(searcher, taught, text, course.seed)
        before = measures(searcher, held, guards)
        train(base, examples, course, draft, steps.training)
        record = {"base": searcher.encoder.name, "made": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
        record |= {"name": f"{searcher.encoder.name.split('+')[0]}+{digest(draft)}"}
        note(draft, record)
        new = load(draft)
        after = measures(reopen(searcher, new, steps.embedding), held, guards)
        p, why_not = verdict(before, after, list(guards))
        if not why_not:
            figures = {k: [round(float(np.mean(v)), 4) for v in (before[k], after[k])] for k in before}
            counts = {"trained": len(taught), "held_out": len(held), "examples": len(examples)}
            note(draft, record | {"course": course.to_json(), "figures": figures, "p": p} | counts)
            settle(draft)
            draft.replace(out)
    return Outcome(new.name, None if why_not else out, before, after, p, len(taught), len(held), why_not)
