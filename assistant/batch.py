"""Many questions from a file to a file; a run that was killed goes on where it stopped."""

from __future__ import annotations

import codecs
import datetime as dt
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from assistant.answer import Asker
from assistant.arguments import turns_of
from assistant.ask import Assistant
from assistant.settings import Settings
from index.errors import InputError, StorageError, cause

try:
    import fcntl
except ImportError:  # Windows: two runs at once are then not kept apart
    fcntl = None  # type: ignore[assignment]


def run_batch(
    open_assistant: Callable[[Settings], Assistant], settings: Settings, source: Path, out: Path, region: str
) -> int:
    """Answer every line of `source` that `out` does not have yet; one answer object a line, flushed each.

    Raises:
        InputError: a line is not {id, question, history?, passages?}; names file, line and field.
        StorageError: `out` cannot be written, or another run writes it.
    """
    from tqdm import tqdm

    rows = list(_rows(source))
    if not rows:
        raise InputError(f'{source} 里没有问题；每行应为 {{"id": …, "question": "…"}}')
    if out.exists() and not (out.is_file() or out.is_dir()):
        raise InputError(f"--out {out} 不是普通文件，中断后无法接续；请换一个输出文件")
    if out.exists() and out.samefile(source):
        raise InputError(f"--out 和 --batch 是同一个文件 {out}；请换一个输出文件")
    try:
        # A lone surrogate, which JSON can spell and UTF-8 cannot, is written as the escape it came as.
        with out.open("a+", encoding="utf-8", errors="backslashreplace") as file:
            _lock(file, out)
            done = _finished(out)
            waiting = [row for row in rows if row["id"] not in done]
            if not waiting:
                print(f"{out} 已有全部 {len(rows)} 条答案", file=sys.stderr)
                return 0
            assistant = open_assistant(settings)
            shown = tqdm(
                waiting, initial=len(rows) - len(waiting), total=len(rows), unit="题", desc="回答", file=sys.stderr
            )
            for row in shown:
                history = turns_of(row["history"], str(source))
                answer = _assistant_for(assistant, row).answer(
                    row["question"], history, Asker(region), as_of=row["as_of"]
                )
                file.write(json.dumps({"id": row["id"], **answer.to_json()}, ensure_ascii=False) + "\n")
                file.flush()
    except OSError as error:
        raise StorageError(
            f"无法写入 {out}（{cause(error)}）；已写入的保留，换个位置或腾出空间后重跑即可接续"
        ) from None
    return 0


def _lock(file: IO[str], out: Path) -> None:
    try:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise StorageError(f"另一个进程正在写 {out}；请等它结束，或换一个输出文件") from None


def _assistant_for(assistant: Assistant, row: dict[str, Any]) -> Assistant:
    if row["passages"] is None:
        return assistant
    from index.scratch import scratch_searcher

    searcher = assistant.searcher
    return replace(assistant, index=scratch_searcher(row["passages"], searcher.encoder, searcher.tokenizer))


def _rows(source: Path) -> Iterator[dict[str, Any]]:
    """Questions of a JSON Lines file, all checked before the first is answered."""
    if source.is_char_device():
        raise InputError(f"--batch {source} 是设备，不是文件；请给出 JSON Lines 文件")
    try:
        data = source.read_bytes().removeprefix(codecs.BOM_UTF8)
    except OSError as error:
        raise InputError(f"无法读取 {source}（{cause(error)}）；请检查路径") from None
    seen: set[Any] = set()
    # Split by line feed only: a JSON string may hold U+2028 and other characters that `splitlines` splits at.
    for number, raw in enumerate(data.split(b"\n"), 1):
        if not raw.strip():
            continue
        where = f"{source} 第 {number} 行"
        try:
            line = raw.decode("utf-8")
            row = json.loads(line)
        except UnicodeDecodeError as error:
            raise InputError(f"{where}：不是 UTF-8（第 {error.start} 字节）；请另存为 UTF-8") from None
        except (ValueError, RecursionError) as error:
            raise InputError(f'{where}：不是 JSON（{cause(error)}）；每行应为 {{"id": …, "question": "…"}}') from None
        if not isinstance(row, dict) or not isinstance(row.get("question"), str):
            raise InputError(f"{where}：应有 question（文字），实为 {line[:60]}")
        identity = row.get("id")
        if not isinstance(identity, str | int) or isinstance(identity, bool):
            raise InputError(f"{where}：应有 id（文字或整数），实为 {str(identity)[:60]}")
        if identity in seen:
            raise InputError(f"{where}：id {identity} 重复；每题一个编号")
        seen.add(identity)
        passages = row.get("passages")
        if passages is not None and not (isinstance(passages, list) and all(isinstance(p, str) for p in passages)):
            raise InputError(f"{where}：passages 应为文字列表，实为 {str(passages)[:60]}")
        try:
            as_of = dt.date.fromisoformat(row["as_of"]) if row.get("as_of") else None
        except (ValueError, TypeError):
            raise InputError(f"{where}：as_of 应为日期，如 2024-05-01，实为 {str(row['as_of'])[:60]}") from None
        history = row.get("history") or []
        turns_of(history, where)
        yield {"id": identity, "question": row["question"], "history": history, "passages": passages, "as_of": as_of}


def _finished(out: Path) -> set[Any]:
    """Ids already answered; a last line that a kill cut short is taken off, to be answered again.

    Raises:
        InputError: any other line is no answer: the file is not one that this command wrote.
    """
    done: set[Any] = set()
    data = out.read_bytes()
    whole = data.rfind(b"\n") + 1
    for number, line in enumerate(data[:whole].split(b"\n")[:-1], 1):
        try:
            row = json.loads(line)
            done.add(row["id"])
            good = "answer" in row
        except (ValueError, KeyError, TypeError, RecursionError):
            good = False
        if not good:
            raise InputError(f"{out} 第 {number} 行不是答案记录；请换一个输出文件，或删去这一行后重跑")
    if whole < len(data):
        os.truncate(out, whole)
    return done
