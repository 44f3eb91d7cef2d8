"""The guard: does the cited text support this sentence? Rules for what can be named, a small score for the rest.

    sentence + evidence → case → checks (figures, names, force) → alignment → score → verdict

A finding of any check makes the sentence unsupported; so does a score below the threshold, and so does a check
that cannot run. Knows nothing of models, search or the user; about 2 ms a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assistant.additions import check_groups, new_claims, new_things
from assistant.alignment import explain
from assistant.denial import check_negation
from assistant.figures import check_figures, check_relation
from assistant.names import check_documents, check_entities, check_status
from assistant.omissions import check_goal, check_recipient
from assistant.places import check_places
from assistant.responsible import check_departments
from assistant.scoring import check_subject, load_weights, mask, score_of
from assistant.slots import check_condition, check_modality, check_scope
from assistant.verdict import Case, Evidence, Finding, Ground, Verdict, prepare

CHECKS: tuple[Callable[[Case], list[Finding]], ...] = (
    check_figures, check_relation, check_condition, check_scope, check_modality, check_negation,
    check_departments, check_places, check_status, check_documents, check_entities, check_subject,
    check_goal, check_recipient, check_groups,
)  # fmt: skip


def check(sentence: str, evidence: Sequence[Evidence | str]) -> Verdict:
    """Whether the evidence supports the whole sentence.

    Args:
        sentence: one sentence of an answer, without citation marks.
        evidence: the cited texts; plain strings work, but then nothing is known of document and status.

    Returns:
        Verdict with every finding, most telling first. Empty evidence or an empty sentence is unsupported.
    """
    known = tuple(e if isinstance(e, Evidence) else Evidence(e) for e in evidence)
    if not sentence.strip() or not any(e.text.strip() for e in known):
        return Verdict(False, 0.0, (), "没有句子或没有依据，无法核对")
    try:
        return _check(sentence, prepare(known))
    except Exception as error:  # noqa: BLE001 - whatever breaks in here, the sentence must not be shown
        finding = Finding(
            "alignment", sentence, f"核对没有完成（{type(error).__name__}），按不支持处理", 0, len(sentence)
        )
        return Verdict(False, 0.0, (finding,), finding.message)


def _check(sentence: str, ground: Ground) -> Verdict:
    case = Case.of(sentence, ground)
    if case.quoted is not None and not check_status(case):
        return Verdict(True, 1.0, (), "与条款原文一致")
    findings = [finding for run in CHECKS for finding in run(case)]
    level = explain(case.claim, mask(case), ground.vocabulary)
    findings = findings or new_things(case, level)
    score, threshold = score_of(case, level), load_weights().threshold
    if score < threshold and not findings:
        findings += new_claims(case, level)
    if findings:
        score = min(score, threshold / 2)
        return Verdict(
            False, round(score, 4), tuple(findings), "；".join(dict.fromkeys(f.message for f in findings[:3]))
        )
    return Verdict(True, round(score, 4), (), "句中各项都有条款依据")


__all__ = ["CHECKS", "Evidence", "Finding", "Verdict", "check"]
