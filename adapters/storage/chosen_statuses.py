"""Which statuses a person may set in a row: any of ours, or such as its practice takes."""

from collections.abc import Sequence

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters import pms
from adapters.storage import connections
from adapters.storage.entries import RowLike
from domain.appointments import Status
from domain.connections import Connection
from domain.errors import BadInput
from domain.fields import Source

_STANDS = text("SELECT EXISTS (SELECT FROM pms_connections WHERE id = :id AND removed_at IS NULL)")


def possible(held: Connection) -> Sequence[Status]:
    """In our own order; every one of them where the practice does not say."""
    says = pms.vendor(held.vendor).settable
    found = frozenset(Status) if says is None else says(held)
    return [one for one in Status if one in found]


def check(db: Db, row: RowLike, wanted: str) -> None:
    """Say at once what the practice would refuse later; what stands there already may stay."""
    held = taking(db, row)
    if held is None or wanted == row["appointment_status"]:
        return
    takes = possible(held)
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
