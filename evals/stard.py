"""STARD: 55,389 statutory articles and 1,235 lay questions with gold articles, search at real scale.

Su et al., "STARD: A Chinese Statute Retrieval Dataset with Real Queries Issued by Non-professionals" (2024,
MIT). Laws and everyday legal questions, not policies: it shows whether search holds where nothing was tuned
for the documents. Half of the questions serve for fitting (`evals.fit_ranking`), the other half for figures.

    python -m evals.stard [--stard FOLDER]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import lzma
import os
import random
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evals.intervals import Estimate, estimate
from index.clause import Clause, Document, Source, Status
from index.encode import Encoder
from index.errors import InputError, StorageError
from index.lexical import LexicalIndex
from index.nearest import NearestPassages
from index.search import Searcher
from index.words import Tokenizer

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "benchmarks" / "stard"
FITTED = 617
"""Questions used in fitting; the other 618 are for figures."""
SPLIT_SEED = 7
PUBLISHED_BM25_R10 = 0.394
"""Published for STARD's dev split; ours is a half of its train split, so the two are near but not the same."""
_LEXICAL_SOURCES = ("terms.toml", "words.py", "lexical.py", "passages.py")

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LayQuestion:
    """A question with the ids of the articles that answer it."""

    text: str
    gold: frozenset[str]


@dataclass(frozen=True, slots=True)
class Stard:
    """The benchmark as clauses and questions."""

    clauses: tuple[Clause, ...]
    documents: tuple[Document, ...]
    texts: tuple[str, ...]
    """What is embedded, one passage an article: its name, then its text."""
    questions: tuple[LayQuestion, ...]

    def split(self) -> tuple[list[LayQuestion], list[LayQuestion]]:
        """(for fitting, for figures); the same halves always."""
        order = list(range(len(self.questions)))
        random.Random(SPLIT_SEED).shuffle(order)
        return [self.questions[i] for i in order[:FITTED]], [self.questions[i] for i in order[FITTED:]]


def exact_store(vectors: Vectors, clauses: Sequence[Clause]) -> NearestPassages:
    """The product's scan over one passage a clause."""
    return NearestPassages(vectors, np.arange(len(clauses), dtype=np.int32), [c.clause_id for c in clauses])


def add_option(parser: argparse.ArgumentParser) -> None:
    """`--stard FOLDER`, for every program that uses the benchmark."""
    parser.add_argument(
        "--stard", type=Path, default=FOLDER, metavar="文件夹", help="STARD 数据（默认 ../shared/benchmarks/stard）"
    )


def is_there(folder: Path) -> bool:
    """Whether the benchmark can be read; when not, one line on stderr says what is skipped."""
    missing = [n for n in ("corpus.jsonl.xz", "queries.train.jsonl") if not (folder / n).is_file()]
    if missing:
        print(f"跳过 STARD：{folder} 里没有 {'、'.join(missing)}；用 --stard 文件夹 指明位置", file=sys.stderr)
    return not missing


