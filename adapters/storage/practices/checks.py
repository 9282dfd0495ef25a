"""Checks of connections as rows: asked for, carried by a job, ended in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, RowMapping, text

from adapters.storage.audit.audit import Access, record
from adapters.storage.jobs.ledger import guard, put, save_checkpoint
from adapters.storage.jobs.spent import keep_spent
from adapters.storage.practices import connections, practice_book, reviving, same_practice
from adapters.storage.sheet.sheet_events import tell
from domain.appointments import Practice
from domain.checks import SUCCESSFUL, UNPAIRED, Check, CheckKind, CheckState, Seen
from domain.connections import Connection, State
from domain.errors import BadInput, NeedsReconnect, SyncError
from domain.jobs import Job
from domain.sources import Spend
from domain.work import check_job
from infra.clock import system_clock
from infra.database import dispatch, transaction

PAIRED = {"paired": True}
GONE = "This connection was removed meanwhile."
STOPPED = "Connection failed. Something went wrong on our side; try again in a moment."

_ADD = text(
    """
    INSERT INTO pms_connection_checks (id, account_id, pms_connection_id, kind, trial_ref,
                                       base_url, token_url, asked_by)
    VALUES (:id, :account_id, :connection_id, :kind, :trial_ref, :base_url, :token_url, :asked_by)
    """
)
_CARRY = text(
    "UPDATE pms_connection_checks SET job_id = :job_id WHERE id = :id AND ended_at IS NULL"
)
_READ = text(
    """
    SELECT checked.id, checked.pms_connection_id AS connection_id, checked.kind, checked.state,
           checked.message, checked.practice, checked.practitioners, checked.types,
           checked.asked_at, checked.ended_at
    FROM pms_connection_checks AS checked
    JOIN pms_connections AS own ON own.id = checked.pms_connection_id
    LEFT JOIN jobs ON jobs.id = checked.job_id
    WHERE checked.id = :id AND :connection_id IN (checked.pms_connection_id, jobs.connection_id)
      AND own.removed_at IS NULL
    """
)
# Its job goes on under the connection it was asked for: whoever asked looks for it there.
_MOVED = text("UPDATE pms_connection_checks SET pms_connection_id = :connection_id WHERE id = :id")
_LOAD = text("SELECT * FROM pms_connection_checks WHERE id = :id")
_END = text(
    """
    UPDATE pms_connection_checks SET state = :state, message = :message, practice = :practice,
           practitioners = :practitioners, types = :types, trial_ref = :trial_ref, ended_at = now()
    WHERE id = :id AND ended_at IS NULL
    """
)
_TIDIED = text("UPDATE pms_connection_checks SET trial_ref = NULL WHERE id = :id")
# Its job is over, by a crash, a discard or the connection's removal, and could not say so; or its
# secrets outlived it because a process died at that very moment. One without a job has only begun,
# until nobody can be about to write it any more.
_STRANDED = text(
    """
    SELECT checked.id, checked.account_id, checked.pms_connection_id, checked.trial_ref
    FROM pms_connection_checks AS checked LEFT JOIN jobs ON jobs.id = checked.job_id
    WHERE (checked.ended_at IS NULL OR checked.trial_ref IS NOT NULL)
      AND (jobs.state NOT IN ('ready', 'running')
           OR jobs.id IS NULL AND (checked.ended_at IS NOT NULL OR checked.job_id IS NOT NULL
                                   OR checked.asked_at < now() - interval '15 minutes'))
      AND (CAST(:connection_id AS uuid) IS NULL OR checked.pms_connection_id = :connection_id)
    ORDER BY checked.asked_at LIMIT 100
    """
)
_PLACED = text(
    """
    UPDATE pms_connections
    SET settings = settings || jsonb_build_object(CAST(:name AS text), CAST(:number AS text))
    WHERE id = :id AND site = :site
    """
)
# Before the account's own lock, in which order whoever changes a connection takes them.
_LOCK_OWN = text("SELECT FROM pms_connections WHERE id = :id FOR NO KEY UPDATE")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckView:
    """A check as whoever asked for it reads it."""

    id: UUID
    connection_id: UUID
    kind: str
    state: str
    message: str | None
    practice: str | None
    practitioners: int
    types: int
    asked_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCheck:
    """A check as it is asked for; what is secret about it is named by `trial_ref` only."""

    id: UUID
    kind: CheckKind
    asked_by: str
    trial_ref: str | None = None
    base_url: str | None = None
    token_url: str | None = None


def begin(db: Db, connection: Connection, new: NewCheck) -> None:
    """Store the check before its secrets, so that none is ever in the store that no row names."""
    values = {name: getattr(new, name) for name in NewCheck.__slots__}
    owner = {"account_id": connection.account_id, "connection_id": connection.id}
    db.execute(_ADD, {**values, **owner, "kind": new.kind.value})


def carry(db: Db, connection: Connection, check_id: UUID) -> int:
    """Its secrets are stored: write the job that carries it; the job's id."""
    job_id = put(
        db,
        check_job(
            account_id=connection.account_id,
            connection_id=connection.id,
            vendor=connection.vendor,
            check_id=check_id,
        ),
    )
    if db.execute(_CARRY, {"id": check_id, "job_id": job_id}).rowcount != 1:
        raise BadInput("This took too long; try again.")
    return job_id


