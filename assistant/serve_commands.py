"""`wence serve` and `wence mcp`: answering people and programs until told to stop."""

from __future__ import annotations

import argparse
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.index_commands import build
from assistant.installation import open_assistant, open_database
from assistant.settings import BUNDLED_CORPUS, Settings, load_settings

if TYPE_CHECKING:
    from assistant.people.openid import Provider


def serve(options: argparse.Namespace) -> int:
    """wence serve: the web page; builds the index first if there is none, or one of another make."""
    from assistant.library.vault import Vault, VaultReadings, library_paths
    from assistant.records.answers import Answers
    from assistant.records.retention import prune_quietly
    from assistant.renewal import open_renewed
    from assistant.review.board import Boards
    from assistant.review.keeper import Keeper
    from assistant.server import serve as run
    from assistant.server import take_port
    from index.live import followed

    settings = load_settings()
    listener = take_port(options.host, options.port)  # a port in use is said before anything is built
    try:
        database = open_database(settings)
        records = Answers(database) if settings.record else None
        assistant = open_renewed(
            settings.home,
            partial(open_assistant, settings, records=records, database=database),
            partial(build, settings, readings=VaultReadings(Vault(settings.home))),
            lambda: [*library_paths(settings.home), BUNDLED_CORPUS],
        )
        with followed(assistant.index), Keeper(Boards(database), assistant, settings.home):
            run(
                assistant, options.host, options.port, listener, settings.home, database,
                secret=settings.secret.get_secret_value(), keyless=settings.keyless, proxies=settings.proxies,
                openid=_provider(settings), pages=_evaluators_pages(settings),
                chores=[partial(prune_quietly, database, settings.keep_days)],
            )  # fmt: skip
    finally:
        listener.close()
    return 0


def _provider(settings: Settings) -> Provider | None:
    """Who vouches for people by OpenID Connect."""
    from assistant.people.openid import Provider

    if not settings.oidc_issuer:
        return None
    return Provider(
        settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret.get_secret_value(),
        settings.oidc_name, settings.oidc_name_claim, settings.oidc_role_claim,
    )  # fmt: skip


def _evaluators_pages(settings: Settings) -> list[Any]:
    """`/evals`, which lives above this package and is found by name."""
    folders = [settings.runs] if settings.runs else [settings.home / "runs", Path("runs").absolute()]
    return [import_module("evals.page").evaluators_page(folders)]


def mcp(options: argparse.Namespace) -> int:
    """wence mcp: search and clauses as tools for other programs, over standard input and output."""
    from assistant.mcp_server import build_server
    from index.live import followed

    assistant = open_assistant(load_settings(), llm=False)
    with followed(assistant.index):
        build_server(assistant).run("stdio")
    return 0
