"""Settings: one frozen object, read from WENCE_* variables in one place. An unknown name is an error."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from index.errors import SettingsError

BUNDLED_CORPUS = Path(__file__).resolve().parent.parent / "index" / "corpus"


class Settings(BaseSettings):
    """Everything that an operator may choose."""

    model_config = SettingsConfigDict(env_prefix="WENCE_", frozen=True, extra="forbid")

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
        return value.expanduser()

    @field_validator("chroma_url")
    @classmethod
    def _url(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^/\s]+/?", value):
            raise ValueError("应为 http://主机:端口")
        return value.rstrip("/")

    @field_validator("today")
    @classmethod
    def _date(cls, value: str) -> str:
        if value and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", value):
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
        expected = first.get("ctx", {}).get("expected") or first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{name}={first.get('input')!r} 无法使用：{expected}") from None
