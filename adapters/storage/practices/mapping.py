"""Which practitioners have a column, and which types are telehealth: a person says, all at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.practices import clinicians, connection_list
from domain.connections import Connection
from domain.errors import BadInput

_KNOWN = text(
    """
    SELECT pms_practitioner_id AS pms_id, pms_practitioner_name AS name
    FROM pms_clinician_mappings WHERE pms_connection_id = :id FOR UPDATE
    """
)
_CLINICIANS = text("SELECT id FROM run_sheet_clinicians")
_MATCH = text(
    """
    UPDATE pms_clinician_mappings
    SET run_sheet_clinician_id = :clinician_id, sync_enabled = true, auto_created = :is_new,
        updated_at = now()
    WHERE pms_connection_id = :id AND pms_practitioner_id = :pms_id
    """
)
_SKIP = text(
    """
    UPDATE pms_clinician_mappings SET sync_enabled = false, updated_at = now()
    WHERE pms_connection_id = :id AND pms_practitioner_id = :pms_id
    """
)
_TYPE = text(
    """
    UPDATE pms_appointment_types SET
      is_telehealth = COALESCE(:is_telehealth, is_telehealth),
      classified = classified OR CAST(:is_telehealth AS boolean) IS NOT NULL,
      sync_enabled = COALESCE(:sync_enabled, sync_enabled), updated_at = now()
    WHERE pms_connection_id = :id AND pms_type_id = :type_id AND active
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What becomes of one practitioner: `match` a clinician, `create` one, or `skip`."""

    pms_id: str
    action: str
    clinician_id: UUID | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeChoice:
    """What becomes of one appointment type; None leaves it as it is."""

    type_id: str
    is_telehealth: bool | None = None
    sync_enabled: bool | None = None


def choose(db: Db, connection: Connection, choices: Sequence[Choice]) -> None:
    """Carry out every choice, or raise and leave all as it was."""
    clinicians.alone(db, connection.account_id)
    known = {row.pms_id: row.name for row in db.execute(_KNOWN, {"id": connection.id})}
    columns = set(db.execute(_CLINICIANS).scalars())
    for one in choices:
        if one.pms_id not in known:
            raise BadInput("One of these practitioners is not known here; read the list again.")
        where = {"id": connection.id, "pms_id": one.pms_id}
        if one.action == "skip":
            db.execute(_SKIP, where)
            continue
        if one.action == "match" and one.clinician_id not in columns:
            raise BadInput(f"Choose one of your clinicians for {known[one.pms_id]}.")
        is_new = one.action == "create"
        clinician_id = one.clinician_id
        if is_new:
            clinician_id = clinicians.add_clinician(
                db,
                connection.account_id,
                one.name or known[one.pms_id],
                connection_id=connection.id,
                practitioner_id=one.pms_id,
            )
        db.execute(_MATCH, {**where, "clinician_id": clinician_id, "is_new": is_new})
    connection_list.touch(db, connection.id)


def map_by_name(db: Db, connection: Connection, pms_id: str, *, clinician: str) -> None:
    """Give the practitioner a column: the clinician of that name, or a new one."""
    clinicians.alone(db, connection.account_id)
    found = clinicians.called(db, clinician)
    if len(found) > 1:
        raise BadInput(f"More than one clinician is called '{clinician}'; rename one on the sheet.")
    named = Choice(pms_id=pms_id, action="create", name=clinician)
    if found:
        named = Choice(pms_id=pms_id, action="match", clinician_id=found[0])
    choose(db, connection, [named])


def mark_types(db: Db, connection_id: UUID, choices: Sequence[TypeChoice]) -> None:
    """A person's word on types, all of them or none."""
    for one in choices:
        values = {
            "id": connection_id,
            "type_id": one.type_id,
            "is_telehealth": one.is_telehealth,
            "sync_enabled": one.sync_enabled,
        }
        if db.execute(_TYPE, values).rowcount != 1:
            raise BadInput("One of these types is not known here; read the list again.")
    connection_list.touch(db, connection_id)
