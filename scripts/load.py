"""Many people at once against one server on this machine: errors, times, waiting, fairness, processor time, memory.

    python scripts/load.py [--people 50] [--seconds 60] [--pause 0] [--llm none] [--url http://127.0.0.1:7860]

Without --url it starts a server of its own on the current index (WENCE_HOME); `--llm local` (or any value of WENCE_LLM)
lets a model write. Each person asks, reads the stream to its end, waits `--pause` seconds and asks again: with 0 this is
the hardest case, nobody ever thinks. Figures are a benchmark, not a test.
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
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

DATASET = Path(__file__).parent.parent / "evals" / "datasets" / "policy.dev.jsonl"
START_S = 180
PATIENCE_S = 240
"""Longer than the server lets one answer live."""


@dataclass
class Heard:
    """What one asker was told about one question; times in seconds on one clock, None where it never came."""

    sent: float
    evidence: float | None = None
    sentence: float | None = None
    done: float | None = None
    waited: bool = False
    """Was told how many are ahead."""
    silence: float = 0.0
    """Longest time without a word."""
    mode: str = ""
    """llm when the model wrote."""
    degraded: str = ""
    """Why a model that was asked did not write; "" when it did, or when none was asked."""
    wrong: str = ""
    """Why there is no answer; "" when there is one."""


@dataclass
class Load:
    """Everything that was heard in one run."""

    heard: list[Heard] = field(default_factory=list)
    took_s: float = 0.0
    own_cpu_s: float = 0.0
    """Processor time of this program, which the server did not have."""
    server_cpu_s: float = float("nan")

    @property
    def answers(self) -> list[Heard]:
        """Those that came to their end."""
        return [h for h in self.heard if h.done is not None]

    @property
    def errors(self) -> Counter[str]:
        """Reasons of the others."""
        return Counter(h.wrong for h in self.heard if h.wrong)


def questions() -> list[str]:
    """Questions of the development set, in a fixed random order."""
    lines = DATASET.read_text(encoding="utf-8").splitlines()
    found = [json.loads(line)["question"] for line in lines]
    random.Random(7).shuffle(found)
    return found


async def ask(client: httpx.AsyncClient, question: str, mode: str) -> Heard:
    """Ask one question and listen to the end of the stream."""
    heard = Heard(time.perf_counter())
    last, kind = heard.sent, ""
    try:
        async with client.stream("POST", "/api/chat", json={"question": question, "mode": mode}) as reply:
            if reply.status_code != 200:
                heard.wrong = f"HTTP {reply.status_code}"
                return heard
            async for line in reply.aiter_lines():
                if line.startswith("event: "):
                    kind, now = line[7:], time.perf_counter()
                    heard.silence, last = max(heard.silence, now - last), now
                    if kind == "evidence":
                        heard.evidence = now
                    elif kind == "sentence":
                        heard.sentence = heard.sentence or now
                    heard.waited |= kind == "waiting"
                elif kind == "done" and line.startswith("data: "):
                    answer = json.loads(line[6:])
                    heard.done, heard.mode, heard.degraded = last, answer["mode"], answer["degraded"]
    except httpx.HTTPError as error:
        heard.wrong = type(error).__name__
    if heard.done is None and not heard.wrong:
        heard.wrong = f"ended with {kind or 'nothing'}"
    return heard


async def press(url: str, people: int, seconds: float, pause: float, mode: str) -> Load:
    """Let everybody ask one question after the other until the time is over; answers that have begun are waited for."""
    load, asked = Load(), itertools.cycle(questions())
    limits = httpx.Limits(max_connections=people, max_keepalive_connections=people)
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S, limits=limits) as client:
        started, cpu = time.perf_counter(), time.process_time()

        async def person() -> None:
            while True:
                load.heard.append(heard := await ask(client, next(asked), mode))
                if time.perf_counter() - started >= seconds:
                    return
                await asyncio.sleep(1 if heard.wrong else pause)

        await asyncio.gather(*(person() for _ in range(people)))
        load.took_s, load.own_cpu_s = time.perf_counter() - started, time.process_time() - cpu
    return load


def in_order(heard: Sequence[Heard]) -> tuple[int, int]:
    """(pairs served in the order of arrival, pairs) of askers who stood in line together, the model writing for both.

    One arrives when the evidence does, since that is what is written from. What the model does not write is not
    queued for and counts nowhere.
    """
    line = sorted(
        (h.evidence, h.sentence) for h in heard if h.mode == "llm" and h.evidence is not None and h.sentence is not None
    )
    together = [(a, b) for a, b in itertools.combinations(line, 2) if b[0] < a[1]]
    return sum(a[1] <= b[1] for a, b in together), len(together)


def at(values: Sequence[float], part: float) -> float:
    """Quantile in milliseconds."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000 if ordered else float("nan")


