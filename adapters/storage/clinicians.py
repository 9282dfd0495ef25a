"""The columns of the sheet: their names are the practice's own, whatever the PMS calls them."""

from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.audit import record
from adapters.storage.hands import Hand
from adapters.storage.sheet_events import tell
from domain.errors import BadInput
from domain.sheet import Column, NotOnSheet

LONGEST_NAME = 80

_TAKEN = text(
    "SELECT 1 FROM run_sheet_clinicians WHERE lower(name) = lower(:name) AND id <> :id LIMIT 1"
)
_RENAME = text(
    "UPDATE run_sheet_clinicians SET name = :name WHERE id = :id RETURNING pms_connection_id"
)


def rename_clinician(db: Db, clinician_id: UUID, name: str, *, hand: Hand) -> Column:
    """Call a column that from now on; a sync never renames it back."""
    wanted = _read(name)
    if db.execute(_TAKEN, {"name": wanted, "id": clinician_id}).first() is not None:
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


def _read(name: str) -> str:
    wanted = " ".join(name.split())
    if not wanted:
        raise BadInput("A column needs a name.")
    if len(wanted) > LONGEST_NAME:
        raise BadInput(f"The name is too long; at most {LONGEST_NAME} characters.")
    if not wanted.isprintable():
        raise BadInput("The name has characters that cannot be shown.")
    return wanted
