"""Search and clauses as tools of the Model Context Protocol. The only file that touches the SDK `mcp`.

Other people's assistants get clauses, verbatim and with their address; what they make of them is theirs to answer
for, so there is no tool that hands out answers.
"""

from __future__ import annotations

from typing import Annotated, Any

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

from assistant.ask import Assistant
from assistant.gathering import look
from assistant.masking import mask
from assistant.understand import clean
from index.clause import Clause
from index.regions import mentioned_regions

INSTRUCTIONS = (
    "中国政府政策条款的检索。每条结果都是文件原文；引用时请写明文件名、文号和条号，不要改动数字、上限和条件。"
)
READ_ONLY = ToolAnnotations(read_only_hint=True, open_world_hint=False)


def build_server(assistant: Assistant) -> MCPServer[Any]:
    """A server with the tools `search` and `get_clause` over one assistant's index."""
    server: MCPServer[Any] = MCPServer(
        "wence", title="问策", instructions=INSTRUCTIONS, version="0.1.0", log_level="WARNING"
    )

    @server.tool(title="检索政策条款", annotations=READ_ONLY)
    def search(
        question: Annotated[str, Field(min_length=1, max_length=2000, description="问题，如 首台套最高补多少")],
        top: Annotated[int, Field(ge=1, le=20, description="条数")] = 5,
        region: Annotated[str, Field(max_length=20, description="省市名，如 上海市；空为不限")] = "",
    ) -> list[dict[str, Any]]:
        """按相关程度列出政策条款的原文、出处、责任部门和状态。"""
        regions = mentioned_regions(region).regions
        if region and len(regions) != 1:
            raise ToolError(f"不认识地区 {region!r}；应为一个省市的名字，如 上海市")
        place = regions[0] if regions else assistant.region
        found = look(assistant.searcher, mask(clean(question)[0]), top, place, assistant.today)
        return [{"rank": n, "score": round(s.score, 4), **_record(s.clause)} for n, s in enumerate(found.ranked, 1)]

    @server.tool(title="读取一条条款", annotations=READ_ONLY)
    def get_clause(
        clause_id: Annotated[str, Field(max_length=200, description="search 返回的 clause_id")],
    ) -> dict[str, Any]:
        """一条条款的原文、出处、责任部门、状态，以及前后条款的编号。"""
        searcher = assistant.searcher
        clause = searcher.clause(clause_id)
        if clause is None:
            raise ToolError(f"没有条款 {clause_id!r}；请使用 search 返回的 clause_id")
        before, after = searcher.neighbours(clause)
        return _record(clause) | {
            "previous": before.clause_id if before else None, "next": after.clause_id if after else None,
        }  # fmt: skip

    return server


def _record(clause: Clause) -> dict[str, Any]:
    return {"address": clause.address, **clause.to_json()}
