"""The document card: a document's own facts as one citable record, so that “who issued it, is it in force”
is answered with something shown. Facts come from the text and the catalog; what is not stated says so.
"""

from __future__ import annotations

from collections.abc import Sequence

from index.clause import STATUS_NAMES, Clause, Document, Source, Status
from index.dates import say_day
from index.lineage import Lineage
from index.validity import Event

CARD_LABEL = "文件信息"
_SPOKEN_OF = (("废止或替代的文件", ("repeals", "replaces")), ("修改的文件", ("amends",)))


def card_of(document: Document, events: Sequence[Event] = ()) -> Clause:
    """The card of a document: one fact a line, none of which depends on the day it is read.

    Args:
        document: its own facts.
        events: what other documents of the index did to it.
    """
    lines = [
        f"文件名称：{document.title}。",
        f"文号：{document.number or '正文未载明'}。",
        f"发文机关：{document.issuer or '正文未载明'}。",
        f"适用地区：{document.region or '正文未载明'}。",
        f"文件状态：{_status(document, events)}。",
        f"成文日期：{say_day(document.signed) or '正文未载明'}。",
    ]
    if document.published:
        lines.append(f"发布日期：{say_day(document.published)}。")
    lines.append(f"施行日期和有效期：{document.validity_text.rstrip('。') or '正文未载明施行日期和有效期'}。")
    finals = [e.name for e in events if e.kind == "final"]
    if finals:
        lines.append(f"正式文件：{'、'.join(finals)}，本库已收录。")
    elif document.superseded_by and not any(e.kind == "repealed" for e in events):
        lines.append(f"正式文件：据公开答复，已以{document.superseded_by}印发，本库未收录其正文。")
    if amended := [_said(e, "修改") for e in events if e.kind == "amended"]:
        lines.append(f"修改情况：{'；'.join(amended)}。")
    for name, kinds in _SPOKEN_OF:
        if targets := [r.target for r in document.relations if r.kind in kinds]:
            lines.append(f"{name}：{'、'.join(targets)}。")
    return Clause(
        clause_id=f"{document.document_id}:card",
        document_id=document.document_id,
        document_title=document.title,
        document_number=document.number,
        issuer=document.issuer,
        region=document.region,
        status=document.status,
        path=(),
        label=CARD_LABEL,
        title=CARD_LABEL,
        text="\n".join(lines),
        departments=(),
        department_text="",
        source=Source(document.file, 0, 0),
        ordinal=-1,
    )


def renew_cards(members: Sequence[tuple[Document, list[Clause]]]) -> None:
    """Write the cards of all documents of an index anew, in place: what one of them says may end another."""
    lineage = Lineage([document for document, _ in members])
    for document, clauses in members:
        card = card_of(document, lineage.events(document.document_id))
        clauses[:] = [card if is_card(clause) else clause for clause in clauses]


def _status(document: Document, events: Sequence[Event]) -> str:
    repeals = [_said(e, "废止") for e in events if e.kind == "repealed"]
    if repeals and document.status != Status.DRAFT:
        return "；".join(repeals)
    if document.repealed:
        return f"自{say_day(document.repealed)}起废止"
    return STATUS_NAMES[document.status] + ("，尚未正式施行" if document.status == Status.DRAFT else "")


def _said(event: Event, done: str) -> str:
    since = f"自{say_day(event.day)}起" if event.day else "已"
    return f"{since}由{event.name}{done}"


def is_card(clause: Clause) -> bool:
    """Whether a clause is a document card and not a clause of the text."""
    return clause.label == CARD_LABEL and clause.ordinal == -1
