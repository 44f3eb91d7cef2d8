"""Pinned answers as they are kept: an answer, what it cites as it was reviewed, wordings that it must and must not answer."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from assistant.records.database import Database
from assistant.records.tables import PinExampleRow, PinRow, VersionRow
from index.clause import Clause

Vector = npt.NDArray[np.float32]
ACTIVE, WITHDRAWN, RETIRED = "active", "withdrawn", "retired"
STATES = {ACTIVE: "生效", WITHDRAWN: "已撤回，待编辑处理", RETIRED: "已停用"}
COUNTER = "review"
"""Name of the counter that every change of pins and settled questions moves."""


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of a pinned answer."""

    text: str
    clauses: tuple[str, ...]
    """Ids of the clauses it cites."""
    support: str = "supported"
    """verbatim or supported, as of answers."""


@dataclass(frozen=True, slots=True)
class Source:
    """A cited clause as it was when people reviewed the answer."""

    clause_id: str
    document_id: str
    title: str
    """Of the document."""
    address: str
    region: str
    text: str
    text_hash: str
    expires: str

    @classmethod
    def of(cls, clause: Clause, expires: str) -> Source:
        """A clause of today."""
        return cls(
            clause.clause_id, clause.document_id, clause.document_title, clause.address, clause.region, clause.text,
            text_hash(clause), expires,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Example:
    """A wording that a pin must answer, or must not."""

    text: str
    wanted: bool
    vector: Vector


@dataclass(frozen=True, slots=True)
class Pin:
    """One pinned answer. Its own question is its first wanted example."""

    id: str
    question: str
    region: str
    """For askers of this place only; "" for all."""
    state: str
    why: str
    lines: tuple[Line, ...]
    sources: tuple[Source, ...]
    reviewer: str
    reviewed: dt.date
    version: int
    examples: tuple[Example, ...]

    @property
    def place(self) -> str:
        """Where the answer holds: its region, or that of all its clauses; "" when they differ or hold everywhere."""
        regions = {s.region for s in self.sources if s.region and s.region != "全国"}
        return self.region or (next(iter(regions)) if len(regions) == 1 else "")

    @property
    def documents(self) -> frozenset[str]:
        """Documents that it cites."""
        return frozenset(s.document_id for s in self.sources)

    def texts(self, wanted: bool) -> list[str]:
        """Wordings, the question left out."""
        return [e.text for e in self.examples if e.wanted == wanted and e.text != self.question]


def text_hash(clause: Clause) -> str:
    """Changes with the clause's words and with the departments that it names."""
    return hashlib.sha256(f"{clause.text}\n{clause.department_text}".encode()).hexdigest()


def counter(session: Session) -> int:
    """How often pins and settled questions were changed."""
    return session.scalar(select(VersionRow.value).where(VersionRow.name == COUNTER)) or 0


def count_up(database: Database, session: Session) -> None:
    """Tell every process to read again."""
    database.put(session, VersionRow, {"name": COUNTER, "value": 0})
    session.execute(update(VersionRow).where(VersionRow.name == COUNTER).values(value=VersionRow.value + 1))


def load_pins(session: Session, states: Sequence[str] = (ACTIVE,)) -> list[Pin]:
    """Pins in some states, the last reviewed first."""
    rows = session.scalars(
        select(PinRow).where(PinRow.state.in_(states)).order_by(PinRow.reviewed.desc(), PinRow.id)
    ).all()
    examples: dict[str, list[PinExampleRow]] = {row.id: [] for row in rows}
    for example in session.scalars(select(PinExampleRow).order_by(PinExampleRow.id)):
        if example.pin_id in examples:
            examples[example.pin_id].append(example)
    return [_pin(row, examples[row.id]) for row in rows]


def load_pin(session: Session, pin_id: str) -> Pin | None:
    """One pin by its id."""
    row = session.get(PinRow, pin_id)
    if row is None:
        return None
    return _pin(row, session.scalars(select(PinExampleRow).where(PinExampleRow.pin_id == pin_id).order_by(PinExampleRow.id)).all())  # fmt: skip


def _pin(row: PinRow, examples: Sequence[PinExampleRow]) -> Pin:
    return Pin(
        id=row.id, question=row.question, region=row.region, state=row.state, why=row.why,
        lines=tuple(Line(x["text"], tuple(x["clauses"]), x["support"]) for x in row.sentences),
        sources=tuple(Source(clause_id=i, **fields) for i, fields in row.clauses.items()),
        reviewer=row.reviewer, reviewed=row.reviewed.date(), version=row.version,
        examples=tuple(Example(e.text, e.wanted, np.frombuffer(e.vector, dtype="<f4")) for e in examples),
    )  # fmt: skip


def replace_examples(session: Session, pin_id: str, examples: Sequence[Example], model: str) -> None:
    """Write a pin's wordings anew."""
    session.execute(delete(PinExampleRow).where(PinExampleRow.pin_id == pin_id))
    for e in examples:
        vector = np.asarray(e.vector, dtype="<f4").tobytes()
        session.add(PinExampleRow(pin_id=pin_id, text=e.text, wanted=e.wanted, vector=vector, model=model))
