"""How staff name a clause: in writing, to be pasted with its words, and aloud at the end of a script."""

from __future__ import annotations

import re

from assistant.staff.spoken import digits, spoken
from index.clause import Clause
from index.markers import Family, find_marker
from index.numerals import chinese_ordinal

_BRACKETED = re.compile(r"[（(]\s*(.+?)\s*[）)]")


def place_of(clause: Clause) -> str:
    """Where a clause stands, as a letter says it: 第8条, 第（六）项, “三、保障措施”第（一）项第二段; "" for a preamble."""
    marker = find_marker(clause.label + " ") if clause.label else None
    if marker is None:
        where = clause.label
    elif marker.family in (Family.COMMA, Family.CHAPTER, Family.PART, Family.SECTION):
        where = clause.label if clause.label.startswith("第") else f"第{chinese_ordinal(marker.number)}部分"
    elif m := _BRACKETED.match(clause.label):
        above = [h for h in clause.path if not h.startswith(clause.label)]
        where = (f"“{above[-1]}”" if above else "") + f"第（{m.group(1)}）项"
    elif clause.label.startswith("第"):
        where = clause.label
    else:
        where = f"第{marker.number}条"
    return where + (f"第{chinese_ordinal(clause.paragraph)}段" if clause.paragraph else "")


def name_of(clause: Clause) -> str:
    """《标题》（文号）第8条."""
    number = f"（{clause.document_number}）" if clause.document_number else ""
    return f"《{clause.document_title}》{number}{place_of(clause)}"


def quote_of(clause: Clause) -> str:
    """What is pasted into a letter or a ticket: 《标题》（文号）第8条：原文."""
    return f"{name_of(clause)}：{clause.text}"


def spoken_name(clause: Clause) -> str:
    """The clause as it is named on the phone: 上海市……实施意见，四零九号文，第八条."""
    parts = [spoken(clause.document_title)]
    if m := re.search(r"(\d+)号", clause.document_number):
        parts.append(f"{digits(m.group(1)) if len(m.group(1)) > 2 else spoken(m.group(1))}号文")
    if where := place_of(clause):
        parts.append(spoken(re.sub(r"第(\d+)条", lambda m: f"第{chinese_ordinal(int(m.group(1)))}条", where)))
    return "，".join(parts)
