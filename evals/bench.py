"""`make bench`: speed at scale and under load, beside a plain recipe run in the same process on the same machine.

    python -m evals.bench [--quick] [--stard FOLDER] [--only 检索用时,STARD,并发]

What is found, and what indexing costs, beside the recipes of others in environments of their own: `evals.beside`.

Ratios are the result; the times behind them belong to this machine and this moment. What is large is kept in
the cache folder (WENCE_CACHE), so a second run is quicker.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from assistant.ask import Assistant
from assistant.settings import BUNDLED_CORPUS, Settings, load_settings
from evals.bundled import bundled_searcher
from evals.questions import DATASETS, Question, load_questions
from evals.recipe import Recipe, load_model
from evals.retrieval import measurable, standalone
from evals.stard import Stard, add_option, figures, is_there, load_stard, open_stard, table
from index.catalog import load_catalog
from index.encode import Encoder, load_encoder
from index.reading import read_text

TOP = 10
BLOCK, WARM_UP = 20, 3
"""Questions timed in a row, and questions asked before them that are not timed."""
ASKERS = 50
SECTIONS = ("检索用时", "STARD", "并发")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is done."""

    articles: tuple[int, ...]
    """Articles in the large indexes."""
    searches: int
    rounds: int
    """Questions that each concurrent asker asks."""


FULL = Size((55_389, 110_778), 100, 4)
QUICK = Size((5_000,), 40, 2)


@dataclass(frozen=True, slots=True)
class Bench:
    """What the sections share."""

    size: Size
    settings: Settings
    encoder: Encoder
    model: Any
    """The same model in sentence-transformers, for the recipe."""
    questions: list[Question]
    stard: Stard | None

    @property
    def asked(self) -> list[str]:
        """Standalone development questions."""
        return [standalone(q) for q in self.questions if measurable(q)][: self.size.searches]


def compare(
    name: str, ours: Callable[[str], object], theirs: Callable[[str], object], questions: Sequence[str]
) -> None:
    """Time both, one call at a time, in blocks turn about: whatever else the machine does falls on both alike,
    and neither runs while the other's threads are still awake."""
    times: tuple[list[float], list[float]] = ([], [])
    for start in range(0, len(questions), BLOCK):
        for kept, call in zip(times, (ours, theirs), strict=True):
            for question in questions[:WARM_UP]:
                call(question)
            for question in questions[start : start + BLOCK]:
                started = time.perf_counter()
                call(question)
                kept.append((time.perf_counter() - started) * 1000)
    (mine50, mine95), (other50, other95) = (np.percentile(t, [50, 95]) for t in times)
    print(
        f"  {name}：问策 p50 {mine50:.1f} / p95 {mine95:.1f} ms；常见做法 {other50:.1f} / {other95:.1f} ms；"
        f"用时之比 {mine50 / other50:.2f} / {mine95 / other95:.2f}",
        flush=True,
    )


def search_times(bench: Bench) -> None:
    """Search, the question's embedding included: ours ranks words and vectors, the recipe vectors only."""
    with bundled_searcher(bench.encoder) as searcher, tempfile.TemporaryDirectory() as folder:
        recipe = _recipe_over_corpus(bench.model, Path(folder))
        compare("五份政策", lambda q: searcher.search(q, TOP), lambda q: recipe.search(q, TOP), bench.asked)
        recipe.close()
    if not bench.stard:
        return
    asked = [q.text for q in bench.stard.split()[1]][: bench.size.searches]
    for size in bench.size.articles:
        _large(bench, bench.stard, size, asked)


def _large(bench: Bench, stard: Stard, size: int, asked: Sequence[str]) -> None:
    from evals.scale import REGIONS, articles, from_disk, in_chroma, in_recipe, on_disk

    cache, region = bench.settings.cache, REGIONS[0]
    found = articles(stard, size, bench.encoder, cache)
    recipe = in_recipe(found, bench.model, cache)
    for store, searcher in (
        ("本机文件", from_disk(on_disk(found, cache), bench.encoder, found.tokenizer)),
        ("Chroma", in_chroma(found, bench.encoder, cache)),
    ):
        for named, asked_region in (("不过滤", ""), ("按地区过滤", region)):
            compare(
                f"{size:,} 条，{store}，{named}",
                partial(searcher.search, top=TOP, region=asked_region),
                partial(recipe.search, top=TOP, region=asked_region),
                asked,
            )
    recipe.close()


