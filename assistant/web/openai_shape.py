"""`/v1`: the same answers in OpenAI's shape, so that existing clients work unchanged.

The last user message is the question, those before it are the conversation. System messages are read by nobody:
a client cannot change what may be said. Citations stand at the end of the text, with the clauses' words, because
most clients show nothing else, and in the extra field `wence`, for those that know it.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

from fastapi import APIRouter, Depends, Request
from sse_starlette import ServerSentEvent

from assistant.answer import Answer, Citation
from assistant.web import schemas
from assistant.web.api import BEARER, Office, masked, problems_as, region_of, stream_of
from assistant.web.callers import Caller
from assistant.web.problems import Problem
from assistant.web.streaming import Desk, Question, Step, Stream, history_of

MODEL, VERBATIM = "wence", "wence-verbatim"
"""The second never uses a language model."""
LONGEST_QUOTE = 300
"""Longer clauses are shown by the sentences quoted from them."""


def build_openai_router(office: Office) -> APIRouter:
    """The routes below `/v1`."""
    router = APIRouter(
        dependencies=[Depends(BEARER)], responses=problems_as(schemas.OpenAIProblemOut), tags=["OpenAI 接口"]
    )
    desk, doorman = office.desk, office.doorman

    @router.get("/v1/models", summary="模型列表")
    async def models(request: Request) -> schemas.ModelsOut:
        """wence 在有语言模型时由它撰写（逐句核对），wence-verbatim 只用条款原文。"""
        doorman.admit(request, any_key=True)
        return schemas.ModelsOut(data=[schemas.ModelOut(id=MODEL), schemas.ModelOut(id=VERBATIM)])

    @router.post(
        "/v1/chat/completions", summary="对话补全", response_model=schemas.CompletionOut,
        responses={
            200: stream_of(schemas.ChunkOut, "整个回答；stream 时为事件流"),
            404: {"model": schemas.OpenAIProblemOut, "description": "没有这个模型"},
        },
    )  # fmt: skip
    async def complete(body: schemas.CompletionBody, request: Request) -> Any:
        """OpenAI 的请求和返回格式；stream 时按核对过的句子返回。系统消息和采样参数被接受，但不起作用。"""
        caller = doorman.admit(request, any_key=True)
        if body.model not in (MODEL, VERBATIM):
            raise Problem(404, f"没有模型 {body.model!r}；可用 {MODEL} 或 {VERBATIM}")
        question = _question(body, caller)
        doorman.count(caller, "ask")
        desk.enter()
        if body.stream:
            return Stream(_chunks(desk, question, body), desk)
        try:
            return await _whole(desk, question, body.model)
        finally:
            desk.leave()

    return router


def _question(body: schemas.CompletionBody, caller: Caller) -> Question:
    turns = [(m.role, masked(m.text, caller)) for m in body.messages if m.role in ("user", "assistant")]
    # Without a user's message nothing is asked, which the answer then says.
    last = max((i for i, (role, _) in enumerate(turns) if role == "user"), default=len(turns))
    return Question(
        turns[last][1] if last < len(turns) else "", history_of(turns[:last]), region_of("", caller), body.model == MODEL,
        site=caller.site.key if caller.site else "",
    )  # fmt: skip


async def _whole(desk: Desk, question: Question, model: str) -> dict[str, Any]:
    async for step in desk.answer(question):
        if step.kind == "error":
            raise Problem(503 if step.data["code"] == "timeout" else 500, step.data["message"])
        if step.answer:
            answer = step.answer
            message = {"role": "assistant", "content": answer.text + _appendix(answer), "refusal": None}
            choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
            return {
                "id": f"chatcmpl-{answer.answer_id}", "object": "chat.completion", "created": int(time.time()),
                "model": model, "choices": [choice], "usage": _usage(answer), "wence": _extra(answer),
            }  # fmt: skip
    raise AssertionError("an answer ends with done or error")


async def _chunks(desk: Desk, question: Question, body: schemas.CompletionBody) -> AsyncIterator[ServerSentEvent]:
    """Chunks of one completion: the role with the evidence, a sentence each, what is appended, the end."""
    head: dict[str, Any] = {
        "id": "", "object": "chat.completion.chunk", "created": int(time.time()), "model": body.model,
    }  # fmt: skip
    head["id"] = f"chatcmpl-{time.time_ns():x}"
    usage = body.stream_options is not None and body.stream_options.include_usage

    def chunk(delta: dict[str, Any], finish: str | None = None, **extra: Any) -> ServerSentEvent:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return _data(head | {"choices": [choice]} | ({"usage": None} if usage else {}) | extra)

    answer = desk.answer(question)
    begun = lines = False
    try:
        async for step in answer:
            if not begun:
                begun = True
                yield chunk({"role": "assistant", "content": ""}, wence=step.data if step.kind == "evidence" else {})
            if step.sentence:
                yield chunk({"content": "\n" * lines + _line(step)})
                lines = True
            elif step.kind == "error":
                yield _data(
                    {"error": {"message": step.data["message"], "type": "server_error", "code": step.data["code"]}}
                )
            elif step.answer:
                if appendix := _appendix(step.answer):
                    yield chunk({"content": appendix})
                yield chunk({}, "stop", wence=_extra(step.answer))
                if usage:
                    yield _data(head | {"choices": [], "usage": _usage(step.answer)})
        yield ServerSentEvent("[DONE]", sep="\n")
    finally:
        await answer.aclose()  # type: ignore[attr-defined]


def _data(record: dict[str, Any]) -> ServerSentEvent:
    return ServerSentEvent(json.dumps(record, ensure_ascii=False), sep="\n")


def _line(step: Step) -> str:
    return step.data["text"] + "".join(f"[{n}]" for n in step.data["citations"])


def _appendix(answer: Answer) -> str:
    """Notices and the clauses that support the sentences, as text."""
    parts = [f"提示：{notice}" for notice in answer.notices]
    used = {n for s in answer.sentences for n in s.citations}
    shown = [c for c in answer.citations if c.n in used] or answer.citations
    parts += ["依据：" if used else "最接近的条款：", *map(_source, shown)] if shown else []
    return "\n\n" + "\n".join(parts) if parts else ""


def _source(citation: Citation) -> str:
    clause = citation.clause
    text = clause.text
    if len(text) > LONGEST_QUOTE and citation.quotes:
        text = "……".join(text[q.start : q.end] for q in citation.quotes)
    return f"[{citation.n}] {clause.address} {clause.title}：{text}{clause.department_text}"


def _usage(answer: Answer) -> dict[str, int]:
    told: dict[str, int] = getattr(answer, "usage", {})
    counts = {k: told.get(k, 0) for k in ("prompt_tokens", "completion_tokens")}
    return counts | {"total_tokens": sum(counts.values())}


def _extra(answer: Answer) -> dict[str, Any]:
    record = answer.to_json()
    keys: Sequence[str] = ("answer_id", "citations", "sentences", "notices", "refused", "refusal_reason", "mode", "reviewed", "index_version")  # fmt: skip
    return {key: record[key] for key in keys}
