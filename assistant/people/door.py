"""Sign-in and account pages as HTML: server-rendered, without a script, everything escaped."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from assistant.people.access import RULES
from assistant.people.accounts import Account
from assistant.people.passwords import SHORTEST
from assistant.people.person import EDITORS, STAFF, Person, Role

STYLE = Path(__file__).with_name("door.css").read_bytes()
STYLE_PATH = "/login/door.css"
_VERSION = hashlib.sha256(STYLE).hexdigest()[:12]
ICON = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='7' fill='%231d5fb4'/%3E%3Cpath d='M9 9h14M9 16h14M9 23h8' stroke='white' stroke-width='3' stroke-linecap='round'/%3E%3C/svg%3E"
FIRST = "wence people add 名字 --role admin"


def headers() -> dict[str, str]:
    """What goes with every page here. The referrer policy leaves forms their `Origin`, which the gate asks for."""
    policy = "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    return {"Content-Security-Policy": policy, "Cache-Control": "no-store", "Referrer-Policy": "same-origin"}


def page(title: str, body: str, csrf: str = "", wide: bool = False) -> str:
    """A whole page around a body that is HTML already.

    Args:
        title: plain text.
        body: HTML.
        csrf: the session's token; "" shows no way to sign out.
        wide: for more than one form.
    """
    out = (
        f'<form method="post" action="/logout">{_token(csrf)}<button class="second">退出登录</button></form>'
        if csrf
        else ""
    )
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f'<meta name="robots" content="noindex"><title>{escape(title)} · 问策</title><link rel="icon" href="{ICON}">'
        f'<link rel="stylesheet" href="{STYLE_PATH}?v={_VERSION}"></head><body><header><p>问策</p>{out}</header>'
        f"<main{' class=wide' * wide}>{body}</main></body></html>"
    )


def sign_in(
    next_path: str, name: str = "", wrong: str = "", told: str = "", openid: str = "", first: bool = False
) -> str:
    """The sign-in page.

    Args:
        next_path: where to go afterwards, a local path.
        name: what was typed before.
        wrong: why it failed.
        told: what else to say (signed out).
        openid: name of the provider; "" has none.
        first: nobody has an account yet.
    """
    if first:
        body = (
            "<h1>还没有账号</h1><p>第一位管理员在运行问策的机器上用命令添加：</p>"
            f"<p><code>{escape(FIRST)}</code></p><p class=soft>添加后刷新本页即可登录。企业咨询不需要账号，"
            '请打开<a href="/">问答页</a>。</p>'
        )
        return page("登录", f"<section>{body}</section>")
    said = _said(wrong, told)
    other = ""
    if openid:
        other = f'<a class="button second" href="/login/openid/start?next={escape(quote(next_path))}">用{escape(openid)}登录</a>'
    return page(
        "登录",
        '<section><h1>登录</h1><p class="soft">供工作人员使用。企业咨询不需要账号，请打开<a href="/">问答页</a>。</p>'
        f'{said}<form method="post" action="/login"><input type="hidden" name="next" value="{escape(next_path)}">'
        f'<label for="name">名字</label><input id="name" name="name" value="{escape(name)}" autocomplete="username" '
        f'autocapitalize="none" spellcheck="false" maxlength="200" required{"" if name else " autofocus"}>'
        '<label for="password">口令</label><input id="password" name="password" type="password" '
        f'autocomplete="current-password" maxlength="512" required{" autofocus" if name else ""}><button>登录</button></form>{other}'
        '<p class="soft links">忘了口令请联系管理员。</p></section>',
    )  # fmt: skip


def account(
    me: Account, csrf: str, wrong: str = "", told: str = "", openid: str = "", everybody: Sequence[Account] = ()
) -> str:
    """The page of somebody's own account; admins also see all accounts and the table of who may what."""
    person = me.person
    facts = [("名字", person.name), ("显示为", person.shown), ("角色", person.role.shown)]
    if openid:
        facts.append((openid, "已关联" if me.subject else "没有关联"))
    body = (
        "<section><h1>我的账号</h1><dl>"
        + "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in facts)
        + "</dl>"
    )
    body += (
        '<p class="links">'
        + "".join(f'<a href="{path}">{escape(text)}</a>' for path, text in places(person.role))
        + "</p>"
    )
    if openid and not me.subject:
        body += f'<form method="post" action="/login/openid/link">{_token(csrf)}<button class="second">关联{escape(openid)}</button></form>'
    body += "</section>"
    if me.has_password:
        body += (
            f'<section><h2>修改口令</h2><p class="soft">至少 {SHORTEST} 个字符，不能是名字或常见口令。改后其他地方的登录都会退出。</p>'
            f'{_said(wrong, told)}<form method="post" action="/account">{_token(csrf)}'
            f'<input type="text" name="username" value="{escape(person.name)}" autocomplete="username" aria-label="名字" hidden>'
            '<label for="old">现在的口令</label><input id="old" name="old" type="password" autocomplete="current-password" maxlength="512" required>'
            '<label for="new">新口令</label><input id="new" name="new" type="password" autocomplete="new-password" maxlength="512" required>'
            '<label for="again">再输一遍新口令</label><input id="again" name="again" type="password" autocomplete="new-password" maxlength="512" required>'
            "<button>修改口令</button></form></section>"
        )  # fmt: skip
    elif wrong or told:
        body += f"<section>{_said(wrong, told)}</section>"
    if person.role is Role.ADMIN:
        body += _people(everybody) + _table()
    return page("我的账号", body, csrf, wide=True)


