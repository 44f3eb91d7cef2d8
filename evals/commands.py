"""`wence eval …`: the evaluators' commands, each in a module of its own (see evals/arguments.py)."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from assistant.__main__ import Parser
from evals import baseline, compare, data, gate, judging, report, running

COMMANDS = (running, judging, compare, gate, baseline, data, report)
"""Modules with `add_arguments(sub)`, in the order of the help. A module listed here imports nothing heavy at its top."""


def run(arguments: Sequence[str]) -> int:
    """Run one command; exit status 0 done, 1 not done, 2 wrong use (`gate` has its own, see evals/gate.py)."""
    try:
        options = build_parser().parse_args(list(arguments))
    except SystemExit as error:
        if error.code and list(arguments[:1]) == ["gate"]:  # a mistyped gate is no verdict, and 2 would be one
            return gate.BROKEN
        raise
    return int(options.run(options))


def build_parser() -> argparse.ArgumentParser:
    """The command line of `wence eval`."""
    parser = Parser(prog="wence eval", description="评测", add_help=False)
    parser.add_argument("-h", "--help", action="help", help="显示帮助")
    sub = parser.add_subparsers(dest="command", metavar="命令", required=True, parser_class=Parser)
    for module in COMMANDS:
        module.add_arguments(sub)
    return parser
