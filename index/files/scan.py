"""Pictures of pages to lines: RapidOCR with the PP-OCR models that its wheel carries; nothing is downloaded."""

from __future__ import annotations

import logging
import math
import re
import threading
from collections.abc import Callable
from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, ImageOps, ImageSequence
from rapidocr import RapidOCR

from index.errors import DocumentError, cause
from index.files.page import Line, Page, column_gap, in_columns
from index.files.printed import compose
from index.files.sheet import Composer, Reading, Run
from index.pages import display_width

MAX_PIXELS = 60_000_000
"""A page of A3 at 400 dpi has 31 million."""
MAX_FRAMES = 500
LONG_SIDE = 2_400
"""Pixels of a page's long side at most, for reading lines: A4 at 200 dpi."""
FINDING_SIDE = 1_280
"""Pixels of a page's long side for finding lines. On ten pages: 960 found them in 3.4 s of CPU time a page but lost a
raised figure, 1,280 took 3.6 s and lost none, 2,400 took 5.1 s and lost one."""
MIN_SCORE = 0.3
"""Mean confidence below which a box holds no words: specks, rules, parts of a seal."""
MIN_RED = 0.0008
"""Share of red pixels from which a page may bear a letterhead or a stamp: a seal of 42 mm on A4 has 0.01."""
_LOCK = threading.Lock()


@lru_cache(maxsize=1)
def _recogniser() -> RapidOCR:
    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    return RapidOCR(
        params={
            "Global.log_level": "error", "Global.max_side_len": LONG_SIDE, "Global.text_score": 0.0,
            "Det.limit_type": "max", "Det.limit_side_len": FINDING_SIDE, "Global.use_cls": False, "Global.return_word_box": True, "Global.return_single_char_box": True,
        }
    )  # fmt: skip


def read_image(data: bytes, name: str, turned: Callable[[int], None] = lambda page: None) -> Reading:
    """Text of a picture file; each frame of a TIFF is a page.

    Raises:
        DocumentError: damaged, or too large.
    """
    out = Composer()
    pages: list[Page] = []
    Image.MAX_IMAGE_PIXELS = None  # checked here, before anything is decoded
    try:
        with Image.open(BytesIO(data)) as image:
            for number, frame in enumerate(ImageSequence.Iterator(image), 1):
                width, height = frame.size
                if width * height > MAX_PIXELS or number > MAX_FRAMES:
                    raise DocumentError(f"{name} 有 {width:,}×{height:,} 像素，超过上限 {MAX_PIXELS:,}；请缩小后再试")
                pages.append(picture_page(ImageOps.exif_transpose(frame).convert("RGB"), number, out))
                turned(number)
    except DocumentError:
        raise
    except Exception as error:  # Pillow raises many kinds for damaged data
        raise DocumentError(f"{name} 不是完好的图片（{cause(error)}）；请重新扫描或导出") from None
    compose(pages, out)
    out.warnings.append(f"共 {len(pages)} 页图片，文字由识别得出")
    return out.finish("image")


def picture_page(image: Image.Image, number: int, out: Composer) -> Page:
    """Lines on a picture of a page, upright; stamps are set aside, the red letterhead is kept.

    Args:
        image: RGB.
        number: the page's, from 1.
        out: takes what is set aside.
    """
    if image.width * image.height > MAX_PIXELS:
        raise DocumentError(f"第 {number} 页有 {image.width:,}×{image.height:,} 像素，超过上限 {MAX_PIXELS:,}")
    pixels = np.asarray(image)
    red = _reddish(pixels, 70)
    if red.mean() <= MIN_RED:
        lines = _lines(pixels, number)
    else:
        # The red channel shows red ink nearly as white as paper; the fringes of a compressed seal are wiped off too.
        black = np.where(_reddish(pixels, 20), 255, pixels[:, :, 0]).astype(np.uint8)
        lines = _lines(_grey(black), number)
        ink = _grey(np.where(red, 0, 255).astype(np.uint8))
        for line in _lines(ink, number):
            letterhead = number == 1 and line.bottom < 0.5 * image.height and line.x1 - line.x0 > 2.5 * line.size
            if letterhead and not any(_overlap(line, other) for other in lines):
                line.red = True
                lines.append(line)
            else:
                out.remove(number, "stamp", line.text)
    page = Page(number, float(image.width), float(image.height))
    page.items = list(_in_order(lines, float(image.width)))
    return page


def _reddish(pixels: np.ndarray, by: int) -> np.ndarray:
    """Pixels that are redder than green and blue by more than `by` of 255, [height, width] of bool; dark ones are ink."""
    r, g, b = (pixels[:, :, i].astype(np.int16) for i in range(3))
    return (r > 120) & (r - g > by) & (r - b > by)


def _grey(pixels: np.ndarray) -> np.ndarray:
    """One channel as three, as the recogniser takes it."""
    return np.ascontiguousarray(pixels[:, :, None].repeat(3, axis=2))


