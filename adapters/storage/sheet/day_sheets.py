"""The sheet of a day: made when the first row of that day is written."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

_SHEETS = text("SELECT day, id FROM run_sheets WHERE account_id = :account_id AND day = ANY(:days)")
_NEW_SHEETS = text(
    """
    INSERT INTO run_sheets (account_id, day)
    SELECT :account_id, unnest(CAST(:days AS date[])) ON CONFLICT (account_id, day) DO NOTHING
    """
)


def sheets_of(db: Db, *, account_id: str, days: Collection[date]) -> Mapping[date, UUID]:
    """The ids of the account's sheets of those days; nearly always they are there already."""
    wanted = {"account_id": account_id, "days": sorted(set(days))}
    found = _found(db, wanted)
    if len(found) < len(wanted["days"]):
        db.execute(_NEW_SHEETS, wanted)
        found = _found(db, wanted)
    return found


def _found(db: Db, wanted: Mapping[str, Any]) -> Mapping[date, UUID]:
    return {row.day: row.id for row in db.execute(_SHEETS, wanted)}
