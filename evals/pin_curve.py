"""How surely a pinned answer finds its paraphrases, by threshold: `python -m evals.pin_curve [--out FILE.svg]`.

Each line of the set is a question that somebody pinned, three paraphrases that the pin must answer and four near
misses that it must not (another city, another figure, denied, the measure beside it, another kind of fact). False
matches are counted among the near misses, and among the wordings of all other pins. The curve and the threshold come
from the development half; the other half is scored at that threshold only, and in sum.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup
from pydantic import BaseModel, ConfigDict

from assistant.review.matching import LEAST_COSINE, cosine, matches
from assistant.review.wordings import Reader, Wording
from evals.bundled import bundled_searcher
from evals.intervals import Estimate, estimate
from evals.plots import Axis, Frame
from evals.questions import DATASETS
from evals.schema import read_lines
from index.search import Searcher

THRESHOLDS = tuple(round(0.80 + 0.01 * i, 2) for i in range(21))
MOST_FALSE = 0.01


class PinLine(BaseModel):
    """One line of the set."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
    id: str
    document: str
    question: str
    paraphrases: list[str]
    near: list[str]


@dataclass(frozen=True, slots=True)
class Tried:
    """How near one wording came to a pin: (cosine alone, cosine with all checks; 0 when a check refused)."""

    cosine: float
    checked: float


@dataclass(frozen=True, slots=True)
class Measured:
    """All wordings of one half against the pins."""

    paraphrases: list[Tried]
    near: list[Tried]
    others: list[Tried]
    """Wordings of one pin against each other pin."""
    taught: list[Tried]
    """Each paraphrase when the two others are examples of the pin, as after an editor's work."""
    taught_near: list[Tried]
    """Near misses when all three paraphrases are examples."""


def measure(path: Path, searcher: Searcher) -> Measured:
    """Read one half and try every wording on every pin."""
    reader = Reader(searcher)
    lines = [line for _, line in read_lines(path, PinLine)]  # type: ignore[type-var]
    pins, wanted, near = [], [], []
    for line in lines:
        place = searcher.document(line.document).region
        pins.append(reader.search(line.question, place, frozenset([line.document])))
        wanted.append([reader.search(text) for text in line.paraphrases])
        near.append([reader.search(text) for text in line.near])

    def tried(asked: Wording, pin: Wording) -> Tried:
        return Tried(cosine(asked, pin), matches(asked, [pin], [], searcher.lexical, 0.0)[0])

    others = [tried(w, pin) for i, pin in enumerate(pins) for j, ws in enumerate(wanted) if j != i for w in ws]

    def best(asked: Wording, known: Sequence[Wording]) -> Tried:
        return Tried(max(cosine(asked, w) for w in known), matches(asked, known, [], searcher.lexical, 0.0)[0])

    # An example answers where the pin's answer holds, as the pin's own question does.
    examples = [
        [reader.search(text, pin.place, pin.sources) for text in line.paraphrases]
        for pin, line in zip(pins, lines, strict=True)
    ]
    all_pins = list(zip(pins, wanted, near, examples, strict=True))
    return Measured(
        [tried(w, pin) for pin, ws, _, _ in all_pins for w in ws],
        [tried(w, pin) for pin, _, ws, _ in all_pins for w in ws],
        others,
        [best(w, [pin, *es[:i], *es[i + 1 :]]) for pin, ws, _, es in all_pins for i, w in enumerate(ws)],
        [best(w, [pin, *es]) for pin, _, ws, es in all_pins for w in ws],
    )


def share(tried: Sequence[Tried], threshold: float, checks: bool = True) -> float:
    """Part of the wordings that match at a threshold."""
    return sum((t.checked if checks else t.cosine) >= threshold for t in tried) / len(tried)


def choose_threshold(measured: Measured) -> float:
    """The lowest threshold from which on false matches stay at or below MOST_FALSE, among near misses and others."""
    good = [t for t in THRESHOLDS if all(share(m, t) <= MOST_FALSE for m in (measured.near, measured.others))]
    return min(good, default=THRESHOLDS[-1])


