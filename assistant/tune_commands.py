"""wence tune: the embedding model adapted to this deployment's own questions, kept only when it is better."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from index.errors import InputError, cause

if TYPE_CHECKING:
    from assistant.settings import Settings
    from index.clause import Clause
    from index.encode import Encoder
    from index.search import Searcher
    from index.tuning import Lesson, Outcome

FOLDER = "models"
"""Below WENCE_HOME: where new models are put when no folder is given."""
ANSWERED = "应答率"


def add_options(command: argparse.ArgumentParser, number: Callable[[str], int]) -> None:
    """The options of `wence tune`."""
    command.add_argument(
        "files", metavar="题目.jsonl", nargs="+",
        help="每行 {question, gold: [{document, quote}]} 或 {question, clause_ids: [条款编号]}；题集和 `wence records export --what pins` 的文件可以直接用",
    )  # fmt: skip
    command.add_argument("--out", metavar="文件夹", help=f"新模型放在哪里，默认 WENCE_HOME/{FOLDER}/ 下按次序编号")
    command.add_argument("--epochs", type=number, default=3, metavar="N", help="训练几遍，默认 3")


def tune(options: argparse.Namespace) -> int:
    """wence tune FILE… [--out FOLDER] [--epochs N]."""
    from assistant.settings import load_settings
    from index.encode import load_encoder
    from index.generation import current_generation
    from index.search import Searcher
    from index.training import Course
    from index.tuning import HELD_OUT, reembedded, split
    from index.tuning import Steps as Told
    from index.tuning import tune as run
    from index.weights import bundled_model

    settings = load_settings()
    current_generation(settings.home)  # a missing index is said before the model is loaded
    out = Path(options.out).expanduser().absolute() if options.out else _next(settings.home / FOLDER)
    encoder = load_encoder(settings.embedding, settings.cache, settings.embedding_backend)
    searcher = Searcher.open(settings.home, encoder, settings.store_place)
    lessons = read_lessons([Path(name) for name in options.files], searcher.clauses)
    course = Course(epochs=options.epochs)
    taught, held = split(lessons, HELD_OUT, course.seed)
    base = str(bundled_model(settings.cache)) if settings.embedding == "bundled" else settings.embedding
    print(
        f"{len(taught)} 题用于训练，{len(held)} 题留作检验；原模型 {encoder.name} 在检验通过之前一直有效",
        file=sys.stderr,
    )
    from assistant.progress import Steadily

    with Steadily("训练", "步") as training, Steadily("用新模型重算索引的向量", "段") as embedding:
        outcome = run(
            searcher, taught, held, base, out, partial(_load, settings), course=course, reopen=reembedded,
            guards={ANSWERED: answered}, steps=Told(training.reach, embedding.reach),
        )  # fmt: skip
    print(said(outcome))
    return 0 if outcome.folder else 1


def _load(settings: Settings, folder: Path) -> Encoder:
    from index.encode import load_encoder

    return load_encoder(str(folder), settings.cache, settings.embedding_backend)


def answered(searcher: Searcher, lesson: Lesson) -> float:
    """1 when the question is answered; refusing is calibrated on cosines, which a new model may move."""
    from assistant.answer import Asker
    from assistant.ask import Assistant

    return float(not Assistant(searcher).answer(lesson.question, (), Asker(lesson.region)).refused)


def said(outcome: Outcome) -> str:
    """What came of it, and what to do next."""
    lines = [f"留作检验的 {outcome.held_out} 题：原模型 → 新模型"]
    for name, before in outcome.before.items():
        lines.append(f"  {name}  {fmean(before):.3f} → {fmean(outcome.after[name]):.3f}")
    if outcome.folder is None:
        return "\n".join([*lines, f"新模型没有采用：{outcome.why_not}；继续使用原模型，什么都不用做"])
    lines.append(f"新模型更好（配对置换检验 p = {outcome.p:.4f}），已放在 {outcome.folder}")
    return "\n".join([*lines, f"接下来：设 WENCE_EMBEDDING={outcome.folder}，运行 `wence index --rebuild`，再重启服务"])


def _next(folder: Path) -> Path:
    """The next number that is free."""
    taken = [int(p.name[2:]) for p in folder.glob("t-*") if p.name[2:].isdigit()]
    return folder / f"t-{max(taken, default=0) + 1:04d}"


@dataclass(slots=True)
class _Skipped:
    """Lines that teach nothing, by reason."""

    unanswerable: int = 0
    elsewhere: int = 0


def read_lessons(paths: Sequence[Path], clauses: Sequence[Clause]) -> list[Lesson]:
    """Questions with the clauses that answer them, from files of people's labels.

    Lines that no clause answers, and whose clauses are not in the index, are left out and counted on stderr.

    Raises:
        InputError: a file cannot be read, or a line is none of the known forms; names file and line.
    """
    from index.card import is_card
    from index.quotes import GoldFinder

    finder = GoldFinder(clauses)
    known = {c.clause_id for c in clauses if not is_card(c)}  # a card is looked up, never found by its words
    lessons: list[Lesson] = []
    skipped = _Skipped()
    for path in paths:
        for number, line in enumerate(_lines(path), 1):
            if line.strip():
                lessons += _lessons(line, f"{path} 第 {number} 行", finder, known, skipped)
    if skipped.unanswerable or skipped.elsewhere:
        print(f"略过 {skipped.unanswerable} 题没有依据的、{skipped.elsewhere} 题依据不在索引里的", file=sys.stderr)
    return lessons


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise InputError(f"无法读取 {path}（{cause(error)}）；请检查路径") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} 不是 UTF-8 文本；请给 JSON Lines 文件") from None


def _lessons(line: str, where: str, finder: Any, known: set[str], skipped: _Skipped) -> list[Lesson]:
    """What one line teaches: its question, and the other wordings that a pinned answer must answer."""
    from assistant.arguments import turns_of
    from assistant.understand import understand
    from index.quotes import Gold
    from index.tuning import Lesson

    shape = "应为 {question, gold: [{document, quote}]} 或 {question, clause_ids: [条款编号]}"
    try:
        row = json.loads(line)
        question, region = row["question"], row.get("region") or ""
        history = turns_of(row.get("history") or [], where)
        wordings = [question, *(row.get("wanted") or [])]
        if not row.get("answerable", True) or row.get("state", "active") != "active":
            skipped.unanswerable += len(wordings)
            return []
        gold = [Gold(g["document"], g["quote"]) for g in row.get("gold") or []]
        ids = {str(i) for i in (row.get("clause_ids") or row.get("clauses") or [])}
        if not (isinstance(region, str) and all(isinstance(w, str) and w.strip() for w in wordings) and (gold or ids)):
            raise ValueError
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise InputError(f"{where} 读不懂；{shape}") from None
    right = (ids | {i for g in gold for i in finder.clause_ids(g)}) & known
    if not right:
        skipped.elsewhere += len(wordings)
        return []
    return [Lesson(understand(w, history).standalone or w, frozenset(right), region) for w in wordings]
