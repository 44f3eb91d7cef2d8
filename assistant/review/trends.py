"""How asking and answering develop: questions a day, topics, refusals, ratings, time, by site, city and days."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select

from assistant.records.database import Database
from assistant.records.tables import AnswerRow, RatingRow
from index.regions import mentioned_regions
from index.search import Searcher

ALL = ""
LOCAL = dt.timezone(dt.timedelta(hours=8))
"""Days are counted as they are in China; the store keeps UTC."""
TOPICS = 12
"""Shown; the rest is one more row."""
COLUMNS = ("日期", "提问", "未答", "拒答率", "核定答案", "满意", "不满意", "一半在多少毫秒内", "95%在多少毫秒内")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which answers to look at."""

    first: dt.date
    last: dt.date
    """Both days belong to it."""
    site: str | None = None
    """None for all, "" for those of no site."""
    city: str = ALL
    """Named in the question, or the asker's; "" for all."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day."""

    day: dt.date
    asked: int
    refused: int
    pinned: int
    up: int
    down: int
    p50: float
    """Milliseconds to the whole answer; 0 without any."""
    p95: float

    @property
    def refusal_rate(self) -> float:
        """0..1; 0 on a day without questions."""
        return self.refused / self.asked if self.asked else 0.0


@dataclass(frozen=True, slots=True)
class Topic:
    """What was asked about: the document and heading of the first clause that an answer cites."""

    name: str
    asked: int
    down: int


@dataclass(frozen=True, slots=True)
class Trends:
    """Everything over one range."""

    days: tuple[Day, ...]
    topics: tuple[Topic, ...]
    total: Day
    """All days as one; its `day` is the first."""


@dataclass(frozen=True, slots=True)
class _Answered:
    day: dt.date
    refused: bool
    pin: bool
    ms: float
    topic: str
    ratings: tuple[str, ...]


def trends(database: Database, searcher: Searcher, wanted: Wanted) -> Trends:
    """Count one range.

    Raises:
        StorageError: the store cannot be read.
    """
    answered = _read(database, searcher, wanted)
    span = (wanted.last - wanted.first).days + 1
    days = [wanted.first + dt.timedelta(days=i) for i in range(max(0, span))]
    by_day: dict[dt.date, list[_Answered]] = {day: [] for day in days}
    for a in answered:
        by_day.setdefault(a.day, []).append(a)
    topics = Counter(a.topic for a in answered if a.topic)
    down = Counter(a.topic for a in answered if "down" in a.ratings)
    named = [Topic(name, n, down[name]) for name, n in topics.most_common(TOPICS)]
    if rest := sum(topics.values()) - sum(t.asked for t in named):
        named.append(Topic("其他", rest, sum(down.values()) - sum(t.down for t in named)))
    return Trends(tuple(_day(day, by_day[day]) for day in days), tuple(named), _day(wanted.first, answered))


def sites_of(database: Database) -> list[str]:
    """Sites that answers came from."""
    with database.read() as session:
        return sorted(s for s in session.scalars(select(AnswerRow.site).distinct()) if s)


def to_csv(found: Trends) -> str:
    """One line a day, readable by Excel (with a byte order mark)."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for d in found.days:
        rate = f"{d.refusal_rate:.3f}"
        writer.writerow(
            [d.day.isoformat(), d.asked, d.refused, rate, d.pinned, d.up, d.down, f"{d.p50:.0f}", f"{d.p95:.0f}"]
        )
    return "\ufeff" + out.getvalue()


def _day(day: dt.date, answered: Sequence[_Answered]) -> Day:
    times = [a.ms for a in answered]
    p50, p95 = (float(np.percentile(times, q)) for q in (50, 95)) if times else (0.0, 0.0)
    ratings = Counter(r for a in answered for r in a.ratings)
    return Day(
        day, len(answered), sum(a.refused for a in answered), sum(a.pin for a in answered), ratings["up"],
        ratings["down"], p50, p95,
    )  # fmt: skip


def _read(database: Database, searcher: Searcher, wanted: Wanted) -> list[_Answered]:
    start = dt.datetime.combine(wanted.first, dt.time(), LOCAL).astimezone(dt.UTC).replace(tzinfo=None)
    end = (
        dt.datetime.combine(wanted.last + dt.timedelta(days=1), dt.time(), LOCAL)
        .astimezone(dt.UTC)
        .replace(tzinfo=None)
    )
    query = select(AnswerRow).where(AnswerRow.time >= start, AnswerRow.time < end)
    if wanted.site is not None:
        query = query.where(AnswerRow.site == wanted.site)
    with database.read() as session:
        rows = session.scalars(query.order_by(AnswerRow.time)).all()
        rated: dict[str, list[str]] = {}
        for r in session.execute(select(RatingRow.answer, RatingRow.rating).where(RatingRow.time >= start)):
            rated.setdefault(r.answer, []).append(r.rating)
    found = []
    for row in rows:
        if not row.record.get("retrieved"):  # small talk and what is refused before anything is looked up
            continue
        if wanted.city and wanted.city not in (mentioned_regions(row.standalone).regions or (row.region,)):
            continue
        day = row.time.replace(tzinfo=dt.UTC).astimezone(LOCAL).date()
        topic = _topic(row.record.get("clauses", []), searcher)
        found.append(_Answered(day, row.refused, bool(row.pin), row.total_ms, topic, tuple(rated.get(row.id, ()))))
    return found


def _topic(clauses: Sequence[str], searcher: Searcher) -> str:
    clause = searcher.clause(clauses[0]) if clauses else None
    if clause is None:
        return "条款已更换" if clauses else ""
    heading = clause.title or (clause.path[-1] if clause.path else clause.label)
    document = searcher.document(clause.document_id)
    return f"{document.number or document.title} {heading}".strip()
