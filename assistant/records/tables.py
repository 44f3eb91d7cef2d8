"""The tables of the store. Times are UTC without a zone; ids of people's things are 32 hex digits that nobody can guess.

A change here goes with a migration in `migrations/versions`; a test compares the two.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import JSON, BigInteger, Date, ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Serial = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts up by itself for INTEGER only."""


def now() -> datetime:
    """UTC, without a zone: SQLite keeps none."""
    return datetime.now(UTC).replace(tzinfo=None)


def new_id() -> str:
    """32 hex digits."""
    return uuid4().hex


class Table(DeclarativeBase):
    """Base of all tables."""

    type_annotation_map = {dict[str, Any]: JSON, list[Any]: JSON}


class PersonRow(Table):
    """Somebody with an account."""

    __tablename__ = "people"
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    """What is typed to sign in."""
    shown: Mapped[str] = mapped_column(String(64), default="")
    """What others see; "" shows the name."""
    role: Mapped[str] = mapped_column(String(16))
    password: Mapped[str] = mapped_column(String(200), default="")
    """Argon2id hash; "" signs in by OpenID Connect only."""
    subject: Mapped[str | None] = mapped_column(String(400), unique=True)
    """Issuer and subject of OpenID Connect."""
    active: Mapped[bool] = mapped_column(default=True)
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    created: Mapped[datetime] = mapped_column(default=now)


class SessionRow(Table):
    """A browser that has signed in."""

    __tablename__ = "sessions"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of the cookie, hex: who reads the store cannot sign in."""
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    created: Mapped[datetime] = mapped_column(default=now)
    seen: Mapped[datetime] = mapped_column(default=now)
    expires: Mapped[datetime]


class SiteRow(Table):
    """A registered site (`assistant.web.sites.Site`)."""

    __tablename__ = "sites"
    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    edition: Mapped[str] = mapped_column(String(32))
    record: Mapped[dict[str, Any]]
    """The other fields."""
    changed: Mapped[datetime] = mapped_column(default=now)


class ConversationRow(Table):
    """One visitor's questions in a row."""

    __tablename__ = "conversations"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    site: Mapped[str] = mapped_column(String(40), default="")
    started: Mapped[datetime] = mapped_column(default=now)
    last: Mapped[datetime] = mapped_column(default=now, index=True)


class AnswerRow(Table):
    """One answer with all that it rests on; personal data masked."""

    __tablename__ = "answers"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    time: Mapped[datetime] = mapped_column(default=now, index=True)
    site: Mapped[str] = mapped_column(String(40), default="")
    conversation: Mapped[str] = mapped_column(String(32), default="", index=True)
    person: Mapped[str] = mapped_column(String(32), default="")
    """Staff who asked; "" for visitors."""
    region: Mapped[str] = mapped_column(String(20), default="")
    question: Mapped[str] = mapped_column(Text)
    standalone: Mapped[str] = mapped_column(Text)
    refused: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(20), default="")
    mode: Mapped[str] = mapped_column(String(10))
    model: Mapped[str] = mapped_column(String(200), default="")
    prompt_version: Mapped[str] = mapped_column(String(64), default="")
    index_version: Mapped[str] = mapped_column(String(100), default="")
    pin: Mapped[str] = mapped_column(String(32), default="")
    """The pinned answer that was given; "" for none."""
    dropped: Mapped[int] = mapped_column(default=0)
    """Sentences of a model that the guard did not let through."""
    total_ms: Mapped[float] = mapped_column(default=0.0)
    record: Mapped[dict[str, Any]]
    """history, sentences, clauses, retrieved, notices, degraded, usage, vetting, timings_ms."""


class RatingRow(Table):
    """What a reader thought of an answer."""

    __tablename__ = "ratings"
    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    time: Mapped[datetime] = mapped_column(default=now, index=True)
    answer: Mapped[str] = mapped_column(String(64), index=True)
    """Id of the answer, which retention may have removed."""
    site: Mapped[str] = mapped_column(String(40), default="")
    conversation: Mapped[str] = mapped_column(String(32), default="")
    rating: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(String(20), default="")
    comment: Mapped[str] = mapped_column(Text, default="")


