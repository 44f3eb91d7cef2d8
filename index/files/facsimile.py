"""One page of a PDF or a scan as a picture, to be held beside the text; drawn in a process of its own, as it is read.

A PDF is drawn by pdfium, the way `pdf.py` draws pages for recognising.
"""

from __future__ import annotations

import os
import subprocess
import sys
from io import BytesIO
from typing import Any

from index.errors import DocumentError
from index.files.apart import import_path, limit_memory

WIDTH_PIXELS = 1240
"""A4 at 150 dots per inch: small print can be read, and a page of text has 100 to 300 KB."""
SECONDS = 60
KINDS = ("pdf", "scan", "image")
"""Kinds of reading (`sheet.Reading.kind`) that have pages to look at."""


def draw_page(kind: str, data: bytes, name: str, page: int, *, seconds: float = SECONDS) -> bytes:
    """A page as PNG, `WIDTH_PIXELS` wide at most.

    Args:
        kind: one of `KINDS`.
        data: the file.
        name: for messages.
        page: from 1.
        seconds: the child is ended when it takes longer.

    Raises:
        DocumentError: there is no such page, or it cannot be drawn.
    """
    command = [sys.executable, "-c", "from index.files.facsimile import main; main()", kind, str(page)]
    try:
        done = subprocess.run(
            command, input=data, capture_output=True, timeout=seconds, check=False,
            env={**os.environ, "PYTHONPATH": import_path()},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise DocumentError(f"{name} 第 {page} 页画了 {seconds:.0f} 秒没有结果，已停止；请直接打开原件查看") from None
    if done.returncode or not done.stdout.startswith(b"\x89PNG"):
        raise DocumentError(f"{name} 没有第 {page} 页，或这一页画不出来；请直接打开原件查看")
    return done.stdout


def main() -> None:
    """The child: file on standard input, PNG on standard output; any trouble is a status other than 0."""
    kind, page = sys.argv[1], int(sys.argv[2])
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints goes nowhere
    limit_memory()
    image = (_of_pdf if kind == "pdf" or kind == "scan" else _of_picture)(sys.stdin.buffer.read(), page)
    image = image.convert("RGB")
    if image.width > WIDTH_PIXELS:
        image = image.resize((WIDTH_PIXELS, round(image.height * WIDTH_PIXELS / image.width)))
    image.save(out, "PNG")
    out.flush()


def _of_pdf(data: bytes, page: int) -> Any:
    import pypdfium2

    found = pypdfium2.PdfDocument(data)[page - 1]
    return found.render(scale=min(WIDTH_PIXELS / found.get_width(), 4)).to_pil()


def _of_picture(data: bytes, page: int) -> Any:
    from PIL import Image, ImageOps

    image = Image.open(BytesIO(data))
    image.seek(page - 1)
    return ImageOps.exif_transpose(image)
