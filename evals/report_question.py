"""One question of a run as a report shows it: what was said, what should have been, who judged what.

Everything here is text and numbers; the template turns it into markup and escapes it. `pieces` are (text, mark)
pairs, so that a marked span never has to be markup before it is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from evals import report_words as words
from evals.answers import NOTICE_SIGNS, said, text_of
from evals.questions import Question
from evals.report_compare import reasons
from evals.report_records import (
    AnswerView,
    Change,
    Check,
    CitedView,
    ClaimView,
    HitView,
    Outcome,
    Piece,
    QuestionView,
    SentenceView,
    Verdict,
)
from evals.report_run import Run

if TYPE_CHECKING:
    from evals.compare import Turned

Record = Mapping[str, Any]


def question_views(
    run: Run, before: Run | None = None, turned: Mapping[str, Turned] | None = None
) -> list[QuestionView]:
    """Every question of `run`, in the order of the dataset.

    Args:
        run: the one reported.
        before: the one it is compared with.
        turned: questions that turned bad or good, by id (`evals.compare`).
    """
    turned = turned or {}
    titles = _titles(run) | (_titles(before) if before else {})
    views = []
    for record in run.outputs:
        name = str(record["id"])
        question = run.questions.get(name)
        now = _answer(run, record, question, titles)
        old = before.answers.get(name) if before else None
        earlier = _answer(before, old, question, titles) if before and old else None
        kind = question.type if question else str(run.measures.get(name, {}).get("type", ""))
        read_as = str(record.get("standalone_question", ""))
        views.append(
            QuestionView(
                id=name,
                type=kind,
                type_word=words.TYPES.get(kind, kind),
                question=record["question"],
                read_as=read_as if read_as != record["question"] else "",
                history=tuple((t.role, t.content) for t in question.history) if question else (),
                region=question.region if question else "",
                expectation=_expectation(question),
                gold=question.gold if question else (),
                gold_all=bool(question and question.gold_mode == "all"),
                now=now,
                before=earlier,
                change=_change(now, earlier, turned.get(name)),
                reasons=tuple(reasons(turned[name])) if name in turned else (),
            )
        )
    return views


def _expectation(question: Question | None) -> str:
    if question is None:
        return ""
    if question.answerable:
        return "应当回答"
    if question.why_not == "smalltalk":
        return "应当寒暄，不拒答"
    return f"应当拒答：{words.REFUSALS.get(question.why_not, question.why_not)}"


def _change(now: AnswerView, before: AnswerView | None, turned: Turned | None) -> Change:
    if before is None:
        return ""
    if turned:
        return "better" if turned.better else "worse"
    same = [s.text for s in now.sentences] == [s.text for s in before.sentences] and now.notices == before.notices
    return "same" if same else "reworded"


def _answer(run: Run, record: Record, question: Question | None, titles: Mapping[str, str]) -> AnswerView:
    measured = run.measures.get(str(record["id"]), {})
    values = measured.get("measures", {})
    unscored = measured.get("unscored", {})
    outcome, why = outcome_of(question, record, values)
    claims = _claims(run, record)
    text = text_of(record)
    reason = record.get("refusal_reason") or ""
    gold = run.gold.get(str(record["id"]), frozenset())
    return AnswerView(
        run=run.name,
        outcome=outcome,
        why=why,
        refused=words.REFUSALS.get(reason, reason) if record.get("refused") else "",
        mode=words.MODES.get(str(record.get("mode", "")), str(record.get("mode", ""))),
        degraded=str(record.get("degraded") or ""),
        sentences=tuple(
            SentenceView(
                s["text"],
                tuple(s["citations"]),
                words.SUPPORTS.get(s["support"], s["support"]),
                str(s.get("formula", "")),
                tuple(claims.get(i, ())),
            )
            for i, s in enumerate(record["sentences"])
        ),
        notices=tuple(record.get("notices", ())),
        points=tuple(
            Check(p[0], any(said(w, text) for w in p), tuple(p[1:])) for p in (question.must_say if question else ())
        ),
        taboos=_taboos(question, text, values),
        due_notices=tuple(
            Check(words.NOTICES.get(n, n), any(NOTICE_SIGNS[n].search(x) for x in record["notices"]))
            for n in (question.notices if question else ())
            if n in NOTICE_SIGNS
        ),
        cited=tuple(_cited(c, gold) for c in record["citations"]),
        hits=tuple(
            HitView(
                i,
                r["clause_id"],
                r["score"],
                titles.get(r["clause_id"]) or f"{r['text'][:24]}…",
                r["clause_id"] in gold,
            )
            for i, r in enumerate(record["retrieved"], 1)
        ),
        values=tuple(
            (words.named(n).label, v, str(unscored.get(n, "")))
            for n, v in {**values, **dict.fromkeys(set(unscored) - set(values))}.items()
            if v is not None or n in unscored
        ),
        times=stages(record.get("timings_ms", {})),
    )


def outcome_of(question: Question | None, record: Record, values: Mapping[str, Any]) -> tuple[Outcome, tuple[str, ...]]:
    """Right, incomplete or wrong by the rules of the question, and what is wrong; never by the judge.

    right: every point said and nothing that must not be said; or refused when due; wrong: the other way round on
    refusing, a wrong statement, or no point said; part: some points, or a refusal with another reason.
    """
    if question is None or not values:
        return "unscored", ()
    why = []
    if values.get("refused_wrongly") == 1:
        return "wrong", ("误拒",)
    if values.get("refused_when_due") == 0:
        return "wrong", ("该拒未拒",)
    outcome: Outcome = "right"
    if values.get("reason_right") == 0:
        outcome, why = "part", ["拒因不对"]
    share = values.get("must_say")
    if share is not None and share < 1:
        outcome = "part" if share > 0 else "wrong"
        why.append(f"要点 {round(share * len(question.must_say))}/{len(question.must_say)}")
    if values.get("must_not_say") == 0:
        outcome = "wrong"
        why.append("有误说")
    if (given := values.get("notices")) is not None and given < 1:
        why.append("缺提示")
    return outcome, tuple(why)


def _taboos(question: Question | None, text: str, values: Mapping[str, Any]) -> tuple[Check, ...]:
    """The measure decides (it sets denials aside); the text only tells which statement it was."""
    if question is None:
        return ()
    clean = values.get("must_not_say") != 0
    return tuple(Check(w, clean or not said(w, text)) for w in question.must_not_say)


def _claims(run: Run, record: Record) -> dict[int, list[ClaimView]]:
    found: dict[int, list[ClaimView]] = {}
    for row in run.verdicts.get(str(record["id"]), ()):
        judge, guard = row.get("judge") or {}, row.get("guard") or {}
        found.setdefault(int(row.get("sentence", 0)), []).append(
            ClaimView(
                str(record["id"]),
                pieces(row["claim"], [judge["span"]] if judge.get("span") else []),
                tuple(row.get("evidence", ())),
                _verdict(guard),
                _verdict(judge),
                str(judge.get("unscored") or row.get("unscored") or ""),
            )
        )
    return found


def _verdict(row: Record) -> Verdict | None:
    if row.get("label") not in ("supported", "unsupported"):
        return None
    return Verdict(row["label"] == "supported", row.get("score"), str(row.get("reason") or ""))


def pieces(text: str, spans: Iterable[Sequence[int]]) -> tuple[Piece, ...]:
    """Text cut at spans (start, end exclusive); what overlaps or lies outside is cut down."""
    found, at = [], 0
    for start, end in sorted((int(a), int(b)) for a, b in spans):
        start, end = max(start, at), min(end, len(text))
        if start >= end:
            continue
        found += [Piece(text[at:start]), Piece(text[start:end], mark=True)]
        at = end
    return tuple(p for p in (*found, Piece(text[at:])) if p.text)


def _cited(c: Record, gold: Collection[str]) -> CitedView:
    names = [f"{d['name']}{'（牵头）' if d['role'] == 'lead' else ''}" for d in c.get("departments", ())]
    status = words.STATUSES.get(c.get("status", ""), c.get("status", ""))
    place = [*c.get("path", ()), f"{c.get('label', '')}{c.get('title', '')}"]
    return CitedView(
        n=c["n"],
        clause_id=c["clause_id"],
        document=c["document_title"],
        facts=" · ".join(x for x in (status, c.get("document_number", ""), c.get("region", "")) if x),
        place=" › ".join(p for p in place if p),
        pieces=pieces(c["text"], [(q["start"], q["end"]) for q in c.get("quotes", ())]),
        departments=c.get("department_text") or "、".join(names),
        gold=c["clause_id"] in gold,
    )


def _titles(run: Run | None) -> dict[str, str]:
    """What citations of the whole run tell of clauses, short, for the lists of what was retrieved."""
    found = {}
    for record in run.outputs if run else ():
        for c in record["citations"]:
            number = re.search(r"\d+号", c.get("document_number") or "")
            document = number.group() if number else f"《{c['document_title'][:10]}…》"
            found[c["clause_id"]] = f"{document} {c.get('label', '')}{c.get('title', '')}".strip()
    return found


def clause_texts(runs: Iterable[Run]) -> dict[str, tuple[str, str]]:
    """Every clause that was retrieved or cited: id → (what it is, text)."""
    found: dict[str, tuple[str, str]] = {}
    for run in runs:
        for record in run.outputs:
            for r in record["retrieved"]:
                found.setdefault(r["clause_id"], (r["clause_id"], r["text"]))
        for record in run.outputs:
            for c in record["citations"]:
                place = " › ".join(
                    [f"《{c['document_title']}》", *c.get("path", ()), f"{c.get('label', '')}{c.get('title', '')}"]
                )
                found[c["clause_id"]] = (place.strip(" ›"), c["text"])
    return found


def stages(times: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """Time stamps since the question came, in order, as the length of each stage; the sum last."""
    stages, at = [], 0.0
    for name, stamp in sorted(times.items(), key=lambda item: item[1]):
        if name != "total":
            stages.append((words.STAGES.get(name, name), max(0.0, stamp - at)))
            at = stamp
    if "total" in times:
        stages += [(words.STAGES["rest"], times["total"] - at)] if stages and times["total"] - at >= 0.5 else []
        stages.append((words.STAGES["total"], times["total"]))
    return tuple(stages)
