"""What is cited: documents, clauses, and the rule that gives a clause its id.

Records are frozen; everything that is stored, shown or sent as JSON is one of these.
This module knows nothing of parsing, vectors or questions.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Literal

from index.numerals import chinese_ordinal


class Status(StrEnum):
    """Standing of a document; `unknown` is an honest value, never guessed away."""

    IN_FORCE = "in_force"
    ISSUED = "issued"
    DRAFT = "draft"
    REPLY = "reply"
    EXPIRED = "expired"
    REPEALED = "repealed"
    UNKNOWN = "unknown"


STATUS_NAMES: dict[Status, str] = {
    Status.IN_FORCE: "现行有效",
    Status.ISSUED: "已印发（未载明有效期）",
    Status.DRAFT: "征求意见稿",
    Status.REPLY: "答复函（非政策）",
    Status.EXPIRED: "已过期",
    Status.REPEALED: "已废止",
    Status.UNKNOWN: "效力未注明",
}
"""What a person reads on the badge."""

DepartmentRole = Literal["lead", "support"]
RelationKind = Literal["repeals", "replaces", "amends", "includes", "extends"]
Done = Literal["repealed", "replaced", "amended"]
"""What is done to a clause; `replaced`: all of its words are put in new ones."""
"""What a document does to another; `includes`: its text has the other's amendments in it already;
`extends`: it puts off the other's last day."""


@dataclass(frozen=True, slots=True)
class Relation:
    """Another document that a document speaks of, as it is written; which one is meant is `index.lineage`'s to find."""

    kind: RelationKind
    target: str
    """《标题》（文号）, or either of them."""
    day: str = ""
    """From when, where the words name a day (ISO); "" means from the speaking document's own first day. Where it extends
    another: the new last day, or by how many years the old one is put off, `+5`."""
    said: str = ""
    """The words that say so; "" when the catalog does."""


@dataclass(frozen=True, slots=True)
class Amendment:
    """What a document does to one place of another: 将《X》第九条第一款修改为：“…”."""

    target: str
    """《标题》（文号） of the other, as it is written."""
    done: Done
    number: int
    """第九条 is 9; 0 where no place is named and `below` holds words that are put in others wherever they stand."""
    branch: int = 0
    """n of 第十条之n, else 0."""
    heading: bool = False
    """A chapter, section or part is meant and not an article."""
    below: str = ""
    """What of the article, 第一款; "" for all of it."""
    day: str = ""
    """As a relation's."""
    by: int = 0
    """Ordinal of the clause that says so."""
    start: int = 0
    """Where it says so: offsets into that clause's text, end exclusive."""
    end: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """One policy file with its catalog entry. Dates are ISO (`2025-05-17`) or "" when not stated."""

    document_id: str
    """Stable name, by default the file's stem."""
    title: str
    number: str = ""
    """文号, e.g. 沪府办发〔2025〕11号; "" when the document bears none."""
    issuer: str = ""
    region: str = ""
    """Province-level or city name with 省/市, e.g. 上海市; "" when not stated."""
    status: Status = Status.UNKNOWN
    signed: str = ""
    published: str = ""
    effective: str = ""
    expires: str = ""
    validity_text: str = ""
    """The sentence about validity as the document prints it, placeholders included."""
    source_url: str = ""
    repealed: str = ""
    """Day from which it does not hold any more, where the catalog knows one."""
    superseded_by: str = ""
    """Title and number of the document that replaced this one, "" when none is known."""
    relations: tuple[Relation, ...] = ()
    """Documents that this one replaces, amends or repeals, in the order of the text."""
    amendments: tuple[Amendment, ...] = ()
    """What it does to single clauses of others, in the order of the text."""
    aliases: tuple[str, ...] = ()
    """Everyday names that people use for it, e.g. 若干意见."""
    file: str = ""
    """Name of the source file."""
    text_hash: str = ""
    """SHA-256 of the decoded source text, hex."""
    extended_by: str = ""
    """《标题》（文号） of the document that put off its last day to `expires`; known in an open index only."""


