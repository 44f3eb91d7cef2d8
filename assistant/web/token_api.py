"""`POST /api/token`: how the conversation window comes by a token. Three ways in, one answer."""

from __future__ import annotations

import time

from fastapi import APIRouter, Depends, Request, Response

from assistant.web import schemas
from assistant.web.api import BEARER, PROBLEMS, Office
from assistant.web.callers import Caller, peer_of
from assistant.web.origins import network_of, origin_of
from assistant.web.problems import Problem
from assistant.web.sites import Site
from assistant.web.tokens import LIFETIME_S, RENEW_AFTER_S, Claims, TokenError, new_id
from index.errors import UsageError


def build_token_router(office: Office) -> APIRouter:
    """The route."""
    router = APIRouter(responses=PROBLEMS, dependencies=[Depends(BEARER)])
    doorman = office.doorman

    @router.post("/api/token", tags=["令牌"], summary="获取或续期对话窗口的令牌")
    async def token(body: schemas.TokenBody, request: Request, response: Response) -> schemas.TokenOut:
        """浏览器用站点标识（site）换取；网站服务器用服务端密钥代为获取（origin）；持有未过期令牌的窗口续期。"""
        response.headers["Cache-Control"] = "no-store"
        if "authorization" not in request.headers:
            return granted(*from_page(body, request))
        caller = doorman.admit(request)
        doorman.count(caller, "token")
        if caller.kind == "server" and caller.site:
            return granted(caller.site, *issued(caller.site, for_origin(caller.site, body.origin), body))
        return granted(*renewed(caller, body))

    def from_page(body: schemas.TokenBody, request: Request) -> tuple[Site, str, Claims]:
        if not doorman.local(request):
            doorman.limits.count("token", address=network_of(peer_of(request)))
        origins = request.headers.getlist("origin")
        site = doorman.sites.get(body.site)
        # One line for all: who probes does not learn which sites are registered.
        if site is None or len(origins) != 1 or origins[0] not in site.origins:
            raise Problem(403, "站点标识与网页来源不符，或站点没有登记")
        if site.private:
            raise Problem(403, "这个站点只接受由网站服务器代为获取的令牌")
        return site, *issued(site, origins[0], body)

    def for_origin(site: Site, named: str) -> str:
        try:
            origin = origin_of(named)
        except UsageError as error:
            raise Problem(403, str(error)) from None
        if origin not in site.origins:
            raise Problem(403, f"来源 {origin} 不在站点 {site.key} 登记的来源之内")
        return origin

    def issued(site: Site, origin: str, body: schemas.TokenBody) -> tuple[str, Claims]:
        conversation = body.conversation if body.conversation not in ("", "new") else new_id()
        claims = Claims(site.key, site.edition, origin, conversation, body.visitor or new_id(), int(time.time()))
        return doorman.tokens.issue(claims), claims

    def renewed(caller: Caller, body: schemas.TokenBody) -> tuple[Site, str, Claims]:
        if caller.site is None or caller.claims is None:
            raise Problem(403, "只有令牌可以续期")
        if body.conversation not in ("", "new", caller.claims.conversation):
            raise Problem(403, "令牌不属于这个对话")
        fresh = new_id() if body.conversation == "new" else ""
        try:
            token, claims = doorman.tokens.renew(caller.token, fresh)
        except TokenError as error:
            raise Problem(401, str(error)) from None
        return caller.site, token, claims

    def granted(site: Site, token: str, claims: Claims) -> schemas.TokenOut:
        about = schemas.SiteOut(
            key=site.key, name=site.name, region=site.region, regions=list(office.regions),
            examples=list(office.examples), model=office.desk.has_model,
        )  # fmt: skip
        return schemas.TokenOut(
            token=token, expires_in=LIFETIME_S, renew_in=RENEW_AFTER_S, conversation=claims.conversation,
            visitor=claims.visitor, site=about,
        )  # fmt: skip

    return router
