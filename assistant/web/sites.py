"""Registered sites: whose pages may show the conversation window, and whose servers may call the API.

They live in the store. A running server sees a change with the next request: whether there was one is asked each time
(3 µs on SQLite, as much as a look at a file's time; 0.5 ms of processor time on PostgreSQL), and only then are they read anew.
The publish key is public (it stands in the page's HTML); the server key is a secret and is kept only as a hash.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import re
import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from assistant.records.database import Database
from assistant.records.registry import Registry
from assistant.records.tables import SiteRow
from assistant.web.origins import origin_of
from index.errors import InputError, StorageError, UsageError, cause

FILE = "sites.json"
"""Where versions before the store kept them, in WENCE_HOME."""
SERVER_KEY = "wence-sk-"
"""Server keys start so, which lets scanners of leaked secrets find them."""
DEFAULT_QUOTA = 5000
MAX_QUOTA = 100_000_000
_KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")

log = logging.getLogger("wence.sites")


@dataclass(frozen=True, slots=True)
class Site:
    """One registered site."""

    key: str
    """Publish key, 1 to 40 of a-z 0-9 and -."""
    edition: str
    """Drawn anew at each registration: tokens of a removed site stay worthless when its key comes back."""
    name: str = ""
    origins: tuple[str, ...] = ()
    """Whose pages may embed; empty refuses all."""
    quota: int = DEFAULT_QUOTA
    """Questions a day, of all visitors together."""
    region: str = ""
    """Region of visitors who name none."""
    private: bool = False
    """Tokens come from the site's own server only; the publish key alone gets none."""
    mask_companies: bool = False
    """Unified social credit codes are masked too."""
    server_hash: str = ""
    """SHA-256 of the server key, hex; "" when the site has none. The key has 256 random bits, so one round does."""


class Sites:
    """The registry of one store. Without a store it is empty and stays so."""

    def __init__(self, database: Database | None) -> None:
        self._registry = Registry(database) if database else None
        self._lock = threading.Lock()
        self._mark: object = None
        self._sites: dict[str, Site] = {}
        self._failed = False

    def all(self) -> dict[str, Site]:
        """Sites by key, as the store has them now. A store that cannot be read refuses everybody."""
        if self._registry is None:
            return {}
        with self._lock:
            try:
                mark = self._registry.mark()
                if mark != self._mark:
                    self._sites = {row.key: _site(row.key, row.edition, row.record) for row in self._registry.rows()}
                    self._mark = mark
                self._failed = False
            except (InputError, StorageError) as error:
                if not self._failed:
                    log.error("%s；在此之前拒绝所有站点", error)
                self._failed, self._mark, self._sites = True, None, {}
            return self._sites

    def get(self, key: str) -> Site | None:
        """A site by its publish key."""
        return self.all().get(key)

    def knows(self, origin: str) -> bool:
        """Whether any site has this origin."""
        return any(origin in site.origins for site in self.all().values())

    def of_server_key(self, given: str) -> Site | None:
        """The site whose server key this is."""
        digest, found = _hash(given), None
        for site in self.all().values():
            if site.server_hash and hmac.compare_digest(site.server_hash, digest):
                found = site
        return found

    def add(
        self, key: str, *, name: str = "", origins: Sequence[str] = (), quota: int = DEFAULT_QUOTA, region: str = "",
        private: bool = False, mask_companies: bool = False, server: bool = False, person: str = "",
    ) -> str:  # fmt: skip
        """Register a site, or change one: everything is set anew but the server key, unless `server` draws a new one.

        Args:
            person: who does it, for the audit.

        Returns:
            The new server key, shown this once, or "".

        Raises:
            UsageError: key, origin or quota cannot be used.
            StorageError: the store cannot be written.
        """
        if not _KEY.fullmatch(key):
            raise UsageError(f"站点标识 {key!r} 无效；应为 1 到 40 个小写字母、数字或 -，如 zhangjiang-park")
        if not 1 <= quota <= MAX_QUOTA:
            raise UsageError(f"每日限额 {quota} 无效；应为 1 到 {MAX_QUOTA} 的整数")
        places = tuple(dict.fromkeys(origin_of(o) for o in origins))
        secret = SERVER_KEY + secrets.token_urlsafe(32) if server else ""

        def edit(row: SiteRow | None) -> dict[str, Any]:
            old = _site(row.key, row.edition, row.record) if row else Site(key, secrets.token_hex(8))
            if private and not old.private:
                old = replace(old, edition=secrets.token_hex(8))  # tokens that the public key drew end with it
            site = replace(
                old, name=name, origins=places, quota=quota, region=region, private=private,
                mask_companies=mask_companies, server_hash=_hash(secret) if secret else old.server_hash,
            )  # fmt: skip
            return _columns(site)

        said = {"origins": places, "quota": quota, "private": private, "server_key": "drawn" if server else "kept"}
        self._writable.change(key, edit, person, "site.set", **said)
        return secret

    def remove(self, key: str, person: str = "") -> None:
        """Remove a site; its tokens and its server key are worthless from now on.

        Raises:
            InputError: there is no such site.
            StorageError: the store cannot be written.
        """
        if not self._writable.remove(key, person):
            raise InputError(f"没有登记站点 {key!r}；用 `wence sites list` 查看已登记的站点")

    @property
    def _writable(self) -> Registry:
        if self._registry is None:
            raise StorageError("没有数据目录，无法登记站点；请设置 WENCE_HOME")
        return self._registry


def take_over(home: Path, database: Database) -> int:
    """Move the sites of earlier versions, which kept them in a file, into the store; the file is renamed.

    Returns:
        How many there were.

    Raises:
        InputError: the file is damaged.
        StorageError: it cannot be read, or the store cannot be written.
    """
    path = home / FILE
    if not path.exists():
        return 0
    sites, registry = _read(path), Registry(database)
    for site in sites.values():
        registry.change(site.key, partial(_taken, site), "", "site.import")
    try:
        path.rename(path.with_suffix(".json.imported"))
    except FileNotFoundError:
        pass  # another process was as quick
    except OSError as error:
        raise StorageError(f"无法改名 {path}（{cause(error)}）；请检查权限") from None
    return len(sites)


def _columns(site: Site) -> dict[str, Any]:
    record = asdict(site)
    return {"edition": record.pop("edition"), "record": {k: v for k, v in record.items() if k != "key"}}


def _taken(site: Site, row: SiteRow | None) -> dict[str, Any]:
    """A site that the store has already is the newer one: a take-over was killed before the file was renamed."""
    return {"edition": row.edition, "record": row.record} if row else _columns(site)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _site(key: str, edition: str, record: Mapping[str, Any]) -> Site:
    try:
        return Site(key, edition, **{**record, "origins": _texts(record["origins"])})
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"站点 {key} 的登记已损坏（{cause(error)}）；请用 `wence sites remove` 移除后重新登记"
        ) from None


def _read(path: Path) -> dict[str, Site]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["sites"]
        return {row["key"]: Site(**{**row, "origins": _texts(row["origins"])}) for row in rows}
    except OSError as error:
        raise StorageError(f"无法读取 {path}（{cause(error)}）；请检查权限") from None
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"{path} 已损坏（{cause(error)}）；请删除它，再用 `wence sites add` 重新登记站点") from None


def _texts(value: Sequence[object]) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise ValueError("origins 应为文字列表")
    return tuple(value)
