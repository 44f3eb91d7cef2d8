"""`wence mcp` as another program meets it: started as a command, spoken to by the official client."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters

from tests.serving import QUESTION


def command(home: Path, cache: Path) -> StdioServerParameters:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("WENCE_")}
    env = kept | {"WENCE_HOME": str(home), "WENCE_CACHE": str(cache), "WENCE_LLM": "none"}
    return StdioServerParameters(command=sys.executable, args=["-m", "assistant", "mcp"], env=env)


async def talk(server: StdioServerParameters) -> dict[str, Any]:
    async with Client(server) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        found = await client.call_tool("search", {"question": QUESTION, "top": 3, "region": "上海"})
        first = found.structured_content["result"][0]  # type: ignore[index]
        return {
            "tools": tools,
            "found": found,
            "clause": await client.call_tool("get_clause", {"clause_id": first["clause_id"]}),
            "missing": await client.call_tool("get_clause", {"clause_id": "../../etc/passwd"}),
            "nowhere": await client.call_tool("search", {"question": QUESTION, "region": "火星"}),
            "too_many": await client.call_tool("search", {"question": QUESTION, "top": 500}),
        }


def test_an_mcp_client_searches_and_reads_a_clause(corpus_home: Path, model_cache: Path) -> None:
    told = asyncio.run(talk(command(corpus_home, model_cache)))
    assert set(told["tools"]) == {"search", "get_clause"}
    assert all(tool.description and tool.annotations.read_only_hint for tool in told["tools"].values())
    rows = told["found"].structured_content["result"]
    assert [row["rank"] for row in rows] == [1, 2, 3] and {row["region"] for row in rows} <= {"上海市", "全国"}
    clause = told["clause"].structured_content
    assert clause["text"] == rows[0]["text"] and "2000 万元" in clause["text"] and "409号" in clause["address"]
    for wrong, words in (("missing", "search"), ("nowhere", "火星"), ("too_many", "top")):
        assert told[wrong].is_error and words in told[wrong].content[0].text, wrong
