"""`/api/staff/pins` and `/api/staff/trends.csv`: pinned answers for other programs of the house, and figures to take away.

Who may call is in `assistant.people.access`; that only editors pin is checked where pins are written.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import Field

from assistant.review.editing import Draft, Forbidden, NotKept
from assistant.review.pins import Line, Pin
from assistant.review.trends import to_csv, trends
from assistant.staff.desk import StaffDesk
from assistant.staff.review_desk import ReviewDesk
from assistant.staff.trends_tab import EVERY, wanted
from assistant.web.problems import Problem
from assistant.web.schemas import Body


class LineBody(Body):
    """One sentence with the clauses it cites."""

    text: Annotated[str, Field(min_length=1, max_length=2000)]
    clauses: Annotated[list[str], Field(min_length=1, max_length=20)]


class PinBody(Body):
    """A pinned answer; `pin` and `version` to change one."""

    question: Annotated[str, Field(min_length=1, max_length=2000)]
    lines: Annotated[list[LineBody], Field(min_length=1, max_length=50)]
    region: Annotated[str, Field(max_length=20)] = ""
    wanted: Annotated[list[str], Field(max_length=100)] = []
    unwanted: Annotated[list[str], Field(max_length=100)] = []
    pin: Annotated[str, Field(pattern="^([0-9a-f]{32})?$")] = ""
    version: Annotated[int, Field(ge=0, le=1_000_000)] = 0


def build_review_router(desk: StaffDesk) -> APIRouter:
    """The routes."""
    router, shared = APIRouter(include_in_schema=False), ReviewDesk.of(desk)

    @router.get("/api/staff/pins")
    def pins() -> list[dict[str, Any]]:
        return [_record(pin) for pin in shared.editing.all()]

    @router.post("/api/staff/pins")
    def pin(body: PinBody, request: Request) -> dict[str, Any]:
        lines = tuple(Line(line.text, tuple(line.clauses)) for line in body.lines)
        draft = Draft(
            body.question, lines, body.region, tuple(body.wanted), tuple(body.unwanted), body.pin, body.version
        )
        try:
            return _record(shared.editing.save(shared.person(request), draft, shared.today))
        except Forbidden as error:
            raise Problem(403, str(error)) from None
        except NotKept as error:
            raise Problem(422, str(error)) from None

    @router.get("/api/staff/trends.csv")
    def figures(
        days: Annotated[int, Field(ge=1, le=3660)] = 30,
        site: Annotated[str, Field(max_length=40)] = EVERY,
        city: Annotated[str, Field(max_length=20)] = "",
    ) -> Response:
        range_ = wanted(shared.today, days, site, city)
        found = trends(desk.database, shared.searcher, range_)
        name = f"wence-trends-{range_.first}-{range_.last}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Response(to_csv(found), media_type="text/csv; charset=utf-8", headers=headers)

    return router


def _record(pin: Pin) -> dict[str, Any]:
    return {
        "pin": pin.id, "version": pin.version, "question": pin.question, "region": pin.region, "state": pin.state,
        "why": pin.why, "lines": [{"text": s.text, "clauses": list(s.clauses), "support": s.support} for s in pin.lines],
        "wanted": pin.texts(True), "unwanted": pin.texts(False), "reviewer": pin.reviewer,
        "reviewed": pin.reviewed.isoformat(),
    }  # fmt: skip
