"""The claims written before any result was seen: quotes are the source's, and no clause stands in both files.

Counts only: items of the unseen file are never shown.
"""

from __future__ import annotations

import re
from collections import Counter

import pytest

from assistant.settings import BUNDLED_CORPUS
from evals.questions import DATASETS, Gold, GoldFinder, squeeze
from evals.schema import ClaimLine, read_lines
from index.catalog import load_catalog
from index.parse import parse_text
from index.reading import read_text

SETS = {
    name: [line for _, line in read_lines(DATASETS / f"claims.{name}.jsonl", ClaimLine)] for name in ("fresh", "fit")
}


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    """Document id → source text for comparing quotes."""
    return {path.stem: squeeze(read_text(path)) for path in sorted(BUNDLED_CORPUS.glob("*.txt"))}


@pytest.fixture(scope="module")
def finder() -> GoldFinder:
    catalog = load_catalog(BUNDLED_CORPUS)
    paths = sorted(BUNDLED_CORPUS.glob("*.txt"))
    parsed = [parse_text(read_text(path), path.name, catalog.get(path.name, {})) for path in paths]
    return GoldFinder([clause for one in parsed for clause in one.clauses])


def clauses_of(line: ClaimLine, finder: GoldFinder) -> list[set[str]]:
    """Of each quote but the bracket of departments, the clauses that hold it."""
    quotes = [quote for quote in line.evidence if quote != line.departments]
    return [finder.clause_ids(Gold(line.document, quote)) for quote in quotes]


@pytest.mark.parametrize("name", SETS)
def test_every_quote_is_verbatim_and_of_one_clause(name: str, sources: dict[str, str], finder: GoldFinder) -> None:
    quotes = [(line.document, quote) for line in SETS[name] for quote in (*line.evidence, line.departments)]
    assert sum(squeeze(quote) not in sources[document] for document, quote in quotes) == 0
    assert sum(len(held) != 1 for line in SETS[name] for held in clauses_of(line, finder)) == 0


def test_no_clause_and_no_claim_stands_in_both_files(finder: GoldFinder) -> None:
    fresh, fit = (
        {clause for line in lines for held in clauses_of(line, finder) for clause in held} for lines in SETS.values()
    )
    assert len(fresh) >= 40 and len(fit) >= 40 and len(fresh & fit) == 0
    claims = Counter(line.claim for lines in SETS.values() for line in lines)
    assert sum(count > 1 for count in claims.values()) == 0


@pytest.mark.parametrize("name", SETS)
def test_half_of_the_claims_are_supported_and_every_document_has_both(name: str) -> None:
    labels = Counter(line.label for line in SETS[name])
    assert abs(labels["supported"] - labels["unsupported"]) <= 0.05 * len(SETS[name])
    per_document = Counter((line.document, line.label) for line in SETS[name])
    assert len(per_document) == 10 and min(per_document.values()) >= 15


def test_the_readme_counts_of_the_kinds_are_the_counts() -> None:
    text = (DATASETS / "README.md").read_text(encoding="utf-8")
    labels = {"支持": "supported", "不支持": "unsupported"}
    rows = re.findall(r"^\| (支持|不支持)：[^`|]+`([a-z_]+)` \| (\d+) \| (\d+) \|$", text, re.M)
    told = {(labels[label], kind): [int(fresh), int(fit)] for label, kind, fresh, fit in rows}
    counts = [Counter((line.label, line.kind) for line in lines) for lines in SETS.values()]
    assert told == {key: [count[key] for count in counts] for key in counts[0] | counts[1]}
