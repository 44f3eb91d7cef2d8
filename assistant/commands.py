"""The commands by name. What each does is imported when it is called, so that `wence --help` loads nothing heavy."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial

from assistant.installation import open_assistant, open_database, pins_resting


def parse(options: argparse.Namespace) -> int:
    """wence parse FILE [--json] [--coverage | --metadata | --text]."""
    from assistant import parse_commands

    return parse_commands.parse(options)


def index(options: argparse.Namespace) -> int:
    """wence index [PATH…] [--rebuild] [--watch [--every SECONDS]]."""
    from assistant import index_commands

    return index_commands.index(options)


def catalog(options: argparse.Namespace) -> int:
    """wence catalog show | edit: facts about a document, where they were read, and their correction."""
    from assistant.catalog_commands import run
    from assistant.settings import load_settings

    return run(options, load_settings().home)


def diff(options: argparse.Namespace) -> int:
    """wence diff A B: clause by clause what changed, and what rests on it."""
    from importlib import import_module

    from assistant.diff_commands import run
    from assistant.settings import load_settings

    settings = load_settings()
    # The evaluators' questions live above this package and are found by name.
    questions = import_module("evals.touched").questions_touching
    return run(options, settings.home, partial(pins_resting, settings), questions)


def search(options: argparse.Namespace) -> int:
    """wence search QUESTION [--top N] [--region R] [--json]."""
    from assistant import ask_commands

    return ask_commands.search(options)


def ask(options: argparse.Namespace) -> int:
    """wence ask QUESTION [--json] [--no-llm] [--history FILE], or --batch IN --out OUT."""
    from assistant import ask_commands

    return ask_commands.ask(options)


def chat(options: argparse.Namespace) -> int:
    """wence chat: a conversation in the terminal."""
    from assistant import ask_commands

    return ask_commands.chat(options)


def serve(options: argparse.Namespace) -> int:
    """wence serve: the web page; builds the index first if there is none."""
    from assistant import serve_commands

    return serve_commands.serve(options)


def sites(options: argparse.Namespace) -> int:
    """wence sites add | list | remove: whose pages and servers may use this installation."""
    from assistant.arguments import place
    from assistant.settings import load_settings
    from assistant.web.site_commands import run

    if options.action == "add":
        options.region = place(options.region)
    settings = load_settings()
    return run(options, settings.home, open_database(settings))


def people(options: argparse.Namespace) -> int:
    """wence people add | list | remove | role | password | unlock | openid: who may sign in."""
    from assistant.people.commands import run
    from assistant.settings import load_settings

    settings = load_settings()
    return run(options, open_database(settings), settings.oidc_issuer)


def records(options: argparse.Namespace) -> int:
    """wence records import | backup | restore | export | prune: what an operator does with the store."""
    from assistant.records.commands import run
    from assistant.settings import load_settings

    settings = load_settings()
    return run(options, settings.home, settings.database_url.get_secret_value(), settings.keep_days)


def review(options: argparse.Namespace) -> int:
    """wence review collect | list: open questions and pinned answers, without the pages."""
    from assistant.review.commands import run
    from assistant.settings import load_settings

    settings = load_settings()
    database = open_database(settings)
    return run(options, open_assistant(settings, llm=False, database=database), database, settings.home)


def store(options: argparse.Namespace) -> int:
    """wence store show | copy FROM TO."""
    from assistant import store_commands

    return store_commands.store(options)


def tune(options: argparse.Namespace) -> int:
    """wence tune FILE… [--out FOLDER] [--epochs N]."""
    from assistant import tune_commands

    return tune_commands.tune(options)


def mcp(options: argparse.Namespace) -> int:
    """wence mcp: search and clauses as tools for other programs, over standard input and output."""
    from assistant import serve_commands

    return serve_commands.mcp(options)


def check(options: argparse.Namespace) -> int:
    """wence check: each precondition ok, warn or fail with its remedy."""
    from assistant.check import run_checks
    from assistant.settings import load_settings

    marks = {"ok": "正常", "warn": "注意", "fail": "失败"}
    results = run_checks(load_settings())
    for result in results:
        print(
            f"[{marks[result.state]}] {result.name}：{result.detail}" + (f"；{result.remedy}" if result.remedy else "")
        )
    return 1 if any(r.state == "fail" for r in results) else 0


def eval(arguments: Sequence[str]) -> int:  # noqa: A001 - the command's name
    """wence eval …: the evaluation commands live above this package and are found by name."""
    from importlib import import_module

    return int(import_module("evals.__main__").main(arguments))
