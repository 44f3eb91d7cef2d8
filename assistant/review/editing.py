"""Writing pinned answers: who may, what the guard says of them, which wordings they answer, and that no two answer one.

Nothing here lets an editor overrule the guard: what it does not let through is not kept.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from assistant.masking import mask
from assistant.people.person import EDITORS, Person
from assistant.records import audit
from assistant.records.tables import PinRow, new_id, now
from assistant.review.board import Board, Known
from assistant.review.checking import MOST_LINES, Fault, check_lines
from assistant.review.matching import LEAST_COSINE, matches
from assistant.review.pins import (
    ACTIVE,
    RETIRED,
    STATES,
    Example,
    Line,
    Pin,
    Source,
    count_up,
    counter,
    load_pin,
    load_pins,
    replace_examples,
)  # fmt: skip
from assistant.review.wordings import Wording
from index.errors import InputError, WenceError
from index.regions import mentioned_regions

MOST_EXAMPLES = 40
"""Of each kind."""
MOST_QUESTION_CHARS = 200


class Forbidden(WenceError):
    """Somebody's role does not allow this."""


class NotKept(InputError):
    """A pinned answer that cannot be kept as it is; says everything that is wrong with it."""

    def __init__(self, problems: Sequence[str], faults: Sequence[Fault] = ()) -> None:
        super().__init__("；".join(problems))
        self.problems, self.faults = tuple(problems), tuple(faults)


class _Outdated(Exception):
    """Another pin was written since this one was checked against all of them."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What an editor filled in."""

    question: str
    lines: tuple[Line, ...]
    region: str = ""
    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    pin: str = ""
    """Of the pin that is changed; "" makes a new one."""
    version: int = 0
    """Of that pin when it was opened."""


def require_editor(person: Person | None) -> Person:
    """Somebody who may pin.

    Raises:
        Forbidden: nobody, or without the role.
    """
    if person is None or person.role not in EDITORS:
        raise Forbidden("只有编辑和管理员可以核定答案；请转交编辑")
    return person


