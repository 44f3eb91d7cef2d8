"""Resident memory of the server over many questions, records kept; it must be level after the first thousand.

    python scripts/memory_run.py [--questions 10000] [--every 500] [--people 4]

Works in a folder of its own with the bundled documents. Every question is worded anew, so that whatever keeps what it
has seen keeps growing. Figures are a benchmark, not a test.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import subprocess
import sys
import tempfile
from collections import Counter

import httpx
from load import PATIENCE_S, ask, memory_mb, own_server, questions


async def series(url: str, pid: int, count: int, every: int, people: int) -> tuple[list[float], Counter[str]]:
    """Memory in MB before the first question and after each `every`, and what went wrong."""
    numbered = enumerate(itertools.cycle(questions()))
    seen, errors = [memory_mb(pid)], Counter[str]()
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as client:

        async def person(share: int) -> None:
            for number, question in itertools.islice(numbered, share):
                heard = await ask(client, f"{question} 我们公司{number + 10}人", "verbatim")
                errors.update([heard.wrong] if heard.wrong else [])

        for done in range(every, count + 1, every):
            await asyncio.gather(*(person(every // people) for _ in range(people)))
            seen.append(memory_mb(pid))
            print(f"{done} questions: {seen[-1]:.0f} MB", flush=True)
    return seen, errors


def growth(seen: list[float], every: int) -> float:
    """MB per 1,000 questions over the second half, by least squares."""
    half = seen[len(seen) // 2 :]
    middle, mean = (len(half) - 1) / 2, sum(half) / len(half)
    slope = sum((i - middle) * (mb - mean) for i, mb in enumerate(half)) / sum(
        (i - middle) ** 2 for i in range(len(half))
    )
    return slope * 1000 / every


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--every", type=int, default=500)
    parser.add_argument("--people", type=int, default=4)
    options = parser.parse_args()
    if options.questions < 4 * options.every or options.every % options.people:
        parser.error("--questions must be four times --every or more, and --every a multiple of --people")
    with tempfile.TemporaryDirectory() as home:
        environment = {"WENCE_HOME": home, "WENCE_LLM": "none", "WENCE_RECORD": "true"}
        command = [sys.executable, "-m", "assistant", "index"]
        subprocess.run(command, env=os.environ | environment, check=True, stderr=subprocess.DEVNULL)
        with own_server(environment) as (pid, url):
            seen, errors = asyncio.run(series(url, pid, options.questions, options.every, options.people))
    print(
        f"{options.questions} questions: {seen[0]:.0f} MB before, {seen[1]:.0f} MB after the first {options.every}, "
        f"{seen[-1]:.0f} MB at the end, most {max(seen):.0f} MB; second half {growth(seen, options.every):+.1f} MB per 1,000; "
        f"errors: {dict(errors) or 'none'}"
    )
    raise SystemExit(1 if errors else 0)


if __name__ == "__main__":
    main()