def read(db: Db, connection_id: UUID, check_id: UUID) -> CheckView | None:
    """The check asked for there; it says which connection it came to be about."""
    values = {"id": check_id, "connection_id": connection_id}
    row = db.execute(_READ, values).mappings().first()
    return None if row is None else CheckView(**row)


def secret_name(prefix: str, *, vendor: str, account_id: str, own_id: UUID) -> str:
    """What a connection's secrets are called in the store."""
    return f"{prefix.strip('/')}/{vendor}/{account_id}/{own_id}"


def trial_name(name: str) -> str:
    """A name of its own for each set of secrets: what is in use is never written over."""
    return f"{name}/{uuid4().hex[:12]}"


def require_free(db: Db, connection: Connection, site: str) -> None:
    """One account has a practice at a PMS once."""
    reviving.alone(db, connection.account_id)
    asked = same_practice.Asked(
        account_id=connection.account_id,
        vendor=connection.vendor,
        site=site,
        but=connection.id,
        settings=connection.settings,
    )
    taken = same_practice.connected(db, asked)
    if taken is not None:
        raise connections.Taken(
            f"This practice is connected already, as '{taken.display_name}'; remove that"
            " connection first, or use it instead."
        )


def keep(
    db: Db,
    tried: Connection,
    seen: Seen,
    *,
    rename: bool,
    anew: bool = True,
    at: datetime | None = None,
) -> Connection:
    """Store what was seen and that the connection works; answers it as it stands then.

    `anew`: its credentials or its site are new, so that it syncs from now on and renews soon. Where
    the practice was connected before, its own connection is answered in place of the one begun.
    """
    tried = _placed(db, tried, seen.practice)
    tried = replace(tried, id=reviving.settled(db, tried.id, at=at))
    if seen.practice is not None:
        practice = seen.practice
        if tried.state is not State.SETUP_REQUIRED:
            # A person may have corrected the zone since.
            practice = replace(practice, timezone=None)
        connections.save_practice(db, tried.id, practice, rename=rename)
    practice_book.save_practitioners(db, tried, seen.practitioners)
    practice_book.save_types(db, tried, seen.types)
    keep_spent(db, seen.spent)
    connections.works(db, tried, anew=anew)
    return connections.load(db, tried.id)


def _placed(db: Db, tried: Connection, practice: Practice | None) -> Connection:
    """With the practice of its office that it turned out to be to, which it stays to from now on.

    One that is being set up is refused where another connection is to that one.
    """
    number = practice.number if practice is not None else None
    told = same_practice.said(tried.vendor, tried.site, tried.settings, number)
    placed = replace(tried, settings=told)
    db.execute(_LOCK_OWN, {"id": tried.id})
    if tried.state is State.SETUP_REQUIRED:
        require_free(db, placed, tried.site)
    if told != tried.settings:
        own = {"id": tried.id, "site": tried.site}
        db.execute(_PLACED, {**own, "name": same_practice.WITHIN, "number": number})
    return placed


@dataclass(frozen=True, slots=True)
class Stranded:
    """A check that is over, and the secrets it left behind."""

    id: UUID
    account_id: str
    trial_ref: str


