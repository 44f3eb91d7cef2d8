"""The evaluators' judge: whether evidence supports a claim, by another method than the product's guard.

    claim, evidence → pair (cut, aligned by the bundled encoder) → differences (judge_difference) → logistic score

The classifier was fitted on labelled and on mutated pairs (evals/fit_judge.py); its weights are a few kilobytes
of JSON. Some differences never stood in an honest claim of the training data: one of them caps the score. In the
uncertain middle a chat model may be asked, when one is given. Nothing of the guard is imported here, nor anything
the guard reads with: a blind spot in one must not hide in both.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from evals.judge_asking import Unscored, ask, prompt
from evals.judge_difference import differences
from evals.judge_figures import THRESHOLD
from evals.judge_pairs import Pair, Vectors, align, lay
from evals.judge_reasons import locate, reason_for
from evals.judge_wording import wording
from index.encode import Encoder

if TYPE_CHECKING:
    from assistant.model import ChatModel

METHOD = "differences"
VERSION = 2
"""Raised when the code judges otherwise with the same weights."""
WEIGHTS_FILE = Path(__file__).with_name("judge_weights.json")
UNCERTAIN = (0.2, 0.8)
"""Scores between which a given model is asked."""
_KEPT_VECTORS = 20_000
"""Texts whose vectors are kept between calls: 30 MB."""

Label = Literal["supported", "unsupported"]


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict on one claim."""

    label: Label
    score: float
    """Probability that the evidence supports the claim, 0..1; from 0.5 on it counts as supported."""
    reason: str
    """Chinese: the weightiest difference, or that there is none."""
    span: tuple[int, int] | None = None
    """Where in the claim the words objected to stand; None when nothing is, or when something is left out."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The fitted classifier."""

    values: dict[str, float]
    """Value → weight; log-odds of supported are bias + the sum of weight × value."""
    bias: float
    vetoes: dict[str, float]
    """Value → the height from which it caps the score."""
    cap: float
    """Highest score under a veto."""
    sha256: str = ""
    """Of the file as it was when it was read; "" when they come from no file."""

    @classmethod
    def load(cls) -> Weights:
        """The shipped ones."""
        raw = WEIGHTS_FILE.read_bytes()
        data = json.loads(raw)
        return cls(data["values"], data["bias"], data["vetoes"], data["cap"], hashlib.sha256(raw).hexdigest())

    def score(self, values: dict[str, float]) -> float:
        """Probability of supported for the differences of a pair."""
        logit = self.bias + sum(weight * values[name] for name, weight in self.values.items())
        score = 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))
        return min(score, self.cap) if self.vetoed(values) else score

    def vetoed(self, values: dict[str, float]) -> list[str]:
        """Values high enough to cap the score."""
        return [name for name, height in self.vetoes.items() if values[name] > height]

    def weightiest(self, values: dict[str, float]) -> str:
        """The value that speaks most against the claim, one with a veto before all others; "" when none does."""
        against = {name: -weight * values[name] for name, weight in self.values.items() if weight * values[name] < 0}
        names = [n for n in self.vetoed(values) if n in against] or list(against)
        return max(names, key=lambda n: against[n], default="")


class Judge:
    """Judges claims; deterministic without a model. One judge may serve several threads."""

    def __init__(self, encoder: Encoder, model: ChatModel | None = None, weights: Weights | None = None) -> None:
        self._encoder, self._model, self._weights = encoder, model, weights or Weights.load()
        self._vectors: Vectors = {}

    def pin(self) -> dict[str, Any]:
        """All that the verdicts depend on, as it was when it was loaded; two judges with the same pin judge alike."""
        return {
            "method": METHOD,
            "version": VERSION,
            "encoder": self._encoder.name,
            "model": self._model.name if self._model else None,
            "prompt": prompt().version if self._model else None,
            "threshold": THRESHOLD,
            "uncertain": list(UNCERTAIN) if self._model else None,
            "weights_sha256": self._weights.sha256,
            "wording_sha256": wording().sha256,
        }

    def judge(self, claim: str, evidence: Sequence[str]) -> Judged:
        """The verdict on one claim.

        Raises:
            Unscored: there is nothing to judge, or the model gave no usable answer.
        """
        found = self.judge_all([(claim, evidence)])[0]
        if isinstance(found, Unscored):
            raise found
        return found

    def judge_all(self, claims: Sequence[tuple[str, Sequence[str]]]) -> list[Judged | Unscored]:
        """Verdicts on many claims, in order; their texts are embedded together."""
        pairs = [lay(claim, evidence) for claim, evidence in claims]
        if len(self._vectors) > _KEPT_VECTORS:
            self._vectors = {}
        align(pairs, self._encoder, self._vectors)
        return [self._verdict(*given, pair) for given, pair in zip(claims, pairs, strict=True)]

    def _verdict(self, claim: str, evidence: Sequence[str], pair: Pair) -> Judged | Unscored:
        if not any(c.isalnum() for c in pair.claim):
            return Unscored("论断是空的")
        if not pair.sentences:
            return Judged("unsupported", 0.0, reason_for("no_evidence", ""))
        values = differences(pair)
        score = self._weights.score(values)
        asked = ""
        if self._model and UNCERTAIN[0] <= score <= UNCERTAIN[1]:
            try:
                said = ask(self._model, claim, evidence)
            except Unscored as error:
                return error
            score, asked = _together(score, said), f"；{self._model.name} 认为有依据的概率 {said:.2f}"
        if score >= THRESHOLD:
            return Judged("supported", round(score, 4), reason_for("", "") + asked)
        name = self._weights.weightiest(values)
        words = pair.found.get(name, "")
        return Judged("unsupported", round(score, 4), reason_for(name, words) + asked, locate(claim, words))


def load_judge(model: ChatModel | None = None, encoder: Encoder | None = None) -> Judge:
    """The judge with its own encoder, whatever model the product is set to.

    Args:
        model: asked where the score is uncertain; None judges without a chat model.
        encoder: the bundled one when it is loaded already.

    Raises:
        WeightsError, StorageError: the bundled model cannot be unpacked.
    """
    if encoder is None:
        from assistant.settings import load_settings
        from index.encode import load_encoder

        encoder = load_encoder("bundled", load_settings().cache)
    return Judge(encoder, model)


def _together(own: float, said: float) -> float:
    """Mean of the log-odds of two probabilities, the model's kept within 0.02 and 0.98."""
    said = min(0.98, max(0.02, said))
    logit = (math.log(own / (1 - own)) + math.log(said / (1 - said))) / 2
    return 1 / (1 + math.exp(-logit))


__all__ = ["Judge", "Judged", "Unscored", "Weights", "load_judge"]
