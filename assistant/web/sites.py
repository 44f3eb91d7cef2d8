"""Registered sites: whose pages may show the conversation window, and whose servers may call the API.

They live in one JSON file in WENCE_HOME, replaced as a whole. A running server sees a change with the next request.
The publish key is public (it stands in the page's HTML); the server key is a secret and is kept only as a hash.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import re
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from assistant.web.origins import origin_of
from index.errors import InputError, StorageError, UsageError, cause

FILE = "sites.json"
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
    """The registry of one WENCE_HOME. Without a home it is empty and stays so."""

    def __init__(self, home: Path | None) -> None:
        self.path = home / FILE if home else None
        self._lock = threading.Lock()
        self._mark: tuple[int, int, int] | None = None
        self._sites: dict[str, Site] = {}

    def all(self) -> dict[str, Site]:
        """Sites by key, as the file has them now. A file that cannot be read refuses everybody."""
        if self.path is None:
            return {}
        try:
            stat = self.path.stat()
            mark = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        except OSError:
            return {}
        with self._lock:
            if mark != self._mark:
                try:
                    self._sites = _read(self.path)
                except (InputError, StorageError) as error:
                    log.error("%s", error)
                    self._sites = {}
                self._mark = mark
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
        private: bool = False, mask_companies: bool = False, server: bool = False,
    ) -> str:  # fmt: skip
        """Register a site, or change one: everything is set anew but the server key, unless `server` draws a new one.

        Returns:
            The new server key, shown this once, or "".

        Raises:
            UsageError: key, origin or quota cannot be used.
            StorageError: the file cannot be written.
        """
        if not _KEY.fullmatch(key):
            raise UsageError(f"站点标识 {key!r} 无效；应为 1 到 40 个小写字母、数字或 -，如 zhangjiang-park")
        if not 1 <= quota <= MAX_QUOTA:
            raise UsageError(f"每日限额 {quota} 无效；应为 1 到 {MAX_QUOTA} 的整数")
        places = tuple(dict.fromkeys(origin_of(o) for o in origins))
        secret = SERVER_KEY + secrets.token_urlsafe(32) if server else ""

        def change(sites: dict[str, Site]) -> dict[str, Site]:
            old = sites.get(key) or Site(key, secrets.token_hex(8))
            if private and not old.private:
                old = replace(old, edition=secrets.token_hex(8))  # tokens that the public key drew end with it
            site = replace(
                old, name=name, origins=places, quota=quota, region=region, private=private,
                mask_companies=mask_companies, server_hash=_hash(secret) if secret else old.server_hash,
            )  # fmt: skip
            return sites | {key: site}

        self._change(change)
        return secret

    def remove(self, key: str) -> None:
        """Remove a site; its tokens and its server key are worthless from now on.

        Raises:
            InputError: there is no such site.
        """
        if key not in self.all():
            raise InputError(f"没有登记站点 {key!r}；用 `wence sites list` 查看已登记的站点")
        self._change(lambda sites: {k: s for k, s in sites.items() if k != key})

    def _change(self, edit: Callable[[dict[str, Site]], dict[str, Site]]) -> None:
        from filelock import FileLock, Timeout

        if self.path is None:
            raise StorageError("没有数据目录，无法登记站点；请设置 WENCE_HOME")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path.with_suffix(".lock"), timeout=10):
                sites = edit(_read(self.path) if self.path.exists() else {})
                rows = [asdict(site) for _, site in sorted(sites.items())]
                draft = self.path.with_suffix(".part")
                handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump({"sites": rows}, file, ensure_ascii=False, indent=1)
                    file.flush()
                    os.fsync(file.fileno())
                draft.replace(self.path)
        except Timeout:
            raise StorageError(f"{self.path} 正被另一个命令修改；请稍后重试") from None
        except OSError as error:
            raise StorageError(f"无法写入 {self.path}（{cause(error)}）；请检查磁盘空间和权限") from None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _read(path: Path) -> dict[str, Site]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["sites"]
        sites = [Site(**{**row, "origins": _texts(row["origins"])}) for row in rows]
        return {site.key: site for site in sites}
    except OSError as error:
        raise StorageError(f"无法读取 {path}（{cause(error)}）；请检查权限") from None
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"{path} 已损坏（{cause(error)}）；请删除它，再用 `wence sites add` 重新登记站点") from None


def _texts(value: Sequence[object]) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise ValueError("origins 应为文字列表")
    return tuple(value)
