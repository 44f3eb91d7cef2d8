"""The widget script, the conversation page that it shows in an iframe, and the page's files.

Everything is read and packed once, at start-up. Files other than widget.js carry the version of them all in their
address, so that a browser keeps them for good and never mixes two versions. Knows nothing of answers or tokens.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Protocol

from fastapi import FastAPI, Request
from starlette.responses import Response

STATIC = Path(__file__).parent / "static"
WIDGET, PAGE = "widget.js", "embed.html"
MEDIA = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'; frame-ancestors {}"
)
"""Nothing inline, nothing evaluated; with trusted types refused, even a slip like `innerHTML = …` throws."""
REFUSED = '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>问策</title><p>{}</p></html>'
UNKNOWN = "没有登记这个站点，不能打开问策。请网站管理员核对 data-site 的值。"
NOWHERE = "这个站点没有登记网址，不能打开问策。请网站管理员登记嵌入网页的地址。"
KEEP = "public, max-age=31536000, immutable"
KEEP_WIDGET = "public, max-age=600, stale-while-revalidate=86400"
"""The one address that stands in other people's pages: a new version reaches them within minutes."""
OPEN = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
"""A script that is the same for everybody, fit for `crossorigin` and `integrity` on the tag."""
PRIVATE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


class Site(Protocol):
    """What this page needs to know of a registered site."""

    @property
    def origins(self) -> Sequence[str]:
        """Exact origins whose pages may embed; none refuses all."""


class Sites(Protocol):
    """The registry."""

    def get(self, key: str) -> Site | None:
        """A site by its publish key."""


class Packed:
    """One file as it is sent: plain, and packed once at the highest level."""

    def __init__(self, name: str, body: bytes) -> None:
        self.body = body
        self.packed = gzip.compress(body, 9, mtime=0)
        self.media = MEDIA[Path(name).suffix]
        self.mark = f'"{hashlib.sha256(body).hexdigest()[:16]}"'

    def response(self, request: Request, headers: dict[str, str]) -> Response:
        """This file for a request: 304 when the browser has it, packed when it can unpack."""
        headers = {**PRIVATE, **headers, "ETag": self.mark, "Vary": "Accept-Encoding"}
        if self.mark in request.headers.get("if-none-match", "").replace("W/", ""):
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(self.packed, headers={**headers, "Content-Encoding": "gzip"}, media_type=self.media)
        return Response(self.body, headers=headers, media_type=self.media)


def version_of(files: dict[str, bytes]) -> str:
    """One name for this state of all files, 12 hex digits."""
    digest = hashlib.sha256()
    for name, body in sorted(files.items()):
        digest.update(f"{name}\0{len(body)}\0".encode() + body)
    return digest.hexdigest()[:12]


def mount_widget(app: FastAPI, sites: Sites) -> None:
    """Add `/widget.js`, `/embed?site=KEY` and `/embed/VERSION/FILE` to an application.

    Args:
        app: gets the routes; no middleware is needed, each response brings its own headers.
        sites: whose pages may show the conversation, asked anew for every page.
    """
    files = {p.name: p.read_bytes() for p in STATIC.iterdir() if p.suffix in MEDIA}
    version = version_of(files)
    widget, page = Packed(WIDGET, files.pop(WIDGET)), files.pop(PAGE).decode()
    parts = {name: Packed(name, body) for name, body in files.items()}
    scripts = sorted(name for name in parts if name.endswith(".js") and name != "embed.js")
    # Without these the browser finds the modules one after the other, a round trip each.
    preload = "\n".join(f'<link rel="modulepreload" href="embed/{version}/{name}">' for name in scripts)
    page = page.replace("{{version}}", version).replace("{{preload}}", preload)

    @app.get("/widget.js", include_in_schema=False)
    def script(request: Request) -> Response:
        """The one script that other people's pages load; also pages that isolate themselves (COEP)."""
        return widget.response(request, {"Cache-Control": KEEP_WIDGET, **OPEN})

    @app.get("/embed", include_in_schema=False)
    def conversation(request: Request, site: str = "") -> Response:
        """The conversation page; only pages of the site's registered origins may show it."""
        found = sites.get(site)
        origins = " ".join(found.origins) if found else ""
        headers = {
            **PRIVATE, "Content-Security-Policy": POLICY.format(origins or "'none'"), "Cache-Control": "no-cache",
            "Cross-Origin-Resource-Policy": "cross-origin",
        }  # fmt: skip
        if not origins:
            text = NOWHERE if found else UNKNOWN
            return Response(REFUSED.format(text), 403 if found else 404, headers, "text/html")
        filled = page.replace("{{site}}", escape(site)).replace("{{origins}}", escape(origins))
        return Packed(PAGE, filled.encode()).response(request, headers)

    @app.get("/embed/{asked}/{name}", include_in_schema=False)
    def part(request: Request, asked: str, name: str) -> Response:
        """A file of the page; another version's address is not answered with this one's file."""
        if asked != version or name not in parts:
            return Response("没有这个文件", 404, PRIVATE, "text/plain")
        return parts[name].response(request, {"Cache-Control": KEEP, "Cross-Origin-Resource-Policy": "same-origin"})
