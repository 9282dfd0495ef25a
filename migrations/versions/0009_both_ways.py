"""Both ways: whose link a row of ours waits for."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

DROP = """
DROP INDEX ix_jobs_push_range;
DROP INDEX ix_run_sheet_appointments_push_link_id;
ALTER TABLE run_sheet_appointments DROP COLUMN push_link_id;
"""


def upgrade() -> None:
    carry(SQL / "0009_both_ways.sql")


def downgrade() -> None:
    """Rows that wait for a link go on waiting, and no longer say for which."""
    run(DROP)
