"""What each part of search is worth: `python -m evals.ablation [--only NAME,…] [--stard FOLDER]`.

Each part is taken away in turn, through the arguments that search itself has, and the ranking weights are fitted
again without it, so that a part is not missed merely because the others were weighed beside it. On STARD the weights
come from the questions for fitting and the figures from the others; on policy.dev from five folds (`evals.fit_ranking`).
Differences are paired by question: full system minus the system without the part.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from evals.bundled import bundled_searcher
from evals.fit_ranking import ALL_CANDIDATES, FOLDS, Array, Example, example, fit
from evals.intervals import estimate
from evals.paired import difference
from evals.questions import DATASETS, GoldFinder, Question, load_questions
from evals.retrieval import measurable, ranks, standalone
from evals.stard import FITTED, LayQuestion, Stard, add_option, is_there, lexical_of, load_stard, open_stard, recall
from index.candidates import Breadth
from index.encode import Encoder, Piece, Progress, Vectors
from index.forms import Form, form_of
from index.lexical import LexicalIndex
from index.mending import Mender
from index.naming import Naming
from index.nearest import NearestPassages
from index.query import Query, read_query
from index.ranking import FEATURES
from index.search import Found, Searcher
from index.words import NO_TERMS, Tokenizer

RRF = 60
"""Constant of reciprocal rank fusion (Cormack et al. 2009)."""
DEEP = 100
"""Deepest rank that is measured."""
MEASURES = {"STARD R@10": "R@10", "STARD R@100": "R@100", "dev 首位": "first", "dev 前五": "top5", "dev 前十": "top10"}
"""Column → measure."""

Values = dict[str, list[float]]
"""Column → one value a question, in the same order for every system."""


@dataclass(frozen=True, slots=True)
class Variant:
    """Search without one of its parts; as it stands, with all of them."""

    name: str
    terms: bool = True
    kinds: tuple[str, ...] = ("words", "pairs")
    headings: bool = True
    breadth: Breadth = Breadth()
    concepts: bool = True
    naming: bool = True
    mending: bool = True
    rewriting: bool = True
    sentences: bool = True
    order: Literal["fitted", "dense", "bm25", "rrf"] = "fitted"

    @property
    def lexical(self) -> str:
        """Names the lexical index that it needs; "" for the product's own."""
        return "-".join([*([] if self.terms else ["no-terms"]), *(self.kinds if len(self.kinds) < 2 else ())])


FULL = Variant("完整系统")
VARIANTS = (
    FULL,
    Variant("只用向量排序", breadth=Breadth(clauses=0), concepts=False, order="dense"),
    Variant("只用 BM25 排序", breadth=Breadth(passages=0, clauses=DEEP), concepts=False, order="bm25"),
    Variant("等权倒数秩融合", breadth=Breadth(clauses=DEEP, read=ALL_CANDIDATES), concepts=False, order="rrf"),
    Variant("去向量模型", breadth=Breadth(passages=0, clauses=DEEP)),
    Variant("去句向量", sentences=False),
    Variant("去追问补全", rewriting=False),
    Variant("去同义说法", concepts=False),
    Variant("词法不含标题", headings=False),
    Variant("分词只用词", kinds=("words",)),
    Variant("分词只用字对", kinds=("pairs",)),
    Variant("去词表（分词、同义、纠错）", terms=False, concepts=False, mending=False),
    Variant("去文件名识别", naming=False),
    Variant("去错字纠正", mending=False),
    Variant("去词法候选", breadth=Breadth(clauses=0)),
)


