"""What a message told of that nobody took is told anew, with what changes meanwhile."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.storage.sheet.change_cursors import decode
from adapters.storage.sheet.sheet_changes import NOBODY
from domain.outgoing import CHANGED

_TELL_FROM = text(
    "UPDATE webhook_endpoints SET told_in = least(told_in, :began) WHERE id = :endpoint_id"
)


def tell_anew(db: Db, endpoint_id: UUID, dropped: Iterable[RowMapping]) -> None:
    """From where the first of those messages began; one that was taken once is left out."""
    places = [
        decode(one["content"]["cursor"])
        for one in dropped
        if one["kind"] == CHANGED and one["delivered_at"] is None
    ]
    # A place is after its row, what was told from a number on is not.
    began = [place.changed_in + (place.id != NOBODY) for place in places]
    if began:
        db.execute(_TELL_FROM, {"endpoint_id": endpoint_id, "began": min(began)})
