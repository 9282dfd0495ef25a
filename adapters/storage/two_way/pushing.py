"""A row on its way to its PMS: read for what is owed, and written with what came of it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, RowMapping, text

from adapters.storage.by_hand.conflicts import Closed, close_conflicts
from adapters.storage.jobs.ledger import guard
from adapters.storage.jobs.spent import keep_spent
from adapters.storage.phone.writes import WriteLedger
from adapters.storage.practices import connections
from adapters.storage.practices.own_practice import practices_of
from adapters.storage.sheet import linking, sheet_events
from adapters.storage.sheet.connection_sheet import ConnectionSheet
from adapters.storage.sheet.entries import EntrySeal
from adapters.storage.sheet.found_again import Outcome, apply
from adapters.storage.upkeep.left_out_now import left_out_now
from domain import merge
from domain.appointments import Appointment
from domain.connections import Connection, State
from domain.deliveries import Seen
from domain.fields import Cells, Source
from domain.jobs import Job
from domain.minimising import without
from domain.pushes import Place, PushState, Sent, Stands, sent, told_of
from domain.sources import Spend
from domain.window import local_day
from domain.writes import NOT_YET_SENT, KeptWrite, WriteState
from infra.clock import Clock
from infra.database import transaction
from infra.sealing import Sealer

_ROW = text("SELECT * FROM run_sheet_appointments WHERE id = :id")
_LOCKED = text("SELECT * FROM run_sheet_appointments WHERE id = :id FOR UPDATE")
# What is not settled yet, and what is but was not taken down when its process died. What was sent
# to another practice, before its clinician was changed, is that one's to say.
_UNFINISHED = text(
    """
    SELECT write.id FROM pms_writes AS write
    WHERE write.entry_id = :id AND write.connection_id = :connection_id
      AND (write.state IN ('requested', 'held', 'submitted', 'unknown')
           OR write.state = 'confirmed' AND write.told IS NULL)
    ORDER BY write.created_at LIMIT 1
    """
)
_ENDED = text(
    """
    SELECT count(*) FROM pms_writes
    WHERE entry_id = :id
      AND (state IN ('confirmed', 'failed', 'withdrawn') OR connection_id <> :connection_id)
    """
)
_BOOKED = text(
    """
    SELECT id FROM pms_writes
    WHERE entry_id = :id AND kind = 'book' AND state = 'confirmed'
      AND connection_id = :connection_id ORDER BY created_at LIMIT 1
    """
)
_BOOKED_ELSEWHERE = text(
    """
    SELECT EXISTS (
      SELECT FROM pms_writes
      WHERE entry_id = :id AND kind = 'book' AND connection_id <> :connection_id
        AND state IN ('submitted', 'unknown', 'confirmed'))
    """
)
# Where the row is off the book there, what was typed into it before cannot go any more.
_CALLED_OFF = text(
    """
    SELECT kind = 'cancel' FROM pms_writes WHERE entry_id = :id AND state = 'confirmed'
    ORDER BY settled_at DESC LIMIT 1
    """
)
_VERSION = text("SELECT version FROM run_sheet_appointments WHERE id = :id FOR UPDATE")
_STANDS = text(
    """
    UPDATE run_sheet_appointments
    SET push_state = :state, push_reason = :reason, push_link_id = :link_id
    WHERE id = :id AND (push_state, push_reason, push_link_id) IS DISTINCT FROM
      (CAST(:state AS text), CAST(:reason AS text), CAST(:link_id AS uuid))
    RETURNING appointment_time, timezone
    """
)
_ARRIVED = text(
    """
    UPDATE run_sheet_appointments
    SET touched = :touched, provenance = CAST(:provenance AS jsonb), pushed_at = :at
    WHERE id = :id
    """
)

TAKEN_DOWN = "sheet"
"""Whom a write was told to, once the row it was made from has taken it down."""

SYNCED = frozenset({State.ACTIVE, State.ERROR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the sheet as it is now; `cells` hold people and stay out of reprs."""

    id: UUID
    columns: RowMapping = field(repr=False)
    cells: Cells = field(repr=False)
    place: Place

    @property
    def is_there(self) -> bool:
        """The PMS has it."""
        return bool(self.columns["source"] == Source.PMS.value)

    @property
    def is_off(self) -> bool:
        return self.columns["removed_at"] is not None

    @property
    def version(self) -> int:
        return int(self.columns["version"])

    @property
    def linked_to(self) -> UUID | None:
        found: UUID | None = self.columns["linked_to"]
        return found


