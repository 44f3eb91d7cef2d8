"""A page that was opened before what it offers went from the index: a clear line and a new list, over the wire."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from assistant.ask import Assistant
from assistant.people.person import Role
from assistant.records.database import Database
from assistant.server import Server
from index.build import build_index
from index.encode import Encoder
from index.live import LiveIndex
from tests.serving import running
from tests.signing_in import make_people, signed_in

RULES = (
    "{city}测试办法\n第一条 为了支持企业发展，制定本办法。\n第二条 {city}对首次升规的企业给予不超过{amount}万元奖励。\n"
)


@pytest.fixture
def served(tmp_path: Path, encoder: Encoder) -> Iterator[tuple[Server, Database]]:
    """A server whose pages were made when two cities had documents; now one has."""
    home, folder = tmp_path / "home", tmp_path / "policies"
    folder.mkdir()
    for city, amount in (("上海市", 30), ("深圳市", 20)):
        (folder / f"{city}.txt").write_text(RULES.format(city=city, amount=amount), encoding="utf-8")
    build_index(home, [folder], encoder)
    database = Database.open(home)
    make_people(database)
    index = LiveIndex.open(home, encoder)
    with running(Assistant(index, today=dt.date(2026, 11, 21)), home, database=database) as server:
        assert sorted(index.now().regions) == ["上海市", "深圳市"]
        (folder / "深圳市.txt").unlink()
        build_index(home, [folder], encoder)
        assert index.refresh()
        yield server, database
    database.close()


def event(server: Server, path: str, client: httpx.Client, last: str, **values: object) -> dict[str, Any]:
    """Press what sends the fields named (by their id on the page) and ends in field `last`; what the page gets back,
    by id. Fields that are not named send nothing."""
    mounted = next(r for r in server.config.app.routes if getattr(r, "path", None) == path)  # type: ignore[union-attr]
    config = mounted.app.blocks.config
    names = {c["id"]: c["props"].get("elem_id", "") for c in config["components"]}
    wanted = {name.replace("_", "-") for name in values}
    (found, *_) = [
        d
        for d in config["dependencies"]
        if wanted <= {names[i] for i in d["inputs"]} and names[d["outputs"][-1]] == last
    ]
    data = [values.get(names[i].replace("-", "_")) for i in found["inputs"]]
    session, base = uuid4().hex[:10], f"{path.rstrip('/')}/gradio_api"
    joined = client.post(f"{base}/queue/join", json={"data": data, "fn_index": found["id"], "session_hash": session})
    assert joined.status_code == 200, joined.text
    with client.stream("GET", f"{base}/queue/data", params={"session_hash": session}) as stream:
        for line in stream.iter_lines():
            told = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
            if told.get("msg") == "process_completed":
                assert told["success"], told
                return dict(zip((names[i] for i in found["outputs"]), told["output"]["data"], strict=True))
    raise AssertionError("the event did not end")


def test_a_region_that_is_gone_is_said_and_the_list_renewed(served: tuple[Server, Database]) -> None:
    server, database = served
    with httpx.Client(base_url=server.url, timeout=60) as client:
        told = event(server, "", client, "w-region", w_box="升规奖励多少", w_region="深圳市", w_style="条款原文")
        assert "现在没有收录“深圳市”的文件，地区的选项已更新" in told["w-hints"]
        assert told["w-region"]["choices"] == [["不限", ""], ["上海市", "上海市"]] and told["w-region"]["value"] == ""
        evil = event(server, "", client, "w-region", w_box="升规", w_region="<b>", w_style="条款原文")
        assert "“&lt;b&gt;”" in evil["w-hints"]
    with signed_in(server.url, database, Role.EDITOR) as editor:
        told = event(server, "/staff", editor, "r-city", r_days=30, r_site="*", r_city="深圳市")
        assert "现在没有收录“深圳市”的文件" in told["r-trends"] and told["r-city"]["value"] == ""
        told = event(
            server,
            "/staff",
            editor,
            "r-message",
            r_question="升规",
            r_region="深圳市",
            r_lines="",
            r_wanted="",
            r_unwanted="",
        )
        assert "现在没有收录“深圳市”的文件" in told["r-message"] and told["r-region"]["value"] == ""
        told = event(server, "/staff", editor, "r-message", r_pins="0" * 32)
        assert "r-bad" in told["r-message"]
