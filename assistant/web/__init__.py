"""What programs and other people's pages meet: the HTTP API, who may call it, and how much of it.

    site pages → tokens ─┐
    servers → keys ──────┼→ callers → limits → api, openai_shape → streaming → assistant.ask
    this machine ────────┘

Nothing in here decides what an answer says.
"""