def forbidden(person: Person, csrf: str) -> str:
    """For who is signed in and may not go there."""
    links = "".join(
        f'<a href="{path}">{escape(text)}</a>' for path, text in (*places(person.role), ("/account", "我的账号"))
    )
    return page(
        "没有权限",
        f"<section><h1>不能打开这个页面</h1><p>账号 {escape(person.shown)}（{person.role.shown}）没有这个页面的权限。"
        f'需要的话，请联系管理员，或退出后换一个账号登录。</p><p class="links">{links}</p></section>',
        csrf,
    )  # fmt: skip


def problem(title: str, text: str) -> str:
    """One page with one message and the way back."""
    return page(
        title,
        f'<section><h1>{escape(title)}</h1><p>{escape(text)}</p><p class="links"><a href="/login">回到登录</a></p></section>',
    )


def places(role: Role) -> list[tuple[str, str]]:
    """(path, name) of the pages that a role works with, the first one being home."""
    found = [("/staff/", "工作台")] if role in STAFF else []
    if role in EDITORS:
        found.append(("/library", "文件库"))
    if role in (Role.EVALUATOR, Role.ADMIN):
        found.append(("/evals/", "评测"))
    return found


def _token(csrf: str) -> str:
    return f'<input type="hidden" name="csrf" value="{escape(csrf)}">'


def _said(wrong: str, told: str) -> str:
    if wrong:
        return f'<p class="said wrong" role="alert">{escape(wrong)}</p>'
    return f'<p class="said done" role="status">{escape(told)}</p>' if told else ""


def _people(everybody: Sequence[Account]) -> str:
    rows = ""
    for one in everybody:
        state = "已移除" if not one.active else "已锁定" if one.locked_until else "正常"
        way = (
            "、".join(["口令"] * one.has_password + ["统一认证"] * bool(one.subject or not one.has_password))
            if one.active
            else ""
        )
        rows += (
            f"<tr><td>{escape(one.person.name)}</td><td>{one.person.role.shown}</td><td>{state}</td><td>{way}</td></tr>"
        )
    return (
        '<section><h2>账号</h2><div class="scroll" tabindex="0" role="region" aria-label="账号"><table><caption>用 <code>wence people</code> 添加和修改。</caption>'
        f"<thead><tr><th scope=col>名字</th><th scope=col>角色</th><th scope=col>状态</th><th scope=col>登录方式</th></tr></thead><tbody>{rows}</tbody></table></div></section>"
    )  # fmt: skip


def _table() -> str:
    rows_of: dict[str, frozenset[Role]] = {}
    for rule in RULES:
        if rule.about:
            rows_of.setdefault(rule.about, rule.roles & rule.changes)
    roles = list(Role)
    head = "".join(f"<th scope=col>{role.shown}</th>" for role in roles)
    rows = "".join(
        f"<tr><th scope=row>{escape(about)}</th>" + "".join(f"<td>{'可以' if role in may else '–'}</td>" for role in roles) + "</tr>"
        for about, may in rows_of.items()
    )  # fmt: skip
    return (
        '<section><h2>谁可以用什么</h2><div class="scroll" tabindex="0" role="region" aria-label="谁可以用什么"><table>'
        f"<thead><tr><th scope=col>页面和接口</th>{head}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )
