"""Queues: which of them an operator paused, and the ways to look a job up."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

DROP = """
DROP INDEX ix_deliveries_job_id;
DROP INDEX ix_jobs_trace_id;
DROP INDEX ix_jobs_dead;
DROP INDEX ix_jobs_account_id;
DROP TABLE paused_queues;
"""


def upgrade() -> None:
    carry(SQL / "0005_queues.sql")


def downgrade() -> None:
    """What was paused goes on."""
    run(DROP)
