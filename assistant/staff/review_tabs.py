"""The tabs of what people settle for good: pinned answers, open questions, trends."""

from __future__ import annotations

from assistant.staff.desk import StaffDesk
from assistant.staff.pins_tab import pins_tab
from assistant.staff.questions_tab import questions_tab
from assistant.staff.review_desk import ReviewDesk
from assistant.staff.trends_tab import trends_tab


def review_tabs(desk: StaffDesk) -> None:
    """Build the three tabs inside the page."""
    shared = ReviewDesk.of(desk)
    form = pins_tab(shared)
    questions_tab(shared, form)
    trends_tab(shared)