def lines_of(load: Load, people: int, pause: float) -> list[str]:
    """The figures as text."""
    answers = load.answers
    count = max(1, len(answers))
    cpu = load.own_cpu_s / (load.own_cpu_s + load.server_cpu_s)
    found = [
        f"{people} people, {load.took_s:.0f} s, pause {pause:g} s: {len(answers)} answers, "
        f"{len(answers) / load.took_s:.1f} a second",
        f"errors: {dict(load.errors) or 'none'}",
    ]
    for name, values in (
        ("first evidence", [h.evidence - h.sent for h in answers if h.evidence]),
        ("first sentence", [h.sentence - h.sent for h in answers if h.sentence]),
        ("whole answer", [h.done - h.sent for h in answers if h.done]),
        ("longest silence", [h.silence for h in answers]),
    ):
        found.append(
            f"{name}: p50 {at(values, 0.5):.0f} ms, p95 {at(values, 0.95):.0f} ms, worst {at(values, 1):.0f} ms"
        )
    found.append(
        f"processor time an answer: server {load.server_cpu_s / count * 1000:.1f} ms, this program "
        f"{load.own_cpu_s / count * 1000:.1f} ms ({cpu:.0%} of both)"
    )
    written, degraded = [h for h in answers if h.mode == "llm"], Counter(h.degraded for h in answers if h.degraded)
    if written or degraded:
        kept, pairs = in_order(answers)
        found.append(
            f"the model wrote {len(written)} of {len(answers)}, was asked in vain for {dict(degraded) or 'none'}; {sum(h.waited for h in answers)} were told of the line; "
            f"first sentences in the order of arrival: {kept} of {pairs} pairs in line together"
        )
    return found


def memory_mb(pid: int) -> float:
    """Resident memory of a process (Linux)."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def cpu_s(pid: int) -> float:
    """Processor time of a process so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def own_server(environment: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """A server of our own, ready; its process id and address. Stopped when the block is left."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "assistant", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=os.environ | dict(environment), stdout=subprocess.DEVNULL)
    try:
        url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + START_S
        while not _ready(url):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("the server did not start")
            time.sleep(0.3)
        yield process.pid, url
    finally:
        process.terminate()
        process.wait(30)


def _ready(url: str) -> bool:
    try:
        return httpx.get(url + "/readyz", timeout=30).status_code == 200
    except httpx.HTTPError:
        return False


def run(url: str, options: argparse.Namespace, pid: int | None) -> Load:
    """Load one server and print the figures."""
    mode = "verbatim" if options.llm == "none" else "llm"
    asyncio.run(press(url, 2, 2, 0, mode))  # the first questions of a process are slow
    before = (memory_mb(pid), cpu_s(pid)) if pid else (0.0, 0.0)
    load = asyncio.run(press(url, options.people, options.seconds, options.pause, mode))
    if pid:
        load.server_cpu_s = cpu_s(pid) - before[1]
    print("\n".join(lines_of(load, options.people, options.pause)))
    if pid:
        print(f"memory of the server: {before[0]:.0f} MB before, {memory_mb(pid):.0f} MB after")
    return load


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--pause", type=float, default=0)
    parser.add_argument("--llm", default="none", help="none, local, auto, or provider:name as in WENCE_LLM")
    parser.add_argument("--url", default="", help="a server that runs already")
    options = parser.parse_args()
    if options.url:
        load = run(options.url, options, None)
    else:
        with own_server({"WENCE_LLM": options.llm, "WENCE_RECORD": "false"}) as (pid, url):
            load = run(url, options, pid)
    raise SystemExit(1 if load.errors else 0)


if __name__ == "__main__":
    main()
