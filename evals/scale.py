"""Large indexes for timing, made of STARD's articles: half of the laws given to 上海市 and half to 深圳市, so
that a region can be filtered; beyond 55,389 the articles come again as other documents, their vectors moved a
little. Lexical index and Chroma folders are kept in the cache: building the larger takes minutes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from evals.recipe import Chunk, Recipe
from evals.stard import Stard, Vectors, cached, exact_store, lexical_of, vectors_file, vectors_of
from index.clause import Clause, Document
from index.contents import open_clauses, read_documents, write_clauses, write_records
from index.encode import Encoder
from index.generation import FORMAT, Stamp, write_stamp
from index.lexical import LexicalIndex
from index.nearest import NearestPassages
from index.search import Searcher
from index.store import Entry, create_store, open_store
from index.words import Tokenizer

REGIONS = ("上海市", "深圳市")
COPY_NOISE = 0.05
"""Length of the random step between an article's vector and its copy's: cosine 0.999, but no ties."""


@dataclass(frozen=True, slots=True)
class Articles:
    """Articles as an index holds them, and what every searcher over them shares."""

    clauses: list[Clause]
    documents: list[Document]
    vectors: Vectors
    lexical: LexicalIndex
    tokenizer: Tokenizer

    @property
    def key(self) -> str:
        """Names the content, for the cache."""
        return f"{len(self.clauses)} {self.clauses[-1].clause_id} {float(self.vectors.sum()):.3f}"


def articles(stard: Stard, size: int, encoder: Encoder, cache: Path) -> Articles:
    """The first `size` articles; more than there are come again as copies."""
    whole = vectors_file(stard.texts, encoder, cache).is_file() or size >= len(stard.texts)
    texts = stard.texts if whole else stard.texts[:size]
    vectors = vectors_of(texts, encoder, cache)[:size]
    clauses = [_placed(c, "") for c in stard.clauses[:size]]
    missing = size - len(clauses)
    if missing > 0:
        step = np.random.default_rng(0).normal(size=(missing, vectors.shape[1]))
        moved = vectors[:missing] + COPY_NOISE * step / np.linalg.norm(step, axis=1, keepdims=True)
        vectors = np.vstack([vectors, moved / np.linalg.norm(moved, axis=1, keepdims=True)]).astype(np.float32)
        clauses += [_placed(c, "副本 ") for c in stard.clauses[:missing]]
    documents = {c.document_id: Document(c.document_id, c.document_title, region=c.region) for c in clauses}
    tokenizer = Tokenizer()
    return Articles(clauses, list(documents.values()), vectors, lexical_of(clauses, tokenizer, cache), tokenizer)


def _placed(clause: Clause, mark: str) -> Clause:
    region = REGIONS[sum(map(ord, mark + clause.document_id)) % 2]
    return replace(clause, clause_id=mark + clause.clause_id, document_id=mark + clause.document_id, region=region)


def on_disk(found: Articles, cache: Path) -> Path:
    """The files that search reads, as `wence index` writes them."""

    def fill(folder: Path) -> None:
        found.lexical.save(folder / "lexical")
        exact_store(found.vectors, found.clauses).save(folder / "nearest")
        write_clauses(folder, found.clauses, found.documents)
        write_records(folder / "documents.jsonl", ({**asdict(d), "noted": {}} for d in found.documents))
        count = len(found.clauses)
        write_stamp(folder, Stamp(FORMAT, "", "", 0, "", "folder", "", len(found.documents), count, count))

    return _kept(cached(cache, "files", FORMAT, found.key), fill)


def from_disk(folder: Path, encoder: Encoder, tokenizer: Tokenizer | None = None) -> Searcher:
    """Our search over those files, opened as the product opens them."""
    opened = open_clauses(folder)
    store = NearestPassages.load(folder / "nearest", opened.columns.ids)
    documents = [d for d, _ in read_documents(folder)]
    lexical = LexicalIndex.load(folder / "lexical")
    return Searcher(
        encoder, store, lexical, opened.clauses, documents, "files", tokenizer, opened.forms, opened.columns
    )


def in_chroma(found: Articles, encoder: Encoder, cache: Path) -> Searcher:
    """Our search over a Chroma collection in a folder."""

    def fill(folder: Path) -> None:
        store = create_store(folder, "articles", {"model": encoder.name}, encoder.dimension)
        store.add(
            [Entry(f"{c.clause_id}#0", c.clause_id, c.document_id, c.region) for c in found.clauses], found.vectors
        )
        store.seal()

    folder = _kept(cached(cache, "chroma-regions", encoder.name, found.key), fill)
    store = open_store(folder, "articles")
    return Searcher(encoder, store, found.lexical, found.clauses, found.documents, "chroma", found.tokenizer)


def in_recipe(found: Articles, model: Any, cache: Path) -> Recipe:
    """The usual recipe's collection over the same articles and vectors, region as metadata."""

    def fill(folder: Path) -> None:
        recipe = Recipe.empty(model, folder)
        recipe.add([Chunk(c.text, c.document_id, c.region) for c in found.clauses], found.vectors)
        recipe.close()

    return Recipe.open(model, _kept(cached(cache, "recipe", found.key), fill))


def _kept(folder: Path, fill: Callable[[Path], None]) -> Path:
    """A folder that is filled once, whole or not at all."""
    if not folder.is_dir():
        draft = folder.with_name(f"{folder.name}.{os.getpid()}.part")
        draft.mkdir(parents=True)
        fill(draft)
        draft.replace(folder)
    return folder
