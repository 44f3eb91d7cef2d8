"""How Alembic reaches the store: by the connection that `assistant.records.database` hands over."""

from alembic import context

from assistant.records.tables import Table

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=Table.metadata, render_as_batch=connection.dialect.name == "sqlite"
)
with context.begin_transaction():
    context.run_migrations()
