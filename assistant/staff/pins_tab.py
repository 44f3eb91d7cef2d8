"""The tab “核定答案”: write an answer with its clauses, see what the guard says, publish, take back."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.context import get_blocks_context

from assistant.page import gone, redrawn, region_choices, renewed, unchecked
from assistant.review.editing import Draft, Forbidden, NotKept, require_editor
from assistant.review.pins import ACTIVE, RETIRED, STATES, WITHDRAWN, Line, Pin
from assistant.review.standing import successor
from assistant.staff import review_marks as marks
from assistant.staff.review_desk import ReviewDesk, choices
from index.errors import WenceError
from index.search import Searcher

ANYWHERE = "不限地区"
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
HELP = (
    "一行写一句，句末用 [1] [2] 标出所引条款的序号。每句都与条款核对，核对不过不能发布，任何人都不能跳过；"
    "照抄条款原文一定能通过。发布后，同一问题和相近问法立即这样回答，并标明“人工核定”。"
)
_REFERENCE = re.compile(r"[\[［【](\d{1,2})[\]］】]")


@dataclass(frozen=True, slots=True)
class PinForm:
    """What the tab of open questions fills in."""

    tab: gr.Tab
    opened: gr.State
    """(id, version) of the pin that is changed; ("", 0) for a new one."""
    chosen: gr.State
    """Ids of the cited clauses, in order."""
    question: gr.Textbox
    region: gr.Dropdown
    lines: gr.Textbox
    wanted: gr.Textbox
    unwanted: gr.Textbox
    clauses: gr.HTML
    state: gr.HTML
    message: gr.HTML

    @property
    def fields(self) -> list[Any]:
        """Everything that an opened pin fills; the message last."""
        return [
            self.opened, self.chosen, self.question, self.region, self.lines, self.wanted, self.unwanted, self.clauses,
            self.state, self.message,
        ]  # fmt: skip


def pins_tab(desk: ReviewDesk) -> PinForm:
    """Build the tab inside the page."""
    with gr.Tab("核定答案", id="pins", elem_id="s-pins-tab") as tab, gr.Row(elem_classes="r-columns"):
        with gr.Column(scale=2, min_width=280, elem_classes="r-list"):
            states = [(STATES[s], s) for s in (ACTIVE, WITHDRAWN, RETIRED)]
            state_filter = gr.Radio(states, value=ACTIVE, label="状态", elem_id="r-pin-states")
            listed = unchecked(gr.Radio([], label="核定答案", elem_id="r-pins", elem_classes="r-choices"))
            fresh = gr.Button("新建一条", elem_id="r-new")
        with gr.Column(scale=5, min_width=420, elem_classes="r-form"):
            form = _form(desk, tab)
            with gr.Row(elem_classes="r-buttons"):
                check = gr.Button("检查", elem_id="r-check")
                publish = gr.Button("核定并发布", variant="primary", elem_id="r-publish")
                retire = gr.Button("停用", elem_id="r-retire")

    def shown(state: str, chosen: str | None) -> Any:
        pins = desk.editing.all((state,))
        labels = [
            (f"{p.question}{f'（{p.region}）' if p.region else ''} · {p.reviewed.isoformat()}", p.id) for p in pins
        ]
        return gr.update(**choices(labels, chosen or ""))

    def opened(pin_id: str | None) -> list[Any]:
        try:
            return filled(desk, desk.editing.get(pin_id)) if pin_id else [gr.update() for _ in form.fields]
        except WenceError as error:
            return unchanged(marks.told(str(error), "bad"))

    def unchanged(message: str, regions: Any = None) -> list[Any]:
        kept = [gr.update() if field is not form.region or regions is None else regions for field in form.fields[:-1]]
        return [*kept, message]

    def act(kept: bool, values: Sequence[Any], request: gr.Request) -> list[Any]:
        """Check, or check and keep; the form stays as it was typed when anything is wrong."""
        draft = draft_of(*values)
        if draft.region and draft.region not in desk.desk.regions:
            return unchanged(marks.told(gone(draft.region), "bad"), renewed(desk.desk.regions))
        try:
            person = require_editor(desk.person(request))
            if kept:
                pin = desk.editing.save(person, draft, desk.today)
                return [*filled(desk, pin)[:-1], marks.told("已发布：从现在起这样回答")]
            if problems := desk.editing.problems(draft, desk.today):
                raise problems
        except NotKept as error:
            return unchanged(marks.refused(error.problems, draft.lines, error.faults))
        except WenceError as error:
            return unchanged(marks.told(str(error), "bad"))
        return unchanged(marks.told("每句都有条款依据，问法和反例都对得上，可以发布"))

    def button(kept: bool) -> Callable[..., list[Any]]:
        # The framework hands over the request only beside parameters that it can count.
        def press(
            opened: Any,
            chosen: Any,
            question: str,
            region: str,
            lines: str,
            wanted: str,
            unwanted: str,
            request: gr.Request,
        ) -> list[Any]:
            return act(kept, (opened, chosen, question, region, lines, wanted, unwanted), request)

        return press

    def retired(opened: tuple[str, int], request: gr.Request) -> str:
        try:
            if not opened[0]:
                return marks.told("先从左边选一条", "bad")
            desk.editing.retire(desk.person(request), opened[0], "")
        except (Forbidden, WenceError) as error:
            return marks.told(str(error), "bad")
        return marks.told("已停用：这个问题恢复为按条款回答")

    def asked_for(request: gr.Request) -> Any:
        """Open the pin that the address names."""
        pin_id = request.query_params.get("pin", "")
        try:
            pin = desk.editing.get(pin_id) if pin_id else None
        except WenceError:
            pin = None
        if pin is None:
            return [gr.update(), gr.update(), gr.update(), *[gr.update() for _ in form.fields]]
        return [gr.Tabs(selected="pins"), gr.update(value=pin.state), shown(pin.state, pin.id), *filled(desk, pin)]

    typed = [form.opened, form.chosen, form.question, form.region, form.lines, form.wanted, form.unwanted]
    state_filter.change(shown, [state_filter, listed], [listed], **QUIET)
    tab.select(shown, [state_filter, listed], [listed], **QUIET)
    listed.input(opened, [listed], form.fields, **QUIET)
    fresh.click(lambda: [*filled(desk, None), gr.update(value=None)], None, [*form.fields, listed], **QUIET)
    check.click(button(False), typed, form.fields, **QUIET)
    publish.click(button(True), typed, form.fields, **QUIET).then(shown, [state_filter, listed], [listed], **QUIET)
    retire.click(retired, [form.opened], [form.message], **QUIET).then(shown, [state_filter, listed], [listed], **QUIET)
    around = get_blocks_context()
    if around is not None:
        around.root_block.load(asked_for, None, [tab.parent, state_filter, listed, *form.fields], **QUIET)
    return form


def region_list(desk: ReviewDesk, without: str, **options: Any) -> gr.Dropdown:
    """A list of the regions that have documents, drawn again for each new index; `without` is the choice of none."""
    chosen = unchecked(gr.Dropdown(region_choices(desk.desk.regions, without), value="", **options))

    def redraw(later: Searcher) -> None:
        chosen.choices = [*region_choices(later.regions, without)]

    if (around := get_blocks_context()) is not None:
        redrawn(around.root_block, desk.desk.assistant, redraw)
    return chosen


def _form(desk: ReviewDesk, tab: gr.Tab) -> PinForm:
    opened, chosen = gr.State(("", 0)), gr.State(())
    state = _html("r-pin-state")
    question = gr.Textbox(label="问题", lines=1, max_lines=2, elem_id="r-question", placeholder="照来电人的说法写")
    region = region_list(desk, ANYWHERE, label="只回答哪个地区的提问", elem_id="r-region")
    with gr.Row(elem_classes="r-find"):
        find = gr.Textbox(label="查找条款", elem_id="r-find", placeholder="问题，或 409号文第8条；回车查找", scale=3)
        offered = unchecked(gr.Dropdown([], label="查到的条款", elem_id="r-offered", scale=5, interactive=True))
    clauses = _html("r-cited")
    remove = gr.Button("去掉最后一条条款", elem_id="r-remove", size="sm")
    gr.HTML(f'<p class="s-soft">{HELP}</p>', apply_default_css=False, js_on_load=None)
    lines = gr.Textbox(label="答案", lines=4, max_lines=14, elem_id="r-lines")
    with gr.Row():
        wanted = gr.Textbox(label="还应这样回答的问法（一行一条）", lines=3, max_lines=12, elem_id="r-wanted")
        unwanted = gr.Textbox(label="反例：不能这样回答的问法（一行一条）", lines=3, max_lines=12, elem_id="r-unwanted")
    message = _html("r-message")

    def search(text: str) -> Any:
        return gr.update(choices=desk.clauses(text), value=None)

    def add(chosen: Sequence[str], clause_id: str | None) -> list[Any]:
        ids = tuple(dict.fromkeys([*chosen, clause_id])) if clause_id else tuple(chosen)
        return [ids, marks.clauses(ids, desk.searcher)]

    find.submit(search, [find], [offered], **QUIET)
    offered.input(add, [chosen, offered], [chosen, clauses], **QUIET)
    remove.click(lambda ids: [ids[:-1], marks.clauses(ids[:-1], desk.searcher)], [chosen], [chosen, clauses], **QUIET)
    return PinForm(tab, opened, chosen, question, region, lines, wanted, unwanted, clauses, state, message)


def filled(desk: ReviewDesk, pin: Pin | None) -> list[Any]:
    """Values of a form's fields for a pin; empty ones for None."""
    if pin is None:
        return [("", 0), (), "", "", "", "", "", marks.clauses((), desk.searcher), "", ""]
    ids = tuple(dict.fromkeys(i for line in pin.lines for i in line.clauses))
    number = {clause_id: n for n, clause_id in enumerate(ids, 1)}
    # What took the place of a clause that changed is there at once; the sentences are for people to put right.
    after = {s.clause_id: clause.clause_id for s in pin.sources if (clause := successor(s, desk.searcher))}
    text = "\n".join(line.text + "".join(f"[{number[i]}]" for i in line.clauses) for line in pin.lines)
    ids = tuple(after.get(i, i) for i in ids)
    return [
        (pin.id, pin.version), ids, pin.question, pin.region, text, "\n".join(pin.texts(True)), "\n".join(pin.texts(False)),
        marks.clauses(ids, desk.searcher), marks.pin_state(pin, desk.searcher), "",
    ]  # fmt: skip


