"""`/api/staff`: what the workbench asks of the server. Who may call is in `assistant.people.access`."""

from __future__ import annotations

import dataclasses
import datetime as dt
from functools import lru_cache
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response

from assistant.answer import Answer, Asker
from assistant.masking import mask
from assistant.people.person import EDITORS, STAFF, Person
from assistant.staff.caller import AMOUNTS
from assistant.staff.cards import Cards, PlaceCard, SearchCard
from assistant.staff.compare import Comparison, compare
from assistant.staff.desk import StaffDesk
from assistant.staff.fitting import VERDICTS
from assistant.staff.lookup import look_up
from assistant.staff.package import Item, Package, package_of
from assistant.staff.schemas import (
    CallerBody,
    CheckOut,
    Choice,
    ComparisonOut,
    ItemOut,
    MatterLine,
    PackageOut,
    PairOut,
    ScriptLine,
    ScriptLineOut,
    ScriptOut,
    SearchLine,
    StartOut,
)  # fmt: skip
from assistant.staff.script import script_of
from assistant.staff.sheet import CAUTION, MEDIA, sheet_of
from assistant.staff.shelf import Shelf
from assistant.web.problems import Problem
from index.clause import STATUS_NAMES


async def signed_in(request: Request) -> Person:
    """Who calls; the gate has let nobody else pass, and this does not rely on it."""
    person: Person | None = request.app.state.reception.person_of(request)
    if person is None or person.role not in STAFF:
        raise Problem(401, "请先登录（/login）")
    return person


Signed = Annotated[Person, Depends(signed_in)]


def build_staff_router(desk: StaffDesk) -> APIRouter:
    """The routes below `/api/staff`, none of them published: they are the page's own."""
    router = APIRouter(prefix="/api/staff", include_in_schema=False)
    work = desk.desk.search
    shelf_of = lru_cache(maxsize=1)(Shelf)
    quiet = dataclasses.replace(desk.assistant, records=None)
    """Answers that nobody was told are not recorded."""

    def today() -> dt.date:
        return desk.assistant.today or dt.date.today()

    def shelf() -> Shelf:
        """Of the index as of now; a request takes it once."""
        return shelf_of(desk.assistant.searcher)

    @router.get("/start")
    async def start(request: Request, person: Signed) -> StartOut:
        """Who is signed in, and what there is to choose from."""
        return await work(_start, desk, shelf(), person, desk.reception.csrf_of(request))

    @router.post("/search")
    async def search(body: SearchLine, person: Signed) -> SearchCard:
        """Clauses for one typed line."""

        def found() -> SearchCard:
            here = shelf()
            looked = look_up(here, body.line, body.filters, desk.assistant.region, body.top, today().isoformat())
            return Cards(here, today()).search(looked)

        return await work(found)

    @router.get("/clauses/{clause_id:path}")
    async def clause(clause_id: str, person: Signed) -> PlaceCard:
        """A clause between its neighbours."""
        here = shelf()
        found = here.searcher.clause(clause_id)
        if found is None:
            raise Problem(404, "没有这一条款，文件可能已更新；请重新查询")
        return await work(Cards(here, today()).place, found)

    @router.post("/script")
    async def script(body: ScriptLine, person: Signed) -> ScriptOut:
        """The words to read out for a question; kept in the records only when they were used."""
        question = mask(body.question)
        teller = desk.assistant if body.keep else quiet
        asker = Asker(region=body.region if body.region in desk.regions else "", person=person.id)

        def told() -> Answer:
            return teller.answer(question, (), asker, llm=False)

        answer = await work(told)
        read = script_of(answer)
        lines = [ScriptLineOut(kind=line.kind, text=line.text) for line in read.lines]
        return ScriptOut(text=read.text, lines=lines, refused=answer.refused)

    @router.post("/package")
    async def package(body: CallerBody, person: Signed) -> PackageOut:
        """What may apply to a caller's enterprise."""

        def made() -> PackageOut:
            here = shelf()
            return _packed(package_of(body.caller(), here, today()), Cards(here, today()))

        return await work(made)

    @router.post("/package/export")
    async def export(body: CallerBody, person: Signed) -> Response:
        """The same as one page of Word."""

        def made() -> bytes:
            return sheet_of(package_of(body.caller(), shelf(), today()), today())

        name = f"服务包-{body.region}-{today().isoformat()}.docx"
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
        return Response(await work(made), media_type=MEDIA, headers=headers)

    @router.post("/compare")
    async def compared(body: MatterLine, person: Signed) -> ComparisonOut:
        """One matter in two places."""
        if unknown := {body.left, body.right} - set(desk.regions):
            raise Problem(422, f"没有收录{'、'.join(sorted(unknown))}的文件")
        if body.left == body.right:
            raise Problem(422, "请选择两个不同的地区")

        def made() -> ComparisonOut:
            here = shelf()
            return _compared(compare(here.searcher, body.matter, body.left, body.right), Cards(here, today()))

        return await work(made)

    return router


def _start(desk: StaffDesk, shelf: Shelf, person: Person, csrf: str) -> StartOut:
    searcher = shelf.searcher
    today = (desk.assistant.today or dt.date.today()).isoformat()
    statuses = dict.fromkeys(shelf.status(d, today) for d in searcher.documents)
    return StartOut(
        person=person.shown, role=person.role.shown, csrf=csrf, library=bool(desk.home) and person.role in EDITORS, regions=list(desk.regions),
        region=desk.assistant.region if desk.assistant.region in desk.regions else "",
        documents=[
            Choice(value=d.document_id, name=f"{d.title}{f'（{d.number}）' if d.number else ''}") for d in searcher.documents
        ],
        statuses=[Choice(value=str(s), name=STATUS_NAMES[s]) for s in statuses],
        departments=shelf.departments, kinds=shelf.kinds, amounts=list(AMOUNTS),
        index_version=searcher.version,
    )  # fmt: skip


def _packed(package: Package, cards: Cards) -> PackageOut:
    return PackageOut(
        items=[_item(item, cards) for item in package.items], remark=package.remark, caution=CAUTION,
        documents=cards.documents(item.clause.document_id for item in package.items),
    )  # fmt: skip


def _item(item: Item, cards: Cards) -> ItemOut:
    checks = [
        CheckOut(
            key=c.key,
            text=c.condition.text,
            verdict=c.verdict,
            word=VERDICTS[c.verdict],
            reason=c.reason,
            question=c.question,
        )
        for c in item.checks
    ]
    sums = [] if item.unmet else list(item.sums)
    return ItemOut(
        clause=cards.clause(item.clause), before=item.offer.before, text=item.offer.text, checks=checks, sums=sums,
        unmet=item.unmet,
    )  # fmt: skip


def _compared(found: Comparison, cards: Cards) -> ComparisonOut:
    sides = [c for pair in found.pairs for c in (pair.left, pair.right) if c]
    pairs = [
        PairOut(left=cards.clause(p.left, found.words) if p.left else None, right=cards.clause(p.right, found.words) if p.right else None)
        for p in found.pairs
    ]  # fmt: skip
    return ComparisonOut(
        left=found.left, right=found.right, pairs=pairs, documents=cards.documents(c.document_id for c in sides),
        remarks=list(found.remarks),
    )  # fmt: skip
