"""The tab “两地对照”: a place that `static/compare.js` fills."""

from __future__ import annotations

import gradio as gr

from assistant.staff.desk import StaffDesk


def compare_tab(desk: StaffDesk) -> None:
    """Build the tab inside the page."""
    # Rendered while hidden, so that the script finds its place at once.
    with gr.Tab("两地对照", id="compare", elem_id="s-compare-tab", render_children=True):
        gr.HTML('<div id="s-compare"></div>', apply_default_css=False, js_on_load=None)
