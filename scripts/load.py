"""Many people at once against one server on this machine, in verbatim mode: errors, times, memory.

    python scripts/load.py [--people 50] [--seconds 60] [--pause 0] [--url http://127.0.0.1:7860]

Without --url it starts a server of its own on the current index (WENCE_HOME). Each person asks, reads the stream to
its end, waits `--pause` seconds and asks again: with 0 this is the hardest case, nobody ever thinks. Figures are a
benchmark, not a test.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import random
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

DATASET = Path(__file__).parent.parent / "evals" / "datasets" / "policy.dev.jsonl"
START_S = 120


@dataclass
class Tally:
    """What all askers saw, seconds."""

    evidence: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)

    def wrong(self, what: str) -> None:
        """Count one error."""
        self.errors[what] = self.errors.get(what, 0) + 1


def questions() -> list[str]:
    """Questions of the development set, in a fixed random order."""
    lines = DATASET.read_text(encoding="utf-8").splitlines()
    found = [json.loads(line)["question"] for line in lines]
    random.Random(7).shuffle(found)
    return found


async def person(
    client: httpx.AsyncClient, asked: itertools.cycle[str], end: float, pause: float, tally: Tally
) -> None:
    """Ask until the end, one question after the other."""
    while time.monotonic() < end:
        started, kind = time.perf_counter(), ""
        body = {"question": next(asked), "mode": "verbatim"}
        try:
            async with client.stream("POST", "/api/chat", json=body) as reply:
                if reply.status_code != 200:
                    tally.wrong(f"HTTP {reply.status_code}")
                    await asyncio.sleep(1)
                    continue
                async for line in reply.aiter_lines():
                    if line.startswith("event: "):
                        kind = line[7:]
                        if kind == "evidence":
                            tally.evidence.append(time.perf_counter() - started)
        except httpx.HTTPError as error:
            tally.wrong(type(error).__name__)
            continue
        if kind == "done":
            tally.whole.append(time.perf_counter() - started)
        else:
            tally.wrong(f"ended with {kind or 'nothing'}")
        await asyncio.sleep(pause)


def at(values: list[float], part: float) -> float:
    """Quantile in milliseconds."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000 if ordered else float("nan")


def memory_mb(pid: int) -> float:
    """Resident memory of a process (Linux)."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return float("nan")


async def load(url: str, people: int, seconds: float, pause: float, pid: int | None) -> Tally:
    """Let everybody ask; print what they saw."""
    tally, asked = Tally(), itertools.cycle(questions())
    limits = httpx.Limits(max_connections=people, max_keepalive_connections=people)
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as client:
        await person(client, asked, time.monotonic() + 2, 0, Tally())  # the first questions of a process are slow
        before = memory_mb(pid) if pid else float("nan")
        started = time.monotonic()
        await asyncio.gather(*(person(client, asked, started + seconds, pause, tally) for _ in range(people)))
        took = time.monotonic() - started
    print(
        f"{people} people, {took:.0f} s, pause {pause} s: {len(tally.whole)} answers, {len(tally.whole) / took:.1f} a second"
    )
    print(f"errors: {tally.errors or 'none'}")
    for name, values in (("first evidence", tally.evidence), ("whole answer", tally.whole)):
        print(f"{name}: p50 {at(values, 0.5):.0f} ms, p95 {at(values, 0.95):.0f} ms, worst {at(values, 1):.0f} ms")
    if pid:
        print(f"memory of the server: {before:.0f} MB before, {memory_mb(pid):.0f} MB after")
    return tally


def own_server() -> tuple[subprocess.Popen[bytes], str]:
    """A server of our own and where it is."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"WENCE_LLM": "none", "WENCE_RECORD": "false"}
    process = subprocess.Popen([sys.executable, "-m", "assistant", "serve", "--port", str(port)], env=environment)
    url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url + "/readyz", timeout=30).status_code == 200:
                return process, url
        except httpx.HTTPError:
            time.sleep(0.3)
    process.terminate()
    raise SystemExit("the server did not start")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--pause", type=float, default=0)
    parser.add_argument("--url", default="")
    options = parser.parse_args()
    process, url = (None, options.url) if options.url else own_server()
    try:
        tally = asyncio.run(load(url, options.people, options.seconds, options.pause, process.pid if process else None))
    finally:
        if process:
            process.terminate()
            process.wait(20)
    raise SystemExit(1 if tally.errors else 0)


if __name__ == "__main__":
    main()
