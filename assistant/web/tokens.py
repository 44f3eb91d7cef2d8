"""Tokens of the conversation window: 30 minutes, for one site, one origin, one conversation.

Signed with a secret of this installation (JWT, HS256, by PyJWT). A token says who may ask; it holds nothing secret.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jwt

from index.errors import StorageError, cause

LIFETIME_S = 30 * 60
RENEW_AFTER_S = LIFETIME_S * 8 // 10
LONGEST_S = 12 * 3600
"""Renewals go on for so long; then the site's page asks for a new token."""
FILE = "secret"
MIN_SECRET_CHARS = 32
_ISSUER, _ALGORITHM = "wence", "HS256"


class TokenError(Exception):
    """A token is not accepted; `str(error)` is the Chinese line for the caller."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says."""

    site: str
    edition: str
    origin: str
    conversation: str
    """32 hex digits."""
    visitor: str
    """32 hex digits; one browser."""
    started: int
    """When the first of a row of renewed tokens was made, seconds since 1970."""


def new_id() -> str:
    """An id that nobody can guess: 32 hex digits."""
    return secrets.token_hex(16)


def load_secret(home: Path | None, given: str = "") -> str:
    """The secret that signs tokens: the one given, else that of WENCE_HOME, made on first need.

    Raises:
        StorageError: the file cannot be made or read, or others on this machine can read it.
    """
    if given or home is None:
        return given or secrets.token_hex(32)
    path = home / FILE
    try:
        if not path.exists():
            home.mkdir(parents=True, exist_ok=True)
            draft = home / f".{FILE}-{secrets.token_hex(4)}"
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                os.write(handle, secrets.token_hex(32).encode())
                os.fsync(handle)
            finally:
                os.close(handle)
            try:
                os.link(draft, path)  # fails when another process was first, and then its secret counts
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise StorageError(f"{path} 能被本机其他用户读取；请运行 `chmod 600 {path}`")
        secret = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(f"无法读写签名密钥 {path}（{cause(error)}）；请检查权限，或设置 WENCE_SECRET") from None
    if len(secret) < MIN_SECRET_CHARS:
        raise StorageError(f"签名密钥 {path} 不足 {MIN_SECRET_CHARS} 个字符；请删除它，重新启动时会自动生成")
    return secret


class Tokens:
    """Makes, checks and renews tokens with one secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._lock = threading.Lock()
        self._renewed: dict[str, float] = {}
        """Ids of tokens that were renewed, with the end of their life: each is renewed once."""

    def issue(self, claims: Claims, now: float | None = None) -> str:
        """A token that says `claims`, good for 30 minutes from `now` (seconds since 1970; None is now)."""
        now = time.time() if now is None else now
        body = {
            "iss": _ISSUER, "aud": _ISSUER, "jti": new_id(), "iat": int(now), "exp": int(now) + LIFETIME_S,
            "site": claims.site, "edition": claims.edition, "origin": claims.origin,
            "conversation": claims.conversation, "visitor": claims.visitor, "started": claims.started,
        }  # fmt: skip
        return jwt.encode(body, self._secret, _ALGORITHM)

    def read(self, token: str) -> Claims:
        """What a token says.

        Raises:
            TokenError: forged, damaged or too old.
        """
        body = self._decode(token)
        return Claims(*(body[k] for k in ("site", "edition", "origin", "conversation", "visitor", "started")))

    def renew(self, token: str, conversation: str = "") -> tuple[str, Claims]:
        """A new token for the same site, origin and visitor; for another conversation when one is named.

        Raises:
            TokenError: as `read`, and when it was renewed before or the row of renewals has lasted 12 hours.
        """
        body, claims = self._decode(token), self.read(token)
        now = time.time()
        if now - claims.started > LONGEST_S:
            raise TokenError("对话已持续 12 小时，请重新打开对话窗口")
        with self._lock:
            self._renewed = {k: end for k, end in self._renewed.items() if end > now}
            if body["jti"] in self._renewed:
                raise TokenError("令牌已续期过，请使用新的令牌")
            self._renewed[body["jti"]] = body["exp"]
        claims = replace(claims, conversation=conversation or claims.conversation)
        return self.issue(claims, now), claims

    def _decode(self, token: str) -> dict[str, Any]:
        required = ["exp", "iat", "jti", "iss", "aud"]
        try:
            body = jwt.decode(
                token, self._secret, [_ALGORITHM], issuer=_ISSUER, audience=_ISSUER, options={"require": required}
            )
        except jwt.ExpiredSignatureError:
            raise TokenError("令牌已过期，请重新获取") from None
        except (jwt.InvalidTokenError, ValueError, TypeError):
            raise TokenError("令牌无效，请重新获取") from None
        texts = ("site", "edition", "origin", "conversation", "visitor", "jti")
        if not all(isinstance(body.get(k), str) for k in texts) or not isinstance(body.get("started"), int):
            raise TokenError("令牌无效，请重新获取")
        return body