def load_stard(folder: Path) -> Stard:
    """Articles as clauses (the law is the document) and all questions.

    Raises:
        InputError: a file is not what it should be.
    """
    clauses: list[Clause] = []
    texts: list[str] = []
    try:
        with lzma.open(folder / "corpus.jsonl.xz", "rt", encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                clauses.append(_clause(row))
                texts.append(f"{row['name']}\n{row['text']}")
        lines = (folder / "queries.train.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        questions = [LayQuestion(r["query"], frozenset(map(str, r["gold_doc_ids"]))) for r in rows]
    except (OSError, lzma.LZMAError, ValueError, KeyError) as error:
        raise InputError(f"STARD 数据 {folder} 无法读取（{error}）；请重新取得这两个文件") from None
    laws = dict.fromkeys(c.document_id for c in clauses)
    return Stard(tuple(clauses), tuple(Document(law, law) for law in laws), tuple(texts), tuple(questions))


def _clause(row: dict[str, Any]) -> Clause:
    path = (row["chapter"],) if row.get("chapter") else ()
    return Clause(
        str(row["doc_id"]), row["law"], row["law"], "", "", "", Status.IN_FORCE, path, row["article"], "",
        row["text"], (), "", Source("", 0, 0), ordinal=1,
    )  # fmt: skip


def vectors_of(texts: Sequence[str], encoder: Encoder, cache: Path) -> Vectors:
    """Vectors of the articles, computed once (8 to 12 minutes on 2 cores) and kept: [len(texts), dimension].

    Raises:
        StorageError: the cache folder cannot be written.
    """
    path = vectors_file(texts, encoder, cache)
    if path.is_file():
        return np.asarray(np.load(path), dtype=np.float32)
    from tqdm import tqdm

    with tqdm(total=len(texts), desc="STARD 向量", unit="条", file=sys.stderr) as bar:
        vectors = encoder.encode_passages(list(texts), progress=bar.update)
    draft = path.with_suffix(f".{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            np.save(file, vectors)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise StorageError(
            f"无法写入 {path}（{error.strerror}）；请检查磁盘空间，或用 WENCE_CACHE 换一个文件夹"
        ) from None
    return vectors


def vectors_file(texts: Sequence[str], encoder: Encoder, cache: Path) -> Path:
    """Where the vectors of these texts are, or will be, kept."""
    return cached(cache, "vectors", encoder.name, *texts).with_suffix(".npy")


def lexical_of(
    clauses: Sequence[Clause], tokenizer: Tokenizer, cache: Path, headings: bool = True, variant: str = ""
) -> LexicalIndex:
    """The lexical index, kept likewise (45 s for 55,389 articles); rebuilt when its code or word list changes.

    `variant` names a tokenizer that is not the product's own.
    """
    code = Path(__file__).resolve().parents[1] / "index"
    kind = "-".join(["lexical", *([variant] if variant else []), *([] if headings else ["no-headings"])])
    content = cached(cache, kind, *(f"{c.document_id}{c.path}{c.text}" for c in clauses))
    sources = "".join((code / name).read_text(encoding="utf-8") for name in _LEXICAL_SOURCES)
    folder = content.with_name(f"{content.name}-{hashlib.sha256(sources.encode()).hexdigest()[:8]}")
    if not folder.is_dir():
        for old in content.parent.glob(f"{content.name}-*"):  # built by other code: 100 MB that nobody will read
            shutil.rmtree(old, ignore_errors=True)
        print(f"建立 {len(clauses):,} 条的词法索引（约 {len(clauses) // 1200} 秒）…", file=sys.stderr)
        draft = folder.with_name(f"{folder.name}.{os.getpid()}.part")
        try:
            LexicalIndex.build(clauses, tokenizer, headings).save(draft)
            draft.replace(folder)
        except OSError as error:
            shutil.rmtree(draft, ignore_errors=True)
            raise StorageError(
                f"无法写入 {folder}（{error.strerror}）；请检查磁盘空间，或用 WENCE_CACHE 换一个文件夹"
            ) from None
    return LexicalIndex.load(folder)


def cached(cache: Path, kind: str, *content: str) -> Path:
    """A place in the cache folder that depends on what goes into it."""
    digest = hashlib.sha256("\x1f".join(content).encode()).hexdigest()[:16]
    return cache / "stard" / f"{kind}-{digest}"


def open_stard(stard: Stard, encoder: Encoder, cache: Path) -> tuple[Searcher, Vectors]:
    """A searcher over all articles, in memory, and the articles' vectors."""
    tokenizer = Tokenizer()
    vectors = vectors_of(stard.texts, encoder, cache)
    lexical = lexical_of(stard.clauses, tokenizer, cache)
    store = exact_store(vectors, stard.clauses)
    return Searcher(encoder, store, lexical, stard.clauses, stard.documents, "stard", tokenizer), vectors


def recall(gold: frozenset[str], ranked: Sequence[str], k: int) -> float:
    """R@k = gold articles among the first k, over all gold articles of the question."""
    return len(gold & set(ranked[:k])) / len(gold)


def figures(searcher: Searcher, vectors: Vectors, questions: Sequence[LayQuestion]) -> dict[str, dict[str, Estimate]]:
    """R@10 and R@100 of lexical alone, dense alone and the product's own search."""
    ids = [c.clause_id for c in searcher.clauses]
    values: dict[str, dict[str, list[float]]] = {name: {"R@10": [], "R@100": []} for name in ("词法", "向量", "融合")}
    for question in questions:
        found = searcher.search(question.text, 100)
        bm25 = searcher.lexical.scores(searcher.tokenizer.tokens(found.query.topic))
        dense = vectors @ searcher.encoder.encode_queries([question.text])[0]
        ranked = {
            "词法": [ids[i] for i in np.argsort(-bm25, kind="stable")[:100]],
            "向量": [ids[i] for i in np.argsort(-dense, kind="stable")[:100]],
            "融合": [s.clause.clause_id for s in found.ranked],
        }
        for name, order in ranked.items():
            for k in (10, 100):
                values[name][f"R@{k}"].append(recall(question.gold, order, k))
    return {n: {k: e for k, v in by_k.items() if (e := estimate(v))} for n, by_k in values.items()}


def table(found: dict[str, dict[str, Estimate]]) -> str:
    """The figures as printed."""
    n = found["融合"]["R@10"].n
    lines = [f"STARD：55,389 条法条，{n} 个未用于拟合的问题（95 % 区间为自助法）"]
    lines += [f"  {name}  R@10 {by_k['R@10']}  R@100 {by_k['R@100']}" for name, by_k in found.items()]
    lines.append(
        f"  公开的 BM25  R@10 {PUBLISHED_BM25_R10}（STARD 自己的 dev 部分；本表是其 train 的一半，两者不是同一批问题）"
    )
    return "\n".join(lines)


def main() -> int:
    """Print the figures."""
    from assistant.settings import load_settings
    from index.encode import load_encoder

    parser = argparse.ArgumentParser(prog="python -m evals.stard", description="STARD 检索指标")
    add_option(parser)
    folder = parser.parse_args().stard
    if not is_there(folder):
        return 0
    settings = load_settings()
    encoder = load_encoder(settings.embedding, settings.cache, settings.embedding_backend)
    stard = load_stard(folder)
    searcher, vectors = open_stard(stard, encoder, settings.cache)
    print(table(figures(searcher, vectors, stard.split()[1])))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
