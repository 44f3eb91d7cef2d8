"""Old Word files (doc, wps): LibreOffice makes a docx of them, if it is there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from index.errors import DocumentError, cause
from index.files.sheet import Reading
from index.files.word import read_docx

SOFFICE_SECONDS = 120
"""Starting takes about 5 seconds, a document of 100 pages about 10."""


def soffice() -> str:
    """Path of LibreOffice, "" when it is not installed."""
    return shutil.which("soffice") or shutil.which("libreoffice") or ""


def read_doc(data: bytes, name: str) -> Reading:
    """Text of an old Word file.

    Raises:
        DocumentError: LibreOffice is not there, the file is locked, or it cannot be converted.
    """
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise DocumentError(f"{name} 有打开密码；请在 Word 里去掉密码后再试")
    if "WordDocument".encode("utf-16-le") not in data:
        raise DocumentError(f"{name} 是旧版 Office 文件，但不是 Word 文档；请另存为 docx 或 pdf")
    program = soffice()
    if not program:
        raise DocumentError(
            f"{name} 是旧版 Word 文件（doc），转换它需要 LibreOffice；请安装后再试，或用 Word 另存为 docx"
        )
    with tempfile.TemporaryDirectory(prefix="wence-doc-") as folder:
        source = Path(folder) / "source.doc"
        source.write_bytes(data)
        command = [
            program, f"-env:UserInstallation={(Path(folder) / 'profile').as_uri()}", "--headless", "--norestore",
            "--convert-to", "docx:MS Word 2007 XML", "--outdir", folder, str(source),
        ]  # fmt: skip
        _convert(command, name)
        made = source.with_suffix(".docx")
        if not made.is_file():
            raise DocumentError(f"{name} 无法由 LibreOffice 转换，可能已损坏或有密码；请用 Word 另存为 docx")
        return replace(read_docx(made.read_bytes(), name), kind="doc")


def _convert(command: list[str], name: str) -> None:
    """Run LibreOffice; when it takes too long it is ended with the processes that it started."""
    quiet = subprocess.DEVNULL
    try:
        started = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    except OSError as error:
        raise DocumentError(f"{name} 无法转换（LibreOffice 没有启动：{cause(error)}）；请检查安装") from None
    try:
        started.wait(SOFFICE_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(started.pid, signal.SIGKILL)
        started.wait()
        raise DocumentError(f"{name} 转换超过 {SOFFICE_SECONDS} 秒；请用 Word 另存为 docx") from None
