"""Web origins, written one way, and where a request says it comes from.

An origin is `scheme://host[:port]` (RFC 6454): the default port dropped, the host in lower case and in ASCII form.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from index.errors import UsageError

DEFAULT_PORTS = {"http": 80, "https": 443}
FORWARDING = re.compile(r"x-forwarded-.*|x-real-ip|forwarded|via|x-client-ip|true-client-ip|cf-connecting-ip")
"""Headers that a proxy adds: a request that has one did not start on this machine, whatever its address says."""
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]")


def origin_of(text: str) -> str:
    """`text` as an origin in its one spelling.

    Raises:
        UsageError: not an origin; a path, a wildcard, a user name or another scheme than http(s).
    """
    wrong = UsageError(
        f"来源 {text!r} 无效；应为 https://主机[:端口]，不带路径，不用通配符，如 https://www.example.gov.cn"
    )
    try:
        url = urlsplit(text.strip())
        port, host = url.port, url.hostname or ""
        host = f"[{ipaddress.IPv6Address(host).compressed}]" if ":" in host else host.encode("idna").decode().lower()
    except (ValueError, UnicodeError):
        raise wrong from None
    if url.scheme not in DEFAULT_PORTS or not _HOST.fullmatch(host) or port == 0:
        raise wrong
    if url.path not in ("", "/") or url.query or url.fragment or "@" in url.netloc or "?" in text or "#" in text:
        raise wrong
    return f"{url.scheme}://{host}" + (f":{port}" if port and port != DEFAULT_PORTS[url.scheme] else "")


def same_origin(origin: str, host: str) -> bool:
    """Whether an `Origin` header names the host that the request was sent to.

    The scheme is left out: behind a proxy that ends TLS the server sees http where the browser sees https.
    """
    scheme, _, place = origin.partition("://")
    if scheme not in DEFAULT_PORTS or not host:
        return False
    return _without_default(place.lower(), scheme) == _without_default(host.lower(), scheme)


def _without_default(place: str, scheme: str) -> str:
    return place.removesuffix(f":{DEFAULT_PORTS[scheme]}")


def is_loopback(host: str) -> bool:
    """Whether an address or a name means this machine. Names other than localhost do not count."""
    name = host.strip().lower().removeprefix("[").removesuffix("]")
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def from_this_machine(headers: Headers, peer: str, version: str = "1.1") -> bool:
    """Whether a request was made on this machine, by a program or by this server's own page.

    The name in `Host` must be this machine's too: a page of another host whose name was pointed at 127.0.0.1
    (DNS rebinding) sends its own name there. A proxy on this machine that rewrites `Host` and adds no header looks
    the same but for the version: by its documented default nginx asks in HTTP/1.0, which a program of today does
    not. What is left of such proxies cannot be told apart; `wence check` warns of it.

    Args:
        headers: as sent.
        peer: address at the other end.
        version: of HTTP, as in the ASGI scope.
    """
    host = headers.get("host", "")
    if not is_loopback(peer) or not is_loopback(_host_only(host)) or version == "1.0":
        return False
    if any(FORWARDING.fullmatch(name.lower()) for name in headers):
        return False
    origin = headers.get("origin")
    return origin is None or same_origin(origin, host)


def _host_only(host: str) -> str:
    return host.partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def network_of(peer: str) -> str:
    """The address that limits count by: an IPv4 address, or the /64 that one IPv6 subscriber has to himself."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.IPv6Network((address, 64), strict=False))
    return str(address)
