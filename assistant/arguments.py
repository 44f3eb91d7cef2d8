"""What a person types or hands over in a file beside the question: a region, a day, earlier turns."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from assistant.answer import Turn
from index.errors import InputError, UsageError, cause
from index.regions import mentioned_regions


def place(name: str) -> str:
    """Full name of a region as the index keeps it (上海 → 上海市); "" stays "".

    Raises:
        UsageError: no region is called so.
    """
    if not name.strip():
        return ""
    regions = mentioned_regions(name).regions
    if len(regions) != 1:
        raise UsageError(f"不认识地区 {name!r}；应为一个省市的名字，如 上海市")
    return regions[0]


def day(text: str) -> dt.date | None:
    """A day as typed, YYYY-MM-DD; "" is none.

    Raises:
        UsageError: it is no day.
    """
    if not text.strip():
        return None
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"{text!r} 不是日期；应为 2024-05-01 这样的格式") from None


def read_history(path: Path) -> list[Turn]:
    """Earlier turns from a JSON file.

    Raises:
        InputError: not a list of {role, content}.
    """
    try:
        return turns_of(json.loads(path.read_text(encoding="utf-8-sig")), str(path))
    except OSError as error:
        raise InputError(f"无法读取 {path}（{cause(error)}）；请检查路径") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} 不是 UTF-8（第 {error.start} 字节）；请另存为 UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f'{path} 不是 JSON（{cause(error)}）；应为 [{{"role": "user", "content": "…"}}]') from None


def turns_of(rows: object, where: str) -> list[Turn]:
    """Turns from parsed JSON; `where` is for the message."""
    turns = []
    for row in rows if isinstance(rows, list) else [None]:
        if (
            not isinstance(row, dict)
            or row.get("role") not in ("user", "assistant")
            or not isinstance(row.get("content"), str)
        ):
            shown = rows if row is None else row
            raise InputError(f"{where}：history 应为 [{{role: user|assistant, content: 文字}}]，实为 {str(shown)[:60]}")
        turns.append(Turn(row["role"], row["content"]))
    return turns
