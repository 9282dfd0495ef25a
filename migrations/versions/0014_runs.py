"""Runs: those that run, and an account's latest, found by an index."""

from pathlib import Path

from alembic import op

from migrations.indexes import carry

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def _run(sql: str) -> None:
    # psycopg's own cursor: several statements in one string, and no `:name` or `%` to escape.
    op.get_bind().connection.cursor().execute(sql.encode())


def upgrade() -> None:
    carry(SQL / "0014_runs.sql")


def downgrade() -> None:
    """Nothing is lost but time."""
    _run("DROP INDEX ix_pms_sync_log_running; DROP INDEX ix_pms_sync_log_account_started")
