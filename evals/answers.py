"""Measures of one recorded answer against its question by rules alone: pure, 20 lines each, a value or None.

An answer is the published record (`Answer.to_json()`, a line of outputs.jsonl), so that outputs are made once
and measured many times (ALCE, Gao et al. 2023: run.py, eval.py). None means the measure does not apply to
the question; such questions are left out of the mean, never counted as 0.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from assistant.quantities import Quantity, find_quantities
from evals.questions import Question, squeeze
from index.passages import sentence_spans

Record = Mapping[str, Any]
Value = float | None

NOTICE_SIGNS: dict[str, re.Pattern[str]] = {
    "draft": re.compile(r"是征求意见稿|尚未正式施行"),
    "expiry": re.compile(r"有效期至|届满|已过期|已废止"),
    "reply": re.compile(r"答复"),
    "pilot_area": re.compile(r"范围内适用"),
    "other_region": re.compile(r"另有自己的文件|没有收录.+的政策文件|不适用于"),
    "superseded": re.compile(r"已有正式文件"),
}
"""What a notice of each name (the datasets' names) must say."""
_DENIES = re.compile(r"没有写|未写明|未载明")
"""Wence's own words that something is not written; naming it there is not saying it."""
_BRACKETS = "（）()［］[]【】"


def said(needle: str, text: str) -> bool:
    """Whether `text` says `needle`, whatever the spacing, the width and the notation of figures.

    三十万元, 30万元, 300,000元 and 300000元 are one amount; 百分之三十, 30% and 三成 one share. A figure at the
    needle's edge must end there: 1200万元 does not say 200万元, 2.5% not 5%, 3-5个 not 5个.
    """
    wanted = plain(needle)
    if not wanted:
        return False
    before = r"(?<![\d.])(?<!\d[-~—–至到])" if wanted[0].isdigit() else ""
    after = r"(?![\d]|\.\d)" if wanted[-1].isdigit() else ""
    if re.search(before + re.escape(wanted) + after, plain(text)):
        return True
    return plain(in_one_notation(needle)) in plain(in_one_notation(text)) if find_quantities(needle) else False


def in_one_notation(text: str) -> str:
    """Text with every quantity written as ⟦kind value unit⟧ in its base unit; the words around stay as they are.

    >>> in_one_notation("奖励三十万元，占3成")
    '奖励⟦money 300000 元⟧，占⟦percent 30 %⟧'
    """
    pieces, end = [], 0
    for quantity in find_quantities(text):
        pieces += [text[end : quantity.start], _notation(quantity)]
        end = quantity.end
    return "".join([*pieces, text[end:]])


def _notation(quantity: Quantity) -> str:
    upper = "" if quantity.upper is None else f"~{quantity.upper:.10g}"
    return f"⟦{quantity.kind} {quantity.value:.10g}{upper} {quantity.unit}⟧"


def plain(text: str) -> str:
    """NFKC, lower case, no space, no comma inside a figure (1,000 = 1000)."""
    flat = re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).lower()
    return re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", flat)


def text_of(record: Record) -> str:
    """Sentences and notices without citation marks, set apart so that nothing is read across two of them."""
    return "|".join(_parts_of(record))


def _parts_of(record: Record) -> list[str]:
    return [*(s["text"] for s in record["sentences"]), *record["notices"]]


def must_say(question: Question, record: Record) -> Value:
    """Share of the points that are said; a point is said when any of its wordings is (recall of points, as
    ALCE's claim recall, by wording instead of by entailment). None without points."""
    text = text_of(record)
    points = [any(said(wording, text) for wording in point) for point in question.must_say]
    return sum(points) / len(points) if points else None


def complete(question: Question, record: Record) -> Value:
    """1 when every point is said. None without points."""
    share = must_say(question, record)
    return None if share is None else float(share == 1.0)