def picture(measured: Measured, threshold: float) -> Markup:
    """Recall and false matches by threshold, with the checks (lines) and by cosine alone (dashed)."""
    frame = Frame(Axis(THRESHOLDS[0], THRESHOLDS[-1]), Axis(0, 1))
    inside = frame.grid("余弦阈值", "比例")
    for tried, kind in ((measured.paraphrases, "p-line"), (measured.near, "p-false")):
        for checks, dash in ((True, ""), (False, ' stroke-dasharray="4 3"')):
            points = [(t, share(tried, t, checks)) for t in THRESHOLDS]
            inside += f'<path class="{kind}" d="{frame.path(points)}"{dash}/>'
    inside += f'<path class="p-mark" d="{frame.path([(threshold, 0), (threshold, 1)])}"/>'
    x, y = frame.at(threshold, 1)
    inside += f'<text class="p-label" x="{x - 4}" y="{y + 11}" text-anchor="end">取 {threshold:.2f}</text>'
    for label, tried, dy in (("应答的问法", measured.paraphrases, -6), ("不应答的近似问法", measured.near, -6)):
        x, y = frame.at(THRESHOLDS[0], share(tried, THRESHOLDS[0]))
        inside += f'<text class="p-label" x="{x + 4}" y="{y + dy}">{label}（带核对）</text>'
    return frame.svg(inside, f"核定答案的匹配曲线，取阈值 {threshold:.2f}")


STYLE = """svg{font:11px sans-serif;background:#fff;color:#222}.p-grid{stroke:#ddd}.p-tick,.p-axis,.p-label{fill:#444}
.p-line,.p-false,.p-mark{fill:none;stroke-width:2}.p-line{stroke:#1d5fb4}.p-false{stroke:#b3261e}.p-mark{stroke:#888;stroke-dasharray:2 2}"""


def _of(tried: Sequence[Tried], threshold: float) -> Estimate:
    return estimate([float(t.checked >= threshold) for t in tried]) or Estimate(0, 0, 0, 0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the curve and the figures of both halves; with --out draw it."""
    from assistant.settings import load_settings
    from index.encode import load_encoder

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, metavar="FILE.svg")
    options = parser.parse_args(arguments)
    settings = load_settings()
    with bundled_searcher(load_encoder(settings.embedding, settings.cache, settings.embedding_backend)) as searcher:
        dev = measure(DATASETS / "pins.dev.jsonl", searcher)
        unseen = measure(DATASETS / "pins.heldout.jsonl", searcher)
    print("阈值   应答的问法  近似问法误配  其他问法误配 | 只看余弦：应答  误配")
    for t in THRESHOLDS:
        row = [share(m, t) for m in (dev.paraphrases, dev.near, dev.others)]
        alone = [share(m, t, False) for m in (dev.paraphrases, dev.near)]
        print(
            f"{t:.2f}   {row[0]:.3f}       {row[1]:.4f}       {row[2]:.4f}       |          {alone[0]:.3f}  {alone[1]:.3f}"
        )
    chosen = choose_threshold(dev)
    print(f"误配不超过 {MOST_FALSE:.0%} 的最低阈值 {chosen:.2f}；程序使用 {LEAST_COSINE:.2f}")
    for name, half in (("开发集", dev), ("未见集", unseen)):
        found = [_of(m, LEAST_COSINE) for m in (half.paraphrases, half.near, half.others)]
        taught = [_of(m, LEAST_COSINE) for m in (half.taught, half.taught_near)]
        print(
            f"{name}：应答的问法 {found[0]}，近似问法误配 {found[1]}（{found[1].n} 句），其他问法误配 {found[2]}（{found[2].n} 对）"
        )
        print(f"{name}，另两种问法已作为示例：应答的问法 {taught[0]}，近似问法误配 {taught[1]}")
    if options.out:
        drawn = str(picture(dev, LEAST_COSINE))
        head, _, rest = drawn.partition(">")
        options.out.write_text(
            f'{head} xmlns="http://www.w3.org/2000/svg"><style>{STYLE}</style>{rest}', encoding="utf-8"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
