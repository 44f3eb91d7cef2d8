"""Brings the tables of a store to the version of this program."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from index.errors import InputError


def migrate(engine: Engine, upgrade: bool = True) -> tuple[str, str]:
    """Versions of the tables, "" when there are none, and of this program; with `upgrade` they are then the same.

    Raises:
        InputError: a newer version of this program made the store.
    """
    with engine.connect() as connection:
        config = configured(connection)
        script = ScriptDirectory.from_config(config)
        current = MigrationContext.configure(connection).get_current_revision() or ""
        connection.rollback()
        head = str(script.get_current_head())
        if current and current not in {revision.revision for revision in script.walk_revisions()}:
            raise InputError(f"记录库的版本 {current} 比本程序新；请升级问策，或用 WENCE_HOME 换一个数据目录")
        if current == head or not upgrade:
            return current, head
        command.upgrade(config, "head")
        connection.commit()
    return head, head


def configured(connection: Connection) -> Config:
    """Alembic's configuration for the store at the other end of `connection`."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
