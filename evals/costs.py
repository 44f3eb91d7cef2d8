"""What an answer cost the asker and the machine: times and tokens, read from the record where it has them.

The parts that a record lacks (no model wrote, an answer without evidence) are None: not applicable, never 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Record = Mapping[str, Any]

TIMES = {"latency_ms": "total", "evidence_ms": "evidence", "sentence_ms": "first_sentence"}
"""Measure → key of `timings_ms`: the whole answer; the clauses on the screen; the first sentence on the screen."""
TOKENS = {"prompt_tokens": "prompt_tokens", "completion_tokens": "completion_tokens"}
"""Measure → key of `usage`: what the model read and wrote for the answer, all its calls together."""


def costs(record: Record) -> dict[str, float | None]:
    """Times in milliseconds and tokens of one answer; None where the record does not say."""
    times, usage = record.get("timings_ms") or {}, record.get("usage") or {}
    found = {name: times.get(key) for name, key in TIMES.items()}
    return {**found, **{name: usage.get(key) for name, key in TOKENS.items()}}


def percentiles(records: Sequence[Record]) -> dict[str, dict[str, float]]:
    """{time: {"p50": ms, "p95": ms, "n": answers}} for the times that any record has (linear interpolation)."""
    found: dict[str, dict[str, float]] = {}
    for name in TIMES:
        values = [v for record in records if (v := costs(record)[name]) is not None]
        if values:
            p50, p95 = np.percentile(values, [50, 95])
            found[name] = {"p50": round(float(p50), 1), "p95": round(float(p95), 1), "n": len(values)}
    return found


def modes(records: Sequence[Record]) -> dict[str, int]:
    """How many answers a model wrote (`llm`), the clauses' own words (`verbatim`), and how many of the latter
    because the model failed (`degraded`)."""
    counts = Counter(str(record["mode"]) for record in records)
    if degraded := sum(bool(record.get("degraded")) for record in records):
        counts["degraded"] = degraded
    return dict(sorted(counts.items()))
