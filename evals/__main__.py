"""`wence eval …`."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run one evaluation command."""
    from evals.commands import run

    return run(arguments)
