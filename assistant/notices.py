"""Notices: what a careful officer would add to an answer. Each comes from a document's own facts or words."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from assistant.evidence import Chosen
from index.card import is_card
from index.clause import STATUS_NAMES, Document, Status
from index.query import Query
from index.search import Searcher
from index.words import normalise

EXPIRING_DAYS = 180
"""From so many days before its end a document's end is said in every answer."""
_PILOT = re.compile(
    r"(?:在|依托|自行在)?((?:张江|临港新片区|临港|前海|河套)(?:[、和及](?:张江|临港新片区|临港|前海|河套))*)(?:深港现代服务业合作区)?(?:等地区)?(?:加快)?(?:试点|产业化|推广)"
)


def notices_for(chosen: Sequence[Chosen], query: Query, searcher: Searcher, today: dt.date) -> list[str]:
    """Notices in the order a person should read them: status, end, place, other places.

    Args:
        chosen: the evidence shown.
        query: the question, read.
        searcher: for the documents.
        today: the day the answer is given on.
    """
    notices: list[str] = []
    documents = list(dict.fromkeys(c.clause.document_id for c in chosen))
    for document in map(searcher.document, documents):
        notices += _of_document(document, today)
    notices += _several(chosen, searcher)
    notices += _pilot(chosen)
    notices += _places(chosen, query, searcher)
    notices += _premise(chosen, query)
    return list(dict.fromkeys(notices))


def _of_document(document: Document, today: dt.date) -> list[str]:
    name = f"《{document.title}》"
    found: list[str] = []
    if document.status == Status.DRAFT:
        said = "" if "征求意见稿" in document.title else "（征求意见稿）"
        found.append(f"{name}{said}是征求意见稿，尚未正式施行，最终以正式发布的文件为准。")
    if document.superseded_by:
        found.append(f"据公开资料，{name}已有正式文件{document.superseded_by}，本库未收录其正文，请以正式文件为准。")
    if document.status == Status.REPLY:
        found.append(f"{name}（{document.number}）是对代表建议的答复，介绍情况和数据，不是可以据以申报的政策文件。")
    if document.status in (Status.EXPIRED, Status.REPEALED):
        found.append(f"{name}已{'过期' if document.status == Status.EXPIRED else '废止'}。")
    if document.expires:
        end = dt.date.fromisoformat(document.expires)
        draft = "拟定" if document.status == Status.DRAFT else ""
        if end < today:
            found.append(f"{name}{draft}有效期至{_say(end)}，现已届满。")
        elif (end - today).days <= EXPIRING_DAYS:
            found.append(f"{name}{draft}有效期至{_say(end)}，即将届满。")
        else:
            found.append(f"{name}{draft}有效期至{_say(end)}。")
    if document.effective and dt.date.fromisoformat(document.effective) > today:
        found.append(f"{name}自{_say(dt.date.fromisoformat(document.effective))}起施行，目前尚未施行。")
    return found


def _several(chosen: Sequence[Chosen], searcher: Searcher) -> list[str]:
    """Several documents of one place speak: each with its standing and date, so that none is taken for another."""
    by_place: dict[str, list[str]] = {}
    for c in chosen:
        by_place.setdefault(c.clause.region, []).append(c.clause.document_id)
    found = []
    for ids in by_place.values():
        documents = [searcher.document(i) for i in dict.fromkeys(ids)]
        if len(documents) < 2:
            continue
        named = "；".join(
            f"《{d.title}》（{'，'.join(x for x in (d.number, STATUS_NAMES[d.status], d.signed) if x)}）"
            for d in documents
        )
        found.append(f"所列条款引自{len(documents)}份文件：{named}。说法不同时，请以现行有效的文件为准。")
    return found


def _say(day: dt.date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _pilot(chosen: Sequence[Chosen]) -> list[str]:
    found = []
    for c in chosen:
        for span in c.spans:
            if m := _PILOT.search(c.clause.text[span.start : span.end]):
                number = c.clause.label.rstrip(".．、")
                found.append(
                    f"第{number}条所述支持仅在{m.group(1)}范围内适用或试点，其他区域不适用。"
                    if number.isdigit()
                    else f"“{c.clause.title}”所述支持仅在{m.group(1)}范围内适用或试点。"
                )
    return found


def _places(chosen: Sequence[Chosen], query: Query, searcher: Searcher) -> list[str]:
    known = {d.region for d in searcher.documents if d.region}
    everywhere = any(d.region in ("", "全国") for d in searcher.documents)
    found = []
    for region in query.regions:
        if region not in known and not everywhere:
            found.append(f"本库没有收录{region}的政策文件，其他城市的规定不适用于{region}，请向{region}有关部门咨询。")
    shown = {c.clause.region for c in chosen if not is_card(c.clause) and c.clause.region}
    if chosen and not query.regions and not query.documents.certain and len(shown) == 1:
        only = next(iter(shown))
        others = sorted(known - shown - {"全国"})
        if others:
            found.append(f"以上是{only}的规定；{'、'.join(others)}另有自己的文件，请说明企业所在城市。")
    return found


_CONFIRMS = re.compile(r"(?:对吧|是吧|对吗|是吗|对不对|是不是|没错吧|听说|据说|不是.{2,40}[吗么吧])")
_FIGURE = re.compile(
    r"\d+(?:\.\d+)?\s*(?:万|亿|千)?\s*(?:元|%|家|年|个月|天|日)|\d+(?:\.\d+)?\s*[万亿]|[一二两三四五六七八九十]+(?:万|成)|全额"
)


def _premise(chosen: Sequence[Chosen], query: Query) -> list[str]:
    """A figure that the asker wants confirmed and that no shown sentence has."""
    if not chosen or not _CONFIRMS.search(query.text):
        return []
    shown = normalise("".join(c.clause.text[s.start : s.end] for c in chosen for s in c.spans))
    absent = [f for f in dict.fromkeys(_FIGURE.findall(query.topic)) if re.sub(r"元$|年$|\s", "", f) not in shown]
    return [f"所列条款没有写“{'、'.join(absent)}”，请以条款原文为准。"] if absent else []
