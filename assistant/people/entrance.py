"""Routes of sign-in, sign-out and one's own account."""

from __future__ import annotations

import hmac
import re

import anyio
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from assistant.people import door
from assistant.people.accounts import Account
from assistant.people.person import Person, Role
from assistant.people.reception import COOKIE, Reception
from assistant.people.sessions import Visit
from assistant.web.callers import peer_of
from assistant.web.origins import network_of
from assistant.web.problems import Problem
from index.errors import InputError

WRONG = "名字或口令不对，或者账号已被锁定。连续输错 5 次会锁 15 分钟，管理员可以提前解锁。"
"""One line for all, so that who guesses names learns nothing."""
STALE = "页面已过期，请再试一次。"
HASHING = 2
"""Passwords looked at side by side: each takes 64 MiB and a tenth of a second of every core."""
REFUSED_S = 0.5
"""A wrong try is answered this much after it came, whatever was looked up and written meanwhile."""
_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


def build_people_router(reception: Reception) -> APIRouter:
    """The routes; `gate.Gate` has seen each request before."""
    router = APIRouter(include_in_schema=False)
    hashing = anyio.CapacityLimiter(HASHING)

    async def checked(request: Request, name: str, password: str) -> Person | None:
        address = network_of(peer_of(request))
        reception.limits.count("signin", address=address)
        answered = anyio.current_time() + REFUSED_S
        person = await anyio.to_thread.run_sync(reception.accounts.check, name, password, address, limiter=hashing)
        if person is None:
            await anyio.sleep_until(answered)
        return person

    @router.get(door.STYLE_PATH)
    def style() -> Response:
        return Response(
            door.STYLE, media_type="text/css", headers={"Cache-Control": "public, max-age=31536000, immutable"}
        )

    @router.get("/login")
    def sign_in(request: Request, next: str = "", out: str = "") -> Response:  # noqa: A002 - the name in the address
        person = reception.person_of(request)
        if person:
            return RedirectResponse(after(next, person.role), 303, door.headers())
        first = not reception.accounts.exist()
        told = "已退出登录。" if out else ""
        return _page(door.sign_in(local(next), told=told, openid=reception.provider, first=first))

    @router.post("/login")
    async def enter(request: Request) -> Response:
        form = await form_of(request)
        name, next_path = form.get("name", ""), local(form.get("next", ""))
        try:
            person = await checked(request, name, form.get("password", ""))
        except Problem as problem:
            wrong = door.sign_in(next_path, name, str(problem.detail), openid=reception.provider)
            return _page(wrong, problem.status_code, dict(problem.headers or {}))
        if person is None:
            return _page(door.sign_in(next_path, name, WRONG, openid=reception.provider), 401)
        return await run_in_threadpool(reception.welcome, request, person, after(next_path, person.role))

    @router.post("/logout")
    async def leave(request: Request) -> Response:
        visit = await run_in_threadpool(reception.visit_of, request)
        if not meant(visit, await form_of(request)):
            return _page(door.problem("没有退出", STALE), 403)
        await run_in_threadpool(reception.sessions.close, request.cookies.get(COOKIE, ""))
        response = RedirectResponse("/login?out=1", 303, {**door.headers(), "Clear-Site-Data": '"cache"'})
        response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=request.url.scheme == "https")
        return response

    @router.get("/account")
    def account(request: Request, done: str = "") -> Response:
        told = {"password": "口令已修改，其他地方的登录都已退出。", "linked": "已关联，以后可以这样登录。"}.get(
            done, ""
        )
        return _page(own(request, told=told))

    @router.post("/account")
    async def change(request: Request) -> Response:
        form, visit = await form_of(request), await run_in_threadpool(reception.visit_of, request)
        if visit is None or not meant(visit, form):
            return _page(await run_in_threadpool(own, request, STALE), 403)
        try:
            wrong = await changed(request, visit.person, form)
        except Problem as problem:
            wrong = str(problem.detail)
        if wrong:
            return _page(await run_in_threadpool(own, request, wrong), 422)
        return await run_in_threadpool(reception.welcome, request, visit.person, "/account?done=password")

    async def changed(request: Request, person: Person, form: dict[str, str]) -> str:
        """Why the password was not changed; "" when it was."""
        new = form.get("new", "")
        if new != form.get("again", ""):
            return "两遍新口令不一样，请重新输入。"
        if new == form.get("old", ""):
            return "新口令和现在的一样，请换一个。"
        if await checked(request, person.name, form.get("old", "")) is None:
            return "现在的口令不对，或者账号已被锁定（连续输错 5 次会锁 15 分钟）。"
        try:
            await anyio.to_thread.run_sync(
                reception.accounts.set_password, person.name, new, person.name, limiter=hashing
            )
        except InputError as error:
            return f"{error}。"
        return ""

    def own(request: Request, wrong: str = "", told: str = "") -> str:
        visit = reception.visit_of(request)
        found = {one.person.id: one for one in reception.accounts.all()}
        me: Account | None = found.get(visit.person.id) if visit else None
        if visit is None or me is None:  # signed out since the gate looked
            return door.problem("请重新登录", "登录已经结束。")
        everybody = list(found.values()) if visit.person.role is Role.ADMIN else []
        return door.account(me, visit.csrf, wrong, told, reception.provider, everybody)

    return router


def _page(html: str, status: int = 200, more: dict[str, str] | None = None) -> HTMLResponse:
    return HTMLResponse(html, status, {**door.headers(), **(more or {})})


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form."""
    async with request.form(max_files=0, max_fields=20) as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


def meant(visit: Visit | None, form: dict[str, str]) -> bool:
    """Whether a form was sent by a page that this session was shown."""
    return visit is not None and hmac.compare_digest(
        form.get("csrf", "").encode("utf-8", "replace"), visit.csrf.encode()
    )


def local(path: str) -> str:
    """A path of this server; "" for anything else, another host above all."""
    return path if _LOCAL.fullmatch(path) and len(path) <= 2000 else ""


def after(next_path: str, role: Role) -> str:
    """Where to go after sign-in."""
    home = next((path for path, _ in door.places(role)), "/account")
    return local(next_path) or home
