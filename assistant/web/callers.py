"""Who calls, and whether they may: a visitor with a token, a site's server with its key, or this machine.

Checked on every call anew: a site that is removed or loses an origin shuts out its visitors with the next request.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from assistant.web.limits import Act, Limits
from assistant.web.origins import from_this_machine, network_of, same_origin
from assistant.web.problems import Problem
from assistant.web.sites import SERVER_KEY, Site, Sites
from assistant.web.tokens import Claims, TokenError, Tokens

_TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+")


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who may call."""

    kind: Literal["visitor", "server", "local"]
    address: str
    site: Site | None = None
    claims: Claims | None = None
    token: str = ""

    @property
    def region(self) -> str:
        """Region of questions that name none."""
        return self.site.region if self.site else ""


class Doorman:
    """Admits callers.

    Args:
        sites: the registry.
        tokens: reads and makes tokens.
        keyless: programs on this machine need no key; for a server that listens on a loopback address only.
    """

    def __init__(self, sites: Sites, tokens: Tokens, *, keyless: bool) -> None:
        self.sites, self.tokens, self.keyless = sites, tokens, keyless
        self.limits = Limits()

    def local(self, connection: HTTPConnection) -> bool:
        """Whether a request may do without a key because it comes from this machine."""
        return self.keyless and from_this_machine(
            connection.headers, peer_of(connection), connection.scope.get("http_version", "")
        )

    def admit(self, connection: HTTPConnection, *, any_key: bool = False) -> Caller:
        """Who calls.

        Args:
            connection: the request.
            any_key: a caller on this machine may send a key of its own making; OpenAI clients always send one.

        Raises:
            Problem: 400 doubled headers, 401 no valid key or token, 403 not from there.
        """
        headers, address = connection.headers, network_of(peer_of(connection))
        for name in ("authorization", "origin", "host"):
            if len(headers.getlist(name)) > 1:
                raise Problem(400, f"请求头 {name} 重复")
        scheme, _, given = headers.get("authorization", "").partition(" ")
        given = given.strip()
        ours = given.startswith(SERVER_KEY) or bool(_TOKEN.fullmatch(given))
        if self.local(connection) and (not scheme or (any_key and not ours)):
            return Caller("local", address)
        if scheme.lower() != "bearer" or not given:
            raise Problem(401, "需要密钥或令牌（Authorization: Bearer …）；用 `wence sites add` 登记站点后可得")
        if given.startswith(SERVER_KEY):
            return self._server(given, headers, address)
        return self._visitor(given, connection, address)

    def count(self, caller: Caller, act: Act) -> None:
        """Count one act against the caller's limits.

        Raises:
            Problem: 429.
        """
        site = caller.site
        if caller.kind == "visitor" and caller.claims and site:
            address = "" if self.local_address(caller) else caller.address
            self.limits.count(act, visitor=caller.claims.visitor, address=address, site=site.key, quota=site.quota)
        elif site:
            self.limits.count(act, site=site.key, quota=site.quota)

    def local_address(self, caller: Caller) -> bool:
        """This machine's own address is no visitor's; counting it would count everybody behind a local proxy."""
        return self.keyless and caller.address in ("127.0.0.1", "::/64")

    def _server(self, given: str, headers: Headers, address: str) -> Caller:
        site = self.sites.of_server_key(given)
        if site is None:
            raise Problem(401, "服务端密钥无效；可用 `wence sites add 站点 --server` 重新生成")
        if "origin" in headers or "sec-fetch-site" in headers:
            raise Problem(403, "服务端密钥只能由网站的服务器使用，不能放在网页里")
        return Caller("server", address, site)

    def _visitor(self, given: str, connection: HTTPConnection, address: str) -> Caller:
        try:
            claims = self.tokens.read(given)
        except TokenError as error:
            raise Problem(401, str(error)) from None
        site = self.sites.get(claims.site)
        if site is None or site.edition != claims.edition:
            raise Problem(401, "令牌所属的站点已不再登记，请联系网站管理员")
        if claims.origin not in site.origins:
            raise Problem(403, f"网站 {claims.origin} 不在本站点登记的来源之内")
        if not _comes_from(connection, claims.origin):
            raise Problem(403, "请求的来源与令牌不符")
        return Caller("visitor", address, site, claims, given)


def _comes_from(connection: HTTPConnection, origin: str) -> bool:
    """The window itself (our own origin) or the page of the token. A browser leaves `Origin` out of plain reads."""
    told = connection.headers.get("origin")
    if told is None:
        return (
            connection.scope["method"] in ("GET", "HEAD") and connection.headers.get("sec-fetch-site") == "same-origin"
        )
    return told == origin or same_origin(told, connection.headers.get("host", ""))


def peer_of(connection: HTTPConnection) -> str:
    """Address of the caller, or of whom a trusted proxy speaks for."""
    return connection.client.host if connection.client else ""