class PinRow(Table):
    """An answer that people wrote or corrected for a question and its paraphrases."""

    __tablename__ = "pins"
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    question: Mapped[str] = mapped_column(Text)
    region: Mapped[str] = mapped_column(String(20), default="")
    """For askers of this place only; "" for all."""
    state: Mapped[str] = mapped_column(String(12), default="active", index=True)
    """active, withdrawn (by itself, waits for an editor) or retired (by an editor)."""
    why: Mapped[str] = mapped_column(Text, default="")
    """Why it was withdrawn or retired."""
    sentences: Mapped[list[Any]]
    """[{text, clauses: [clause_id]}]."""
    clauses: Mapped[dict[str, Any]]
    """clause_id → {document, address, text, text_hash, expires} as they were when it was reviewed."""
    reviewer: Mapped[str] = mapped_column(String(64))
    reviewed: Mapped[datetime] = mapped_column(default=now)
    created: Mapped[datetime] = mapped_column(default=now)
    version: Mapped[int] = mapped_column(default=1)
    """Counts changes; who saves an older one is told."""


class PinExampleRow(Table):
    """A wording that a pin must answer, or must not."""

    __tablename__ = "pin_examples"
    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    pin_id: Mapped[str] = mapped_column(ForeignKey("pins.id", ondelete="CASCADE"), index=True)
    text: Mapped[str] = mapped_column(Text)
    wanted: Mapped[bool]
    vector: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    """As a query: float32, little endian; encoding all of them again would keep the first asker waiting."""
    model: Mapped[str] = mapped_column(String(200), default="")
    """What made the vector; another model makes it again."""


class OpenQuestionRow(Table):
    """A matter that people asked about and that was not answered well: one cluster of wordings."""

    __tablename__ = "open_questions"
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    text: Mapped[str] = mapped_column(Text)
    """The wording shown for all of them."""
    region: Mapped[str] = mapped_column(String(20), default="")
    state: Mapped[str] = mapped_column(String(12), default="open", index=True)
    """open, handed (to editors), answered or no_policy."""
    owner: Mapped[str] = mapped_column(String(64), default="")
    due: Mapped[date | None] = mapped_column(Date)
    first: Mapped[datetime] = mapped_column(default=now)
    last: Mapped[datetime] = mapped_column(default=now)
    note: Mapped[str] = mapped_column(Text, default="")
    proof: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What closed it: the answer that the same question now gets."""


class AskedRow(Table):
    """One asking that belongs to an open question, and why it is there."""

    __tablename__ = "asked"
    __table_args__ = (UniqueConstraint("open_question_id", "answer", "cause"),)
    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    open_question_id: Mapped[str] = mapped_column(ForeignKey("open_questions.id", ondelete="CASCADE"), index=True)
    answer: Mapped[str] = mapped_column(String(32), index=True)
    time: Mapped[datetime] = mapped_column(default=now)
    text: Mapped[str] = mapped_column(Text)
    cause: Mapped[str] = mapped_column(String(12))
    """refused, disliked, dropped or repeated."""
    vector: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    """As for examples of pins."""
    model: Mapped[str] = mapped_column(String(200), default="")


class VersionRow(Table):
    """How often something was changed, so that every process can tell with one cheap look whether to read it again."""

    __tablename__ = "versions"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[int] = mapped_column(default=0)


class LibraryRow(Table):
    """A file that was handed in to the library (`assistant.library`): its state, and what was decided about it."""

    __tablename__ = "library"
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(200))
    """Of the file, without a folder."""
    hash: Mapped[str] = mapped_column(String(64), index=True)
    """SHA-256 of its bytes, hex: where it is kept."""
    size: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(12), index=True)
    """A value of `assistant.library.items.State`."""
    found: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What reading it gave: title, number, clauses, doubts, pages, kind."""
    changes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Its catalog entry: facts that people corrected."""
    version_of: Mapped[str] = mapped_column(String(200), default="")
    """Id of the document that it is a new version of; "" for none."""
    document: Mapped[str] = mapped_column(String(200), default="")
    """Id under which it was published; "" before."""
    earlier: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What it took the place of, {path, item}, "" for nothing; {} before it is known."""
    reason: Mapped[str] = mapped_column(Text, default="")
    """Why it was rejected."""
    error: Mapped[str] = mapped_column(Text, default="")
    """Why it could not be read, or why the last thing asked was not done."""
    uploader: Mapped[str] = mapped_column(String(64))
    uploaded: Mapped[datetime] = mapped_column(default=now)
    decider: Mapped[str] = mapped_column(String(64), default="")
    decided: Mapped[datetime | None]


class AuditRow(Table):
    """Who did what, never changed: each row holds the hash of the row before it."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=False)
    """1, 2, 3 … without a gap."""
    time: Mapped[datetime] = mapped_column(default=now)
    person: Mapped[str] = mapped_column(String(64), default="")
    """Name of who did it; "" for the program itself."""
    action: Mapped[str] = mapped_column(String(40), index=True)
    subject: Mapped[str] = mapped_column(String(200), default="")
    detail: Mapped[dict[str, Any]]
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


Index("answers_site_time", AnswerRow.site, AnswerRow.time)
