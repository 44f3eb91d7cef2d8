"""How search grows with the index: `python -m evals.growth [--stard FOLDER] [--sizes 1000,10000,…] [--million]`.

For each size: start-up, time of one search with a region filter and without, memory before and after thousands of
questions. Times are the best of several calls a question, which is what a machine with nothing else to do shows, and
CPU seconds beside them, since a busy one has no best. The articles are STARD's, see `evals.scale`.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from evals.scale import REGIONS, articles, from_disk, on_disk
from evals.stard import add_option, is_there, load_stard
from index.encode import Encoder
from index.nearest import NearestPassages
from index.search import Searcher
from index.store import Scope

SIZES = (1_000, 10_000, 55_389, 110_778)
ASKED, CALLS = 100, 5
"""Questions timed, and calls each of which the best counts."""
MEMORY_QUESTIONS = 5_000
MILLION = 1_000_000


def resident_mib() -> float:
    """Memory of this process that is its own, MiB; pages of files that are mapped are left out."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


def timed(searcher: Searcher, questions: Sequence[str], region: str) -> str:
    """p50 and p95 of a search, and its mean CPU time."""
    best, encoding = [], []
    cpu = time.process_time()
    for question in questions:
        calls = []
        for _ in range(CALLS):
            started = time.perf_counter()
            found = searcher.search(question, 10, region)
            calls.append((time.perf_counter() - started, found.timings_ms["encode"] / 1000))
        best.append(min(call for call, _ in calls) * 1000)
        encoding.append(min(encode for _, encode in calls) * 1000)
    spent = (time.process_time() - cpu) / len(questions) / CALLS * 1000
    p50, p95 = np.percentile(best, [50, 95])
    return f"p50 {p50:5.1f} p95 {p95:5.1f} ms（其中向量 {np.median(encoding):.1f}；CPU {spent:.1f}）"


def grow(folder: Path, encoder: Encoder, questions: Sequence[str], count: int) -> None:
    """Print one line of the table."""
    started, cpu = time.perf_counter(), time.process_time()
    searcher = from_disk(folder, encoder)
    opening, opening_cpu = time.perf_counter() - started, time.process_time() - cpu
    for question in questions[:5]:
        searcher.search(question, 10)
    plain, filtered = (timed(searcher, questions[:ASKED], region) for region in ("", REGIONS[0]))
    print(
        f"{count:>9,} 条  打开 {opening:.2f} 秒（CPU {opening_cpu:.2f}）  不过滤 {plain}  按地区过滤 {filtered}",
        flush=True,
    )


def memory(folder: Path, encoder: Encoder, questions: Sequence[str], count: int) -> None:
    """Print the process's own memory as questions go by."""
    searcher = from_disk(folder, encoder)
    levels = []
    for number in range(count + 1):
        if number % (count // 5) == 0:
            levels.append(f"{number:,} 题 {resident_mib():.0f}")
        question = questions[number % len(questions)]
        searcher.search(question[: 8 + number % 40] if number >= len(questions) else question, 10, REGIONS[number % 2])
    print(f"进程自有内存（MiB）：{'，'.join(levels)}", flush=True)


def million(dimension: int, count: int) -> None:
    """Print the time of the nearest passages among clustered random vectors, half of them filtered away."""
    random = np.random.default_rng(1)
    centres = random.standard_normal((2_000, dimension), dtype=np.float32)
    vectors = np.empty((count, dimension), dtype=np.float32)
    for start in range(0, count, 50_000):
        size = min(50_000, count - start)
        noise = random.standard_normal((size, dimension), dtype=np.float32)
        block = centres[random.integers(0, len(centres), size)] + noise * np.float32(0.8)
        vectors[start : start + size] = block / np.linalg.norm(block, axis=1, keepdims=True)
    store = NearestPassages(vectors, np.arange(count, dtype=np.int32), [str(i) for i in range(count)])
    allowed = random.random(count) < 0.5
    scope = Scope(rows=allowed)
    times, held = [], []
    for row in range(20):
        asked = vectors[row : row + 1]
        calls = []
        for _ in range(CALLS):
            started = time.perf_counter()
            (hits,) = store.query(asked, 200, scope)
            calls.append((time.perf_counter() - started) * 1000)
        times.append(min(calls))
        similarity = np.where(allowed, vectors @ asked[0], -2)
        nearest = {str(i) for i in np.argpartition(-similarity, 200)[:200]}
        held.append(len(nearest & {h.clause_id for h in hits}) / 200)
    print(
        f"{count:,} 个模拟向量，滤去一半：最近 200 段 p50 {np.median(times):.1f} ms，p95 {np.percentile(times, 95):.1f} ms，"
        f"与精确结果重合 {np.mean(held):.3f}",
        flush=True,
    )


def main() -> int:
    """Print the table."""
    from assistant.settings import load_settings
    from index.encode import load_encoder

    parser = argparse.ArgumentParser(prog="python -m evals.growth", description="检索随条款数增长的用时和内存")
    add_option(parser)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), metavar="N,N", help="条款数，逗号分隔")
    parser.add_argument("--questions", type=int, default=MEMORY_QUESTIONS, help="量内存时问多少题，默认 5000；0 不量")
    parser.add_argument("--million", type=int, default=MILLION, metavar="N", help="模拟向量的个数；0 不做")
    options = parser.parse_args()
    settings = load_settings()
    encoder = load_encoder(settings.embedding, settings.cache, settings.embedding_backend)
    print(f"{os.cpu_count()} 核，负载 {os.getloadavg()[0]:.1f}；每题取 {CALLS} 次中最快的一次")
    if is_there(options.stard):
        stard = load_stard(options.stard)
        asked = [q.text for q in stard.split()[1]]
        for size in map(int, options.sizes.split(",")):
            folder = on_disk(articles(stard, size, encoder, settings.cache), settings.cache)
            grow(folder, encoder, asked, size)
        if options.questions:
            memory(folder, encoder, asked, options.questions)
    if options.million:
        million(encoder.dimension, options.million)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