class PushStore:
    """One row's way to its PMS. Each method is one transaction under the job's fence."""

    def __init__(self, engine: Engine, sealer: Sealer, clock: Clock, job: Job) -> None:
        self._engine = engine
        self._sealer = sealer
        self._clock = clock
        self._job = job
        self._account = str(job.account_id)
        self._seal = EntrySeal(sealer, account_id=self._account)

    @property
    def ledger(self) -> WriteLedger:
        """The ledger of writes; it begins and sends nothing once another attempt owns the job."""
        return WriteLedger(
            self._engine,
            self._sealer,
            account_id=self._account,
            clock=self._clock,
            guarded=lambda db: guard(db, self._job),
        )

    @property
    def connection_id(self) -> UUID:
        return _connection_of(self._job)

    def connection(self) -> Connection:
        with self.transaction() as db:
            return connections.load(db, self.connection_id)

    def row(self, entry_id: UUID, connection: Connection) -> Row | None:
        with self.transaction() as db:
            found = db.execute(_ROW, {"id": entry_id}).mappings().first()
            return None if found is None else self._opened(found, connection)

    def unfinished(self, entry_id: UUID) -> KeptWrite | None:
        """The oldest write of the row of which it is not known, or not taken down, how it ended."""
        with self.transaction() as db:
            found = db.execute(_UNFINISHED, self._here(entry_id)).first()
        return None if found is None else self.ledger.load(found.id)

    def booked(self, entry_id: UUID) -> KeptWrite | None:
        """The visit that the practice took for this row, on the sheet or left off it."""
        with self.transaction() as db:
            found = db.execute(_BOOKED, self._here(entry_id)).first()
        return None if found is None else self.ledger.load(found.id)

    def is_ours(self, row: "Row") -> bool:
        """Whether a row that no practice has is still this one's to take."""
        clinician = row.columns["run_sheet_clinician_id"]
        with self.transaction() as db:
            return practices_of(db, [clinician]).get(clinician) in {None, self.connection_id}

    def is_elsewhere(self, entry_id: UUID) -> bool:
        """Whether another practice took the visit of this row, or may have."""
        with self.transaction() as db:
            return bool(db.execute(_BOOKED_ELSEWHERE, self._here(entry_id)).scalar_one())

    def is_called_off(self, entry_id: UUID) -> bool:
        """Whether it was us who called the visit off, with the last that was sent."""
        with self.transaction() as db:
            return bool(db.execute(_CALLED_OFF, {"id": entry_id}).scalar())

    def key(self, entry_id: UUID) -> str:
        """The next intent of this row: the same until the write that bears it has ended."""
        with self.transaction() as db:
            ended = db.execute(_ENDED, self._here(entry_id)).scalar_one()
        return f"push:{entry_id}:{ended}"

    def stands(self, entry_id: UUID, told: Stands, *, version: int | None = None) -> bool:
        """How the row stands from now on; pages hear of it if that is news.

        False where it is not the version any more that this was found out of: it stands as whoever
        changed it left it.
        """
        with self.transaction() as db:
            return self.stands_within(db, entry_id, told, version=version)

    def stands_within(
        self, db: Db, entry_id: UUID, told: Stands, *, version: int | None = None
    ) -> bool:
        if version is not None and db.execute(_VERSION, {"id": entry_id}).scalar() != version:
            return False
        reason = told.reason and told.reason[:500]
        values = {
            "state": told.state and told.state.value,
            "reason": reason,
            "link_id": told.link_id,
        }
        found = db.execute(_STANDS, {"id": entry_id, **values}).first()
        if found is not None:
            self._tell(db, entry_id, found.appointment_time, found.timezone)
        return True

    def arrived(self, entry_id: UUID, kept: KeptWrite, connection: Connection) -> None:
        """Take down what a confirmed write has left at the PMS: it is the PMS's own word now."""
        at = self._clock()
        wish = kept.write.wish
        with self.transaction() as db:
            self.ledger.tell_within(db, kept, TAKEN_DOWN)
            row = db.execute(_LOCKED, {"id": entry_id}).mappings().first()
            if row is None or not isinstance(wish, Sent):
                return
            left = sent(wish, columns=connection.clinicians)
            found = merge.acknowledge(self._seal.cells(row), left, at=at)
            touched = self._seal.touched(entry_id, found.cells)
            told = {**touched, "provenance": json.dumps(touched["provenance"])}
            db.execute(_ARRIVED, {**told, "id": entry_id, "at": at})
            closed = [Closed(entry_id, one.field, "agreed") for one in found.closed]
            close_conflicts(db, closed, by="sync", at=at)

    def read_back(
        self, pms_id: str, found: Sequence[Appointment], connection: Connection
    ) -> Outcome:
        """The appointment as the PMS has it now, settled like a page of a sync.

        Without what the practice has come to leave out since it was asked for.
        """
        at = self._clock()
        with self.transaction() as db:
            # In the order of a removal, which locks the connection second.
            linking.with_other_syncs(db, connection.account_id)
            now = left_out_now(db, connection.id)
            chosen = replace(connection, settings=now.settings)
            outcome = apply(
                db,
                ConnectionSheet(db, chosen, self._seal),
                Seen(found={pms_id: [without(one, now.extras) for one in found]}),
                connection=chosen,
                sealer=self._sealer,
                at=at,
                run_id=uuid4(),
            )
            self._tell_days(db, outcome, connection)
            return outcome

    def save_spent(self, spent: Sequence[Spend]) -> None:
        """Requests that left are facts, whoever owns the job by now."""
        if spent:
            with transaction(self._engine, account_id=self._account) as db:
                keep_spent(db, spent)

    @contextmanager
    def transaction(self) -> Iterator[Db]:
        with transaction(self._engine, account_id=self._account) as db:
            guard(db, self._job)
            yield db

    def gave_up(self, entry_id: UUID, state: PushState, reason: str) -> None:
        """The job is dead: nothing of the row leaves any more, and it says why."""
        kept = self.unfinished(entry_id)
        if kept is not None and kept.state in NOT_YET_SENT and state is PushState.ERROR:
            self.ledger.settle(kept, WriteState.FAILED, reason=reason[:500])
        self.stands(entry_id, Stands(state, reason))

    def _here(self, entry_id: UUID) -> dict[str, UUID]:
        return {"id": entry_id, "connection_id": self.connection_id}

    def _opened(self, row: RowMapping, connection: Connection) -> Row:
        start = row["pms_start"] or row["appointment_time"]
        cells = self._seal.cells(row)
        place = Place(
            pms_id=row["pms_appointment_id"] or "",
            day=local_day(start, row["timezone"]),
            patient_id=row["pms_patient_id"] or None,
            practitioner_id=row["pms_practitioner_id"],
            version=row["pms_version"],
            last_told=told_of(
                cells,
                practitioner_id=row["pms_practitioner_id"],
                status_raw=row["status_raw"],
                undone=row["undone_fields"],
            ),
            columns=connection.clinicians,
        )
        return Row(id=row["id"], columns=row, cells=cells, place=place)

    def _tell(self, db: Db, entry_id: UUID, at: datetime, timezone: str) -> None:
        sheet_events.tell(
            db,
            account_id=self._account,
            kind="sheet_changed",
            connection_id=self._job.connection_id,
            detail={"days": [local_day(at, timezone).isoformat()], "entry_id": str(entry_id)},
        )

    def _tell_days(self, db: Db, outcome: Outcome, connection: Connection) -> None:
        if outcome.days:
            sheet_events.tell(
                db,
                account_id=self._account,
                kind="sheet_changed",
                connection_id=connection.id,
                detail={"days": sorted(day.isoformat() for day in outcome.days)},
            )


def _connection_of(job: Job) -> UUID:
    if job.connection_id is None:
        raise ValueError("a push names its connection")
    return job.connection_id
