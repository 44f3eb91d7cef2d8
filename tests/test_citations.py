"""Citation recall and precision on the cases that ALCE's paper tells apart."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from evals.citations import Cited, citation_scores

KNOWS = {"金额": {"甲"}, "金额和部门": {"甲", "乙"}}
"""What a sentence needs to be supported."""


def supports(sentence: str, texts: Sequence[str]) -> bool:
    return KNOWS[sentence] <= set(texts)


@pytest.mark.parametrize(
    ("sentences", "recall", "precision"),
    [
        ([Cited("金额", ("甲",))], 1.0, 1.0),
        ([Cited("金额", ("乙",))], 0.0, 0.0),
        ([Cited("金额", ("甲", "乙"))], 1.0, 0.5),  # 乙 is not needed
        ([Cited("金额和部门", ("甲", "乙"))], 1.0, 1.0),  # neither suffices alone, both are needed
        ([Cited("金额和部门", ("甲", "乙", "丙"))], 1.0, 2 / 3),
        ([Cited("金额和部门", ("甲", "丙"))], 0.0, 0.0),
        ([Cited("金额", ("甲",)), Cited("金额", ())], 0.5, 1.0),  # uncited: recall pays
        ([Cited("金额", ("甲",), broken=True)], 0.0, None),
        ([Cited("金额", ())], 0.0, None),
        ([], None, None),
    ],
)
def test_recall_is_of_sentences_and_precision_of_citations(
    sentences: list[Cited], recall: float | None, precision: float | None
) -> None:
    found = citation_scores(sentences, supports)
    assert found.recall == recall
    assert found.precision == (None if precision is None else pytest.approx(precision))
