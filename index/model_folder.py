"""A new model's folder: worked on beside its place under another name, there as a whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from index.errors import StorageError, cause
from index.weights import TUNED

DRAFT = ".tuning-"
"""What the name of a folder that is still worked on begins with."""


@contextmanager
def drafted(out: Path) -> Iterator[Path]:
    """A folder beside `out` to work in, gone afterwards unless it was renamed; what a killed run left is removed.

    Raises:
        StorageError: somebody else is tuning here, or the disk refuses.
    """
    from filelock import FileLock, Timeout

    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(out.parent / f"{DRAFT}lock", timeout=0.1):
            for leftover in out.parent.glob(f"{DRAFT}*"):
                if leftover.is_dir():
                    shutil.rmtree(leftover, ignore_errors=True)
            draft = Path(tempfile.mkdtemp(prefix=DRAFT, dir=out.parent))
            try:
                draft.chmod(0o755)  # mkdtemp gives 0700; a service account must read the model
                yield draft
            finally:
                shutil.rmtree(draft, ignore_errors=True)
    except Timeout:
        raise StorageError(f"另一个进程正在 {out.parent} 里训练；请等它结束后再试") from None
    except OSError as error:
        raise StorageError(f"无法写入 {out}（{cause(error)}）；请检查磁盘空间和权限，原模型未受影响") from None


def settle(folder: Path) -> None:
    """Have every file on the disk before the folder gets its name: the name must not survive a power cut that they
    do not. Every account may read them."""
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(0o644)
            with path.open("rb") as file:
                os.fsync(file.fileno())


def digest(folder: Path) -> str:
    """Eight characters that stand for a model's weights."""
    found = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                found.update(block)
    return found.hexdigest()[:8]


def note(folder: Path, record: Mapping[str, Any]) -> None:
    """Write what the model is called, what it was made of, and how it did."""
    path = folder / TUNED
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(record, ensure_ascii=False, indent=1))
        file.flush()
        os.fsync(file.fileno())
