"""`/docs`: the interactive pages of the API.

Their scripts come from the package fastapi-offline, so that nothing is asked of another host; what starts them is a
file too, so that the page's policy can forbid everything inline.
"""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from assistant.web.headers import OWN_SCRIPTS
from assistant.web.problems import LINES, Problem

PACKAGE = "fastapi_offline"
PAGE = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>问策 接口</title>
<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="data:,"></head><body><div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>"""
START = b'SwaggerUIBundle({url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null});'


def build_interface_router() -> APIRouter:
    """The page and its files."""
    router = APIRouter(include_in_schema=False)
    spec = find_spec(PACKAGE)
    folder = Path(str(spec.origin if spec else "")).parent / "static"
    files = {
        "swagger-ui-bundle.js": ((folder / "swagger-ui-bundle.js").read_bytes(), "text/javascript"),
        "swagger-ui.css": ((folder / "swagger-ui.css").read_bytes(), "text/css"),
        "start.js": (START, "text/javascript"),
    }
    marks = {name: f'"{hashlib.sha256(body).hexdigest()[:16]}"' for name, (body, _) in files.items()}

    @router.get("/docs")
    async def page() -> HTMLResponse:
        return HTMLResponse(PAGE, headers={"Content-Security-Policy": OWN_SCRIPTS})

    @router.get("/docs/{name}")
    async def part(name: str, request: Request) -> Response:
        if name not in files:
            raise Problem(404, LINES[404])
        headers = {"ETag": marks[name], "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match", "").removeprefix("W/") == marks[name]:
            return Response(status_code=304, headers=headers)
        body, media = files[name]
        return Response(body, media_type=media, headers=headers)

    return router
