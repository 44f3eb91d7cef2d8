"""What a caller is told when a request is refused: a status, a short code and one Chinese line.

`/v1` answers in OpenAI's error shape, everything else in ours; both come from the same `Problem`.
"""

from __future__ import annotations

import http
import logging
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

CODES = {
    400: "bad_request", 401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "method_not_allowed",
    408: "timeout", 411: "length_required", 413: "too_large", 415: "bad_type", 422: "invalid", 429: "too_many", 500: "internal", 503: "busy",
}  # fmt: skip
LINES = {
    400: "请求正文无法读取，应为合法的 JSON",
    404: "没有这个地址", 405: "这个地址不接受这种请求", 408: "请求迟迟没有发完，已放弃",
    411: "请写明正文长度（Content-Length），不能分块发送（Transfer-Encoding）", 413: "请求太大",
    415: "请求正文应为 JSON（Content-Type: application/json）", 500: "服务出错，请稍后再试",
}  # fmt: skip
OPENAI_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error", 500: "server_error", 503: "server_error"}  # fmt: skip

GAPS = (
    "/api/{rest:path}",
    "/v1/{rest:path}",
    "/embed/{rest:path}",
    "/docs/{rest:path}",
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")

log = logging.getLogger("wence.api")


class Problem(HTTPException):
    """A refused request.

    Args:
        status: HTTP status.
        detail: one Chinese line for the caller.
        retry_after: seconds after which a new try makes sense; 0 says nothing.
    """

    def __init__(self, status: int, detail: str, retry_after: int = 0) -> None:
        headers = {"Retry-After": str(retry_after)} if retry_after else {}
        if status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        super().__init__(status, detail, headers)


def reply(path: str, status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """The response that tells a problem, in the shape that the callers of `path` expect."""
    code = CODES.get(status, http.HTTPStatus(status).name.lower())
    body: dict[str, Any] = {"detail": detail, "code": code}
    if path.startswith("/v1/"):
        body = {
            "error": {
                "message": detail, "type": OPENAI_TYPES.get(status, "invalid_request_error"), "param": None, "code": code,
            }
        }  # fmt: skip
    return JSONResponse(body, status, headers)


async def refuse(scope: Scope, receive: Receive, send: Send, status: int, detail: str = "") -> None:
    """Answer a request from outside the application (ASGI)."""
    # What is left of the body is not read, so the connection cannot be used again.
    response = reply(scope["path"], status, detail or LINES[status], {"Connection": "close"})
    await response(scope, receive, send)


def install(app: FastAPI) -> None:
    """Let the application tell every problem in this shape."""

    @app.exception_handler(HTTPException)
    async def known(request: Request, error: HTTPException) -> Response:
        detail = error.detail if isinstance(error, Problem) else LINES.get(error.status_code, str(error.detail))
        return reply(request.url.path, error.status_code, detail, dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            return reply(request.url.path, 400, "请求正文不是合法的 JSON")
        return reply(request.url.path, 422, f"{_field(first['loc'])} 不符合要求：{_expected(first)}")

    @app.exception_handler(Exception)
    async def unknown(request: Request, error: Exception) -> Response:
        log.exception("request failed: %s %s", request.method, request.url.path, exc_info=error)
        return reply(request.url.path, 500, LINES[500])


def close_gaps(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Answer what lies between the routes of `routers`; the page at `/` would answer it in its own way.

    To be called after the last router and before the page is mounted.
    """
    routes = [route for router in routers for route in router.routes]

    async def nowhere(request: Request) -> Response:
        scope = {**request.scope, "path_params": {}}
        allowed = {m for r in routes if r.matches(scope)[0] == Match.PARTIAL for m in getattr(r, "methods", ())}
        if allowed:
            return reply(request.url.path, 405, LINES[405], {"Allow": ", ".join(sorted(allowed))})
        return reply(request.url.path, 404, LINES[404])

    for path in GAPS:
        app.add_route(path, nowhere, methods=list(METHODS), include_in_schema=False)


def _field(where: tuple[Any, ...]) -> str:
    return ".".join(str(part) for part in where[1:]) or "请求正文"


def _expected(error: Any) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return "缺少这一项"
        case "string_too_long":
            return f"最多 {context['max_length']} 个字符"
        case "string_too_short":
            return "不能为空"
        case "too_long":
            return f"最多 {context['max_length']} 项"
        case "extra_forbidden":
            return "没有这一项"
        case "literal_error":
            return f"应为 {context['expected']}"
        case "greater_than_equal" | "less_than_equal":
            return f"应在范围之内（{'至少' if 'ge' in context else '最多'} {context.get('ge', context.get('le'))}）"
        case "string_pattern_mismatch":
            return "格式不对"
        case "value_error":
            return str(context["error"])
    return "类型不对"
