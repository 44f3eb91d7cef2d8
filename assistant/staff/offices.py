"""Whom to hand a caller to: the departments as the clause names them, with their role, and what it does not say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.asked import FACTS
from assistant.responsible import same_department
from index.clause import Clause
from index.words import normalise

_LABEL = re.compile(r"^(责任单位|责任部门|牵头单位|牵头部门|配合单位|配合部门|主管部门|主办单位|协办单位)[：:]")
_TAIL = re.compile(r"(?:牵头|负责|配合)$|按(?:照)?职责分工(?:负责|落实)?$")
_TOLD = ("联系电话、网址或办理地点", "申报起止时间", "申报材料", "办理流程")
"""Kinds of fact that a caller asks for next (`assistant.asked.FACTS`)."""


@dataclass(frozen=True, slots=True)
class Office:
    """One row: a role as the clause words it, and who has it."""

    role: str
    """牵头, 配合, 责任单位 …"""
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HandOver:
    """To whom, and what cannot be told."""

    offices: tuple[Office, ...]
    unsaid: tuple[str, ...]
    """Kinds of fact that no clause of the document states."""


def offices_of(clause: Clause) -> tuple[Office, ...]:
    """Rows in the order printed; () when the clause names nobody.

    A plain list of 责任单位 ranks none above another, so no row says 牵头 that the clause does not say.
    """
    inside = clause.department_text.strip().rstrip("。；;")
    if not inside:
        return ()
    inside = inside[1:-1] if inside[0] in "（([［【" else inside
    rows = []
    for part in re.split(r"[；;]", inside):
        listed = [d for d in clause.departments if d.name in part]
        label = _LABEL.match(part)
        if label:
            role = label.group(1)
        elif "牵头" in part:
            role = "牵头"
        elif any(d.role == "lead" for d in clause.departments) and all(d.role == "support" for d in listed):
            role = "配合"
        else:
            role = "按职责分工" if "分工" in part else "责任单位"
        names = tuple(d.name for d in listed) or (_TAIL.sub("", part[label.end() :] if label else part),)
        rows.append(Office(role, names))
    return tuple(rows)


def unsaid_in(document: Sequence[Clause]) -> tuple[str, ...]:
    """Kinds of fact that callers ask for next and that no clause of a document states."""
    texts = [normalise(c.text) for c in document]
    facts = {fact.name: fact.shown for fact in FACTS}
    return tuple(name for name in _TOLD if name in facts and not any(facts[name].search(text) for text in texts))


def has_office(clause: Clause, wanted: str) -> bool:
    """Whether a clause makes a department responsible, in any of the ways it is written."""
    name = same_department(wanted)
    return any(same_department(d.name) == name for d in clause.departments)


def all_offices(clauses: Iterable[Clause]) -> list[str]:
    """Departments that clauses name, those with most clauses first, each in one way of writing."""
    written: dict[str, list[str]] = {}
    for clause in clauses:
        for department in clause.departments:
            written.setdefault(same_department(department.name), []).append(department.name)
    ranked = sorted(written.values(), key=lambda names: (-len(names), names[0]))
    return [max(set(names), key=lambda n: (names.count(n), n)) for names in ranked]
