"""What the job that settles authorisations reads and writes; every write is one transaction."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, text

from adapters.storage import locks
from adapters.storage.audit.audit import Access, record
from adapters.storage.jobs.ledger import guard, put
from adapters.storage.jobs.spent import keep_spent
from adapters.storage.practices import connections
from adapters.storage.practices.authorisations import DISPUTED, VENDOR, enter
from adapters.storage.practices.connections import NewConnection
from adapters.storage.sheet.sheet_events import tell
from domain.authorisations import AuthorisationState, Claim, Linked, Office, Placed
from domain.connections import State
from domain.errors import SyncError
from domain.jobs import Job
from domain.slots import BookingRules
from domain.sources import Spend
from domain.work import authorise_job
from domain.writes import BY_DEFAULT
from infra.database import dispatch

CHANGED: Final = "authorisation_changed"
STOPPED = "Something went wrong on our side; it is tried again within a day, or when asked."
ASKED = "Sikka was asked; see what became of the office."
UNCLAIMED = "In Sikka's list; it waits to be claimed."

_OPEN = text(
    """
    SELECT id, office_id, state, account_id, first_seen_at, settled_by FROM pms_authorisations
    WHERE vendor = :vendor AND state IN ('pending', 'claimed') ORDER BY first_seen_at, id
    """
)
_LINKED = text(
    """
    SELECT id, account_id, site, state, secret_ref, timezone,
           settings ->> 'practice_id' AS practice_id
    FROM pms_connections
    WHERE connector = :vendor AND site <> '' AND removed_at IS NULL ORDER BY created_at, id
    """
)
_ZONE = text("SELECT timezone FROM accounts WHERE id = :id")
_CONFIRM = text(
    """
    UPDATE pms_authorisations SET practice_name = :name, pms_type = :pms_type,
      note = CASE WHEN state = 'pending' AND settled_by IS DISTINCT FROM :disputed THEN :note
             ELSE note END
    WHERE id = :id AND state IN ('pending', 'claimed')
    """
)
_TELL = text(
    """
    UPDATE pms_authorisations SET note = :note,
      state = CASE WHEN :dropped THEN 'dropped' ELSE state END,
      settled_at = CASE WHEN :dropped THEN :now ELSE settled_at END
    WHERE id = :id AND state IN ('pending', 'claimed')
    """
)
_DONE = text(
    """
    UPDATE pms_authorisations SET state = 'connected', connection_id = :connection_id, note = NULL,
                                  settled_at = :now
    WHERE id = :id AND state = 'claimed' AND account_id = :account_id
    """
)
_GAVE_UP = text(
    """
    UPDATE pms_authorisations SET note = :note
    WHERE vendor = :vendor AND state = 'claimed' AND note IS NULL RETURNING account_id
    """
)
# One that an operator refused stays refused until the vendor tells of it again; whoever else did
# spoke for their own account.
_MISSED = text(
    """
    INSERT INTO pms_authorisations (vendor, office_id, practice_name, pms_type, first_seen_at,
                                    last_seen_at, note)
    SELECT :vendor, :office_id, :name, :pms_type, :now, :now, :note
    WHERE NOT EXISTS (
      SELECT FROM pms_authorisations
      WHERE vendor = :vendor AND upper(office_id) = upper(:office_id)
        AND (state IN ('pending', 'claimed') OR state = 'refused' AND account_id IS NULL))
    ON CONFLICT DO NOTHING
    """
)
_AT_SITE = text(
    """
    SELECT id, state, secret_ref FROM pms_connections
    WHERE connector = :vendor AND site = :site AND removed_at IS NULL FOR UPDATE
    """
)
_DEFAULTS = text(
    """
    UPDATE pms_connections SET features = CAST(:features AS jsonb) || features,
                               booking_rules = CAST(:rules AS jsonb) || booking_rules
    WHERE id = :id
    """
)
_SETTLED = text(
    """
    UPDATE deliveries SET state = :state, note = :note, settled_at = :now
    WHERE sender = :vendor AND state = 'stored'
      AND received_at <= (SELECT started_at FROM jobs WHERE id = :job_id)
    """
)


@dataclass(frozen=True, slots=True)
class AuthorisationStore:
    """Reads across accounts, writes within one; guarded by the job's fence."""

    engine: Engine
    clock: Callable[[], datetime]

    def open(self) -> Sequence[Claim]:
        """Whatever is not settled yet, the oldest first."""
        with dispatch(self.engine) as db:
            rows = db.execute(_OPEN, {"vendor": VENDOR}).mappings().all()
        return [Claim(**{**row, "state": AuthorisationState(row["state"])}) for row in rows]

    def linked(self) -> Sequence[Linked]:
        with dispatch(self.engine) as db:
            rows = db.execute(_LINKED, {"vendor": VENDOR}).mappings().all()
        return [Linked(**{**row, "state": State(row["state"])}) for row in rows]

    def zone_of(self, account_id: str) -> str | None:
        with dispatch(self.engine) as db:
            found: str | None = db.execute(_ZONE, {"id": account_id}).scalar_one_or_none()
        return found

    def confirmed(self, job: Job, claim: Claim, office: Office) -> None:
        """The vendor lists it: what it is called, in the vendor's words and not the message's."""
        with self._guarded(job) as db:
            waits = {"note": UNCLAIMED, "disputed": DISPUTED}
            db.execute(_CONFIRM, {"id": claim.id, **_named(office), **waits})

    def told(self, job: Job, claim: Claim, note: str, *, is_over: bool = False) -> None:
        """Why it is not connected, yet or at all."""
        values = {"id": claim.id, "note": note[:500], "dropped": is_over, "now": self.clock()}
        with self._guarded(job) as db:
            db.execute(_TELL, values)
            if claim.account_id is not None:
                _changed(db, claim.account_id, claim.office_id, None)

    def missed(self, job: Job, office: Office) -> None:
        """The vendor lists it, and no message of it reached us."""
        values = {"office_id": office.office_id, **_named(office), "now": self.clock()}
        note = "Found in Sikka's list; no message of it reached us."
        with self._guarded(job) as db:
            db.execute(_MISSED, {**values, "vendor": VENDOR, "note": note})

    def connected(
        self,
        job: Job,
        office: Office,
        placed: Sequence[Placed],
        *,
        account_id: str,
        claim: Claim | None,
    ) -> Sequence[UUID]:
        """The office's practices as connections that work; the ids of those that changed."""
        with self._guarded(job) as db:
            enter(db, account_id)
            locks.take(db, f"authorise {account_id} {office.key}")
            at = self.clock()
            settled = [_settled(db, account_id, one, at=at) for one in placed]
            changed = [one for one, has_changed in settled if has_changed]
            if claim is not None:
                values = {"id": claim.id, "account_id": account_id, "now": at}
                db.execute(_DONE, {**values, "connection_id": settled[0][0]})
            for one in changed:
                _noted(
                    db, job, account_id, one, "authorised", by=claim.settled_by if claim else None
                )
            if claim is not None or changed:
                _changed(db, account_id, office.office_id, settled[0][0])
        return changed

    def withdrawn(self, job: Job, linked: Linked, reason: str) -> None:
        """The practice no longer lets us in; its sheet stays."""
        with self._guarded(job) as db:
            enter(db, linked.account_id)
            connections.signed_out(db, linked.id, reason=reason)
            _noted(db, job, linked.account_id, linked.id, "deauthorised", by=None)
            _changed(db, linked.account_id, linked.office_id, linked.id)

    def keep_spent(self, job: Job, spent: Sequence[Spend]) -> None:
        """What left for the vendor; the vendor counted it, whoever owns the job by now."""
        if spent:
            with dispatch(self.engine) as db:
                keep_spent(db, spent)

    def look_again(self, job: Job, *, at: datetime) -> None:
        """Some offices are not listed yet."""
        with self._guarded(job) as db:
            put(db, authorise_job(due_at=at))

    def finished(self, job: Job) -> None:
        """What had come when the job began has been asked about."""
        with self._guarded(job) as db:
            db.execute(_SETTLED, self._ending(job, "done", ASKED))

    def gave_up(self, job: Job, _error: SyncError, /) -> None:
        with dispatch(self.engine) as db:
            db.execute(_SETTLED, self._ending(job, "dead", STOPPED))
            rows = db.execute(_GAVE_UP, {"vendor": VENDOR, "note": STOPPED}).all()
            accounts = {row.account_id for row in rows}
        for account_id in sorted(accounts):
            with dispatch(self.engine) as db:
                enter(db, account_id)
                _changed(db, account_id, None, None)

    def _ending(self, job: Job, state: str, note: str) -> Mapping[str, Any]:
        ending = {"job_id": job.id, "state": state, "note": note}
        return {**ending, "vendor": VENDOR, "now": self.clock()}

    @contextmanager
    def _guarded(self, job: Job) -> Iterator[Db]:
        with dispatch(self.engine) as db:
            guard(db, job)
            yield db


