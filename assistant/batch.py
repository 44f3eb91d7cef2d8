"""Many questions from a file to a file; a run that was killed goes on where it stopped."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from assistant.ask import Assistant
from assistant.commands import turns_of
from assistant.settings import Settings
from index.errors import InputError, StorageError


def run_batch(open_assistant: Callable[[Settings], Assistant], settings: Settings, source: Path, out: Path, region: str) -> int:
    """Answer every line of `source` that `out` does not have yet; one answer object a line, flushed each.

    Raises:
        InputError: a line is not {id, question, history?, passages?}; names file, line and field.
        StorageError: `out` cannot be written.
    """
    from tqdm import tqdm

    rows = list(_rows(source))
    done = _finished(out)
    waiting = [row for row in rows if row["id"] not in done]
    if not waiting:
        print(f"{out} 已有全部 {len(rows)} 条答案", file=sys.stderr)
        return 0
    assistant = open_assistant(settings)
    try:
        with out.open("a", encoding="utf-8") as file:
            for row in tqdm(waiting, initial=len(rows) - len(waiting), total=len(rows), unit="题", desc="回答", file=sys.stderr):
                answer = _assistant_for(assistant, row).answer(row["question"], turns_of(row["history"], str(source)), region)
                file.write(json.dumps({"id": row["id"], **answer.to_json()}, ensure_ascii=False) + "\n")
                file.flush()
    except OSError as error:
        raise StorageError(f"无法写入 {out}（{error.strerror}）；已写入的保留，换个位置或腾出空间后重跑即可接续") from None
    return 0


def _assistant_for(assistant: Assistant, row: dict[str, Any]) -> Assistant:
    if row["passages"] is None:
        return assistant
    from index.scratch import scratch_searcher

    searcher = assistant.searcher
    return replace(assistant, searcher=scratch_searcher(row["passages"], searcher.encoder, searcher.tokenizer))


def _rows(source: Path) -> Iterator[dict[str, Any]]:
    try:
        text = source.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"找不到 {source}；请检查路径") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"无法读取 {source}（{error}）；应为 UTF-8 的 JSON Lines") from None
    seen: set[Any] = set()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        where = f"{source} 第 {number} 行"
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InputError(f"{where}：不是 JSON（{error}）") from None
        if not isinstance(row, dict) or not isinstance(row.get("question"), str) or "id" not in row:
            raise InputError(f"{where}：应有 id 和 question（文字），实为 {line[:60]}")
        if row["id"] in seen:
            raise InputError(f"{where}：id {row['id']} 重复；每题一个编号")
        seen.add(row["id"])
        passages = row.get("passages")
        if passages is not None and not (isinstance(passages, list) and all(isinstance(p, str) for p in passages)):
            raise InputError(f"{where}：passages 应为文字列表，实为 {str(passages)[:60]}")
        history = row.get("history") or []
        turns_of(history, where)
        yield {"id": row["id"], "question": row["question"], "history": history, "passages": passages}


def _finished(out: Path) -> set[Any]:
    """Ids already answered; a last line cut short by a kill is taken off."""
    if not out.exists():
        return set()
    done: set[Any] = set()
    good = 0
    try:
        with out.open("rb") as file:
            for line in file:
                try:
                    done.add(json.loads(line)["id"])
                except (ValueError, KeyError, TypeError):
                    break
                good += len(line)
        if good < out.stat().st_size:
            os.truncate(out, good)
    except OSError as error:
        raise StorageError(f"无法读取 {out}（{error.strerror}）；请检查权限") from None
    return done
