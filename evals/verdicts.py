"""The answers' claims before the judge, with the guard's verdict beside: faithfulness and citations of one answer.

A claim is judged by the clauses that its sentence cites, those that a reader is shown beside it; RAGAS takes
everything that was retrieved, which forgives a wrong citation. An uncited sentence is judged by all clauses of
the answer. The guard gets the same clauses; where the two disagree, a person should look first. A sentence that
shows a calculation is one claim, checked as a sum (evals/calculations.py); no guard stands behind it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from assistant.guard import check
from assistant.verdict import Evidence
from evals.calculations import check_sum
from evals.citations import Cited, citation_scores
from evals.claims import claims_of, faithfulness
from evals.folder import Record, finished, line_of
from evals.judge import Judge, Judged, Unscored

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Graded:
    """What the judge made of one answer."""

    verdicts: tuple[Record, ...]
    """Lines of verdicts.jsonl."""
    measures: Mapping[str, float | None]
    unscored: Mapping[str, str] = field(default_factory=dict)
    """Measure → why it could not be graded."""


class Memory:
    """A judge that never judges the same words twice; every call is on disk at once, under the judge's pin."""

    def __init__(self, judge: Judge, path: Path) -> None:
        self.pin = judge.pin()
        self.pin_sha256 = pin_hash(self.pin)
        self._judge, self._path = judge, path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._known = finished(path, "key")

    def __call__(self, claim: str, evidence: Sequence[str]) -> Judged:
        """The judge's verdict.

        Raises:
            Unscored: it gave none; tried again at the next call.
            OSError: the disk refuses.
        """
        key = hashlib.sha256(json.dumps([self.pin_sha256, claim, *evidence]).encode()).hexdigest()[:32]
        if row := self._known.get(key):
            span = tuple(row["span"]) if row["span"] else None
            return Judged(label=row["label"], score=row["score"], reason=row["reason"], span=span)
        found = self._judge.judge(claim, evidence)
        row = {"key": key, **asdict(found)}
        with self._path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(line_of(row))
        self._known[key] = row
        return found


def pin_hash(pin: Mapping[str, Any]) -> str:
    """One short name for all that a judge is made of; two runs with the same were judged alike."""
    return hashlib.sha256(json.dumps(pin, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:16]


def grade(record: Answer, judge: Memory) -> Graded:
    """Faithfulness, citation recall and precision of one recorded answer, and the verdicts they rest on.

    A measure that needs a verdict which the judge could not give is unscored as a whole: a mean over the claims
    that happened to be gradable would favour answers that judges choke on.
    """
    numbers = {c["n"]: c for c in record["citations"]}
    claimed = [(i, s) for i, s in enumerate(record["sentences"]) if s["support"] != "notice"]
    verdicts: list[Record] = []
    for index, sentence in claimed:
        cited = [numbers[n] for n in sentence["citations"] if n in numbers] or list(numbers.values())
        claims = [sentence["text"]] if sentence.get("formula") else [c.text for c in claims_of(sentence["text"])]
        verdicts += [_verdict(record, index, claim, cited, judge) for claim in claims]
    failed = [v["unscored"] for v in verdicts if "unscored" in v]
    unscored = {"faithfulness": failed[0]} if failed else {}
    supported = [v["judge"]["label"] == "supported" for v in verdicts]
    measures = {"faithfulness": None if failed else faithfulness(supported)}
    sums = {s["text"]: s["formula"] for _, s in claimed if s.get("formula")}

    def supports(sentence: str, texts: Sequence[str]) -> bool:
        if sentence in sums:
            return check_sum(sentence, sums[sentence], texts, record["standalone_question"]).supported
        return judge(sentence, texts).label == "supported"

    try:
        found = citation_scores([_cited(s, numbers) for _, s in claimed], supports)
        measures |= {"citation_recall": found.recall, "citation_precision": found.precision}
    except Unscored as error:
        measures |= {"citation_recall": None, "citation_precision": None}
        unscored |= {"citation_recall": str(error), "citation_precision": str(error)}
    return Graded(tuple(verdicts), measures, unscored)


def _verdict(record: Answer, index: int, claim: str, cited: Sequence[Answer], judge: Memory) -> Record:
    """A line of verdicts.jsonl."""
    sentence, texts = record["sentences"][index], [text_of(c) for c in cited]
    row: Record = {
        "question_id": record["id"], "sentence": index, "claim": claim, "evidence": texts,
        "support": sentence["support"],
    }  # fmt: skip
    if formula := sentence.get("formula"):
        checked = check_sum(claim, formula, texts, record["standalone_question"])
        return row | {
            "judge": _grade(checked.supported, float(checked.supported), checked.reason) | {"span": None},
            "guard": {"label": None, "score": None, "reason": "算式不经逐句核对"},
        }
    guarded = check(claim, [evidence_of(c) for c in cited])
    row["guard"] = _grade(guarded.supported, guarded.score, guarded.reason)
    try:
        found = judge(claim, texts)
    except Unscored as error:
        return row | {"judge": {"label": None, "score": None, "reason": "", "span": None}, "unscored": str(error)}
    span = list(found.span) if found.span else None
    return row | {"judge": {"label": found.label, "score": found.score, "reason": found.reason, "span": span}}


def _grade(supported: bool, score: float, reason: str) -> Record:
    return {"label": "supported" if supported else "unsupported", "score": score, "reason": reason}


def _cited(sentence: Answer, numbers: Mapping[int, Answer]) -> Cited:
    known = tuple(text_of(numbers[n]) for n in dict.fromkeys(sentence["citations"]) if n in numbers)
    return Cited(sentence["text"], known, broken=any(n not in numbers for n in sentence["citations"]))


def text_of(citation: Answer) -> str:
    """All that a reader sees of a cited clause: its text, its bracket of departments and its footnotes."""
    notes = [note["text"] for note in citation.get("footnotes", ())]
    return "\n".join(filter(None, [citation["text"], citation.get("department_text", ""), *notes]))


def evidence_of(citation: Answer) -> Evidence:
    """The same for the guard, which also knows what the catalog says of the document."""
    return Evidence(
        text="\n".join([citation["text"], *(note["text"] for note in citation.get("footnotes", ()))]),
        department_text=citation.get("department_text", ""),
        status=citation.get("status", ""),
        region=citation.get("region", ""),
        document=citation["document_title"],
        number=citation.get("document_number", ""),
        heading="，".join([*citation.get("path", ()), citation.get("title", "")]),
    )