@dataclass(frozen=True, slots=True)
class Department:
    """A department that the document makes responsible for a clause."""

    name: str
    role: DepartmentRole


@dataclass(frozen=True, slots=True)
class Source:
    """Where a clause's text stands: character offsets into the file's text as it was read, end exclusive."""

    file: str
    start: int
    end: int
    page: int | None = None
    """Page on which it begins, from 1; None where the file has no pages."""
    ocr: float | None = None
    """Mean confidence, 0..1, of characters that were recognised from a picture; None where none was."""

    def opens(self, url: str) -> str:
        """Address that opens a document on this page where browsers can (`…pdf#page=3`), else `url` as it is."""
        paged = self.page and re.fullmatch(r"[^?#]+\.pdf", url, re.I)
        return f"{url}#page={self.page}" if paged else url


@dataclass(frozen=True, slots=True)
class Footnote:
    """A footnote whose mark stands in a clause."""

    mark: str
    text: str


@dataclass(frozen=True, slots=True)
class Clause:
    """The smallest thing that is cited. `text` is verbatim, page-break repairs aside."""

    clause_id: str
    document_id: str
    document_title: str
    document_number: str
    issuer: str
    region: str
    status: Status
    path: tuple[str, ...]
    """Headings above the clause, outermost first, its own label and title not included."""
    label: str
    """Number as printed: 第九条, 9., （六）; "" where the document gives none."""
    title: str
    """Run-in title or the heading the clause stands under; "" when there is none."""
    text: str
    """Body without label, run-in title and trailing department bracket."""
    departments: tuple[Department, ...]
    department_text: str
    """The trailing bracket as printed, brackets included; "" when there is none."""
    source: Source
    footnotes: tuple[Footnote, ...] = ()
    paragraph: int = 0
    """Which paragraph under a heading number this is, from 1; 0 when it is the only one."""
    ordinal: int = 0
    """Position in the document, from 0; neighbours are ordinal ± 1."""
    offsets: tuple[int, ...] = field(default=(), repr=False, compare=False)
    """Source offset of each character of `text`; not stored in the index."""
    changes: tuple[str, ...] = field(default=(), compare=False)
    """What other documents did to it by the day it is read for, one Chinese line each; derived, never stored."""

    @property
    def address(self) -> str:
        """How a person would quote it: 《标题》（文号）第九条."""
        number = f"（{self.document_number}）" if self.document_number else ""
        below = f"第{chinese_ordinal(self.paragraph)}段" if self.paragraph else ""
        return f"《{self.document_title}》{number}{self.label.rstrip('、')}{below}"

    @property
    def standing(self) -> str:
        """What has to stand beside it in any list, in Chinese; "" for a clause that holds as printed, or may."""
        ended = [STATUS_NAMES[self.status]] if self.status in (Status.EXPIRED, Status.REPEALED) else []
        return "；".join([*ended, *self.changes])

    def to_json(self) -> dict[str, Any]:
        """The published clause record (field names are a contract); `changes` only where there are any."""
        record = asdict(self)
        record["path"] = list(self.path)
        record["status"] = str(self.status)
        for inner in ("ordinal", "paragraph", "offsets", "department_text", "changes"):
            record.pop(inner)
        if self.changes:
            record["changes"] = list(self.changes)
        record["departments"] = [asdict(d) for d in self.departments]
        record["footnotes"] = [asdict(f) for f in self.footnotes]
        return record


def clause_id(document_id: str, path: tuple[str, ...], label: str, text: str, occurrence: int = 0) -> str:
    """Id that depends on a clause's own words and place only, so editing one clause changes one id.

    Args:
        document_id: the document's stable name.
        path: headings above it.
        label: its number as printed.
        text: its verbatim body.
        occurrence: 0 for the first clause with exactly these words in this place, then 1, 2 …

    Returns:
        `<document_id>:<12 hex digits>`.
    """
    key = "\x1f".join([document_id, *path, label, text, str(occurrence)])
    return f"{document_id}:{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"
