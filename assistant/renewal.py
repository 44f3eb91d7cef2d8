"""The index that a server starts on: built when there is none, built anew when an earlier version of this program or
another embedding model made it.

    open → none, or of another make → wait for who builds one, or build it beside the old one → open

Every document of an old index is read again from the file that the index names, so nothing can be lost: where a file
is gone, nothing is built. What is damaged, or was made by a newer version, is left to a person.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from index.errors import BusyError, IndexMissingError, IndexStampError
from index.generation import FORMAT, current_generation, latest_generation, locked
from index.parse import PARSER_VERSION

LOOK_S = 0.5
"""How often a server that waits for another's build looks whether it is done."""
T = TypeVar("T")


def open_renewed(
    home: Path, opened: Callable[[], T], build: Callable[[Sequence[Path]], object], first: Callable[[], Sequence[Path]]
) -> T:
    """What `opened` opens, after building the index where that is needed; each step says one line on stderr.

    Args:
        home: WENCE_HOME.
        opened: opens the current index.
        build: indexes files; () brings up to date what the index holds.
        first: what a new index begins with.

    Raises:
        IndexStampError: a newer version of this program made the index.
        WenceError: as `opened` and `build` say; the old index is left as it was.
    """
    built = False
    while True:
        try:
            return opened()
        except IndexMissingError as error:
            if built:
                raise
            if latest_generation(home) is None:
                line, paths = f"还没有索引，先收录自带的政策文件（{home}）…", first()
            else:  # what it held is known; only its vectors are not where they should be
                line, paths = f"{str(error).partition('；')[0]}，正重建；建好之前旧索引不动…", ()
        except IndexStampError as error:
            if built:
                raise
            _refuse_newer(current_generation(home))
            line, paths = f"{str(error).partition('；')[0]}，正按原文件重建；建好之前旧索引不动…", ()
        if _awaited(home):  # the other one has made it, or has failed and said why
            continue
        print(line, file=sys.stderr, flush=True)
        try:
            build(paths)
            built = True
        except BusyError:
            continue


def _awaited(home: Path) -> bool:
    """Wait while another process builds; whether there was one."""
    waited = False
    while True:
        try:
            with locked(home):
                return waited
        except BusyError:
            if not waited:
                print(f"另一个进程正在 {home} 建立索引，等它做完（按 Ctrl-C 停止）…", file=sys.stderr, flush=True)
            waited = True
            time.sleep(LOOK_S)


def _refuse_newer(folder: Path) -> None:
    """Two versions on one home would else rebuild each other's index for ever."""
    stamp = json.loads((folder / "stamp.json").read_text(encoding="utf-8"))
    for what, built, own in (
        ("格式", str(stamp["format"]), FORMAT),
        ("解析器版本", str(stamp.get("parser")), PARSER_VERSION),
    ):
        if built != own and not (built.isdecimal() and int(built) < int(own)):
            raise IndexStampError(
                f"索引的{what}是 {built}，本程序是 {own}，看来由更新的版本建立；请升级问策，或用 WENCE_HOME 换一个数据目录，"
                "也可以用 `wence index --rebuild` 按本程序重建"
            )
