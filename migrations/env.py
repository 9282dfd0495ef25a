"""Runs migrations against the database named in the configuration."""

from alembic import context

from adapters.storage.tables import metadata
from migrations.alone import engine


def run() -> None:
    """One transaction for the whole upgrade; give up on a busy table rather than block the day."""
    given = context.config.attributes.get("connection")
    if given is not None:
        context.configure(connection=given, target_metadata=metadata)
        with context.begin_transaction():
            context.run_migrations()
        return
    database = engine(context.config.attributes["url"], lock_timeout="2s")
    with database.connect() as connection:
        context.configure(connection=connection, target_metadata=metadata)
        with context.begin_transaction():
            context.run_migrations()
    database.dispose()


run()
