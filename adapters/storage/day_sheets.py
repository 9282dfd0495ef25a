"""The sheet of a day: made when the first row of that day is written."""

from datetime import date
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

_SHEET = text(
    """
    INSERT INTO run_sheets (account_id, day) VALUES (:account_id, :day)
    ON CONFLICT (account_id, day) DO UPDATE SET day = EXCLUDED.day RETURNING id
    """
)


def sheet_of(db: Db, *, account_id: str, day: date) -> UUID:
    """The id of the account's sheet of that practice-local day."""
    found: UUID = db.execute(_SHEET, {"account_id": account_id, "day": day}).scalar_one()
    return found