class CheckStore:
    """What the handler of a check does to the database; each call is a transaction."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = system_clock) -> None:
        self._engine = engine
        self._clock = clock

    def take_up(self, job: Job) -> Check | None:
        """The check the job carries; None where it, or its connection, is gone.

        What such a check left behind is found by `stranded`.
        """
        with transaction(self._engine, account_id=job.account_id) as db:
            row = db.execute(_LOAD, {"id": _check_id(job)}).mappings().first()
            if row is None:
                return None
            try:
                held = connections.load(db, row["pms_connection_id"])
            except BadInput:
                return None
            return _check(row, held, is_paired=bool(job.checkpoint.get("paired")))

    def paired(self, job: Job, check: Check, site: str, spent: Sequence[Spend]) -> Check:
        """The code is spent: keep the site at once, so that a crash cannot lose it."""
        with transaction(self._engine, account_id=job.account_id) as db:
            guard(db, job)
            require_free(db, check.held, site)
            keep_spent(db, spent)
            connections.save_practice(db, check.held.id, Practice(site=site))
            save_checkpoint(db, job, PAIRED)
            held = connections.load(db, check.held.id)
        return replace(check, held=held, tried=held, is_paired=True)

    def passed(self, job: Job, check: Check, seen: Seen, *, rename: bool) -> None:
        """Everything at once: what was seen, the new secrets, and that the check is over."""
        with transaction(self._engine, account_id=job.account_id) as db:
            guard(db, job)
            anew = check.kind is not CheckKind.TEST
            now = keep(db, check.tried, seen, rename=rename, anew=anew, at=self._clock())
            if now.id != check.held.id:
                db.execute(_MOVED, {"id": check.id, "connection_id": now.id})
                check = replace(check, held=replace(check.held, id=now.id))
            replaced = check.held.secret_ref if check.kind is CheckKind.CREDENTIALS else None
            outcome = {
                "state": CheckState.OK.value,
                "message": SUCCESSFUL if now.site else UNPAIRED,
                "practice": seen.practice.name if seen.practice else None,
                "practitioners": len(seen.practitioners),
                "types": len(seen.types),
                "trial_ref": replaced or _code_of(check),
            }
            self._end(db, job, check, outcome)

    def failed(self, job: Job, check: Check, error: SyncError, message: str) -> None:
        """Nothing of the connection changes; only a test may find that it needs a person."""
        with transaction(self._engine, account_id=job.account_id) as db:
            guard(db, job)
            if check.kind is CheckKind.TEST and isinstance(error, NeedsReconnect):
                connections.signed_out(db, check.held.id, reason=message)
            self._end(db, job, check, _failed(message, check.trial_ref))

    def keep_spent(self, job: Job, spent: Sequence[Spend]) -> None:
        with transaction(self._engine, account_id=job.account_id) as db:
            keep_spent(db, spent)

    def stranded(self, connection_id: UUID | None = None) -> Sequence[Stranded]:
        """End the checks whose jobs are over; those whose secrets are still to be forgotten."""
        with dispatch(self._engine) as db:
            rows = db.execute(_STRANDED, {"connection_id": connection_id}).all()
        for row in rows:
            with transaction(self._engine, account_id=row.account_id) as db:
                if db.execute(_END, {"id": row.id, **_failed(STOPPED, row.trial_ref)}).rowcount:
                    _tell(db, row.account_id, row.pms_connection_id, row.id, CheckState.FAILED)
        return [Stranded(row.id, row.account_id, row.trial_ref) for row in rows if row.trial_ref]

    def forgot(self, check_id: UUID, *, account_id: str | None) -> None:
        """The secrets that its `trial_ref` named are gone."""
        with transaction(self._engine, account_id=account_id) as db:
            db.execute(_TIDIED, {"id": check_id})

    def _end(self, db: Db, job: Job, check: Check, outcome: Mapping[str, Any]) -> None:
        db.execute(_END, {"id": check.id, **outcome})
        state = CheckState(outcome["state"])
        _tell(db, check.held.account_id, check.held.id, check.id, state)
        record(
            db,
            Access(user=check.asked_by, trace_id=job.trace_id),
            account_id=check.held.account_id,
            action=f"connection.{_DONE[check.kind]}",
            connection_id=check.held.id,
            summary=f"{check.kind.value} {state.value}",
        )


_DONE = {CheckKind.TEST: "tested", CheckKind.PAIR: "paired", CheckKind.CREDENTIALS: "reconnected"}


def _check_id(job: Job) -> UUID:
    return UUID(str(job.args["check_id"]))


def _check(row: RowMapping, held: Connection, *, is_paired: bool) -> Check:
    kind = CheckKind(row["kind"])
    tried = held
    if kind is CheckKind.CREDENTIALS:
        tried = replace(
            held,
            secret_ref=row["trial_ref"] or held.secret_ref,
            base_url=row["base_url"] or held.base_url,
            token_url=row["token_url"] or held.token_url,
        )
    return Check(
        id=row["id"],
        kind=kind,
        held=held,
        tried=tried,
        trial_ref=row["trial_ref"],
        asked_at=row["asked_at"],
        asked_by=row["asked_by"],
        is_paired=is_paired,
        is_over=row["ended_at"] is not None,
    )


def _code_of(check: Check) -> str | None:
    return check.trial_ref if check.kind is CheckKind.PAIR else None


def _failed(message: str, trial_ref: str | None) -> dict[str, Any]:
    return {
        "state": CheckState.FAILED.value,
        "message": message[:500],
        "practice": None,
        "practitioners": 0,
        "types": 0,
        "trial_ref": trial_ref,
    }


def _tell(db: Db, account_id: str, connection_id: UUID, check_id: UUID, state: CheckState) -> None:
    tell(
        db,
        account_id=account_id,
        kind="connection_checked",
        connection_id=connection_id,
        detail={"check_id": str(check_id), "state": state.value},
    )