class Remembered:
    """An encoder that reads each question once, however many systems ask for it."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.name, self.dimension = encoder.name, encoder.dimension
        self._questions: dict[str, Vectors] = {}

    def encode_question(self, text: str, parts: Sequence[str]) -> Vectors:
        """See `Encoder`; the parts follow from the text."""
        if text not in self._questions:
            self._questions[text] = self._encoder.encode_question(text, parts)
        return self._questions[text]

    def encode_queries(self, texts: list[str]) -> Vectors:
        """See `Encoder`."""
        return self._encoder.encode_queries(texts)

    def encode_passages(self, texts: list[str], progress: Progress | None = None) -> Vectors:
        """See `Encoder`."""
        return self._encoder.encode_passages(texts, progress)

    def encode_clauses(self, clauses: Sequence[Sequence[Piece]], progress: Progress | None = None) -> Vectors:
        """See `Encoder`."""
        return self._encoder.encode_clauses(clauses, progress)


def without(
    variant: Variant, base: Searcher, lexical: LexicalIndex, tokenizer: Tokenizer, forms: Sequence[Form]
) -> Searcher:
    """The searcher of a variant over the clauses and vectors of another."""
    store = base.store if variant.sentences else wholes(base)
    return Searcher(
        base.encoder, store, lexical, base.clauses, base.documents, variant.name, tokenizer, forms,
        mender=None if variant.mending else Mender(()), breadth=variant.breadth,
    )  # fmt: skip


def wholes(base: Searcher) -> NearestPassages:
    """The vectors of whole clauses alone."""
    ids = [c.clause_id for c in base.clauses]
    found = base.store.vectors([f"{i}#0" for i in ids])
    return NearestPassages(np.stack([found[f"{i}#0"] for i in ids]), np.arange(len(ids), dtype=np.int32), ids)


class System:
    """One variant, asked."""

    def __init__(self, variant: Variant, searcher: Searcher) -> None:
        self.variant, self.searcher = variant, searcher
        self._naming = searcher.naming if variant.naming else Naming(())

    def found(self, question: str, region: str = "") -> Found:
        """All candidates of a question."""
        return self.searcher.search(question, ALL_CANDIDATES, query=self._read(question, region))

    def _read(self, question: str, region: str) -> Query:
        query = read_query(self.searcher.mend(question), self._naming, region)
        return query if self.variant.concepts else replace(query, concepts=())

    def ranked(self, found: Found, weights: Array | None) -> list[str]:
        """Clause ids in this variant's order, by these weights where it has weights."""
        x = np.array([s.features for s in found.ranked], dtype=np.float64).reshape(-1, len(FEATURES))
        addressed = np.array([s.addressed for s in found.ranked], dtype=bool)
        dense, bm25 = x[:, FEATURES.index("dense_best")], x[:, FEATURES.index("bm25_share")]
        if self.variant.order == "dense":
            utility = dense
        elif self.variant.order == "bm25":
            utility = bm25
        elif self.variant.order == "rrf":
            utility = 1 / (RRF + _rank(dense)) + 1 / (RRF + _rank(bm25))
        else:
            assert weights is not None
            utility = x @ weights
        order = np.lexsort((-utility, ~addressed))
        return [found.ranked[i].clause.clause_id for i in order]


def _rank(values: Array) -> npt.NDArray[np.int64]:
    """1 for the highest."""
    return np.argsort(np.argsort(-values, kind="stable"), kind="stable") + 1


@dataclass(frozen=True, slots=True)
class Laws:
    """STARD as the systems are asked it."""

    stard: Stard
    base: Searcher
    cache: Path
    questions: int
    """How many of either half are asked."""
    forms: Sequence[Form]

    @property
    def halves(self) -> tuple[list[LayQuestion], list[LayQuestion]]:
        """(for fitting, for figures)."""
        fitted, asked = self.stard.split()
        return fitted[: self.questions], asked[: self.questions]

    def system(self, variant: Variant) -> System:
        """A variant over all articles."""
        tokenizer = _tokenizer(variant)
        lexical = lexical_of(self.stard.clauses, tokenizer, self.cache, variant.headings, variant.lexical)
        return System(variant, without(replace(variant, sentences=True), self.base, lexical, tokenizer, self.forms))

    def examples(self, system: System) -> list[Example]:
        """What the weights are fitted on."""
        return [example(system.found(q.text), q.gold.__contains__) for q in self.halves[0]]

    def values(self, system: System, weights: Array | None) -> Values:
        """R@10 and R@100 of the questions that no weight has seen."""
        asked = self.halves[1]
        orders = [system.ranked(system.found(q.text), weights) for q in asked]
        pairs = list(zip(asked, orders, strict=True))
        return {f"STARD R@{k}": [recall(q.gold, ids, k) for q, ids in pairs] for k in (10, DEEP)}


def _tokenizer(variant: Variant) -> Tokenizer:
    return Tokenizer(None if variant.terms else NO_TERMS, variant.kinds)


