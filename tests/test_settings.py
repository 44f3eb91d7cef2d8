"""Settings come from WENCE_* names only; a wrong one is named before anything starts."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from assistant.settings import Settings, load_settings
from index.errors import SettingsError

README = Path(__file__).parent.parent / "README.md"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith("WENCE_")]:
        monkeypatch.delenv(name)


def test_everything_has_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    assert settings.home.is_absolute() and settings.cache.is_absolute()
    assert (settings.embedding, settings.chroma_url, settings.record) == ("bundled", "", True)


def test_an_empty_value_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """`WENCE_HOME=` in a service file must not put the index into the current folder."""
    default = load_settings()
    for name in Settings.model_fields:
        monkeypatch.setenv(f"WENCE_{name.upper()}", "")
    assert load_settings() == default


def test_values_are_read_and_put_into_one_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WENCE_HOME", "~/somewhere")
    monkeypatch.setenv("WENCE_CHROMA_URL", "http://127.0.0.1:8000/")
    monkeypatch.setenv("WENCE_REGION", "深圳")
    settings = load_settings()
    assert settings.home == Path.home() / "somewhere"
    assert settings.chroma_url == "http://127.0.0.1:8000"
    assert settings.region == "深圳市"


def test_an_unknown_name_is_an_error_that_lists_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WENCE_HMOE", "/x")
    with pytest.raises(SettingsError, match="WENCE_HMOE.*WENCE_HOME"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("WENCE_CHROMA_URL", "localhost:8000", "http://"),
        ("WENCE_CHROMA_URL", "http://localhost:999999", "http://"),
        ("WENCE_CHROMA_URL", "http://a:b@host:8000", "http://"),
        ("WENCE_EMBEDDING_BACKEND", "cuda", "openvino"),
        ("WENCE_TODAY", "2026-02-31", "2026-11-21"),
        ("WENCE_TODAY", "20261121", "2026-11-21"),
        ("WENCE_RECORD", "maybe", "true"),
        ("WENCE_REGION", "火星", "上海市"),
        ("WENCE_HOME", "~nobody-of-that-name/x", "完整路径"),
    ],
)
def test_a_bad_value_is_named_with_what_was_expected(
    name: str, value: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    message = str(caught.value)
    assert name in message and value in message and expected in message
    assert "\n" not in message


def test_readme_documents_every_setting_and_no_other() -> None:
    documented = set(re.findall(r"`(WENCE_[A-Z_]+)`", README.read_text(encoding="utf-8")))
    assert documented == {f"WENCE_{name.upper()}" for name in Settings.model_fields}
