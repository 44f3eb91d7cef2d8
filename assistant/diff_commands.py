"""`wence diff A B`: what changed between two texts, and which pinned answers and eval questions rest on it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.difference import KINDS, Change, Piece, counts, differ, summary, touched, whole
from index.catalog import load_catalog
from index.clause import Clause, Document
from index.contents import read_clauses, read_documents
from index.errors import IndexMissingError, InputError, WenceError
from index.generation import current_generation
from index.lineage import name_of
from index.parse import parse_reading
from index.reading import catalog_place, is_there, read_source
from index.relations import plain_number
from index.report import Row

MARKS = {"same": "", "removed": "－", "added": "＋"}
Questions = Callable[[Sequence[Clause], Collection[str]], list[tuple[str, str]]]
"""Which questions of the evaluators' set rest on changed clauses: (whole text, ids) → [(id, question)]."""
Pins = Callable[[Collection[str]], list[str]]
"""Questions of the pinned answers that cite one of these clauses."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two texts."""

    document: Document
    clauses: tuple[Clause, ...]


def open_side(name: str, home: Path) -> Side:
    """A text by the path of its file, or a document of the index by id, number, title, file name or alias.

    Raises:
        InputError: no such document, or several.
    """
    if is_there(Path(name)):
        path = Path(name)
        folder, file = catalog_place(path)
        parsed = parse_reading(read_source(path), file, load_catalog(folder).get(file))
        if not parsed.clauses:
            raise InputError(f"{name} 里没有读出任何条款；请用 `wence parse --coverage {name}` 查看")
        return Side(parsed.document, parsed.clauses)
    try:
        folder = current_generation(home)
        documents = [d for d, _ in read_documents(folder)]
    except IndexMissingError:
        raise InputError(f"没有文件 {name}，也还没有索引；请给出文件路径") from None
    except WenceError as error:
        raise InputError(f"没有文件 {name}，索引也读不了（{error}）；请给出文件路径") from None
    found = [d for d in documents if name in (d.document_id, d.title, d.file, *d.aliases)]
    found += [d for d in documents if d.number and plain_number(d.number) == plain_number(name) and d not in found]
    if len(found) != 1:
        known = "、".join(f"{d.document_id}（{d.number or d.title}）" for d in (found or documents)[:8])
        raise InputError(f"索引里有 {len(found)} 份文件叫 {name!r}；请用编号或文号：{known}")
    document = found[0]
    return Side(document, tuple(c for c in read_clauses(folder) if c.document_id == document.document_id))


def run(options: argparse.Namespace, home: Path, pins: Pins, questions: Questions) -> int:
    """Compare and print; exit status 0."""
    old, new = open_side(options.old, home), open_side(options.new, home)
    changes = differ(old.clauses, new.clauses)
    gone = touched(changes)
    ids = {c.clause_id for c in gone} | {c.old.clause_id for c in changes if c.kind == "moved" and c.old}
    resting = pins(ids)
    asked = questions(old.clauses, {c.clause_id for c in gone}) if gone else []
    if options.json:
        print(json.dumps(_record(old, new, changes, resting, asked), ensure_ascii=False))
    else:
        print("\n".join(lines(old.document, new.document, changes, resting, asked)))
    return 0


def _record(
    old: Side, new: Side, changes: Sequence[Change], resting: Sequence[str], asked: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    sides = [{k: getattr(s.document, k) for k in ("document_id", "title", "number", "file")} for s in (old, new)]
    return {
        "old": sides[0], "new": sides[1], "counts": counts(changes),
        "figures": [
            {"clause": _place(c), "kind": c.kind, "old": f.old, "new": f.new} for c in changes for f in c.figures
        ],
        "changes": [c.to_json() for c in changes], "pins": list(resting),
        "questions": [{"id": i, "question": q} for i, q in asked],
    }  # fmt: skip


def told_of(row: Row, pins: Pins) -> str:
    """One line about a document that was updated: how many clauses changed, and which pinned answers rest on them.

    "" when no clause changed, or when nothing is known of what it was.
    """
    changes = differ(row.before, row.after) if row.before else []
    if all(c.kind == "unchanged" for c in changes):
        return ""
    after = {c.clause_id for c in row.after}
    resting = pins({c.old.clause_id for c in changes if c.old and c.old.clause_id not in after})
    shown = "；".join(resting[:5]) + ("……" if len(resting) > 5 else "")
    said = f"；{len(resting)} 条核定答案引用了所改条款，请复核：{shown}" if resting else ""
    return f"{row.file}：{summary(changes)}{said}"


def lines(
    old: Document, new: Document, changes: Sequence[Change], resting: Sequence[str], asked: Sequence[tuple[str, str]]
) -> list[str]:
    """The comparison for a terminal: figures first, then the clauses, then what rests on them."""
    found = [f"－ {name_of(old)}", f"＋ {name_of(new)}", summary(changes)]
    figures = [(c, f) for c in changes for f in c.figures if c.kind == "changed"]
    if figures:
        found += ["", "数字变化："]
        found += [f"  {_place(c)}：{f.old or '（无）'} → {f.new or '（无）'}" for c, f in figures]
    for change in changes:
        if change.kind == "unchanged":
            continue
        found += ["", f"【{KINDS[change.kind]}】{_place(change)}"]
        if change.kind == "changed":
            found.append("".join(map(_marked, change.pieces)))
        elif change.kind == "moved":
            found.append("（文字未变）")
        else:
            clause = change.new or change.old
            found.append(("＋ " if change.new else "－ ") + whole(clause) if clause else "")
    if resting:
        found += ["", f"引用了所改条款的核定答案（{len(resting)} 条），请复核：", *(f"  {q}" for q in resting)]
    if asked:
        found += ["", f"以所改条款为标准的评测题（{len(asked)} 题），请核对标注：", *(f"  {i} {q}" for i, q in asked)]
    return found


def _marked(piece: Piece) -> str:
    mark = MARKS[piece.op]
    return f"［{mark}{piece.text}{mark}］" if mark else piece.text


def _place(change: Change) -> str:
    """第三条; 第三条 → 第四条 when the number changed."""
    names = [c.label or c.title or c.text[:12] for c in (change.old, change.new) if c]
    return " → ".join(dict.fromkeys(names))
