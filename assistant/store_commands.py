"""wence store: where the index's passages are kept, and moving them to another store."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from index.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable


def add_actions(command: argparse.ArgumentParser, parser: type[argparse.ArgumentParser]) -> None:
    """The actions of `wence store`."""
    actions = command.add_subparsers(dest="action", metavar="操作", required=True, parser_class=parser)
    for name, text in (("show", "说明索引在哪里"), ("copy", "把索引搬到另一个向量库，不重新计算向量")):
        action = actions.add_parser(name, help=text, description=text, add_help=False)
        action.add_argument("-h", "--help", action="help", help="显示帮助")
        if name == "copy":
            places = (
                "folder（索引自己的文件夹）、http://主机:端口（Chroma 服务）、milvus:文件.db 或 milvus:http://主机:端口"
            )
            action.add_argument("source", metavar="从", help=places)
            action.add_argument("target", metavar="到", help="同上；搬好后按提示设置 WENCE_STORE")


def store(options: argparse.Namespace) -> int:
    """wence store show | copy FROM TO."""
    from assistant.settings import load_settings
    from index.generation import current_generation, read_stamp

    settings = load_settings()
    if options.action == "show":
        folder = current_generation(settings.home)
        stamp = read_stamp(folder)
        where = str(folder / "vectors") if stamp.store == "folder" else stamp.store
        print(f"{where}（集合 {stamp.collection}）：{stamp.clauses} 条、{stamp.passages} 段，模型 {stamp.model}")
        return 0
    from index.moving import copy_index

    source, target = _place(options.source), _place(options.target)
    if settings.store_token and source != target and "folder" not in (source, target):
        raise UsageError(
            "设置了 WENCE_STORE_TOKEN 时不能在两个服务之间直接搬（口令会发给另一个服务）；请先搬到 folder，换好口令再搬过去"
        )
    made = copy_index(settings.home, source, target, _bar)
    setting = "去掉 WENCE_STORE 和 WENCE_CHROMA_URL" if target == "folder" else f"设 WENCE_STORE={target}"
    print(f"已把 {made.passages} 段从 {source} 搬到 {target}，没有重新计算向量；之后请{setting}")
    return 0


def _place(text: str) -> str:
    """A place as the index's stamp spells it.

    Raises:
        UsageError: no store is spelt so.
    """
    from assistant.settings import Settings

    if text == "folder":
        return text
    try:
        settings = Settings(store=text)
        return settings.store_place if settings.store else _wrong(text)
    except ValueError:
        return _wrong(text)


def _wrong(text: str) -> str:
    raise UsageError(f"不认识向量库 {text!r}；应为 folder、http://主机:端口、milvus:文件.db 或 milvus:http://主机:端口")


def _bar(clauses: int, passages: int) -> Callable[[int], object]:
    from tqdm import tqdm

    bar: Any = tqdm(total=passages, desc=f"搬运 {clauses} 条", unit="段", file=sys.stderr, leave=False)

    def told(count: int) -> object:
        bar.update(count)
        return bar.close() if bar.n >= passages else None

    return told
