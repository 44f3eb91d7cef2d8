"""What a document says of itself, as staff need it: number, issuer, dates, standing on a given day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from index.clause import STATUS_NAMES, Document, Status
from index.dates import say_day
from index.lineage import Lineage, name_of
from index.validity import Kind, first_day, validity_of

Tone = Literal["good", "info", "plain", "care", "bad"]
"""How a standing is coloured; its words carry the meaning."""
SOON_DAYS = 180
"""An end that is nearer is said to be near."""
_TONES: dict[Status, Tone] = {
    Status.IN_FORCE: "good", Status.ISSUED: "info", Status.DRAFT: "care", Status.REPLY: "plain",
    Status.EXPIRED: "bad", Status.REPEALED: "bad", Status.UNKNOWN: "plain",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether one may rely on a document today, as far as it is known."""

    text: str
    tone: Tone
    detail: str = ""
    """Until when, from when, replaced by what; "" when nothing is stated."""


def standing(document: Document, today: dt.date, lineage: Lineage | None = None) -> Standing:
    """The standing of a document on a day.

    Args:
        document: its facts.
        today: the day.
        lineage: what other documents of the index did to it; None takes its own facts alone.

    A stated end that has passed wins over the catalog's status: a document in force until last year is 已过期.
    """
    now = today.isoformat()
    events = lineage.events(document.document_id) if lineage else ()
    valid = validity_of(document, now, events)
    status = valid.status(document)
    tone, text = _TONES[status], STATUS_NAMES[status]
    draft = document.status == Status.DRAFT
    details = []
    if draft:
        details.append("尚未正式施行")
    if valid.kind is Kind.REPEALED:
        current = lineage.current(document.document_id, now) if lineage else None
        since = f"自{say_day(valid.since)}起废止" if valid.since else "已废止"
        details.append(since + (f"，现行文件为{name_of(current)}" if current else ""))
    if document.expires and valid.kind is not Kind.REPEALED:
        end = dt.date.fromisoformat(document.expires)
        over = end < today
        near = not over and (end - today).days <= SOON_DAYS
        details.append(
            f"{'拟定' if draft else ''}{'延长后' if document.extended_by else ''}有效期至{day(document.expires)}{'，已届满' if over else '，即将届满' if near else ''}"
        )
        if near and tone == "good":
            tone = "care"
    elif document.status == Status.IN_FORCE and valid.holds:
        details.append("未载明有效期")
    if valid.kind is Kind.NOT_YET and not draft:
        text, tone = "尚未施行", "care"
        details.append(f"自{day(first_day(document))}起{'施行' if document.effective else '印发'}")
    for event in events:
        if event.kind != "final" and (event.kind == "amended" or event.day > now):
            since = f"自{say_day(event.day)}起" if event.day else ""
            details.append(f"{since}由{event.name}{'修改' if event.kind == 'amended' else '废止'}")
            tone = "care" if tone != "bad" else tone
    final = [e.name for e in events if e.kind == "final"]
    if final:
        details.append(f"已有正式文件{'、'.join(final)}，本库已收录")
    elif document.superseded_by and not any(e.kind == "repealed" for e in events):
        details.append(f"已有正式文件{document.superseded_by}，本库未收录正文")
    if final or document.superseded_by:
        tone = "care" if tone != "bad" else tone
    stated = lineage.unresolved(document.document_id) if lineage else ()
    if named := "、".join(dict.fromkeys(r.target for r in stated)):
        details.append(f"文中提到废止或修改{named}，本库未收录")
    return Standing(text, tone, "；".join(details))


def dates_of(document: Document) -> list[tuple[str, str]]:
    """(what, day) for the dates that a document or its catalog states."""
    stated = (
        ("成文日期", document.signed), ("发布日期", document.published), ("施行日期", document.effective),
        ("有效期至", document.expires), ("废止日期", document.repealed),
    )  # fmt: skip
    return [(name, day(value)) for name, value in stated if value]


def day(iso: str) -> str:
    """2025-05-17 as people write it: 2025年5月17日."""
    date = dt.date.fromisoformat(iso)
    return f"{date.year}年{date.month}月{date.day}日"
