"""Both ways: whose link a row of ours waits for."""

from pathlib import Path

from alembic import op

from migrations.indexes import carry

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"

DROP = """
DROP INDEX ix_jobs_push_range;
DROP INDEX ix_run_sheet_appointments_push_link_id;
ALTER TABLE run_sheet_appointments DROP COLUMN push_link_id;
"""


def _run(sql: str) -> None:
    # psycopg's own cursor: several statements in one string, and no `:name` or `%` to escape.
    op.get_bind().connection.cursor().execute(sql.encode())


def upgrade() -> None:
    carry(SQL / "0009_both_ways.sql")


def downgrade() -> None:
    """Rows that wait for a link go on waiting, and no longer say for which."""
    _run(DROP)
