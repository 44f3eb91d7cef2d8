"""A claim laid beside its evidence: cut into statements and sentences, and aligned by pairs of characters and embeddings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from evals.judge_reading import pairs_of, plain, sentences, statements
from index.encode import Encoder

Vectors = dict[str, npt.NDArray[np.float32]]
_META = re.compile(
    r"(?:按照|根据|依据|据|按)?(?:[\u4e00-\u9fff]{0,6}\d+号(?:文件|文|答复函)?|(?:这份|该|本|上海|深圳|上海市|深圳市|深圳这份)?(?:征求意见稿|若干措施|若干意见|实施意见|实施方案)|(?:市科委的?|上海市科委的?)?答复函?)"
    r"(?:里|中|上)?(?:面)?(?:的说法|的思路|的提法|的标准|的内容|内容)?(?:写的?|说|提出|明确|规定|提到|披露|显示|表示|写明|称|讲)?|[^。？?]*[？?]"
)
_ABOUT_DOCUMENT = re.compile(
    r"[^,。;]*(?:没有?|未|尚未|还没)(?:写明?|明确|载明|规定|公布|填|说明|给出|正式|定稿)[^,。;]*|[^,。;]*空白占位|[^,。;]*(?:这是|这还|不过|目前)[^,。;]*(?:征求意见|鼓励性)[^,。;]*"
)
_ENGAGED = re.compile(r"[\u4e00-\u9fff]")


@dataclass
class Pair:
    """A claim and its evidence, plain."""

    claim: str
    told: str
    """The claim without its references to documents and without questions."""
    bare: str
    """What is told, without statements about the document itself (没写具体数额)."""
    statements: list[str]
    """What stands between commas and full stops of what is told."""
    sentences: list[str]
    """Of all evidence, in order."""
    ground: list[str] = field(default_factory=list)
    """Evidence sentences that the claim or a statement of it resembles most."""
    closeness: float = 0.0
    """Cosine of the claim and the nearest evidence sentence."""
    found: dict[str, str] = field(default_factory=dict)
    """Value → the words of the claim behind it."""

    @property
    def text(self) -> str:
        """All evidence, one sentence after another."""
        return "".join(self.sentences)

    @property
    def grounds(self) -> str:
        """The sentences of the ground."""
        return "".join(self.ground)

    @property
    def contents(self) -> list[str]:
        """Statements that are not about the document itself."""
        return [s for s in self.statements if not _ABOUT_DOCUMENT.search(s)]


def lay(claim: str, evidence: Sequence[str]) -> Pair:
    """Plain claim and evidence, cut; not aligned yet."""
    body = [s for e in evidence for s in sentences(plain(e))]
    text = plain(claim)
    told = _META.sub("", text) or text
    parts = [s for s in statements(told) if _ENGAGED.search(s)] or [told]
    return Pair(text, told, _ABOUT_DOCUMENT.sub("", told) or told, parts, body)


def align(pairs: Sequence[Pair], encoder: Encoder, known: Vectors | None = None) -> None:
    """Choose the ground of every pair.

    Args:
        pairs: changed in place; a pair without evidence stays without ground.
        encoder: all texts that `known` lacks are embedded in one batch.
        known: text → vector, kept between calls and added to.
    """
    vectors = {} if known is None else known
    texts = {t for p in pairs for t in (p.claim, *p.statements, *p.sentences)} - vectors.keys()
    if texts:
        ordered = sorted(texts)
        vectors.update(zip(ordered, encoder.encode_queries(ordered), strict=True))
    for pair in pairs:
        if not pair.sentences:
            continue
        matrix = np.stack([vectors[s] for s in pair.sentences])
        shares = [pairs_of(s) for s in pair.sentences]
        chosen = set()
        for part in (pair.claim, *pair.statements):
            own = pairs_of(part)
            cover = np.array([len(own & s) / max(1, len(own)) for s in shares])
            # cosines of this model lie in a band of 0.15, shares of pairs in one of 1
            chosen.add(int(np.argmax(cover + 2 * (matrix @ vectors[part]))))
        pair.ground = [pair.sentences[i] for i in sorted(chosen)]
        pair.closeness = float((matrix @ vectors[pair.claim]).max())
