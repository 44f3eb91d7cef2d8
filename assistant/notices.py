"""Notices: what a careful officer would add to an answer. Each comes from a document's own facts or words."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from assistant.answer import Sentence
from assistant.evidence import Chosen
from assistant.when import AsOf
from index.card import is_card
from index.clause import STATUS_NAMES, Clause, Document, Status
from index.dates import say_day
from index.lineage import Lineage, name_of
from index.query import Query
from index.search import Searcher
from index.validity import CEASED, Kind, Validity, first_day
from index.words import normalise

SHOWN_PLACES = 4
"""Changed clauses that one notice names; a decision may change fifty."""
EXPIRING_DAYS = 180
"""From so many days before its end a document's end is said in every answer."""
_PILOT = re.compile(
    r"(?:在|依托|自行在)?((?:张江|临港新片区|临港|前海|河套)(?:[、和及](?:张江|临港新片区|临港|前海|河套))*)(?:深港现代服务业合作区)?(?:等地区)?(?:加快)?(?:试点|产业化|推广)"
)


def notices_for(
    chosen: Sequence[Chosen], query: Query, searcher: Searcher, today: dt.date, when: AsOf | None = None
) -> list[str]:
    """Notices in the order a person should read them: status, end, place, other places.

    Args:
        chosen: the evidence shown.
        query: the question, read.
        searcher: for the documents.
        today: the day the answer is given on.
        when: the day it is given for; None for today.
    """
    notices: list[str] = []
    documents = list(dict.fromkeys(c.clause.document_id for c in chosen))
    day = max(today, when.day if when else today).isoformat()
    if when and when.day > today:
        notices.append(f"以下按现在已知的规定推算到{_said(when)}，届时可能另有规定。")
    for c in chosen:
        notices += _of_clause(c.clause, searcher.lineage, today.isoformat(), day)
    for document in map(searcher.document, documents):
        notices += _of_document(document, searcher.lineage, today, when)
    before = searcher.lineage.ceased(when.day.isoformat()) & set(documents) if when else frozenset()
    changed = any(searcher.lineage.changes(c.clause, day) for c in chosen)
    if when and when.earlier and chosen and not before and not changed:
        notices.append("本库没有找到与此有关的已失效文件，以上不是以前的规定。")
    notices += _several(chosen, searcher, when.day if when else today)
    notices += _pilot(chosen)
    notices += _places(chosen, query, searcher)
    notices += _premise(chosen, query)
    return list(dict.fromkeys(notices))


def heading(chosen: Sequence[Chosen], searcher: Searcher, today: dt.date, when: AsOf) -> Sentence | None:
    """What has to be said before the first sentence: that it is not, or not for sure, what holds now.

    A figure that is read out before its notice has been taken for today's.
    """
    day = when.day.isoformat()
    documents = [searcher.document(i) for i in dict.fromkeys(c.clause.document_id for c in chosen)]
    standings = [(d, searcher.lineage.on(d.document_id, day)) for d in documents]
    silent = [f"《{d.title}》{_WORDS[v.kind]}" for d, v in standings if v.passed_over]
    if silent:
        return Sentence(
            f"{'，'.join(silent)}，以下引自该文件的内容不是{_then_or_now(when, today)}有效的规定。", (), "notice"
        )
    if said := _changed(chosen, searcher.lineage, day, _then_or_now(when, today)):
        return Sentence(said, (), "notice")
    holding = [(d, v) for d, v in standings if v.holds]
    if when.day == today or not holding:
        return None
    if when.day > today:
        return Sentence(f"以下按现在已知的规定推算到{_said(when)}，届时可能另有规定。", (), "notice")
    which = "" if len(holding) == len(standings) else f"引自{'、'.join(f'《{d.title}》' for d, _ in holding)}的内容"
    unsure = sum(v.kind is Kind.UNKNOWN for _, v in holding)
    said = (
        f"当时已印发的规定（{'部分文件' if unsure < len(holding) else ''}未载明有效期）" if unsure else "当时有效的规定"
    )
    return Sentence(f"以下{which}为{_said(when)}{said}。", (), "notice")


