"""What OpenAPI promises is what the server does: generated requests, right and wrong ones, against a real server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import GenerationMode

from assistant.ask import Assistant
from assistant.records.database import Database
from assistant.server import Server
from assistant.web.sites import Sites
from tests.serving import bearer, running

EXAMPLES = 10
"""Requests generated for each operation and mode: some seconds in all."""
OPERATIONS = (
    "GET /healthz", "GET /readyz", "GET /metrics", "POST /api/token", "POST /api/chat", "POST /api/search",
    "GET /api/clauses/{clause_id}", "GET /api/documents", "POST /api/feedback", "GET /v1/models", "POST /v1/chat/completions",
)  # fmt: skip


@pytest.fixture(scope="module")
def key_and_server(assistant: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Server]]:
    home = tmp_path_factory.mktemp("openapi-home")
    key = Sites(Database.open(home)).add("tester", server=True, quota=1_000_000)
    with running(assistant, home, keyless=False) as server:
        yield key, server


REFUSALS = schemathesis.config.SchemathesisConfig.from_dict(
    {"checks": {"negative_data_rejection": {"expected-statuses": [400, 401, 403, 404, 405, 413, 415, 422, 429]}}}
)
"""A wrong body may be so large that it is refused for its size before anybody reads it."""


@pytest.fixture(scope="module")
def schema(key_and_server: tuple[str, Server]) -> Any:
    return schemathesis.openapi.from_url(key_and_server[1].url + "/openapi.json", config=REFUSALS)


def test_every_published_operation_is_tried(schema: Any) -> None:
    published = {f"{r.ok().method.upper()} {r.ok().path}" for r in schema.get_all_operations()}
    assert published == set(OPERATIONS)


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda m: m.value)
@pytest.mark.parametrize("name", OPERATIONS)
def test_the_server_keeps_what_openapi_promises(
    schema: Any, key_and_server: tuple[str, Server], name: str, mode: GenerationMode
) -> None:
    """No server error, no status, media type or body that is not published; wrong requests are refused."""
    key, server = key_and_server
    method, path = name.split()
    operation = schema[path][method]
    if mode == GenerationMode.NEGATIVE and not (operation.body or operation.path_parameters or operation.query):
        pytest.skip("nothing about it can be wrong")

    @hypothesis.settings(
        max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def check(case: schemathesis.Case) -> None:
        case.call_and_validate(base_url=server.url, headers=bearer(key), timeout=60)

    check()
