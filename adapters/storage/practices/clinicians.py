"""The columns of the sheet: their names are the practice's own, whatever the PMS calls them."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage import locks
from adapters.storage.audit.audit import record
from adapters.storage.by_hand.hands import Hand
from adapters.storage.sheet.sheet_events import tell
from domain.errors import BadInput
from domain.sheet import Column, NotOnSheet, Stale

LONGEST_NAME = 80

_COLUMNS = text("SELECT id, name FROM run_sheet_clinicians ORDER BY position, name, id")
_ADD = text(
    """
    INSERT INTO run_sheet_clinicians (account_id, name, position, pms_practitioner_id,
                                      pms_connection_id)
    SELECT :account_id, :name, coalesce(max(position), 0) + 1, :practitioner_id, :connection_id
    FROM run_sheet_clinicians
    RETURNING id
    """
)
_RENAME = text(
    "UPDATE run_sheet_clinicians SET name = :name WHERE id = :id RETURNING pms_connection_id"
)


def alone(db: Db, account_id: str) -> None:
    """Whoever names a column is alone: two who look if a name is taken would miss each other's.

    To be taken before any mapping is locked.
    """
    locks.take(db, f"clinicians:{account_id}")


def columns_of(db: Db) -> Sequence[Column]:
    """Everybody's, in the order the practice put them."""
    return tuple(Column(id=row.id, name=row.name) for row in db.execute(_COLUMNS))


def called(db: Db, name: str) -> Sequence[UUID]:
    """The columns of that name, however it is written; take the lock first to rely on it."""
    wanted = _plain(name)
    return [one.id for one in columns_of(db) if _plain(one.name) == wanted]


def add_clinician(
    db: Db,
    account_id: str,
    name: str,
    *,
    connection_id: UUID | None = None,
    practitioner_id: str | None = None,
) -> UUID:
    """A new column at the end of the sheet; raises BadInput where there is one of that name."""
    alone(db, account_id)
    if called(db, name):
        raise BadInput(f"There is a clinician called '{name}' already; match that one instead.")
    values = {
        "account_id": account_id,
        "name": name,
        "connection_id": connection_id,
        "practitioner_id": practitioner_id,
    }
    made: UUID = db.execute(_ADD, values).scalar_one()
    return made


def name_mark(name: str) -> str:
    """What an ETag says of a column: its name is all there is to change."""
    return hashlib.blake2b(name.encode(), digest_size=8).hexdigest()


def rename_clinician(
    db: Db, clinician_id: UUID, name: str, *, hand: Hand, expected: str | None = None
) -> Column:
    """Call a column that from now on; a sync never renames it back.

    With `expected`, the mark of the name as it was read, only if it is called that still.
    """
    wanted = _read(name)
    alone(db, hand.account_id)
    now = next((one.name for one in columns_of(db) if one.id == clinician_id), None)
    if expected is not None and now is not None and name_mark(now) != expected:
        raise Stale("This column was renamed since you read it; read it again, then decide.")
    if set(called(db, wanted)) - {clinician_id}:
        raise BadInput(
            f"Another column is called '{wanted}' already; add a word to tell them apart."
        )
    renamed = db.execute(_RENAME, {"name": wanted, "id": clinician_id}).first()
    if renamed is None:
        raise NotOnSheet("There is no such clinician on the sheet.")
    connection_id = renamed.pms_connection_id
    record(
        db,
        hand.access,
        account_id=hand.account_id,
        action="clinician.renamed",
        connection_id=connection_id,
        summary=f"clinician {clinician_id}",
    )
    # Without days: the name stands above every one of them.
    tell(
        db,
        account_id=hand.account_id,
        kind="sheet_changed",
        connection_id=connection_id,
        detail={"clinician_id": str(clinician_id)},
    )
    return Column(id=clinician_id, name=wanted)


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


def _read(name: str) -> str:
    wanted = " ".join(name.split())
    if not wanted:
        raise BadInput("A column needs a name.")
    if len(wanted) > LONGEST_NAME:
        raise BadInput(f"The name is too long; at most {LONGEST_NAME} characters.")
    if not wanted.isprintable():
        raise BadInput("The name has characters that cannot be shown.")
    return wanted
