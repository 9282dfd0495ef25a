"""Checks, backfills, approvals, undo, linked visits, idempotent creations, the webhook inbox."""

from migrations.guards import SQL
from migrations.indexes import carry
from migrations.steps import run

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

DROP = """
DROP TABLE deliveries, idempotency_keys, pms_backfills, pms_connection_checks;
DROP INDEX ix_run_sheet_history_run_id;
DROP INDEX ix_pms_sync_log_days;
ALTER TABLE run_sheet_appointments DROP COLUMN linked_to, DROP COLUMN created_run_id,
  DROP COLUMN undone, DROP COLUMN undone_fields, DROP COLUMN pms_print;
ALTER TABLE pms_sync_log DROP COLUMN backfill_id, DROP COLUMN approved_at,
  DROP COLUMN approved_by, DROP COLUMN approved_job_id, DROP COLUMN undone_at,
  DROP COLUMN undone_by;
ALTER TABLE pms_connections DROP COLUMN version, DROP COLUMN setup_step,
  DROP COLUMN sync_days_ahead, DROP COLUMN full_every_minutes, DROP COLUMN last_full_at,
  DROP COLUMN changes_mark, DROP COLUMN changes_from, DROP COLUMN changes_to,
  DROP COLUMN webhook_key_hash, DROP COLUMN webhook_key_made_at;
"""


def upgrade() -> None:
    carry(SQL / "0002_practices.sql")


def downgrade() -> None:
    """What was linked stays as rows of its own; keys, checks and deliveries are gone."""
    run(DROP)
