"""Searching passages that are handed in with a question instead of an index (public benchmarks do that)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from index.clause import Clause, Document, Source, Status, clause_id
from index.encode import Encoder
from index.lexical import LexicalIndex
from index.nearest import NearestPassages
from index.passages import passages_of
from index.search import Searcher
from index.words import Tokenizer

SCRATCH_DOCUMENT = "passages"


def scratch_searcher(texts: Sequence[str], encoder: Encoder, tokenizer: Tokenizer) -> Searcher:
    """A searcher over `texts`, each one clause of an untitled document."""
    clauses = []
    for number, text in enumerate(t for t in texts if t.strip()):
        identity = clause_id(SCRATCH_DOCUMENT, (str(number),), "", text)
        clauses.append(
            Clause(
                identity, SCRATCH_DOCUMENT, "", "", "", "", Status.UNKNOWN, (), "", "", text.strip(), (), "",
                Source("", 0, len(text)), ordinal=number,
            )
        )  # fmt: skip
    passages = [passages_of(c) for c in clauses]
    vectors = encoder.encode_clauses(passages)
    owners = np.repeat(np.arange(len(clauses), dtype=np.int32), [len(of) for of in passages])
    store = NearestPassages(vectors, owners, [c.clause_id for c in clauses])
    lexical = LexicalIndex.build(clauses, tokenizer)
    return Searcher(encoder, store, lexical, clauses, [Document(SCRATCH_DOCUMENT, "")], "passages", tokenizer)
