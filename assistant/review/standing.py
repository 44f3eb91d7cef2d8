"""Whether a pinned answer may still be given: every clause it cites must be there, unchanged, and in force."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from assistant.alignment import bigrams, normalise
from assistant.records import audit
from assistant.records.database import Database
from assistant.records.tables import PinRow, now
from assistant.review.pins import ACTIVE, WITHDRAWN, Pin, Source, count_up, text_hash
from index.card import is_card
from index.clause import Clause, Status
from index.lineage import name_of
from index.search import Searcher
from index.validity import Kind

LEAST_ALIKE = 0.5
"""Part of a clause's character pairs that the one now in its place has, when its number has changed too."""
SYSTEM = ""
"""Person of the audit when the program acts by itself."""


def fault(sources: Sequence[Source], searcher: Searcher, today: dt.date) -> str:
    """Why an answer that cites these may no longer be given, in Chinese; "" when it may."""
    for source in sources:
        clause = searcher.clause(source.clause_id)
        if clause is None:
            after = successor(source, searcher)
            return f"{source.address}的条文已修改" if after else f"{source.address}已不在库里"
        if text_hash(clause) != source.text_hash:
            return f"{source.address}的条文已修改"
        if reason := expired(clause.document_id, searcher, today):
            return reason
        if changes := searcher.lineage.changes(clause, today.isoformat()):
            return f"{source.address}已由{changes[0].name}{changes[0].word}"
    return ""


def expired(document_id: str, searcher: Searcher, today: dt.date) -> str:
    """Why a document no longer holds; "" when it does, as far as is known."""
    document = searcher.document(document_id)
    valid = searcher.lineage.on(document_id, today.isoformat())
    if valid.kind is Kind.REPEALED or document.status == Status.EXPIRED:
        return f"《{document.title}》已{'废止' if valid.kind is Kind.REPEALED else '过期'}"
    if valid.kind is Kind.NOT_YET:
        return f"《{document.title}》尚未施行"
    if valid.passed_over and (final := searcher.lineage.current(document_id, today.isoformat())):
        return f"《{document.title}》已有正式文件{name_of(final)}"
    if document.expires and dt.date.fromisoformat(document.expires) < today:
        return f"《{document.title}》有效期至{document.expires}，现已届满"
    return ""


def successor(source: Source, searcher: Searcher) -> Clause | None:
    """The clause that now stands where a cited one stood: by document and number, else by its words."""
    if clause := searcher.clause(source.clause_id):
        return clause
    pairs = frozenset(bigrams(normalise(source.text).text))
    best: tuple[float, Clause] | None = None
    for clause in searcher.clauses:
        if clause.document_id != source.document_id or is_card(clause):
            continue
        alike = len(pairs & bigrams(normalise(clause.text).text)) / max(1, len(pairs))
        alike += clause.address == source.address
        if alike >= LEAST_ALIKE and (best is None or alike > best[0]):
            best = (alike, clause)
    return best[1] if best else None


def withdraw(database: Database, pin: Pin, reason: str, searcher: Searcher) -> bool:
    """Take an answer back, with what was and what is now; False when somebody changed it meanwhile."""
    with database.write() as session:
        row = session.get(PinRow, pin.id, with_for_update=True)
        if row is None or row.state != ACTIVE or row.version != pin.version:
            return False
        row.state, row.why, row.version = WITHDRAWN, f"{now():%Y-%m-%d} 自动撤回：{reason}", row.version + 1
        after = {s.clause_id: successor(s, searcher) for s in pin.sources}
        count_up(database, session)
        audit.note(
            session, SYSTEM, "pin.withdraw", pin.id, reason=reason, question=pin.question,
            before={s.clause_id: s.text for s in pin.sources},
            after={i: clause.text if clause else None for i, clause in after.items()},
        )  # fmt: skip
    return True
