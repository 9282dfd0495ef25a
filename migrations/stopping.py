"""Why a migration stopped, in one sentence that says what to do."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError

from domain.errors import SyncError

BUSY = ("55P03", "40P01")
"""A lock that was not to be had in time, and two who waited for each other."""

_KEPT = "what was not finished was taken back"
_SENTENCES: Mapping[str, str] = {
    "55P03": (
        "A table of the database stays in use: end what holds it (see pg_stat_activity for long"
        f" transactions) and run 'pms-sync migrate' again; {_KEPT}."
    ),
    "40P01": (
        "Others and the migration waited for each other: run 'pms-sync migrate' again at a quieter"
        f" time; {_KEPT}."
    ),
    "42501": (
        "The role of DATABASE_URL may not change the schema: run 'pms-sync migrate' as the role"
        " that owns the tables, with CREATEROLE where its roles are not made yet. Where another"
        " database of this server has made them, docs/setup.md says what to do (Servers)."
    ),
    "53100": (
        "The disk of the database is full: make room there and run 'pms-sync migrate' again;"
        f" {_KEPT}."
    ),
    "53300": (
        "The database has no connection left: end some, or raise max_connections, and run"
        " 'pms-sync migrate' again."
    ),
    "53": (
        "The database has run out of memory or another resource: give it more and run"
        f" 'pms-sync migrate' again; {_KEPT}."
    ),
    "25006": (
        "The database is read only: give DATABASE_URL the primary, not a standby, and run"
        " 'pms-sync migrate' again."
    ),
    "57014": (
        "The migration was cancelled or took longer than statement_timeout lets it: raise that for"
        f" this role and run 'pms-sync migrate' again; {_KEPT}."
    ),
    "42P07": (
        "The database has a table or an index of the same name that no migration made: give"
        " DATABASE_URL a database of its own, or take that away."
    ),
    "28": (
        "The database does not let the role of DATABASE_URL in: mend its name or password there and"
        " run 'pms-sync migrate' again."
    ),
}
"""By the state the database tells, or how that begins; the longest that fits is told."""

_AWAY = ("08", "57P")
_LOST = (
    "The connection to the database was lost or cannot be made: see that PostgreSQL runs and run"
    f" 'pms-sync migrate' again; {_KEPT}."
)

BUT_FOR_INDEXES = " The tables are this version's, so its processes may start: an index is missing."
"""Besides, where it was indexes that could not be built."""


class MigrationStopped(SyncError):
    """The schema could not be brought to this version; the text says what to do."""

    def __init__(self, message: str, *, sqlstate: str) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate

    @property
    def is_busy(self) -> bool:
        return self.sqlstate in BUSY


@contextmanager
def plainly(*, besides: str = "") -> Iterator[None]:
    """Errors of the database within are told as what to do about them."""
    try:
        yield
    except (DBAPIError, psycopg.Error) as error:
        original = error.orig if isinstance(error, DBAPIError) else error
        state = getattr(original, "sqlstate", None) or ""
        raise MigrationStopped(sentence(state) + besides, sqlstate=state) from None


def sentence(state: str) -> str:
    """What to do about an error of that state; one without any is a connection that is gone."""
    fitting = [known for known in _SENTENCES if state.startswith(known)]
    if fitting:
        return _SENTENCES[max(fitting, key=len)]
    if not state or state.startswith(_AWAY):
        return _LOST
    return (
        f"The database refused a statement of a migration ({state}): see PostgreSQL's log for"
        f" which, and compare the schema with 'pms-sync doctor'; {_KEPT}."
    )
