"""The tab “服务包”: a place that `static/package.js` fills."""

from __future__ import annotations

import gradio as gr

from assistant.staff.desk import StaffDesk


def package_tab(desk: StaffDesk) -> None:
    """Build the tab inside the page."""
    # Rendered while hidden, so that the script finds its place at once.
    with gr.Tab("服务包", id="package", elem_id="s-package-tab", render_children=True):
        gr.HTML('<div id="s-package"></div>', apply_default_css=False, js_on_load=None)
