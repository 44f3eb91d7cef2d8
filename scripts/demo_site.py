"""A park's website that embeds the widget, served on an origin of its own with a strict Content-Security-Policy.

wence sites add demo --origin http://127.0.0.1:9000
wence serve
python scripts/demo_site.py            # then open http://127.0.0.1:9000
"""

from __future__ import annotations

import argparse
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

PAGES = Path(__file__).resolve().parent.parent / "docs" / "demo"
MEDIA = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8"}
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "script-src {wence}; connect-src {wence}; frame-src {wence}; require-trusted-types-for 'script'"
)
"""All that a strict site has to allow: the one script, its token request, and the frame."""


class DemoSite(ThreadingHTTPServer):
    """Serves docs/demo with one script tag put in; `pages` has what is served, by name.

    Args:
        wence: origin of the server that has /widget.js.
        port: port on 127.0.0.1; 0 takes any free one.
        **attributes: of the script tag, e.g. `site="demo"`, `position="bottom-left"`.
    """

    daemon_threads = True

    def __init__(self, wence: str, port: int = 0, **attributes: str) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        data = "".join(f' data-{name.replace("_", "-")}="{escape(value)}"' for name, value in attributes.items())
        self.widget = f'<script src="{wence}/widget.js"{data} defer></script>'
        self.policy = POLICY.format(wence=wence)
        self.pages = {p.name: p.read_text(encoding="utf-8") for p in PAGES.iterdir() if p.suffix in MEDIA}

    @property
    def url(self) -> str:
        """The origin of this site."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: DemoSite

    def do_GET(self) -> None:
        name = urlsplit(self.path).path.removeprefix("/") or "index.html"
        if name not in self.server.pages:
            self.send_error(404)
            return
        body = self.server.pages[name].replace("{{widget}}", self.server.widget).encode()
        self.send_response(200)
        headers = {"Content-Type": MEDIA[Path(name).suffix], "Content-Length": str(len(body))}
        for key, value in {**headers, "Content-Security-Policy": self.server.policy}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: a demo's visits are of no interest."""


def main() -> int:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description="演示网页：在另一个来源上嵌入问策")
    parser.add_argument("--wence", default="http://127.0.0.1:7860", help="问策服务的地址")
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--site", default="demo", help="登记的站点标识")
    parser.add_argument("--color", default="#0e7c86", help="主题色")
    given = parser.parse_args()
    site = DemoSite(given.wence.rstrip("/"), given.port, site=given.site, color=given.color)
    print(
        f"演示网页：{site.url}（按 Ctrl-C 停止）。尚未登记时请先运行：wence sites add {given.site} --origin {site.url}"
    )
    try:
        site.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        site.server_close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
