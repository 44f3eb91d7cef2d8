"""From two kinds of evidence to one order: a logistic model over scores whose meaning is stated.

Equal reciprocal ranks lose to the better part on statutes (design measurements: 0.50 against 0.521), so the
weights are learned: a conditional logit (McFadden 1974; listwise softmax over the candidates of a question)
fitted by `evals/fit_ranking.py` on the development questions and on STARD's training half, never on the
questions that are reported. The weights are a few numbers in `ranking.json` and can be read.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from index.clause import Status
from index.forms import Form
from index.lexical import LexicalIndex
from index.quantity_signs import MONEY
from index.query import Intent, Query
from index.words import load_terms

Matrix = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float32]

FEATURES = (
    "dense_clause",  # cosine of question and whole clause, centred: (s - 0.85) * 10
    "dense_best",  # best cosine over the clause's sentences and itself, centred alike
    "dense_part",  # best cosine of one part of the question (between commas) with the clause, centred alike
    "dense_gap",  # dense_best minus the best of all candidates, * 10; 0 for the nearest
    "bm25_share",  # BM25 over the question's total token weight, about 0..2
    "bm25_gap",  # BM25 minus the best of all candidates over that best, -1..0
    "covered",  # share of the question's word weight found in clause or headings, 0..1
    "covered_title",  # share found in the headings, 0..1
    "covered_sentence",  # best share found in one sentence under its headings, 0..1
    "concepts",  # share of the weight of the question's subjects that the clause names in any wording, 0..1
    "concepts_sentence",  # best share in one sentence under its headings
    "concepts_title",  # share named in the headings
    "meaning",  # covered_sentence with a word also counting when its concept is named otherwise
    "rarest",  # holds the most telling word or concept of the question, in any wording
    "rarest_title",  # holds it in its headings
    "numbers",  # share of the question's figures (2025, 30%, 2000) that stand in the clause; 0 without figures
    "both",  # dense_best * covered: agreement of the two sides
    "length",  # log of the clause's characters over 150
    "money",  # asks an amount, and the clause has a figure of money or per cent
    "money_subject",  # asks an amount, and one sentence has a figure beside the most telling subject
    "list_subject",  # asks for a list, and one sentence enumerates beside the most telling subject
    "coordinator",  # asks who is in charge of the whole, and the clause says 统筹
    "departments",  # asks a department, and the clause names some
    "validity",  # asks how long or whether it holds, and the clause says
    "card_facts",  # asks for a document's facts, and this is its card
    "card_validity",  # asks for validity, and this is the card
    "definition",  # asks a definition, and the clause has a footnote or says 是指/以下简称
    "goal",  # asks for targets, and the clause sets some (到 2030 年 …)
    "statistics",  # asks what was done, and the document reports (a reply)
    "draft",  # the document is a draft for comment
    "report",  # does not ask what was done, and the document is a reply
    "document",  # the kind of document that the question names
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A clause to be ranked, with what the two searches gave it."""

    row: int
    form: Form
    dense_clause: float
    dense_best: float
    dense_part: float
    bm25: float


@lru_cache(maxsize=1)
def load_weights() -> npt.NDArray[np.float32]:
    """The fitted weights, in the order of FEATURES."""
    data = json.loads(files("index").joinpath("ranking.json").read_text(encoding="utf-8"))
    return np.array([data["weights"][name] for name in FEATURES], dtype=np.float32)


