"""What tuning the embedding model is worth at scale, shown on STARD: `python -m evals.tuning [--articles N] [--out F]`.

The half of the questions that is for fitting trains the model, the other half tests it, as in `evals.stard`. Reading all
55,389 articles again takes 9 minutes on two quiet cores, so by default a part of them is searched, before and after
alike: every right article, the `NEAR` nearest of each question by the old model, and a random sample.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from assistant.progress import Steadily
from evals.paired import difference
from evals.stard import Stard, add_option, exact_store, is_there, lexical_of, load_stard, vectors_of
from index.clause import Clause
from index.encode import Encoder, load_encoder
from index.search import Searcher
from index.training import Course
from index.tuning import Lesson, Outcome, Steps, tune
from index.words import Tokenizer

NEAR = 20
"""Nearest articles of each question that are searched in any case."""
ARTICLES = 10_000
SEED = 11


def rows_of(stard: Stard, encoder: Encoder, cache: Path, sample: int) -> list[int]:
    """Rows of the articles that are searched; all of them when `sample` is 0."""
    if not sample or sample >= len(stard.texts):
        return list(range(len(stard.texts)))
    vectors = vectors_of(stard.texts, encoder, cache)
    gold = frozenset().union(*(q.gold for q in stard.questions))
    rows = {i for i, c in enumerate(stard.clauses) if c.clause_id in gold}
    for asked in encoder.encode_queries([q.text for q in stard.questions]):
        rows.update(np.argpartition(-(vectors @ asked), NEAR)[:NEAR].tolist())
    rows.update(np.random.default_rng(SEED).choice(len(stard.texts), sample, replace=False).tolist())
    return sorted(rows)


def report(outcome: Outcome) -> str:
    """Before, after, difference and p of each measure."""
    lines = [
        f"| {outcome.held_out} 题未用于训练 | 之前 | 之后 | 差 [95 % 区间] | p（双侧，置换） |",
        "|---|---|---|---|---|",
    ]
    for name, before in outcome.before.items():
        found = difference(name, before, outcome.after[name])
        if found:
            change = f"{found.value:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"
            lines.append(f"| {name} | {found.before:.3f} | {found.after:.3f} | {change} | {found.p:.4f} |")
    kept = f"采用，{outcome.folder}" if outcome.folder else f"不采用：{outcome.why_not}"
    return "\n".join([*lines, f"检验（单侧）p = {outcome.p:.4f}：{kept}"])


def main() -> int:
    """Tune on one half of the questions and print what the other half says."""
    from assistant.settings import load_settings
    from index.weights import bundled_model

    parser = argparse.ArgumentParser(prog="python -m evals.tuning", description="在 STARD 上训练和检验向量模型")
    add_option(parser)
    parser.add_argument("--articles", type=int, default=ARTICLES, metavar="N", help="随机取多少条法条，0 为全部")
    parser.add_argument("--epochs", type=int, default=Course().epochs, metavar="N")
    parser.add_argument("--rate", type=float, default=Course().learning_rate, metavar="学习率")
    parser.add_argument("--out", type=Path, metavar="文件夹", help="更好的模型放在哪里；不给则量完即弃")
    options = parser.parse_args()
    if not is_there(options.stard):
        return 0
    settings = load_settings()
    encoder = load_encoder(settings.embedding, settings.cache, settings.embedding_backend)
    base = str(bundled_model(settings.cache)) if settings.embedding == "bundled" else settings.embedding
    stard = load_stard(options.stard)
    rows = rows_of(stard, encoder, settings.cache, options.articles)
    clauses = [stard.clauses[i] for i in rows]
    texts = {c.clause_id: stard.texts[i] for c, i in zip(clauses, rows, strict=True)}
    tokenizer = Tokenizer()
    lexical = lexical_of(clauses, tokenizer, settings.cache)

    def searcher_of(model: Encoder, vectors: np.ndarray) -> Searcher:
        return Searcher(model, exact_store(vectors, clauses), lexical, clauses, stard.documents, "stard", tokenizer)

    def reopened(_: Searcher, model: Encoder, progress: Callable[[int, int], object]) -> Searcher:
        with Steadily("法条向量", "条", len(texts)) as bar:
            return searcher_of(model, model.encode_passages(list(texts.values()), progress=bar.add))

    def text(clause: Clause) -> str:
        return texts[clause.clause_id]

    taught, held = ([Lesson(q.text, q.gold) for q in half] for half in stard.split())
    print(f"{len(clauses):,} 条法条；{len(taught)} 题训练，{len(held)} 题检验", file=sys.stderr)
    course = Course(epochs=options.epochs, learning_rate=options.rate)
    with tempfile.TemporaryDirectory(prefix="wence-eval-", ignore_cleanup_errors=True) as scratch:
        out = options.out or Path(scratch) / "model"
        with Steadily("训练", "步") as bar:
            outcome = tune(
                searcher_of(encoder, vectors_of(stard.texts, encoder, settings.cache)[rows]), taught, held, base, out,
                lambda folder: load_encoder(str(folder), settings.cache, settings.embedding_backend),
                course=course, reopen=reopened, text=text, steps=Steps(training=bar.reach),
            )  # fmt: skip
        print(report(outcome))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
