"""Which documents must keep silent for a question on a day, because one in force speaks or may speak in their place."""

from __future__ import annotations

import re

from index.lineage import Lineage
from index.naming import Naming
from index.query import Query

_DRAFT_SAID = re.compile(r"征求意见|草案|送审稿|讨论稿")


def withheld(query: Query, naming: Naming, lineage: Lineage, day: str) -> frozenset[str]:
    """Documents that search leaves out on a day (ISO).

    Those that ceased, have not begun, or are drafts whose final text is here; not those that the question names. A
    title alone names the text in force where an earlier one bears the same title: that one is named by its number.
    """
    passed = lineage.passed_over(day)
    if not passed:
        return passed
    documents = naming.documents
    meant: set[str] = set()
    certain = set(query.documents.certain)
    for name in certain & passed:
        document = documents[naming.place[name]]
        number = re.search(r"\d+(?=号)", document.number)
        numbered = bool(number and re.search(rf"(?<!\d){number.group(0)}\s*号?(?!\d)", query.text))
        drafted = bool(_DRAFT_SAID.search(query.text)) and not lineage.on(name, day).holds
        replaced = lineage.current(name, day)
        if numbered or drafted or replaced is None or replaced.document_id not in certain:
            meant.add(name)
    likely = set(query.documents.likely)
    if likely and (likely <= passed or _DRAFT_SAID.search(query.text)):
        meant |= likely
    return passed - meant
