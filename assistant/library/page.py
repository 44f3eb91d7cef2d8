"""The page at `/library`: one HTML file, scripts and a style sheet of ours, nothing inline and nothing evaluated."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

from assistant.staff.shell import STATIC as SHARED
from assistant.web.embed import KEEP, MEDIA, POLICY, Packed, version_of

STATIC = Path(__file__).parent / "static"
PAGE = "library.html"
SHARED_FILES = ("dom.js",)
"""Of the workbench."""
HEADERS = {"Content-Security-Policy": POLICY.format("'none'"), "Cache-Control": "no-store"}


def build_library_page() -> APIRouter:
    """The page and its files; who gets them is in `assistant.people.access`."""
    router = APIRouter(include_in_schema=False)
    files = {p.name: p.read_bytes() for p in sorted(STATIC.iterdir()) if p.suffix in MEDIA}
    page = files.pop(PAGE).decode()
    files |= {name: (SHARED / name).read_bytes() for name in SHARED_FILES}
    version = version_of(files)
    whole = Packed(PAGE, page.replace("{{version}}", version).encode())
    parts = {name: Packed(name, body) for name, body in files.items()}

    @router.get("/library")
    def library(request: Request) -> Response:
        """The page."""
        return whole.response(request, HEADERS)

    @router.get("/library/static/{asked}/{name}")
    def part(request: Request, asked: str, name: str) -> Response:
        """A file of the page."""
        if asked != version or name not in parts:
            return Response("没有这个文件", 404, media_type="text/plain")
        return parts[name].response(request, {"Cache-Control": KEEP.replace("public", "private")})

    return router
