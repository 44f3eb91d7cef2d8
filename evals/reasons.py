"""Why a measure of one answer is what it is: one Chinese line for a person who looks at a changed question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evals.answers import NOTICE_SIGNS, altered, said, text_of
from evals.measures import ABOUT
from evals.questions import Question

Record = Mapping[str, Any]
_RANKED = ("first", "top5", "top10", "mrr10", "recall5", "recall10", "ndcg10")


def reason(
    name: str, value: float | None, question: Question, record: Record, gold: Sequence[set[str]],
    verdicts: Sequence[Record],
) -> str:  # fmt: skip
    """One line.

    Args:
        name: of the measure.
        value: its value; None where it does not apply or could not be graded.
        question: with its labels.
        record: the answer.
        gold: clause ids that hold each gold quote.
        verdicts: lines of verdicts.jsonl of this question.
    """
    if value is None:
        return "不适用或未评分"
    if name in _RANKED:
        return _rank(record, gold)
    if ABOUT[name].judged:
        return _objection(verdicts)
    words = {
        "must_say": _missing_points, "complete": _missing_points, "must_not_say": _wrong_statements,
        "refused_when_due": _refusal, "refused_wrongly": _refusal, "reason_right": _refusal,
        "notices": _missing_notices, "verbatim": _altered,
    }  # fmt: skip
    return words[name](question, record) if name in words else ABOUT[name].show(value)


def _rank(record: Record, gold: Sequence[set[str]]) -> str:
    ids = [r["clause_id"] for r in record["retrieved"]]
    ranks = [next((str(i) for i, c in enumerate(ids, 1) if c in g), "") for g in gold]
    return "标准条款排在第 " + "、".join(r or f"{len(ids)} 名以外" for r in ranks)


def _objection(verdicts: Sequence[Record]) -> str:
    for verdict in verdicts:
        if verdict["judge"]["label"] == "unsupported":
            return f"“{verdict['claim']}”：{verdict['judge']['reason']}"
    return f"{len(verdicts)} 条论断都有依据"


def _missing_points(question: Question, record: Record) -> str:
    text = text_of(record)
    missing = [point[0] for point in question.must_say if not any(said(wording, text) for wording in point)]
    return f"缺要点：{'、'.join(missing)}" if missing else "要点齐全"


def _wrong_statements(question: Question, record: Record) -> str:
    text = text_of(record)
    made = [wrong for wrong in question.must_not_say if said(wrong, text)]
    return f"误说：{'、'.join(made)}" if made else "没有误说"


def _altered(question: Question, record: Record) -> str:
    changed = altered(record)
    return f"标为原文而不是原文：{changed[0]}" if changed else "标为原文的都是原文"


def _refusal(question: Question, record: Record) -> str:
    return f"拒答（{record['refusal_reason']}）" if record["refused"] else "作了回答"


def _missing_notices(question: Question, record: Record) -> str:
    missing = [n for n in question.notices if not any(NOTICE_SIGNS[n].search(given) for given in record["notices"])]
    return f"缺提示：{'、'.join(missing)}" if missing else "提示齐全"