def _settled(db: Db, account_id: str, one: Placed, *, at: datetime) -> tuple[UUID, bool]:
    """The connection of a site, made or let in again; and whether anything changed."""
    row = db.execute(_AT_SITE, {"vendor": VENDOR, "site": one.site}).first()
    if row is None:
        return _made(db, account_id, one, at=at), True
    connection_id: UUID = row.id
    is_working = State(row.state) in {State.ACTIVE, State.INACTIVE}
    if is_working and not one.is_replaced and row.secret_ref == one.secret_ref:
        return connection_id, False
    held = connections.load(db, connection_id)
    connections.works(db, replace(held, secret_ref=one.secret_ref), anew=True)
    return connection_id, True


def _made(db: Db, account_id: str, one: Placed, *, at: datetime) -> UUID:
    settings = {
        "practice_id": one.practice.practice_id,
        "pms_type": one.practice.pms_type,
        "map_all": True,
    }
    new = NewConnection(
        account_id=account_id,
        vendor=VENDOR,
        site=one.site,
        timezone=one.timezone,
        name=one.practice.name or one.site,
        pms_type=one.practice.pms_type,
        secret_ref=one.secret_ref,
        settings={key: value for key, value in settings.items() if value},
        telehealth_only=False,
        state=State.ACTIVE,
    )
    own = connections.add(db, new, at=at)
    rules = json.dumps(asdict(BookingRules()))
    values = {"id": own, "features": json.dumps(dict(BY_DEFAULT)), "rules": rules}
    db.execute(_DEFAULTS, values)
    return own


def _named(office: Office) -> Mapping[str, str | None]:
    return {"name": office.name, "pms_type": office.pms_type}


def _noted(
    db: Db, job: Job, account_id: str, connection_id: UUID, what: str, *, by: str | None
) -> None:
    record(
        db,
        Access(user=by or "sikka", trace_id=job.trace_id),
        account_id=account_id,
        action=f"connection.{what}",
        connection_id=connection_id,
    )


def _changed(db: Db, account_id: str, office_id: str | None, connection_id: UUID | None) -> None:
    """Whoever looks on sees it; the role is the account's from here on."""
    enter(db, account_id)
    tell(
        db,
        account_id=account_id,
        kind=CHANGED,
        connection_id=connection_id,
        detail={"office_id": office_id},
    )
