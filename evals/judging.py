"""`wence eval judge`: claims and their evidence in, a label, a score and a reason for each out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from index.errors import InputError, StorageError


def judge_file(source: Path, out: Path, method: str) -> dict[str, int]:
    """Judge every line of `source`; `out` appears when all are done.

    Args:
        source: JSON Lines of `id, claim, evidence: [str]`; other fields are kept as they are.
        out: the same lines with `label`, `score` (0..1) and `reason`.
        method: `guard`, the check that stands in the product.

    Returns:
        How many lines got each label.

    Raises:
        InputError: a line is not of that shape; names file, line, field, expected and found.
        StorageError: `out` cannot be written.
    """
    from assistant.guard import check

    if method != "guard":
        raise InputError(f"没有核对方法 {method}；可用：guard")
    rows = list(read_claims(source))
    counts = {"supported": 0, "unsupported": 0}
    draft = out.with_name(out.name + ".part")
    try:
        with draft.open("w", encoding="utf-8") as file:
            for row in rows:
                verdict = check(row["claim"], row["evidence"])
                label = "supported" if verdict.supported else "unsupported"
                counts[label] += 1
                judged = {**row, "label": label, "score": verdict.score, "reason": verdict.reason}
                file.write(json.dumps(judged, ensure_ascii=False) + "\n")
        draft.replace(out)
    except OSError as error:
        raise StorageError(f"无法写入 {out}（{error.strerror}）；请检查路径和磁盘空间") from None
    return counts


def read_claims(path: Path) -> Iterator[dict[str, Any]]:
    """Lines of a claims file, checked."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"无法读取 {path}（{getattr(error, 'strerror', None) or '不是 UTF-8'}）；应为 JSON Lines"
        ) from None
    seen: set[str] = set()
    for number, line in enumerate(lines, 1):
        if line.strip():
            row = _claim(f"{path} 第 {number} 行", line)
            if row["id"] in seen:
                raise InputError(f"{path} 第 {number} 行：字段 id：应为不重复的编号，实为 {row['id']!r}（前面已有）")
            seen.add(row["id"])
            yield row


def _claim(where: str, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise InputError(f"{where}：不是 JSON（{error}）") from None
    if not isinstance(row, dict):
        raise InputError(f"{where}：字段 （整行）：应为 JSON 对象，实为 {type(row).__name__}")
    evidence = row.get("evidence")
    for key, expected, fits in (
        ("id", "文字或整数", isinstance(row.get("id"), str | int) and not isinstance(row.get("id"), bool)),
        ("claim", "文字", isinstance(row.get("claim"), str)),
        ("evidence", "文字列表", isinstance(evidence, list) and all(isinstance(e, str) for e in evidence)),
    ):
        if not fits:
            found = repr(row[key])[:80] if key in row else "缺失"
            raise InputError(f"{where}：字段 {key}：应为{expected}，实为 {found}")
    return row
