"""Sign-in by OpenID Connect: authorisation code with PKCE, state and nonce. The only file that touches authlib.

Nobody comes in who has no account here. An account is found by issuer and subject, which a provider never gives to
another person. The first time it may be found by a name claim, for accounts only that an admin made for that
(`wence people add NAME --openid`): names can be changed at many providers, so they open nothing that exists already.
Whoever has a password links the account himself, signed in.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from dataclasses import dataclass
from html import escape
from typing import Any

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import OAuth
from joserfc.errors import JoseError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant.people import door
from assistant.people.entrance import STALE, after, form_of, local, meant
from assistant.people.person import Person, Role
from assistant.people.reception import Reception
from assistant.web.callers import peer_of
from assistant.web.origins import network_of
from index.errors import InputError, WenceError

PATH = "/login/openid"
COOKIE = "wence_openid"
PENDING_S = 600
"""So long may somebody take at the provider."""
TIMEOUT_S = 10
LEEWAY_S = 60
"""Clocks of two machines may differ by so much."""
SIGNED = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Only with a key that the provider alone has: no `none`, and nothing signed with a secret that is ours too."""
DOWN = "统一认证现在联系不上，请稍后再试；有口令的账号可以用口令登录。"
FAILED = "统一认证没有通过，请再试一次。"
STRANGER = "您在统一认证的账号还没有对应的问策账号。请联系管理员开通。"
NO_ROLE = "您在统一认证的账号没有问策的角色。请联系管理员。"

log = logging.getLogger("wence.openid")


@dataclass(frozen=True, slots=True)
class Provider:
    """Who is trusted to say who somebody is."""

    issuer: str
    client_id: str
    client_secret: str
    shown: str = "统一认证"
    """What people call it."""
    name_claim: str = "preferred_username"
    """Claim that holds the name of an account made with --openid; `email` counts only when it is verified."""
    role_claim: str = ""
    """Claim with one or more of our roles, the highest counts; "" leaves roles to `wence people`."""


class Refused(WenceError):
    """Nobody of ours; the text is for the person."""


