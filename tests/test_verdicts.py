"""An answer's claims before a scripted judge: what is asked of it, what is kept, and what a failed grade does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from evals.judge import Judged, Unscored
from evals.verdicts import Memory, grade

CLAUSE = "对首次升规的企业给予不超过30万元奖励。"
OTHER = "新型研发机构按规定享受支持。"


class Scripted:
    """Calls a claim supported when it is one of the words it was told, and keeps what it was asked."""

    def __init__(self, supported: set[tuple[str, str]], fails_on: str = "") -> None:
        self.supported, self.fails_on = supported, fails_on
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def pin(self) -> dict[str, Any]:
        return {"method": "scripted", "version": 1}

    def judge(self, claim: str, evidence: Sequence[str]) -> Judged:
        self.asked.append((claim, tuple(evidence)))
        if claim == self.fails_on:
            raise Unscored("模型没有按时回应")
        good = any((claim, text) in self.supported for text in evidence)
        return Judged(
            label="supported" if good else "unsupported",
            score=float(good),
            reason="按剧本",
            span=None if good else (0, 2),
        )


def record(*sentences: dict[str, Any]) -> dict[str, Any]:
    citations = [
        {"n": n, "text": text, "departments": [], "department_text": "（责任单位：市科委）" if n == 2 else "", "footnotes": [],
         "document_title": "某措施", "document_number": "", "status": "in_force", "region": "上海市", "path": [], "title": ""}
        for n, text in ((1, CLAUSE), (2, OTHER))
    ]  # fmt: skip
    return {"id": "q", "standalone_question": "升规奖励多少", "sentences": list(sentences), "citations": citations}


def said(text: str, *citations: int, **more: Any) -> dict[str, Any]:
    return {"text": text, "citations": list(citations), "support": "supported", **more}


def test_each_claim_is_judged_by_what_its_sentence_cites(tmp_path: Path) -> None:
    judge = Scripted({("奖励不超过30万元；", CLAUSE), ("奖励不超过30万元；由市科委负责。", CLAUSE)})
    found = grade(record(said("奖励不超过30万元；由市科委负责。", 1)), Memory(judge, tmp_path / "judged.jsonl"))
    assert [v["claim"] for v in found.verdicts] == ["奖励不超过30万元；", "由市科委负责。"]
    assert all(v["evidence"] == [CLAUSE] for v in found.verdicts)
    assert found.measures == {"faithfulness": 0.5, "citation_recall": 1.0, "citation_precision": 1.0}
    first, second = found.verdicts
    assert first["judge"] == {"label": "supported", "score": 1.0, "reason": "按剧本", "span": None}
    assert second["judge"]["span"] == [0, 2] and second["question_id"] == "q" and second["sentence"] == 0
    assert first["guard"]["label"] == "supported" and second["guard"]["label"] == "unsupported"


def test_an_uncited_sentence_is_judged_by_all_that_is_shown_and_costs_recall(tmp_path: Path) -> None:
    judge = Scripted({("奖励不超过30万元。", CLAUSE)})
    found = grade(record(said("奖励不超过30万元。")), Memory(judge, tmp_path / "judged.jsonl"))
    assert found.verdicts[0]["evidence"] == [CLAUSE, f"{OTHER}\n（责任单位：市科委）"]
    assert found.measures == {"faithfulness": 1.0, "citation_recall": 0.0, "citation_precision": None}


def test_wences_own_words_claim_nothing(tmp_path: Path) -> None:
    judge = Scripted(set())
    own = {"text": "【上海市】", "citations": [], "support": "notice"}
    found = grade(record(own), Memory(judge, tmp_path / "judged.jsonl"))
    assert not found.verdicts and not judge.asked
    assert set(found.measures.values()) == {None} and not found.unscored


def test_a_failed_grade_is_unscored_with_its_reason_never_zero(tmp_path: Path) -> None:
    judge = Scripted({("奖励不超过30万元。", CLAUSE)}, fails_on="由市科委负责。")
    answer = record(said("奖励不超过30万元。", 1), said("由市科委负责。", 2))
    found = grade(answer, Memory(judge, tmp_path / "judged.jsonl"))
    assert set(found.measures.values()) == {None}
    assert found.unscored == dict.fromkeys(
        ("faithfulness", "citation_recall", "citation_precision"), "模型没有按时回应"
    )
    assert [v["judge"]["label"] for v in found.verdicts] == ["supported", None]
    assert found.verdicts[1]["unscored"] == "模型没有按时回应"


def test_nothing_is_judged_twice_but_failures_are_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "judged.jsonl"
    answer = record(said("奖励不超过30万元。", 1), said("由市科委负责。", 2))
    first = Scripted({("奖励不超过30万元。", CLAUSE)}, fails_on="由市科委负责。")
    grade(answer, Memory(first, path))
    with path.open("a", encoding="utf-8") as file:
        file.write('{"key": "cut sh')
    again = Scripted({("由市科委负责。", f"{OTHER}\n（责任单位：市科委）")})
    found = grade(answer, Memory(again, path))
    assert {claim for claim, _ in again.asked} == {"由市科委负责。"}
    assert found.measures["faithfulness"] == 1.0 and not found.unscored
    assert found.verdicts[0]["judge"]["span"] is None


def test_another_pin_judges_everything_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "judged.jsonl"
    answer = record(said("奖励不超过30万元。", 1))
    grade(answer, Memory(Scripted(set()), path))
    other = Scripted({("奖励不超过30万元。", CLAUSE)})
    monkeypatch.setattr(other, "pin", lambda: {"method": "scripted", "version": 2})
    assert grade(answer, Memory(other, path)).measures["faithfulness"] == 1.0


def test_a_calculation_is_one_claim_checked_as_a_sum(tmp_path: Path) -> None:
    judge = Scripted(set())
    formula = "30万元×3家＝90万元"
    good = said(f"合计：{formula}，即最多90万元。", 1, formula=formula)
    wrong = said("合计：30万元×3家＝100万元，即最多100万元。", 1, formula="30万元×3家＝100万元")
    answer = {**record(good, wrong), "standalone_question": "3家一共多少"}
    found = grade(answer, Memory(judge, tmp_path / "judged.jsonl"))
    assert not judge.asked, "a judge of wording knows nothing of sums"
    assert [v["judge"]["label"] for v in found.verdicts] == ["supported", "unsupported"]
    assert found.measures == {"faithfulness": 0.5, "citation_recall": 0.5, "citation_precision": 0.5}
