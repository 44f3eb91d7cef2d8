"""Who may import whom, read from the source: the direction of the layers and the walls around libraries."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("tests", "evals", "assistant", "index", "prompts")
MAY_IMPORT = {
    "index": {"index"},
    "prompts": {"prompts"},
    "assistant": {"assistant", "index", "prompts"},
    "evals": {"evals", "assistant", "index", "prompts"},
    "tests": set(OURS),
}
WALLS = {
    "chromadb": {"index/stores/chroma.py"},
    "pymilvus": {"index/stores/milvus.py"},
    # What loads models for use stays apart from what trains them, which needs packages that serving does not.
    "sentence_transformers": {"index/encode.py", "index/training.py"},
    "torch": {"index/encode.py", "index/training.py"},
    "transformers": {"index/encode.py", "index/training.py"},
    "datasets": {"index/training.py"},
    "accelerate": {"index/training.py"},
    "openvino": {"index/openvino_bert.py"},
    "tokenizers": {"index/openvino_bert.py", "index/weights.py"},
    "safetensors": {"index/weights.py"},
    "bm25s": {"index/lexical.py"},
    "jieba": {"index/words.py"},
    "docx": {"index/files/word.py", "assistant/staff/sheet.py"},
    "rapidfuzz": {"assistant/difference.py"},
    "lxml": {"index/files/word.py", "index/files/web.py"},
    "pdfplumber": {"index/files/pdf.py"},
    "pdfminer": {"index/files/pdf.py"},
    "rapidocr": {"index/files/scan.py"},
    "tomlkit": {"index/catalog.py"},
    "PIL": {"index/files/scan.py", "index/files/facsimile.py"},
    "pypdfium2": {"index/files/facsimile.py"},
    "pypinyin": {"index/words.py"},
    "gradio": {"assistant/page.py", "assistant/staff/"},
    "langchain": {"assistant/model.py"},
    "langchain_openai": {"assistant/model.py"},
    "xllamacpp": {"assistant/local_model.py"},
    "jwt": {"assistant/web/tokens.py"},
    "limits": {"assistant/web/limits.py"},
    "mcp": {"assistant/mcp_server.py"},
    "prometheus_client": {"assistant/web/metrics.py"},
    "sse_starlette": {"assistant/web/api.py", "assistant/web/openai_shape.py", "assistant/web/streaming.py"},
    "langchain_core": {"assistant/model.py", "assistant/retriever.py"},
    "openpyxl": {"evals/sheets.py"},
    "argon2": {"assistant/people/passwords.py"},
    "authlib": {"assistant/people/openid.py"},
    "joserfc": {"assistant/people/openid.py"},
    # Whoever keeps something in the store says so in the store's own words; what opens it is assistant/records.
    "sqlalchemy": {"assistant/records/", "assistant/people/", "assistant/review/", "assistant/library/"},
    "alembic": {"assistant/records/"},
    "psycopg": set(),
}
"""Library → the only files of the product, or folders, that may touch it."""
READS_SETTINGS = {
    "assistant/model.py",
    "assistant/installation.py",
    "assistant/ask_commands.py",
    "assistant/index_commands.py",
    "assistant/serve_commands.py",
    "assistant/store_commands.py",
    "assistant/tune_commands.py",
    "assistant/commands.py",
    "assistant/server.py",
    "assistant/check.py",
    "assistant/batch.py",
}


def sources(package: str) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((ROOT / package).rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    """Full names of all modules that a file imports, also inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("package", OURS)
def test_imports_run_one_way(package: str) -> None:
    wrong = [
        f"{file} imports {name}"
        for file, tree in sources(package)
        for name in imported(tree)
        if (top := name.split(".")[0]) in OURS and top not in MAY_IMPORT[package]
    ]
    assert not wrong


def test_each_library_is_touched_in_its_own_file_only() -> None:
    wrong = [
        f"{file} imports {name}"
        for package in ("index", "assistant", "prompts")
        for file, tree in sources(package)
        for name in imported(tree)
        if (top := name.split(".")[0]) in WALLS and not file.startswith(tuple(WALLS[top]))
    ]
    assert not wrong


def test_settings_are_read_at_the_edge_only() -> None:
    readers = {
        file for file, tree in sources("assistant") if any(n.startswith("assistant.settings") for n in imported(tree))
    }
    assert readers <= READS_SETTINGS


def test_the_environment_is_read_in_settings_only() -> None:
    """Elsewhere a library's switch may be set, never one of ours read."""
    wrong = [
        file
        for package in ("index", "assistant", "prompts")
        for file, tree in sources(package)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("WENCE_")
        if file != "assistant/settings.py" and node.value.isidentifier()
    ]
    assert not wrong
