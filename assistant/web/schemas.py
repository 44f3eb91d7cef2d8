"""Bodies of requests and answers, as OpenAPI publishes them. Field names are a contract (design: answer and clause)."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from index.regions import PROVINCES, mentioned_regions

MAX_QUESTION_CHARS = 20_000
MAX_TURNS = 40
MAX_COMMENT_CHARS = 1000
ANYWHERE = "不限"

Text = Annotated[str, Field(min_length=1, max_length=MAX_QUESTION_CHARS)]
Id = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]


def _written(value: object) -> object:
    """A day is a text; pydantic alone takes `false` and 0 for days of 1970 too."""
    if not (isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value)):
        raise ValueError("应为 2024-05-01 这样的日期")
    return value


class Body(BaseModel):
    """A request body: no field that we do not know."""

    model_config = ConfigDict(extra="forbid")


class TurnBody(Body):
    """One earlier message."""

    role: Literal["user", "assistant"]
    content: Annotated[str, Field(max_length=MAX_QUESTION_CHARS)]


class WithRegion(Body):
    """A body that may name a region; short names (上海) are understood too."""

    region: Annotated[
        str,
        Field(
            max_length=20, description="省市名；空为站点默认，“不限”为不限地区",
            json_schema_extra={"enum": ["", ANYWHERE, *PROVINCES]},
        ),
    ] = ""  # fmt: skip

    @field_validator("region")
    @classmethod
    def _known(cls, value: str) -> str:
        if value in ("", ANYWHERE):
            return value
        regions = mentioned_regions(value).regions
        if len(regions) != 1:
            raise ValueError("应为一个省市的名字，如 上海市")
        return regions[0]


class ChatBody(WithRegion):
    """A question in its conversation."""

    question: Text
    history: Annotated[list[TurnBody], Field(max_length=MAX_TURNS)] = []
    mode: Annotated[Literal["llm", "verbatim"], Field(description="verbatim 只用条款原文")] = "llm"
    conversation: Id | None = None
    as_of: Annotated[
        Annotated[dt.date, BeforeValidator(_written)] | None,
        Field(description="按哪一天有效的规定回答，如 2024-05-01；不给则按问题所说，问题没说则为今天"),
    ] = None


class SearchBody(WithRegion):
    """What to look for."""

    question: Text
    top: Annotated[int, Field(ge=1, le=50)] = 10


class FeedbackBody(Body):
    """What a reader thinks of an answer."""

    answer_id: Annotated[str, Field(pattern="^[0-9a-f]{8,64}$")]
    rating: Literal["up", "down"]
    reason: Literal["", "wrong", "incomplete", "irrelevant", "outdated", "unclear", "other"] = ""
    comment: Annotated[str, Field(max_length=MAX_COMMENT_CHARS)] = ""


class TokenBody(Body):
    """Whose token is wanted: by publish key (site), or for an origin (server key), or the same again (token)."""

    site: Annotated[str, Field(max_length=64)] = ""
    origin: Annotated[str, Field(max_length=300)] = ""
    conversation: Annotated[str, Field(pattern="^([0-9a-f]{32}|new)?$")] = ""
    visitor: Annotated[str, Field(pattern="^([0-9a-f]{32})?$")] = ""


class ProblemOut(BaseModel):
    """A refused request."""

    detail: Annotated[str, Field(description="一行中文，可直接显示")]
    code: str


class OpenAIErrorOut(BaseModel):
    """What was wrong, in OpenAI's shape."""

    message: Annotated[str, Field(description="一行中文，可直接显示")]
    type: str
    param: str | None
    code: str


class OpenAIProblemOut(BaseModel):
    """A refused request in OpenAI's shape."""

    error: OpenAIErrorOut


class EventOut(BaseModel):
    """One server-sent event; `data` is one line of JSON."""

    event: Literal["evidence", "waiting", "sentence", "notice", "done", "error"]
    data: str


class ChunkOut(BaseModel):
    """One server-sent event in OpenAI's shape: a chunk as JSON, or [DONE]."""

    data: str


class DepartmentOut(BaseModel):
    """A responsible department."""

    name: str
    role: Literal["lead", "support"]


class SourceOut(BaseModel):
    """Where a clause stands in its file, in characters, end exclusive."""

    file: str
    start: int
    end: int


class ClauseOut(BaseModel):
    """One clause; `text` is verbatim."""

    clause_id: str
    document_id: str
    document_title: str
    document_number: str
    issuer: str
    region: str
    status: str
    changes: list[str] = []
    """What other documents did to it, one Chinese line each."""
    path: list[str]
    label: str
    title: str
    text: str
    departments: list[DepartmentOut]
    source: SourceOut
    footnotes: list[dict[str, str]]


class ClauseInPlace(ClauseOut):
    """One clause with its neighbours in the document."""

    previous: str | None
    next: str | None


class FoundOut(ClauseOut):
    """One clause with its place in the order."""

    rank: int
    score: float


class SearchOut(BaseModel):
    """Ranked clauses."""

    question: str
    results: list[FoundOut]
    index_version: str


class DocumentOut(BaseModel):
    """One collected document, with today's status; dates as YYYY-MM-DD, "None" where the document gives none."""

    document_id: str
    title: str
    number: str
    issuer: str
    region: str
    status: str
    signed: str
    published: str
    effective: str
    expires: str
    source_url: str


class SiteOut(BaseModel):
    """What a conversation window needs to know."""

    key: str
    name: str
    region: str
    regions: list[str]
    examples: list[str]
    model: bool


class TokenOut(BaseModel):
    """A token and how to use it; times in seconds."""

    token: str
    expires_in: int
    renew_in: int
    conversation: str
    visitor: str
    site: SiteOut


class KeptOut(BaseModel):
    """Whether feedback was kept."""

    kept: bool


class HealthOut(BaseModel):
    """The process answers."""

    status: str


class ReadyOut(HealthOut):
    """The index answers."""

    documents: int = 0
    index_version: str = ""
    detail: str = ""


class ContentPart(BaseModel):
    """Part of a message in OpenAI's shape; parts that are not text are refused."""

    model_config = ConfigDict(extra="ignore")
    type: Literal["text"]
    text: Annotated[str, Field(max_length=MAX_QUESTION_CHARS)]


class OpenAIMessage(BaseModel):
    """A message in OpenAI's shape."""

    model_config = ConfigDict(extra="ignore")
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Annotated[str, Field(max_length=MAX_QUESTION_CHARS)] | list[ContentPart] | None = None

    @property
    def text(self) -> str:
        """The message's words."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content)
        return self.content or ""


class StreamOptions(BaseModel):
    """OpenAI's stream options."""

    model_config = ConfigDict(extra="ignore")
    include_usage: bool = False


class CompletionBody(BaseModel):
    """A request in OpenAI's shape. Settings of sampling are accepted and change nothing."""

    model_config = ConfigDict(extra="ignore")
    model: Annotated[str, Field(max_length=100)]
    messages: Annotated[list[OpenAIMessage], Field(min_length=1, max_length=2 * MAX_TURNS)]
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: Annotated[int, Field(ge=1, le=1)] | None = None


class CompletionOut(BaseModel):
    """A completion in OpenAI's shape; `wence` holds citations, notices and the record's ids."""

    model_config = ConfigDict(extra="allow")
    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[dict[str, Any]]
    wence: dict[str, Any]


class ModelOut(BaseModel):
    """A model in OpenAI's shape."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "wence"


class ModelsOut(BaseModel):
    """Models in OpenAI's shape."""

    object: Literal["list"] = "list"
    data: list[ModelOut]
