"""`/api`: questions by server-sent events, search, clauses, documents, feedback; and the state of the server."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import HTTPBearer
from sse_starlette import ServerSentEvent

from assistant.answer import Rating, Recorder
from assistant.gathering import look
from assistant.masking import mask
from assistant.records.database import Database
from assistant.web import schemas
from assistant.web.callers import Caller, Doorman
from assistant.web.problems import Problem
from assistant.web.streaming import Desk, Question, Stream, history_of
from index.live import TRIAL, LiveIndex
from index.search import Searcher

log = logging.getLogger("wence.api")

READY_S = 5.0
"""So long is one look at the index good: a look costs a search, and anybody may ask."""

MEANINGS = {
    400: "请求无法读取", 401: "没有密钥或令牌，或已失效", 403: "来源不符", 408: "请求迟迟没有发完", 413: "请求太大",
    415: "不是 JSON", 422: "内容不符合要求", 429: "太频繁，见 Retry-After", 500: "服务出错", 503: "已满，见 Retry-After",
}  # fmt: skip


def problems_as(model: type) -> dict[int | str, dict[str, Any]]:
    """What may be refused, for OpenAPI, in the shape of `model`."""
    return {status: {"model": model, "description": text} for status, text in MEANINGS.items()}


def stream_of(model: type[schemas.EventOut | schemas.ChunkOut], description: str) -> dict[str, Any]:
    """A stream of server-sent events, for OpenAPI."""
    return {"description": description, "content": {"text/event-stream": {"schema": model.model_json_schema()}}}


PROBLEMS = problems_as(schemas.ProblemOut)
EVENTS = "事件流：evidence，然后 waiting、sentence、notice，最后 done 或 error；data 为一行 JSON"
BEARER = HTTPBearer(
    auto_error=False, description="对话窗口的令牌（/api/token）或网站服务器的密钥（wence sites add --server）"
)


@dataclass(frozen=True, slots=True)
class Office:
    """Everything that the routes share."""

    desk: Desk
    doorman: Doorman
    database: Database | None
    """The store; None where there is none."""
    records: Recorder | None
    """Where ratings are kept; None keeps none."""
    questions: Sequence[tuple[Sequence[str], str]] = ()
    """Questions to begin with: (regions whose documents each needs, text)."""

    @property
    def searcher(self) -> Searcher:
        """The index as of now; a request takes it once."""
        return self.desk.assistant.searcher

    @property
    def regions(self) -> Sequence[str]:
        """Regions to choose from."""
        return self.searcher.regions

    @property
    def examples(self) -> list[str]:
        """Questions to begin with that the documents can answer, or show how a refusal looks."""
        return [text for needed, text in self.questions if {*needed} <= {*self.regions}]

    @property
    def behind(self) -> str:
        """Why a newer index is not in use; "" when none is."""
        index = getattr(self.desk.assistant, "index", None)
        return index.trouble if isinstance(index, LiveIndex) else ""


async def admitted(request: Request) -> Caller:
    """Who calls; a dependency of every route that is not open to all."""
    office: Office = request.app.state.office
    return office.doorman.admit(request)


Admitted = Annotated[Caller, Depends(admitted)]


def masked(text: str, caller: Caller) -> str:
    """A caller's words without personal data, as the caller's site chooses."""
    return mask(text, companies=bool(caller.site and caller.site.mask_companies))


def region_of(named: str, caller: Caller) -> str:
    """The region that a question is asked for; "" leaves it to the question."""
    return "" if named == schemas.ANYWHERE else named or caller.region


def build_state_router(office: Office) -> APIRouter:
    """Routes about the server itself, open to all."""
    router = APIRouter(tags=["状态"])
    last = (float("-inf"), 503, schemas.ReadyOut(status="starting"))
    looked = ""
    looking = asyncio.Lock()

    @router.get("/healthz", summary="进程是否在运行")
    async def healthz() -> schemas.HealthOut:
        """进程在运行即为 ok。"""
        return schemas.HealthOut(status="ok")

    @router.get("/readyz", summary="索引是否可用", responses={503: {"model": schemas.ReadyOut}})
    async def readyz(response: Response) -> schemas.ReadyOut:
        """真的检索一次；几秒之内的多次询问用同一个结果。"""
        nonlocal last, looked
        async with looking:  # three hundred who ask at once are one search, not three hundred askers' places
            if time.monotonic() - last[0] > READY_S or looked != office.searcher.version:
                looked = office.searcher.version
                last = (time.monotonic(), *await ready())
        response.status_code = last[1]
        return last[2]

    async def ready() -> tuple[int, schemas.ReadyOut]:
        searcher = office.searcher
        try:
            found = await office.desk.search(searcher.search, TRIAL, 1)
        except Problem as problem:
            return problem.status_code, schemas.ReadyOut(status="busy", detail=problem.detail)
        except Exception:
            log.exception("not ready")
            return 503, schemas.ReadyOut(status="unavailable", detail="索引没有回应，详情见服务日志")
        status = "ok" if found.ranked else "empty"
        # An answer can be given, so that this server is ready; that nobody keeps it is for the operator to see.
        details = ["问答暂时没有留存，详情见服务日志"] if office.records and office.records.trouble else []
        details += ["新索引没有启用，仍用现在这一个，详情见服务日志"] if office.behind else []
        state = schemas.ReadyOut(
            status=status, documents=len(searcher.documents), index_version=searcher.version, detail="；".join(details)
        )
        return (200 if found.ranked else 503), state

    return router


def build_router(office: Office) -> APIRouter:
    """The routes below `/api`, and `/metrics`."""
    router = APIRouter(dependencies=[Depends(BEARER)], responses=PROBLEMS)
    desk, doorman = office.desk, office.doorman

    @router.post(
        "/api/chat",
        tags=["问答"],
        summary="提问",
        response_class=Response,
        responses={200: stream_of(schemas.EventOut, EVENTS)},
    )
    async def chat(body: schemas.ChatBody, caller: Admitted) -> Response:
        """逐句返回：先是依据的条款，再是经核对的句子和提示，最后是完整的答案记录。关闭连接即停止。"""
        conversation = body.conversation or ""
        if caller.claims:
            if conversation and conversation != caller.claims.conversation:
                raise Problem(403, "令牌不属于这个对话")
            conversation = caller.claims.conversation
        doorman.count(caller, "ask")
        question = Question(
            masked(body.question, caller), history_of([(t.role, masked(t.content, caller)) for t in body.history]),
            region_of(body.region, caller), body.mode == "llm", conversation, caller.site.key if caller.site else "",
            body.as_of,
        )  # fmt: skip
        desk.enter()
        return Stream(_events(desk, question), desk)

    @router.post("/api/search", tags=["检索"], summary="检索条款")
    async def search(body: schemas.SearchBody, caller: Admitted) -> schemas.SearchOut:
        """按相关程度排列的条款。"""
        doorman.count(caller, "read")
        question, searcher = masked(body.question, caller), office.searcher
        found = await desk.search(look, searcher, question, body.top, region_of(body.region, caller), _today(office))
        rows = [{"rank": n, "score": round(s.score, 4), **s.clause.to_json()} for n, s in enumerate(found.ranked, 1)]
        return schemas.SearchOut.model_validate(
            {"question": question, "results": rows, "index_version": searcher.version}
        )

    @router.get(
        "/api/clauses/{clause_id:path}",
        tags=["检索"],
        summary="一条条款",
        responses={404: {"model": schemas.ProblemOut}},
    )
    async def clause(clause_id: str, caller: Admitted) -> schemas.ClauseInPlace:
        """条款原文和它在文件里的前后条款。"""
        doorman.count(caller, "read")
        searcher = office.searcher
        found = searcher.clause(clause_id)
        if found is None:
            raise Problem(404, "没有这一条款")
        before, after = searcher.neighbours(found)
        around = {"previous": before and before.clause_id, "next": after and after.clause_id}
        clause = searcher.lineage.as_of(found, _today(office).isoformat())
        return schemas.ClauseInPlace.model_validate(clause.to_json() | around)

    @router.get("/api/documents", tags=["检索"], summary="收录的文件")
    async def documents(caller: Admitted) -> list[schemas.DocumentOut]:
        """已收录的全部文件。"""
        doorman.count(caller, "read")
        keys = schemas.DocumentOut.model_fields
        found = office.searcher.lineage.documents(_today(office).isoformat())
        return [schemas.DocumentOut(**{k: str(getattr(d, k)) for k in keys}) for d in found]

    @router.post("/api/feedback", tags=["问答"], summary="评价一个答案", status_code=201)
    async def feedback(body: schemas.FeedbackBody, caller: Admitted) -> schemas.KeptOut:
        """评价与答案记录存在一起，个人信息先遮盖。"""
        doorman.count(caller, "tell")
        desk.metrics.feedback.labels(body.rating).inc()
        rating = Rating(
            body.answer_id, body.rating, body.reason or "", masked(body.comment, caller),
            caller.site.key if caller.site else "", caller.claims.conversation if caller.claims else "",
        )  # fmt: skip
        return schemas.KeptOut(kept=bool(office.records and await asyncio.to_thread(office.records.rate, rating)))

    @router.get("/metrics", tags=["状态"], summary="运行指标（Prometheus 格式）", response_class=Response)
    async def metrics(caller: Admitted) -> Response:
        """只给本机和持服务端密钥者；后者看不到别的站点的数字。"""
        if caller.kind == "visitor":
            raise Problem(403, "对话窗口的令牌不能读取运行指标")
        return desk.metrics.page(caller.site.key if caller.site else None)

    return router


def _today(office: Office) -> dt.date:
    return office.desk.assistant.today or dt.date.today()


async def _events(desk: Desk, question: Question) -> AsyncIterator[ServerSentEvent]:
    answer = desk.answer(question)
    try:
        async for step in answer:
            yield ServerSentEvent(json.dumps(step.data, ensure_ascii=False), event=step.kind, sep="\n")
    finally:
        await answer.aclose()  # type: ignore[attr-defined]