class Editing:
    """Pinned answers for editors."""

    def __init__(self, board: Board) -> None:
        self._board, self._database, self._searcher = board, board.database, board.searcher

    def all(self, states: Sequence[str] = tuple(STATES)) -> list[Pin]:
        """Pins in some states, the last reviewed first."""
        with self._database.read() as session:
            return load_pins(session, states)

    def get(self, pin_id: str) -> Pin:
        """One pin.

        Raises:
            InputError: there is none.
        """
        with self._database.read() as session:
            pin = load_pin(session, pin_id)
        if pin is None:
            raise InputError(f"没有核定答案 {pin_id}；可能已被删除，请刷新列表")
        return pin

    def save(self, person: Person | None, draft: Draft, today: dt.date) -> Pin:
        """Check everything, then keep; a pin that was withdrawn or retired is active again.

        Raises:
            Forbidden: no editor.
            NotKept: says what is wrong.
        """
        editor = require_editor(person)
        while True:
            with self._database.read() as session:
                seen = counter(session)
            checked, pin = self._checked(draft, editor.name, today)
            with suppress(_Outdated):
                self._write(pin, checked.version, seen)
                return pin

    def problems(self, draft: Draft, today: dt.date) -> NotKept | None:
        """What keeping a draft would be refused for; None when nothing is wrong. Keeps nothing."""
        try:
            self._checked(draft, "", today)
        except NotKept as error:
            return error
        return None

    def retire(self, person: Person | None, pin_id: str, why: str) -> None:
        """Take an answer back for good.

        Raises:
            Forbidden: no editor.
            InputError: there is none.
        """
        editor = require_editor(person)
        with self._database.write() as session:
            row = session.get(PinRow, pin_id, with_for_update=True)
            if row is None:
                raise InputError(f"没有核定答案 {pin_id}；可能已被删除，请刷新列表")
            row.state, row.why, row.version = RETIRED, why.strip() or "编辑停用", row.version + 1
            count_up(self._database, session)
            audit.note(session, editor.name, "pin.retire", pin_id, why=row.why)

    def try_wordings(self, pin: Pin) -> list[str]:
        """What is wrong with a pin's wordings: wanted ones it misses, unwanted ones it takes, other pins beside it."""
        wanted = [e for e in pin.examples if e.wanted]
        unwanted = [e for e in pin.examples if not e.wanted]
        known = [self._board.read(e.text, pin.place, pin.documents, pin.region) for e in wanted]
        against = [self._board.read(e.text, pin.place, pin.documents, pin.region) for e in unwanted]
        problems = []
        lexical = self._searcher.lexical
        for example, own in zip(wanted, known, strict=True):
            asked = self._board.read(example.text, pin.region, frozenset(), pin.region)
            # Its own wording answers it, unless its place, its document or a counter-example forbids.
            if reason := matches(asked, [own], against, lexical)[1]:
                problems.append(f"问法“{example.text}”答不到：{reason}")
            if other := self._board.match(example.text, pin.region, without=pin.id):
                problems.append(
                    f"问法“{example.text}”已由另一条核定答案回答：/staff/?pin={other.id}（{other.question}）"
                )
        for example in unwanted:
            asked = self._board.read(example.text, pin.region, frozenset(), pin.region)
            if not matches(asked, known, against, lexical)[1]:
                problems.append(f"反例“{example.text}”会被误答")
        return problems + self._taken(pin, known, against)

    def _taken(self, pin: Pin, known: Sequence[Wording], against: Sequence[Wording]) -> list[str]:
        """Other pins whose own wordings this one would answer."""
        loaded = self._board.loaded()
        mine = np.stack([e.vector for e in pin.examples if e.wanted])
        taken: dict[str, Known] = {}
        for i, other in enumerate(loaded.known):
            if other.pin is None or other.pin.id == pin.id or not other.wanted or other.owner in taken:
                continue
            if (mine @ loaded.vectors[i]).max() < LEAST_COSINE:
                continue
            asked = self._board.read(other.text, other.place, other.pin.documents, other.pin.region)
            if not matches(asked, known, against, self._searcher.lexical)[1]:
                taken[other.owner] = other
        return [f"与另一条核定答案重复：/staff/?pin={o.owner}（{o.text}）" for o in taken.values()]

    def _checked(self, draft: Draft, reviewer: str, today: dt.date) -> tuple[Draft, Pin]:
        draft = _tidy(draft)
        lines, faults = check_lines(draft.lines, self._searcher, today)
        if problems := [*_form(draft), *map(str, faults)]:
            raise NotKept(problems, faults)
        pin = self._made(draft, lines, reviewer, today)
        if problems := self.try_wordings(pin):
            raise NotKept(problems)
        return draft, pin

    def _made(self, draft: Draft, lines: Sequence[Line], reviewer: str, today: dt.date) -> Pin:
        sources = {}
        for i in dict.fromkeys(i for line in lines for i in line.clauses):
            clause = self._searcher.clause(i)
            assert clause is not None, "the check looked it up"
            sources[i] = Source.of(clause, self._searcher.document(clause.document_id).expires)
        texts = [(draft.question, True), *((t, True) for t in draft.wanted), *((t, False) for t in draft.unwanted)]
        vectors = self._board.reader.encode([t for t, _ in texts])
        examples = tuple(Example(t, wanted, v) for (t, wanted), v in zip(texts, vectors, strict=True))
        pin = Pin(
            draft.pin or new_id(), draft.question, draft.region, ACTIVE, "", tuple(lines), tuple(sources.values()),
            reviewer, today, draft.version + 1, examples,
        )  # fmt: skip
        _check_place(pin)
        return pin

    def _write(self, pin: Pin, version: int, seen: int) -> None:
        """Keep a pin, and who did it, in one; `seen` is the count of changes before it was checked against the others."""
        with self._database.write() as session:
            count_up(self._database, session)  # first: whoever writes at the same time waits here
            if counter(session) != seen + 1:
                raise _Outdated
            row = session.get(PinRow, pin.id, with_for_update=True)
            before = load_pin(session, pin.id) if row else None
            if (row.version if row else 0) != version:
                raise NotKept(["这条核定答案刚被别人改过；请刷新后再改" if row else "这条核定答案已不存在；请新建"])
            fields = {
                "question": pin.question, "region": pin.region, "state": ACTIVE, "why": "",
                "sentences": [{"text": s.text, "clauses": list(s.clauses), "support": s.support} for s in pin.lines],
                "clauses": {s.clause_id: _fields(s) for s in pin.sources},
                "reviewer": pin.reviewer, "reviewed": dt.datetime.combine(pin.reviewed, now().time()), "version": pin.version,
            }  # fmt: skip
            if row is None:
                session.add(PinRow(id=pin.id, **fields))
                session.flush()
            else:
                for name, value in fields.items():
                    setattr(row, name, value)
            replace_examples(session, pin.id, pin.examples, self._searcher.encoder.name)
            told = [line.text for line in before.lines] if before else None
            audit.note(
                session, pin.reviewer, "pin.change" if before else "pin.add", pin.id, question=pin.question, region=pin.region,
                sentences=[line.text for line in pin.lines], clauses=[s.clause_id for s in pin.sources],
                wanted=pin.texts(True), unwanted=pin.texts(False), before=told,
            )  # fmt: skip


