"""A real OpenID Connect provider on loopback: the certified `oidc-provider` of npm, run by node."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "provider"
CLIENT, SECRET = "wence", "secret of the tests only"


def _missing(what: str) -> None:
    message = f"{what}; sign-in by OpenID Connect needs node 18 or newer with npm (Debian: apt-get install nodejs npm)"
    pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)


def installed(cache: Path) -> Path:
    """Its folder, filled by `npm ci` once for each state of the lock file."""
    npm = shutil.which("npm")
    if not (npm and shutil.which("node")):
        _missing("node or npm is missing")
    digest = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()[:12]
    folder = cache / f"oidc-provider-{digest}"
    folder.mkdir(parents=True, exist_ok=True)
    for file in HERE.iterdir():
        shutil.copy(file, folder)
    if not (folder / "installed").exists():
        quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        ran = subprocess.run([str(npm), "ci", *quiet], cwd=folder, capture_output=True, text=True, check=False)
        if ran.returncode:
            _missing(f"npm ci failed: {ran.stderr.strip()[-300:]}")
        (folder / "installed").touch()
    return folder


@contextmanager
def provider(cache: Path, callback: str) -> Iterator[str]:
    """The provider, started; its issuer. Anybody may sign in there as `name/role` with any password."""
    folder = installed(cache)
    with subprocess.Popen(
        ["node", "provider.mjs", callback], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        assert process.stdin and process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.wait(20)
