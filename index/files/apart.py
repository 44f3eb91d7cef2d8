"""Reads one file in a process of its own, so that a hostile PDF or picture can neither hang nor crash the reader.

The child writes a line whenever a page is done; when none comes for `SILENT_SECONDS`, it is ended.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from index.errors import DocumentError
from index.files.sheet import Reading, Recognised, Removed

SILENT_SECONDS = 180
"""Recognising a dense page takes 5 to 15 seconds on two cores, a printed page with text under one."""
MEMORY_BYTES = 8 * 1024**3
"""Address space of the child: the recogniser with its models takes about 3 GiB of it."""


def read_apart(kind: str, data: bytes, name: str, *, silent_seconds: float = SILENT_SECONDS) -> Reading:
    """Read a PDF or a picture in a child process.

    Args:
        kind: pdf or image.
        data: the file.
        name: for messages.
        silent_seconds: the child is ended when no page is done for this long.

    Raises:
        DocumentError: what the reader says, or that it crashed or was silent too long.
    """
    child = subprocess.Popen(
        [sys.executable, "-c", "from index.files.apart import main; main()", kind, name],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": import_path(), "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    lines: queue.Queue[bytes | None] = queue.Queue()
    threads = [
        threading.Thread(target=_feed, args=(child, data), daemon=True),
        threading.Thread(target=_listen, args=(child, lines), daemon=True),
    ]
    for thread in threads:
        thread.start()
    page = 0
    try:
        while True:
            line = lines.get(timeout=silent_seconds)
            if line is None:
                break
            record = json.loads(line)
            if "page" in record:
                page = record["page"]
            elif "error" in record:
                raise DocumentError(record["error"])
            else:
                return _reading(record)
    except queue.Empty:
        raise DocumentError(
            f"{name} 第 {page + 1} 页读了 {silent_seconds:.0f} 秒没有结果，已停止；请换一份文件或另存后再试"
        ) from None
    finally:
        child.kill()
        child.wait()
        for thread in threads:
            thread.join(timeout=5)
        if child.stdout:
            child.stdout.close()
    raise DocumentError(f"{name} 第 {page + 1} 页使读取程序中止（可能已损坏，或图片过大）；请另存一份再试")


def import_path() -> str:
    """PYTHONPATH of a child that imports this package."""
    here = str(Path(__file__).parents[2])
    return os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])


def _feed(child: subprocess.Popen[bytes], data: bytes) -> None:
    assert child.stdin is not None
    try:
        child.stdin.write(data)
        child.stdin.close()
    except OSError:  # it ended before it had read everything; what it wrote says why
        return


def _listen(child: subprocess.Popen[bytes], lines: queue.Queue[bytes | None]) -> None:
    assert child.stdout is not None
    try:
        for line in child.stdout:
            lines.put(line)
    except (OSError, ValueError):
        pass
    lines.put(None)


def _reading(record: dict[str, Any]) -> Reading:
    return Reading(
        record["text"], record["kind"], tuple((int(a), int(b)) for a, b in record["pages"]),
        tuple(Recognised(*row) for row in record["recognised"]),
        tuple(Removed(**row) for row in record["removed"]), tuple(record["warnings"]),
    )  # fmt: skip


def main() -> None:
    """The child: file on standard input, one JSON line a page, then the reading or an error."""
    kind, name = sys.argv[1:3]
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints goes nowhere
    limit_memory()
    data = sys.stdin.buffer.read()

    def say(record: dict[str, Any]) -> None:
        out.write(json.dumps(record) + "\n")
        out.flush()

    try:
        if kind == "pdf":
            from index.files.pdf import read_pdf

            reading = read_pdf(data, name, lambda page: say({"page": page}))
        else:
            from index.files.scan import read_image

            reading = read_image(data, name, lambda page: say({"page": page}))
    except DocumentError as error:
        say({"error": str(error)})
        return
    except MemoryError:
        say({"error": f"{name} 读取时内存超过上限；请拆成较小的文件"})
        return
    record = asdict(reading)
    record["recognised"] = [(r.start, r.end, r.confidence) for r in reading.recognised]
    say(record)


def limit_memory() -> None:
    """Bound the address space of this process, for good."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    except (ImportError, ValueError, OSError):  # not on every system
        return