_WORDS = {
    Kind.REPEALED: "已废止", Kind.EXPIRED: "已过期", Kind.NOT_YET: "尚未施行", Kind.DRAFT: "是征求意见稿，已有正式文件",
}  # fmt: skip


def _then_or_now(when: AsOf, today: dt.date) -> str:
    return "现行" if when.day == today else "当时" if when.day < today else "届时"


def _changed(chosen: Sequence[Chosen], lineage: Lineage, day: str, now: str) -> str:
    """What changed single clauses by a day, and which wording follows; "" when nothing did."""
    told: list[str] = []
    changed = [(c.clause, lineage.changes(c.clause, day)) for c in chosen]
    for clause, effects in changed:  # what was done to which part of it is said below
        told += [
            f"{clause.address}已由{e.who}{e.word}" if e.ends else f"{clause.address}已由{e.name}修改" for e in effects
        ]
    if any(e.done == "repealed" and e.ends for _, effects in changed for e in effects):
        return f"{'；'.join(dict.fromkeys(told))}，以下引自该条的内容不是{now}有效的规定。"
    if told:
        return f"{'；'.join(dict.fromkeys(told))}，以下引自该条的是修改前的文字。"
    shown = {c.clause.clause_id for c in chosen}
    new: dict[str, list[str]] = {}
    for c in chosen:
        for e in lineage.made(c.clause, day):
            if e.ends and e.done == "replaced" and e.clause is not None and e.clause.clause_id not in shown:
                new.setdefault(e.who, []).append(e.clause.address)
    if not new:
        return ""
    told = [f"{_some(places)}已由{who}修改" for who, places in new.items()]
    return f"{'；'.join(told)}，以下引自修改决定的是修改后的文字。"


def _some(names: Sequence[str]) -> str:
    names = list(dict.fromkeys(names))
    return "、".join(names[:SHOWN_PLACES]) + (f"等{len(names)}处" if len(names) > SHOWN_PLACES else "")


def _of_clause(clause: Clause, lineage: Lineage, today: str, day: str) -> list[str]:
    """What others did to a clause by a day, and what it did to clauses of theirs that it speaks for."""
    found = []
    for e in (*lineage.changes(clause, day), *(e for e in lineage.coming(clause, today) if e.day > day)):
        part = f"的{e.below}" if e.below else ""
        done = f"{clause.address}{part}"
        done += f"将{e.since}由{e.who}{e.word}" if e.day > today else f"{e.since}已由{e.who}{e.word}"
        found.append(done + ("。" if e.word == "废止" else "，请以修改后的条文为准。"))
    for e in lineage.made(clause, day):
        if e.done == "replaced" and e.ends and e.clause is not None:
            found.append(f"{e.clause.address}{e.since}已由{e.who}修改，以上引自修改后的条文。")
    return found[: 2 * SHOWN_PLACES]


def _said(when: AsOf) -> str:
    """The time as it was put, with its year: 2024年5月, 去年（2025年）."""
    if not when.said:
        return _say(when.day)
    return when.said if when.said[:1] in "12一二" else f"{when.said}（{when.day.year}年{when.day.month}月）"


