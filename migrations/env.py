"""Runs migrations against the database named in the configuration."""

from alembic import context
from sqlalchemy import create_engine, pool

from adapters.storage.tables import metadata
from migrations.alone import ENDS_WITH_US


def run() -> None:
    """One transaction for the whole upgrade; give up on a busy table rather than block the day."""
    given = context.config.attributes.get("connection")
    if given is not None:
        context.configure(connection=given, target_metadata=metadata)
        with context.begin_transaction():
            context.run_migrations()
        return
    engine = create_engine(
        context.config.attributes["url"],
        poolclass=pool.NullPool,
        hide_parameters=True,
        connect_args={"options": f"-c lock_timeout=2s {ENDS_WITH_US}"},
    )
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=metadata)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
