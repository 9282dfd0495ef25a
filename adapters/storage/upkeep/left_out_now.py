"""What a practice leaves out by now, which nobody changes until the transaction that asked ends."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.left_out import left_out
from domain.minimising import Extra, chosen

# Also of one that was removed: its rows stay.
_HELD = text("SELECT connector, settings, version FROM pms_connections WHERE id = :id FOR SHARE")


@dataclass(frozen=True, slots=True)
class LeftOutNow:
    """`version` is how often the connection was changed."""

    extras: frozenset[Extra]
    version: int
    settings: Mapping[str, Any] = field(repr=False)


def left_out_now(db: Db, connection_id: UUID) -> LeftOutNow:
    """Whoever changes the choice waits for this transaction, or this one has waited for them.

    Whoever takes the account's lock of visits as well takes that one first.
    """
    row = db.execute(_HELD, {"id": connection_id}).one()
    extras = left_out(row.connector, chosen(row.settings))
    return LeftOutNow(extras, row.version, row.settings)
