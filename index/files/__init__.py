"""Policy files as offices send them, each kind to text with its pages: one module a kind, one entry (`kinds.py`)."""
