"""Small run folders as `wence eval run` leaves them, for tests of what shows runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evals.intervals import estimate
from evals.measures import by_rule
from evals.questions import load_questions

XSS = '<script>window.hacked=1</script><img src=x onerror="window.hacked=2">'
CLAUSE = f"对首台套产品给予不超过合同金额的 30%、最高不超过 2000 万元支持。{XSS}另行公布申报办法。"
OTHER = "对首次升规的企业给予一次性奖励。"
PIN = {"method": "rules", "version": "1"}
FIGURES = {
    "n": 128, "balanced_accuracy": 0.96, "brier": 0.03,
    "kinds": {"supported": {}, "unsupported": {"cap": {"right": 9, "n": 10}, "own_kind": {"right": 52, "n": 54}}},
    "bins": [
        {"low": 0.0, "high": 0.2, "n": 60, "mean_score": 0.05, "supported": 0.02},
        {"low": 0.8, "high": 1.0, "n": 68, "mean_score": 0.95, "supported": 0.93},
    ],
}  # fmt: skip
JUDGE = {
    "pin": PIN, "pin_sha256": "aa11", "bar": 0.9, "meets_bar": True, "withheld": "", "unscored": 0, "labelled": {},
    "rates": {"kept": 62, "supported": 64, "caught": 61, "unsupported": 64, "tpr": 0.9688, "tnr": 0.9531},
    "figures": FIGURES,
}  # fmt: skip
QUESTIONS = (
    ("q1", "amount", f"首台套最高补多少 {XSS}", None, [["2000万元"], ["不超过", "最高"]]),
    ("q2", "amount", "首台套补几成", None, [["30%"]]),
    ("q3", "list", "升规有什么支持", None, [["一次性奖励"]]),
    ("q4", "unanswerable", "首台套截止到几号", "no_evidence", []),
    ("q5", "unanswerable", "升规电话多少", "no_evidence", []),
    ("q6", "smalltalk", "你好", "smalltalk", []),
)
"""(id, type, question, why not, points)."""


def make_run(
    folder: Path, *, careless: bool = False, judge: Mapping[str, Any] | None = JUDGE, header: Mapping[str, Any] | None = None,
    copies: int = 1,
) -> Path:  # fmt: skip
    """A scored run of six questions.

    Args:
        folder: is made.
        careless: the writer drops 不超过 and 最高, and answers one question that it should refuse.
        judge: what judge.json holds; None leaves verdicts.jsonl and judge.json out.
        header: other values for the header.
        copies: how many times the six questions are asked.
    """
    folder.mkdir(parents=True)
    numbered = [(f"{n}-{q[0]}" if copies > 1 else q[0], *q[1:]) for n in range(copies) for q in QUESTIONS]
    questions = [_question(*q) for q in numbered]
    outputs = [_output(q, careless) for q in questions]
    lines(folder / "questions.jsonl", questions)
    lines(folder / "outputs.jsonl", outputs)
    gold = {q["id"]: [["doc:a"]] if q["gold"] else [] for q in questions}
    write(folder / "gold.json", gold)
    verdicts = [v for o in outputs for v in _verdicts(o)]
    measured = []
    for question, output in zip(load_questions(folder / "questions.jsonl"), outputs, strict=True):
        own = [v["judge"]["label"] == "supported" for v in verdicts if v["question_id"] == question.id]
        values = by_rule(question, output, [set(ids) for ids in gold[question.id]])
        if judge:
            values |= {"faithfulness": sum(own) / len(own) if own else None}
        measured.append({"id": question.id, "type": question.type, "split": "", "measures": values, "unscored": {}})
    measured[-1]["unscored"] = {"citation_recall": "模型的回复不是规定的格式"}
    lines(folder / "measures.jsonl", measured)
    top = {
        "dataset": "own.jsonl", "dataset_sha256": "d1", "questions_sha256": "q1", "git": "abc123", "machine": "Linux, 2 CPU",
        "today": "2026-11-21", "started": "2026-11-21T06:00:00Z", "settings": {"llm": "none"}, "judge": PIN,
        "judge_sha256": "aa11", **(header or {}),
    }  # fmt: skip
    write(folder / "header.json", top)
    if judge:
        lines(folder / "verdicts.jsonl", verdicts)
        write(folder / "judge.json", judge)
    withheld = str(judge["withheld"]) if judge else ""
    real = {"value": 0.93, "low": 0.71, "high": 1.0, "n": len(verdicts)} if judge and not withheld else None
    write(folder / "scores.json", {
        "header": top, "withheld": withheld, "corrected": {"faithfulness": real}, "scores": _scores(measured, withheld),
        "unscored": {"citation_recall": {"模型的回复不是规定的格式": 1}},
    })  # fmt: skip
    return folder


def _question(name: str, kind: str, text: str, why_not: str | None, points: Sequence[Sequence[str]]) -> dict[str, Any]:
    gold = [{"document": "doc", "quote": "最高不超过 2000 万元支持"}] if kind == "amount" else []
    return {
        "id": name, "question": text, "history": [], "region": None, "type": kind, "answerable": why_not is None,
        "why_not": why_not, "gold": gold, "gold_mode": "any", "must_say": [list(p) for p in points],
        "must_not_say": ["200万元"] if kind == "amount" else [], "notices": [], "note": "",
    }  # fmt: skip


def _output(question: Mapping[str, Any], careless: bool) -> dict[str, Any]:
    """The answer of a small product."""
    text = "对首台套产品给予不超过合同金额的 30%、最高不超过 2000 万元支持。"
    said = "对首台套产品给予合同金额的 30%、2000 万元支持。" if careless else text
    refused = question["why_not"] == "no_evidence" and not (careless and question["id"].endswith("q5"))
    number = 2 if question["type"] == "list" else 1
    sentences = [{"text": OTHER if number == 2 else said, "citations": [number], "support": "verbatim"}]
    if refused:
        sentences = [{"text": "文件没有写明。", "citations": [], "support": "notice"}]
    if question["why_not"] == "smalltalk":
        sentences = [{"text": "您好。", "citations": [], "support": "notice"}]
    cited = {1: ("doc:a", CLAUSE, f"首台套{XSS}"), 2: ("doc:b", OTHER, "升规")}
    used = sorted({n for s in sentences for n in s["citations"]})
    return {
        "id": question["id"], "question": question["question"], "standalone_question": question["question"],
        "sentences": sentences, "notices": [], "refused": refused,
        "answer": "\n".join(s["text"] + "".join(f"[{n}]" for n in s["citations"]) for s in sentences),
        "refusal_reason": "no_evidence" if refused else None, "mode": "llm" if careless else "verbatim", "model": "",
        "citations": [
            {
                "n": n, "clause_id": cited[n][0], "document_title": "若干措施", "document_number": "沪科〔2025〕11号",
                "status": "issued", "label": f"{n}.", "title": cited[n][2], "path": ["二、任务"], "text": cited[n][1],
                "departments": [{"name": "市科委", "role": "lead"}], "department_text": "（责任单位：市科委）",
                "quote": {"start": 0, "end": 36}, "quotes": [{"start": 0, "end": 36}], "region": "上海市", "footnotes": [],
            }
            for n in used
        ],
        "retrieved": [{"clause_id": i, "score": 9.5 - k, "text": t} for k, (i, t, _) in enumerate(cited.values())],
        "timings_ms": {"encode": 8.0, "search": 14.5, "evidence": 30.1, "total": 31.0 + 5 * len(question["id"])},
    }  # fmt: skip


def _verdicts(output: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The judge misses a dropped cap, the guard does not: a disagreement."""
    found = []
    for index, sentence in enumerate(output["sentences"]):
        if sentence["support"] == "notice":
            continue
        capped = "30%" not in sentence["text"] or "不超过" in sentence["text"]
        guard = {"label": "supported" if capped else "unsupported", "score": 0.9 if capped else 0.1, "reason": "" if capped else f"上限说成了确定的数额{XSS}"}  # fmt: skip
        judge = {"label": "supported", "score": 0.8, "reason": f"条款有相同说法{XSS}", "span": [0, 3]}
        found.append({
            "question_id": output["id"], "sentence": index, "claim": sentence["text"], "evidence": [CLAUSE],
            "support": sentence["support"], "judge": judge, "guard": guard,
        })  # fmt: skip
    return found


def _scores(measured: Sequence[Mapping[str, Any]], withheld: str) -> dict[str, dict[str, Any]]:
    groups: dict[str, list[Mapping[str, Any]]] = {"全部": list(measured)}
    for row in measured:
        groups.setdefault(row["type"], []).append(row)
    names = [n for n in measured[0]["measures"] if not (withheld and n == "faithfulness")]
    found: dict[str, dict[str, Any]] = {}
    for kind, rows in groups.items():
        means = {n: estimate([v for r in rows if (v := r["measures"].get(n)) is not None]) for n in names}
        found[kind] = {n: e.to_json() for n, e in means.items() if e}
    return found


def write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def lines(path: Path, rows: Sequence[Any]) -> None:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
