"""The document card: a document's own facts as one citable record, so that “who issued it, is it in force”
is answered with something shown. Facts come from the text and the catalog; what is not stated says so.
"""

from __future__ import annotations

from index.clause import STATUS_NAMES, Clause, Document, Source, Status

CARD_LABEL = "文件信息"


def card_of(document: Document) -> Clause:
    """The card of a document: one fact a line."""
    draft = document.status == Status.DRAFT
    lines = [
        f"文件名称：{document.title}。",
        f"文号：{document.number or '正文未载明'}。",
        f"发文机关：{document.issuer or '正文未载明'}。",
        f"适用地区：{document.region or '正文未载明'}。",
        f"文件状态：{STATUS_NAMES[document.status]}{'，尚未正式施行' if draft else ''}。",
        f"成文日期：{_day(document.signed) or '正文未载明'}。",
    ]
    if document.published:
        lines.append(f"发布日期：{_day(document.published)}。")
    lines.append(f"施行日期和有效期：{document.validity_text.rstrip('。') or '正文未载明施行日期和有效期'}。")
    if document.superseded_by:
        lines.append(f"正式文件：据公开答复，已以{document.superseded_by}印发，本库未收录其正文。")
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


def _day(iso: str) -> str:
    """2025-05-17 as people write it: 2025年5月17日."""
    year, _, rest = iso.partition("-")
    month, _, day = rest.partition("-")
    return f"{year}年{int(month)}月{int(day)}日" if day else iso


def is_card(clause: Clause) -> bool:
    """Whether a clause is a document card and not a clause of the text."""
    return clause.label == CARD_LABEL and clause.ordinal == -1
