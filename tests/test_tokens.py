"""Tokens: what is accepted, what is not, and where the signing secret lives."""

from __future__ import annotations

import base64
import json
import os
import stat
import time
from dataclasses import replace
from pathlib import Path

import jwt
import pytest

from assistant.web.tokens import LIFETIME_S, LONGEST_S, Claims, TokenError, Tokens, load_secret
from index.errors import StorageError

SECRET = "s" * 64
CLAIMS = Claims("park", "e1", "https://www.park.example", "c" * 32, "d" * 32, int(time.time()))


def forged(change: dict[str, object], secret: str = SECRET, algorithm: str = "HS256") -> str:
    body = jwt.decode(Tokens(SECRET).issue(CLAIMS), options={"verify_signature": False}) | change
    return jwt.encode({k: v for k, v in body.items() if v is not None}, secret, algorithm)


def test_a_token_says_what_it_was_made_for() -> None:
    assert Tokens(SECRET).read(Tokens(SECRET).issue(CLAIMS)) == CLAIMS


def unsigned() -> str:
    head, body, _ = Tokens(SECRET).issue(CLAIMS).split(".")
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).decode().rstrip("=")
    return f"{none}.{body}."


@pytest.mark.parametrize(
    "token",
    [
        "", "x", "a.b.c", "....", "é.é.é", "\x00", "a" * 100_000, unsigned(), forged({}, secret="t" * 64),
        forged({}, algorithm="HS512"), forged({"aud": "other"}), forged({"iss": "other"}), forged({"exp": None}),
        forged({"jti": None}), forged({"site": None}), forged({"site": 5}), forged({"started": "0"}), forged({"exp": "soon"}),
        forged({"iat": int(time.time()) + 3600}), forged({"exp": int(time.time()) - 1}), forged({"edition": ["e1"]}),
        Tokens(SECRET).issue(CLAIMS)[:-3] + "abc", Tokens(SECRET).issue(CLAIMS) + "x",
    ],
)  # fmt: skip
def test_a_forged_damaged_or_old_token_is_refused(token: str) -> None:
    with pytest.raises(TokenError, match="令牌"):
        Tokens(SECRET).read(token)


def test_a_changed_claim_breaks_the_signature() -> None:
    head, body, signature = Tokens(SECRET).issue(CLAIMS).split(".")
    said = json.loads(base64.urlsafe_b64decode(body + "=="))
    said["site"] = "bureau"
    other = base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")
    with pytest.raises(TokenError):
        Tokens(SECRET).read(f"{head}.{other}.{signature}")


def test_a_token_ends_after_half_an_hour() -> None:
    tokens, now = Tokens(SECRET), time.time()
    assert LIFETIME_S == 1800
    tokens.read(tokens.issue(CLAIMS, now - LIFETIME_S + 5))
    with pytest.raises(TokenError, match="过期"):
        tokens.read(tokens.issue(CLAIMS, now - LIFETIME_S - 1))


def test_a_token_is_renewed_once_and_not_for_ever() -> None:
    tokens = Tokens(SECRET)
    token = tokens.issue(CLAIMS)
    second, claims = tokens.renew(token)
    assert claims == CLAIMS and second != token
    with pytest.raises(TokenError, match="续期"):
        tokens.renew(token)
    _, moved = tokens.renew(second, "f" * 32)
    assert moved == replace(CLAIMS, conversation="f" * 32)
    old = tokens.issue(replace(CLAIMS, started=int(time.time()) - LONGEST_S - 1))
    with pytest.raises(TokenError, match="12 小时"):
        tokens.renew(old)


def test_the_secret_is_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    secret = load_secret(tmp_path)
    assert len(secret) == 64 and load_secret(tmp_path) == secret
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    assert [f.name for f in tmp_path.iterdir()] == ["secret"]
    assert load_secret(tmp_path, "g" * 40) == "g" * 40
    assert load_secret(None) != load_secret(None)


def test_a_secret_that_others_can_read_or_that_is_short_is_refused(tmp_path: Path) -> None:
    load_secret(tmp_path)
    (tmp_path / "secret").chmod(0o644)
    with pytest.raises(StorageError, match="chmod 600"):
        load_secret(tmp_path)
    (tmp_path / "secret").chmod(0o600)
    (tmp_path / "secret").write_text("short", encoding="ascii")
    with pytest.raises(StorageError, match="32"):
        load_secret(tmp_path)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="WENCE_SECRET"):
        load_secret(tmp_path)
