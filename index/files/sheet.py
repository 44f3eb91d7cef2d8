"""What reading a file gives: its text, and for each character the page it stands on and how sure it is.

Readers hand their paragraphs, table rows and footnotes to a `Composer`, which writes them in the few signs that
the parser knows from plain text: # headings, ** bold, | rows, <sup> marks. The text so written is what
offsets of clauses count.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

LOW_CONFIDENCE = 0.9
"""Recognised characters below this are listed for a person.

On 41 pages (150 dpi, noise, skew up to 2 degrees) it marks 1.9 % of the characters and both of the 221 figures that
were read wrongly, at 0.54 and 0.89."""
INDENT = "　　"


@dataclass(frozen=True, slots=True)
class Recognised:
    """Characters that were recognised from a picture: [start, end) of the text, confidence 0..1 (the least sure)."""

    start: int
    end: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Removed:
    """Words that stand on a page and are not the document's text."""

    page: int
    """From 1; 0 where the file has no pages."""
    kind: str
    """header, footer, page_number, navigation, hidden, stamp …"""
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A file as text. `pages` and `recognised` are in ascending order of offset."""

    text: str
    kind: str = "text"
    """text, docx, doc, pdf, scan, image or html."""
    pages: tuple[tuple[int, int], ...] = ()
    """(offset, page): from this offset on, text stands on this page; empty where the file has no pages."""
    recognised: tuple[Recognised, ...] = ()
    removed: tuple[Removed, ...] = ()
    warnings: tuple[str, ...] = ()
    """What a person should know about how the file was read, in Chinese."""

    def page_at(self, offset: int) -> int | None:
        """Page on which a character stands, from 1; None where the file has no pages."""
        i = bisect_right(self.pages, (offset, 1 << 60)) - 1
        return self.pages[i][1] if i >= 0 else None

    def confidence(self, start: int, end: int) -> float | None:
        """Mean confidence of the recognised characters in [start, end); None where none was recognised."""
        weight = total = 0.0
        first = max(bisect_right(self.recognised, start, key=lambda r: r.start) - 1, 0)
        for span in self.recognised[first:]:
            if span.start >= end:
                break
            overlap = min(span.end, end) - max(span.start, start)
            if overlap > 0:
                weight += overlap
                total += overlap * span.confidence
        return total / weight if weight else None

    def low(self) -> list[Recognised]:
        """Recognised characters that a person should look at; neighbours are one entry.

        A doubtful comma is left out: signs count only beside a figure (9.2%, 〔2025〕), where they change it.
        """
        found: list[Recognised] = []
        for span in self.recognised:
            if span.confidence >= LOW_CONFIDENCE:
                continue
            if found and found[-1].end == span.start:
                last = found.pop()
                span = Recognised(last.start, span.end, min(last.confidence, span.confidence))
            found.append(span)
        return [span for span in found if self._matters(span)]

    def _matters(self, span: Recognised) -> bool:
        words = self.text[span.start : span.end]
        around = self.text[max(span.start - 1, 0) : span.end + 1]
        return any(c.isalnum() for c in words) or any(c.isdigit() for c in around)


@dataclass(frozen=True, slots=True)
class Run:
    """Characters of one look. With `confidences`, one for each character, 0..1."""

    text: str
    page: int = 0
    """From 1; 0 where the file has no pages."""
    bold: bool = False
    mark: bool = False
    """A footnote mark."""
    confidences: tuple[float, ...] = ()


@dataclass(slots=True)
class Composer:
    """Writes what readers find, in order."""

    parts: list[str] = field(default_factory=list)
    size: int = 0
    pages: list[tuple[int, int]] = field(default_factory=list)
    recognised: list[Recognised] = field(default_factory=list)
    removed: list[Removed] = field(default_factory=list)
    notes: list[tuple[str, list[Run]]] = field(default_factory=list)
    """Footnotes, written at the end: (mark, words)."""
    warnings: list[str] = field(default_factory=list)

    def paragraph(self, runs: Sequence[Run], *, level: int = 0, indent: bool = False) -> None:
        """One paragraph; line feeds inside it stay. Level 1 to 6 is a heading's, 0 is text."""
        self._write("\n" if self.size else "")
        self._write("#" * level + " " if level else INDENT if indent else "")
        words = [run for run in runs if run.text.strip()]
        headed = level or (words and all(run.bold for run in words if not run.mark))
        self._runs(runs, bold=not level, whole=bool(headed and not level))
        self._write("\n")

    def table(self, rows: Sequence[Sequence[Sequence[Run]]]) -> None:
        """A table of cells, the first row its head; a cell's line feeds become spaces."""
        if not rows:
            return
        self._write("\n" if self.size else "")
        for i, row in enumerate(rows):
            self._write("|")
            for cell in row:
                self._write(" ")
                self._runs([_in_one_line(run) for run in cell], bold=False)
                self._write(" |")
            self._write("\n")
            if i == 0:
                self._write("|" + " --- |" * len(row) + "\n")

    def note(self, mark: str, runs: Sequence[Run]) -> None:
        """A footnote; it is written at the end."""
        self.notes.append((mark, list(runs)))

    def remove(self, page: int, kind: str, text: str) -> None:
        """Words that are not the document's text; they are listed, not lost."""
        if text.strip():
            self.removed.append(Removed(page, kind, " ".join(text.split())))

    def finish(self, kind: str) -> Reading:
        """The whole text."""
        for mark, runs in self.notes:
            self._write("\n")
            self._write(f"<sup>{mark}</sup> ")
            self._runs([_in_one_line(run) for run in runs], bold=False)
            self._write("\n")
        return Reading(
            "".join(self.parts), kind, tuple(self.pages), tuple(self.recognised), tuple(self.removed),
            tuple(self.warnings),
        )  # fmt: skip

    def _runs(self, runs: Sequence[Run], *, bold: bool, whole: bool = False) -> None:
        """Runs one after another. Neighbours that are bold share one pair of signs."""
        is_open = False
        for run in runs:
            if not run.text:
                continue
            if run.mark:
                self._page(run.page)
                self._write("<sup>")
                if run.confidences:
                    self._recognise(run)
                self._write(run.text.strip())
                self._write("</sup>")
                continue
            wanted = bold and (whole or run.bold) and bool(run.text.strip() or is_open)
            if wanted != is_open:
                self._write("**")
                is_open = wanted
            self._page(run.page)
            if run.confidences:
                self._recognise(run)
            self._write(run.text)
        if is_open:
            self._write("**")

    def _page(self, page: int) -> None:
        if page and (not self.pages or self.pages[-1][1] != page):
            self.pages.append((self.size if self.pages else 0, page))

    def _recognise(self, run: Run) -> None:
        for i, confidence in enumerate(run.confidences):
            self.recognised.append(Recognised(self.size + i, self.size + i + 1, round(confidence, 3)))

    def _write(self, text: str) -> None:
        if text:
            self.parts.append(text)
            self.size += len(text)


def _in_one_line(run: Run) -> Run:
    """A run for a table cell or a footnote: line feeds and column signs would end it."""
    text = run.text.replace("\n", " ").replace("|", "｜")
    return Run(text, run.page, run.bold, run.mark, run.confidences)


def glue(runs: Sequence[Run], following: Sequence[Run]) -> list[Run]:
    """What stands between two lines of one paragraph: a space between Latin words, else nothing."""
    if not runs or not following:
        return []
    last, first = runs[-1].text[-1:], following[0].text[:1]
    if last.isascii() and last.isalpha() and first.isascii() and first.isalpha():
        return [Run(" ", following[0].page, confidences=(1.0,) if runs[-1].confidences else ())]
    return []
