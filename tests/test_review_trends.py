"""Trends count what was kept: by day, site and city, with topics, ratings and time."""

from __future__ import annotations

import csv
import datetime as dt
import io
from dataclasses import replace

from sqlalchemy import update

from assistant.answer import Answer, Asker, Rating
from assistant.ask import Assistant
from assistant.records.answers import Answers
from assistant.records.database import Database
from assistant.records.tables import AnswerRow
from assistant.review.trends import Wanted, sites_of, to_csv, trends

FIRST, LAST = dt.date(2026, 11, 19), dt.date(2026, 11, 21)


def test_days_sites_cities_topics_ratings_and_time(database: Database, assistant: Assistant) -> None:
    records = Answers(database)
    answered = assistant.answer("首台套最高补多少？")
    refused = assistant.answer("离岸孵化器的申报截止时间是几号？")
    kept: list[Answer] = []
    # The evening of the 18th in UTC is the 19th in China.
    for hour, answer, site, region, ms in (
        ("2026-11-18T18:00", answered, "park", "上海市", 100.0), ("2026-11-19T03:00", answered, "park", "", 300.0),
        ("2026-11-21T03:00", refused, "", "深圳市", 50.0), ("2026-11-25T03:00", answered, "", "", 9.0),
    ):  # fmt: skip
        one = replace(
            answer, answer_id=f"{len(kept):032x}", timings_ms={"total": ms}, pin="p" * 32 if ms == 300 else ""
        )
        assert records.keep(one, (), Asker(region, site))
        kept.append(one)
        with database.write() as session:
            moved = update(AnswerRow).where(AnswerRow.id == one.answer_id)
            session.execute(moved.values(time=dt.datetime.fromisoformat(hour)))
    records.keep(assistant.answer("你好"))
    records.rate(Rating(kept[0].answer_id, "down"))
    records.rate(Rating(kept[1].answer_id, "up"))

    found = trends(database, assistant.searcher, Wanted(FIRST, LAST))
    assert [(d.asked, d.refused, d.pinned) for d in found.days] == [(2, 0, 1), (0, 0, 0), (1, 1, 0)]
    assert (found.days[0].p50, found.days[0].up, found.days[0].down) == (200.0, 1, 1)
    assert found.total.refusal_rate == 1 / 3
    assert found.topics[0].asked == 2 and "409号" in found.topics[0].name and found.topics[0].down == 1
    assert trends(database, assistant.searcher, Wanted(FIRST, LAST, "park")).total.asked == 2
    assert trends(database, assistant.searcher, Wanted(FIRST, LAST, "")).total.asked == 1
    assert trends(database, assistant.searcher, Wanted(FIRST, LAST, city="深圳市")).total.refused == 1
    assert sites_of(database) == ["park"]
    rows = list(csv.reader(io.StringIO(to_csv(found).removeprefix("\ufeff"))))
    assert (
        rows[0][:3] == ["日期", "提问", "未答"] and rows[1][:4] == ["2026-11-19", "2", "0", "0.000"] and len(rows) == 4
    )
