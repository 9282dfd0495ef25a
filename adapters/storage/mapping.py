"""Which practitioners have a column, and which types are telehealth: a person says, all at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage import connection_list
from domain.connections import Connection
from domain.errors import BadInput

_KNOWN = text(
    """
    SELECT pms_practitioner_id AS pms_id, pms_practitioner_name AS name
    FROM pms_clinician_mappings WHERE pms_connection_id = :id FOR UPDATE
    """
)
_CLINICIANS = text("SELECT id, name FROM run_sheet_clinicians")
_CREATE = text(
    """
    INSERT INTO run_sheet_clinicians (account_id, name, position, pms_practitioner_id,
                                      pms_connection_id)
    SELECT :account_id, :name, count(*), :pms_id, :id FROM run_sheet_clinicians RETURNING id
    """
)
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
    known = {row.pms_id: row.name for row in db.execute(_KNOWN, {"id": connection.id})}
    clinicians = {row.id: row.name for row in db.execute(_CLINICIANS)}
    taken = {name.casefold() for name in clinicians.values()}
    for one in choices:
        if one.pms_id not in known:
            raise BadInput("One of these practitioners is not known here; read the list again.")
        where = {"id": connection.id, "pms_id": one.pms_id}
        if one.action == "skip":
            db.execute(_SKIP, where)
            continue
        if one.action == "match" and one.clinician_id not in clinicians:
            raise BadInput(f"Choose one of your clinicians for {known[one.pms_id]}.")
        clinician_id = one.clinician_id
        if one.action == "create":
            name = _new_name(one.name or known[one.pms_id], taken)
            made = {**where, "account_id": connection.account_id, "name": name}
            clinician_id = db.execute(_CREATE, made).scalar_one()
        is_new = one.action == "create"
        db.execute(_MATCH, {**where, "clinician_id": clinician_id, "is_new": is_new})
    connection_list.touch(db, connection.id)


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


def _new_name(name: str, taken: set[str]) -> str:
    """Two columns of one name cannot be told apart."""
    if name.casefold() in taken:
        raise BadInput(f"There is a clinician called '{name}' already; match that one instead.")
    taken.add(name.casefold())
    return name
