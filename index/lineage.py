"""What the documents of one index do to each other: which repealed, replaced or amended which, what became of drafts.

Derived from the documents each time an index is opened and never stored, so that a document that leaves the index
takes its effects with it. A relation is resolved by number, else by exact title within the same region; what cannot
be resolved stays as it is written. What is done to single clauses is found in the clauses when it is first asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from index.clause import Clause, Document, Relation, Status
from index.effects import Applied, Effect, Members, effects_on, lasting
from index.extensions import years_later
from index.relations import number_of, plain_number, plain_title, title_of
from index.validity import CEASED, Event, EventKind, Validity, first_day, validity_of

KEPT_DAYS = 16
_ENDS_ONLY = re.compile(r"关于.{0,12}(?:废止|失效|停止执行|清理)")
"""Titles of notices that end other documents and put nothing in their place."""
_BEFORE_NUMBER = re.compile(r"^原|(?<=..)[后起时将]原?")


def name_of(document: Document) -> str:
    """《标题》（文号）; names inside the title in the smaller marks."""
    title = document.title.replace("《", "〈").replace("》", "〉")
    return f"《{title}》" + (f"（{document.number}）" if document.number else "")


class Lineage:
    """The relations among the documents of an index. Safe to share between threads."""

    def __init__(self, documents: Sequence[Document], members: Members | None = None) -> None:
        """Relate documents; without `members` nothing is known of single clauses."""
        self._members = members
        self._documents = {d.document_id: d for d in documents}
        self._numbers: dict[str, list[Document]] = {}
        self._titles: dict[str, list[Document]] = {}
        for document in documents:
            if document.number:
                self._numbers.setdefault(plain_number(document.number), []).append(document)
            self._titles.setdefault(plain_title(document.title), []).append(document)
        for document in self._put_off(documents):
            self._documents[document.document_id] = document
        self._events: dict[str, list[Event]] = {}
        self._unresolved: dict[str, list[Relation]] = {}
        self._applied: dict[str, list[Applied]] = {}
        self._amends: dict[str, set[str]] = {}
        self._effects: dict[str, dict[str, list[Effect]]] = {}
        for document in documents:
            self._take(document)
        self._passed = lru_cache(maxsize=KEPT_DAYS)(self._passed_over)

    def stated(self) -> list[Document]:
        """The documents in their order, each with the last day that others have put off."""
        return list(self._documents.values())

    def events(self, document_id: str) -> tuple[Event, ...]:
        """What other documents do to one, in the order of days."""
        return tuple(sorted(self._events.get(document_id, ()), key=lambda e: e.day))

    def unresolved(self, document_id: str) -> tuple[Relation, ...]:
        """Relations that a document states to documents which are not here."""
        return tuple(self._unresolved.get(document_id, ()))

    def on(self, document_id: str, day: str) -> Validity:
        """Standing of a document on a day (ISO)."""
        return validity_of(self._documents[document_id], day, self._events.get(document_id, ()))

    def passed_over(self, day: str) -> frozenset[str]:
        """Documents that must not speak on a day where one in force does."""
        return self._passed(day)

    def ceased(self, day: str) -> frozenset[str]:
        """Documents that were in force once and are not on a day."""
        return frozenset(i for i in self._passed(day) if self.on(i, day).kind in CEASED)

    def current(self, document_id: str, day: str) -> Document | None:
        """The document in force on a day that took the place of one, step by step; None when none is here."""
        seen = {document_id}
        waiting = [document_id]
        while waiting:
            for event in self.events(waiting.pop(0)):
                if event.kind == "amended" or event.day > day or event.by in seen:
                    continue
                by = self._documents[event.by]
                if _ENDS_ONLY.search(by.title):
                    continue
                if self.on(event.by, day).holds:
                    return by
                seen.add(event.by)
                waiting.append(event.by)
        return None

    def documents(self, day: str) -> list[Document]:
        """All documents in their order, each with the status that it has on a day."""
        return [replace(d, status=self.on(i, day).status(d)) for i, d in self._documents.items()]

    def changes(self, clause: Clause, day: str) -> tuple[Effect, ...]:
        """What other documents have done to a clause by a day, the last first; what new words put an end to is left out.

        An amendment that does not say where it changes a document may change each of its clauses. A clause that
        changes another is itself overtaken where a later one gives that place new words or ends it.
        """
        known = self._events.get(clause.document_id, ())
        if clause.ordinal < 0 or not (known or clause.document_id in self._amends):
            return ()  # a card says itself who amended the document
        applied = {a.by for a in self._applied.get(clause.document_id, ())}
        anywhere = [
            Effect("amended", e.day, e.by, e.name, None)
            for e in known
            if e.kind == "amended" and e.by not in applied and e.day <= day
        ]
        found = lasting([e for e in self._on(clause.document_id).get(clause.clause_id, ()) if self._happened(e, day)])
        found += self._overtaken(clause, day)
        return tuple(sorted([*anywhere, *found], key=lambda e: e.day, reverse=True))

    def coming(self, clause: Clause, day: str) -> tuple[Effect, ...]:
        """What is known to be done to a clause after a day, the next first."""
        found = self._on(clause.document_id).get(clause.clause_id, ())
        return tuple(e for e in found if e.day > day and self._happened(e, e.day))

    def places(self, document_id: str, by: str) -> bool:
        """Whether it is known where one document changes another."""
        return any(a.by == by for a in self._applied.get(document_id, ()))

    def made(self, clause: Clause, day: str) -> tuple[Effect, ...]:
        """What a clause itself does to clauses of other documents by a day, and still counts."""
        return tuple(e for effects in self._done_by(clause, day) for e in lasting(effects) if _says(clause, e))

    def ended(self, clause: Clause, day: str) -> bool:
        """Whether a clause by itself, its document apart, is repealed on a day."""
        return any(e.done == "repealed" and e.ends for e in self.changes(clause, day))

    def as_of(self, clause: Clause, day: str) -> Clause:
        """A clause that bears the status it has on a day: its document's, unless it is repealed by itself."""
        status = self.on(clause.document_id, day).status(self._documents[clause.document_id])
        changes = self.changes(clause, day)
        if not changes:
            return clause if status == clause.status else replace(clause, status=status)
        if any(e.done == "repealed" and e.ends for e in changes) and status not in (Status.EXPIRED, Status.DRAFT):
            status = Status.REPEALED
        return replace(clause, status=status, changes=tuple(dict.fromkeys(e.line() for e in changes)))

    def _on(self, document_id: str) -> dict[str, list[Effect]]:
        """What is ever done to each clause of a document, by clause id; found once."""
        if document_id not in self._applied or self._members is None:
            return {}
        found = self._effects.get(document_id)
        if found is None:
            found = effects_on(self._members(document_id), self._applied[document_id], self._members)
            self._effects[document_id] = found
        return found

    def _done_by(self, clause: Clause, day: str) -> list[list[Effect]]:
        """All that happened by a day to each clause that this one changes."""
        found = []
        for target in sorted(self._amends.get(clause.document_id, ())):
            for effects in self._on(target).values():
                if any(_says(clause, e) for e in effects):
                    found.append([e for e in effects if self._happened(e, day)])
        return found

    def _overtaken(self, clause: Clause, day: str) -> list[Effect]:
        """Of a clause that changes others: who gave those places new words since, or ended them."""
        later, left = [], 0
        for effects in self._done_by(clause, day):
            kept = lasting(effects)
            if any(_says(clause, e) for e in kept):
                left += 1
            else:
                later += [e for e in kept if e.ends][-1:]
        # What also says something that still counts stays and is only warned of.
        return [replace(e, done="amended" if left else e.done, clause=clause) for e in later]

    def _happened(self, effect: Effect, day: str) -> bool:
        """Whether it has begun by a day, and who does it had not ceased before it began."""
        if effect.day > day:
            return False
        if effect.day and self.on(effect.by, effect.day).kind in CEASED:
            return False
        own = self._on(effect.by).get(effect.source.clause_id, ()) if effect.source else ()
        return not any(e.done == "repealed" and e.ends and e.day <= effect.day for e in own if e.day)

    def _passed_over(self, day: str) -> frozenset[str]:
        return frozenset(i for i in self._documents if self.on(i, day).passed_over)

    def _put_off(self, documents: Sequence[Document]) -> Iterable[Document]:
        """Documents whose last day others put off: a later one than they state themselves."""
        ends: dict[str, Document] = {}
        for by in documents:
            if by.status in (Status.DRAFT, Status.REPLY):
                continue
            for relation in (r for r in by.relations if r.kind == "extends"):
                for target in self._meant(relation.target, by):
                    known = ends.get(target.document_id, target)
                    end = years_later(target.expires, relation.day) if relation.day[:1] == "+" else relation.day
                    if end > known.expires and _can_come_before(target, by) and target.status is not Status.DRAFT:
                        status = Status.IN_FORCE if target.status is Status.EXPIRED else target.status
                        ends[target.document_id] = replace(target, expires=end, extended_by=name_of(by), status=status)
        return ends.values()

    def _take(self, document: Document) -> None:
        """Note what a document does to others, and what its catalog says became of it."""
        if document.superseded_by:
            kind: EventKind = "final" if document.status is Status.DRAFT else "repealed"
            for other in self._meant(document.superseded_by, document):
                if other.status not in (Status.DRAFT, Status.REPLY):
                    self._note(document, Event(kind, other.document_id, name_of(other), first_day(other)))
        if document.status is Status.DRAFT:
            self._link_final(document)
        if document.status in (Status.DRAFT, Status.REPLY):
            return  # a draft repeals nothing yet, and a reply letter never does
        for relation in document.relations:
            if relation.kind in ("includes", "extends"):
                continue
            targets = [d for d in self._meant(relation.target, document) if _can_come_before(d, document)]
            if not targets:
                self._unresolved.setdefault(document.document_id, []).append(relation)
            for target in targets:
                if relation.kind == "amends" and self._has_in_it(target, document):
                    continue
                day = relation.day or first_day(document)
                done: EventKind = "amended" if relation.kind == "amends" else "repealed"
                done = "final" if target.status is Status.DRAFT else done
                self._note(target, Event(done, document.document_id, name_of(document), day, relation.said))
        self._amend(document)

    def _amend(self, document: Document) -> None:
        """Note what a document does to single clauses of others; as a whole these are amended by it."""
        meant: dict[str, list[Document]] = {}
        for a in document.amendments:
            if a.target not in meant:
                others = (d for d in self._meant(a.target, document) if _can_come_before(d, document))
                meant[a.target] = [d for d in others if not self._has_in_it(d, document)]
            for target in meant[a.target]:
                if target.status is Status.DRAFT:
                    continue
                name, day = name_of(document), a.day or first_day(document)
                self._applied.setdefault(target.document_id, []).append(Applied(a, document.document_id, name, day))
                self._amends.setdefault(document.document_id, set()).add(target.document_id)
                self._note(target, Event("amended", document.document_id, name, day))

    def _link_final(self, draft: Document) -> None:
        """A draft's final text bears its title without 征求意见稿, in the same place and of the same office.

        The draft of a revision bears the title of the text in force, too: what it says it will repeal, or what was
        issued before it as far as days are known, is not what became of it.
        """
        ended = {
            d.document_id
            for r in draft.relations
            for d in self._meant(r.target, draft)
            if r.kind not in ("amends", "extends")
        }
        for other in self._titles.get(plain_title(draft.title), ()):
            same_office = not draft.issuer or not other.issuer or _offices(draft.issuer) & _offices(other.issuer)
            issued = other.status not in (Status.DRAFT, Status.REPLY) and other.region == draft.region
            if issued and same_office and other.document_id not in ended and _can_come_before(draft, other):
                self._note(draft, Event("final", other.document_id, name_of(other), first_day(other)))

    def _note(self, target: Document, event: Event) -> None:
        known = self._events.setdefault(target.document_id, [])
        if not any((e.kind, e.by) == (event.kind, event.by) for e in known):
            known.append(event)

    def _meant(self, target: str, by: Document) -> list[Document]:
        """Documents that a reference means: those of its number, else those of exactly its title in the same place."""
        number = number_of(target) or (plain_number(target) if plain_number(target) in self._numbers else "")
        if number and number not in self._numbers:
            number = next((n for n in _shorter(number) if n in self._numbers), number)
        if number and (found := _others(self._numbers.get(number, ()), by)):
            return found
        title = title_of(target)
        same = _others(self._titles.get(plain_title(title), ()), by) if title else []
        # A number that differs says that another text of this title is meant, which is not here.
        same = [d for d in same if d.region == by.region and not (number and d.number)]
        exact = [d for d in same if "".join(d.title.split()) == "".join(title.split())]
        return exact or [d for d in same if d.status is not Status.DRAFT]

    def _has_in_it(self, target: Document, amender: Document) -> bool:
        """Whether a text was printed with these amendments in it."""
        included = [r.target for r in target.relations if r.kind == "includes"]
        number = plain_number(amender.number)  # 日沪科规〔2025〕21号: words before a number are read into it
        return any(
            plain_title(title_of(name)) == plain_title(amender.title) or (number and number_of(name).endswith(number))
            for name in included
        )


def _says(clause: Clause, effect: Effect) -> bool:
    return effect.source is not None and effect.source.clause_id == clause.clause_id


def _others(documents: Iterable[Document], than: Document) -> list[Document]:
    return [d for d in documents if d.document_id != than.document_id]


def _shorter(number: str) -> Iterable[str]:
    """What a number may be when words before it were read into it: 本办法施行后沪科规〔2023〕5号."""
    office, year, rest = number.partition("〔")
    return (office[m.end() :] + year + rest for m in _BEFORE_NUMBER.finditer(office) if m.end() < len(office))


def _offices(issuer: str) -> set[str]:
    return set(issuer.split("、"))


def _can_come_before(earlier: Document, later: Document) -> bool:
    """Nothing says that it was issued after the other; what is printed later than an amendment has it in it."""
    one, other = (d.signed or d.published or d.effective for d in (earlier, later))
    return not (one and other) or one <= other
