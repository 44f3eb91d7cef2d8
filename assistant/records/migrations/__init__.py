"""Changes of the tables, one file each, applied in order when the store is opened (Alembic)."""
