"""An environment for each recipe, made once: .bench/NAME, with a stamp of what it was made from.

torch stands first in every list, by exact version, in the same command as the rest: an open range would take a build
with gigabytes of CUDA.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from index.errors import StorageError, cause

STAMP = "made-from"
"""File in an environment that was made to the end: hash of its requirements and of the Python that made it."""


def python_of(folder: Path) -> Path:
    """The interpreter of an environment."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def prepared(folder: Path, requirements: Path) -> Path:
    """The interpreter of an environment that has what a list asks for; made when it is not there or is another.

    Args:
        folder: of the environment; replaced when it was made from another list or Python.
        requirements: pip's list.

    Raises:
        StorageError: it could not be made; the message has the last line that pip said.
    """
    text = requirements.read_text(encoding="utf-8")
    wanted = hashlib.sha256(f"{sys.version}\n{text}".encode()).hexdigest()
    stamp = folder / STAMP
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return python_of(folder)
    try:
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, symlinks=sys.platform != "win32")
        # Our own pip fills it: giving each its own takes five seconds.
        pip: list[str | Path] = [
            sys.executable,
            "-m",
            "pip",
            "--python",
            python_of(folder),
            "--disable-pip-version-check",
        ]
        done = subprocess.run(
            [*pip, "install", "--quiet", "-r", requirements], capture_output=True, text=True, check=False
        )
        if done.returncode:
            said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
            raise StorageError(
                f"装不上 {requirements.name} 里的包（{said[-1][:200] if said else done.returncode}）；请检查网络"
            )
        stamp.write_text(wanted, encoding="utf-8")
    except (OSError, subprocess.CalledProcessError) as error:
        raise StorageError(f"建不了环境 {folder}（{cause(error)}）；请检查磁盘空间和权限") from None
    return python_of(folder)
