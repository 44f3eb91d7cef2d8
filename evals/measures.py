"""Every measure by name: its heading, which way is better, what it is a share of, and whether a judge decides it.

Values of one question are numbers or None (not applicable); those that could not be graded stand beside them
with a reason (`unscored`) and are in no mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from evals.answers import MEASURES as BY_RULE
from evals.costs import costs
from evals.questions import Question
from evals.retrieval import measurable, ranks

Better = Literal["higher", "lower", "neither"]
Unit = Literal["share", "ms", "count"]


@dataclass(frozen=True, slots=True)
class About:
    """What is to be known of a measure."""

    heading: str
    better: Better = "higher"
    unit: Unit = "share"
    """share: 0 to 1."""
    judged: bool = False
    """Whether the judge decides it: withheld when the judge misses its own bar."""

    def good(self, value: float) -> bool:
        """Whether a value is as good as it can be; what a gate counts."""
        return value <= 0.0 if self.better == "lower" else value >= 1.0

    def show(self, value: float) -> str:
        """A mean as printed."""
        return f"{value:.3f}" if self.unit == "share" else f"{value:.0f}"


ABOUT: dict[str, About] = {
    "first": About("首位"),
    "top5": About("前5"),
    "top10": About("前10"),
    "mrr10": About("MRR@10"),
    "recall5": About("召回@5"),
    "recall10": About("召回@10"),
    "ndcg10": About("nDCG@10"),
    "faithfulness": About("忠实", judged=True),
    "citation_recall": About("引用召回", judged=True),
    "citation_precision": About("引用精确", judged=True),
    "must_say": About("要点"),
    "complete": About("要点全"),
    "must_not_say": About("无误说"),
    "refused_when_due": About("该拒则拒"),
    "refused_wrongly": About("误拒↓", "lower"),
    "refusal_balanced": About("拒答平衡"),
    "reason_right": About("拒因对"),
    "notices": About("提示"),
    "verbatim": About("逐字"),
    "cited": About("有出处"),
    "characters": About("字数", "neither", "count"),
    "latency_ms": About("用时ms↓", "lower", "ms"),
    "evidence_ms": About("见条款ms↓", "lower", "ms"),
    "sentence_ms": About("见首句ms↓", "lower", "ms"),
    "prompt_tokens": About("读词元↓", "lower", "count"),
    "completion_tokens": About("写词元↓", "lower", "count"),
}
"""By the name in measures.jsonl and scores.json, in the order of tables. `refusal_balanced` is of a whole set only:
the mean of `refused_when_due` and 1 − `refused_wrongly` (balanced accuracy)."""


@dataclass(frozen=True, slots=True)
class Measured:
    """All measures of one question."""

    id: str
    type: str
    split: str
    """dev | heldout | "" for a file of one's own."""
    measures: Mapping[str, float | None]
    unscored: Mapping[str, str] = field(default_factory=dict)
    """Measure → why it could not be graded."""

    def to_json(self) -> dict[str, Any]:
        """A line of measures.jsonl."""
        shown = {n: v if v is None else round(v, 6) for n, v in self.measures.items()}
        return {"id": self.id, "type": self.type, "split": self.split, "measures": shown, "unscored": {**self.unscored}}


def by_rule(question: Question, record: Mapping[str, Any], gold: Sequence[set[str]]) -> dict[str, float | None]:
    """What no judge is needed for.

    Args:
        question: with its labels.
        record: its line of outputs.jsonl.
        gold: clause ids that hold each gold quote, in the index that answered.
    """
    found: dict[str, float | None] = dict.fromkeys(n for n in ABOUT if n != "refusal_balanced")
    if measurable(question) and (
        ranked := ranks([r["clause_id"] for r in record["retrieved"]], gold, question.gold_mode)
    ):
        found |= ranked.to_json()
    return found | {name: of(question, record) for name, of in BY_RULE.items()} | costs(record)
