"""Runs: those that run, and an account's latest, found by an index."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    carry(SQL / "0014_runs.sql")


def downgrade() -> None:
    """Nothing is lost but time."""
    run("DROP INDEX ix_pms_sync_log_running; DROP INDEX ix_pms_sync_log_account_started")
