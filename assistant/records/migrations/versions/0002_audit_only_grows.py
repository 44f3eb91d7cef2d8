"""The audit only grows: the store itself refuses to change or delete a row.

A later migration that rebuilds the table (SQLite has no other way to change a column) must make the triggers anew.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SQLITE = {
    f"audit_no_{verb}": f"BEFORE {verb} ON audit BEGIN SELECT RAISE(ABORT, 'audit only grows'); END"
    for verb in ("update", "delete")
}


def upgrade() -> None:
    """Apply."""
    if op.get_bind().dialect.name == "sqlite":
        for name, body in _SQLITE.items():
            op.execute(f"CREATE TRIGGER {name} {body}")
        return
    op.execute(
        "CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'audit only grows'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()"
    )


def downgrade() -> None:
    """Undo."""
    if op.get_bind().dialect.name == "sqlite":
        for name in _SQLITE:
            op.execute(f"DROP TRIGGER {name}")
        return
    op.execute("DROP TRIGGER audit_only_grows ON audit")
    op.execute("DROP FUNCTION audit_only_grows()")
