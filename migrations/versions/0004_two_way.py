"""Both ways: what of the sheet goes to a PMS, and which of its patients a person of ours is."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

DROP = """
DROP INDEX ix_jobs_begun;
ALTER TABLE pms_writes DROP COLUMN entry_id, DROP COLUMN patient_link_id;
DROP TABLE patient_links;
DROP INDEX ix_run_sheet_appointments_push_state;
ALTER TABLE run_sheet_appointments
  DROP COLUMN pms_facility_id, DROP COLUMN pms_version, DROP COLUMN push_state,
  DROP COLUMN push_reason, DROP COLUMN pushed_at;
"""


def upgrade() -> None:
    carry(SQL / "0004_two_way.sql")


def downgrade() -> None:
    """Who was linked, and what was pushed for which row, is forgotten; the PMS keeps it."""
    run(DROP)