def must_not_say(question: Question, record: Record) -> Value:
    """1 when none of the wrong statements is made, denials aside. None when the question names none."""
    own = [s["text"] for s in record["sentences"] if s["support"] == "notice"] + list(record["notices"])
    denials = {text for text in own if _DENIES.search(text)}
    text = "|".join(p for p in _parts_of(record) if p not in denials)
    return float(not any(said(w, text) for w in question.must_not_say)) if question.must_not_say else None


def refused_when_due(question: Question, record: Record) -> Value:
    """Recall of refusals: 1 when a question without an answer is refused. None for the others and small talk."""
    if question.answerable or question.why_not == "smalltalk":
        return None
    return float(record["refused"])


def refused_wrongly(question: Question, record: Record) -> Value:
    """1 when a question with an answer, or small talk, is refused (false refusal; lower is better)."""
    if question.answerable or question.why_not == "smalltalk":
        return float(record["refused"])
    return None


def reason_right(question: Question, record: Record) -> Value:
    """1 when a due refusal names the right reason. None where nothing was refused or nothing was due."""
    if question.answerable or question.why_not == "smalltalk" or not record["refused"]:
        return None
    return float(record["refusal_reason"] == question.why_not)


def notices(question: Question, record: Record) -> Value:
    """Share of the notices due that are given (recall of notices). None when none is due.

    Raises:
        KeyError: a dataset names a notice that NOTICE_SIGNS does not have.
    """
    given = [any(NOTICE_SIGNS[name].search(n) for n in record["notices"]) for name in question.notices]
    return sum(given) / len(given) if given else None


def verbatim(question: Question, record: Record) -> Value:
    """Share of the sentences marked as the clauses' own words whose words do stand, sentence by sentence, in a
    clause that they cite: its text, footnotes or departments; spacing and brackets aside. None without such."""
    marked = sum(s["support"] == "verbatim" for s in record["sentences"])
    return 1 - len(altered(record)) / marked if marked else None


def altered(record: Record) -> list[str]:
    """Sentences marked as a clause's own words that are not."""
    clauses = {c["n"]: _words(c) for c in record["citations"]}
    found = []
    for sentence in record["sentences"]:
        if sentence["support"] == "verbatim":
            cited = "\n".join(clauses.get(n, "") for n in sentence["citations"])
            if not all(piece in cited for piece in _pieces(sentence["text"])):
                found.append(sentence["text"])
    return found


def _words(citation: Mapping[str, Any]) -> str:
    departments = "；".join(d["name"] for d in citation["departments"])
    notes = [note["text"] for note in citation.get("footnotes", ())]
    return "\n".join(map(_bare, [citation["text"], citation.get("department_text", ""), departments, *notes]))


def _pieces(text: str) -> list[str]:
    """A sentence as printed may join several of one clause; its closing stop may have been added."""
    return [_bare(text[s.start : s.end]).rstrip("。") for s in sentence_spans(text)]


def _bare(text: str) -> str:
    return re.sub(f"[{re.escape(_BRACKETS)}]", "", squeeze(text))


def cited(question: Question, record: Record) -> Value:
    """Share of the sentences not marked as notices that carry a citation which exists. None without such."""
    numbers = {c["n"] for c in record["citations"]}
    marks = [
        bool(s["citations"]) and numbers.issuperset(s["citations"])
        for s in record["sentences"]
        if s["support"] != "notice"
    ]
    return sum(marks) / len(marks) if marks else None


def characters(question: Question, record: Record) -> Value:
    """Characters of the answer's sentences, marks and notices not counted."""
    return float(sum(len(s["text"]) for s in record["sentences"]))


MEASURES: dict[str, Callable[[Question, Record], Value]] = {
    "must_say": must_say,
    "complete": complete,
    "must_not_say": must_not_say,
    "refused_when_due": refused_when_due,
    "refused_wrongly": refused_wrongly,
    "reason_right": reason_right,
    "notices": notices,
    "verbatim": verbatim,
    "cited": cited,
    "characters": characters,
}
"""By the name used in measures.jsonl and scores.json; headings and directions stand in evals/measures.py."""
