"""The schema's history; `upgrade(url)` brings a database to the newest version."""

import time
from collections.abc import Callable, Sequence
from functools import cache
from itertools import count
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from domain.errors import BadInput
from migrations import indexes
from migrations.alone import alone
from migrations.stopping import BUT_FOR_INDEXES, MigrationStopped, plainly

HERE = Path(__file__).parent
TRIES = 12
OLDEST_SERVER = (15,)
PAUSE_SECONDS = 1.5
"""Between tries for a table that is in use: who waits behind us gets their turn."""


def config(url: str) -> Config:
    """Alembic's configuration for one database, without an ini file."""
    made = Config()
    made.set_main_option("script_location", str(HERE).replace("%", "%%"))
    made.attributes["url"] = url
    return made


def upgrade(
    url: str,
    revision: str = "head",
    *,
    pause: Callable[[float], object] = time.sleep,
    tries: int = TRIES,
) -> Sequence[str]:
    """The steps that are missing, in one transaction; then indexes, which are named.

    An index of a table that holds rows is built beside its writers; one whose build broke off is
    found and built again. Raises MigrationStopped, or BadInput, with what to do.
    """
    with plainly(), alone(url, pause=pause) as db:
        _must_be_new_enough(db)
        _stepped(url, revision, pause, tries)
        return _completed(db)


def _must_be_new_enough(db: Connection) -> None:
    version = db.dialect.server_version_info or OLDEST_SERVER
    if version < OLDEST_SERVER:
        wanted = f"give DATABASE_URL a server of {OLDEST_SERVER[0]} or newer"
        raise BadInput(f"The database is PostgreSQL {version[0]}: {wanted}.")


def _stepped(url: str, revision: str, pause: Callable[[float], object], tries: int) -> None:
    """Tried again for a while where a table is in use."""
    for attempt in count(1):
        try:
            with plainly():
                command.upgrade(config(url), revision)
        except MigrationStopped as stopped:
            if not stopped.is_busy or attempt == tries:
                raise
            pause(PAUSE_SECONDS)
        else:
            return


def _completed(db: Connection) -> Sequence[str]:
    """What a later version has is not ours to complete."""
    held = MigrationContext.configure(db).get_current_revision()
    with plainly(besides=BUT_FOR_INDEXES):
        return indexes.complete(db, held) if held in revisions() else ()


def downgrade(url: str, revision: str = "base") -> None:
    command.downgrade(config(url), revision)


@cache
def newest() -> str:
    """The revision a database should be at; read once, for it takes as long as a few requests."""
    head = ScriptDirectory.from_config(config("")).get_current_head()
    if head is None:
        raise RuntimeError("there are no migrations")
    return head


def is_served(held: str | None) -> bool:
    """Whether this version can work on that schema: its own, or a later one, which only adds."""
    return held is not None and held >= newest()


def revisions() -> list[str]:
    """Every version the schema has had, oldest first."""
    script = ScriptDirectory.from_config(config(""))
    return [one.revision for one in script.walk_revisions()][::-1]
