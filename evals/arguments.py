"""What the sub-commands of `wence eval` share: how a command is declared, how a dataset is named.

Every command lives in a module of its own with two functions, which `evals/commands.py` lists:

    add_arguments(sub)   declares the command and its options; imports nothing heavy
    run(options)         does it and returns the exit status; heavy imports stand inside
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from index.errors import InputError

RUNS = Path("runs")
"""Where runs are kept when --out is not given, below the working folder."""
Commands = Any
"""What `ArgumentParser.add_subparsers` returns; argparse keeps its type to itself."""


def add_command(
    sub: Commands, name: str, text: str, run: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    """A sub-command with Chinese help; `run(options)` returns the exit status."""
    child: argparse.ArgumentParser = sub.add_parser(name, help=text, description=text, add_help=False)
    child.add_argument("-h", "--help", action="help", help="显示帮助")
    child.set_defaults(run=run)
    return child


def dataset_path(name: str) -> Path:
    """A bundled dataset by name (`policy.dev`, or `dev` for short), or a file.

    Raises:
        InputError: neither; lists the names.
    """
    from evals.questions import DATASETS

    for path in (Path(name), DATASETS / f"{name}.jsonl", DATASETS / f"policy.{name}.jsonl"):
        if path.is_file():
            return path
    known = sorted(p.stem for p in DATASETS.glob("policy.*.jsonl"))
    raise InputError(f"没有题集 {name}；自带：{'、'.join(known)}，或给出文件路径")
