"""Settings: one frozen object, read from WENCE_* variables in one place. An unknown name is an error."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import platformdirs
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from index.errors import SettingsError
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
    chroma_url: str = ""
    """`http://host:port` of a Chroma server; empty keeps the vectors in WENCE_HOME."""
    region: str = ""
    """Region of askers who name none, e.g. 上海市; empty asks all."""
    today: str = ""
    """The date taken as today, YYYY-MM-DD; empty takes the clock. For tests and for asking as of a day."""
    record: bool = True
    """Keep a record of each answer (personal data masked) in WENCE_HOME."""

    @field_validator("home", "cache")
    @classmethod
    def _expand(cls, value: Path) -> Path:
        try:
            return value.expanduser().absolute()
        except RuntimeError:
            raise ValueError("没有这个用户的主目录；应写成完整路径") from None

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
        kinds = {"literal_error": "应为 auto、openvino 或 torch", "bool_parsing": "应为 true 或 false"}
        expected = kinds.get(first["type"]) or first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{name}={first.get('input')!r} 无法使用：{expected}") from None
