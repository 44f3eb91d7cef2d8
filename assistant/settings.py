"""Settings: one frozen object, read from WENCE_* variables in one place. An unknown name is an error."""

from __future__ import annotations

import os
import re
from datetime import date
from ipaddress import ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import platformdirs
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from index.errors import SettingsError
from index.place import Address
from index.regions import mentioned_regions

BUNDLED_CORPUS = Path(__file__).resolve().parent.parent / "index" / "corpus"


class Settings(BaseSettings):
    """Everything that an operator may choose."""

    model_config = SettingsConfigDict(env_prefix="WENCE_", frozen=True, extra="forbid", env_ignore_empty=True)

    home: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("wence")))
    """Where the index and the records live."""
    cache: Path = Field(default_factory=lambda: Path(platformdirs.user_cache_dir("wence")))
    """Where model weights are unpacked; may be deleted at any time."""
    embedding: str = "bundled"
    """`bundled` (multilingual-e5-small), a folder, or a name known to sentence-transformers."""
    embedding_backend: Literal["auto", "openvino", "torch"] = "auto"
    """`auto` takes OpenVINO for the bundled model where it is installed."""
    reranker: str = ""
    """A folder or hub name of a sentence-transformers CrossEncoder that re-orders the first clauses; empty has none."""
    chroma_url: str = ""
    """`http://host:port` of a Chroma server; empty keeps the vectors in WENCE_HOME."""
    store: str = ""
    """Where vectors are kept: `milvus:FILE.db`, `milvus:http://host:19530`, or `http://host:port` of a Chroma server;
    empty takes WENCE_CHROMA_URL."""
    store_token: SecretStr = SecretStr("")
    """Token of that Chroma server (or the proxy before it) or Milvus cluster (`user:password`); never logged, never kept."""
    llm: str = "auto"
    """Who writes: `auto` (the local model where its packages are installed, else nobody), `none`, `local`, or
    `provider:name` as LangChain spells it (openai:deepseek-chat, ollama:qwen3)."""
    llm_base_url: str = ""
    """Endpoint of a model that is not where its provider is by default, e.g. https://api.deepseek.com."""
    llm_api_key: SecretStr = SecretStr("")
    """Key of that endpoint; never logged, never recorded."""
    llm_seconds: float = Field(default=40.0, ge=1, le=600)
    """Longest time that a model may take for one answer; what is missing then is filled with the clauses' words."""
    llm_parallel: int = Field(default=0, ge=0, le=64)
    """Answers written at the same time; 0 takes 1 for the local model and 8 for any other."""
    region: str = ""
    """Region of askers who name none, e.g. 上海市; empty asks all."""
    today: str = ""
    """The date taken as today, YYYY-MM-DD; empty takes the clock. For tests and for asking as of a day."""
    record: bool = True
    """Keep a record of each answer (personal data masked)."""
    keep_days: int = Field(default=0, ge=0, le=36_500)
    """Answers, conversations and ratings older than this are deleted each day; 0 keeps all."""
    database_url: SecretStr = SecretStr("")
    """postgresql://user:password@host:port/name of the store; empty takes a SQLite file in WENCE_HOME."""
    keyless: bool = True
    """Programs on this machine may use the API without a key while the server listens on a loopback address."""
    secret: SecretStr = SecretStr("")
    """Signs the tokens of conversation windows, 32 characters or more; empty takes the one in WENCE_HOME."""
    proxies: str = "127.0.0.1"
    """Addresses or networks of proxies whose X-Forwarded-For is believed, separated by commas."""
    runs: Path | None = None
    """Folder with the evaluation runs that /evals lists; empty lists WENCE_HOME/runs and ./runs."""

    oidc_issuer: str = ""
    """Issuer of an OpenID Connect provider that people may sign in with, as it calls itself; empty has none."""
    oidc_client_id: str = ""
    """What that provider knows this installation by; its callback address is /login/openid/callback."""
    oidc_client_secret: SecretStr = Field(default=SecretStr(""), validate_default=True)
    """The secret that goes with it; never logged."""
    oidc_name: str = "统一认证"
    """What people call that provider."""
    oidc_name_claim: str = "preferred_username"
    """Claim that links an account made with `wence people add --openid` at its first sign-in; `email` only verified."""
    oidc_role_claim: str = ""
    """Claim with a role (staff, evaluator, editor, admin) that counts at each sign-in; empty keeps `wence people`'s."""

    @field_validator("home", "cache", "runs")
    @classmethod
    def _expand(cls, value: Path | None) -> Path | None:
        try:
            return value.expanduser().absolute() if value else None
        except RuntimeError:
            raise ValueError("没有这个用户的主目录；应写成完整路径") from None

    @field_validator("secret")
    @classmethod
    def _secret(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value) < 32:
            raise ValueError("至少 32 个字符，可用 `openssl rand -hex 32` 生成")
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer(cls, value: str) -> str:
        try:
            url = urlsplit(value)
            good = bool(url.hostname) and not (url.query or url.fragment or url.username)
            good = good and (
                url.scheme == "https" or (url.scheme == "http" and url.hostname in ("localhost", "127.0.0.1", "::1"))
            )
        except ValueError:
            good = False
        if value and not good:
            raise ValueError("应为 https://主机/路径（本机可用 http）")
        return value

    @field_validator("oidc_client_secret")
    @classmethod
    def _client(cls, value: SecretStr, others: ValidationInfo) -> SecretStr:
        if others.data.get("oidc_issuer") and not (others.data.get("oidc_client_id") and value):
            raise ValueError("设置了 WENCE_OIDC_ISSUER，就要同时设置 WENCE_OIDC_CLIENT_ID 和 WENCE_OIDC_CLIENT_SECRET")
        return value

    @field_validator("proxies")
    @classmethod
    def _proxies(cls, value: str) -> str:
        try:
            return ",".join(
                str(ip_network(part.strip())).removesuffix("/32") for part in value.split(",") if part.strip()
            )
        except ValueError:
            raise ValueError("应为代理服务器的地址或网段，用逗号分隔，如 10.0.0.5,10.1.0.0/16") from None

    @field_validator("llm")
    @classmethod
    def _llm(cls, value: str) -> str:
        provider, colon, name = value.partition(":")
        if value not in ("auto", "none", "local") and not (provider and colon and name.strip()):
            raise ValueError("应为 auto、none、local，或 提供方:模型名，如 openai:deepseek-chat")
        return value

    @field_validator("llm_base_url")
    @classmethod
    def _base_url(cls, value: str) -> str:
        if value and not (value.startswith(("http://", "https://")) and urlsplit(value).hostname):
            raise ValueError("应为 http://主机/路径 或 https://主机/路径")
        return value

    @property
    def store_place(self) -> str:
        """Where vectors are kept, as `index.store` spells it; "" for the index's own folder."""
        return Address(self.store or self.chroma_url, self.store_token.get_secret_value())

    @field_validator("store_token")
    @classmethod
    def _token(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[!-~]*", value.get_secret_value()):
            raise ValueError("只能有英文字母、数字和标点，中间没有空格")
        return value

    @field_validator("store")
    @classmethod
    def _store(cls, value: str) -> str:
        kind, colon, rest = value.partition(":")
        if kind != "milvus" or not colon:
            return cls._url(value) if value else ""
        if rest.startswith(("http://", "https://")):
            return f"milvus:{cls._url(rest)}"
        if not rest.endswith(".db"):
            raise ValueError("应为 milvus:文件.db、milvus:http://主机:端口，或 Chroma 服务的 http://主机:端口")
        return f"milvus:{Path(rest).expanduser().absolute()}"

    @field_validator("chroma_url")
    @classmethod
    def _url(cls, value: str) -> str:
        try:
            url = urlsplit(value)
            good = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0 and url.path in ("", "/")
            good = good and not (url.username or url.query or url.fragment)
        except ValueError:
            good = False
        if value and not good:
            raise ValueError("应为 http://主机:端口")
        return value.rstrip("/")

    @field_validator("region")
    @classmethod
    def _region(cls, value: str) -> str:
        regions = mentioned_regions(value).regions
        if value and len(regions) != 1:
            raise ValueError("应为一个省市的名字，如 上海市")
        return regions[0] if regions else ""

    @field_validator("today")
    @classmethod
    def _date(cls, value: str) -> str:
        try:
            good = date.fromisoformat(value).isoformat() == value
        except ValueError:
            good = False
        if value and not good:
            raise ValueError("应为 2026-11-21 这样的日期")
        return value


def load_settings() -> Settings:
    """Settings from the environment.

    Raises:
        SettingsError: an unknown WENCE_* name or an unusable value; names both and what was expected.
    """
    known = {f"WENCE_{name.upper()}" for name in Settings.model_fields}
    ours = {name for name in os.environ if name.startswith("WENCE_") and not name.startswith("WENCE_TEST_")}
    if unknown := sorted(ours - known):
        raise SettingsError(f"没有设置项 {unknown[0]}；可用：{'、'.join(sorted(known))}")
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "WENCE_" + "_".join(str(part) for part in first["loc"]).upper()
        kinds = {
            "literal_error": "应为 auto、openvino 或 torch", "bool_parsing": "应为 true 或 false",
            "float_parsing": "应为数字", "int_parsing": "应为整数",
            "greater_than_equal": "太小", "less_than_equal": "太大",
        }  # fmt: skip
        expected = kinds.get(first["type"]) or first["msg"].removeprefix("Value error, ")
        shown = "（不显示）" if name.endswith(("SECRET", "KEY", "TOKEN", "DATABASE_URL")) else repr(first.get("input"))
        raise SettingsError(f"{name}={shown} 无法使用：{expected}") from None