def _corpus_texts() -> list[tuple[str, str, str]]:
    """(document, region, text) of the bundled policies."""
    catalog = load_catalog(BUNDLED_CORPUS)
    paths = sorted(BUNDLED_CORPUS.glob("*.txt"))
    return [(p.stem, str(catalog.get(p.name, {}).get("region", "")), read_text(p)) for p in paths]


def _recipe_over_corpus(model: Any, folder: Path) -> Recipe:
    recipe = Recipe.empty(model, folder)
    recipe.add_texts(_corpus_texts())
    return recipe


def laws(bench: Bench) -> None:
    """STARD's figures."""
    if bench.stard:
        searcher, vectors = open_stard(bench.stard, bench.encoder, bench.settings.cache)
        print(table(figures(searcher, vectors, bench.stard.split()[1])))


def crowd(bench: Bench) -> None:
    """Fifty people who all ask at the same moment, and again as soon as they have an answer; the recipe only
    searches (top 4), it has no answer yet when it is done."""
    with bundled_searcher(bench.encoder) as searcher, tempfile.TemporaryDirectory() as folder:
        recipe = _recipe_over_corpus(bench.model, Path(folder))
        ours = _crowd(Assistant(searcher).answer, bench)
        theirs = _crowd(lambda q: recipe.search(q, 4), bench)
        recipe.close()
    for name, (times, errors) in (("问策，完整作答", ours), ("常见做法，只检索", theirs)):
        p50, p95 = np.percentile(times, [50, 95])
        print(f"  {name}：{ASKERS} 人各问 {bench.size.rounds} 次，p50 {p50:.0f} ms，p95 {p95:.0f} ms，出错 {errors}")
    print(f"  p95 之比 {np.percentile(ours[0], 95) / np.percentile(theirs[0], 95):.2f}")


def _crowd(ask: Callable[[str], object], bench: Bench) -> tuple[list[float], int]:
    asked = bench.asked
    times: list[float] = []
    errors: list[Exception] = []
    ready = threading.Barrier(ASKERS)

    def one(number: int) -> None:
        ready.wait()
        for turn in range(bench.size.rounds):
            started = time.perf_counter()
            try:
                ask(asked[(number * 7 + turn * ASKERS) % len(asked)])
            except Exception as error:  # noqa: BLE001 - whatever fails is counted, that is the figure
                errors.append(error)
            times.append((time.perf_counter() - started) * 1000)

    ask(asked[0])
    threads = [threading.Thread(target=one, args=(n,)) for n in range(ASKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        print(f"  出错：{errors[0]!r}")
    return times, len(errors)


RUN: dict[str, Callable[[Bench], None]] = dict(zip(SECTIONS, (search_times, laws, crowd), strict=True))


def main() -> int:
    """Run the sections."""
    parser = argparse.ArgumentParser(prog="python -m evals.bench", description="性能与检索基准，与常见做法同场比较")
    parser.add_argument("--quick", action="store_true", help="小规模，约 2 分钟；不含 STARD 指标")
    parser.add_argument("--only", default="", metavar="部分", help=f"只做这些，逗号分隔：{','.join(SECTIONS)}")
    add_option(parser)
    options = parser.parse_args()
    chosen = [s for s in options.only.split(",") if s] or [s for s in SECTIONS if s != "STARD" or not options.quick]
    if unknown := [s for s in chosen if s not in SECTIONS]:
        parser.error(f"没有 {unknown[0]}；可用：{'、'.join(SECTIONS)}")
    settings = load_settings()
    encoder = load_encoder(settings.embedding, settings.cache, settings.embedding_backend)
    bench = Bench(
        QUICK if options.quick else FULL,
        settings,
        encoder,
        load_model(settings.cache),
        load_questions(DATASETS / "policy.dev.jsonl"),
        load_stard(options.stard) if is_there(options.stard) else None,
    )
    load = f"，负载 {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{os.cpu_count()} 核{load}；常见做法：500 字切块、重叠 50，同一模型 float32，Chroma 最近邻")
    for name in chosen:
        print(f"\n{name}", flush=True)
        started = time.perf_counter()
        RUN[name](bench)
        print(f"  （本部分 {time.perf_counter() - started:.0f} 秒）", file=sys.stderr, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