def score(features: Matrix, weights: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Utility of each candidate: [candidates]; only differences mean anything."""
    return features @ weights


def promise(
    tokens: Mapping[str, float], whole: Scores, best: Scores, part: Scores, bm25: Scores, weights: Scores
) -> Scores:
    """The part of each candidate's utility that needs no look at its text: [candidates]; see `Candidate`."""
    total = max(sum(tokens.values()), 1e-6)
    columns = {
        "dense_clause": (whole - 0.85) * 10,
        "dense_best": (best - 0.85) * 10,
        "dense_part": (part - 0.85) * 10,
        "dense_gap": (best - best.max()) * 10,
        "bm25_share": bm25 / total,
        "bm25_gap": bm25 / max(float(bm25.max()), 1e-6) - 1,
    }
    parts = [values * weights[FEATURES.index(name)] for name, values in columns.items()]
    return np.asarray(np.sum(parts, axis=0), dtype=np.float32)


def featurise(
    query: Query, tokens: Mapping[str, float], candidates: Sequence[Candidate], lexical: LexicalIndex
) -> Matrix:
    """The feature matrix, [len(candidates), len(FEATURES)].

    Args:
        query: the question, read.
        tokens: its tokens with their weights.
        candidates: clauses of this question only; gaps are taken over them.
        lexical: for what a clause covers.
    """
    if not candidates:
        return np.zeros((0, len(FEATURES)), dtype=np.float32)
    rows: list[tuple[float, ...]] = []
    total = max(sum(tokens.values()), 1e-6)
    best_dense = max(c.dense_best for c in candidates)
    best_bm25 = max(max(c.bm25 for c in candidates), 1e-6)
    words = {t: w for t, w in tokens.items() if not t.startswith("~")} or dict(tokens)
    covered = lexical.covered(words, [c.row for c in candidates]).tolist()
    named = Named(query, lexical)
    best_sentence = BestSentence(words, named)
    numbers = set(_NUMBER.findall(query.topic))
    rarest = Rarest(words, named, lexical)
    likely = set(query.documents.likely)
    asks = query.intents
    for c, (held, held_in_heads) in zip(candidates, covered, strict=True):
        form = c.form
        text, heads = form.text, form.heads
        cover, concepts, meaning = best_sentence.of(form)
        reply = form.status == Status.REPLY
        whole = heads + " " + text
        row = (
            (c.dense_clause - 0.85) * 10,
            (c.dense_best - 0.85) * 10,
            (c.dense_part - 0.85) * 10,
            (c.dense_best - best_dense) * 10,
            c.bm25 / total,
            c.bm25 / best_bm25 - 1,
            held,
            held_in_heads,
            cover,
            named.share(whole),
            concepts,
            named.share(heads),
            meaning,
            rarest.held(whole),
            rarest.held(heads),
            _numbers_shared(numbers, text),
            (c.dense_best - 0.75) * 5 * held,
            math.log(max(form.length, 10) / 150),
            Intent.AMOUNT in asks and bool(MONEY.search(text)),
            Intent.AMOUNT in asks and rarest.beside(form, MONEY),
            Intent.LIST in asks and rarest.beside(form, _ENUMERATES),
            Intent.COORDINATOR in asks and bool(re.search(r"统筹(?:推进|协调)|负责统筹|总牵头", text)),
            Intent.DEPARTMENT in asks and bool(form.departments or "负责" in text),
            Intent.VALIDITY in asks and bool(_VALID.search(text)),
            Intent.FACTS in asks and form.card,
            Intent.VALIDITY in asks and form.card,
            Intent.DEFINITION in asks and bool(form.notes or "是指" in text or "以下简称" in text),
            Intent.GOAL in asks and bool("到20" in text or "目标" in heads),
            Intent.STATISTICS in asks and reply,
            form.status == Status.DRAFT,
            reply and Intent.STATISTICS not in asks,
            form.document_id in likely,
        )
        rows.append(row)
    return np.array(rows, dtype=np.float32)


class Named:
    """Which of a question's subjects a text names, in any wording, weighted by how telling they are.

    Groups of asking (补贴, 条件, 部门) are no subjects: half of all clauses name them.
    """

    def __init__(self, query: Query, lexical: LexicalIndex) -> None:
        self._all = query.concepts
        asking = load_terms().asking
        self.concepts = [(c, lexical.concept_weight(c.group)) for c in query.concepts if c.group >= asking]
        self._subjects = [((*c.said, *c.others), w) for c, w in self.concepts]
        self._total = sum(w for _, w in self.concepts)

    def share(self, text: str) -> float:
        """Weight of the concepts that `text` names over that of all, 0..1; 0 when the question has none."""
        if not self._total:
            return 0.0
        held = 0.0
        for members, weight in self._subjects:  # plain loops: this runs a thousand times a question
            for member in members:
                if member in text:
                    held += weight
                    break
        return held / self._total

    def words_otherwise(self, text: str, words: Mapping[str, float]) -> set[str]:
        """Words of the question that `text` has only under another expression."""
        found: set[str] = set()
        for others, meant in self.meant(words):
            if any(o in text for o in others):
                found |= meant
        return found

    def meant(self, words: Mapping[str, float]) -> list[tuple[tuple[str, ...], set[str]]]:
        """For each concept its other expressions, and the words of the question that they stand for."""
        return [(c.others, {w for w in words if any(w in s or s in w for s in c.said)}) for c in self._all]


class Rarest:
    """The most telling subject of a question, in any wording; without a listed subject its most telling known word."""

    def __init__(self, words: Mapping[str, float], named: Named, lexical: LexicalIndex) -> None:
        units = [(w, (*c.said, *c.others)) for c, w in named.concepts if w]
        units = units or [(w, (t,)) for t, w in words.items() if lexical.knows(t) and len(t) > 1]
        self._expressions = max(units, default=(0.0, ()))[1]

    def held(self, text: str) -> float:
        """1 when `text` holds it, else 0; 0 when the question says nothing the index knows."""
        return float(any(e in text for e in self._expressions))

    def beside(self, form: Form, sign: re.Pattern[str]) -> bool:
        """Whether a sentence that shows `sign` names it too, itself or through the headings or the sentence before."""
        before = ""
        for sentence in form.sentences:
            if sign.search(sentence) and self.held(f"{form.heads} {before} {sentence}"):
                return True
            before = sentence
        return False


_ENUMERATES = re.compile(r"[^、，。]+(?:、[^、，。]+){2,}")


_NUMBER = re.compile(r"\d[\d.]*\d|\d(?=%)")


def _numbers_shared(numbers: set[str], text: str) -> float:
    return sum(n in text for n in numbers) / len(numbers) if numbers else 0.0


_VALID = re.compile(r"有效期|施行|生效|起实施|起执行")


class BestSentence:
    """How much of a question one sentence of a clause holds, its headings included."""

    def __init__(self, words: Mapping[str, float], named: Named) -> None:
        self._words, self._named = words, named
        self._total = max(sum(words.values()), 1e-6)
        self._meant = [(others, meant) for others, meant in named.meant(words) if meant]

    def of(self, form: Form) -> tuple[float, float, float]:
        """Best share of words, of concepts, and of words in any expression, each 0..1 and each of its own sentence."""
        words, heads, share = self._words, form.heads, self._named.share
        in_heads = {w for w in words if w in heads}
        anywhere = "\n".join([form.text, *form.notes]) if form.notes else form.text
        open_words = [w for w in words if w not in in_heads and w in anywhere]
        cover = concepts = meaning = 0.0
        for sentence in (*form.sentences, *form.notes):
            held = in_heads.union([w for w in open_words if w in sentence])
            value = sum(map(words.__getitem__, held)) / self._total
            if value > cover:
                cover = value
            both = heads + " " + sentence
            if concepts < 1.0:
                concepts = max(concepts, share(both))
            before = len(held)
            for others, meant in self._meant:
                if not meant <= held:
                    for other in others:
                        if other in both:
                            held |= meant
                            break
            if len(held) > before:
                value = sum(map(words.__getitem__, held)) / self._total
            if value > meaning:
                meaning = value
        return cover, concepts, meaning