@dataclass(frozen=True, slots=True)
class Policies:
    """policy.dev as the systems are asked it."""

    questions: Sequence[Question]
    base: Searcher
    finder: GoldFinder
    forms: Sequence[Form]

    def system(self, variant: Variant) -> System:
        """A variant over the five documents."""
        tokenizer = _tokenizer(variant)
        lexical = LexicalIndex.build(list(self.base.clauses), tokenizer, variant.headings)
        return System(variant, without(variant, self.base, lexical, tokenizer, self.forms))

    def values(self, system: System, laws: Sequence[Example]) -> Values:
        """Success at 1, 5 and 10 of each question, by weights that never saw it."""
        found = [
            system.found(standalone(q) if system.variant.rewriting else q.question, q.region) for q in self.questions
        ]
        gold = [[self.finder.clause_ids(g) for g in q.gold] for q in self.questions]
        fitted = system.variant.order == "fitted"
        examples = [example(f, set().union(*g).__contains__) for f, g in zip(found, gold, strict=True)]
        weights: list[Array | None] = [None] * len(found)
        order = np.random.default_rng(0).permutation(len(found))
        for fold in range(FOLDS if fitted else 0):
            left_out = set(order[fold::FOLDS].tolist())
            learnt = fit([*(e for i, e in enumerate(examples) if i not in left_out), *laws])
            for i in left_out:
                weights[i] = learnt
        rows = [
            ranks(system.ranked(f, w)[:DEEP], g, q.gold_mode)
            for f, w, g, q in zip(found, weights, gold, self.questions, strict=True)
        ]
        return {
            column: [r.to_json()[measure] for r in rows if r]
            for column, measure in MEASURES.items()
            if column.startswith("dev")
        }


def measure(
    variant: Variant, laws: Laws | None, policies: Policies, known: Sequence[Example]
) -> tuple[Values, list[Example]]:
    """Values of one variant, and the examples of laws that its weights came from.

    Args:
        variant: what to measure.
        laws: STARD, where it is there.
        policies: policy.dev.
        known: examples of a system that treats laws as this one does; [] to make them.
    """
    examples = list(known)
    values: Values = {}
    if laws:
        system = laws.system(variant)
        fitted = variant.order == "fitted"
        if fitted and not examples:
            examples = laws.examples(system)
        values |= laws.values(system, fit(examples) if fitted else None)
    return values | policies.values(policies.system(variant), examples), examples


def row(name: str, values: Values, full: Values) -> str:
    """One line of the table: each figure with its interval, and what the full system has more."""
    cells = []
    for column in MEASURES:
        found = estimate(values.get(column, []))
        more = difference(column, values[column], full[column]) if found else None
        if not found or not more:
            cells.append("–")
        elif values is full:
            cells.append(str(found))
        else:
            mark = "*" if more.p < 0.05 else ""
            cells.append(f"{found.value:.3f}（{-more.value:+.3f} [{-more.high:+.3f}, {-more.low:+.3f}]{mark}）")
    return f"| {name} | " + " | ".join(cells) + " |"


def main() -> int:
    """Print the table."""
    from assistant.settings import load_settings
    from index.encode import load_encoder

    parser = argparse.ArgumentParser(prog="python -m evals.ablation", description="逐一去掉检索的每个部分再量")
    add_option(parser)
    parser.add_argument("--only", default="", metavar="名称,…", help=f"可选：{'、'.join(v.name for v in VARIANTS[1:])}")
    parser.add_argument(
        "--questions", type=int, default=FITTED + 1, metavar="N", help="每一半 STARD 用多少题，默认全部"
    )
    options = parser.parse_args()
    wanted = [n for n in options.only.split(",") if n]
    if unknown := [n for n in wanted if n not in {v.name for v in VARIANTS}]:
        parser.error(f"没有 {unknown[0]}；可选：{'、'.join(v.name for v in VARIANTS[1:])}")
    settings = load_settings()
    encoder = Remembered(load_encoder(settings.embedding, settings.cache, settings.embedding_backend))
    laws = None
    if is_there(options.stard):
        stard = load_stard(options.stard)
        laws = Laws(
            stard,
            open_stard(stard, encoder, settings.cache)[0],
            settings.cache,
            options.questions,
            [form_of(c) for c in stard.clauses],
        )
    questions = [q for q in load_questions(DATASETS / "policy.dev.jsonl") if measurable(q)]
    print(
        f"STARD {len(laws.halves[1]) if laws else 0} 题，policy.dev {len(questions)} 题；括号里是比完整系统多多少和 95 % 区间，* 为 p < 0.05"
    )
    print("| 系统 | " + " | ".join(MEASURES) + " |\n|" + "---|" * (len(MEASURES) + 1))
    with bundled_searcher(encoder) as base:
        policies = Policies(questions, base, GoldFinder(base.clauses), [form_of(c) for c in base.clauses])
        full, examples = measure(FULL, laws, policies, [])
        print(row(FULL.name, full, full), flush=True)
        for variant in VARIANTS[1:]:
            if wanted and variant.name not in wanted:
                continue
            started = time.perf_counter()
            same = variant.rewriting is False or variant.sentences is False  # neither exists on STARD
            values, _ = measure(variant, None if same else laws, policies, examples if same else [])
            print(row(variant.name, values, full), flush=True)
            print(f"{variant.name}：{time.perf_counter() - started:.0f} 秒", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
