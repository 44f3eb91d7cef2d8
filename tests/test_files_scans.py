"""Scanned pages: what is printed is read, what is doubtful is marked, and nothing leaves the machine."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from rapidfuzz.distance import Levenshtein

from index.build import build_index
from index.encode import Encoder
from index.files.scan import read_image
from index.files.sheet import LOW_CONFIDENCE, Composer, Reading, Run
from index.parse import parse_reading
from index.reading import read_source
from tests import sample_files as samples

FONT = "/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc"
LINES = (
    "某市人民政府办公厅",
    "某府办〔2025〕7号",
    "关于支持科技服务业的若干意见",
    "　　第一条 对首次升规的科技服务业企业，首年给予不超过",
    "30万元的一次性奖励，营收5409.59亿元，同比增长9.2%。",
    "　　第二条 本意见自2025年6月1日起施行，有效期至2027",
    "年5月31日。（责任单位：市科委、市财政局）",
)


def drawn(path: Path) -> Path:
    """One page with a red letterhead and a red seal, turned by one degree, with grain."""
    if not Path(FONT).is_file():
        pytest.skip("no font with Chinese characters: apt-get install fonts-noto-cjk")
    page = Image.new("RGB", (1240, 1000), "white")
    pen = ImageDraw.Draw(page)
    for i, line in enumerate(LINES):
        size = (54, 32, 44, 36, 36, 36, 36)[i]
        font = ImageFont.truetype(FONT, size, index=2)
        left = 140 if i > 2 else (1240 - font.getlength(line)) / 2
        pen.text((left, 80 + 90 * i), line, font=font, fill=(220, 0, 0) if i == 0 else "black")
    pen.ellipse((820, 700, 1060, 940), outline=(220, 0, 0), width=8)
    pen.text((880, 800), "某市专用章", font=ImageFont.truetype(FONT, 24, index=2), fill=(220, 0, 0))
    page = page.rotate(1, Image.Resampling.BICUBIC, fillcolor="white")
    grain = np.random.default_rng(1).normal(0, 9, (1000, 1240, 1))
    Image.fromarray(np.clip(np.asarray(page) + grain, 0, 255).astype(np.uint8)).save(path)
    return path


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Reading]]:
    """The page and what is read from it, while every try to reach another machine fails."""
    path = drawn(tmp_path_factory.mktemp("scans") / "意见.png")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("recognising reaches for the network")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        reading = read_image(path.read_bytes(), path.name)
    yield path, reading


def test_a_picture_gives_its_clauses_with_page_and_confidence(scanned: tuple[Path, Reading]) -> None:
    _, reading = scanned
    made = parse_reading(reading, "意见.png")
    assert [c.label for c in made.clauses] == ["第一条", "第二条"]
    assert samples.squeeze(made.clauses[0].text) == samples.squeeze("".join(LINES[3:5])).removeprefix("第一条")
    assert [d.name for d in made.clauses[1].departments] == ["市科委", "市财政局"]
    source = made.clauses[0].to_json()["source"]
    assert source["page"] == 1 and 0.9 < source["ocr"] <= 1
    facts = made.document
    assert (facts.number, facts.issuer, facts.expires) == ("某府办〔2025〕7号", "某市人民政府办公厅", "2027-05-31")
    assert made.receipt.recognised > 100 and made.receipt.unclassified == 0


def test_the_seal_is_set_aside_and_the_letterhead_is_kept(scanned: tuple[Path, Reading]) -> None:
    _, reading = scanned
    assert reading.text.startswith("某市人民政府办公厅")
    assert "专用章" not in reading.text
    assert any("专用章" in r.text for r in reading.removed if r.kind == "stamp")


def test_a_scanned_pdf_is_read_by_recognising(scanned: tuple[Path, Reading], tmp_path: Path) -> None:
    picture, _ = scanned
    with Image.open(picture) as image:
        path = samples.make_scan([image.convert("RGB")], tmp_path / "意见.pdf", dpi=150)
    reading = read_source(path)
    assert reading.kind == "scan" and reading.warnings == ("第 1 页是图片，文字由识别得出",)
    wanted = samples.squeeze("".join(LINES))
    got = samples.squeeze(re.sub(r"[#*]", "", reading.text))
    assert Levenshtein.distance(wanted, got) <= 2
    for figure in ("30万元", "5409.59亿元", "9.2%", "2025年6月1日", "2027年5月31日", "〔2025〕7号"):
        assert figure in got


def composed(words: str, doubtful: str) -> Reading:
    """A recognised sentence of which one part is unsure."""
    out = Composer()
    start = words.index(doubtful)
    sure = [0.99] * len(words)
    sure[start : start + len(doubtful)] = [0.42] * len(doubtful)
    out.paragraph([Run("某市办法", 1, confidences=(0.99,) * 4)])
    out.paragraph([Run(words, 2, confidences=tuple(sure))])
    return out.finish("scan")


def test_doubtful_characters_are_listed_with_their_page() -> None:
    made = parse_reading(composed("第一条 给予不超过30万元的奖励。", "30"), "a.pdf")
    assert made.receipt.low == ((2, "第一条 给予不超过【30】万元的奖励。", 0.42),)
    assert "  第 2 页（0.42）：第一条 给予不超过【30】万元的奖励。" in made.receipt.lines()
    record = made.receipt.to_json()
    assert record["low_confidence"] == [{"page": 2, "text": "第一条 给予不超过【30】万元的奖励。", "confidence": 0.42}]
    source = made.clauses[0].source
    assert source.page == 2 and source.ocr is not None and LOW_CONFIDENCE < source.ocr < 0.99


def test_the_report_of_an_index_counts_doubtful_places(
    encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "扫描.png"
    path.write_bytes(b"\x89PNG")
    doubtful = composed("第一条 给予不超过30万元的奖励。", "30")
    monkeypatch.setattr("index.readings.reading_of", lambda data, path: doubtful)
    report = build_index(tmp_path / "home", [path], encoder)
    assert [(row.outcome, row.doubts) for row in report.rows] == [("added", 1)]
