"""Rows that were typed or scanned, once their practice's clock turns out to be another one."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.storage.audit.audit import record
from adapters.storage.by_hand.hand_changes import Change
from adapters.storage.by_hand.hands import Hand
from adapters.storage.by_hand.history import REZONED
from adapters.storage.sheet.entries import EntrySeal
from adapters.storage.sheet.rewriting import write_changes
from domain.counting import so_many
from domain.rezoning import START, Rezoned

_A_DAY = timedelta(days=1)
# Those that were read by this practice's clock: in its columns, and in such as no practice has. Not
# where another practice, or the account, keeps that clock: then nobody knows whose they are. Days
# that are over stay as they were.
_READ_BY_IT = text(
    """
    WITH others AS (
      SELECT id, timezone = :was AS is_alike FROM pms_connections
      WHERE removed_at IS NULL AND account_id = :account_id AND id <> :id
    ), columns AS (
      SELECT run_sheet_clinician_id AS clinician_id,
             bool_or(pms_connection_id = :id) AS is_its, bool_or(others.is_alike) AS is_alike
      FROM pms_clinician_mappings AS mapping LEFT JOIN others ON others.id = pms_connection_id
      WHERE pms_connection_id = :id OR others.id IS NOT NULL
      GROUP BY run_sheet_clinician_id
    ), elsewhere AS (
      SELECT EXISTS (SELECT FROM others WHERE is_alike)
          OR EXISTS (SELECT FROM accounts WHERE id = :account_id AND timezone = :was) AS is_alike
    )
    SELECT entry.* FROM run_sheet_appointments AS entry
    CROSS JOIN elsewhere
    LEFT JOIN columns ON columns.clinician_id = entry.run_sheet_clinician_id
    WHERE entry.account_id = :account_id AND source <> 'pms' AND timezone = :was
      AND appointment_time > :lately
      AND CAST(appointment_time AT TIME ZONE :was AS date)
          >= CAST(CAST(:at AS timestamptz) AT TIME ZONE :now AS date)
      AND CASE WHEN columns.clinician_id IS NULL THEN NOT elsewhere.is_alike
               ELSE columns.is_its AND columns.is_alike IS NOT TRUE END
    ORDER BY entry.id FOR UPDATE OF entry
    """
)


def stay_on_the_clock(
    db: Db, seal: EntrySeal, connection_id: UUID, clock: Rezoned, *, hand: Hand
) -> None:
    """What was typed for 14:45 by the practice's clock of then is at 14:45 by that of now.

    From today on; take the lock of `linking.alone` first.
    """
    if not clock.is_another:
        return
    values = {
        "id": connection_id,
        "account_id": hand.account_id,
        "was": clock.was,
        "now": clock.now,
        "at": hand.at,
        "lately": hand.at - 2 * _A_DAY,
    }
    rows = db.execute(_READ_BY_IT, values).mappings().all()
    write_changes(db, seal, [_moved(seal, row, clock) for row in rows], hand=hand)
    if rows:
        record(
            db,
            hand.access,
            account_id=hand.account_id,
            action=f"run_sheet.{REZONED}",
            phi_fields=[START],
            connection_id=connection_id,
            summary=f"{so_many(len(rows), 'row')} typed or scanned",
        )


def _moved(seal: EntrySeal, row: RowMapping, clock: Rezoned) -> Change:
    cells = seal.cells(row)
    columns: dict[str, Any] = {"timezone": clock.now}
    if row["pms_start"] is not None:
        columns["pms_start"] = clock.same_clock(row["pms_start"])
    after = clock.own_cells(cells)
    return Change(row=row, before=cells, after=after, what=REZONED, columns=columns)
