"""A row of ours on its way to become a PMS's: its patient, its booking, and the row it becomes."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.storage.audit.audit import Access
from adapters.storage.by_hand.hand_changes import Change
from adapters.storage.by_hand.hands import Hand
from adapters.storage.jobs.ledger import put
from adapters.storage.sheet import linking
from adapters.storage.sheet.entries import EntrySeal, Values
from adapters.storage.sheet.rewriting import write_changes
from adapters.storage.two_way import patient_links, pushes
from adapters.storage.two_way.pushing import TAKEN_DOWN, PushStore, Row
from domain import merge
from domain.connections import Connection
from domain.errors import Refused, Transient
from domain.fields import BOTH_WAYS, PUSHABLE, Cells
from domain.patient_links import LinkState
from domain.pushes import CHANGED, NO_PATIENT, PushState, Stands, column_of, differing
from domain.wishes import Booking
from domain.work import link_patient_job
from domain.writes import KeptWrite
from infra.sealing import Sealer

NOBODY = "This row names nobody; type the patient's name first."

_BOTH = text("SELECT * FROM run_sheet_appointments WHERE id = ANY(:ids) ORDER BY id FOR UPDATE")
_IS_THERE = text(
    """
    UPDATE run_sheet_appointments
    SET push_state = :state, push_reason = NULL, push_link_id = NULL, pushed_at = :at
    WHERE id = :id
    """
)
_USUAL_TYPE = text(
    """
    SELECT appointment_type_id FROM run_sheet_appointments
    WHERE pms_connection_id = :connection_id AND source = 'pms' AND appointment_type_id IS NOT NULL
    GROUP BY appointment_type_id
    ORDER BY count(*) FILTER (WHERE run_sheet_clinician_id = :clinician) DESC, count(*) DESC, 1
    LIMIT 1
    """
)
_MOVE_WRITES = text("UPDATE pms_writes SET entry_id = :target WHERE entry_id = :id")


class CreateStore:
    """Within the transactions of a push."""

    def __init__(
        self, store: PushStore, sealer: Sealer, clock: Callable[[], datetime], account_id: str
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._seal = EntrySeal(sealer, account_id=account_id)
        self._clock = clock

    def booking(self, row: Row, connection: Connection) -> tuple[Booking, UUID] | None:
        """The wish and whose link it goes by; None, and somebody looks, until that is known."""
        person = patient_links.person_in(row.id, row.cells)
        if person is None:
            raise Refused(NOBODY)
        values = merge.shown(row.cells)
        column = column_of(values.get("clinician"), row.place)
        with self._store.transaction() as db:
            link = patient_links.of_person(db, self._sealer, connection, person)
            if link.state is not LinkState.LINKED or link.pms_patient_id is None:
                # In one transaction: whoever was found says so on a row that waits already.
                reason = f"{NO_PATIENT} {link.reason}" if link.reason else NO_PATIENT
                stands = Stands(PushState.NEEDS_PATIENT, reason, link.id)
                if not self._store.stands_within(db, row.id, stands, version=row.version):
                    raise Transient(CHANGED)
                if link.state is LinkState.PENDING:
                    self._look_for(db, connection, link.id, row.id)
                return None
        wish = Booking(
            patient_id=link.pms_patient_id,
            start=values["start"],
            minutes=values["duration_minutes"],
            practitioner_id=column,
            type_id=self._type(values, connection),
        )
        return wish, link.id

    def _type(self, values: Values, connection: Connection) -> str | None:
        """The type that was written, else the practice's own choice, else what is usual here."""
        written = (values.get("appointment_type") or "").casefold()
        for type_id, kind in connection.types.items():
            if written and kind.name.casefold() == written:
                return type_id
        own = str(connection.settings.get("default_type") or "").strip()
        return own or self._usual_type(values, connection)

    def _usual_type(self, values: Values, connection: Connection) -> str | None:
        """The one this clinician's visits most often have."""
        wanted = {"connection_id": connection.id, "clinician": values.get("clinician")}
        with self._store.transaction() as db:
            found: str | None = db.execute(_USUAL_TYPE, wanted).scalar()
        return found

    def joined(
        self, entry_id: UUID, kept: KeptWrite, found: Sequence[UUID], connection: Connection
    ) -> UUID | None:
        """Have the PMS's row stand for ours; None where its filters keep it off the sheet."""
        at = self._clock()
        with self._store.transaction() as db:
            linking.alone(db, connection.account_id)
            rows = db.execute(_BOTH, {"ids": [entry_id, *found]}).mappings().all()
            ours = next((row for row in rows if row["id"] == entry_id), None)
            there = [row for row in rows if row["id"] != entry_id and row["removed_at"] is None]
            target = next(iter(there), None)
            self._store.ledger.tell_within(db, kept, TAKEN_DOWN)
            db.execute(_IS_THERE, {"id": entry_id, "at": at, "state": PushState.SYNCED.value})
            if target is None or ours is None:
                return None
            is_owed = bool(differing(self._join(db, ours, target, connection, at=at)))
            db.execute(_MOVE_WRITES, {"id": entry_id, "target": target["id"]})
            state = PushState.PENDING if is_owed else PushState.SYNCED
            db.execute(_IS_THERE, {"id": target["id"], "at": at, "state": state.value})
            if is_owed:
                # What a booking cannot say was asked for with it, whatever else goes by itself.
                pushes.put_jobs(db, connection, [target["id"]])
            found_id: UUID = target["id"]
            return found_id

    def _join(
        self, db: Db, ours: RowMapping, target: RowMapping, connection: Connection, *, at: datetime
    ) -> Cells:
        """Ours may have met it already, as any row does that stands for the same visit."""
        is_met = ours["linked_to"] is not None
        before = after = self._seal.cells(target)
        if not is_met:
            after = merge.join(before, self._seal.cells(ours), rules=BOTH_WAYS).cells
        after = _kept_ours(after, at=at)
        what, linked = ("settled", ()) if is_met else ("linked", [ours["id"]])
        change = Change(row=target, before=before, after=after, what=what, linked=linked)
        hand = Hand(
            account_id=connection.account_id,
            by=connection.vendor,
            at=at,
            access=Access(user=f"push:{connection.vendor}"),
        )
        if change.is_write or not is_met:
            write_changes(db, self._seal, [change], hand=hand)
        linking.link(db, [] if is_met else [(ours, target["id"])], at=at)
        return after

    def _look_for(self, db: Db, connection: Connection, link_id: UUID, entry_id: UUID) -> None:
        put(db, link_patient_job(connection, link_id=link_id, entry_id=entry_id))


def _kept_ours(joined: Cells, *, at: datetime) -> Cells:
    """The PMS's row was made of ours: where they differ, ours is the later word and goes out."""
    after = joined
    for conflict in merge.conflicts(joined):
        if conflict.field in PUSHABLE:
            by = conflict.ours.by or ""
            after = merge.settle(after, conflict, choice="mine", by=by, at=at).cells
    return after
