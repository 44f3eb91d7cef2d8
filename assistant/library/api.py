"""`/api/library`: what the page of the library asks of the server. Who may call is in `assistant.people.access`.

Not published in OpenAPI, as `/api/staff` is not: it serves the page, and takes a session and its token, no key.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from assistant.library.items import Conflict, Missing
from assistant.library.library import Library
from assistant.library.preview import decidable
from assistant.people.person import ADMINS, EDITORS, Person
from assistant.people.reception import Reception
from assistant.web.problems import Problem
from assistant.web.schemas import Body
from index.errors import StorageError, WenceError

UPLOADS = "/api/library/files"
ItemId = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]


class Facts(Body):
    """Corrections of what was read; empty values say that the document does not state it."""

    values: Annotated[dict[str, str | list[str]], Field(max_length=40)] = {}
    drop: Annotated[list[str], Field(max_length=40)] = []
    version_of: Annotated[str | None, Field(max_length=200)] = None
    seen: Annotated[dict[str, Annotated[str, Field(max_length=100_000)] | None], Field(max_length=40)] = {}
    """Corrections that the person had before their eyes, of the facts that they change; null for none."""


class Seen(Body):
    """The preview that was looked at."""

    fingerprint: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Reason(Body):
    """Why a file is rejected."""

    reason: Annotated[str, Field(max_length=10_000)] = ""


@contextmanager
def told() -> Iterator[None]:
    """Known errors as responses."""
    try:
        yield
    except Missing as error:
        raise Problem(404, str(error)) from None
    except Conflict as error:
        raise Problem(409, str(error)) from None
    except StorageError as error:
        raise Problem(503, str(error)) from None
    except WenceError as error:
        raise Problem(422, str(error)) from None


async def editor(request: Request) -> Person:
    """Who calls; the gate has let nobody else pass, and this does not rely on it."""
    reception: Reception = request.app.state.reception
    person = await run_in_threadpool(reception.person_of, request)
    if person is None or person.role not in EDITORS:
        raise Problem(401, "请先登录（/login）")
    return person


Editor = Annotated[Person, Depends(editor)]


async def admin(person: Editor) -> Person:
    """Who decides."""
    if person.role not in ADMINS:
        raise Problem(403, "发布、退回和撤回由管理员来做")
    return person


Admin = Annotated[Person, Depends(admin)]


def build_library_router(library: Library, reception: Reception) -> APIRouter:
    """The routes below `/api/library`."""
    router = APIRouter(prefix="/api/library", include_in_schema=False)

    def shown(item_id: str) -> dict[str, Any]:
        item = library.items.get(item_id)
        return {**library.line(item), "may": decidable(item)}

    @router.get("/start")
    def start(request: Request, person: Editor) -> dict[str, Any]:
        """Who is signed in, and what may be handed in."""
        return {
            "person": person.shown, "role": person.role.shown, "decides": person.role in ADMINS,
            "csrf": reception.csrf_of(request), "limits": library.limits(),
        }  # fmt: skip

    @router.get("/files")
    def files(person: Editor) -> list[dict[str, Any]]:
        """Everything that was handed in, newest first."""
        with told():
            return library.lines()

    @router.post("/files", status_code=201)
    async def hand_in(request: Request, person: Editor) -> list[dict[str, Any]]:
        """A file, or an archive of files; they are read afterwards (state `reading`)."""
        if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            raise Problem(415, "请以 multipart/form-data 上传文件")  # the other kind of form is held in memory
        async with request.form(max_files=1, max_fields=4) as form:
            given = form.get("file")
            if not isinstance(given, UploadFile):
                raise Problem(422, "没有收到文件；请以 multipart 的 file 字段上传")
            with told():
                added = await run_in_threadpool(library.hand_in, given.file, given.filename or "", person)
        return [library.line(item) for item in added]

    @router.get("/files/{item_id}")
    def one(item_id: ItemId, person: Editor) -> dict[str, Any]:
        """The line of one item."""
        with told():
            return shown(item_id)

    @router.delete("/files/{item_id}")
    def delete(item_id: ItemId, person: Admin) -> dict[str, Any]:
        """Delete what was rejected, withdrawn or could not be read."""
        with told():
            library.delete(item_id, person)
        return {"deleted": item_id}

    @router.get("/files/{item_id}/preview")
    def preview(item_id: ItemId, person: Editor) -> dict[str, Any]:
        """Clauses, facts, doubts, account, and what would change."""
        with told():
            return {**library.preview(item_id), "may": decidable(library.items.get(item_id))}

    @router.get("/files/{item_id}/pages/{number}.png")
    def page(item_id: ItemId, number: int, person: Editor) -> FileResponse:
        """A page as a picture."""
        with told():
            path = library.page(item_id, number)
        return FileResponse(path, media_type="image/png", headers={"Cache-Control": "private, no-store"})

    @router.get("/files/{item_id}/original")
    def original(item_id: ItemId, person: Editor) -> FileResponse:
        """The file as it was handed in; always saved, never shown as a page of ours."""
        with told():
            item, path = library.original(item_id)
        if not path.is_file():
            raise Problem(404, "原件已不在文件库里")
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(item.name, safe='')}", "Cache-Control": "no-store"}  # fmt: skip
        return FileResponse(path, media_type="application/octet-stream", headers=headers)

    @router.post("/files/{item_id}/facts")
    def facts(item_id: ItemId, body: Facts, person: Editor) -> dict[str, Any]:
        """Correct facts; of a published document, its state tells when the answers know."""
        with told():
            library.correct(item_id, body.values, body.drop, body.version_of, person, body.seen)
            return {**library.preview(item_id), "may": decidable(library.items.get(item_id))}

    @router.post("/files/{item_id}/facts/undo", status_code=202)
    def undo_facts(item_id: ItemId, person: Editor) -> dict[str, Any]:
        """Take back the last correction of a published document."""
        with told():
            library.undo_facts(item_id, person)
            return shown(item_id)

    @router.post("/files/{item_id}/publish", status_code=202)
    def publish(item_id: ItemId, body: Seen, person: Admin) -> dict[str, Any]:
        """Order what was looked at to be published; its state tells when it is."""
        with told():
            library.publish(item_id, person, body.fingerprint)
            return shown(item_id)

    @router.post("/files/{item_id}/reject")
    def reject(item_id: ItemId, body: Reason, person: Admin) -> dict[str, Any]:
        """Reject it, with a reason."""
        with told():
            library.reject(item_id, body.reason, person)
            return shown(item_id)

    @router.post("/files/{item_id}/undo", status_code=202)
    def undo(item_id: ItemId, person: Admin) -> dict[str, Any]:
        """Take back the decision; a withdrawal is carried out afterwards."""
        with told():
            library.undo(item_id, person)
            return shown(item_id)

    return router
