"""Bodies of requests to `/api/staff`, and the answers that are not cards."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, model_validator

from assistant.staff.caller import AMOUNTS, Caller
from assistant.staff.cards import ClauseCard, DocumentCard
from assistant.staff.filters import YUAN, Filters
from assistant.web.schemas import ANYWHERE, Body, WithRegion

LINE_CHARS = 500
MOST_WAN = 1e9
"""Amounts are typed in 万元; more is a slip of the hand."""

LineText = Annotated[str, Field(max_length=LINE_CHARS)]
Wan = Annotated[float, Field(ge=0, le=MOST_WAN, allow_inf_nan=False)]
Id = Annotated[str, Field(max_length=200)]


class SearchLine(WithRegion):
    """One line with its filters."""

    line: LineText = ""
    document: Id = ""
    status: Annotated[str, Field(max_length=20)] = ""
    department: Annotated[str, Field(max_length=60)] = ""
    least: Wan | None = None
    most: Wan | None = None
    top: Annotated[int, Field(ge=1, le=100)] = 20

    @property
    def filters(self) -> Filters:
        """What is chosen beside the box."""
        region = "" if self.region == ANYWHERE else self.region
        return Filters(region, self.document, self.status, self.department, self.least, self.most)


class ScriptLine(WithRegion):
    """A question whose answer is to be read out."""

    question: Annotated[str, Field(min_length=1, max_length=LINE_CHARS)]
    keep: bool = False
    """It was read out to somebody: the answer is recorded."""


class MatterLine(Body):
    """One matter for two places."""

    matter: Annotated[str, Field(min_length=1, max_length=LINE_CHARS)]
    left: Annotated[str, Field(min_length=1, max_length=20)]
    right: Annotated[str, Field(min_length=1, max_length=20)]


class CallerBody(WithRegion):
    """A caller's file as it is typed; amounts in 万元."""

    area: Annotated[str, Field(max_length=40)] = ""
    kinds: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=12)] = []
    story: LineText = ""
    growth: Annotated[float, Field(ge=-100, le=100_000, allow_inf_nan=False)] | None = None
    years: Annotated[int, Field(ge=0, le=100)] | None = None
    amounts: dict[str, Wan] = {}
    replies: Annotated[dict[Annotated[str, Field(max_length=200)], Literal["yes", "no"]], Field(max_length=200)] = {}

    @model_validator(mode="after")
    def _complete(self) -> CallerBody:
        if not self.region or self.region == ANYWHERE:
            raise ValueError("请选择企业所在的城市")
        if unknown := set(self.amounts) - set(AMOUNTS):
            raise ValueError(f"没有这种金额：{'、'.join(sorted(unknown))}")
        return self

    def caller(self) -> Caller:
        """The file."""
        return Caller(
            self.region, self.area.strip(), tuple(k.strip() for k in self.kinds if k.strip()), self.story.strip(), self.growth,
            self.years, {what: wan * YUAN for what, wan in self.amounts.items()}, dict(self.replies),
        )  # fmt: skip


class Choice(BaseModel):
    """Something to choose from a list."""

    value: str
    name: str


class StartOut(BaseModel):
    """What the page needs to begin."""

    person: str
    role: str
    csrf: str
    library: bool
    """Whether there is a library that this person may open."""
    regions: list[str]
    region: str
    """Chosen at the start; "" for all."""
    documents: list[Choice]
    statuses: list[Choice]
    departments: list[str]
    kinds: list[str]
    """Kinds of enterprise that clauses speak of, those with most clauses first."""
    amounts: list[str]
    index_version: str


class ScriptLineOut(BaseModel):
    """One line to read."""

    kind: str
    text: str


class ScriptOut(BaseModel):
    """What is read out."""

    text: str
    lines: list[ScriptLineOut]
    refused: bool


class CheckOut(BaseModel):
    """One condition, held against the file."""

    key: str
    text: str
    verdict: Literal["met", "unmet", "ask"]
    word: str
    """符合, 不符合 or 需询问."""
    reason: str
    question: str


class ItemOut(BaseModel):
    """One offer of one clause."""

    clause: ClauseCard
    before: str
    text: str
    checks: list[CheckOut]
    sums: list[str]
    unmet: bool


class PackageOut(BaseModel):
    """The 服务包 of a file."""

    items: list[ItemOut]
    documents: dict[str, DocumentCard]
    remark: str
    caution: str


class PairOut(BaseModel):
    """Two clauses about one thing; None where a side says nothing."""

    left: ClauseCard | None
    right: ClauseCard | None


class ComparisonOut(BaseModel):
    """One matter in two places."""

    left: str
    right: str
    pairs: list[PairOut]
    documents: dict[str, DocumentCard]
    remarks: list[str]
