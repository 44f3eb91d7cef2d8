"""Policy documents to searchable clauses; knows nothing of chat."""
