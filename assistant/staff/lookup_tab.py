"""The tab “查询”: a place that `static/lookup.js` fills."""

from __future__ import annotations

import gradio as gr

from assistant.staff.desk import StaffDesk


def lookup_tab(desk: StaffDesk) -> None:
    """Build the tab inside the page."""
    # Rendered while hidden, so that the script finds its place at once.
    with gr.Tab("查询", id="lookup", elem_id="s-lookup-tab", render_children=True):
        gr.HTML('<div id="s-lookup"></div>', apply_default_css=False, js_on_load=None)
