"""Whether a file is another version of a document that is published already."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from assistant.library.published import Documents
from index.clause import Document

Ground = Literal["number", "title", "file"]
GROUNDS: dict[Ground, str] = {"number": "文号相同", "title": "标题相同", "file": "文件名相同"}


@dataclass(frozen=True, slots=True)
class Match:
    """A published document that resembles the new one."""

    document: Document
    grounds: tuple[Ground, ...]
    same: bool
    """It is surely the same document, so that the new file is a version of it. A document of the same title and
    another number is another one: both stay, and what the newer says about the older decides which holds."""


def matches(document: Document, stem: str, published: Documents) -> list[Match]:
    """Published documents with the same number, title or file name, the surest first."""
    found = []
    for other, _ in published:
        number = bool(document.number) and _number(document.number) == _number(other.number)
        contradicts = bool(document.number and other.number) and not number
        title = bool(document.title) and _title(document.title) == _title(other.title)
        file = stem in (other.document_id, other.file.rpartition(".")[0])
        grounds: list[Ground] = [g for g, holds in (("number", number), ("title", title), ("file", file)) if holds]  # type: ignore[misc]
        if grounds:
            # An annexe bears the number of the notice that issues it, and is another document.
            same = not contradicts and (title or (number and not (document.title and other.title)) or (number and file))
            found.append(Match(other, tuple(grounds), same))
    return sorted(found, key=lambda m: (not m.same, -len(m.grounds)))


def _number(number: str) -> str:
    return re.sub(r"[\s〔〕\[\]［］()（）【】第]", "", number)


def _title(title: str) -> str:
    return re.sub(r"[\s《》“”\"（）()]", "", title)
