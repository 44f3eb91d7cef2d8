"""`wence index`: documents into the index, once or for as long as folders are watched."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.installation import pins_resting
from assistant.settings import BUNDLED_CORPUS, Settings, load_settings
from index.errors import UsageError

if TYPE_CHECKING:
    from index.readings import Readings
    from index.report import Report


def index(options: argparse.Namespace) -> int:
    """wence index [PATH…] [--rebuild] [--watch [--every SECONDS]]."""
    from assistant.library.vault import library_paths
    from index.generation import latest_generation

    settings = load_settings()
    paths = [Path(p) for p in options.path]
    if options.watch:
        if not paths or options.rebuild:
            raise UsageError("--watch 要给出看守的文件夹，不能与 --rebuild 同用，如 `wence index 政策文件夹 --watch`")
        return watch(settings, paths, options.every)
    if not paths and not (options.rebuild and latest_generation(settings.home)):
        paths = [*library_paths(settings.home), BUNDLED_CORPUS]
    report = build(settings, paths, options.rebuild)
    return 1 if report.rows and report.count("rejected") == len(report.rows) else 0


def build(settings: Settings, paths: Sequence[Path], rebuild: bool = False, readings: Readings | None = None) -> Report:
    """Build the index and print what was done."""
    from assistant.progress import IndexBar, rows_of, summary_of
    from index.build import build_index
    from index.encode import load_encoder

    encoder = load_encoder(settings.embedding, settings.cache, settings.embedding_backend)
    report = build_index(
        settings.home,
        paths,
        encoder,
        place=settings.store_place,
        rebuild=rebuild,
        readings=readings,
        bar=IndexBar.started,
    )
    for line in rows_of(report):
        print(line, file=sys.stderr)
    print(summary_of(report))
    for line in _what_changed(settings, report):
        print(line)
    return report


def _what_changed(settings: Settings, report: Report) -> list[str]:
    """A line for each updated document: how many clauses changed, which pinned answers rest on them."""
    updated = [row for row in report.rows if row.before]
    if not updated:
        return []
    from assistant.diff_commands import told_of

    return [line for row in updated if (line := told_of(row, partial(pins_resting, settings)))]


def watch(settings: Settings, paths: Sequence[Path], every: int) -> int:
    """Index what changes in folders until told to stop."""
    from assistant.watching import Watch, until_told_to_stop
    from index.build import build_index
    from index.encode import load_encoder

    with until_told_to_stop():
        encoder = load_encoder(settings.embedding, settings.cache, settings.embedding_backend)
        print(f"正在看守 {'、'.join(map(str, paths))}，每 {every} 秒看一次（按 Ctrl-C 停止）", flush=True)
        build = partial(build_index, settings.home, encoder=encoder, place=settings.store_place)
        Watch(paths, build, every, told=partial(_what_changed, settings)).run()
    return 0
