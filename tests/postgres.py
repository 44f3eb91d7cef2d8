"""A real PostgreSQL for tests: a private cluster in a temporary folder, reached by a socket in it, ended by the test."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

USER = "wence"


def programs() -> Path | None:
    """Folder with initdb and postgres: on the path, or where Debian puts them; None when they are missing."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((p for p in reversed(places) if (p / "initdb").exists() and (p / "postgres").exists()), None)


class Cluster:
    """One server; every database in it belongs to `USER`, who needs no password."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="wence-pg-", dir=folder))
        found = programs()
        assert found, "no PostgreSQL here"
        self._programs = found
        # PostgreSQL refuses to run as root.
        self._as: dict[str, object] = {"cwd": self.folder}
        if os.geteuid() == 0:
            names = {user.pw_name for user in pwd.getpwall()}
            user = "postgres" if "postgres" in names else "nobody"
            shutil.chown(self.folder, user)
            self._as |= {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
        made = subprocess.run(
            [found / "initdb", "-D", self.folder / "data", "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
            capture_output=True, text=True, check=False, **self._as,
        )  # type: ignore[call-overload]  # fmt: skip
        assert made.returncode == 0, made.stderr
        self._server: subprocess.Popen[bytes] | None = None
        self._made = 0
        self.start()

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = [
            f"unix_socket_directories={self.folder}",
            "listen_addresses=",
            "shared_buffers=16MB",
            "max_connections=60",
        ]
        command = [self._programs / "postgres", "-D", self.folder / "data", *(w for o in options for w in ("-c", o))]
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(command, stdout=log, stderr=log, **self._as)  # type: ignore[call-overload]
        deadline = time.monotonic() + 300
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
                return
            except psycopg.OperationalError:
                assert self._server.poll() is None and time.monotonic() < deadline, (self.folder / "log").read_text()
                time.sleep(0.05)

    def stop(self, how: int = signal.SIGINT) -> None:
        """Stop: SIGINT ends connections in order, SIGQUIT at once, as a crash would; the next start then recovers."""
        if self._server and self._server.poll() is None:
            self._server.send_signal(how)
            self._server.wait(60)

    def url(self, name: str) -> str:
        """URL of a database."""
        return f"postgresql://{USER}@/{name}?host={self.folder}"

    def create(self) -> str:
        """URL of a new, empty database."""
        self._made += 1
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE wence_{self._made}".encode())
        return self.url(f"wence_{self._made}")

    def remove(self) -> None:
        """Stop, and leave nothing behind."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)
