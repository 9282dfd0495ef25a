"""Connections to Postgres: transactions of one account, and errors that never quote a row."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import Any, Literal

import psycopg
from sqlalchemy import URL, Connection, Engine, Transaction, create_engine, event, make_url, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import InvalidatePoolError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.pool import ConnectionPoolEntry

from domain.errors import SyncError, Transient
from infra.timekeeping import ask_the_time, is_due

CONNECT_SECONDS = 5
VANISHED: Mapping[str, Any] = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""A server that is gone without a word is given up within half a minute; a kernel left to itself
waits for a quarter of an hour."""
IDLE_IN_TRANSACTION_MS = 5000
FRESH_SECONDS = 0.5
"""So long after its last use a connection counts as alive; a sync takes one for every page."""

_USED = "used"
_BORN = "born"

Role = Literal["pms_sync_app", "pms_sync_dispatch", "pms_sync_archive"]
APP_ROLE: Role = "pms_sync_app"
DISPATCH_ROLE: Role = "pms_sync_dispatch"
ARCHIVE_ROLE: Role = "pms_sync_archive"
ROLES = (APP_ROLE, DISPATCH_ROLE, ARCHIVE_ROLE)

# Connection lost, serialization, deadlock, out of resources, shutting down, lock or time run out,
# a disk that stumbles, and a server that is only a standby by now.
READ_ONLY = "25006"
DISK_FULL = "53100"
PASSING = (
    *("08", "40001", "40P01", "53", "57P", "57014", "55P03", "25P03", "25P04", "58030"),
    READ_ONLY,
)
# A statement that was prepared before a migration changed what it brings: the next time it is anew.
OUTDATED_PLAN = ("0A000", "RevalidateCachedQuery")
BROKEN_DATA = ("22", "23")
# What refuses a connection has no SQLSTATE at our end. In another language it counts as away.
SHUT_OUT = re.compile(
    "authentication failed|no password supplied|no pg_hba.conf entry|pg_hba.conf rejects"
    "|permission denied for database|is not permitted to log in"
    '|(database|role) ".*" does not exist'
)
NOT_ALLOWED = "42501"


class DatabaseAway(Transient):
    """The connection was lost, or another transaction was in the way: the same work may succeed."""


class DatabaseDown(DatabaseAway):
    """Whatever it is asked: it cannot be reached, or has no room. Not the fault of who asks."""


class DatabaseFull(DatabaseDown):
    """There is no room left on its disk: the same work may succeed once a person has made some."""


class DatabaseShut(DatabaseDown):
    """The server is there and does not let us in: waiting does not mend that, a person does."""


class CommitUnknown(DatabaseAway):
    """The connection was lost while the commit was under way: it may have been carried out."""


class BrokenData(SyncError):
    """The database refused a row; the constraint is named and the row is not."""

    def __init__(self, message: str, *, constraint: str | None, sqlstate: str) -> None:
        super().__init__(message)
        self.constraint = constraint
        self.sqlstate = sqlstate


class BadStatement(SyncError):
    """A statement the database cannot run: a bug, or a schema that is not this version's."""


class NotAllowed(BadStatement):
    """A statement the role of the connection may not run: a missing grant."""


_DRIVER = make_url("postgresql+psycopg://").get_dialect()