def proposed(desk: ReviewDesk, text: str, region: str) -> list[Any]:
    """Values of the fields for an open question: its nearest clauses are there, what they say is for people to choose."""
    found = desk.searcher.search(text, 3, region).ranked
    ids = tuple(s.clause.clause_id for s in found)
    names = "；".join(f"[{n}] {s.clause.label} {s.clause.title}" for n, s in enumerate(found, 1))
    note = marks.told(f"已放入最接近的条款 {names}；用不到的不必引用", "care")
    return [("", 0), ids, text, region, "", "", "", marks.clauses(ids, desk.searcher), note, ""]


def draft_of(
    opened: Sequence[Any],
    chosen: Sequence[str],
    question: str,
    region: str | None,
    lines: str,
    wanted: str,
    unwanted: str,
) -> Draft:
    """What was typed, as a draft; a number that stands for no clause cites one that does not exist."""
    read = []
    for row in lines.splitlines():
        numbers = [int(n) for n in _REFERENCE.findall(row)]
        cited = tuple(chosen[n - 1] if 0 < n <= len(chosen) else f"[{n}]" for n in numbers)
        if text := _REFERENCE.sub("", row).strip():
            read.append(Line(text, cited))
    return Draft(
        question,
        tuple(read),
        region or "",
        tuple(wanted.splitlines()),
        tuple(unwanted.splitlines()),
        opened[0],
        int(opened[1]),
    )


def _html(name: str) -> gr.HTML:
    return gr.HTML("", elem_id=name, apply_default_css=False, js_on_load=None)