def _fields(source: Source) -> dict[str, str]:
    names = ("document_id", "title", "address", "region", "text", "text_hash", "expires")
    return {name: getattr(source, name) for name in names}


def _tidy(draft: Draft) -> Draft:
    """Without doubles and empty lines, personal data masked."""
    question = mask(" ".join(draft.question.split()))
    wanted = tuple(t for t in dict.fromkeys(mask(" ".join(t.split())) for t in draft.wanted) if t and t != question)
    unwanted = tuple(t for t in dict.fromkeys(mask(" ".join(t.split())) for t in draft.unwanted) if t)
    lines = tuple(
        Line(line.text.strip(), tuple(dict.fromkeys(line.clauses))) for line in draft.lines if line.text.strip()
    )
    return Draft(question, lines, draft.region, wanted, unwanted, draft.pin, draft.version)


def _form(draft: Draft) -> list[str]:
    problems = []
    if not any(c.isalnum() for c in draft.question):
        problems.append("没有写问题")
    if not 1 <= len(draft.lines) <= MOST_LINES:
        problems.append(f"答案应有 1 到 {MOST_LINES} 句，现有 {len(draft.lines)} 句")
    if draft.region and mentioned_regions(draft.region).regions != (draft.region,):
        problems.append(f"不认识地区 {draft.region!r}；应为一个省市的全名，如 上海市")
    for name, texts in (("问法", (draft.question, *draft.wanted)), ("反例", draft.unwanted)):
        if len(texts) > MOST_EXAMPLES:
            problems.append(f"{name}最多 {MOST_EXAMPLES} 条，现有 {len(texts)} 条")
        problems += [f"{name}“{t[:30]}…”超过 {MOST_QUESTION_CHARS} 字" for t in texts if len(t) > MOST_QUESTION_CHARS]
    both = {*draft.wanted, draft.question} & {*draft.unwanted}
    return problems + [f"“{t}”同时是问法和反例" for t in sorted(both)]


def _check_place(pin: Pin) -> None:
    """Askers of one place are not told another place's clauses."""
    for source in pin.sources:
        if pin.region and source.region not in ("", "全国", pin.region):
            raise NotKept([f"{source.address}是{source.region}的规定，不能回答{pin.region}的提问"])
