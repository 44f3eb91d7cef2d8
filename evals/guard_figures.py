"""Figures of the guard on labelled claims: `python -m evals.guard_figures FILE [--plain] [--items]`.

Balanced accuracy, precision and recall of "unsupported", and each kind. Items are printed only when asked for,
so that an unseen file can be scored without being seen.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from assistant.guard import Evidence, Verdict, check
from index.catalog import load_catalog
from index.errors import InputError

DATASETS = Path(__file__).with_name("datasets")
DEV = DATASETS / "claims.dev.jsonl"
_CORPUS = Path(__file__).parents[1] / "index" / "corpus"


@dataclass(frozen=True, slots=True)
class Claim:
    """One line of a claims file."""

    id: str
    claim: str
    evidence: tuple[str, ...]
    label: str
    """supported | unsupported, "" when the line has none."""
    kind: str = ""
    document: str = ""
    document_status: str = ""
    region: str = ""
    departments: str = ""


def read_claims(path: Path) -> list[Claim]:
    """Claims of a file.

    Raises:
        InputError: a line is not JSON or lacks id, claim or evidence; names file and line.
    """
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            found.append(_claim(json.loads(line)))
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise InputError(f"{path} 第 {number} 行：应为含 id、claim、evidence 的 JSON（{error}）") from None
    return found


def evidence_of(claim: Claim) -> tuple[Evidence, ...]:
    """Evidence with what the line and the catalog know of the document."""
    catalog = _catalog().get(f"{claim.document}.txt", {})
    return tuple(
        Evidence(
            text=text,
            department_text=claim.departments if len(claim.evidence) == 1 else "",
            status=claim.document_status,
            region=claim.region,
            document=catalog.get("title", ""),
            number=catalog.get("number", ""),
            issuer=catalog.get("issuer", ""),
        )
        for text in claim.evidence
    )


@lru_cache(maxsize=1)
def _catalog() -> dict[str, dict[str, Any]]:
    return load_catalog(_CORPUS)


def judge_record(record: dict[str, Any]) -> dict[str, Any]:
    """A line of `wence eval judge --method guard`: the input with label, score and reason added.

    What the line tells of the document beyond `evidence` (document, document_status, region, departments) is used.
    """
    verdict = check(record["claim"], evidence_of(_claim(record)))
    label = "supported" if verdict.supported else "unsupported"
    return {**record, "label": label, "score": verdict.score, "reason": verdict.reason}


def _claim(row: dict[str, Any]) -> Claim:
    known = (str(row.get(key, "")) for key in ("label", "kind", "document", "document_status", "region", "departments"))
    return Claim(str(row["id"]), row["claim"], tuple(row["evidence"]), *known)


def balanced_accuracy(truth: Sequence[bool], said: Sequence[bool]) -> float:
    """Mean of the recalls of both labels."""
    kept = [s for t, s in zip(truth, said, strict=True) if t]
    caught = [not s for t, s in zip(truth, said, strict=True) if not t]
    return (sum(kept) / len(kept) + sum(caught) / len(caught)) / 2


def figures(claims: Sequence[Claim], verdicts: Sequence[Verdict]) -> str:
    """Report of totals and of each kind."""
    truth, said = [c.label == "supported" for c in claims], [v.supported for v in verdicts]
    caught = sum(not t and not s for t, s in zip(truth, said, strict=True))
    rejected, wrong = said.count(False), truth.count(False)
    lines = [
        f"{len(claims)} claims: balanced accuracy {balanced_accuracy(truth, said):.3f}",
        f"unsupported: precision {caught / max(1, rejected):.3f}, recall {caught / max(1, wrong):.3f}",
        f"supported rejected: {rejected - caught} of {truth.count(True)} "
        f"({(rejected - caught) / max(1, truth.count(True)):.1%})",
    ]
    why = Counter(
        v.findings[0].check if v.findings else "none"
        for c, v in zip(claims, verdicts, strict=True)
        if c.label == "supported" and not v.supported
    )
    lines.append("supported rejected by check: " + ("、".join(f"{k} {n}" for k, n in sorted(why.items())) or "none"))
    kinds: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for c, t, s in zip(claims, truth, said, strict=True):
        kinds[c.label, c.kind].append(t == s)
    lines += [f"  {label:12} {kind:12} {sum(right):3} / {len(right)}" for (label, kind), right in sorted(kinds.items())]
    return "\n".join(lines)


def main() -> None:
    """Score a file."""
    arguments = [a for a in sys.argv[1:] if not a.startswith("--")]
    claims = read_claims(Path(arguments[0]) if arguments else DEV)
    plain = "--plain" in sys.argv
    start = time.perf_counter()
    verdicts = [check(c.claim, c.evidence if plain else evidence_of(c)) for c in claims]
    spent = time.perf_counter() - start
    print(figures(claims, verdicts))
    print(f"{spent / len(claims) * 1000:.2f} ms a claim")
    if "--items" in sys.argv:
        for c, v in zip(claims, verdicts, strict=True):
            if v.supported != (c.label == "supported"):
                print(f"{c.id} {c.label} {c.kind} | {c.claim} | {v.score} {v.reason}")


if __name__ == "__main__":
    main()