class Direct:
    """A statement of every page of a sync, handed to the driver past SQLAlchemy.

    What that does for each takes two to four times the CPU of the driver itself. Errors are as they
    are everywhere, rows are tuples. Within a transaction only: SQLAlchemy would see none begin.
    """

    def __init__(self, sql: str) -> None:
        self.text = sql
        # psycopg marks its parameters in another way.
        self._sql = str(text(sql).compile(dialect=_DRIVER()))

    def rows(self, db: Connection, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        return self._sent(db, values).fetchall()

    def run(self, db: Connection, values: Mapping[str, Any]) -> None:
        self._sent(db, values)

    def _sent(self, db: Connection, values: Mapping[str, Any]) -> psycopg.Cursor[Any]:
        driver: Any = db.connection.dbapi_connection
        connection: psycopg.Connection[Any] = driver
        try:
            return connection.execute(self._sql, values)
        except Exception as error:  # noqa: BLE001 - whatever it is may quote what was sent
            if isinstance(error, psycopg.Error) and _is_of_before(error):
                db.engine.dispose()
            raise _emptied(error) from None


_SCOPE = Direct("SELECT set_config('role', :role, true), set_config('app.account', :account, true)")
_ROLE = Direct("SELECT set_config('role', :role, true)")


def engine(
    url: str,
    *,
    application_name: str,
    pool_size: int = 5,
    statement_timeout_ms: int | None = None,
    pool_seconds: float = 30.0,
) -> Engine:
    """A pool whose errors are plain; Postgres shows its sessions under the given name."""
    address = make_url(url).set(drivername="postgresql+psycopg")
    made = create_engine(
        address,
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=pool_seconds,
        connect_args={
            "application_name": application_name,
            "connect_timeout": CONNECT_SECONDS,
            **VANISHED,
            "options": session_options(address, _own_options(statement_timeout_ms)),
        },
    )
    event.listen(made, "handle_error", _speak_plainly, retval=True)
    event.listen(made, "connect", _hear_the_time)
    _ask_those_that_rested(made)
    _close_those_that_come_back_late(made)
    return made


def _hear_the_time(connection: Any, _: ConnectionPoolEntry) -> None:
    try:
        with plain_errors():
            ask_the_time(connection)
    except SyncError:
        connection.close()
        raise


def _ask_those_that_rested(made: Engine) -> None:
    """A connection that has not been used just now may be dead: it is asked, or made anew."""

    def rests(_: Any, entry: ConnectionPoolEntry) -> None:
        entry.info[_USED] = monotonic()

    def asked(connection: Any, entry: ConnectionPoolEntry, _: Any) -> None:
        used = entry.info.get(_USED)
        if used is None or (monotonic() - used < FRESH_SECONDS and not is_due()):
            return
        try:
            ask_the_time(connection)
        except psycopg.Error:
            raise InvalidatePoolError from None

    event.listen(made, "checkin", rests)
    event.listen(made, "checkout", asked)


def _close_those_that_come_back_late(made: Engine) -> None:
    """What is out while the engine is disposed of belongs to a pool that nobody asks any more."""
    disposed_of = 0

    def born(_: Any, entry: ConnectionPoolEntry) -> None:
        entry.info[_BORN] = disposed_of

    def came_back(connection: Any, entry: ConnectionPoolEntry) -> None:
        if connection is not None and entry.info.get(_BORN) != disposed_of:
            connection.close()

    def gone(_: Engine) -> None:
        nonlocal disposed_of
        disposed_of += 1

    event.listen(made, "connect", born)
    event.listen(made, "checkin", came_back)
    event.listen(made, "engine_disposed", gone)


@contextmanager
def transaction(
    engine: Engine,
    *,
    account_id: str | None = None,
    role: Role | None = None,
) -> Iterator[Connection]:
    """One transaction, committed at its end; with an account it sees that account's rows only.

    Raises CommitUnknown, a DatabaseAway, where nobody knows whether the commit was carried out.
    """
    with plain_errors(), engine.connect() as connection, connection.begin() as begun:
        if account_id is not None:
            values = {"role": role or APP_ROLE, "account": account_id}
            _SCOPE.run(connection, values)
        elif role is not None:
            _ROLE.run(connection, {"role": role})
        yield connection
        _commit(begun)


@contextmanager
def dispatch(engine: Engine) -> Iterator[Connection]:
    """A transaction over jobs, schedules and phone routing, which hold no patient data."""
    with transaction(engine, role=DISPATCH_ROLE) as connection:
        yield connection


@contextmanager
def as_dispatch(db: Connection) -> Iterator[None]:
    """Within an account's transaction what dispatch alone may write: kept with the rest, or not.

    What goes wrong within takes the whole transaction along: the role is not put back then.
    """
    _ROLE.run(db, {"role": DISPATCH_ROLE})
    yield
    _ROLE.run(db, {"role": APP_ROLE})


@contextmanager
def plain_errors() -> Iterator[None]:
    """Around whatever reaches the driver past SQLAlchemy, such as COPY."""
    try:
        yield
    except psycopg.Error as error:
        raise _emptied(error) from None
    except PoolExhausted:
        raise DatabaseAway("every database connection of this process is in use") from None


def _commit(begun: Transaction) -> None:
    try:
        begun.commit()
    except DatabaseAway as away:
        raise CommitUnknown(str(away)) from None


def session_options(address: URL, ours: str) -> str:
    """What the server is told at the start of a session, after what the address itself says."""
    given = address.query.get("options", "")
    return f"{given if isinstance(given, str) else given[-1]} {ours}".strip()


def _own_options(statement_timeout_ms: int | None) -> str:
    ours = f"-c timezone=UTC -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MS}"
    if statement_timeout_ms is None:
        return ours
    return f"{ours} -c statement_timeout={statement_timeout_ms}"


def _speak_plainly(context: ExceptionContext) -> BaseException | None:
    """Answers what SQLAlchemy raises instead of its own error."""
    error = context.original_exception
    if isinstance(error, SyncError | SQLAlchemyError):
        return None
    if isinstance(error, psycopg.Error) and _is_of_before(error):
        context.is_disconnect = True
    if isinstance(error, Exception):
        return _emptied(error, connecting=context.connection is None)
    return None


def _is_of_before(error: psycopg.Error) -> bool:
    """Whether all that is pooled leads to a server of before, or to plans of before a migration.

    Each connection would fail somebody once, and what meets three of them is given up.
    """
    return error.sqlstate == READ_ONLY or _is_outdated(error)


def _is_outdated(error: psycopg.Error) -> bool:
    return (error.sqlstate, error.diag.source_function) == OUTDATED_PLAN


def _emptied(error: Exception, *, connecting: bool = False) -> SyncError:
    """What to raise instead; the original keeps no words, as it stays on as cause or context."""
    if isinstance(error, psycopg.Error):
        plain = _plain(error, connecting=connecting)
    else:
        plain = BadStatement(f"a value could not be sent ({type(error).__name__})")
    error.args = (str(plain),)
    return plain


def _plain(error: psycopg.Error, *, connecting: bool = False) -> SyncError:
    state = error.sqlstate or ""
    if connecting:
        return _unreached(_reason(error))
    if state == DISK_FULL:
        return DatabaseFull("the database has no room left on its disk")
    is_lost = not state and isinstance(error, psycopg.OperationalError)
    if state.startswith(PASSING) or is_lost or _is_outdated(error):
        return DatabaseAway(f"the database could not finish now ({state or 'connection lost'})")
    if state.startswith(BROKEN_DATA):
        constraint = error.diag.constraint_name
        return BrokenData(
            f"the database refused a row ({constraint or state})",
            constraint=constraint,
            sqlstate=state,
        )
    kind = NotAllowed if state == NOT_ALLOWED else BadStatement
    return kind(f"the database refused a statement ({state or type(error).__name__})")


def _unreached(reason: str) -> DatabaseDown:
    if SHUT_OUT.search(reason):
        told = reason.removeprefix("FATAL:").strip()
        advice = "mend DATABASE_URL, or make what it names"
        return DatabaseShut(f"the database does not let us in ({told}); {advice}")
    kind = DatabaseFull if "No space left on device" in reason else DatabaseDown
    return kind(f"the database cannot be reached: {reason}")


def _reason(error: psycopg.Error) -> str:
    """Why a connection was refused; there is no row to quote yet, and libpq shows no password."""
    line = str(error).strip().partition("\n")[0]
    return line.rpartition("failed: ")[2][:200]
