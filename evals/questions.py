"""Question sets: JSON Lines with gold given as quotes from the source, so that it outlives any parser."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from assistant.answer import Turn
from index.card import is_card
from index.clause import Clause
from index.errors import InputError

DATASETS = Path(__file__).parent / "datasets"
_KEYS: dict[str, type | tuple[type, ...]] = {
    "id": str, "question": str, "history": list, "region": (str, type(None)), "type": str, "answerable": bool,
    "why_not": (str, type(None)), "gold": list, "gold_mode": str, "must_say": list, "must_not_say": list,
    "notices": list, "note": str,
}  # fmt: skip


def _texts(item: object, *keys: str) -> bool:
    """Whether an item is an object of exactly these keys, all text."""
    return isinstance(item, dict) and set(item) == set(keys) and all(isinstance(v, str) for v in item.values())


_INNER: tuple[tuple[str, str, Callable[[Any], bool]], ...] = (
    ("gold", "{document, quote}", lambda g: _texts(g, "document", "quote")),
    ("history", "{role: user|assistant, content}",
     lambda t: _texts(t, "role", "content") and t["role"] in ("user", "assistant")),
    ("must_say", "说法的列表", lambda w: isinstance(w, list) and bool(w) and all(isinstance(x, str) for x in w)),
    ("must_not_say", "文字", lambda w: isinstance(w, str)),
    ("notices", "文字", lambda w: isinstance(w, str)),
)  # fmt: skip
"""Fields that are lists: what each item must be."""


@dataclass(frozen=True, slots=True)
class Gold:
    """A quote from a source file; the clause that holds it is right."""

    document: str
    quote: str


@dataclass(frozen=True, slots=True)
class Question:
    """One labelled question."""

    id: str
    question: str
    history: tuple[Turn, ...]
    region: str
    """Region preset by the site, "" when none."""
    type: str
    answerable: bool
    why_not: str
    gold: tuple[Gold, ...]
    gold_mode: Literal["any", "all"]
    must_say: tuple[tuple[str, ...], ...]
    must_not_say: tuple[str, ...]
    notices: tuple[str, ...]


def load_questions(path: Path) -> list[Question]:
    """Questions of one file.

    Raises:
        InputError: a line is not of the schema; names file, line, field, expected and found.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(f"无法读取题集 {path}（{error.strerror}）；请检查路径") from None
    questions: list[Question] = []
    seen: set[str] = set()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(f"{path} 第 {number} 行：不是 JSON（{error.msg}，第 {error.colno} 列）") from None
        question = _question(path, number, row)
        if question.id in seen:
            raise InputError(f"{path} 第 {number} 行：字段 id：{question.id} 重复；每题一个编号")
        seen.add(question.id)
        questions.append(question)
    return questions


def _question(path: Path, number: int, row: Any) -> Question:
    def fail(key: str, expected: str, found: object) -> InputError:
        return InputError(f"{path} 第 {number} 行：字段 {key}：应为 {expected}，实为 {found!r}")

    if not isinstance(row, dict):
        raise fail("（整行）", "JSON 对象", type(row).__name__)
    for key, kind in _KEYS.items():
        if key not in row:
            raise fail(key, "必填", "缺失")
        if not isinstance(row[key], kind):
            names = [k.__name__ for k in (kind if isinstance(kind, tuple) else (kind,))]
            raise fail(key, " 或 ".join(names), row[key])
    if extra := set(row) - set(_KEYS):
        raise fail(sorted(extra)[0], "没有这个字段", row[sorted(extra)[0]])
    if row["gold_mode"] not in ("any", "all"):
        raise fail("gold_mode", "any 或 all", row["gold_mode"])
    for key, expected, fits in _INNER:
        for item in row[key]:
            if not fits(item):
                raise fail(key, f"每项为 {expected}", item)
    return Question(
        id=row["id"],
        question=row["question"],
        history=tuple(Turn(t["role"], t["content"]) for t in row["history"]),
        region=row["region"] or "",
        type=row["type"],
        answerable=row["answerable"],
        why_not=row["why_not"] or "",
        gold=tuple(Gold(g["document"], g["quote"]) for g in row["gold"]),
        gold_mode=row["gold_mode"],
        must_say=tuple(tuple(alternatives) for alternatives in row["must_say"]),
        must_not_say=tuple(row["must_not_say"]),
        notices=tuple(row["notices"]),
    )


def squeeze(text: str) -> str:
    """Text for comparing quotes: no markup, no space, NFKC."""
    return re.sub(
        r"\s", "", unicodedata.normalize("NFKC", re.sub(r"<sup>.*?</sup>|\*\*|\[bookmark:[^\]]*\]", "", text))
    )


class GoldFinder:
    """Finds the clauses that hold a gold quote."""

    def __init__(self, clauses: Sequence[Clause]) -> None:
        self._by_document: dict[str, list[tuple[Clause, str, str]]] = {}
        for c in clauses:
            notes = "".join(n.text for n in c.footnotes)
            own = squeeze(f"{c.label}{c.title}。{c.text}{c.department_text}")
            wide = squeeze("".join(c.path) + notes)
            self._by_document.setdefault(c.document_id, []).append((c, own, wide))

    def clause_ids(self, gold: Gold) -> set[str]:
        """Ids of the clauses that hold the quote; quotes from letterheads belong to the document's card."""
        quote = squeeze(gold.quote)
        members = self._by_document.get(gold.document, [])
        texts = [m for m in members if not is_card(m[0])]
        # A title without its full stop joins its text: the quote may span both.
        loose = quote.replace("。", "")
        for test in (
            lambda own, wide: quote in own or loose in own.replace("。", ""),
            lambda own, wide: quote in wide,
            lambda own, wide: _overlap(quote, own),
        ):
            if found := {c.clause_id for c, own, wide in texts if test(own, wide)}:
                return found
        return {c.clause_id for c, _, _ in members if is_card(c)}


def _overlap(quote: str, own: str) -> bool:
    """A quote that runs over a page break, a bracket or a mark: its two ends stand in the clause."""
    return len(quote) >= 12 and quote[:8] in own and quote[-6:] in own
