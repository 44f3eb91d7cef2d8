"""What a person looks at before publishing: clauses, facts, doubts, where everything went, and what would change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from assistant.difference import KINDS as CHANGES
from assistant.difference import Change, counts, differ, touched
from assistant.library.correcting import editable
from assistant.library.items import OPEN, Item, State
from assistant.library.published import Published
from assistant.library.publishing import Progress
from assistant.library.reading import pages_of
from assistant.library.versions import GROUNDS, Match, matches
from index.account import KINDS
from index.catalog import LISTS
from index.clause import STATUS_NAMES, Clause
from index.files.facsimile import KINDS as DRAWN
from index.files.sheet import Reading
from index.origins import KEYS, Fact
from index.parse import Parsed, parse_reading

MOST_CHANGES = 500
MOST_ROWS = 1000
"""Rows of each list of the account; longer ones are cut and say so by their number."""
KIND_NAMES = {
    "text": "文本", "docx": "Word", "doc": "旧版 Word", "pdf": "PDF", "scan": "扫描件", "image": "图片", "html": "网页",
}  # fmt: skip
ACCOUNT_NAMES = {
    "clause": "条款", "heading": "标题与编号", "footnote": "脚注", "department": "责任部门", "metadata": "文件信息",
    "noise": "版面杂项",
}  # fmt: skip
REMOVED_NAMES = {
    "header": "页眉", "footer": "页脚", "page_number": "页码", "navigation": "网页导航", "hidden": "隐藏文字",
    "stamp": "印章", "watermark": "水印",
}  # fmt: skip
Pins = Callable[[Collection[str]], list[str]]
"""Questions of the pinned answers that cite one of these clauses."""
ELSEWHERE = "原件在另一台服务器的 WENCE_HOME 里；请到上传它的那台服务器上核对、发布"


def line_of(item: Item, progress: Progress | None, here: bool = True) -> dict[str, Any]:
    """An item as the list shows it; `here` tells whether its file is on this server."""
    return {
        "id": item.id, "name": item.name, "size": item.size, "state": item.state, "state_name": item.state.shown,
        "title": item.changes.get("title") or item.found.get("title", ""), "number": item.changes.get("number") or item.found.get("number", ""),
        "clauses": item.found.get("clauses", 0), "doubts": item.found.get("doubts", 0),
        "kind": KIND_NAMES.get(str(item.found.get("kind", "")), ""), "reason": item.reason, "error": item.error if here else ELSEWHERE,
        "uploader": item.uploader, "uploaded": f"{item.uploaded:%Y-%m-%dT%H:%M:%SZ}", "decider": item.decider,
        "decided": f"{item.decided:%Y-%m-%dT%H:%M:%SZ}" if item.decided else "", "document": item.document,
        "progress": {"stage": progress.stage, "done": progress.done, "total": progress.total} if progress else None,
    }  # fmt: skip


def preview_of(item: Item, reading: Reading, published: Published, pins: Pins) -> dict[str, Any]:
    """All that the page shows of one file.

    Args:
        item: which.
        reading: its text.
        published: what it is compared with.
        pins: tells which pinned answers rest on clauses.
    """
    document_id = item.document or item.version_of or PurePosixPath(item.name).stem
    parsed = parse_reading(reading, item.name, {**item.changes, "document_id": document_id})
    found = matches(parsed.document, PurePosixPath(item.name).stem, published.documents()) if item.state in OPEN else []
    chosen = item.version_of if item.state in (*OPEN, State.PUBLISHING, State.WITHDRAWING) else ""
    shown = {
        "kind": KIND_NAMES.get(reading.kind, reading.kind), "pages": pages_of(reading), "drawn": reading.kind in DRAWN,
        "text": reading.text, "facts": [_fact(fact) for fact in parsed.facts],
        "statuses": [{"value": str(status), "name": name} for status, name in STATUS_NAMES.items()],
        "clauses": [clause_of(clause) for clause in parsed.clauses], "account": _account(parsed),
        "version_of": item.version_of, "matches": [_match(match) for match in found],
        "changes": _changes(published.clauses(chosen), parsed.clauses, pins) if chosen else None,
    }  # fmt: skip
    return {**shown, "fingerprint": _fingerprint(item, shown)}


def _fingerprint(item: Item, shown: Mapping[str, Any]) -> str:
    """SHA-256 of what is decided about: facts, clauses, corrections, and what is replaced by it.

    Questions of pinned answers are left out: somebody pins another one every few minutes, and the file is the same.
    """
    rows = {key: value for key, value in (shown["changes"] or {}).items() if key != "pins"}
    seen = [dict(item.changes), item.version_of, shown["facts"], shown["clauses"], rows]
    return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()


def clause_of(clause: Clause) -> dict[str, Any]:
    """A clause and where it stands."""
    return {
        "id": clause.clause_id, "label": clause.label, "title": clause.title, "text": clause.text, "path": list(clause.path),
        "departments": [{"name": d.name, "lead": d.role == "lead"} for d in clause.departments],
        "footnotes": [{"mark": f.mark, "text": f.text} for f in clause.footnotes],
        "start": clause.source.start, "end": clause.source.end, "page": clause.source.page, "ocr": clause.source.ocr,
    }  # fmt: skip


def _fact(fact: Fact) -> dict[str, Any]:
    return {**fact.to_json(), "name": KEYS[fact.key], "editable": editable(fact.key), "list": fact.key in LISTS}


def _match(match: Match) -> dict[str, Any]:
    document = match.document
    return {
        "document_id": document.document_id, "title": document.title, "number": document.number, "file": document.file,
        "grounds": "、".join(GROUNDS[g] for g in match.grounds), "same": match.same,
    }  # fmt: skip


def _changes(old: Sequence[Clause], new: Sequence[Clause], pins: Pins) -> dict[str, Any]:
    found = differ(old, new)
    rows = [change for change in found if change.kind != "unchanged"]
    return {
        "counts": [{"kind": kind, "name": CHANGES[kind], "count": n} for kind, n in counts(found).items()],
        "rows": [_change(change) for change in rows[:MOST_CHANGES]], "changed": len(rows),
        # A clause with another number is another clause to whoever cites it.
        "pins": pins({c.clause_id for c in touched(found)} | {c.old.clause_id for c in rows if c.kind == "moved" and c.old}),
    }  # fmt: skip


def _change(change: Change) -> dict[str, Any]:
    clause = change.new or change.old
    assert clause
    pieces = [{"op": p.op, "text": p.text} for p in change.pieces]
    return {
        "kind": change.kind, "name": CHANGES[change.kind], "label": clause.label, "title": clause.title,
        "was": change.old.label if change.old and change.kind == "moved" else "",
        "pieces": pieces or [{"op": change.kind if change.kind in ("added", "removed") else "same", "text": clause.text}],
        "figures": [{"old": f.old, "new": f.new} for f in change.figures] if change.kind == "changed" else [],
    }  # fmt: skip


def _account(parsed: Parsed) -> dict[str, Any]:
    receipt = parsed.receipt
    kinds = receipt.by_kind()
    return {
        "characters": receipt.characters, "coverage": receipt.coverage, "unclassified": receipt.unclassified,
        "kinds": [{"name": ACCOUNT_NAMES[kind], "characters": kinds[kind]} for kind in KINDS],
        "recognised": receipt.recognised, "warnings": list(receipt.warnings), "gaps": list(receipt.gaps)[:MOST_ROWS],
        "doubts": list(receipt.doubts)[:MOST_ROWS],
        "low": [{"page": p, "text": t, "confidence": c} for p, t, c in receipt.low[:MOST_ROWS]], "lows": len(receipt.low),
        "removed": [{"kind": REMOVED_NAMES.get(k, k), "page": p, "text": t} for k, p, t in receipt.removed[:MOST_ROWS]],
        "noise": [{"start": s, "text": t} for _, s, t in receipt.noise[:MOST_ROWS]],
    }  # fmt: skip


def decidable(item: Item) -> dict[str, bool]:
    """What may be done with an item in its state, by whom may."""
    return {
        "correct": item.state in (*OPEN, State.PUBLISHED), "publish": item.state in OPEN, "reject": item.state is State.STAGED,
        "undo": item.state in (State.PUBLISHED, State.REJECTED),
        "undo_facts": item.state is State.PUBLISHED and "changes" in item.earlier,
        "delete": item.state in (State.UNREADABLE, State.REJECTED, State.WITHDRAWN),
    }  # fmt: skip
