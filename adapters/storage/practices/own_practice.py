"""The practice that a row of ours belongs to: its clinician's, of those that take changes."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters import pms

# Of several practices the one that was connected first: a visit is made in one of them alone.
PICKED = """
    SELECT held.id FROM pms_clinician_mappings AS mapping
    JOIN pms_connections AS held ON held.id = mapping.pms_connection_id
    WHERE mapping.run_sheet_clinician_id = {clinician} AND held.connector = ANY(:vendors)
      AND held.removed_at IS NULL AND held.state <> 'SETUP_REQUIRED'
    ORDER BY held.created_at, held.id LIMIT 1
"""
OF_ENTRY = PICKED.format(clinician="entry.run_sheet_clinician_id")
_OF_EACH = text(
    f"""
    SELECT clinician.id AS clinician, own.id
    FROM unnest(CAST(:ids AS uuid[])) AS clinician(id)
    CROSS JOIN LATERAL ({PICKED.format(clinician="clinician.id")}) AS own
    """  # noqa: S608 - our own words
)


def vendors() -> list[str]:
    """The PMSs that take changes from the sheet."""
    return sorted(name for name, one in pms.registered().items() if one.two_way)


def practices_of(db: Db, clinicians: Collection[UUID | None]) -> Mapping[UUID, UUID]:
    """The practice of each clinician who works at such a one."""
    wanted = sorted({one for one in clinicians if one is not None})
    if not wanted:
        return {}
    found = db.execute(_OF_EACH, {"ids": wanted, "vendors": vendors()})
    return {row.clinician: row.id for row in found}
