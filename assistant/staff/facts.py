"""What a document says of itself, as staff need it: number, issuer, dates, standing on a given day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from index.clause import STATUS_NAMES, Document, Status

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


def standing(document: Document, today: dt.date) -> Standing:
    """The standing of a document on a day.

    A stated end that has passed wins over the catalog's status: a document in force until last year is 已过期.
    """
    tone, text = _TONES[document.status], STATUS_NAMES[document.status]
    draft = document.status == Status.DRAFT
    details = []
    if draft:
        details.append("尚未正式施行")
    if document.expires:
        end = dt.date.fromisoformat(document.expires)
        over = end < today
        near = not over and (end - today).days <= SOON_DAYS
        details.append(
            f"{'拟定' if draft else ''}有效期至{day(document.expires)}{'，已届满' if over else '，即将届满' if near else ''}"
        )
        if over and document.status in (Status.IN_FORCE, Status.ISSUED, Status.UNKNOWN):
            text, tone = STATUS_NAMES[Status.EXPIRED], "bad"
        elif near and tone == "good":
            tone = "care"
    elif document.status == Status.IN_FORCE:
        details.append("未载明有效期")
    if document.effective and dt.date.fromisoformat(document.effective) > today and not draft:
        text, tone = "尚未施行", "care"
        details.append(f"自{day(document.effective)}起施行")
    if document.superseded_by:
        details.append(f"已有正式文件{document.superseded_by}，本库未收录正文")
        tone = "care" if tone != "bad" else tone
    return Standing(text, tone, "；".join(details))


def dates_of(document: Document) -> list[tuple[str, str]]:
    """(what, day) for the dates that a document or its catalog states."""
    stated = (
        ("成文日期", document.signed), ("发布日期", document.published), ("施行日期", document.effective),
        ("有效期至", document.expires),
    )  # fmt: skip
    return [(name, day(value)) for name, value in stated if value]


def day(iso: str) -> str:
    """2025-05-17 as people write it: 2025年5月17日."""
    date = dt.date.fromisoformat(iso)
    return f"{date.year}年{date.month}月{date.day}日"
