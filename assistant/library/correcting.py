"""Corrections of what was read of a document: which are valid, and how two people's come together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assistant.library.items import Conflict
from index.catalog import check_value
from index.errors import InputError
from index.origins import KEYS

LONGEST_VALUE = 500
READ_ONLY = frozenset({"validity_text"})
Value = str | list[str]


def editable(key: str) -> bool:
    """Whether a fact may be corrected."""
    return key in KEYS and key not in READ_ONLY


def check(values: Mapping[str, Value]) -> None:
    """Whether facts may have these values.

    Raises:
        InputError: one may not.
    """
    for key, value in values.items():
        if not editable(key):
            raise InputError(f"{key} 不能修改")
        longest = max(map(len, [value] if isinstance(value, str) else [*value, ""]))
        if longest > LONGEST_VALUE or len(value) > LONGEST_VALUE:
            raise InputError(f"{key} 太长，最多 {LONGEST_VALUE} 个字")
        if key == "title" and not str(value).strip():
            raise InputError("标题不能为空")
        check_value(KEYS[key], key, value)


def merged(
    now: Mapping[str, Any], values: Mapping[str, Value], drop: Sequence[str], seen: Mapping[str, str | None]
) -> dict[str, Any]:
    """Corrections as they stand, with new ones; what others have corrected meanwhile in other facts is kept.

    Args:
        now: corrections as they stand.
        values: new ones.
        drop: facts of which the correction is taken back.
        seen: the correction of each changed fact that the person had before their eyes, lists joined with 、; None
            for no correction. Facts that are not named here are taken as seen.

    Raises:
        Conflict: somebody else has corrected one of the same facts meanwhile, to something else.
    """
    for key in (*values, *drop):
        stands = now.get(key)
        wanted = None if key in drop else values[key]
        if key in seen and shown(stands) != seen[key] and shown(stands) != shown(wanted):
            done = "撤销了改正" if stands is None else f"改成“{shown(stands)}”"
            raise Conflict(f"“{KEYS.get(key, key)}”刚被别人{done}，您的修改没有保存；请看过再改")
    return {key: value for key, value in {**now, **values}.items() if key not in drop}


def shown(value: Any) -> str | None:
    """A correction as the page shows it."""
    return "、".join(value) if isinstance(value, list) else value