def openid_app(provider: Provider, reception: Reception, secret: str) -> ASGIApp:
    """What is mounted at `/login/openid`.

    Args:
        provider: who is trusted.
        reception: signs people in.
        secret: signs the cookie that holds state, nonce and verifier while somebody is at the provider.
    """
    scope = "openid profile" + " email" * (provider.name_claim == "email")
    client = OAuth().register(
        "openid", client_id=provider.client_id, client_secret=provider.client_secret,
        server_metadata_url=f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={"scope": scope, "code_challenge_method": "S256", "timeout": TIMEOUT_S},
    )  # fmt: skip

    async def known() -> None:
        metadata = await client.load_server_metadata()
        if metadata.get("issuer") != provider.issuer:
            raise ValueError(f"the provider calls itself {metadata.get('issuer')!r} and not {provider.issuer!r}")
        offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        metadata["id_token_signing_alg_values_supported"] = [one for one in offered if one in SIGNED]

    async def start(request: Request) -> Response:
        """Off to the provider."""
        try:
            await known()
            going = await client.authorize_redirect(request, str(_back(request)))
        except (httpx2.HTTPError, AuthlibBaseError, ValueError, RuntimeError):
            log.exception("provider does not answer")
            return _told("暂时不能这样登录", DOWN, 503)
        request.session["next"] = local(request.query_params.get("next", ""))
        request.session.pop("link", None)
        return RedirectResponse(going.headers["location"], 303, door.headers())

    async def link(request: Request) -> Response:
        """Off to the provider, to come back as the one who is signed in here."""
        visit = await run_in_threadpool(reception.visit_of, request)
        if visit is None or not meant(visit, await form_of(request)):
            return _told("没有关联", STALE, 403)
        going = await start(request)
        if going.status_code != 303:
            return going
        request.session["link"] = visit.person.id
        # A page between, since a form of ours may lead to our own pages only.
        body = (
            f"<section><h1>关联{escape(provider.shown)}</h1><p>接下来到{escape(provider.shown)}登录一次，之后就可以用它登录账号 "
            f'{escape(visit.person.shown)}。</p><a class="button" href="{escape(going.headers["location"])}">继续</a>'
            '<p class="links"><a href="/account">不关联了</a></p></section>'
        )
        return HTMLResponse(door.page("关联账号", body), headers=door.headers())

    async def callback(request: Request) -> Response:
        """Back from the provider."""
        linking, next_path = request.session.pop("link", ""), request.session.pop("next", "")
        try:
            claims = await proved(request)
        except (AuthlibBaseError, JoseError, ValueError, RuntimeError) as error:
            log.warning("sign-in at the provider failed: %s", type(error).__name__)
            return _told("没有登录", FAILED, 401)
        except httpx2.HTTPError:
            log.exception("provider does not answer")
            return _told("暂时不能这样登录", DOWN, 503)
        try:
            if linking:
                return await run_in_threadpool(linked, request, linking, claims)
            person = await run_in_threadpool(admitted, claims, network_of(peer_of(request)))
        except (Refused, InputError) as error:
            return _told("没有登录", str(error), 403)
        return await run_in_threadpool(reception.welcome, request, person, after(next_path, person.role))

    async def proved(request: Request) -> dict[str, Any]:
        """Claims of an ID token that holds: signature, issuer, audience, time, nonce."""
        await known()
        wanted = {
            "iss": {"essential": True, "value": provider.issuer}, "aud": {"essential": True, "value": provider.client_id},
            "sub": {"essential": True}, "exp": {"essential": True}, "iat": {"essential": True}, "nonce": {"essential": True},
        }  # fmt: skip
        token = await client.authorize_access_token(request, claims_options=wanted, leeway=LEEWAY_S)
        if not token.get("userinfo"):
            raise ValueError("no ID token")
        return dict(token["userinfo"])

    def admitted(claims: dict[str, Any], address: str) -> Person:
        role = _highest(claims.get(provider.role_claim)) if provider.role_claim else None
        if provider.role_claim and role is None:
            raise Refused(NO_ROLE)
        name = claims.get(provider.name_claim)
        if not isinstance(name, str) or (provider.name_claim == "email" and claims.get("email_verified") is not True):
            name = ""
        person = reception.accounts.vouched(_subject(provider, claims), name, role, address)
        if person is None:
            raise Refused(STRANGER)
        return person

    def linked(request: Request, wanted: str, claims: dict[str, Any]) -> Response:
        person = reception.person_of(request)
        if person is None or person.id != wanted:
            raise Refused("登录已经结束，没有关联；请登录后再试。")
        reception.accounts.link(person.name, _subject(provider, claims), person.name)
        return reception.welcome(request, person, "/account?done=linked")

    routes = [
        Route("/start", start), Route("/link", link, methods=["POST"]), Route("/callback", callback, methods=["GET"]),
    ]  # fmt: skip
    key = hmac.new(secret.encode(), b"openid", hashlib.sha256).hexdigest()
    app = Starlette(routes=routes)
    plain, secure = (
        SessionMiddleware(app, key, COOKIE, PENDING_S, PATH, same_site="lax", https_only=https)
        for https in (False, True)
    )

    async def either(scope: Scope, receive: Receive, send: Send) -> None:
        await (secure if scope["scheme"] == "https" else plain)(scope, receive, send)

    return either


def _back(request: Request) -> str:
    return str(request.url.replace(path=f"{PATH}/callback", query="", fragment=""))


def _subject(provider: Provider, claims: dict[str, Any]) -> str:
    return f"{provider.issuer} {claims['sub']}"


def _highest(claim: object) -> Role | None:
    values = claim if isinstance(claim, list) else [claim]
    found = [role for role in (Role.STAFF, Role.EVALUATOR, Role.EDITOR, Role.ADMIN) if role.value in values]
    return found[-1] if found else None


def _told(title: str, text: str, status: int) -> HTMLResponse:
    return HTMLResponse(door.problem(title, text), status, door.headers())
