"""Both ways: what of the sheet goes to a PMS, and which of its patients a person of ours is."""

from pathlib import Path

from alembic import op

from migrations.indexes import carry

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"

DROP = """
DROP INDEX ix_jobs_begun;
ALTER TABLE pms_writes DROP COLUMN entry_id, DROP COLUMN patient_link_id;
DROP TABLE patient_links;
DROP INDEX ix_run_sheet_appointments_push_state;
ALTER TABLE run_sheet_appointments
  DROP COLUMN pms_facility_id, DROP COLUMN pms_version, DROP COLUMN push_state,
  DROP COLUMN push_reason, DROP COLUMN pushed_at;
"""


def _run(sql: str) -> None:
    # psycopg's own cursor: several statements in one string, and no `:name` or `%` to escape.
    op.get_bind().connection.cursor().execute(sql.encode())


def upgrade() -> None:
    carry(SQL / "0004_two_way.sql")


def downgrade() -> None:
    """Who was linked, and what was pushed for which row, is forgotten; the PMS keeps it."""
    _run(DROP)
