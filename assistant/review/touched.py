"""Pinned answers that rest on clauses which have changed."""

from __future__ import annotations

from collections.abc import Collection

from assistant.records.database import Database
from assistant.review.pins import ACTIVE, WITHDRAWN, Pin, load_pins


def pins_resting_on(database: Database, clause_ids: Collection[str]) -> list[Pin]:
    """Pins that cite one of these clauses: those in force, and those taken back that an editor has to look at."""
    with database.read() as session:
        return [p for p in load_pins(session, (ACTIVE, WITHDRAWN)) if any(s.clause_id in clause_ids for s in p.sources)]
