"""The tab “待办问题”: what was not answered well, who sees to it, and the ways out with their proof."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import gradio as gr

from assistant.page import unchecked
from assistant.review.queue import ANSWERED, HANDED, NO_POLICY, OPEN, STATES
from assistant.staff import review_marks as marks
from assistant.staff.pins_tab import QUIET, PinForm, proposed
from assistant.staff.review_desk import ReviewDesk, choices, question_label, said
from index.errors import InputError, WenceError

HELP = (
    "未能回答、评价不满意、有句子没通过核对、反复被问的问题自动归到这里，同一件事归为一条。"
    "结案时系统会把这些问法再问一遍，全都答得出才结案；结案的问题成为评测题。"
)


def questions_tab(desk: ReviewDesk, form: PinForm) -> None:
    """Build the tab inside the page; “去核定” fills `form`."""
    with gr.Tab("待办问题", id="questions", elem_id="s-questions-tab") as tab, gr.Row(elem_classes="r-columns"):
        with gr.Column(scale=3, min_width=320, elem_classes="r-list"):
            gr.HTML(f'<p class="s-soft">{HELP}</p>', apply_default_css=False, js_on_load=None)
            states = [(STATES[s], s) for s in (OPEN, HANDED, ANSWERED, NO_POLICY)]
            state_filter = gr.Radio(states, value=OPEN, label="状态", elem_id="r-question-states")
            listed = unchecked(gr.Radio([], label="问题", elem_id="r-questions", elem_classes="r-choices"))
        with gr.Column(scale=5, min_width=420, elem_classes="r-form"):
            detail = gr.HTML("", elem_id="r-detail", apply_default_css=False, js_on_load=None)
            with gr.Row():
                owner = gr.Textbox(label="负责人", elem_id="r-owner", max_lines=1)
                due = gr.Textbox(label="期限", elem_id="r-due", max_lines=1, placeholder="2026-11-30")
            note = gr.Textbox(label="备注（标为无规定时写明核对了哪些文件）", elem_id="r-note", max_lines=3)
            with gr.Row(elem_classes="r-buttons"):
                assign = gr.Button("保存负责人和期限", elem_id="r-assign")
                hand = gr.Button("转交编辑", elem_id="r-hand")
                pin = gr.Button("去核定答案", variant="primary", elem_id="r-to-pin")
                close = gr.Button("重新提问并结案", elem_id="r-close")
                nothing = gr.Button("标为无规定", elem_id="r-no-policy")
                reopen = gr.Button("重开", elem_id="r-reopen")
            message = gr.HTML("", elem_id="r-question-message", apply_default_css=False, js_on_load=None)

    def shown(state: str, chosen: str | None) -> Any:
        found = desk.settling.all((state,))
        return gr.update(**choices([(question_label(q, desk.today), q.id) for q in found], chosen or ""))

    def opened(question_id: str | None) -> list[Any]:
        if not question_id:
            return ["", "", "", "", ""]
        try:
            q = desk.settling.get(question_id)
        except WenceError as error:
            return ["", "", "", "", marks.told(str(error), "bad")]
        answer = desk.settling.ask(q.text, q.region)
        return [marks.question(q, answer, desk.today), q.owner, str(q.due or ""), q.note, ""]

    def button(act: Callable[..., str]) -> Callable[..., str]:
        """A press on the chosen question: what it did, in one line."""

        def press(question_id: str | None, owner: str, due: str, note: str, request: gr.Request) -> str:
            if not question_id:
                return marks.told("先从左边选一个问题", "bad")
            return said(lambda: act(desk.person(request), question_id, owner, due, note))

        return press

    def assigned(person: Any, question_id: str, owner: str, due: str, note: str) -> str:
        desk.settling.assign(person, question_id, owner, _day(due))
        return "已保存负责人和期限"

    def handed(person: Any, question_id: str, owner: str, due: str, note: str) -> str:
        desk.settling.hand(person, question_id, note)
        return "已转交编辑"

    def closed(person: Any, question_id: str, owner: str, due: str, note: str) -> str:
        found = desk.settling.close(person, question_id)
        return f"已结案：{len(found.wordings)} 种问法都答得出；证明和评测题已保存"

    def settled(person: Any, question_id: str, owner: str, due: str, note: str) -> str:
        desk.settling.no_policy(person, question_id, note, desk.today)
        return "已标为无规定；索引更新后若有条款可答，会自动重开"

    def again(person: Any, question_id: str, owner: str, due: str, note: str) -> str:
        desk.settling.reopen(person, question_id, note)
        return "已重开"

    def to_pin(question_id: str | None) -> list[Any]:
        if not question_id:
            return [gr.update(), *[gr.update() for _ in form.fields]]
        try:
            q = desk.settling.get(question_id)
        except WenceError:  # the list, drawn again, has it no more
            return [gr.update(), *[gr.update() for _ in form.fields]]
        return [gr.Tabs(selected="pins"), *proposed(desk, q.text, q.region)]

    typed = [listed, owner, due, note]
    about = [detail, owner, due, note, message]
    state_filter.change(shown, [state_filter, listed], [listed], **QUIET).then(opened, [listed], about, **QUIET)
    tab.select(shown, [state_filter, listed], [listed], **QUIET).then(opened, [listed], about, **QUIET)
    listed.input(opened, [listed], about, **QUIET)
    acts = ((assign, assigned), (hand, handed), (close, closed), (nothing, settled), (reopen, again))
    for element, act in acts:
        pressed = element.click(button(act), typed, [message], **QUIET)
        pressed.then(shown, [state_filter, listed], [listed], **QUIET)
    pin.click(to_pin, [listed], [tab.parent, *form.fields], **QUIET)


def _day(text: str) -> dt.date | None:
    """A due day; None for none.

    Raises:
        InputError: not a date.
    """
    if not text.strip():
        return None
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        raise InputError(f"期限 {text!r} 不是日期；应写成 2026-11-30") from None
