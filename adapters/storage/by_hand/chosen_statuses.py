"""Which statuses a person may set in a row: any of ours, or such as its practice takes."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters import pms
from adapters.storage.practices import connections
from adapters.storage.sheet.entries import EntrySeal, RowLike
from domain.appointments import Status
from domain.connections import Connection
from domain.errors import BadInput
from domain.fields import Cells, Source
from domain.pushes import may_be_set

_ROW = text("SELECT * FROM run_sheet_appointments WHERE id = :id")
_STANDS = text("SELECT EXISTS (SELECT FROM pms_connections WHERE id = :id AND removed_at IS NULL)")


def offered(db: Db, seal: EntrySeal, entry_id: UUID, held: Connection) -> Sequence[Status]:
    """What a reader may choose for a row of that practice, in our own order."""
    row = db.execute(_ROW, {"id": entry_id}).mappings().one()
    return _possible(held, seal.cells(row))


def check(db: Db, row: RowLike, cells: Cells, wanted: str) -> None:
    """Say at once what the practice would refuse later; what stands there already may stay."""
    held = taking(db, row)
    if held is None or wanted == row["appointment_status"]:
        return
    takes = _possible(held, cells)
    if Status(wanted) not in takes:
        title = pms.vendor(held.vendor).title
        known = ", ".join(one.value for one in takes)
        raise BadInput(f"{title} takes no status '{wanted}' from here; these it does: {known}.")


def taking(db: Db, row: RowLike) -> Connection | None:
    """The practice that has the row, where it takes changes."""
    whose = row["pms_connection_id"]
    if row["source"] != Source.PMS.value or not db.execute(_STANDS, {"id": whose}).scalar_one():
        return None
    held = connections.load(db, whose)
    return held if held.both_ways else None


def _possible(held: Connection, cells: Cells) -> Sequence[Status]:
    says = pms.vendor(held.vendor).settable
    found = may_be_set(cells, frozenset(Status) if says is None else says(held))
    return [one for one in Status if one in found]