def _lines(pixels: np.ndarray, number: int) -> list[Line]:
    """Recognised lines with straightened places; pieces side by side are one line."""
    with _LOCK:
        found: Any = _recogniser()(pixels[:, :, ::-1])
    if found.boxes is None or found.txts is None:
        return []
    angle = _skew(found.boxes)
    cos, sin = math.cos(-angle), math.sin(-angle)
    words = found.word_results if len(found.word_results) == len(found.txts) else [()] * len(found.txts)
    pieces: list[Line] = []
    for box, text, score, word in zip(found.boxes, found.txts, found.scores, words, strict=True):
        xs = [x * cos - y * sin for x, y in box]
        ys = [x * sin + y * cos for x, y in box]
        x0, x1 = (xs[0] + xs[3]) / 2, (xs[1] + xs[2]) / 2
        top, bottom = (ys[0] + ys[1]) / 2, (ys[2] + ys[3]) / 2
        if x1 <= x0 or bottom <= top or score < MIN_SCORE:
            continue
        runs = _runs(text, number, _confidences(text, float(score), word))
        wide = display_width(text) / 2
        size = (x1 - x0) / wide if wide >= 4 else 0.8 * (bottom - top)
        pieces.append(Line(runs, x0, x1, top, bottom, min(size, bottom - top)))
    return pieces


def _in_order(pieces: list[Line], width: float) -> list[Line]:
    """Lines in reading order; pieces that stand side by side are one line with a gap."""
    if not pieces:
        return []
    size = sorted(piece.size for piece in pieces)[len(pieces) // 2]
    gap = column_gap([(p.x0, p.x1) for p in pieces], width, size) if len(pieces) >= 16 else None
    if gap is not None:
        middle = (gap[0] + gap[1]) / 2
        sides = ([p for p in pieces if p.x1 <= middle], [p for p in pieces if p.x0 >= middle])
        over = [p for p in pieces if p.x0 < middle < p.x1]
        return in_columns([*_rows(over), *_rows(sides[0]), *_rows(sides[1])], gap)
    return _rows(pieces)


def _rows(pieces: list[Line]) -> list[Line]:
    rows: list[list[Line]] = []
    for piece in sorted(pieces, key=lambda p: (p.top + p.bottom) / 2):
        middle = (piece.top + piece.bottom) / 2
        row = rows[-1] if rows else None
        if row and row[0].top < middle < row[0].bottom and not any(_beside(piece, other) < 0 for other in row):
            row.append(piece)
        else:
            rows.append([piece])
    return [_joined(sorted(row, key=lambda p: p.x0)) for row in rows]


def _beside(a: Line, b: Line) -> float:
    """Distance between two pieces along the line; clearly negative when one covers the other."""
    return max(a.x0, b.x0) - min(a.x1, b.x1) + 0.8 * min(a.size, b.size)


def _joined(row: list[Line]) -> Line:
    first = row[0]
    runs = list(first.runs)
    for before, piece in zip(row, row[1:], strict=False):
        if piece.x0 - before.x1 > 1.8 * first.size:
            runs.append(Run("  ", piece.runs[0].page, confidences=(1.0, 1.0)))
        runs += piece.runs
    return Line(
        runs,
        first.x0,
        row[-1].x1,
        min(p.top for p in row),
        max(p.bottom for p in row),
        max(p.size for p in row),
        first.red,
    )


def _overlap(a: Line, b: Line) -> bool:
    """Two readings of the same words."""
    across = min(a.x1, b.x1) - max(a.x0, b.x0)
    down = min(a.bottom, b.bottom) - max(a.top, b.top)
    return across > 0.3 * (a.x1 - a.x0) and down > 0.3 * (a.bottom - a.top)


_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def _runs(text: str, number: int, confidences: tuple[float, ...]) -> list[Run]:
    """A piece's words; raised figures, which are footnote marks or powers, are runs of their own."""
    runs = []
    for m in re.finditer(r"[⁰¹²³⁴⁵⁶⁷⁸⁹]+|[^⁰¹²³⁴⁵⁶⁷⁸⁹]+", text):
        raised = m.group(0)[0] in "⁰¹²³⁴⁵⁶⁷⁸⁹"
        words = m.group(0).translate(_RAISED)
        runs.append(Run(words, number, mark=raised, confidences=confidences[m.start() : m.end()]))
    return runs


def _skew(boxes: np.ndarray) -> float:
    """Angle by which a page is turned, radians: the median over its wide boxes."""
    angles = []
    for box in boxes:
        dx, dy = box[1] - box[0]
        height = math.dist(box[0], box[3])
        if dx > 5 * height:
            angles.append(math.atan2(dy, dx))
    return float(np.median(angles)) if angles else 0.0


def _confidences(text: str, score: float, words: Any) -> tuple[float, ...]:
    """Confidence of each character: its own where the recogniser gives it, else the line's."""
    own = [float(w[1]) for w in words for _ in str(w[0])]
    spelled = "".join(str(w[0]) for w in words)
    if spelled == text:
        return tuple(own)
    kept = iter(zip(spelled, own, strict=True))
    found: list[float] = []
    waiting = next(kept, None)
    for character in text:
        if waiting and waiting[0] == character:
            found.append(waiting[1])
            waiting = next(kept, None)
        else:
            found.append(score)
    return tuple(found)
