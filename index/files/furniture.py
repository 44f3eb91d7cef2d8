"""What is printed around the text of a page: running headers and footers, page numbers, footnotes.

Told by place, size and repetition. Everything set aside is listed; footnotes go with the mark in the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.files.page import Line, Page
from index.files.sheet import Composer, Run, glue

EDGE_LINES = 2
"""Lines at the top and the bottom of a page that may be running headers and footers."""
EDGE_SHARE = 0.14
"""They stand in this outer part of the page's height."""
MARGIN_SHARE = 0.05
"""No text stands in this outer part; a small line here is furniture though no other page repeats it."""
NOTE_SIZE = 0.92
"""Footnotes are printed at most this large beside text."""
_PAGE_NUMBER = re.compile(
    r"^[\s\-—–－―_·•.]*(?:第\s*)?\d{1,4}\s*(?:页)?(?:\s*[/／,，]?\s*(?:共\s*)?\d{1,4}\s*页?)?[\s\-—–－―_·•.]*$"
)
_NOTE = re.compile(r"^\s*[\[〔［]?(?P<mark>\d{1,3}|[①-⑳*])[\]〕］]?[\s.、]*(?=\S)")


def set_aside_furniture(pages: Sequence[Page], size: float, out: Composer) -> None:
    """Take running headers, footers and page numbers off the pages."""
    places: dict[str, list[tuple[Page, Line, str]]] = {}
    for page in pages:
        lines = sorted(page.lines, key=lambda line: line.top)
        for kind, edge in (("header", lines[:EDGE_LINES]), ("footer", lines[-EDGE_LINES:][::-1])):
            for line in edge:
                far = (
                    line.bottom <= EDGE_SHARE * page.height
                    if kind == "header"
                    else line.top >= (1 - EDGE_SHARE) * page.height
                )
                if not far:
                    break
                numbered = bool(_PAGE_NUMBER.match(line.text) and line.text.strip())
                outside = line.bottom <= MARGIN_SHARE * page.height or line.top >= (1 - MARGIN_SHARE) * page.height
                if numbered or (outside and line.size < size):
                    page.items.remove(line)
                    out.remove(page.number, "page_number" if numbered else kind, line.text)
                    continue
                places.setdefault(kind + re.sub(r"\d+", "#", re.sub(r"\s", "", line.text)), []).append(
                    (page, line, kind)
                )
    for found in places.values():
        heights = [line.top for _, line, _ in found]
        enough = max(2, 0.4 * len(pages) if len(pages) < 6 else 3)
        if (
            len({page.number for page, _, _ in found}) < enough
            or max(heights) - min(heights) > 0.03 * found[0][0].height
        ):
            continue
        if re.search(r"[。；]$", found[0][1].text):
            continue
        for page, line, kind in found:
            if line in page.items:
                page.items.remove(line)
                out.remove(page.number, kind, line.text)


def set_aside_notes(page: Page, size: float, out: Composer) -> None:
    """Footnotes at the foot of a page: small print below a short rule, or beginning with a mark."""
    lines = sorted(page.lines, key=lambda line: line.top)
    first = len(lines)
    while (
        first
        and lines[first - 1].size <= NOTE_SIZE * size
        and (page.note_rule is None or lines[first - 1].top >= page.note_rule - 2)
    ):
        first -= 1
    foot = lines[first:]
    if not foot or first == 0:
        return
    if page.note_rule is None:
        # Size alone is no proof, least of all where it was estimated from a picture: the text must bear the mark.
        marks = {run.text.strip() for line in lines[:first] for run in line.runs if run.mark}
        while foot and _note_mark(foot[0]) not in marks:
            foot.pop(0)
    mark, runs = "", list[Run]()
    for line in foot:
        page.items.remove(line)
        if begun := _note_mark(line):
            if mark:
                out.note(mark, runs)
            mark, runs = begun, _without_mark(line)
        else:
            runs += [*glue(runs, line.runs), *line.runs]
    if runs:
        out.note(mark or "*", runs)


def _note_mark(line: Line) -> str:
    text = "".join(run.text for run in line.runs)
    m = _NOTE.match(text)
    return m.group("mark") if m and (line.runs[0].mark or not re.match(r"\s*\d+[年月日.%]", text)) else ""


def _without_mark(line: Line) -> list[Run]:
    m = _NOTE.match("".join(run.text for run in line.runs))
    skip = m.end() if m else 0
    runs: list[Run] = []
    for run in line.runs:
        cut = min(skip, len(run.text))
        skip -= cut
        if run.text[cut:]:
            runs.append(Run(run.text[cut:], run.page, run.bold, False, run.confidences[cut:]))
    return runs
