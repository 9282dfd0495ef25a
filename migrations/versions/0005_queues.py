"""Queues: which of them an operator paused, and the ways to look a job up."""

from pathlib import Path

from alembic import op

from migrations.indexes import carry

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"

DROP = """
DROP INDEX ix_deliveries_job_id;
DROP INDEX ix_jobs_trace_id;
DROP INDEX ix_jobs_dead;
DROP INDEX ix_jobs_account_id;
DROP TABLE paused_queues;
"""


def _run(sql: str) -> None:
    # psycopg's own cursor: several statements in one string, and no `:name` or `%` to escape.
    op.get_bind().connection.cursor().execute(sql.encode())


def upgrade() -> None:
    carry(SQL / "0005_queues.sql")


def downgrade() -> None:
    """What was paused goes on."""
    _run(DROP)
