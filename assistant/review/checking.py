"""The guard at an editor's answer: the same check as a model's sentences get, and nobody can overrule it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.answer import Citation
from assistant.quantities import find_quantities
from assistant.review.pins import Line
from assistant.review.standing import expired
from assistant.vetting import Vetter
from assistant.writer import Draft
from index.search import Searcher

MOST_LINES = 20
MOST_CHARS = 400
"""Of one sentence."""
CHECKS = {
    "figure": "数字", "unit": "单位", "cap": "上下限", "date": "日期", "condition": "条件", "scope": "范围", "modality": "语气",
    "negation": "否定", "department": "部门", "region": "地区", "status": "文件效力", "document": "文件名称", "entity": "名称",
    "relation": "对应关系", "added": "条款没有的内容", "alignment": "对不上条款", "form": "句子形式", "citation": "引用",
}  # fmt: skip
"""Check of the guard → what an editor reads."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why one sentence may not be given."""

    line: int
    """From 1."""
    check: str
    words: str
    """Of the sentence; "" when something is missing from it."""
    message: str
    start: int = 0
    end: int = 0
    """Where the words stand in the sentence."""

    def __str__(self) -> str:
        name = CHECKS.get(self.check, self.check)
        where = f"“{self.words}”（第 {self.start + 1} 至 {self.end} 字）" if self.words else "整句"
        return f"第 {self.line} 句 {name}：{where}，{self.message}"


def check_lines(lines: Sequence[Line], searcher: Searcher, today: dt.date) -> tuple[list[Line], list[Fault]]:
    """Sentences as they would be shown, each with the clauses that support it, and what is wrong with the others.

    A sentence needs a cited clause that supports all of it. A clause that is cited beside it and does not is refused
    too: a reader who opens it would look in vain.
    """
    kept: list[Line] = []
    faults: list[Fault] = []
    for number, line in enumerate(lines, 1):
        found, own = _read(number, line, searcher, today)
        if not found and any(line.text == other.text for other in kept):
            found = [Fault(number, "form", "", "与前面的一句重复")]
        faults += found
        if not found:
            kept.append(Line(line.text, line.clauses, "verbatim" if own else "supported"))
    return kept, faults or _lost_caps(kept, searcher)


def _lost_caps(lines: Sequence[Line], searcher: Searcher) -> list[Fault]:
    """A share given without the cap that stands beside it in the clause: 30%, and not 最高不超过2000万元."""
    said = {(q.key, q.value) for line in lines for q in find_quantities(line.text)}
    found = []
    for number, line in enumerate(lines, 1):
        given = {(q.key, q.value) for q in find_quantities(line.text) if q.kind in ("money", "percent")}
        for clause in filter(None, map(searcher.clause, line.clauses)):
            for sentence in re.split(r"[。；;！？\n]", clause.text):
                amounts = [q for q in find_quantities(sentence) if q.kind in ("money", "percent")]
                if not given & {(q.key, q.value) for q in amounts}:
                    continue
                for q in amounts:
                    if q.bound == "at_most" and (q.key, q.value) not in said:
                        cap = sentence[q.outer[0] : q.outer[1]].strip()
                        found.append(Fault(number, "cap", "", f"漏了同一句里的“{cap}”（{clause.address}）"))
    return list(dict.fromkeys(found))


def _read(number: int, line: Line, searcher: Searcher, today: dt.date) -> tuple[list[Fault], bool]:
    """What is wrong with a sentence, and whether it is a clause's own."""
    if fault := _form(number, line):
        return [fault], False
    found: list[Fault] = []
    own = False
    for clause_id in line.clauses:
        clause = searcher.clause(clause_id)
        if clause is None:
            return [Fault(number, "citation", "", f"没有条款 {clause_id}；请重新选择条款")], False
        if reason := expired(clause.document_id, searcher, today):
            return [Fault(number, "citation", "", f"{reason}，不能再引用")], False
        # No quotes of the clause: a failing sentence must be told, never replaced by one of its sentences.
        vetter = Vetter([Citation(1, clause, ())])
        if shown := vetter.vet(Draft(line.text, (1,))):
            own = own or shown.support == "verbatim"
            continue
        said = vetter.log[-1]
        where = f"（{clause.address}）"
        for f in said.findings:
            found.append(Fault(number, f["check"], f["words"], f["message"] + where, f["start"], f["end"]))
        if not said.findings:
            found.append(Fault(number, "form", "", said.reason + where))
    return found, own


def _form(number: int, line: Line) -> Fault | None:
    if not line.clauses:
        return Fault(number, "citation", "", "没有引用条款；每句话至少引用一条")
    if len(line.text) > MOST_CHARS:
        return Fault(number, "form", "", f"有 {len(line.text)} 字，最多 {MOST_CHARS} 字；请分成几句")
    if "\n" in line.text or line.text != line.text.strip():
        return Fault(number, "form", "", "句子里不能换行，首尾不能有空格")
    return None
