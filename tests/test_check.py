"""`wence check` says of each precondition whether it holds, and what to do where it does not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from index.generation import current_generation
from tests.conftest import Ran

Wence = Callable[..., Ran]


def test_a_good_machine_passes_every_check(wence: Wence) -> None:
    ran = wence("check")
    assert ran.status == 0, ran.out
    states = [line.split("]")[0] for line in ran.out.splitlines()]
    assert set(states) == {"[正常"} and len(states) >= 7  # one more when another test has made a store here
    assert "5 份文件" in ran.out


def test_without_an_index_the_command_that_makes_one_is_named(wence: Wence, tmp_path: Path) -> None:
    ran = wence("check", home=tmp_path)
    assert ran.status == 1
    (failed,) = [line for line in ran.out.splitlines() if line.startswith("[失败]")]
    assert "`wence index`" in failed


def test_a_home_that_cannot_be_written_fails_and_the_other_checks_still_run(wence: Wence, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    ran = wence("check", home=tmp_path / "file" / "home")
    assert ran.status == 1
    assert "[失败] 数据文件夹 WENCE_HOME" in ran.out
    assert "[正常] 向量模型" in ran.out


def test_missing_vectors_are_noticed(wence: Wence, corpus_home: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(corpus_home, tmp_path / "home"))
    shutil.rmtree(current_generation(home) / "vectors")
    ran = wence("check", home=home)
    assert ran.status == 1
    assert "[失败] 索引" in ran.out and "`wence index`" in ran.out


def test_source_files_that_are_gone_are_a_warning_only(wence: Wence, tmp_path: Path) -> None:
    policy = tmp_path / "办法.txt"
    policy.write_text(
        "第一条 对首次升规的企业给予不超过30万元奖励。\n第二条 本办法自印发之日起施行。\n", encoding="utf-8"
    )
    assert wence("index", str(policy), home=tmp_path / "home").status == 0
    policy.unlink()
    ran = wence("check", home=tmp_path / "home")
    assert ran.status == 0
    assert "[注意] 原文件" in ran.out


def test_sites_beside_a_server_that_trusts_this_machine_are_a_warning(
    wence: Wence, corpus_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy on this machine that rewrites the host and adds no header cannot be told from a local program."""
    home = Path(shutil.copytree(corpus_home, tmp_path / "home"))
    assert "免密钥" not in wence("check", home=home).out
    assert wence("sites", "add", "park", "--origin", "https://www.park.example", home=home).status == 0
    ran = wence("check", home=home)
    (warned,) = [line for line in ran.out.splitlines() if line.startswith("[注意] 免密钥")]
    assert ran.status == 0 and "1 个站点" in warned and "WENCE_KEYLESS=false" in warned
    monkeypatch.setenv("WENCE_KEYLESS", "false")
    assert "免密钥" not in wence("check", home=home).out


@pytest.mark.parametrize("name", ["WENCE_EMBEDDING", "WENCE_CACHE"])
def test_a_model_that_cannot_be_loaded_fails(
    name: str, wence: Wence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from index import encode

    monkeypatch.undo()  # the real loader, not the fixture's
    monkeypatch.setenv("WENCE_HOME", str(tmp_path / "home"))
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(name, str(tmp_path / "file" / "nothing"))
    assert encode.load_encoder.__module__ == "index.encode"
    from assistant.check import run_checks
    from assistant.settings import load_settings

    results = {r.name: r.state for r in run_checks(load_settings())}
    assert results["向量模型"] == "fail"
