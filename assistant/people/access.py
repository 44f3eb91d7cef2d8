"""The table of role × route: every page, route and file of the server, and who gets it. Deny by default.

The first rule whose pattern fits a path decides; a path that fits none does not exist for anybody. `gate.Gate`
enforces the table, a test walks every route of the application through it, and admins see it at /account.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from assistant.people.person import ACCOUNTS, ADMINS, EDITORS, EVALUATORS, EVERYBODY, STAFF, Role

SAFE = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing here."""
NOBODY: frozenset[Role] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """Who gets the paths of one pattern."""

    pattern: str
    """As routes are written: `{name}` is one segment, `{name:path}` the rest."""
    roles: frozenset[Role]
    """Who passes; visitor in it means everybody."""
    changes: frozenset[Role] = EVERYBODY
    """Who of these may also change something there (any method but GET, HEAD and OPTIONS)."""
    about: str = ""
    """What it is, in Chinese; the rows with the same words are shown as one."""
    keyed: bool = False
    """The route itself asks for a token, a server key or this machine (`assistant.web.callers`); no cookie counts."""
    token: bool = False
    """What changes something needs the header X-CSRF-Token, too."""
    own: bool = False
    """What changes something has to come from a page of our own also when nobody is signed in."""
    alone: bool = False
    """While nobody has an account, this machine may."""


def framework(prefix: str, roles: frozenset[Role], about: str, alone: bool = False) -> tuple[Rule, ...]:
    """A page of the framework: what it calls itself, and the doors that we have no use for, shut.

    Args:
        prefix: where it is mounted, "" at the root.
        roles: who gets the page and all that belongs to it.
        about: what it is, in Chinese.
        alone: while nobody has an account, this machine may.
    """
    page = ("/config", "/config/", "/theme.css", "/static/{path:path}", "/assets/{path:path}", "/favicon.ico", "/robots.txt")  # fmt: skip
    calls = (
        "queue/join", "queue/data", "queue/status", "heartbeat/{session}", "cancel", "reset", "reset/", "startup-events", "info", "info/",
    )  # fmt: skip
    shut = (
        "/gradio_api/{path:path}", "/login", "/login/", "/logout", "/svelte/{path:path}", "/monitoring", "/monitoring/{path:path}",
        "/manifest.json", "/pwa_icon", "/pwa_icon/{size}", "/openapi.json", "/docs", "/docs/{path:path}", "/redoc", "/{page}", "/{page}/",
    )  # fmt: skip
    root = ("/",) if not prefix else ("", "/")
    return (
        *(Rule(prefix + path, roles, about=about, alone=alone) for path in (*root, *page)),
        *(Rule(f"{prefix}/gradio_api/{path}", roles, about=about, alone=alone) for path in calls),
        *(Rule(prefix + path, NOBODY) for path in shut),
    )


RULES: tuple[Rule, ...] = (
    Rule("/login", EVERYBODY, about="登录", own=True),
    Rule("/login/door.css", EVERYBODY, about="登录"),
    Rule("/login/openid/start", EVERYBODY, about="登录"),
    Rule("/login/openid/callback", EVERYBODY, about="登录"),
    Rule("/login/openid/link", ACCOUNTS, about="自己的账号：口令、退出"),
    Rule("/logout", ACCOUNTS, about="自己的账号：口令、退出"),
    Rule("/account", ACCOUNTS, about="自己的账号：口令、退出"),
    Rule("/api/staff/pins", STAFF, EDITORS, "写人工核定的答案", token=True),
    Rule("/api/staff/{path:path}", STAFF, about="工作台", token=True),
    *framework("/staff", STAFF, "工作台"),
    Rule("/library", EDITORS, about="文件库：查看、上传、改文件信息"),
    Rule("/library/static/{path:path}", EDITORS, about="文件库：查看、上传、改文件信息"),
    *(
        Rule(f"/api/library/files/{{item}}/{step}", ADMINS, about="文件库：发布、退回、撤回、删除", token=True)
        for step in ("publish", "reject", "undo")
    ),
    Rule("/api/library/files/{item}", EDITORS, ADMINS, "文件库：发布、退回、撤回、删除", token=True),
    Rule("/api/library/{path:path}", EDITORS, about="文件库：查看、上传、改文件信息", token=True),
    Rule("/evals/report", EVALUATORS, about="评测", alone=True),
    *framework("/evals", EVALUATORS, "评测", alone=True),
    Rule("/healthz", EVERYBODY, about="服务状态"),
    Rule("/readyz", EVERYBODY, about="服务状态"),
    Rule("/metrics", EVERYBODY, about="运行指标（本机或服务端密钥）", keyed=True),
    Rule("/api/{path:path}", EVERYBODY, about="问答接口（令牌、服务端密钥或本机程序）", keyed=True),
    Rule("/v1/{path:path}", EVERYBODY, about="问答接口（令牌、服务端密钥或本机程序）", keyed=True),
    Rule("/openapi.json", EVERYBODY, about="接口说明"),
    Rule("/docs", EVERYBODY, about="接口说明"),
    Rule("/docs/{path:path}", EVERYBODY, about="接口说明"),
    Rule("/widget.js", EVERYBODY, about="嵌入窗口"),
    Rule("/embed", EVERYBODY, about="嵌入窗口"),
    Rule("/embed/{path:path}", EVERYBODY, about="嵌入窗口"),
    Rule("/page.css", EVERYBODY, about="问答页"),
    Rule("/page.js", EVERYBODY, about="问答页"),
    *framework("", EVERYBODY, "问答页"),
)


def allowed(rule: Rule, method: str) -> frozenset[Role]:
    """Who gets a path of a rule with a method."""
    return rule.roles if method in SAFE else rule.roles & rule.changes


def rule_of(path: str) -> Rule | None:
    """The rule that decides about a path; None for a path that does not exist."""
    if any(ord(c) < 32 or ord(c) == 127 for c in path):
        return None  # the router takes “/x\n” for /x, the table would not
    return next((rule for rule in RULES if _compiled(rule.pattern).fullmatch(path)), None)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\{\w+(?::path)?\})", pattern)
    rest = {True: ".*", False: "[^/]+"}
    return re.compile("".join(rest[part.endswith(":path}")] if part.startswith("{") else re.escape(part) for part in parts), re.DOTALL)  # fmt: skip