def _of_document(document: Document, lineage: Lineage, today: dt.date, when: AsOf | None) -> list[str]:
    name = f"《{document.title}》"
    now = lineage.on(document.document_id, today.isoformat())
    events = lineage.events(document.document_id)
    found: list[str] = []
    told = _then(document, lineage, now, today, when) if when and when.day != today else ""
    if told:
        found.append(told)
    if document.status == Status.DRAFT:
        said = "" if "征求意见稿" in document.title else "（征求意见稿）"
        found.append(f"{name}{said}是征求意见稿，尚未正式施行，最终以正式发布的文件为准。")
    final = [e for e in events if e.kind == "final"]
    holding = [e for e in final if lineage.on(e.by, today.isoformat()).holds]
    if finals := "、".join(e.name for e in holding or final):
        found.append(f"{name}已有正式文件{finals}，本库已收录，请以正式文件为准。")
    elif document.superseded_by and not any(e.kind == "repealed" for e in events):
        found.append(f"据公开资料，{name}已有正式文件{document.superseded_by}，本库未收录其正文，请以正式文件为准。")
    if document.status == Status.REPLY:
        found.append(f"{name}（{document.number}）是对代表建议的答复，介绍情况和数据，不是可以据以申报的政策文件。")
    if now.kind is Kind.REPEALED:
        if "废止" not in told:
            found.append(f"{name}{_ended(document, lineage, now, today)}。")
    elif now.kind is Kind.EXPIRED and not document.expires:
        found.append(f"{name}已过期。")
    for event in events:
        if lineage.places(document.document_id, event.by) and event.kind == "amended":
            continue  # said of the clauses that it changes
        if event.day > today.isoformat() and event.kind != "final":
            done = "废止" if event.kind == "repealed" else "修改"
            found.append(f"{name}将自{say_day(event.day)}起由{event.name}{done}。")
    if document.expires and now.kind is not Kind.REPEALED:
        end = dt.date.fromisoformat(document.expires)
        draft = "拟定" if document.status == Status.DRAFT else ""
        put_off = f"已由{document.extended_by}延长，" if document.extended_by else ""
        if end < today:
            found.append(f"{name}{put_off}{draft}有效期至{_say(end)}，现已届满。")
        elif (end - today).days <= EXPIRING_DAYS:
            found.append(f"{name}{put_off}{draft}有效期至{_say(end)}，即将届满。")
        else:
            found.append(f"{name}{put_off}{draft}有效期至{_say(end)}。")
    if document.effective and dt.date.fromisoformat(document.effective) > today:
        found.append(f"{name}自{_say(dt.date.fromisoformat(document.effective))}起施行，目前尚未施行。")
    return found


def _then(document: Document, lineage: Lineage, now: Validity, today: dt.date, when: AsOf) -> str:
    """How a document stood on the day asked about, and how it stands now; "" for drafts and replies."""
    name, then = f"《{document.title}》", lineage.on(document.document_id, when.day.isoformat())
    if then.holds:
        if when.day > today:
            return ""  # nobody knows what will be made until then
        rules = "当时已印发的规定（未载明有效期）" if then.kind is Kind.UNKNOWN else "当时有效的规定"
        standing = _ended(document, lineage, now, today) if now.kind in CEASED else _NOW.get(now.kind, "")
        return f"以下为{_said(when)}{rules}" + (f"；现在{name}{standing}。" if standing else "。")
    if then.kind is Kind.NOT_YET:
        return f"{name}自{say_day(first_day(document))}起才{'施行' if document.effective else '印发'}，{_said(when)}时还没有。"
    return f"{_said(when)}时{name}{_WORDS[then.kind]}。" if then.kind in CEASED else ""


_NOW = {
    Kind.IN_FORCE: "仍然有效", Kind.AMENDED: "已有修改", Kind.UNKNOWN: "未载明有效期，本库没有废止或替代它的文件",
}  # fmt: skip


def _ended(document: Document, lineage: Lineage, now: Validity, today: dt.date) -> str:
    """已于2025年6月1日废止，现行文件为《…》."""
    current = lineage.current(document.document_id, today.isoformat())
    since = f"于{say_day(now.since)}" if now.since else ""
    done = "废止" if now.kind is Kind.REPEALED else "届满"
    return f"已{since}{done}" + (f"，现行文件为{name_of(current)}" if current else "")


def _several(chosen: Sequence[Chosen], searcher: Searcher, day: dt.date) -> list[str]:
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
            f"《{d.title}》（{'，'.join(x for x in (d.number, STATUS_NAMES[_status(searcher, d, day)], d.signed) if x)}）"
            for d in documents
        )
        found.append(f"所列条款引自{len(documents)}份文件：{named}。说法不同时，请以现行有效的文件为准。")
    return found


def _status(searcher: Searcher, document: Document, day: dt.date) -> Status:
    return searcher.lineage.on(document.document_id, day.isoformat()).status(document)


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
